// SPDX-License-Identifier: GPL-2.0-or-later
/* Epoch data keys of the userspace data path (section 6.5). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/user.h"
#include "dp_format.h"

static int put_epoch_key(struct rig_end *end, struct dp_counter *live)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 7, PROTO_CIPHER_AES_256_GCM, 1,
				    end == &rig.client);

	key.is_epoch = true;
	key.live = live;
	return dp_key_set(end->dp, RIG_PEER_ID, DP_SLOT_PRIMARY, &key);
}

static void set_epoch_key(struct rig_end *end)
{
	assert_int_equal(put_epoch_key(end, NULL), 0);
}

static void up_with_epochs(void)
{
	up(PROTO_CIPHER_AES_256_GCM);
	set_epoch_key(&rig.server);
	set_epoch_key(&rig.client);
	assert_true(goes_both(100));
}

static void test_epoch(void **state)
{
	static const uint8_t first[] = {
		0x49, 0, 0, RIG_PEER_ID, 0, 1, 0, 0, 0, 0, 0,
	};
	static const uint8_t second[] = { 0, 2, 0, 0, 0, 0, 0, 1 };
	uint8_t late[RIG_PACKET_MAX];
	struct user_key *key;

	(void)state;
	up_with_epochs();
	catch_packet(100);
	memcpy(late, rig.server.last, sizeof(late));
	assert_int_equal(rig.server.last_len, 4 + 8 + 100 + 16);
	assert_memory_equal(late, first, sizeof(first));
	/* the client moves on, and the server when it hears that */
	key = user_tx_key(user_find_first(user_get(rig.client.dp)));
	key->seal.next |= (UINT64_C(1) << 48) - 1;
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 100));
	assert_memory_equal(rig.server.last + 4, second, sizeof(second));
	assert_true(goes(&rig.server, "10.8.0.1", "10.8.0.2", 100));
	assert_memory_equal(rig.client.last + 4, second, sizeof(second));
	/* what is late is of the epoch before; it moves nobody */
	assert_int_equal(dp_input(rig.server.dp, rig.server.udp, late, 128,
				  &rig.server.addr, NULL), 0);
	assert_int_equal(rig.server.n_floated, 0);
	assert_int_equal(feed(late, 128), -EALREADY);
	assert_int_equal(feed(rig.server.last, 128), -EALREADY);
	assert_true(goes_both(1400));
	/* each epoch begins with an empty window */
	for (int i = 0; i < 3; i++) {
		key->seal.next |= (UINT64_C(1) << 48) - 1;
		assert_true(goes_both(100));
	}
}

/* The server's process is another one, with what the one before has counted. */
static void test_epoch_resumed(void **state)
{
	uint8_t first[RIG_PACKET_MAX], last[RIG_PACKET_MAX];
	struct dp_counter live = { 0 };
	struct user_key *key;

	(void)state;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(put_epoch_key(&rig.server, &live), 0);
	set_epoch_key(&rig.client);
	assert_int_equal(live.next, UINT64_C(1) << 48 | 1);
	catch_packet(100);
	memcpy(first, rig.server.last, sizeof(first));
	assert_true(goes_both(100));
	key = user_tx_key(user_find_first(user_get(rig.client.dp)));
	for (uint64_t epoch = 2; epoch < 8; epoch += 2) {
		key->seal.next |= (UINT64_C(1) << 48) - 1;
		assert_true(goes_both(100));
		assert_int_equal(live.highest, epoch << 48 | 2);
		assert_int_equal(live.next, epoch << 48 | 3);
		memcpy(last, rig.server.last, sizeof(last));
		/* late, and not what the next process has to know */
		assert_int_equal(feed(first, 128), epoch == 2 ? 0 : -EBADMSG);
		assert_int_equal(live.highest, epoch << 48 | 2);

		assert_int_equal(put_epoch_key(&rig.server, &live), 0);
		assert_int_equal(live.next, (epoch + 1) << 48 | 1);
		assert_int_equal(feed(last, 128), -EALREADY);
		assert_int_equal(feed(first, 128), -EBADMSG);
		/* the client hears another epoch, which it answers in */
		assert_true(goes(&rig.server, "10.8.0.1", "10.8.0.2", 100));
		assert_int_equal(rig.client.last[5], epoch + 1);
		assert_true(goes_both(100));
		assert_int_equal(rig.server.last[5], epoch + 1);
	}
	live.next = UINT64_MAX;
	assert_int_equal(put_epoch_key(&rig.server, &live), -ERANGE);
}

/* A new key is asked for before there are no more epochs. */
static void test_epoch_end(void **state)
{
	struct user_key *key;

	(void)state;
	up_with_epochs();
	assert_int_equal(rig.client.n_exhausted, 0);
	key = user_tx_key(user_find_first(user_get(rig.client.dp)));
	key->seal.soft = key->seal.next;
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 100));
	assert_int_equal(rig.client.n_exhausted, 1);
	key->seal.next = key->seal.end;
	assert_null(user_tx_key(user_find_first(user_get(rig.client.dp))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_epoch),
		RIG_TEST(test_epoch_resumed),
		RIG_TEST(test_epoch_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
