// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets of a key that a thread does not have as yet: they wait for it, in
 * front of those that come then. The main loop does something else meanwhile.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_threads_client.h"

#define CLIENT		2	/* both in the third thread */
#define OTHER		5
#define NEW_KEY		3
#define MAX		64	/* that wait */

static struct client client;
static int wire;
static int seen;	/* what the thread writes to the device */

static void key_set(struct dp *dp, uint32_t id, bool is_client)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 0x77, PROTO_CIPHER_AES_128_GCM,
				    NEW_KEY, is_client);

	assert_int_equal(dp_key_set(dp, id, DP_SLOT_SECONDARY, &key), 0);
}

static int setup(void **state)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP) };
	struct timeval patience = { .tv_usec = 300000 };
	union net_addr wire_addr;

	(void)state;
	trig_open(IFF_MULTI_QUEUE, false);
	trig_add_udp(CLIENT);
	trig_add_udp(OTHER);
	client_open(&client, CLIENT);
	key_set(client.dp, CLIENT, true);
	assert_int_equal(dp_key_swap(client.dp, CLIENT), 0);
	wire = rig_udp("127.0.0.1", &wire_addr);
	seen = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	addr.sll_ifindex = trig.end->ifindex;
	assert_int_equal(bind(seen, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(seen, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(wire);
	close(seen);
	client_close(&client);
	trig_close();
	return 0;
}

/* Packets with the numbers @from to @to - 1 go to the thread. */
static void send_numbers(uint8_t from, uint8_t to)
{
	for (uint8_t i = from; i < to; i++) {
		client_seals(&client, i);
		pass_on(&client, wire);
	}
}

/* The next ones that come out of it have these numbers. */
static void see_numbers(uint8_t from, uint8_t to)
{
	uint8_t pkt[RIG_PACKET_MAX];

	for (uint8_t i = from; i < to; i++) {
		assert_int_equal(recv(seen, pkt, sizeof(pkt), 0), 200);
		assert_int_equal(pkt[199], i);
	}
}

static void see_nothing(void)
{
	uint8_t pkt[RIG_PACKET_MAX];

	assert_int_equal(recv(seen, pkt, sizeof(pkt), 0), -1);
}

static void look_early(struct dp *user, void *arg)
{
	struct data_thread *thread = user->arg;
	size_t *n = arg;

	n[0] = thread->n_early;
	n[1] = user_get(user)->drops.no_key;
}

/* How many wait in the thread, once it has seen @n without a key. */
static size_t waiting(size_t n)
{
	size_t now[2] = { 0 };
	void *args[DP_THREADS_MAX] = { NULL, NULL, now };

	for (int i = 0; i < 2000 && now[1] < n; i++) {
		usleep(1000);
		threads_call(trig_threads(), 4, look_early, args);
	}
	assert_int_equal(now[1], n);
	return now[0];
}

/* The main loop sets the key late; what comes then stays behind. */
static void test_order(void **state)
{
	(void)state;
	send_numbers(0, 20);
	see_nothing();
	key_set(trig.end->dp, CLIENT, false);
	send_numbers(20, 40);
	see_numbers(0, 40);
	rig_settle(&trig.rig, 20);
	see_nothing();
}

/* A key of another peer of the thread is none for these. */
static void test_other_key(void **state)
{
	(void)state;
	send_numbers(0, 20);
	assert_int_equal(waiting(20), 20);
	key_set(trig.end->dp, OTHER, false);
	assert_int_equal(waiting(40), 20);
	send_numbers(20, 30);
	assert_int_equal(waiting(50), 30);
	key_set(trig.end->dp, CLIENT, false);
	see_numbers(0, 30);
	assert_int_equal(waiting(50), 0);
}

/* Anybody can make some up: they have an end, in number and in time. */
static void test_limits(void **state)
{
	static const uint8_t junk[64] = { 0x48 | NEW_KEY, 0, 0, CLIENT };
	const union net_addr *to = &trig.thread_addr[CLIENT % TRIG_THREADS];

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_int_equal(sendto(wire, junk, sizeof(junk), 0, &to->sa,
					net_addr_len(to)), sizeof(junk));
	assert_int_equal(waiting(300), MAX);
	usleep(1100000);
	send_numbers(0, 20);
	assert_int_equal(waiting(320), 20);
	key_set(trig.end->dp, CLIENT, false);
	see_numbers(0, 20);
	assert_int_equal(waiting(320), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_other_key), TEST(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
