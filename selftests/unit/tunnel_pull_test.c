// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_text.h"
#include "tunnel/private.h"

/* PUSH_UPDATE: what the lines of PUSH_REPLY become, and the configuration. */

static struct tunnel_pull pull;

static int begin(void **state)
{
	static const char *const lines[] = {
		"route 10.1.0.0 255.255.0.0", "route 10.2.0.0 255.255.0.0",
		"route-ipv6 fd01::/64", "tun-mtu 1400", "topology subnet",
		"ifconfig 10.8.0.2 255.255.255.0", "peer-id 3",
	};

	(void)state;
	log_set_verb(0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(tunnel_pull_add(&pull, lines[i]), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tunnel_pull_clear(&pull);
	return 0;
}

static const char *joined(void)
{
	static char out[1024];

	out[0] = '\0';
	for (size_t i = 0; i < pull.n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s",
			 i ? "|" : "", pull.lines[i]);
	return out;
}

#define REST "tun-mtu 1400|topology subnet|" \
	"ifconfig 10.8.0.2 255.255.255.0|peer-id 3"

/* The first of a kind replaces, those that follow are added. */
static void test_replace(void **state)
{
	(void)state;
	assert_int_equal(tunnel_pull_message(&pull,
		",route 10.3.0.0 255.255.0.0,route 10.4.0.0 255.255.0.0"), 1);
	assert_string_equal(joined(), "route-ipv6 fd01::/64|" REST
		"|route 10.3.0.0 255.255.0.0|route 10.4.0.0 255.255.0.0");
}

static void test_remove(void **state)
{
	(void)state;
	assert_int_equal(tunnel_pull_message(&pull, ",-route,-?route-ipv6"), 1);
	assert_string_equal(joined(), REST);
	/* what is not there is gone already */
	assert_int_equal(tunnel_pull_message(&pull, ",-redirect-gateway"), 1);
	assert_string_equal(joined(), REST);
}

static size_t n_texts(const struct config_text *text)
{
	size_t n = 0;

	for (; text; text = text->next)
		n++;
	return n;
}

/* Lists that are empty, or become so: none of their counts is wrong. */
static void test_remove_twice(void **state)
{
	struct config *own = text_config(TEXT_CLIENT TEXT_REMOTE);
	static const char *const rows[] = {
		",-dhcp-option", ",-dns", ",-dhcp-option,-dhcp-option,-dns",
		(",dhcp-option DOMAIN-SEARCH a.test,"
		 "dhcp-option DOMAIN-SEARCH b.test,dns search-domains c.test"),
		",-dhcp-option", ",-dns", ",-dhcp-option,-dns",
	};
	struct config *cfg;

	(void)state;
	assert_non_null(own);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(tunnel_pull_message(&pull, rows[i]), 1);
		assert_int_equal(tunnel_pull_config(&pull, own, NULL, &cfg), 0);
		assert_int_equal(n_texts(cfg->dhcp_options),
				 cfg->n_dhcp_options);
		assert_int_equal(cfg->n_dhcp_options,
				 i == 3 ? 2 : 0);
		assert_int_equal(n_texts(cfg->dns_search),
				 i == 3 || i == 4 ? 1 : 0);
		assert_int_equal(cfg->n_dns_words, n_texts(cfg->dns_search));
		config_free(cfg);
	}
	config_free(own);
}

/* One sequence over two messages is one. */
static void test_continuation(void **state)
{
	(void)state;
	assert_int_equal(tunnel_pull_message(&pull,
		",route 10.3.0.0 255.255.0.0,push-continuation 2"), 0);
	assert_int_equal(tunnel_pull_message(&pull,
		",route 10.4.0.0 255.255.0.0,push-continuation 1"), 1);
	assert_string_equal(joined(), "route-ipv6 fd01::/64|" REST
		"|route 10.3.0.0 255.255.0.0|route 10.4.0.0 255.255.0.0");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int ret;
	} rows[] = {
		{ ",peer-id 7", -EPERM },
		{ ",-cipher", -EPERM },
		{ ",?cipher AES-128-GCM", 1 },
		{ ",?-route", -EINVAL },
		{ ",-", -EINVAL },
		{ ",?", -EINVAL },
		{ ",-?", -EINVAL },
		{ ",--route", -EINVAL },
		{ ",-route 10.1.0.0", -EINVAL },
		{ ",routes 10.1.0.0", -EPERM },
		{ "", 1 },
		{ ",", 1 },
	};
	char before[1024];

	(void)state;
	snprintf(before, sizeof(before), "%s", joined());
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(tunnel_pull_message(&pull, rows[i].text),
				 rows[i].ret);
		assert_string_equal(joined(), before);
	}
}

static void test_configuration(void **state)
{
	struct config *own = text_config(TEXT_CLIENT TEXT_REMOTE
		"route 10.9.0.0 255.255.0.0\n"
		"pull-filter ignore \"route 10.6\"\n"
		"pull-filter reject \"route 10.7\"\n");
	struct config *first, *next;
	char err[64];

	(void)state;
	assert_non_null(own);
	assert_int_equal(tunnel_pull_config(&pull, own, NULL, &first), 0);
	assert_int_equal(first->tun_mtu, 1400);
	assert_true(first->has_peer_id && first->peer_id == 3);
	/* a token is no line, and goes on all the same */
	assert_int_equal(tunnel_pull_add(&pull, "auth-token SECRET"), 0);
	assert_null(strstr(joined(), "SECRET"));
	assert_int_equal(config_apply_pushed(first, "auth-token SECRET", err,
					     sizeof(err)), 0);
	assert_int_equal(tunnel_pull_message(&pull,
		",tun-mtu 1300,-route-ipv6,route 10.5.0.0 255.255.0.0,"
		"route 10.6.0.0 255.255.0.0"), 1);
	assert_int_equal(tunnel_pull_config(&pull, own, first, &next), 0);
	config_free(first);
	assert_int_equal(next->tun_mtu, 1300);
	assert_string_equal(next->auth_token, "SECRET");
	/* the own route and the new one */
	assert_non_null(next->routes);
	assert_non_null(next->routes->next);
	assert_null(next->routes->next->next);
	config_free(next);
	/* filters count here, too */
	assert_int_equal(tunnel_pull_message(&pull,
		",route 10.7.0.0 255.255.0.0"), 1);
	assert_int_equal(tunnel_pull_config(&pull, own, NULL, &next),
			 -ECANCELED);
	assert_null(next);
	config_free(own);
}

/* A server cannot make a client keep more and more. */
static void test_bounded(void **state)
{
	int ret = 0;

	(void)state;
	for (unsigned int i = 0; i < 100000 && !ret; i++)
		ret = tunnel_pull_update(&pull, "route 10.1.0.0");
	assert_int_equal(ret, -E2BIG);
	assert_true(pull.n <= 4096);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_replace),
		TEST(test_remove),
		TEST(test_remove_twice),
		TEST(test_continuation),
		TEST(test_refused),
		TEST(test_configuration),
		TEST(test_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
