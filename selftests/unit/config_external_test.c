// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and certificates that a program at the management interface has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_text.h"

/* Without a word it is pkcs1, as in OpenVPN; nopadding is a word. */
static void test_external(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = text_config("client\ndev tun\nremote h\nmanagement x unix\n"
			  TEXT_CA
			  "management-external-key\n"
			  "management-external-cert 'a b'\n");
	assert_non_null(cfg);
	assert_true(cfg->has_external_key && cfg->is_external_pkcs1);
	assert_false(cfg->is_external_pss || cfg->is_external_nopadding ||
		     cfg->is_external_digest);
	assert_string_equal(cfg->management_cert, "a b");
	config_free(cfg);
	cfg = text_config("dev tun\nserver 10.8.0.0 255.255.255.0\n"
			  "management x unix\n" TEXT_CA
			  "<cert>\nC\n</cert>\n"
			  "management-external-key nopadding digest\n");
	assert_non_null(cfg);
	assert_true(cfg->is_external_nopadding && cfg->is_external_digest);
	assert_false(cfg->is_external_pkcs1 || cfg->management_cert);
	config_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_external),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
