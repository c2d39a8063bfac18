// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What threads tell the main loop of their peers, while that does something
 * else: nothing is lost, and moves do not pile up.
 *
 *	test: client's data path -> sealed packets -> from any socket -> thread
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

#define MOVER		2	/* both in the third thread */
#define OTHER		5
#define MOVES		3000

static union net_addr mover_addr[2];
static int mover[2];

static int setup(void **state)
{
	(void)state;
	trig_open(IFF_MULTI_QUEUE, false);
	trig_add_udp(MOVER);
	trig_add_udp(OTHER);
	mover[0] = rig_udp("127.0.0.1", &mover_addr[0]);
	mover[1] = rig_udp("127.0.0.1", &mover_addr[1]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(mover[0]);
	close(mover[1]);
	trig_close();
	return 0;
}

static void moves(struct client *client, unsigned int n)
{
	struct dp_peer_info info;
	uint64_t before;

	assert_int_equal(dp_peer_get(trig.end->dp, client->id, &info), 0);
	before = info.stats.link_rx_packets;
	for (unsigned int i = 0; i < n; i++) {
		client_sends(client, mover[i % 2]);
		if (i % 256 == 255)
			wait_for(client, before + i + 1);
	}
	wait_for(client, before + n);
}

/* Who moves with each packet is told of now and then, and where it is last. */
static void test_moves(void **state)
{
	struct client client;
	uint64_t begin;

	(void)state;
	client_open(&client, MOVER);
	moves(&client, MOVES);
	rig_settle(&trig.rig, 20);
	begin = loop_now(trig.rig.loop);
	assert_int_equal(trig.end->n_floated, 1);
	for (int i = 0; i < 20; i++) {
		moves(&client, 20);
		rig_settle(&trig.rig, 2);
	}
	client_sends(&client, mover[0]);
	rig_settle(&trig.rig, 1600);
	assert_in_range(trig.end->n_floated, 2,
			2 + (loop_now(trig.rig.loop) - begin) / 1000);
	assert_true(net_addr_is_equal(&trig.end->floated_to, &mover_addr[0]));
	assert_int_equal(trig.end->floated_by, trig.main_udp);
	/* once is told at once */
	client_sends(&client, mover[1]);
	rig_settle(&trig.rig, 1600);
	trig.end->n_floated = 0;
	client_sends(&client, mover[0]);
	rig_settle(&trig.rig, 100);
	assert_int_equal(trig.end->n_floated, 1);
	assert_int_equal(trig.end->n_resync, 0);
	client_close(&client);
}

/* Whatever else happens, a key that is used up and an end are heard. */
static void test_none_lost(void **state)
{
	struct client client, other;
	static struct dp_counter worn;
	uint8_t material[RIG_MATERIAL];
	struct dp_key key;

	(void)state;
	client_open(&client, MOVER);
	client_open(&other, OTHER);
	key = trig_key(OTHER, false, material);
	worn = (struct dp_counter){ .next = USERDP_PID_SOFT };
	key.live = &worn;
	assert_int_equal(dp_key_set(trig.end->dp, OTHER, DP_SLOT_PRIMARY,
				    &key), 0);
	moves(&client, MOVES);
	trig_send(OTHER, 1);
	assert_int_equal(trig_received(OTHER, 1, 2000), 1);
	assert_int_equal(dp_send_occ(other.dp, OTHER, PROTO_OCC_EXIT), 0);
	pass_on(&other, mover[0]);
	wait_for(&other, 1);
	rig_settle(&trig.rig, 50);
	assert_int_equal(trig.end->n_exhausted, 1);
	assert_int_equal(trig.end->exhausted_key, 0);
	assert_int_equal(trig.end->n_exit, 1);
	assert_int_equal(trig.end->n_resync, 0);
	/* not held back, as a move is */
	moves(&client, 4);
	rig_settle(&trig.rig, 20);
	assert_int_equal(dp_send_occ(client.dp, MOVER, PROTO_OCC_EXIT), 0);
	pass_on(&client, mover[1]);
	wait_for(&client, MOVES + 5);
	rig_settle(&trig.rig, 50);
	assert_int_equal(trig.end->n_exit, 2);
	client_close(&other);
	client_close(&client);
}

/* A peer goes while there is something to tell of it. */
static void test_goes(void **state)
{
	struct client client;

	(void)state;
	client_open(&client, MOVER);
	moves(&client, 20);
	assert_int_equal(dp_peer_del(trig.end->dp, MOVER), 0);
	trig_add_udp(MOVER);
	rig_settle(&trig.rig, 50);
	assert_int_equal(trig.end->n_floated, 0);
	client_close(&client);
	client_open(&client, MOVER);
	/* one report now, one later, and it goes in between */
	moves(&client, 20);
	rig_settle(&trig.rig, 20);
	moves(&client, 20);
	rig_settle(&trig.rig, 20);
	assert_int_equal(trig.end->n_floated, 1);
	assert_int_equal(dp_peer_del(trig.end->dp, MOVER), 0);
	rig_settle(&trig.rig, 1500);
	assert_int_equal(trig.end->n_floated, 1);
	client_close(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moves), TEST(test_none_lost), TEST(test_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
