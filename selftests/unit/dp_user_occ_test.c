// SPDX-License-Identifier: GPL-2.0-or-later
/* Section 7.6: messages between the ends inside the data channel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp_rig.h"
#include "userdp/userdp.h"

#define OPTIONS	"V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4"
#define GOES_MS	3000
#define QUIET_MS	60

static struct rig rig;
/* The client is played by the test: its key, and a payload that came. */
static struct userdp_codec seal, open_;
static uint8_t opened[RIG_PACKET_MAX];
static const uint8_t *const plain = opened + PROTO_OCC_MAGIC_LEN;
static size_t plain_len;

static void play_client(void)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 1, PROTO_CIPHER_AES_256_GCM, 0,
				    true);
	struct userdp_secret secret = {
		.cipher = key.cipher, .key = key.send.cipher_key,
		.tail = key.send.nonce_tail,
	};

	assert_int_equal(userdp_codec_init(&seal, &secret, USERDP_HEAD_V2,
					   USERDP_AEAD_SEAL), 0);
	secret.key = key.recv.cipher_key;
	secret.tail = key.recv.nonce_tail;
	assert_int_equal(userdp_codec_init(&open_, &secret, USERDP_HEAD_V2,
					   USERDP_AEAD_OPEN), 0);
	rig.client.is_deaf = true;
}

static int setup(void **state)
{
	(void)state;
	memset(&rig_format, 0, sizeof(rig_format));
	rig_occ = OPTIONS;
	if (netns_enter())
		return -1;
	rig_up(&rig);
	play_client();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	userdp_codec_wipe(&seal);
	userdp_codec_wipe(&open_);
	rig_close(&rig);
	return 0;
}

static bool has_answer(void *arg)
{
	(void)arg;
	return rig.client.last_len > 0;
}

/* Return: does the server answer? Then it is in @plain, without its magic. */
static bool ask(const char *op, size_t op_len, uint64_t ms)
{
	uint8_t payload[64], wire[256] = { 0x48, 0, 0, RIG_PEER_ID };
	struct userdp_id id = { 0 };
	ssize_t n;

	memcpy(payload, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
	memcpy(payload + PROTO_OCC_MAGIC_LEN, op, op_len);
	n = seal.ops->seal(&seal, wire, payload, PROTO_OCC_MAGIC_LEN + op_len);
	assert_true(n > 0);
	rig.client.last_len = 0;
	assert_int_equal(sendto(rig.client.udp, wire, (size_t)n, 0,
				&rig.server.addr.sa,
				net_addr_len(&rig.server.addr)), n);
	if (!rig_run(&rig, has_answer, NULL, ms))
		return false;
	n = open_.ops->open(&open_, rig.client.last, USERDP_HEAD_V2,
			    rig.client.last_len, opened, &id);
	assert_true(n > PROTO_OCC_MAGIC_LEN);
	assert_memory_equal(opened, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
	plain_len = (size_t)n - PROTO_OCC_MAGIC_LEN;
	return true;
}

static void test_options(void **state)
{
	(void)state;
	assert_true(ask("\0", 1, GOES_MS));
	assert_int_equal(plain_len, 1 + sizeof(OPTIONS));
	assert_int_equal(plain[0], PROTO_OCC_REPLY);
	assert_memory_equal(plain + 1, OPTIONS, sizeof(OPTIONS));
}

static void test_load(void **state)
{
	static const struct {
		uint8_t hi, lo;
		size_t datagram;
	} rows[] = {
		{ 1400 >> 8, 1400 & 0xff, 1400 },
		{ 0, 200, 200 },
		/* as short as it can be, and as long */
		{ 0, 0, 24 + PROTO_OCC_MAGIC_LEN + 1 },
		{ 0xff, 0xff, 24 + 2000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char op[] = { 2, (char)rows[i].hi, (char)rows[i].lo };

		assert_true(ask(op, sizeof(op), GOES_MS));
		assert_int_equal(plain[0], PROTO_OCC_MTU_LOAD);
		assert_int_equal(rig.client.last_len, rows[i].datagram);
	}
}

static void test_sizes(void **state)
{
	static const char load[] = { 2, 1400 >> 8, 1400 & 0xff };
	static const uint8_t want[] = {
		PROTO_OCC_MTU_REPLY, 0, 24 + PROTO_OCC_MAGIC_LEN + 3,
		1400 >> 8, 1400 & 0xff,
	};

	(void)state;
	assert_true(ask(load, sizeof(load), GOES_MS));
	assert_true(ask("\4", 1, GOES_MS));
	assert_int_equal(plain_len, sizeof(want));
	assert_memory_equal(plain, want, sizeof(want));
}

/* What asks for nothing, or not enough, or for what nobody knows. */
static void test_silence(void **state)
{
	static const struct {
		const char *op;
		size_t len;
	} rows[] = {
		{ "\1V4", 4 }, { "\3xxxx", 5 }, { "\5\1\1\1\1", 5 },
		{ "\7", 1 }, { "\xff", 1 }, { "\2\5", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_false(ask(rows[i].op, rows[i].len, QUIET_MS));
	assert_int_equal(rig.server.last_ret, 0);
	assert_int_equal(rig.server.n_exit, 0);
	/* none of them went further */
	assert_true(ask("\0", 1, GOES_MS));
	assert_false(ask("\6", 1, QUIET_MS));
	assert_int_equal(rig.server.n_exit, 1);
}

#define OCC_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OCC_TEST(test_options),
		OCC_TEST(test_load),
		OCC_TEST(test_sizes),
		OCC_TEST(test_silence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
