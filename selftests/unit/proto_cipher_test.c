// SPDX-License-Identifier: GPL-2.0-or-later
/* Ciphers and their negotiation: protocol sections 6.6, 8.4 and 12.11. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/proto.h"

#define CCP "CHACHA20-POLY1305"
#define DES4 "DES-CBC:DES-CBC:DES-CBC:DES-CBC"
#define CCP7 CCP ":" CCP ":" CCP ":" CCP ":" CCP ":" CCP ":" CCP

static void test_find(void **state)
{
	static const struct {
		const char *name;
		enum proto_cipher cipher;
		size_t key_len;
	} rows[] = {
		{ "AES-128-GCM", PROTO_CIPHER_AES_128_GCM, 16 },
		{ "AES-192-GCM", PROTO_CIPHER_AES_192_GCM, 24 },
		{ "AES-256-GCM", PROTO_CIPHER_AES_256_GCM, 32 },
		{ "aes-256-gcm", PROTO_CIPHER_AES_256_GCM, 32 },
		{ "id-aes128-GCM", PROTO_CIPHER_AES_128_GCM, 16 },
		{ "id-aes192-GCM", PROTO_CIPHER_AES_192_GCM, 24 },
		{ "id-aes256-GCM", PROTO_CIPHER_AES_256_GCM, 32 },
		{ CCP, PROTO_CIPHER_CHACHA20_POLY1305, 32 },
		{ "ChaCha20-Poly1305", PROTO_CIPHER_CHACHA20_POLY1305, 32 },
		{ "none", PROTO_CIPHER_NONE, 0 },
		{ "AES-128-CBC", PROTO_CIPHER_AES_128_CBC, 16 },
		{ "aes-192-cbc", PROTO_CIPHER_AES_192_CBC, 24 },
		{ "AES-256-CBC", PROTO_CIPHER_AES_256_CBC, 32 },
		{ "BF-CBC", PROTO_CIPHER_NONE, 0 },
		{ "AES-256-GC", PROTO_CIPHER_NONE, 0 },
		{ "AES-256-GCMX", PROTO_CIPHER_NONE, 0 },
		{ "", PROTO_CIPHER_NONE, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum proto_cipher cipher = proto_cipher_find(rows[i].name);

		assert_int_equal(cipher, rows[i].cipher);
		assert_int_equal(proto_cipher_key_len(cipher), rows[i].key_len);
		assert_int_equal(proto_cipher_find(proto_cipher_name(cipher)),
				 cipher);
	}
	/* A value that is none of the enum's. */
	assert_string_equal(proto_cipher_name((enum proto_cipher)8), "none");
	assert_int_equal(proto_cipher_key_len((enum proto_cipher)8), 0);
}

static void test_aead(void **state)
{
	static const struct {
		const char *list, *want;
	} rows[] = {
		{ "AES-256-GCM", "AES-256-GCM" },
		{ "AES-256-CBC:AES-256-GCM:BF-CBC:" CCP, "AES-256-GCM:" CCP },
		{ "AES-256-CBC", "" },
		{ "none", "" },
		{ "", "" },
	};
	char out[PROTO_CIPHER_LIST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		proto_cipher_list_aead(rows[i].list, out);
		assert_string_equal(out, rows[i].want);
	}
	assert_true(proto_cipher_is_aead(PROTO_CIPHER_CHACHA20_POLY1305));
	assert_false(proto_cipher_is_aead(PROTO_CIPHER_AES_128_CBC));
	assert_false(proto_cipher_is_aead(PROTO_CIPHER_NONE));
}

static void test_list(void **state)
{
	static const struct {
		const char *list;
		int ret;
		const char *want;	/* list, or the offence */
	} rows[] = {
		{ "AES-256-GCM:?vollbit:AES-128-GCM", 0,
		  "AES-256-GCM:AES-128-GCM" },
		{ "AES-256-GCM:vollbit", -EINVAL, "vollbit" },
		{ "Vollbit:Littlebit:AES-256-CBC:BF-CBC:?nixbit", -EINVAL,
		  "Vollbit:Littlebit:AES-256-CBC:BF-CBC:?nixbit" },
		{ "?kugelfisch:?grasshopper", -ENODATA, NULL },
		{ "", -ENODATA, NULL },
		{ ":", -ENODATA, NULL },
		{ "id-aes128-GCM:id-aes256-GCM", 0, "AES-128-GCM:AES-256-GCM" },
		{ CCP7, 0, CCP7 },
		{ CCP7 ":", 0, CCP7 },
		{ CCP7 ":" CCP, -E2BIG, NULL },
		/* 127 characters, and 128 */
		{ DES4 ":" DES4 ":" DES4 ":" DES4, 0,
		  DES4 ":" DES4 ":" DES4 ":" DES4 },
		{ DES4 ":" DES4 ":" DES4 ":DES-CBC:DES-CBC:AES-256-GCM:none",
		  -E2BIG, NULL },
		{ "AES-256-GCM:?aes-128-gcm", 0, "AES-256-GCM:AES-128-GCM" },
		{ "AES-256-GCM:AES-128-CCM", -EINVAL, "AES-128-CCM" },
		{ "AES-256-GCM:?AES-128-CCM", 0, "AES-256-GCM" },
		{ "none", 0, "none" },
		{ "AES-256-GCM:none", 0, "AES-256-GCM:none" },
		{ "BF-CBC:DEFAULT:AES-128-CBC", 0,
		  "BF-CBC:AES-256-GCM:AES-128-GCM:" CCP ":AES-128-CBC" },
		{ "DEFAULT", 0, "AES-256-GCM:AES-128-GCM:" CCP },
		{ "chacha20-poly1305:aes-192-gcm", 0, CCP ":AES-192-GCM" },
		{ "blowfish-cbc:AES-128-CFB128", 0, "BF-CBC:AES-128-CFB" },
		{ "?:AES-256-GCM", 0, "AES-256-GCM" },
		{ "AES-256-XTS", -EINVAL, "AES-256-XTS" },
		{ "AES-256-GCM:-CBC", -EINVAL, "-CBC" },
	};
	char out[PROTO_CIPHER_LIST_MAX];
	const char *bad;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(proto_cipher_list_normalise(rows[i].list, out,
							     &bad),
				 rows[i].ret);
		if (!rows[i].ret)
			assert_string_equal(out, rows[i].want);
		if (rows[i].ret == -EINVAL)
			assert_string_equal(bad, rows[i].want);
		else
			assert_null(bad);
	}
}

static void test_list_has(void **state)
{
	static const char list[] = "AES-256-GCM:AES-128-GCM";

	(void)state;
	assert_true(proto_cipher_list_has(list, "AES-256-GCM"));
	assert_true(proto_cipher_list_has(list, "AES-128-GCM"));
	assert_false(proto_cipher_list_has(list, "AES-128-GC"));
	assert_false(proto_cipher_list_has(list, "ES-128-GCM"));
	assert_false(proto_cipher_list_has(list, "AES-256-GCM:AES-128-GCM"));
	assert_false(proto_cipher_list_has(list, ""));
	assert_false(proto_cipher_list_has("", "AES-256-GCM"));
	assert_false(proto_cipher_list_has("::", ""));
}

static void test_negotiate(void **state)
{
	static const struct {
		const char *server, *peer_info, *occ, *fallback;
		const char *want;
		bool is_pushable;
	} rows[] = {
		/* No NCP: the cipher of the options string, if it is ours. */
		{ CCP ":AES-128-GCM", "IV_VER=2.3\n", "V4,cipher BF-CBC",
		  NULL, "none", false },
		{ CCP ":AES-128-GCM", "IV_NCP=1\n", "V4,cipher AES-128-GCM",
		  NULL, "AES-128-GCM", false },
		{ CCP ":AES-128-GCM", "", "V4,cipher AES-128-GCM,auth X",
		  NULL, "AES-128-GCM", false },
		/* IV_NCP=2 stands for the two AES-GCM ciphers. */
		{ CCP ":AES-128-GCM", "IV_NCP=2\n", "V4,cipher " CCP,
		  NULL, CCP, true },
		{ CCP ":AES-128-GCM", "IV_NCP=2\n", "V4", NULL,
		  "AES-128-GCM", true },
		/* IV_CIPHERS wins over both. */
		{ CCP ":AES-256-GCM", "IV_CIPHERS=AES-256-GCM\nIV_NCP=2\n",
		  "V4,cipher " CCP, NULL, "AES-256-GCM", true },
		{ CCP ":AES-128-GCM", "IV_CIPHERS=AES-256-GCM\nIV_NCP=2\n",
		  "V4,cipher AES-128-GCM", "AES-128-GCM", "none", true },
		/* The server's order counts. */
		{ "AES-128-GCM:AES-256-GCM",
		  "IV_CIPHERS=AES-256-GCM:AES-128-GCM\n", "", NULL,
		  "AES-128-GCM", true },
		/* What no data path carries is passed over. */
		{ "CAMELLIA-256-CBC:AES-256-GCM",
		  "IV_CIPHERS=CAMELLIA-256-CBC:AES-256-GCM\n", "", NULL,
		  "AES-256-GCM", true },
		{ "AES-256-CBC:AES-256-GCM",
		  "IV_CIPHERS=AES-256-CBC:AES-256-GCM\n", "", NULL,
		  "AES-256-CBC", true },
		{ CCP ":none", "", "V4,cipher none", NULL, "none", false },
		/* The fallback is for those who said nothing. */
		{ "AES-256-GCM", "", "V4,dev-type tun", "AES-128-GCM",
		  "AES-128-GCM", false },
		{ "AES-256-GCM", "", "", NULL, "none", false },
		{ "AES-256-GCM", "", "V4,cipher BF-CBC", "AES-128-GCM",
		  "none", false },
		{ "AES-256-GCM", "IV_CIPHERS=\n", "", "AES-128-GCM", "none",
		  true },
		{ "AES-256-GCM", "UV_IV_CIPHERS=AES-256-GCM\n", "", NULL,
		  "none", false },
	};
	bool is_pushable;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum proto_cipher cipher;

		is_pushable = !rows[i].is_pushable;
		cipher = proto_cipher_negotiate(rows[i].server,
						rows[i].peer_info, rows[i].occ,
						rows[i].fallback, &is_pushable);
		assert_string_equal(proto_cipher_name(cipher), rows[i].want);
		assert_int_equal(is_pushable, rows[i].is_pushable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_has),
		cmocka_unit_test(test_negotiate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("proto_cipher", tests, NULL, NULL);
}
