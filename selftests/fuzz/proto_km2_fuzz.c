// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * key-method-2 messages. The first byte says which side sent it. What parses
 * can be built again and then means the same.
 */
#include "fuzz.h"
#include "proto/proto.h"

static void check_string(const char *a, const char *b)
{
	FUZZ_CHECK(!a == !b);
	FUZZ_CHECK(!a || !strcmp(a, b));
}

static void check_round_trip(const struct proto_km2 *km2, bool is_from_client)
{
	uint8_t out[PROTO_KM2_MAX];
	struct proto_km2 again;
	size_t len;

	if (proto_km2_build(km2, is_from_client, out, sizeof(out), &len))
		return;
	FUZZ_CHECK(!proto_km2_parse(&again, is_from_client, out, len));
	check_string(km2->options, again.options);
	check_string(km2->username, again.username);
	check_string(km2->password, again.password);
	check_string(km2->peer_info, again.peer_info);
	FUZZ_CHECK(!memcmp(&km2->random, &again.random, sizeof(again.random)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proto_km2 km2;
	bool is_from_client;
	uint8_t *msg;

	if (size < 2)
		return 0;
	is_from_client = data[0] & 1;
	msg = malloc(size - 1);
	FUZZ_CHECK(msg);
	memcpy(msg, data + 1, size - 1);
	if (!proto_km2_parse(&km2, is_from_client, msg, size - 1)) {
		FUZZ_CHECK(km2.options);
		FUZZ_CHECK(strlen(km2.options) < PROTO_OPTIONS_MAX);
		FUZZ_CHECK(!km2.username ||
			   strlen(km2.username) < PROTO_USER_PASS_MAX);
		check_round_trip(&km2, is_from_client);
	}
	free(msg);
	return 0;
}
