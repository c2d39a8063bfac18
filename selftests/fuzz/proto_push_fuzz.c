// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pushed options: read a message, push its options again, read the result. The
 * same options have to come out, each message within its size.
 */
#include "fuzz.h"
#include "proto/proto.h"

#define CONTINUATION "push-continuation "

/* What was written is walked in step with what was read. */
struct walk {
	const char *pos;
	size_t n_options;
};

static bool walk_next(struct walk *walk, char *option)
{
	while (proto_push_next(&walk->pos, option, PROTO_PUSH_OPTION_MAX)) {
		struct proto_push probe;

		FUZZ_CHECK(*option);
		FUZZ_CHECK(!strchr(option, ','));
		/* Those that may not be pushed are left out. */
		proto_push_init(&probe, NULL, NULL);
		if (proto_push_add(&probe, option) ||
		    !strncmp(option, CONTINUATION, strlen(CONTINUATION)))
			continue;
		walk->n_options++;
		return true;
	}
	return false;
}

static int check_message(void *arg, const char *msg)
{
	struct walk *want = arg;
	char option[PROTO_PUSH_OPTION_MAX], expected[PROTO_PUSH_OPTION_MAX];
	const char *pos = msg + strlen("PUSH_REPLY");

	FUZZ_CHECK(strlen(msg) < PROTO_PUSH_MAX);
	FUZZ_CHECK(!strncmp(msg, "PUSH_REPLY", strlen("PUSH_REPLY")));
	while (proto_push_next(&pos, option, sizeof(option))) {
		if (!strncmp(option, CONTINUATION, strlen(CONTINUATION)))
			break;
		FUZZ_CHECK(walk_next(want, expected));
		FUZZ_CHECK(!strcmp(option, expected));
	}
	FUZZ_CHECK(!proto_push_next(&pos, option, sizeof(option)));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct walk read = { .pos = text }, want = { .pos = text };
	char option[PROTO_PUSH_OPTION_MAX];
	struct proto_push push;

	proto_push_init(&push, check_message, &want);
	while (walk_next(&read, option))
		FUZZ_CHECK(!proto_push_add(&push, option));
	FUZZ_CHECK(!proto_push_finish(&push));
	FUZZ_CHECK(!walk_next(&want, option));
	FUZZ_CHECK(want.n_options == read.n_options);
	free(text);
	return 0;
}
