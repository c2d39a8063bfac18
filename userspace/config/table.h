/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* The table of options: private to config/. */

struct config_parse;
struct config_row;

/*
 * A setter applies one occurrence of an option.
 *
 * Gets the arguments without the option's name, their number already checked.
 * Return: 0, or the value of config_fail().
 */
#define CONFIG_SETTER(name) \
	int name(struct config_parse *ps, const struct config_row *row, \
		 char **arg, int n)

/* Where an option may stand. */
enum config_scope {
	CONFIG_IN_FILE = 1 << 0,
	CONFIG_IN_ARGV = 1 << 1,
	CONFIG_IN_CONNECTION = 1 << 2,
	CONFIG_IN_PUSH = 1 << 3,
	CONFIG_IN_BLOCK = 1 << 4,	/* as <name>…</name> */
	CONFIG_IN_CLIENT = 1 << 5,	/* one client's file on a server */
	CONFIG_IN_MAIN = CONFIG_IN_FILE | CONFIG_IN_ARGV,
};

enum config_kind {
	CONFIG_KIND_APPLY,
	CONFIG_KIND_IGNORE,	/* known, without effect; @doc says why */
	CONFIG_KIND_REFUSE,	/* known, not in this version; @doc: instead */
};

enum config_group {
	CONFIG_GROUP_GENERAL,
	CONFIG_GROUP_TRANSPORT,
	CONFIG_GROUP_DEVICE,
	CONFIG_GROUP_SERVER,
	CONFIG_GROUP_SINGLE,
	CONFIG_GROUP_LOGIN,
	CONFIG_GROUP_SCRIPT,
	CONFIG_GROUP_MANAGEMENT,
	CONFIG_GROUP_CLIENT,
	CONFIG_GROUP_PROXY,
	CONFIG_GROUP_DNS,
	CONFIG_GROUP_TLS,
	CONFIG_GROUP_DATA,
	CONFIG_GROUP_PEER,
	CONFIG_GROUP_TIMER,
	CONFIG_GROUP_PUSHED,
	CONFIG_GROUP_IGNORED,
	CONFIG_GROUP_REFUSED,
};

#define CONFIG_N_GROUPS (CONFIG_GROUP_REFUSED + 1)

/**
 * struct config_row - one option
 * @min, @max: number of arguments
 * @scope: of enum config_scope
 * @set: for CONFIG_KIND_APPLY
 * @off: of the field in struct config, for the generic setters
 * @lo, @hi: range of a number; @lo = 1 marks a secret file
 * @args: synopsis of the arguments, NULL if none
 * @doc: one line for --help; after a newline, more for the manual page
 */
struct config_row {
	const char *name;
	uint8_t min, max;
	uint8_t kind;
	uint8_t scope;
	CONFIG_SETTER((*set));
	size_t off;
	uint32_t lo, hi;
	const char *args;
	const char *doc;
};

struct config_table {
	const char *title;
	const struct config_row *rows;
	size_t n;
};

extern const struct config_table config_table_general;
extern const struct config_table config_table_transport;
extern const struct config_table config_table_device;
extern const struct config_table config_table_server;
extern const struct config_table config_table_single;
extern const struct config_table config_table_login;
extern const struct config_table config_table_script;
extern const struct config_table config_table_management;
extern const struct config_table config_table_client;
extern const struct config_table config_table_proxy;
extern const struct config_table config_table_dns;
extern const struct config_table config_table_tls;
extern const struct config_table config_table_data;
extern const struct config_table config_table_peer;
extern const struct config_table config_table_timer;
extern const struct config_table config_table_pushed;
extern const struct config_table config_table_ignored;
extern const struct config_table config_table_refused;

const struct config_table *config_table_get(enum config_group group);

/** config_row_find() - by name, without the dashes; NULL if unknown */
const struct config_row *config_row_find(const char *name);

/** config_row_index() - 0…config_row_count() - 1, stable within a build */
size_t config_row_index(const struct config_row *row);
size_t config_row_count(void);
const struct config_row *config_row_at(size_t index);

/** config_row_suggest() - the nearest name that means something; or NULL */
const char *config_row_suggest(const char *name);

/* ---- short forms for the tables ------------------------------------ */

#define CONFIG_FIELD(f) offsetof(struct config, f)

#define CONFIG_FLAG(name, scope, field, doc) \
	{ name, 0, 0, CONFIG_KIND_APPLY, scope, config_set_flag, \
	  CONFIG_FIELD(field), 0, 0, NULL, doc }
#define CONFIG_STRING(name, scope, field, args, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, scope, config_set_string, \
	  CONFIG_FIELD(field), 0, 0, args, doc }
#define CONFIG_NUMBER(name, scope, field, lo, hi, args, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, scope, config_set_u32, \
	  CONFIG_FIELD(field), lo, hi, args, doc }
#define CONFIG_BLOB(name, field, is_secret, args, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, CONFIG_IN_MAIN | CONFIG_IN_BLOCK, \
	  config_set_blob, CONFIG_FIELD(field), is_secret, 0, args, doc }
#define CONFIG_SPECIAL(name, min, max, scope, set, args, doc) \
	{ name, min, max, CONFIG_KIND_APPLY, scope, set, 0, 0, 0, args, doc }
#define CONFIG_ONLY(name, value, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, CONFIG_IN_MAIN, config_set_only, \
	  0, 0, 0, value, doc }
#define CONFIG_IGNORE(name, min, max, scope, doc) \
	{ name, min, max, CONFIG_KIND_IGNORE, scope, NULL, 0, 0, 0, NULL, doc }
#define CONFIG_REFUSE(name, doc) \
	{ name, 0, 16, CONFIG_KIND_REFUSE, \
	  CONFIG_IN_MAIN | CONFIG_IN_CONNECTION | CONFIG_IN_BLOCK, \
	  NULL, 0, 0, 0, NULL, doc }

/* Like CONFIG_REFUSE, but when a server pushes it, it is skipped. */
#define CONFIG_REFUSE_PUSHED(name, doc) \
	{ name, 0, 16, CONFIG_KIND_REFUSE, \
	  CONFIG_IN_MAIN | CONFIG_IN_CONNECTION | CONFIG_IN_PUSH, \
	  NULL, 0, 0, 0, NULL, doc }

#define CONFIG_TABLE(noun, heading) \
	const struct config_table config_table_##noun = { \
		.title = heading, \
		.rows = noun##_rows, \
		.n = sizeof(noun##_rows) / sizeof(noun##_rows[0]), \
	}

/* ---- generic setters (set.c) --------------------------------------- */

CONFIG_SETTER(config_set_flag);
CONFIG_SETTER(config_set_string);
CONFIG_SETTER(config_set_u32);
CONFIG_SETTER(config_set_blob);

/** config_set_only() - accepts nothing but the value in row->args, a no-op */
CONFIG_SETTER(config_set_only);

#endif
