// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages with which a server sends its client away (sections 8.7, 8.10). */
#include "proto/proto.h"

#include <errno.h>
#include <string.h>

#include "proto/text.h"

#define BACKOFF_MAX	86400u	/* seconds; nobody waits for longer */

/* A number of seconds; what is none counts as 0. */
static uint32_t verdict_number(struct proto_span span)
{
	uint32_t value = 0;

	for (size_t i = 0; i < span.len; i++) {
		if (span.at[i] < '0' || span.at[i] > '9')
			return 0;
		value = value * 10 + (uint32_t)(span.at[i] - '0');
		if (value > BACKOFF_MAX)
			return BACKOFF_MAX;
	}
	return value;
}

/* The argument of "name argument"; .at is NULL when it is another flag. */
static struct proto_span flag_argument(struct proto_span flag, const char *name)
{
	struct proto_span none = { NULL, 0 };
	size_t len = strlen(name);

	if (flag.len <= len || memcmp(flag.at, name, len) ||
	    flag.at[len] != ' ')
		return none;
	return (struct proto_span){ flag.at + len + 1, flag.len - len - 1 };
}

static void temp_flag(struct proto_verdict *verdict, struct proto_span flag)
{
	struct proto_span arg = flag_argument(flag, "backoff");

	if (arg.at) {
		verdict->backoff = verdict_number(arg);
		return;
	}
	arg = flag_argument(flag, "advance");
	if (proto_span_is(arg, "no"))
		verdict->advance = PROTO_ADVANCE_NO;
	else if (proto_span_is(arg, "addr"))
		verdict->advance = PROTO_ADVANCE_ADDRESS;
	else if (proto_span_is(arg, "remote"))
		verdict->advance = PROTO_ADVANCE_REMOTE;
}

/* "[flag,flag]" at @text, if it is there. Return: what follows. */
static const char *flags_split(const char *text, struct proto_span *flags)
{
	const char *end = *text == '[' ? strchr(text, ']') : NULL;

	flags->at = NULL;
	flags->len = 0;
	if (!end)
		return text;
	flags->at = text + 1;
	flags->len = (size_t)(end - flags->at);
	return end + 1;
}

static void parse_temp(struct proto_verdict *verdict, const char *text)
{
	struct proto_span flags, flag;
	size_t pos = 0;

	verdict->is_temporary = true;
	text = flags_split(text, &flags);
	while (pos < flags.len) {
		const char *comma;

		flag.at = flags.at + pos;
		comma = memchr(flag.at, ',', flags.len - pos);
		flag.len = comma ? (size_t)(comma - flag.at) : flags.len - pos;
		temp_flag(verdict, flag);
		pos += flag.len + 1;
	}
	verdict->reason = *text == ':' ? text + 1 : "";
}

static void parse_restart(struct proto_verdict *verdict, const char *text)
{
	struct proto_span flags;

	text = flags_split(text, &flags);
	if (flags.len && memchr(flags.at, 'N', flags.len))
		verdict->advance = PROTO_ADVANCE_REMOTE;
	verdict->is_password_kept = flags.len &&
				    memchr(flags.at, 'P', flags.len);
	verdict->reason = text;
}

/* Messages are told by how they begin. Return: the text behind, or NULL. */
static const char *behind(const char *text, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len))
		return NULL;
	return text[len] == ',' ? text + len + 1 : text + len;
}

int proto_verdict_parse(struct proto_verdict *verdict, const char *text)
{
	const char *rest;

	memset(verdict, 0, sizeof(*verdict));
	verdict->reason = "";
	rest = behind(text, "AUTH_FAILED");
	if (rest) {
		verdict->kind = PROTO_VERDICT_AUTH_FAILED;
		verdict->reason = rest;
		if (!strncmp(rest, "TEMP", 4) &&
		    (!rest[4] || rest[4] == '[' || rest[4] == ':'))
			parse_temp(verdict, rest + 4);
		return 0;
	}
	verdict->kind = PROTO_VERDICT_RESTART;
	rest = behind(text, "RESTART");
	if (!rest) {
		verdict->kind = PROTO_VERDICT_HALT;
		rest = behind(text, "HALT");
	}
	if (!rest)
		return -ENOENT;
	parse_restart(verdict, rest);
	return 0;
}
