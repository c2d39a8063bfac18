// SPDX-License-Identifier: GPL-2.0-or-later
/* Peer-info, options strings, control strings, push: sections 4.7, 5, 8.3. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/proto.h"

#define PEER_INFO "IV_VER=2.7.6\nIV_PLAT=linux\nIV_NCP=2\nIV_PROTO=990\n" \
	"IV_CIPHERS=AES-256-GCM:AES-128-GCM\n"

static void test_peer_info(void **state)
{
	static const struct {
		const char *info, *name, *value;	/* NULL: -ENOENT */
	} rows[] = {
		{ PEER_INFO, "IV_VER", "2.7.6" },
		{ PEER_INFO, "IV_CIPHERS", "AES-256-GCM:AES-128-GCM" },
		{ PEER_INFO, "IV_PLA", NULL },
		{ PEER_INFO, "IV_PLAT", "linux" },
		{ PEER_INFO, "V_PLAT", NULL },
		{ PEER_INFO, "linux", NULL },
		{ "", "IV_VER", NULL },
		{ "IV_VER", "IV_VER", NULL },
		{ "IV_VER=", "IV_VER", "" },
		{ "A=1\nA=2", "A", "1" },
		{ "UV_IV_PROTO=773\nIV_PROTO=4", "IV_PROTO", "4" },
		{ "UV_IV_PROTO=773", "IV_PROTO", NULL },
		{ "A=x y$z(`\x01\x7f", "A", "x_y_z____" },
	};
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = proto_peer_info_get(rows[i].info, rows[i].name, out,
					      sizeof(out));

		if (!rows[i].value) {
			assert_int_equal(ret, -ENOENT);
			continue;
		}
		assert_int_equal(ret, (int)strlen(rows[i].value));
		assert_string_equal(out, rows[i].value);
	}
	assert_int_equal(proto_peer_info_get("A=12345", "A", out, 5), -ENOBUFS);
	assert_int_equal(proto_peer_info_get("A=12345", "A", out, 6), 5);
}

static void test_peer_info_number(void **state)
{
	static const struct {
		const char *info;
		unsigned long number;
	} rows[] = {
		{ "IV_PROTO=990", 990 },
		{ "IV_VER=2\nIV_PROTO=2974\n", 2974 },
		{ "UV_IV_PROTO=773\n", 0 },
		{ "IV_PROTO=nine\n", 0 },
		{ "IV_PROTO=12x\n", 0 },
		{ "IV_PROTO=-2\n", 0 },
		{ "IV_PROTO=\n", 0 },
		{ "", 0 },
		{ "IV_PROTO=99999999999999999999999\n", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(proto_peer_info_number(rows[i].info,
							"IV_PROTO"),
				 rows[i].number);
	/* The typical values of section 5.5. */
	assert_int_equal(990, PROTO_IV_DATA_V2 | PROTO_IV_REQUEST_PUSH |
			 PROTO_IV_TLS_KEY_EXPORT | PROTO_IV_AUTH_PENDING_KW |
			 1 << 6 | PROTO_IV_CC_EXIT_NOTIFY |
			 PROTO_IV_AUTH_FAIL_TEMP | PROTO_IV_DYN_TLS_CRYPT);
	assert_int_equal(2974, PROTO_IV_DATA_V2 | PROTO_IV_REQUEST_PUSH |
			 PROTO_IV_TLS_KEY_EXPORT | PROTO_IV_AUTH_PENDING_KW |
			 PROTO_IV_CC_EXIT_NOTIFY | PROTO_IV_AUTH_FAIL_TEMP |
			 PROTO_IV_DYN_TLS_CRYPT | PROTO_IV_DNS_OPTION_V2);
}

/* options string */

static void assert_occ(const struct proto_occ *occ, const char *want)
{
	size_t cap, len = strlen(want);
	char *out;

	for (cap = 0; cap <= len + 1; cap++) {
		/* On the heap, so that writing too far is seen. */
		out = malloc(cap);
		assert_int_equal(proto_occ_build(occ, out, cap),
				 cap > len ? 0 : -ENOBUFS);
		if (cap > len)
			assert_string_equal(out, want);
		free(out);
	}
}

static void test_occ_build(void **state)
{
	struct proto_occ occ = {
		.tun_mtu = 1500, .auth = "SHA1", .keysize = 128,
		.key_direction = -1,
	};

	(void)state;
	assert_occ(&occ, "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,"
		   "proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client");
	occ.cipher = "AES-256-GCM";
	occ.auth = "[null-digest]";
	occ.keysize = 256;
	assert_occ(&occ, "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,"
		   "proto UDPv4,cipher AES-256-GCM,auth [null-digest],"
		   "keysize 256,key-method 2,tls-client");
	occ.has_framing = true;
	assert_occ(&occ, "V4,dev-type tun,link-mtu 1550,tun-mtu 1500,"
		   "proto UDPv4,comp-lzo,cipher AES-256-GCM,"
		   "auth [null-digest],keysize 256,key-method 2,tls-client");
	occ.has_framing = false;
	occ.is_server = true;
	occ.has_tls_auth = true;
	occ.key_direction = 0;
	occ.is_tcp = true;
	assert_occ(&occ, "V4,dev-type tun,link-mtu 1551,tun-mtu 1500,"
		   "proto TCPv4_SERVER,keydir 0,cipher AES-256-GCM,"
		   "auth [null-digest],keysize 256,tls-auth,key-method 2,"
		   "tls-server");
	occ.is_server = false;
	occ.key_direction = 1;
	occ.link_mtu = 1400;
	occ.cipher = NULL;
	assert_occ(&occ, "V4,dev-type tun,link-mtu 1400,tun-mtu 1500,"
		   "proto TCPv4_CLIENT,keydir 1,auth [null-digest],"
		   "keysize 256,tls-auth,key-method 2,tls-client");
}

static void test_occ_link_mtu(void **state)
{
	static const struct {
		const char *cipher, *auth, *link_mtu;
	} rows[] = {	/* TLS, UDP, tun-mtu 1400 */
		{ "AES-128-CBC", "SHA1", "1457" },
		{ "[null-cipher]", "[null-digest]", "1405" },
		{ "AES-256-GCM", "[null-digest]", "1449" },
		{ "CHACHA20-POLY1305", "[null-digest]", "1449" },
		{ NULL, "[null-digest]", "1449" },
		{ "BF-CBC", "SHA1", "1441" },
		{ NULL, "SHA1", "1441" },
		{ NULL, "sha256", "1453" },
		{ "AES-128-CBC", "SHA256", "1469" },
		{ "AES-128-CBC", "MD5", "1453" },
		{ "DES-EDE3-CBC", "SHA1", "1441" },
		{ "AES-128-CFB", "SHA1", "1461" },
		{ "AES-128-OFB", "SHA1", "1461" },
		{ "[null-cipher]", "SHA1", "1425" },
		{ "AES-128-CBC", "no-such-digest", "1437" },
	};
	char out[PROTO_OPTIONS_MAX], value[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proto_occ occ = {
			.tun_mtu = 1400, .cipher = rows[i].cipher,
			.auth = rows[i].auth, .key_direction = -1,
		};

		assert_int_equal(proto_occ_build(&occ, out, sizeof(out)), 0);
		assert_true(proto_occ_get(out, "link-mtu", value,
					  sizeof(value)) > 0);
		assert_string_equal(value, rows[i].link_mtu);
	}
}

static void test_occ_has(void **state)
{
	(void)state;
	assert_true(proto_occ_has("V4,comp-lzo,auth SHA1", "comp-lzo"));
	assert_true(proto_occ_has("V4,comp-lzo", "comp-lzo"));
	assert_true(proto_occ_has("V4,auth SHA1", "auth"));
	assert_false(proto_occ_has("V4,comp-lzonot,auth SHA1", "comp-lzo"));
	assert_false(proto_occ_has("V4,auth comp-lzo", "comp-lzo"));
	assert_false(proto_occ_has("", "comp-lzo"));
}

static void test_occ_get(void **state)
{
	static const char occ[] = "V4,dev-type tun,link-mtu 1549,"
		"cipher AES-256-GCM,auth [null-digest],tls-auth,tls-client";
	static const struct {
		const char *occ, *name, *value;
	} rows[] = {
		{ occ, "cipher", "AES-256-GCM" },
		{ occ, "V4", "" },
		{ occ, "tls-auth", "" },
		{ occ, "auth", "[null-digest]" },
		{ occ, "tls-client", "" },
		{ occ, "tls", NULL },
		{ occ, "mtu", NULL },
		{ "", "cipher", NULL },
		{ "cipher ", "cipher", "" },
		{ "cipher\tX", "cipher", NULL },
		{ "xcipher A,cipher B", "cipher", "B" },
	};
	char out[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = proto_occ_get(rows[i].occ, rows[i].name, out,
					sizeof(out));

		if (!rows[i].value) {
			assert_int_equal(ret, -ENOENT);
			continue;
		}
		assert_int_equal(ret, (int)strlen(rows[i].value));
		assert_string_equal(out, rows[i].value);
	}
	assert_int_equal(proto_occ_get(occ, "cipher", out, 11), -ENOBUFS);
}

/* control strings */

static void test_strings_split(void **state)
{
	static const char record[] = "valid control message\r\n\0\0"
		"Invalid\r\none\0valid one again\0fragment";
	static const char *const want[] = {
		"valid control message", "", "valid one again",
	};
	const uint8_t *pos = (const uint8_t *)record;
	size_t left = sizeof(record) - 1;
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(proto_string_next(&pos, &left, out, sizeof(out)));
		assert_string_equal(out, want[i]);
	}
	assert_false(proto_string_next(&pos, &left, out, sizeof(out)));
	assert_int_equal(left, 0);
	assert_false(proto_string_next(&pos, &left, out, sizeof(out)));
}

static void test_strings_limits(void **state)
{
	static const char record[] = "12345\0" "1234\0" "\x01\0" "\x7f\0"
		"\t\0" "gr\xc3\xbc\xc3\x9f\r\n\r\n";
	const uint8_t *pos = (const uint8_t *)record;
	size_t left = sizeof(record);
	char out[7];

	(void)state;
	/* Too long for the buffer is skipped, not cut. */
	assert_true(proto_string_next(&pos, &left, out, 5));
	assert_string_equal(out, "1234");
	/* UTF-8 is text; control characters are not. */
	assert_true(proto_string_next(&pos, &left, out, sizeof(out)));
	assert_string_equal(out, "gr\xc3\xbc\xc3\x9f");
	assert_false(proto_string_next(&pos, &left, out, sizeof(out)));
}

/* push */

struct sink {
	char msg[8][PROTO_PUSH_MAX];
	size_t n;
	int error;
};

static int sink_emit(void *arg, const char *msg)
{
	struct sink *sink = arg;

	assert_true(strlen(msg) < PROTO_PUSH_MAX);
	assert_true(sink->n < 8);
	strcpy(sink->msg[sink->n++], msg);
	return sink->error;
}

static void test_push_short(void **state)
{
	struct sink sink = { .n = 0 };
	struct proto_push push;

	(void)state;
	proto_push_init(&push, sink_emit, &sink);
	assert_int_equal(proto_push_finish(&push), 0);
	assert_string_equal(sink.msg[0], "PUSH_REPLY");

	assert_int_equal(proto_push_add(&push, "route 10.0.0.0 255.0.0.0"), 0);
	assert_int_equal(proto_push_add(&push, "peer-id 0"), 0);
	assert_int_equal(proto_push_finish(&push), 0);
	assert_string_equal(sink.msg[1],
			    "PUSH_REPLY,route 10.0.0.0 255.0.0.0,peer-id 0");
	assert_int_equal(sink.n, 2);
}

static void test_push_update(void **state)
{
	struct sink sink = { .n = 0 };
	struct proto_push push;

	(void)state;
	proto_push_update_init(&push, sink_emit, &sink);
	for (unsigned int i = 0; i < 50; i++)
		assert_int_equal(proto_push_add(&push,
				 "route 10.0.0.0 255.255.255.0"), 0);
	assert_int_equal(proto_push_finish(&push), 0);
	assert_int_equal(sink.n, 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_memory_equal(sink.msg[i], "PUSH_UPDATE,route ", 18);
		assert_true(strlen(sink.msg[i]) < PROTO_PUSH_MAX);
	}
	assert_non_null(strstr(sink.msg[0], ",push-continuation 2"));
	assert_non_null(strstr(sink.msg[1], ",push-continuation 1"));
}

static void test_push_refuses(void **state)
{
	char option[PROTO_PUSH_OPTION_MAX + 1];
	struct sink sink = { .n = 0 };
	struct proto_push push;

	(void)state;
	proto_push_init(&push, sink_emit, &sink);
	assert_int_equal(proto_push_add(&push, ""), -EINVAL);
	assert_int_equal(proto_push_add(&push, "route a,b"), -EINVAL);
	assert_int_equal(proto_push_add(&push, ",route"), -EINVAL);
	assert_int_equal(proto_push_add(&push, "route,"), -EINVAL);
	assert_int_equal(proto_push_add(&push, "route\n"), -EINVAL);
	memset(option, 'x', sizeof(option));
	option[PROTO_PUSH_OPTION_MAX] = '\0';
	assert_int_equal(proto_push_add(&push, option), -EINVAL);
	option[PROTO_PUSH_OPTION_MAX - 1] = '\0';
	assert_int_equal(proto_push_add(&push, option), 0);
	assert_int_equal(sink.n, 0);
	/* The sink's error comes through. */
	sink.error = -EPIPE;
	assert_int_equal(proto_push_finish(&push), -EPIPE);
}

/* Fill a message to @len bytes and add an option of @option_len to it. */
static size_t push_count(size_t len, size_t option_len, struct sink *sink)
{
	char option[PROTO_PUSH_OPTION_MAX];
	struct proto_push push;
	size_t now = strlen("PUSH_REPLY");
	size_t step;

	sink->n = 0;
	proto_push_init(&push, sink_emit, sink);
	while (now < len) {
		step = len - now > 101 ? 100 : len - now - 1;
		/* A comma needs something behind it. */
		if (len - now - 1 - step == 1)
			step--;
		memset(option, 'a', step);
		option[step] = '\0';
		assert_int_equal(proto_push_add(&push, option), 0);
		now += step + 1;
	}
	assert_int_equal(push.len, len);
	memset(option, 'b', option_len);
	option[option_len] = '\0';
	assert_int_equal(proto_push_add(&push, option), 0);
	assert_int_equal(proto_push_finish(&push), 0);
	return sink->n;
}

static void test_push_split(void **state)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	const char *tail;

	(void)state;
	assert_non_null(sink);
	/* Current length plus option: 939 fits, 940 does not. */
	assert_int_equal(push_count(900, 39, sink), 1);
	assert_int_equal(push_count(900, 40, sink), 2);
	assert_int_equal(push_count(939, 1, sink), 2);
	tail = strrchr(sink->msg[0], ',');
	assert_string_equal(tail, ",push-continuation 2");
	assert_string_equal(sink->msg[1], "PUSH_REPLY,b,push-continuation 1");
	free(sink);
}

/* Everything pushed comes out again, in order, each message in its limits. */
static void test_push_round_trip(void **state)
{
	char option[PROTO_PUSH_OPTION_MAX], want[PROTO_PUSH_OPTION_MAX];
	struct sink *sink = calloc(1, sizeof(*sink));
	struct proto_push push;
	unsigned int n = 0;
	const char *pos;
	size_t i;

	(void)state;
	assert_non_null(sink);
	proto_push_init(&push, sink_emit, sink);
	for (i = 0; i < 100; i++) {
		snprintf(option, sizeof(option), "route 10.%zu.0.0 %0*d", i,
			 (int)(i % 50) + 1, 7);
		assert_int_equal(proto_push_add(&push, option), 0);
	}
	assert_int_equal(proto_push_finish(&push), 0);
	assert_true(sink->n > 2);
	for (i = 0; i < sink->n; i++) {
		assert_memory_equal(sink->msg[i], "PUSH_REPLY", 10);
		pos = sink->msg[i] + 10;
		while (proto_push_next(&pos, option, sizeof(option))) {
			if (!strncmp(option, "push-c", 6))
				break;
			snprintf(want, sizeof(want), "route 10.%u.0.0 %0*d", n,
				 (int)(n % 50) + 1, 7);
			assert_string_equal(option, want);
			n++;
		}
		assert_string_equal(option, i + 1 < sink->n ?
				    "push-continuation 2" :
				    "push-continuation 1");
		assert_false(proto_push_next(&pos, option, sizeof(option)));
	}
	assert_int_equal(n, 100);
	free(sink);
}

static void test_push_next(void **state)
{
	const char *pos = ",a,,bcdef,four,gh,";
	char out[4];

	(void)state;
	assert_true(proto_push_next(&pos, out, sizeof(out)));
	assert_string_equal(out, "a");
	/* Empty and over-long ones are left out. */
	assert_true(proto_push_next(&pos, out, sizeof(out)));
	assert_string_equal(out, "gh");
	assert_false(proto_push_next(&pos, out, sizeof(out)));
	pos = "";
	assert_false(proto_push_next(&pos, out, sizeof(out)));
	/* PUSH_REPLYX is no PUSH_REPLY. */
	pos = "X,a";
	assert_false(proto_push_next(&pos, out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_info),
		cmocka_unit_test(test_peer_info_number),
		cmocka_unit_test(test_occ_build),
		cmocka_unit_test(test_occ_link_mtu),
		cmocka_unit_test(test_occ_has),
		cmocka_unit_test(test_occ_get),
		cmocka_unit_test(test_strings_split),
		cmocka_unit_test(test_strings_limits),
		cmocka_unit_test(test_push_short),
		cmocka_unit_test(test_push_refuses),
		cmocka_unit_test(test_push_update),
		cmocka_unit_test(test_push_split),
		cmocka_unit_test(test_push_round_trip),
		cmocka_unit_test(test_push_next),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("proto_text", tests, NULL, NULL);
}
