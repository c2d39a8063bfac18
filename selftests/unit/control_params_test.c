// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/control.h"

/* What a server decides from its client's peer-info and options string. */

static void test_params(void **state)
{
	static const struct {
		const char *info, *occ;
		int ret;
		enum proto_cipher cipher;
		bool is_ekm, is_exit, is_dynamic, is_framed;
	} rows[] = {
		{ "IV_PROTO=990\nIV_CIPHERS=AES-128-GCM:AES-256-GCM\n", "V4",
		  0, PROTO_CIPHER_AES_256_GCM, true, true, true,
		  false },
		{ "IV_PROTO=2\nIV_CIPHERS=CHACHA20-POLY1305\n", "V4", 0,
		  PROTO_CIPHER_CHACHA20_POLY1305, false, false, false,
		  false },
		{ "IV_PROTO=10\nIV_NCP=2\n", "V4", 0, PROTO_CIPHER_AES_256_GCM,
		  true, false, false,
		  false },
		{ "IV_PROTO=2\nIV_CIPHERS=AES-256-CBC\n", "V4", -EPROTO,
		  PROTO_CIPHER_NONE, false, false, false,
		  false },
		{ "IV_PROTO=988\nIV_CIPHERS=AES-256-GCM\n", "V4", -EPROTO,
		  PROTO_CIPHER_NONE, false, false, false,
		  false },
		{ "", "V4,cipher BF-CBC", -EPROTO, PROTO_CIPHER_NONE, false,
		  false, false,
		  false },
		/* compression is answered by a framing that adds nothing */
		{ "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUBv2=1\n",
		  "V4,comp-lzo,auth SHA1", 0, PROTO_CIPHER_AES_256_GCM, false,
		  false, false, true },
		{ "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUBv2=1\n",
		  "V4,auth SHA1", 0, PROTO_CIPHER_AES_256_GCM, false, false,
		  false, false },
		/* which some do not have */
		{ "IV_PROTO=2\nIV_CIPHERS=AES-256-GCM\nIV_COMP_STUB=1\n",
		  "V4,comp-lzo,auth SHA1", -EPROTO, PROTO_CIPHER_NONE, false,
		  false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_params params;
		const char *reason = NULL;

		assert_int_equal(control_params_negotiate(&params,
				"AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305",
				NULL, rows[i].info, rows[i].occ, &reason),
				 rows[i].ret);
		if (rows[i].ret) {
			assert_non_null(reason);
			continue;
		}
		assert_int_equal(params.cipher, rows[i].cipher);
		assert_int_equal(params.is_ekm, rows[i].is_ekm);
		assert_int_equal(params.is_cc_exit, rows[i].is_exit);
		assert_int_equal(params.is_dyn_tls_crypt, rows[i].is_dynamic);
		assert_int_equal(params.is_framed, rows[i].is_framed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
