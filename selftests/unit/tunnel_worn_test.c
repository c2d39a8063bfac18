// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key whose packet ids come to their end is followed by the next one, without
 * anybody asking for it, and without a packet lost: on the userspace data path,
 * with a TUN device and sockets. (The module is asked in selftests/interop.)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel_peer.h"
#include "userdp/userdp.h"

#define LEFT	20u	/* packets until the key is worn */
#define MORE	20u	/* with the next key */

static struct dp_counter counter;	/* the data path keeps it up to date */
static int inside_fd, outside_fd;
static unsigned int n_inside, n_of_key[8];
static uint32_t next_pid[8];
static uint8_t last_key;

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

/* In order, each id once, and never the key of before again. */
static void outside_read(void)
{
	uint8_t pkt[2048];
	uint32_t pid;
	uint8_t key;

	while (recv(outside_fd, pkt, sizeof(pkt), 0) > 0) {
		assert_int_equal(pkt[0] >> 3, PROTO_DATA_V2);
		key = pkt[0] & 7;
		memcpy(&pid, pkt + 4, sizeof(pid));
		pid = ntohl(pid);
		assert_true(key == last_key || key == last_key + 1);
		if (!n_of_key[key])
			next_pid[key] = key ? 1 : USERDP_PID_SOFT - LEFT;
		assert_int_equal(pid, next_pid[key]);
		next_pid[key]++;
		n_of_key[key]++;
		last_key = key;
	}
}

static void inside_send(const struct tunnel *tunnel)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr = tunnel->vpn4.in4,
	};

	assert_int_equal(sendto(inside_fd, "x", 1, 0, (const void *)&to,
				sizeof(to)), 1);
	n_inside++;
	run_for(10);
	outside_read();
}

static void wear(struct tunnel *tunnel)
{
	static const uint8_t key2[KEYGEN_KEY2_LEN] = { 7 };
	struct keygen_pair pair;

	keygen_split(key2, tunnel->active->params.cipher, true, &pair);
	counter = (struct dp_counter){ .next = USERDP_PID_SOFT - LEFT };
	assert_int_equal(tunnel_data_install(tunnel, DP_SLOT_PRIMARY, 0, &pair,
					     &counter), 0);
}

static void test_worn(const char *cipher, bool is_worn_at_once)
{
	union net_addr at;
	struct tunnel *tunnel;
	struct peer *peer;
	char info[128], lines[128];

	source = "127.0.0.1";
	snprintf(info, sizeof(info), "IV_VER=2.6.14\nIV_PROTO=990\nIV_CIPHERS=%s\n",
		 cipher);
	snprintf(lines, sizeof(lines), "hand-window 5\ndata-ciphers %s", cipher);
	n_inside = last_key = 0;
	memset(n_of_key, 0, sizeof(n_of_key));
	begin(lines);
	peers_begin();
	at = addr_of(4000);
	outside_fd = udp_socket();
	inside_fd = udp_socket();
	assert_int_equal(bind(outside_fd, &at.sa, net_addr_len(&at)), 0);
	peer = peer_start(0, "one", 4000, info);
	run_until(peer_has(peer, "PUSH_REPLY"));
	tunnel = tunnel_registry_addr(&host->reg, &peer->addr, 0);
	wear(tunnel);
	/* nobody minds before it is time */
	inside_send(tunnel);
	run_until((outside_read(), n_of_key[0]));
	assert_true(peer->n_active == 1 || is_worn_at_once);
	for (unsigned int i = 0; n_of_key[1] < MORE; i++) {
		if (i == 3000)
			fail_msg("no new key: %u packets with the old one, %u exchanges",
				 n_of_key[0], peer->n_active);
		inside_send(tunnel);
	}
	run_for(300);
	outside_read();
	assert_int_equal(n_of_key[0] + n_of_key[1], n_inside);
	assert_int_equal(peer->n_active, 2);
	assert_int_equal(peer->n_failed, 0);
	close(outside_fd);
	close(inside_fd);
	peers_end();
	end();
}

/* This one has no limit but the packet id. */
static void test_packet_ids(void **state)
{
	(void)state;
	test_worn("CHACHA20-POLY1305", false);
	assert_true(n_of_key[0] > LEFT);
}

/* With this one so many packets may not be sealed; it is worn before. */
static void test_usage(void **state)
{
	(void)state;
	test_worn("AES-256-GCM", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_ids),
		cmocka_unit_test(test_usage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
