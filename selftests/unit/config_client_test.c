// SPDX-License-Identifier: GPL-2.0-or-later
/* A client's file on top of its server's configuration. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_text.h"

static struct config *server;
static struct config *client;
static char reports[4096];	/* one a line */

static void report(void *arg, const char *err)
{
	(void)arg;
	if (strlen(reports) + strlen(err) + 2 > sizeof(reports))
		fail_msg("too many reports");
	strcat(strcat(reports, reports[0] ? "\n" : ""), err);
}

static int setup(void **state)
{
	(void)state;
	server = text_config(TEXT_SERVER "server-ipv6 fd00:8::/64\n"
			     "topology subnet\npush \"route 10.9.0.0 255.255.0.0\"\n"
			     "push \"route 10.10.0.0 255.255.0.0\"\n"
			     "push \"route-ipv6 fd00:9::/64\"\nkeepalive 10 60\n");
	assert_non_null(server);
	client = config_client_begin(server);
	assert_non_null(client);
	reports[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(client);
	config_free(server);
	return 0;
}

static void apply(const char *text)
{
	reports[0] = '\0';
	assert_int_equal(config_client_apply(client, "c", text, strlen(text),
					     report, NULL), 0);
}


static const char *pushes(void)
{
	return text_pushes(client);
}

static void test_addresses(void **state)
{
	char a[NET_PREFIX_STRLEN];

	(void)state;
	apply("# comment\n\nifconfig-push 10.8.0.77 255.255.255.0\n"
	      "ifconfig-ipv6-push fd00:8::77/64\r\n");
	assert_string_equal(reports, "");
	assert_true(client->has_ifconfig_push && client->has_ifconfig6_push);
	assert_string_equal(net_ip_format(&client->ifconfig_push, a),
			    "10.8.0.77");
	assert_string_equal(net_ip_format(&client->ifconfig_push_remote, a),
			    "255.255.255.0");
	assert_string_equal(net_prefix_format(&client->ifconfig6_push, a),
			    "fd00:8::77/64");
	/* the server's own when it is not given */
	assert_string_equal(net_ip_format(&client->ifconfig6_push_remote, a),
			    "fd00:8::1");
	apply("ifconfig-ipv6-push fd00:8::78/64 fd00:8::2\n");
	assert_string_equal(net_ip_format(&client->ifconfig6_push_remote, a),
			    "fd00:8::2");
	assert_false(server->has_ifconfig_push);
}

static void test_push(void **state)
{
	char all[512];

	(void)state;
	snprintf(all, sizeof(all), "%s", text_pushes(server));
	apply("push-remove route\npush \"route 10.11.0.0 255.255.0.0\"\n");
	assert_null(strstr(pushes(), "10.9.0.0"));
	assert_null(strstr(pushes(), "route-"));
	assert_non_null(strstr(pushes(), "topology subnet"));
	assert_non_null(strstr(pushes(), "route 10.11.0.0 255.255.0.0"));
	apply("push-remove \"ping \"\n");
	assert_null(strstr(pushes(), "ping 10"));
	assert_non_null(strstr(pushes(), "ping-restart 60"));
	apply("push-remove ifconfig\npush-remove ifconfig-ipv6\n");
	assert_true(client->is_ifconfig_hidden && client->is_ifconfig6_hidden);
	apply("push-reset\npush \"echo hello\"\n");
	assert_string_equal(pushes(), "echo hello");
	assert_string_equal(text_pushes(server), all);
}

static void test_networks(void **state)
{
	char a[NET_PREFIX_STRLEN];

	(void)state;
	apply("iroute 10.1.0.0 255.255.0.0\niroute 10.2.3.4\n"
	      "iroute-ipv6 fd00:1::/48\n");
	assert_string_equal(reports, "");
	assert_string_equal(net_prefix_format(&client->iroutes->dst, a),
			    "10.1.0.0/16");
	assert_string_equal(net_prefix_format(&client->iroutes->next->dst, a),
			    "10.2.3.4/32");
	assert_string_equal(net_prefix_format(
			    &client->iroutes->next->next->dst, a),
			    "fd00:1::/48");
	assert_null(server->iroutes);
}

static void test_networks_are_bounded(void **state)
{
	char text[300 * 24] = "";
	unsigned int n = 0;

	(void)state;
	for (int i = 0; i < 257; i++)
		sprintf(text + strlen(text), "iroute 10.1.%d.%d\n", i / 256,
			i % 256);
	apply(text);
	assert_string_equal(reports,
			    "c:257: iroute: a client has at most 256 networks; see max-routes-per-client");
	for (struct config_route *in = client->iroutes; in; in = in->next)
		n++;
	assert_int_equal(n, 256);
}

static void test_others(void **state)
{
	(void)state;
	apply("disable\nping 3\nping-restart 9\ndata-ciphers AES-128-GCM\n"
	      "data-ciphers-fallback AES-256-GCM\n");
	assert_string_equal(reports, "");
	assert_true(client->is_disabled);
	assert_int_equal(client->ping, 3);
	assert_int_equal(client->ping_restart, 9);
	assert_string_equal(client->data_ciphers, "AES-128-GCM");
	assert_int_equal(server->ping, 10);
}

/* A line that is wrong is left out, with its place; the others count. */
static void test_wrong_lines(void **state)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{ "ifconfig-push 10.8.0.5", "c:1: ifconfig-push: an argument is missing" },
		{ "ifconfig-push a 255.0.0.0", "\"a\" is not an IPv4 address" },
		{ "ifconfig-push fd00::1 255.0.0.0", "is not an IPv4 address" },
		{ "ifconfig-push 10.8.0.5 10.8.0.6", "must be a netmask with topology subnet" },
		{ "ifconfig-push 10.8.0.5 x", "\"x\" is not an IPv4 address or a netmask" },
		{ "ifconfig-ipv6-push fd00::5", "with a prefix length" },
		{ "ifconfig-ipv6-push 10.0.0.1/24", "with a prefix length" },
		{ "ifconfig-ipv6-push fd00::5/64 10.0.0.1", "is not an IPv6 address" },
		{ "iroute 10.1.2.3 255.255.0.0", "is not the first address of its network, 10.1.0.0" },
		{ "iroute 10.1.0.0 255.0.255.0", "is not a netmask" },
		{ "iroute fd00::", "is not an IPv4 network" },
		{ "iroute-ipv6 fd00::/129", "is not an IPv6 network" },
		{ "iroute-ipv6 fd00::1/64", "is not the first address of its network, fd00::" },
		{ "push-remove ''", "write push-reset" },
		{ "push-remove a b", "too many arguments" },
		{ "push \"a,b\"", "cannot contain a comma" },
		{ "push-reset 1", "takes no argument" },
		{ "disable yes", "takes no argument" },
		{ "disabel", "c:1: unknown option \"disabel\"; did you mean \"disable\"?" },
		{ "user root", "c:1: user: cannot be set for a single client" },
		{ "config other", "cannot be set for a single client" },
		{ "ca x", "cannot be set for a single client" },
		{ "up /bin/true", "" },
		{ "<ca>", "unknown option" },
		{ "push \"x", "no closing quotation mark" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s\nping %zu", rows[i].line,
			 i + 2);
		apply(text);
		if (!reports[0] || strchr(reports, '\n') ||
		    !strstr(reports, rows[i].error))
			fail_msg("\"%s\": \"%s\"", rows[i].line, reports);
		assert_int_equal(client->ping, i + 2);
	}
	assert_false(client->has_ifconfig_push || client->has_ifconfig6_push ||
		     client->is_disabled);
	assert_null(client->iroutes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_push, setup, teardown),
		cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_networks_are_bounded,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_lines, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
