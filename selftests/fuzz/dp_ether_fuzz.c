// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames on a bridging server with three clients. An input is a row of frames:
 * a byte that says from which port, one for the length, then the frame. No
 * frame comes back to where it was sent from, or twice to anybody, or changed;
 * those for all reach all if they reach one other client, and those for one
 * host reach one port at most.
 */
#include "../unit/dp_ether_rig.h"
#include "fuzz.h"

static void check(unsigned int from, const uint8_t *frame, size_t len)
{
	bool is_group = len && frame[0] & 1;
	unsigned int n = 0, n_clients = 0;
	uint8_t got[600];

	ether_give(from, frame, len);
	for (unsigned int i = 0; i < PORTS; i++) {
		size_t size = ether_take(i, got, sizeof(got));

		if (!size)
			continue;
		FUZZ_CHECK(i != from && size == len &&
			   !memcmp(got, frame, len));
		FUZZ_CHECK(!ether_take(i, got, sizeof(got)));
		n++;
		n_clients += i > 0;
	}
	FUZZ_CHECK(!n || len >= USERDP_ETHER_LEN);
	FUZZ_CHECK(n <= (is_group ? PORTS - 1 : 1));
	if (is_group && n_clients)
		FUZZ_CHECK(n == PORTS - 1);
}

static void check_table(void)
{
	for (uint32_t id = 1; id < PORTS; id++) {
		const struct user_peer *peer =
			user_find_id(user_get(ports[0].dp), id);

		FUZZ_CHECK(peer && peer->n_macs <= peer->cfg.max_macs);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	FUZZ_CHECK(!ether_open(true, data[0] & 1 ? PROTO_FRAMING_V2 :
						   PROTO_FRAMING_NONE, 3));
	data++;
	size--;
	while (size > 2) {
		unsigned int from = data[0] % PORTS;
		size_t len = data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		/* nothing of no length comes out of a device */
		if (len) {
			uint8_t *copy = malloc(len);

			FUZZ_CHECK(copy);
			memcpy(copy, data, len);
			check(from, copy, len);
			free(copy);
		}
		check_table();
		data += len;
		size -= len;
	}
	ether_close();
	return 0;
}
