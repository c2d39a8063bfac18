// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_text.h"

#define CLIENT TEXT_CLIENT TEXT_REMOTE "route 10.99.0.0 255.255.0.0\n"

struct fixture {
	struct config *cfg, *pulled;
	char err[256];
};

static void begin(struct fixture *f, const char *text)
{
	f->cfg = text_config(text);
	assert_non_null(f->cfg);
	f->pulled = config_pull_begin(f->cfg);
	assert_non_null(f->pulled);
}

static int push(struct fixture *f, const char *option)
{
	return config_apply_pushed(f->pulled, option, f->err, sizeof(f->err));
}

static void end(struct fixture *f)
{
	config_free(f->pulled);
	config_free(f->cfg);
}

static const struct {
	const char *option;
	int ret;
	const char *error;
} rows[] = {
	{ "topology subnet", 0, "" },
	{ "ifconfig 10.8.0.2 255.255.255.0", 0, "" },
	{ "ifconfig-ipv6 fd00::1000/64 fd00::1", 0, "" },
	{ "route 10.1.0.0 255.255.0.0", 0, "" },
	{ "route-gateway 10.8.0.1", 0, "" },
	{ "route-metric 5", 0, "" },
	{ "redirect-gateway def1 bypass-dhcp", 0, "" },
	{ "ping 10", 0, "" },
	{ "ping-restart 60", 0, "" },
	{ "ping-timer-rem", 0, "" },
	{ "persist-tun", 0, "" },
	{ "peer-id 5", 0, "" },
	{ "cipher AES-256-GCM", 0, "" },
	{ "data-ciphers AES-256-CBC", 0, "" },
	{ "key-derivation tls-ekm", 0, "" },
	{ "protocol-flags cc-exit tls-ekm of-tomorrow", 0, "" },
	{ "tun-mtu 1400", 0, "" },
	{ "explicit-exit-notify 1", 0, "" },
	{ "auth-token SESS_ID_AT_x", 0, "" },
	{ "auth-token-user dXNlcg==", 0, "" },
	{ "push-continuation 2", 0, "" },
	{ "echo anything at all", 0, "" },
	{ "setenv-safe A b", 0, "" },
	{ "setenv opt unheard-of 5", 0, "" },
	{ "setenv opt verb 3", 0, "" },
	{ "socket-flags TCP_NODELAY", 0, "" },
	{ "block-outside-dns", 0, "" },
	{ "tun-ipv6", 0, "" },
	{ "compress stub-v2", 0, "" },
	{ "comp-lzo no", 0, "" },
	{ "compress lz4", 0, "" },
	{ "compress", 0, "" },
	{ "sndbuf 393216", 0, "" },
	{ "verb 3", 0, "" },
	{ "", 0, "" },
	{ "# nothing", 0, "" },
	{ "unheard-of 5", -ENOENT, "pushed: unknown option \"unheard-of\"" },
	{ "dhcp-option DNS 10.8.0.1", 0, "" },
	{ "dhcp-option DNS x", -EINVAL, "pushed: dhcp-option: \"x\" is not an address for DNS" },
	{ "inactive 3600", 0, "" },
	{ "session-timeout 60", 0, "" },
	{ "block-ipv6", 0, "" },
	{ "route host.example", -EINVAL, "with allow-pull-fqdn only" },
	{ "mute 5", -EPERM, "mute: cannot be pushed" },
	{ "shaper 1000", 0, "" },
	{ "no-such 1", -ENOENT, "" },
	{ "setenv A b", -EPERM, "setenv: cannot be pushed by a server" },
	{ "setenv opt up /bin/sh", -EPERM, "up: cannot be pushed" },
	{ "up /bin/sh", -EPERM, "up: cannot be pushed" },
	{ "plugin x", -EPERM, "plugin: cannot be pushed" },
	{ "ca /etc/passwd", -EPERM, "ca: cannot be pushed" },
	{ "config /etc/passwd", -EPERM, "config: cannot be pushed" },
	{ "cd /", -EPERM, "cd: cannot be pushed" },
	{ "log /etc/passwd", -EPERM, "log: cannot be pushed" },
	{ "user root", -EPERM, "user: cannot be pushed" },
	{ "remote evil.example", -EPERM, "remote: cannot be pushed" },
	{ "help", -EPERM, "help: cannot be pushed" },
	{ "pull-filter accept x", -EPERM, "pull-filter: cannot be pushed" },
	{ "auth none", -EPERM, "auth: cannot be pushed" },
	{ "secret x", -EPERM, "secret: cannot be pushed" },
	{ "ping x", -EINVAL, "pushed: ping: \"x\" is not a number" },
	{ "ping", -EINVAL, "ping: an argument is missing" },
	{ "peer-id 16777216", -EINVAL, "out of range" },
	{ "topology ring", -EINVAL, "\"ring\" is not one of" },
	{ "ifconfig x y", -EINVAL, "\"x\" is not an IPv4 address" },
	{ "route 10.0.0.1 255.0.0.0", -EINVAL, "not the first of its network" },
	{ "cipher none", -EINVAL, "unencrypted" },
	{ "cipher AES-192-GCM", -EINVAL, "AES-192-GCM is not in data-ciphers" },
	{ "cipher BF-CBC", -EINVAL, "BF-CBC is not in data-ciphers" },
	{ "key-derivation magic", -EINVAL, "\"magic\" is unknown" },
	{ "push-continuation 3", -EINVAL, "out of range" },
	{ "echo \"open", -EINVAL, "no closing quotation mark" },
	{ "<ca>", -ENOENT, "unknown option \"<ca>\"" },
};

static void test_results(void **state)
{
	struct fixture f;
	size_t i;

	(void)state;
	begin(&f, CLIENT);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = push(&f, rows[i].option);

		if (ret != rows[i].ret)
			print_error("%s: %d %s\n", rows[i].option, ret, f.err);
		assert_int_equal(ret, rows[i].ret);
		assert_non_null(strstr(f.err, rows[i].error));
	}
	end(&f);
}

static void test_values(void **state)
{
	char text[NET_PREFIX_STRLEN];
	struct fixture f;

	(void)state;
	begin(&f, CLIENT);
	/* Servers send ifconfig last, but nothing says they must. */
	assert_int_equal(push(&f, "ifconfig 10.8.0.6 255.255.255.0"), 0);
	assert_int_equal(f.pulled->ifconfig.len, 32);
	assert_int_equal(push(&f, "topology subnet"), 0);
	assert_string_equal(net_prefix_format(&f.pulled->ifconfig, text),
			    "10.8.0.6/24");
	assert_int_equal(push(&f, "ifconfig-ipv6 fd00::1001/64 fd00::1"), 0);
	assert_string_equal(net_prefix_format(&f.pulled->ifconfig6, text),
			    "fd00::1001/64");
	assert_int_equal(push(&f, "route 10.1.0.0 255.255.0.0"), 0);
	assert_int_equal(push(&f, "route-ipv6 2001:db8::/32"), 0);
	assert_int_equal(push(&f, "peer-id 7"), 0);
	assert_int_equal(push(&f, "ping 8"), 0);
	assert_int_equal(push(&f, "ping-restart 16"), 0);
	assert_int_equal(push(&f, "cipher AES-128-GCM"), 0);
	assert_int_equal(push(&f, "protocol-flags cc-exit tls-ekm "
			      "dyn-tls-crypt aead-epoch"), 0);
	assert_int_equal(push(&f, "auth-token TOKEN"), 0);
	assert_int_equal(push(&f, "redirect-gateway def1 ipv6"), 0);
	assert_int_equal(push(&f, "push-continuation 1"), 0);

	assert_true(f.pulled->has_peer_id && f.pulled->has_ifconfig6);
	assert_int_equal(f.pulled->peer_id, 7);
	assert_int_equal(f.pulled->ping, 8);
	assert_int_equal(f.pulled->ping_restart, 16);
	assert_string_equal(f.pulled->cipher, "AES-128-GCM");
	assert_true(f.pulled->has_pushed_cipher);
	assert_true(f.pulled->is_cc_exit && f.pulled->is_tls_ekm &&
		    f.pulled->is_dyn_tls_crypt && f.pulled->is_aead_epoch);
	assert_string_equal(f.pulled->auth_token, "TOKEN");
	assert_int_equal(f.pulled->redirect_gateway, CONFIG_REDIRECT_ENABLED |
			 CONFIG_REDIRECT_DEF1 | CONFIG_REDIRECT_IPV6);
	assert_int_equal(f.pulled->push_continuation, 1);
	assert_non_null(f.pulled->routes->next->next);
	assert_null(f.pulled->routes->next->next->next);

	/* The configuration itself is as it was. */
	assert_false(f.cfg->has_peer_id || f.cfg->has_ifconfig);
	assert_int_equal(f.cfg->ping, 0);
	assert_int_equal(f.cfg->ping_restart, 120);
	assert_null(f.cfg->cipher);
	assert_null(f.cfg->routes->next);
	assert_int_equal(f.cfg->redirect_gateway, 0);
	end(&f);
}

/* The configured cipher must not take the place of a pushed one. */
/* The second argument is always a netmask there. */
static void test_tap(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, TEXT_KEYS "dev tap\nclient\n" TEXT_REMOTE);
	assert_int_equal(push(&f, "topology net30"), 0);
	assert_int_equal(push(&f, "route-gateway dhcp"), 0);
	assert_null(f.pulled->route_gateway);
	assert_int_equal(push(&f, "ifconfig 10.8.0.50 255.255.255.0"), 0);
	assert_int_equal(f.pulled->ifconfig.len, 24);
	assert_int_equal(f.pulled->ifconfig_peer.family, AF_UNSPEC);
	assert_true(push(&f, "ifconfig 10.8.0.50 10.8.0.49") < 0);
	assert_int_equal(push(&f, "route-gateway 10.8.0.4"), 0);
	assert_string_equal(f.pulled->route_gateway, "10.8.0.4");
	end(&f);
}

static void test_cipher_not_allowed(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, CLIENT "data-ciphers AES-256-GCM\ncipher AES-256-GCM\n"
	      "data-ciphers-fallback AES-192-GCM\n");
	assert_int_equal(push(&f, "cipher AES-128-GCM"), -EINVAL);
	assert_string_equal(f.pulled->cipher, "AES-128-GCM");
	assert_int_equal(push(&f, "cipher AES-192-GCM"), 0);
	end(&f);
}

static void test_filters(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, CLIENT "pull-filter accept \"route 10.\"\n"
	      "pull-filter ignore \"route \"\npull-filter reject ping\n");
	assert_int_equal(push(&f, "route 10.1.0.0 255.255.0.0"), 0);
	assert_int_equal(push(&f, "route 192.168.0.0 255.255.0.0"), 0);
	assert_int_equal(push(&f, "route-gateway 10.8.0.1"), 0);
	assert_int_equal(push(&f, "ping-restart 4"), -ECANCELED);
	assert_non_null(strstr(f.err, "refused by pull-filter: ping-restart 4"));
	assert_non_null(f.pulled->routes->next);
	assert_null(f.pulled->routes->next->next);
	assert_string_equal(f.pulled->route_gateway, "10.8.0.1");
	end(&f);
}

/* Those of a connection do not stay for the next one, the own ones do. */
static void test_dhcp_options(void **state)
{
	const struct config_text *text;
	struct config *again;
	struct fixture f;
	char option[64];

	(void)state;
	begin(&f, CLIENT "dhcp-option DOMAIN own.test\n");
	assert_int_equal(push(&f, "dhcp-option DNS 10.8.0.1"), 0);
	text = f.pulled->dhcp_options;
	assert_string_equal(text->text, "dhcp-option DOMAIN own.test");
	assert_string_equal(text->next->text, "dhcp-option DNS 10.8.0.1");
	assert_null(text->next->next);
	again = config_pull_begin(f.cfg);
	assert_null(again->dhcp_options->next);
	config_free(again);
	for (int i = 0; i < 200; i++) {
		snprintf(option, sizeof(option), "dhcp-option DNS 10.9.0.%d",
			 i);
		push(&f, option);
	}
	assert_int_equal(f.pulled->n_dhcp_options, 64);
	end(&f);
}

/* One that is pushed takes the place of one's own with its number. */
static void test_dns(void **state)
{
	const struct config_dns_server *server;
	struct fixture f;
	char option[64];

	(void)state;
	begin(&f, CLIENT "dns server 1 address 192.0.2.1\n"
	      "dns server 1 resolve-domains own.test\n"
	      "dns server 2 address 192.0.2.2\n"
	      "dns search-domains own.test\n");
	assert_int_equal(push(&f, "dns server 1 address 10.8.0.1:5353"), 0);
	assert_int_equal(push(&f, "dns server 1 address fd00::1"), 0);
	assert_int_equal(push(&f, "dns server 0 address 10.8.0.2"), 0);
	assert_int_equal(push(&f, "dns search-domains a.test"), 0);
	assert_int_equal(push(&f, "dns server -1 address 10.8.0.3"), -EINVAL);
	server = f.pulled->dns_servers;
	assert_int_equal(server->number, 0);
	server = server->next;
	assert_int_equal(server->number, 1);
	assert_int_equal(server->n_addrs, 2);
	assert_int_equal(server->addrs[0].port, 5353);
	assert_null(server->domains);
	server = server->next;
	assert_int_equal(server->number, 2);
	assert_null(server->next);
	assert_string_equal(f.pulled->dns_search->text, "own.test");
	assert_string_equal(f.pulled->dns_search->next->text, "a.test");
	/* its own is as it was */
	assert_int_equal(f.cfg->dns_servers->number, 1);
	assert_non_null(f.cfg->dns_servers->domains);
	assert_null(f.cfg->dns_search->next);
	for (int i = 0; i < 128; i++) {
		snprintf(option, sizeof(option), "dns server %d address 10.9.0.1",
			 i);
		assert_int_equal(push(&f, option), i < 32 ? 0 : -EINVAL);
	}
	end(&f);
}

static void test_route_nopull(void **state)
{
	static const char *const options[] = {
		"route 10.1.0.0 255.255.0.0", "route-ipv6 2001:db8::/32",
		"redirect-gateway def1", "dhcp-option DNS 10.8.0.1",
		"route-gateway 10.8.0.1", "block-outside-dns", "dns x",
		"redirect-private", "block-ipv6",
	};
	struct fixture f;
	size_t i;

	(void)state;
	begin(&f, CLIENT "route-nopull\n");
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		assert_int_equal(push(&f, options[i]), 0);
	assert_null(f.pulled->routes->next);
	assert_int_equal(f.pulled->redirect_gateway, 0);
	assert_null(f.pulled->route_gateway);
	assert_int_equal(push(&f, "ping 4"), 0);
	assert_int_equal(f.pulled->ping, 4);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_cipher_not_allowed),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_route_nopull),
		cmocka_unit_test(test_dhcp_options),
		cmocka_unit_test(test_dns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
