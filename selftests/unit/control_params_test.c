// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/control.h"

/* What a server decides from its client's peer-info and options string. */

#define USUAL "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305"
#define OLD USUAL ":AES-256-CBC"

static const struct row {
	const char *info, *occ;
	bool is_plain, has_epochs;
	const char *ciphers, *fallback;
	const char *reason;	/* begins so; NULL: accepted */
	struct control_params want;
} rows[] = {
	{ .info = "IV_PROTO=990\nIV_CIPHERS=AES-128-GCM:AES-256-GCM\n",
	  .is_plain = true, .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_ekm = true,
		.is_cc_exit = true, .is_dyn_tls_crypt = true } },
	{ .info = "IV_PROTO=2\nIV_CIPHERS=CHACHA20-POLY1305\n", .want = {
		.cipher = PROTO_CIPHER_CHACHA20_POLY1305 } },
	{ .info = "IV_PROTO=10\nIV_NCP=2\n", .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_ekm = true } },
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-CBC\n",
	  .reason = "Data channel cipher negotiation failed" },
	/* only userspace sends without a peer id */
	{ .info = "IV_PROTO=988\nIV_CIPHERS=AES-256-GCM\n", .is_plain = true,
	  .reason = "Data channel negotiation failed (missing DATA_V2)" },
	{ .info = "IV_PROTO=988\nIV_CIPHERS=AES-256-GCM\n", .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_v1 = true,
		.is_ekm = true, .is_cc_exit = true,
		.is_dyn_tls_crypt = true } },
	{ .info = "", .occ = "V4,cipher BF-CBC",
	  .reason = "Data channel cipher negotiation failed" },
	/* old ciphers, and peers that do not negotiate */
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-CBC\n", .ciphers = OLD,
	  .want = { .cipher = PROTO_CIPHER_AES_256_CBC } },
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-CBC\n", .ciphers = OLD,
	  .is_plain = true,
	  .reason = "Data channel cipher negotiation failed" },
	{ .info = "", .occ = "V4,cipher AES-256-CBC,auth SHA1", .ciphers = OLD,
	  .want = { .cipher = PROTO_CIPHER_AES_256_CBC, .is_v1 = true } },
	{ .info = "IV_VER=2.3.2\n", .occ = "V4,tun-mtu 1500",
	  .fallback = "AES-128-CBC", .want = {
		.cipher = PROTO_CIPHER_AES_128_CBC, .is_v1 = true } },
	{ .info = "IV_PROTO=2\n", .fallback = "AES-128-CBC", .is_plain = true,
	  .reason = "Data channel cipher negotiation failed" },
	{ .info = "IV_PROTO=2\n", .fallback = "AES-128-GCM", .is_plain = true,
	  .want = { .cipher = PROTO_CIPHER_AES_128_GCM } },
	{ .info = "IV_VER=2.3.2\n", .occ = "V4,cipher AES-192-CBC",
	  .fallback = "AES-128-CBC",
	  .reason = "Data channel cipher negotiation failed" },
	/* compression is answered by a framing that adds nothing */
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUBv2=1\n",
	  .occ = "V4,comp-lzo,auth SHA1", .is_plain = true, .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM,
		.framing = PROTO_FRAMING_V2 } },
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUBv2=1\n",
	  .occ = "V4,auth SHA1", .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM } },
	/* which some do not have */
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUB=1\n",
	  .occ = "V4,comp-lzo,auth SHA1", .is_plain = true,
	  .reason = "Compression framing is not supported" },
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\n",
	  .occ = "V4,comp-lzo,auth SHA1", .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM,
		.framing = PROTO_FRAMING_LZO } },
	/* epoch data keys */
	{ .info = "IV_PROTO=8094\nIV_CIPHERS=AES-128-GCM:AES-256-GCM\n",
	  .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_ekm = true,
		.is_cc_exit = true, .is_dyn_tls_crypt = true,
		.is_epoch = true } },
	{ .info = "IV_PROTO=8094\nIV_CIPHERS=AES-128-GCM:AES-256-GCM\n",
	  .is_plain = true, .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_ekm = true,
		.is_cc_exit = true, .is_dyn_tls_crypt = true } },
	{ .info = "IV_PROTO=8094\nIV_CIPHERS=AES-128-GCM:AES-256-GCM\n",
	  .is_plain = true, .has_epochs = true, .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_ekm = true,
		.is_cc_exit = true, .is_dyn_tls_crypt = true,
		.is_epoch = true } },
	{ .info = "IV_PROTO=1154\nIV_CIPHERS=AES-256-CBC\n", .ciphers = OLD,
	  .want = { .cipher = PROTO_CIPHER_AES_256_CBC, .is_cc_exit = true } },
	{ .info = "IV_PROTO=1152\nIV_CIPHERS=AES-256-GCM\n", .want = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .is_v1 = true,
		.is_cc_exit = true } },
	/* fragments: both sides have to have them (see has_fragment below) */
	{ .info = "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\n",
	  .occ = "V4,tun-mtu 1500,mtu-dynamic",
	  .reason = "This server has no fragment option" },
};

static void test_params(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct control_offer offer = {
			.data_ciphers = row->ciphers ? row->ciphers : USUAL,
			.fallback = row->fallback,
			.is_plain = row->is_plain,
			.has_epochs = !row->is_plain || row->has_epochs,
		};
		struct control_params params, want = row->want;
		const char *reason = NULL;
		int ret;

		ret = control_params_negotiate(&params, &offer, row->info,
					       row->occ ? row->occ : "V4",
					       &reason);
		assert_int_equal(ret, row->reason ? -EPROTO : 0);
		if (ret) {
			assert_memory_equal(reason, row->reason,
					    strlen(row->reason));
			continue;
		}
		assert_int_equal(params.cipher, want.cipher);
		assert_int_equal(params.is_ekm, want.is_ekm);
		assert_int_equal(params.is_cc_exit, want.is_cc_exit);
		assert_int_equal(params.is_dyn_tls_crypt,
				 want.is_dyn_tls_crypt);
		assert_int_equal(params.is_v1, want.is_v1);
		assert_int_equal(params.is_epoch, want.is_epoch);
		assert_int_equal(params.framing, want.framing);
		assert_false(params.is_fragmented);
	}
}

/* A server with fragments has clients with and without them. */
static void test_fragment(void **state)
{
	static const struct {
		const char *occ;
		bool want;
	} cases[] = {
		{ "V4,tun-mtu 1500,proto UDPv4,mtu-dynamic,auth SHA1", true },
		{ "V4,tun-mtu 1500,proto UDPv4,auth SHA1", false },
		{ "V4", true },
		{ NULL, true },
	};
	const struct control_offer offer = {
		.data_ciphers = USUAL, .has_fragment = true,
	};
	struct control_params params;
	const char *reason = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(control_params_negotiate(&params, &offer,
				"IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\n",
				cases[i].occ, &reason), 0);
		assert_int_equal(params.is_fragmented, cases[i].want);
	}
}

/* Section 8.14: of the two lists, the TLS server's order counts. */
static void test_two_ciphers(void **state)
{
	static const char info[] =
		"IV_CIPHERS=AES-256-GCM:AES-128-GCM\nIV_PROTO=42\n";
	struct control_offer offer = {
		.data_ciphers = "AES-192-GCM:AES-128-GCM:AES-256-GCM",
	};
	struct control_params params;

	(void)state;
	assert_int_equal(control_params_p2p(&params, &offer, NULL, info), 0);
	assert_int_equal(params.cipher, PROTO_CIPHER_AES_256_GCM);
	offer.is_server = true;
	assert_int_equal(control_params_p2p(&params, &offer, NULL, info), 0);
	assert_int_equal(params.cipher, PROTO_CIPHER_AES_128_GCM);
}

/* Section 8.14: the TLS client's view of the other end. */
static void test_two(void **state)
{
	static const struct {
		const char *info, *own;
		bool is_plain;
		int ret;
		struct control_params want;
	} cases[] = {
		{ "IV_CIPHERS=AES-128-GCM:AES-256-GCM\nIV_PROTO=682\n", NULL,
		  true, 0, { .cipher = PROTO_CIPHER_AES_128_GCM,
			     .is_ekm = true, .is_cc_exit = true,
			     .is_dyn_tls_crypt = true } },
		/* with epochs, where they can be carried */
		{ "IV_CIPHERS=AES-256-CBC:AES-256-GCM\nIV_PROTO=1066\n", NULL,
		  false, 0, { .cipher = PROTO_CIPHER_AES_256_CBC,
			      .is_ekm = true } },
		{ "IV_CIPHERS=AES-256-CBC:AES-256-GCM\nIV_PROTO=1066\n", NULL,
		  true, 0, { .cipher = PROTO_CIPHER_AES_256_GCM,
			     .is_ekm = true } },
		{ "IV_CIPHERS=AES-256-GCM\nIV_PROTO=1066\n", NULL,
		  false, 0, { .cipher = PROTO_CIPHER_AES_256_GCM,
			      .is_ekm = true, .is_epoch = true } },
		/* who does not negotiate gets what is configured */
		{ "IV_CIPHERS=AES-256-GCM\nIV_PROTO=2\n", "AES-256-CBC",
		  false, 0, { .cipher = PROTO_CIPHER_AES_256_CBC,
			      .is_v1 = true } },
		{ "", "AES-128-CBC", false, 0,
		  { .cipher = PROTO_CIPHER_AES_128_CBC, .is_v1 = true } },
		{ "", "BF-CBC", false, -EPROTO, { 0 } },
		{ "", NULL, false, -EPROTO, { 0 } },
		/* nothing in common: each keeps its own */
		{ "IV_CIPHERS=AES-192-GCM\nIV_PROTO=42\n", "AES-128-CBC",
		  false, 0, { .cipher = PROTO_CIPHER_AES_128_CBC,
			      .is_ekm = true } },
	};
	struct control_params params;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct control_offer offer = {
			.data_ciphers = OLD, .is_plain = cases[i].is_plain,
			.has_epochs = !cases[i].is_plain,
		};
		const struct control_params *want = &cases[i].want;

		assert_int_equal(control_params_p2p(&params, &offer,
				 cases[i].own, cases[i].info), cases[i].ret);
		if (cases[i].ret)
			continue;
		assert_int_equal(params.cipher, want->cipher);
		assert_int_equal(params.is_v1, want->is_v1);
		assert_int_equal(params.is_ekm, want->is_ekm);
		assert_int_equal(params.is_cc_exit, want->is_cc_exit);
		assert_int_equal(params.is_dyn_tls_crypt,
				 want->is_dyn_tls_crypt);
		assert_int_equal(params.is_epoch, want->is_epoch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_fragment),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_two_ciphers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
