// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CVE-2026-40215: what was to be sent in one key exchange is not sent in
 * another. Clients of one address begin again and again, in the middle of
 * handshakes and of renegotiations; every packet of the server is looked at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tunnel_peer.h"

#define PACKETS_MAX	400
#define HEAD_LEN	9	/* opcode and key id, own session id */
/*
 * Bytes in a row that no two exchanges have in common: the random numbers of
 * the hello, and everything behind it, which is encrypted.
 */
#define WINDOW		24

/* one payload; @exchange: key id and session id of the server */
static struct payload {
	uint8_t exchange[HEAD_LEN];
	uint8_t data[PROTO_PACKET_MAX];
	size_t len;
} payloads[PACKETS_MAX];
static unsigned int n_payloads;

/* Section 1.4: acknowledgements and whose they are, a number, the payload. */
static void keep_payload(const uint8_t *pkt, size_t len)
{
	struct payload *to = &payloads[n_payloads];
	size_t at = HEAD_LEN;
	size_t n_acks;

	if (len <= at)
		return;
	n_acks = pkt[at++];
	at += 4 * n_acks + (n_acks ? 8 : 0) + 4;
	if (len <= at || proto_byte_opcode(pkt[0]) != PROTO_CONTROL_V1)
		return;
	assert_in_range(n_payloads, 0, PACKETS_MAX - 1);
	memcpy(to->exchange, pkt, HEAD_LEN);
	to->len = len - at;
	memcpy(to->data, pkt + at, to->len);
	n_payloads++;
}

static void look(const union net_addr *remote, const uint8_t *pkt, size_t len)
{
	keep_payload(pkt, len);
	peer_from_server(remote, pkt, len);
}

static bool is_same_exchange(const struct payload *a, const struct payload *b)
{
	return !memcmp(a->exchange, b->exchange, HEAD_LEN);
}

static bool has_part_of(const struct payload *a, const struct payload *b)
{
	for (size_t at = 0; at + WINDOW <= b->len; at++)
		if (memmem(a->data, a->len, b->data + at, WINDOW))
			return true;
	return false;
}

/* Return: how many exchanges there were. */
static unsigned int check_payloads(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_payloads; i++) {
		bool is_first = true;

		for (unsigned int j = 0; j < i; j++) {
			if (is_same_exchange(&payloads[i], &payloads[j]))
				is_first = false;
			else if (has_part_of(&payloads[i], &payloads[j]))
				fail_msg("packet %u has a part of packet %u, of another exchange",
					 i, j);
		}
		n += is_first;
	}
	return n;
}

static void start(const char *more)
{
	begin(more);
	peers_begin();
	on_sent = look;
	n_payloads = 0;
}

static void stop(void)
{
	peers_end();
	end();
}

/* Each time after one more packet of the server's has come. */
static void test_cve_2026_40215_begun_again(void **state)
{
	struct peer *peer;

	(void)state;
	start("tls-version-min 1.3");
	peer = peer_start(0, "one", 4000, PEER_INFO);
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int before = n_payloads;

		run_until(n_payloads > before + i / 2 ||
			  peer_has(peer, "PUSH_REPLY"));
		peer_connect(peer);
	}
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_in_range(check_payloads(), 5, 9);
	stop();
}

/* Who begins again during a renegotiation, with another key on its way. */
static void test_cve_2026_40215_renegotiations(void **state)
{
	struct peer *peer;

	(void)state;
	start("tls-version-min 1.3");
	peer = peer_start(0, "one", 4000, PEER_INFO);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int before, active;

		run_until(peer_has(peer, "PUSH_REPLY"));
		active = peer->n_active;
		assert_int_equal(control_session_renegotiate(peer->session), 0);
		run_until(peer->n_active > active);
		before = n_payloads;
		assert_int_equal(control_session_renegotiate(peer->session), 0);
		run_until(n_payloads > before);
		peer_connect(peer);
	}
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_in_range(check_payloads(), 12, 16);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cve_2026_40215_begun_again),
		cmocka_unit_test(test_cve_2026_40215_renegotiations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
