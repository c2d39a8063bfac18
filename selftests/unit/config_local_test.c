// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_text.h"

static struct config *server_with(const char *lines)
{
	char text[4096];
	struct config *cfg;

	snprintf(text, sizeof(text), "%s%s\n", TEXT_SERVER, lines);
	cfg = text_config(text);
	assert_non_null(cfg);
	return cfg;
}

/* Wherever "port" and "proto" stand, they are what a line does not say. */
static void test_locals(void **state)
{
	static const struct {
		const char *lines;
		size_t n;
		struct config_local want[4];
		bool has_udp, has_tcp;
	} rows[] = {
		{ "", 1, { { NULL, 1194, CONFIG_PROTO_UDP, false } },
		  true, false },
		{ "port 5\nproto tcp6", 1,
		  { { NULL, 5, CONFIG_PROTO_TCP6, false } }, false, true },
		{ "local *", 1, { { NULL, 1194, CONFIG_PROTO_UDP, false } },
		  true, false },
		{ "local 192.0.2.1\nproto tcp\nlport 7", 1,
		  { { "192.0.2.1", 7, CONFIG_PROTO_TCP, true } },
		  false, true },
		{ "local * 443 tcp\nport 5\nlocal 192.0.2.1\nproto udp4\n"
		  "local fd00::1 6 udp\nlocal * 7", 4,
		  { { NULL, 443, CONFIG_PROTO_TCP, false },
		    { "192.0.2.1", 5, CONFIG_PROTO_UDP4, true },
		    { "fd00::1", 6, CONFIG_PROTO_UDP, true },
		    { NULL, 7, CONFIG_PROTO_UDP4, false } }, true, true },
		/* what else serves IPv4 at the port does it alone */
		{ "local * 5 udp6\nlocal * 5 udp4\nlocal * 5 tcp6", 3,
		  { { NULL, 5, CONFIG_PROTO_UDP6, true },
		    { NULL, 5, CONFIG_PROTO_UDP4, false },
		    { NULL, 5, CONFIG_PROTO_TCP6, false } }, true, true },
		/* what has a line of its own at the port is not of "*" */
		{ "local *\nlocal fd00::1\nlocal * 5 tcp\nlocal :: 5 tcp", 4,
		  { { NULL, 1194, CONFIG_PROTO_UDP4, false },
		    { "fd00::1", 1194, CONFIG_PROTO_UDP, true },
		    { NULL, 5, CONFIG_PROTO_TCP4, false },
		    { "::", 5, CONFIG_PROTO_TCP, true } }, true, true },
		{ "bind ipv6only\nlocal *\nlocal 192.0.2.1 5 tcp", 2,
		  { { NULL, 1194, CONFIG_PROTO_UDP6, true },
		    { "192.0.2.1", 5, CONFIG_PROTO_TCP, true } },
		  true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *cfg = server_with(rows[i].lines);

		assert_int_equal(cfg->n_locals, rows[i].n);
		for (size_t j = 0; j < rows[i].n; j++) {
			const struct config_local *want = &rows[i].want[j];
			const struct config_local *got = &cfg->locals[j];

			assert_int_equal(!got->host, !want->host);
			if (got->host)
				assert_string_equal(got->host, want->host);
			assert_int_equal(got->port, want->port);
			assert_int_equal(got->proto, want->proto);
			assert_int_equal(got->is_ipv6only, want->is_ipv6only);
		}
		assert_int_equal(config_has_udp(cfg), rows[i].has_udp);
		assert_int_equal(config_has_tcp(cfg), rows[i].has_tcp);
		config_free(cfg);
	}
}

static void test_many_locals(void **state)
{
	char text[4096] = TEXT_SERVER, *end = text + strlen(text), err[512];
	struct config *cfg;

	(void)state;
	for (int i = 0; i < CONFIG_LOCALS_MAX; i++)
		end += sprintf(end, "local * %d\n", 2000 + i);
	cfg = text_config(text);
	assert_non_null(cfg);
	assert_int_equal(cfg->n_locals, CONFIG_LOCALS_MAX);
	assert_int_equal(cfg->locals[CONFIG_LOCALS_MAX - 1].port,
			 2000 + CONFIG_LOCALS_MAX - 1);
	config_free(cfg);
	sprintf(end, "local * 3000\n");
	assert_int_equal(text_parse(text, false, &cfg, err), -EINVAL);
	assert_non_null(strstr(err, "local: a server has at most 64 of these"));
}

/* A client's line has a port, and implies bind. */
static void test_client_local(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = text_config(TEXT_CLIENT "remote h 5 tcp\nlocal * 7 udp\n");
	assert_non_null(cfg);
	assert_null(cfg->local_host);
	assert_int_equal(cfg->lport, 7);
	assert_int_equal(cfg->rport, 1194);
	assert_true(cfg->is_bind);
	assert_int_equal(cfg->proto, CONFIG_PROTO_TCP);
	assert_int_equal(cfg->n_locals, 0);
	assert_true(config_has_tcp(cfg));
	assert_false(config_has_udp(cfg));
	config_free(cfg);
}

static void test_bind(void **state)
{
	static const struct {
		const char *lines;
		bool is_bind;
		uint16_t lport, rport;
	} rows[] = {
		{ "remote h", false, 1194, 1194 },
		{ "remote h\nport 5", false, 5, 5 },
		{ "remote h\nlport 5", true, 5, 1194 },
		{ "remote h\nlport 0", true, 0, 1194 },
		{ "remote h\nbind", true, 1194, 1194 },
		{ "remote h\nlocal 192.0.2.1\nrport 7", true, 1194, 7 },
		{ "remote h\nnobind", false, 1194, 1194 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct config *cfg;

		snprintf(text, sizeof(text), "%s%s\n", TEXT_CLIENT,
			 rows[i].lines);
		cfg = text_config(text);
		assert_non_null(cfg);
		assert_int_equal(cfg->is_bind, rows[i].is_bind);
		assert_int_equal(cfg->lport, rows[i].lport);
		assert_int_equal(cfg->rport, rows[i].rport);
		assert_int_equal(cfg->remotes->port, rows[i].rport);
		config_free(cfg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locals),
		cmocka_unit_test(test_many_locals),
		cmocka_unit_test(test_client_local),
		cmocka_unit_test(test_bind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
