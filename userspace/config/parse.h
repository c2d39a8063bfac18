/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/table.h"

/* State while a configuration is read: private to config/. */

#define CONFIG_LINE_MAX		4096	/* OpenVPN: 256 */
#define CONFIG_PARAM_MAX	1024	/* OpenVPN: 256; including NUL */
#define CONFIG_PARAMS		17	/* name and 16 arguments */
#define CONFIG_DEPTH_MAX	10	/* of "config" in "config" */
#define CONFIG_FILE_MAX		(4u << 20)
#define CONFIG_ERROR_MAX	512
#define CONFIG_INLINE_PATH	"[inline]"

/** struct config_place - where an option stood; file NULL: nowhere */
struct config_place {
	const char *file;	/* NULL with line 0: not given */
	unsigned int line;	/* 0: command line */
};

/** struct config_params - one line, split; strings are inside @buf */
struct config_params {
	char *arg[CONFIG_PARAMS];
	int n;
	char buf[CONFIG_LINE_MAX + CONFIG_PARAMS];
};

/* Which end of a connection a protocol's name speaks of. */
enum config_side {
	CONFIG_SIDE_ANY,
	CONFIG_SIDE_SERVER,
	CONFIG_SIDE_CLIENT,
};

/** struct config_conn - values of a remote, as far as they were given */
struct config_conn {
	const char *host;
	enum config_proto proto;
	enum config_side side;
	uint16_t port;
	uint32_t connect_timeout;	/* 0: not given */
	const struct config_proxy *proxy;	/* NULL: not given */
	bool has_proto, has_port;
	bool has_word;	/* the protocol is one that a remote or local names */
	bool is_block;
	sa_family_t family;	/* of a block: named by proto before it */
	struct config_place place;
	struct config_conn *next;
};

/**
 * struct config_share - the arena of a configuration and of its copies' strings
 * @refs: the configuration, if it is still there, and its copies
 */
struct config_share {
	unsigned int refs;
	struct mem_arena *arena;
};

/**
 * struct config_note - one occurrence of an option
 * @row: NULL: a <connection> block
 * @arg, @n: without the option's name
 * @text, @len: of a block; NULL without one
 */
struct config_note {
	struct config_note *next;
	const struct config_row *row;
	struct config_place place;
	uint8_t scope;
	char **arg;
	int n;
	const char *text;
	size_t len;
};

/** struct config_parse - one run */
struct config_parse {
	struct config *cfg;
	struct config_place at;
	const char *option;		/* being applied; NULL: none */
	uint8_t scope;			/* one of enum config_scope */
	unsigned int depth;
	bool has_files;
	bool is_optional;		/* inside "setenv opt" */
	bool is_forward_compatible;
	bool is_first_error;		/* an error is in @err */
	char *err;
	size_t err_len;
	struct config_place *places;	/* by row index: last occurrence */
	struct config_text *ignore_unknown;
	struct config_note **note_tail;	/* NULL: nothing is noted */

	const char *inline_text;	/* while a block is applied */
	size_t inline_len;

	void (*print)(void);		/* --help and its like; NULL: none */

	/* applied by config_finish() */
	bool is_client;
	bool is_ipv6only, is_nodelay_pushed;
	enum config_side side;		/* of cfg->proto */
	bool has_lport, has_bind, has_keepalive;
	uint32_t keepalive_ping, keepalive_restart;
	bool has_reneg_min;
	unsigned int compat;		/* 20400 for 2.4.0; 0: none */
	const struct config_proxy *proxy;	/* of all without their own */
	struct config_conn *remotes;
	struct config_conn *locals;	/* local: HOST|* [PORT [PROTO]] */
	struct config_conn *blocks;	/* <connection>; win over @remotes */
	struct config_conn *block;	/* being read */
};

/* ---- messages (parse.c) -------------------------------------------- */

/**
 * config_fail() - record the error at the current place
 *
 * Only the first one is kept. Return: -EINVAL, for the caller to return.
 */
int config_fail(struct config_parse *ps, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int config_fail_at(struct config_parse *ps, const struct config_place *place,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** config_nomem() - record "out of memory"; Return: -ENOMEM */
int config_nomem(struct config_parse *ps);

/** config_warn() - keep a warning at the current place; 0 or -ENOMEM */
int config_warn(struct config_parse *ps, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int config_warn_at(struct config_parse *ps, const struct config_place *place,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** config_place_of() - last place of an option; NULL if it was not given */
const struct config_place *config_place_of(const struct config_parse *ps,
					   const char *name);

/** config_place_format() - "file:line", "command line"; returns @out */
#define CONFIG_PLACE_STRLEN 256
const char *config_place_format(const struct config_place *place,
				char out[CONFIG_PLACE_STRLEN]);

/* ---- lexer (lex.c): pure ------------------------------------------- */

/**
 * config_lex() - split a line into parameters
 * @line, @len: without line end
 * @why: reason of -EINVAL, a constant
 *
 * Return: 0 (with @out->n = 0 for an empty line or a comment) or -EINVAL.
 */
int config_lex(const char *line, size_t len, struct config_params *out,
	       const char **why);

/* ---- parser (parse.c) ---------------------------------------------- */

/** config_parse_text() - all lines of a text at the current scope */
int config_parse_text(struct config_parse *ps, const char *name,
		      const char *text, size_t len);

/** config_parse_option() - one option with its arguments, name first */
int config_parse_option(struct config_parse *ps, char **arg, int n);

/** config_parse_file() - a "config" file, relative to "cd" */
int config_parse_file(struct config_parse *ps, const char *path);

/** config_parse_connection() - what stands in a <connection> block */
int config_parse_connection(struct config_parse *ps, const char *text,
			    size_t len, struct config_place place);

/** config_parse_begin() - Return: 0 with @ps ready, -ENOMEM */
int config_parse_begin(struct config_parse *ps, char *err, size_t err_len);

/* ---- what was given (note.c) ---------------------------------------- */

/** config_note_option() - remember an option that is applied; 0 or -ENOMEM */
int config_note_option(struct config_parse *ps, const struct config_row *row,
		       char **arg, int n);

/** config_note_connection() - remember a block of a client; 0 or -ENOMEM */
int config_note_connection(struct config_parse *ps, const char *text,
			   size_t len, const struct config_place *place);

/** config_note_replay() - apply what was noted elsewhere */
int config_note_replay(struct config_parse *ps, const struct config_note *note);

/** config_effect_of() - of a change; @name NULL: of <connection> (effect.c) */
enum config_effect config_effect_of(const char *name);

/* every name that does not need a restart; NULL behind the last */
const char *config_effect_name(size_t index);

/* ---- files (file.c) ------------------------------------------------ */

/** config_path_resolve() - @path relative to "cd"; NULL when out of memory */
const char *config_path_resolve(struct config *cfg, const char *path);

/**
 * config_file_read() - a whole file into memory that lives as long as @cfg
 * @is_secret: into pages for secrets, wiped at the end
 *
 * Return: 0 or -errno (-EFBIG beyond CONFIG_FILE_MAX).
 */
int config_file_read(struct config *cfg, const char *path, bool is_secret,
		     const char **text, size_t *len);

/** config_dir_check() - 0 if it is a directory, or -errno */
int config_dir_check(struct config *cfg, const char *path);

/*
 * One file or directory as it was met (bundle.c). @err: 0 or -errno; @mode: of
 * the file system; @text: borrowed.
 */
struct config_bundle_entry {
	const char *path;
	int err;
	uint32_t mode;
	const char *text;
	size_t len;
};

bool config_bundle_is_full(const struct config_bundle *bundle);
int config_bundle_add(struct config_bundle *bundle,
		      const struct config_bundle_entry *entry);

/** config_bundle_find() - 0 with @out, or -ENOENT */
int config_bundle_find(const struct config_bundle *bundle, const char *path,
		       struct config_bundle_entry *out);

/** config_secret_dup() - copy of @src in pages for secrets, wiped at the end */
const char *config_secret_dup(struct config *cfg, const char *src, size_t len);

/** config_blobs_load() - read every file option given by path */
int config_blobs_load(struct config_parse *ps);

/* ---- questions (ask.c) --------------------------------------------- */

/**
 * config_ask_login() - a client's user name and password, and the answer of
 * static-challenge, unless they are in a file
 *
 * On the terminal or, without one, by systemd-ask-password.
 * Context: before the loop runs; waits for the person.
 * Return: 0, or -EINVAL or -ENOMEM with the error set.
 */
int config_ask_login(struct config_parse *ps);

/** config_ask_passphrase() - of askpass without a file, likewise */
int config_ask_passphrase(struct config_parse *ps);

/* ---- finish (expand.c, check.c) ------------------------------------ */

/** config_finish() - expand helpers, read files, check options together */
int config_finish(struct config_parse *ps);
int config_expand_paths(struct config_parse *ps);
int config_expand_role(struct config_parse *ps);
/** config_proto_of() - the same transport over one family */
enum config_proto config_proto_of(enum config_proto proto, sa_family_t family);

int config_expand_server(struct config_parse *ps);
int config_expand_keepalive(struct config_parse *ps);
int config_expand_transport(struct config_parse *ps);

/** config_expand_locals() - "local" to sockets (local.c) */
int config_expand_locals(struct config_parse *ps);

/** config_side_check() - "tcp-server" in a client, or the other way round */
int config_side_check(struct config_parse *ps,
		      const struct config_place *place, enum config_side side);
int config_check(struct config_parse *ps);

/** config_ifconfig_resolve() - ifconfig's two strings under a topology */
int config_ifconfig_resolve(struct config_parse *ps);

/* ---- values shared by setters (set.c) ------------------------------ */

int config_number(struct config_parse *ps, const char *text, uint32_t lo,
		  uint32_t hi, uint32_t *out);
int config_port(struct config_parse *ps, const char *text, uint16_t *out);
int config_protocol(struct config_parse *ps, const char *text,
		    enum config_proto *out, enum config_side *side);
int config_text_append(struct config_parse *ps, struct config_text **list,
		       const char *text);

/** config_choice() - index of @text in the NULL-terminated @names, any case */
int config_choice(struct config_parse *ps, const char *text,
		  const char *const *names);

/** config_script_set() - split a command line (opt_script.c) */
int config_script_set(struct config_parse *ps, enum config_script which,
		      const char *command);

/** config_push_add() - append to cfg->push, checked */
int config_push_add(struct config_parse *ps, const char *text);

/** config_new() - empty configuration with defaults; NULL when out of memory */
struct config *config_new(void);

/**
 * config_copy() - a copy whose lists are still those of @cfg, which outlives it
 * @name: of its arena
 *
 * Return: NULL when out of memory.
 */
struct config *config_copy(const struct config *cfg, const char *name);

/* ---- output (usage.c) ---------------------------------------------- */

void config_print_help(void);
void config_print_version(void);
void config_print_man(void);
void config_print_options(void);
void config_print_ciphers(void);
void config_print_digests(void);

/* Names of digests: canonical spelling, or NULL (opt_tls.c). */
const char *config_digest_find(const char *name);
const char *config_digest_at(size_t index);

#endif
