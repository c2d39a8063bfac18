// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <string.h>

#include "proto/text.h"

/* Sections 8.3, 8.12: PUSH_REPLY and PUSH_UPDATE, written and read. */

#define PUSH_REPLY		"PUSH_REPLY"
#define PUSH_UPDATE		"PUSH_UPDATE"
#define PUSH_SPLIT_AT		940	/* room is kept for the continuation */
#define PUSH_CONTINUED		",push-continuation 2"
#define PUSH_LAST		",push-continuation 1"

/* Callers know that it fits: PUSH_SPLIT_AT is far below PROTO_PUSH_MAX. */
static void push_append(struct proto_push *push, const char *text)
{
	size_t len = strlen(text);

	memcpy(push->msg + push->len, text, len + 1);
	push->len += len;
}

static void push_begin(struct proto_push *push)
{
	push->len = 0;
	push_append(push, push->name);
}

static void push_init(struct proto_push *push, const char *name,
		      int (*emit)(void *arg, const char *msg), void *arg)
{
	memset(push, 0, sizeof(*push));
	push->name = name;
	push->emit = emit;
	push->arg = arg;
	push_begin(push);
}

void proto_push_init(struct proto_push *push,
		     int (*emit)(void *arg, const char *msg), void *arg)
{
	push_init(push, PUSH_REPLY, emit, arg);
}

void proto_push_update_init(struct proto_push *push,
			    int (*emit)(void *arg, const char *msg), void *arg)
{
	push_init(push, PUSH_UPDATE, emit, arg);
}

static bool push_option_is_valid(const char *option)
{
	size_t i;

	for (i = 0; option[i]; i++) {
		if (i + 1 >= PROTO_PUSH_OPTION_MAX || option[i] == ',' ||
		    !proto_char_is_print(option[i]))
			return false;
	}
	return i > 0;
}

int proto_push_add(struct proto_push *push, const char *option)
{
	int ret;

	if (!push_option_is_valid(option))
		return -EINVAL;
	if (push->len + strlen(option) >= PUSH_SPLIT_AT) {
		push_append(push, PUSH_CONTINUED);
		push->is_split = true;
		ret = push->emit(push->arg, push->msg);
		push_begin(push);
		if (ret)
			return ret;
	}
	push_append(push, ",");
	push_append(push, option);
	return 0;
}

int proto_push_finish(struct proto_push *push)
{
	int ret;

	if (push->is_split)
		push_append(push, PUSH_LAST);
	ret = push->emit(push->arg, push->msg);
	push->is_split = false;
	push_begin(push);
	return ret;
}

bool proto_push_next(const char **pos, char *out, size_t cap)
{
	struct proto_span option;
	const char *rest;

	while (**pos == ',') {
		rest = *pos + 1;
		proto_span_next(&rest, ',', &option);
		*pos = option.at + option.len;
		if (!option.len || option.len >= cap)
			continue;
		memcpy(out, option.at, option.len);
		out[option.len] = '\0';
		return true;
	}
	return false;
}
