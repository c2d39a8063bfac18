// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "userdp/userdp.h"

/* Sections 12.6 and 12.7. */
static const char plain[] =
	"The quick little fox jumps over the bureaucratic hurdles";
#define PLAIN_LEN	(sizeof(plain) - 1)
#define WIRE_LEN	(4 + 8 + PLAIN_LEN + 16)

static const char secret_hex[] =
	"616361676163616f3838383838383838515351575153515f72726f7874787073";

static struct userdp_codec seal, open;
static uint8_t wire[WIRE_LEN + 16], out[WIRE_LEN];
static struct userdp_id id;

static void begin(enum proto_cipher cipher)
{
	uint8_t secret[32];

	assert_int_equal(hex_bytes(secret_hex, secret, 32), 32);
	assert_int_equal(userdp_epoch_init(&seal, &open, cipher, secret,
					   secret), 0);
}

static void end(void)
{
	userdp_codec_wipe(&seal);
	userdp_codec_wipe(&open);
}

static void seal_one(const char *head)
{
	hex_bytes(head, wire, 4);
	assert_int_equal(seal.ops->seal(&seal, wire, (const uint8_t *)plain,
					PLAIN_LEN), WIRE_LEN);
}

static ssize_t open_one(const uint8_t *pkt, size_t len)
{
	memset(&id, 0, sizeof(id));
	return open.ops->open(&open, pkt, 4, len, out, &id);
}

/* The counter is used up: the next packet is of the next epoch. */
static void use_up(void)
{
	seal.next |= (UINT64_C(1) << 48) - 1;
}

static void test_labels(void **state)
{
	static const struct {
		const char *secret, *label, *want;
	} rows[] = {
		{ "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2"
		  "b3e5", "unit test", "185eaa1c7f228ab8eb29773214d92046" },
		{ "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2"
		  "b3e5", "unit test",
		  "875a8eec18556380b8d933ed323c2df8e8eccf4972e683f06a83ac" },
		{ "130c000000000000000000000000000000000000000000000000000000"
		  "000000", "data_key",
		  "ed8533db1c28ace418e9006ab29c17417d60ebe6cd90bf0a" },
		{ "130c000000000000000000000000000000000000000000000000000000"
		  "000000", "data_iv", "86890aabf032cb59f4cfa34e" },
		{ secret_hex, "datakey upd",
		  "84df1cd673eb8ef166cc1b217504f0536a39e909e4b7743f432d3e882b87"
		  "6f4d" },
		{ secret_hex, "data_key",
		  "d1db3525002c0f60b59485545b15a6ba8d6dc57d691c87b16a61638a8189"
		  "1a96" },
		{ secret_hex, "data_iv", "82cb0094a2cdbecff132333c" },
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	uint8_t secret[32], want[32], got[32];

	(void)state;
	assert_non_null(kdf);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = hex_bytes(rows[i].want, want, sizeof(want));

		assert_int_equal(hex_bytes(rows[i].secret, secret, 32), 32);
		assert_int_equal(userdp_expand_label(kdf, secret,
						     rows[i].label, got, len),
				 0);
		assert_memory_equal(got, want, len);
	}
	EVP_KDF_free(kdf);
}

static const char first_hex[] =
	"4800001700010000000000013d98ba5b55f68e455addd90eb573e51852f4b555"
	"cdefaa5aa3fa246166df411deba23d2bebe44484376cfb5a61417c9ff4501697"
	"58a93820892fcea7b6bba311c92eace529faabb1";
static const char fourth_hex[] =
	"0700001700040000000000016eacea349ca836aab4d49ce685399a9bab964526"
	"e9cd11ece8cb7d77bdbc5c6ac4f49f36ea02e9c1f5d97644afa9118ba9f9a892"
	"623f1a130ffff5913d39d75b18573b5748589a7d";

static void test_vectors(void **state)
{
	uint8_t want[WIRE_LEN];

	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(hex_bytes(first_hex, want, WIRE_LEN), WIRE_LEN);
	seal_one("48000017");
	assert_memory_equal(wire, want, WIRE_LEN);
	assert_int_equal(open_one(want, WIRE_LEN), PLAIN_LEN);
	assert_memory_equal(out, plain, PLAIN_LEN);
	assert_int_equal(id.number, 1);
	assert_false(id.is_fresh);
	/* hearing a later epoch is reason to send in it */
	assert_int_equal(hex_bytes(fourth_hex, want, WIRE_LEN), WIRE_LEN);
	assert_int_equal(open_one(want, WIRE_LEN), PLAIN_LEN);
	assert_memory_equal(out, plain, PLAIN_LEN);
	assert_true(id.is_fresh);
	seal_one("07000017");
	assert_memory_equal(wire, want, WIRE_LEN);
	end();
}

/* Every single bit counts, and a forgery moves nothing. */
static void test_forgery(void **state)
{
	uint8_t pkt[WIRE_LEN];
	size_t bit;

	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	for (int i = 0; i < 2; i++) {
		hex_bytes(i ? fourth_hex : first_hex, pkt, WIRE_LEN);
		for (bit = 0; bit < 8 * WIRE_LEN; bit++) {
			pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(open_one(pkt, WIRE_LEN), -EBADMSG);
			pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(open_one(pkt, 28), -EINVAL);
	}
	hex_bytes(first_hex, pkt, WIRE_LEN);
	assert_int_equal(open_one(pkt, WIRE_LEN), PLAIN_LEN);
	assert_false(id.is_fresh);
	end();
}

/* Packets of the epochs 1 to @n. */
static void make_epochs(uint8_t pkts[][WIRE_LEN], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		seal_one("48000001");
		memcpy(pkts[i], wire, WIRE_LEN);
		assert_int_equal(wire[5], i + 1);
		use_up();
	}
}

/* Section 6.5: the epoch before, this one, and 16 behind it. */
static void test_reach(void **state)
{
	static uint8_t pkts[40][WIRE_LEN];
	static struct userdp_codec other_seal, other_open;

	(void)state;
	begin(PROTO_CIPHER_AES_128_GCM);
	make_epochs(pkts, 40);
	other_seal = seal;
	other_open = open;
	begin(PROTO_CIPHER_AES_128_GCM);
	assert_int_equal(open_one(pkts[17], WIRE_LEN), -EBADMSG);
	assert_int_equal(open_one(pkts[0], WIRE_LEN), PLAIN_LEN);
	assert_false(id.is_fresh);
	assert_int_equal(open_one(pkts[6], WIRE_LEN), PLAIN_LEN);
	assert_true(id.is_fresh);
	assert_false(id.is_late);
	/* 1 is retiring, 2 to 6 are skipped */
	assert_int_equal(open_one(pkts[0], WIRE_LEN), PLAIN_LEN);
	assert_true(id.is_late);
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(open_one(pkts[i], WIRE_LEN), -EBADMSG);
	assert_int_equal(open_one(pkts[23], WIRE_LEN), -EBADMSG);
	assert_int_equal(open_one(pkts[22], WIRE_LEN), PLAIN_LEN);
	assert_true(id.is_fresh);
	assert_int_equal(open_one(pkts[0], WIRE_LEN), -EBADMSG);
	assert_int_equal(open_one(pkts[6], WIRE_LEN), PLAIN_LEN);
	assert_int_equal(open_one(pkts[38], WIRE_LEN), PLAIN_LEN);
	/* and our own packets are of that epoch */
	seal_one("48000001");
	assert_int_equal(wire[5], 39);
	assert_int_equal(seal.next, UINT64_C(39) << 48 | 2);
	end();
	seal = other_seal;
	open = other_open;
	end();
}

#define WHOLE(epoch, n) ((uint64_t)(epoch) << 48 | (n))

/*
 * Another process goes on: it seals in an epoch that nothing has been sealed
 * in, and opens nothing of earlier epochs than that of the latest packet.
 */
static void test_resume(void **state)
{
	static uint8_t pkts[40][WIRE_LEN], again[WIRE_LEN];
	unsigned int tx, rx;

	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	make_epochs(pkts, 40);
	seal_one("48000001");
	memcpy(again, wire, WIRE_LEN);
	end();

	begin(PROTO_CIPHER_AES_256_GCM);
	/* nothing has been used, or what has been prepared only */
	assert_int_equal(userdp_epoch_resume(&seal, 0, 0), 0);
	assert_int_equal(seal.next, WHOLE(1, 1));
	assert_int_equal(userdp_epoch_resume(&seal, WHOLE(1, 1), 0), 0);
	assert_int_equal(seal.next, WHOLE(1, 1));
	assert_int_equal(open_one(pkts[0], WIRE_LEN), PLAIN_LEN);
	assert_int_equal(id.epoch, 1);
	end();

	begin(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(userdp_epoch_resume(&seal, WHOLE(40, 2),
					     WHOLE(37, 5)), 1);
	assert_true(userdp_epoch_numbers(&seal, &tx, &rx));
	assert_int_equal(tx, 41);
	assert_int_equal(rx, 37);
	seal_one("48000001");
	assert_memory_equal(wire, again, WIRE_LEN);
	assert_int_equal(open_one(pkts[36], WIRE_LEN), PLAIN_LEN);
	assert_int_equal(WHOLE(id.epoch, id.number), WHOLE(37, 1));
	assert_int_equal(id.window, 1);
	assert_false(id.is_late || id.is_fresh);
	for (size_t i = 0; i < 36; i++)
		assert_int_equal(open_one(pkts[i], WIRE_LEN), -EBADMSG);
	assert_int_equal(open_one(pkts[39], WIRE_LEN), PLAIN_LEN);
	assert_true(id.is_fresh);
	end();

	begin(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(userdp_epoch_resume(&seal, WHOLE(4097, 1), 0),
			 -ERANGE);
	assert_int_equal(userdp_epoch_resume(&seal, 0, WHOLE(4097, 1)),
			 -ERANGE);
	assert_true(userdp_epoch_resume(&seal, WHOLE(4096, 9),
					WHOLE(4096, 9)) >= 0);
	assert_int_equal(seal.next, WHOLE(4097, 1));
	end();
}

static void test_ciphers(void **state)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_GCM, PROTO_CIPHER_AES_192_GCM,
		PROTO_CIPHER_AES_256_GCM, PROTO_CIPHER_CHACHA20_POLY1305,
	};
	uint8_t secret[32] = { 1 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		begin(ciphers[i]);
		assert_int_equal(userdp_codec_wire(&seal, PLAIN_LEN),
				 WIRE_LEN);
		for (int k = 0; k < 3; k++) {
			seal_one("49000001");
			assert_int_equal(open_one(wire, WIRE_LEN), PLAIN_LEN);
			use_up();
		}
		end();
	}
	assert_int_equal(userdp_epoch_init(&seal, &open,
			 PROTO_CIPHER_AES_128_CBC, secret, secret), -EINVAL);
}

/* Packets of DATA_V1 have no epochs. */
static void test_v1(void **state)
{
	uint8_t pkt[WIRE_LEN];

	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	hex_bytes(first_hex, pkt, WIRE_LEN);
	assert_int_equal(open.ops->open(&open, pkt, 1, WIRE_LEN, out, &id),
			 -EINVAL);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_forgery),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_v1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
