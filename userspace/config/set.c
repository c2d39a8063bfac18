// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"
#include "proto/proto.h"

static void *field_of(struct config_parse *ps, const struct config_row *row)
{
	return (char *)ps->cfg + row->off;
}

int config_number(struct config_parse *ps, const char *text, uint32_t lo,
		  uint32_t hi, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < 11 && isdigit((unsigned char)text[i]); i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (!i || text[i])
		return config_fail(ps, "\"%s\" is not a number; write %u to %u",
				   text, lo, hi);
	if (value < lo || value > hi)
		return config_fail(ps, "%s is out of range; write %u to %u",
				   text, lo, hi);
	*out = (uint32_t)value;
	return 0;
}

int config_port(struct config_parse *ps, const char *text, uint16_t *out)
{
	uint32_t value;
	int ret;

	ret = config_number(ps, text, 0, 65535, &value);
	if (!ret)
		*out = (uint16_t)value;
	return ret;
}

int config_choice(struct config_parse *ps, const char *text,
		  const char *const *names)
{
	char list[128] = "";
	int i;

	for (i = 0; names[i]; i++) {
		if (!strcasecmp(names[i], text))
			return i;
		if (strlen(list) + strlen(names[i]) + 3 > sizeof(list))
			continue;
		if (i)
			strcat(list, ", ");
		strcat(list, names[i]);
	}
	return config_fail(ps, "\"%s\" is not one of: %s", text, list);
}

bool config_proto_is_tcp(enum config_proto proto)
{
	return proto == CONFIG_PROTO_TCP || proto == CONFIG_PROTO_TCP4 ||
	       proto == CONFIG_PROTO_TCP6;
}

sa_family_t config_proto_family(enum config_proto proto)
{
	switch (proto) {
	case CONFIG_PROTO_UDP4:
	case CONFIG_PROTO_TCP4:
		return AF_INET;
	case CONFIG_PROTO_UDP6:
	case CONFIG_PROTO_TCP6:
		return AF_INET6;
	case CONFIG_PROTO_UDP:
	case CONFIG_PROTO_TCP:
		break;
	}
	return AF_UNSPEC;
}

int config_protocol(struct config_parse *ps, const char *text,
		    enum config_proto *out, enum config_side *side)
{
	static const struct {
		const char *name;
		enum config_proto proto;
		enum config_side side;
	} names[] = {
		{ "udp", CONFIG_PROTO_UDP, CONFIG_SIDE_ANY },
		{ "udp4", CONFIG_PROTO_UDP4, CONFIG_SIDE_ANY },
		{ "udp6", CONFIG_PROTO_UDP6, CONFIG_SIDE_ANY },
		{ "tcp", CONFIG_PROTO_TCP, CONFIG_SIDE_ANY },
		{ "tcp4", CONFIG_PROTO_TCP4, CONFIG_SIDE_ANY },
		{ "tcp6", CONFIG_PROTO_TCP6, CONFIG_SIDE_ANY },
		{ "tcp-client", CONFIG_PROTO_TCP, CONFIG_SIDE_CLIENT },
		{ "tcp4-client", CONFIG_PROTO_TCP4, CONFIG_SIDE_CLIENT },
		{ "tcp6-client", CONFIG_PROTO_TCP6, CONFIG_SIDE_CLIENT },
		{ "tcp-server", CONFIG_PROTO_TCP, CONFIG_SIDE_SERVER },
		{ "tcp4-server", CONFIG_PROTO_TCP4, CONFIG_SIDE_SERVER },
		{ "tcp6-server", CONFIG_PROTO_TCP6, CONFIG_SIDE_SERVER },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcasecmp(names[i].name, text)) {
			*out = names[i].proto;
			*side = names[i].side;
			return 0;
		}
	}
	return config_fail(ps, "\"%s\" is not a protocol; write udp or tcp, "
			   "with 4 or 6 behind it for one address family", text);
}

int config_text_append(struct config_parse *ps, struct config_text **list,
		       const char *text)
{
	struct config_text *node;

	node = mem_arena_alloc(ps->cfg->arena, sizeof(*node));
	if (!node)
		return config_nomem(ps);
	node->text = mem_arena_strdup(ps->cfg->arena, text);
	if (!node->text)
		return config_nomem(ps);
	while (*list)
		list = &(*list)->next;
	*list = node;
	return 0;
}

int config_push_add(struct config_parse *ps, const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == ',')
			return config_fail(ps, "a pushed option cannot contain a comma");
		if (c < 0x20 || c == 0x7f)
			return config_fail(ps, "a pushed option must be printable");
	}
	if (i >= PROTO_PUSH_OPTION_MAX)
		return config_fail(ps, "a pushed option has at most %d bytes",
				   PROTO_PUSH_OPTION_MAX - 1);
	return config_text_append(ps, &ps->cfg->push, text);
}

CONFIG_SETTER(config_set_flag)
{
	bool *field = field_of(ps, row);

	(void)arg;
	(void)n;
	*field = true;
	return 0;
}

CONFIG_SETTER(config_set_string)
{
	const char **field = field_of(ps, row);

	(void)n;
	if (!arg[0][0])
		return config_fail(ps, "the argument is empty");
	*field = mem_arena_strdup(ps->cfg->arena, arg[0]);
	return *field ? 0 : config_nomem(ps);
}

CONFIG_SETTER(config_set_u32)
{
	(void)n;
	return config_number(ps, arg[0], row->lo, row->hi, field_of(ps, row));
}

CONFIG_SETTER(config_set_only)
{
	if (!n || !strcasecmp(arg[0], row->args))
		return 0;
	return config_fail(ps, "\"%s\" is not supported in this version; "
			   "write %s, or remove the line", arg[0], row->args);
}

/* A file is read when everything is parsed, since "cd" may still follow. */
CONFIG_SETTER(config_set_blob)
{
	struct config_blob *blob = field_of(ps, row);
	struct mem_arena *arena = ps->cfg->arena;

	(void)n;
	if (ps->inline_text) {
		blob->path = CONFIG_INLINE_PATH;
		blob->len = ps->inline_len;
		blob->text = row->lo ?
			config_secret_dup(ps->cfg, ps->inline_text, blob->len) :
			mem_arena_memdup(arena, ps->inline_text, blob->len);
		return blob->text ? 0 : config_nomem(ps);
	}
	/* Old generators write this beside the block of the same name. */
	if (!strcmp(arg[0], CONFIG_INLINE_PATH))
		return 0;
	if (!arg[0][0])
		return config_fail(ps, "the file name is empty");
	if (!ps->has_files)
		return config_fail(ps, "files cannot be read here; write <%s>...</%s>",
				   row->name, row->name);
	blob->text = NULL;
	blob->len = 0;
	blob->path = mem_arena_strdup(arena, arg[0]);
	return blob->path ? 0 : config_nomem(ps);
}
