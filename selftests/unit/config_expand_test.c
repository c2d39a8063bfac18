// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_text.h"

static void assert_ip(const struct net_ip *ip, const char *want)
{
	char text[NET_PREFIX_STRLEN];

	assert_string_equal(net_ip_format(ip, text), want);
}

static void assert_prefix(const struct net_prefix *prefix, const char *want)
{
	char text[NET_PREFIX_STRLEN];

	assert_string_equal(net_prefix_format(prefix, text), want);
}

static void test_defaults(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT "remote h\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_P2P);
	assert_true(cfg->is_pull && cfg->is_tls_client && !cfg->is_tls_server);
	assert_int_equal(cfg->proto, CONFIG_PROTO_UDP);
	assert_int_equal(cfg->lport, 1194);
	assert_int_equal(cfg->rport, 1194);
	assert_false(cfg->is_bind);
	assert_int_equal(cfg->connect_retry, 1);
	assert_int_equal(cfg->connect_retry_max_wait, 300);
	assert_int_equal(cfg->connect_retry_max, 0);
	assert_int_equal(cfg->connect_timeout, 120);
	assert_int_equal(cfg->explicit_exit_notify, 0);
	assert_int_equal(cfg->tun_mtu, 1500);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_NET30);
	assert_int_equal(cfg->max_clients, 1024);
	assert_int_equal(cfg->connect_freq_initial_n, 100);
	assert_int_equal(cfg->connect_freq_initial_sec, 10);
	assert_int_equal(cfg->key_direction, -1);
	assert_string_equal(cfg->auth, "SHA1");
	assert_null(cfg->cipher);
	assert_string_equal(cfg->data_ciphers,
			    "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305");
	assert_null(cfg->tls_version_min);
	assert_int_equal(cfg->ping, 0);
	assert_int_equal(cfg->ping_restart, 120);
	assert_int_equal(cfg->reneg_sec, 3600);
	assert_int_equal(cfg->reneg_sec_min, 3600);
	assert_int_equal(cfg->hand_window, 60);
	assert_int_equal(cfg->tran_window, 3600);
	assert_int_equal(cfg->tls_timeout, 2);
	assert_int_equal(cfg->max_packet_size, 1250);
	assert_int_equal(cfg->verb, 1);
	assert_int_equal(cfg->status_interval, 60);
	assert_int_equal(cfg->status_version, 1);
	assert_int_equal(cfg->data_path, CONFIG_DATA_PATH_AUTO);
	assert_string_equal(cfg->config_path, "t");
	assert_string_equal(cfg->ca.path, "[inline]");
	assert_string_equal(cfg->key.text, "KEY\n");
	assert_int_equal(cfg->key.len, 4);
	assert_true(text_warns(cfg, "add remote-cert-tls server"));
	config_free(cfg);
}

static void test_server_subnet(void **state)
{
	struct config *cfg = text_config(TEXT_SERVER
		"push \"route 10.1.0.0 255.255.0.0\"\n"
		"keepalive 10 60\nserver-ipv6 fd00:1::/64\n"
		"push \"dhcp-option DNS 10.8.0.1\"\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_SERVER);
	assert_true(cfg->is_tls_server && !cfg->is_pull && cfg->is_bind);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_SUBNET);
	assert_true(cfg->has_ifconfig && cfg->has_ifconfig6);
	assert_prefix(&cfg->ifconfig, "10.8.0.1/24");
	assert_true(cfg->has_pool && cfg->has_pool6);
	assert_ip(&cfg->pool_start, "10.8.0.2");
	assert_ip(&cfg->pool_end, "10.8.0.254");
	assert_prefix(&cfg->ifconfig6, "fd00:1::1/64");
	assert_ip(&cfg->ifconfig6_peer, "fd00:1::2");
	assert_prefix(&cfg->pool6, "fd00:1::1000/64");
	assert_int_equal(cfg->ping, 10);
	assert_int_equal(cfg->ping_restart, 120);
	assert_int_equal(cfg->reneg_sec_min, 3240);
	assert_string_equal(text_pushes(cfg),
		"route 10.1.0.0 255.255.0.0|dhcp-option DNS 10.8.0.1|tun-ipv6|"
		"route-gateway 10.8.0.1|topology subnet|ping 10|ping-restart 60");
	assert_true(text_warns(cfg, "t:11: server: no topology is given"));
	assert_true(text_warns(cfg, "t:11: the pool has 253 addresses for "
			       "max-clients 1024"));
	assert_null(cfg->routes);
	config_free(cfg);
}

/* What was different in old releases. */
static void test_compat_mode(void **state)
{
	struct config *cfg = text_config(TEXT_SERVER
		"compat-mode 2.3.0\ncipher AES-256-CBC\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_NET30);
	assert_string_equal(cfg->data_ciphers_fallback, "AES-256-CBC");
	assert_non_null(strstr(cfg->data_ciphers, ":AES-256-CBC"));
	config_free(cfg);
	cfg = text_config(TEXT_SERVER "compat-mode 2.4.0\ntopology subnet\n"
			  "cipher AES-256-CBC\n");
	assert_non_null(cfg);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_SUBNET);
	assert_null(cfg->data_ciphers_fallback);
	assert_non_null(strstr(cfg->data_ciphers, ":AES-256-CBC"));
	config_free(cfg);
	cfg = text_config(TEXT_SERVER "compat-mode 2.5.0\n"
			  "cipher AES-256-CBC\n");
	assert_non_null(cfg);
	assert_null(strstr(cfg->data_ciphers, "AES-256-CBC"));
	config_free(cfg);
}

static void test_server_sizes(void **state)
{
	static const struct {
		const char *line;
		const char *first, *last;
	} rows[] = {
		{ "server 10.8.0.0 255.255.255.252", "10.8.0.2", "10.8.0.2" },
		{ "server 10.8.0.0 255.255.255.248", "10.8.0.2", "10.8.0.6" },
		{ "server 10.8.0.0 255.255.0.0", "10.8.0.2", "10.8.255.254" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct config *cfg;

		snprintf(text, sizeof(text), "%stopology subnet\n%s\n",
			 TEXT_SERVER, rows[i].line);
		cfg = text_config(text);
		assert_non_null(cfg);
		assert_ip(&cfg->pool_start, rows[i].first);
		assert_ip(&cfg->pool_end, rows[i].last);
		assert_false(text_warns(cfg, "no topology"));
		config_free(cfg);
	}
}

static void test_server_nopool(void **state)
{
	struct config *cfg = text_config(TEXT_SERVER
		"server 10.8.0.0 255.255.255.0 nopool\n");

	(void)state;
	assert_non_null(cfg);
	assert_true(cfg->is_server_nopool && !cfg->has_pool);
	assert_prefix(&cfg->ifconfig, "10.8.0.1/24");
	config_free(cfg);
}

static void test_server_link(void **state)
{
	struct config *cfg = text_config(TEXT_SERVER "topology net30\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_NET30);
	assert_true(text_warns(cfg, "the pool has 62 addresses"));
	assert_prefix(&cfg->ifconfig, "10.8.0.1/32");
	assert_ip(&cfg->ifconfig_peer, "10.8.0.2");
	assert_ip(&cfg->pool_start, "10.8.0.4");
	assert_ip(&cfg->pool_end, "10.8.0.251");
	assert_string_equal(text_pushes(cfg), "route 10.8.0.1|topology net30");
	assert_prefix(&cfg->routes->dst, "10.8.0.0/24");
	assert_null(cfg->routes->next);
	config_free(cfg);

	cfg = text_config(TEXT_SERVER "topology p2p\nclient-to-client\n");
	assert_non_null(cfg);
	assert_string_equal(text_pushes(cfg),
			    "route 10.8.0.0 255.255.255.0|topology p2p");
	assert_ip(&cfg->pool_start, "10.8.0.4");
	assert_ip(&cfg->pool_end, "10.8.0.251");
	config_free(cfg);
}

#define TEXT_BRIDGE TEXT_KEYS "dev tap0\nserver-bridge"

static void test_server_bridge(void **state)
{
	char ip[NET_PREFIX_STRLEN];
	struct config *cfg;
	char err[512];

	(void)state;
	cfg = text_config(TEXT_BRIDGE
			  " 10.8.0.4 255.255.255.0 10.8.0.50 10.8.0.100\n");
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_SERVER);
	assert_true(cfg->is_tls_server);
	assert_true(config_is_tap(cfg));
	assert_false(cfg->has_ifconfig);
	assert_true(cfg->has_pool);
	assert_int_equal(cfg->pool_len, 24);
	assert_string_equal(net_ip_format(&cfg->pool_start, ip), "10.8.0.50");
	assert_string_equal(net_ip_format(&cfg->pool_end, ip), "10.8.0.100");
	assert_string_equal(text_pushes(cfg), "route-gateway 10.8.0.4");
	config_free(cfg);

	cfg = text_config(TEXT_BRIDGE "\n");
	assert_non_null(cfg);
	assert_false(cfg->has_pool);
	assert_string_equal(text_pushes(cfg), "route-gateway dhcp");
	config_free(cfg);

	cfg = text_config(TEXT_BRIDGE " nogw\n");
	assert_non_null(cfg);
	assert_string_equal(text_pushes(cfg), "");
	config_free(cfg);

	assert_true(text_parse(TEXT_KEYS "dev tun\nserver-bridge\n", false, &cfg,
			       err) < 0);
	assert_non_null(strstr(err, "write dev tap"));
}

/* Ethernet has no topology, so none is pushed. */
static void test_server_tap(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = text_config(TEXT_KEYS "topology p2p\ndev vpn\ndev-type tap\n"
			  "server 10.8.0.0 255.255.255.0\n");
	assert_non_null(cfg);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_SUBNET);
	assert_int_equal(cfg->ifconfig.len, 24);
	assert_string_equal(text_pushes(cfg), "route-gateway 10.8.0.1");
	config_free(cfg);
}

/* Framing of compression is never pushed, other things are. */
static void test_server_push_framing(void **state)
{
	struct config *cfg = text_config(TEXT_KEYS "dev tun\nmode server\n"
		"tls-server\nifconfig 10.3.0.1 255.255.255.0\n"
		"topology subnet\npush \"comp-lzo no\"\n"
		"push \"compress lz4\"\npush compress\npush \"ping 3\"\n"
		"push \"compress migrate\"\npush \"compress stub-v2\"\n");

	(void)state;
	assert_non_null(cfg);
	assert_string_equal(text_pushes(cfg),
			    "ping 3|compress migrate|compress stub-v2");
	assert_true(text_warns(cfg, "\"comp-lzo no\" is not pushed"));
	config_free(cfg);
}

static void test_server_ipv6_only(void **state)
{
	struct config *cfg = text_config(TEXT_KEYS "dev tun\n"
		"server-ipv6 fd00:1::/120\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_SERVER);
	assert_true(cfg->is_tls_server && !cfg->has_ifconfig);
	assert_prefix(&cfg->pool6, "fd00:1::2/120");
	assert_string_equal(text_pushes(cfg), "tun-ipv6");
	config_free(cfg);
}

static void test_server_long_form(void **state)
{
	struct config *cfg = text_config(TEXT_KEYS "dev tun\nmode server\n"
		"tls-server\nifconfig 10.3.0.1 255.255.255.0\n"
		"ifconfig-pool 10.3.0.10 10.3.0.20\n"
		"ifconfig-ipv6 fd00::1/64 fd00::2\n"
		"ifconfig-ipv6-pool fd00::100/64\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->topology, CONFIG_TOPOLOGY_SUBNET);
	assert_prefix(&cfg->ifconfig, "10.3.0.1/24");
	assert_int_equal(cfg->ifconfig_peer.family, AF_UNSPEC);
	assert_ip(&cfg->pool_start, "10.3.0.10");
	assert_ip(&cfg->pool_end, "10.3.0.20");
	assert_prefix(&cfg->pool6, "fd00::100/64");
	assert_string_equal(text_pushes(cfg), "");
	config_free(cfg);
}

/* A client's keepalive is for itself: nothing doubled, nothing pushed. */
static void test_client_long_form(void **state)
{
	struct config *cfg = text_config(TEXT_KEYS "dev tun\ntls-client\n"
		"pull\nremote h\nifconfig 10.4.0.1 10.4.0.2\nkeepalive 5 20\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_P2P);
	assert_prefix(&cfg->ifconfig, "10.4.0.1/32");
	assert_ip(&cfg->ifconfig_peer, "10.4.0.2");
	assert_int_equal(cfg->ping, 5);
	assert_int_equal(cfg->ping_restart, 20);
	assert_null(cfg->push);
	config_free(cfg);
}

/* The order of topology and ifconfig does not matter. */
static void test_ifconfig_order(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT "remote h\n"
		"ifconfig 10.4.0.1 255.255.255.0\ntopology subnet\n");

	(void)state;
	assert_non_null(cfg);
	assert_prefix(&cfg->ifconfig, "10.4.0.1/24");
	config_free(cfg);
}

static void test_remotes(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT
		"remote a\nremote b 5\nremote c 6 udp6\nremote d 7 tcp\n"
		"port 9\nproto udp4\n");
	const struct config_remote *remote;

	(void)state;
	assert_non_null(cfg);
	remote = cfg->remotes;
	assert_string_equal(remote->host, "a");
	assert_int_equal(remote->port, 9);
	assert_int_equal(remote->proto, CONFIG_PROTO_UDP4);
	remote = remote->next;
	assert_string_equal(remote->host, "b");
	assert_int_equal(remote->port, 5);
	remote = remote->next;
	assert_string_equal(remote->host, "c");
	assert_int_equal(remote->proto, CONFIG_PROTO_UDP6);
	remote = remote->next;
	assert_string_equal(remote->host, "d");
	/* of the family that proto names */
	assert_int_equal(remote->proto, CONFIG_PROTO_TCP4);
	assert_null(remote->next);
	assert_int_equal(cfg->proto, CONFIG_PROTO_UDP4);
	config_free(cfg);
}

/* What proto says of the family counts for blocks behind it. */
static void test_block_families(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT
		"<connection>\nremote a 1 udp\n</connection>\nproto udp4\n"
		"<connection>\nremote b 1 udp\n</connection>\n"
		"<connection>\nremote c 1 tcp6\n</connection>\nproto udp6\n");
	const struct config_remote *remote;

	(void)state;
	assert_non_null(cfg);
	remote = cfg->remotes;
	assert_int_equal(remote->proto, CONFIG_PROTO_UDP);
	remote = remote->next;
	assert_int_equal(remote->proto, CONFIG_PROTO_UDP4);
	remote = remote->next;
	assert_int_equal(remote->proto, CONFIG_PROTO_TCP6);
	config_free(cfg);
}

static void test_tcp_names(void **state)
{
	static const struct {
		const char *name;
		enum config_proto proto;
		sa_family_t family;
		bool is_for_server, is_for_client;
	} rows[] = {
		{ "tcp", CONFIG_PROTO_TCP, AF_UNSPEC, true, true },
		{ "tcp4", CONFIG_PROTO_TCP4, AF_INET, true, true },
		{ "tcp6", CONFIG_PROTO_TCP6, AF_INET6, true, true },
		{ "TCP-server", CONFIG_PROTO_TCP, AF_UNSPEC, true, false },
		{ "tcp4-server", CONFIG_PROTO_TCP4, AF_INET, true, false },
		{ "tcp6-server", CONFIG_PROTO_TCP6, AF_INET6, true, false },
		{ "tcp-client", CONFIG_PROTO_TCP, AF_UNSPEC, false, true },
		{ "tcp4-client", CONFIG_PROTO_TCP4, AF_INET, false, true },
		{ "tcp6-client", CONFIG_PROTO_TCP6, AF_INET6, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const roles[] = { TEXT_SERVER,
					      TEXT_CLIENT "remote h\n" };
		const bool is_for[] = { rows[i].is_for_server,
					rows[i].is_for_client };

		for (int j = 0; j < 2; j++) {
			struct config *cfg;
			char text[512];

			if (!is_for[j])
				continue;
			snprintf(text, sizeof(text), "%sproto %s\n", roles[j],
				 rows[i].name);
			cfg = text_config(text);
			assert_non_null(cfg);
			assert_int_equal(cfg->proto, rows[i].proto);
			assert_true(config_proto_is_tcp(cfg->proto));
			assert_int_equal(config_proto_family(cfg->proto),
					 rows[i].family);
			config_free(cfg);
		}
	}
}

static void test_tcp_options(void **state)
{
	struct config *cfg = text_config(TEXT_SERVER "proto tcp\n"
		"topology subnet\ntcp-nodelay\ntcp-queue-limit 100\n"
		"bind ipv6only\nexplicit-exit-notify 1\nsocket-flags A\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->proto, CONFIG_PROTO_TCP6);
	assert_int_equal(cfg->tcp_queue_limit, 100);
	assert_int_equal(cfg->explicit_exit_notify, 0);
	assert_true(text_warns(cfg, "explicit-exit-notify has no effect"));
	assert_true(text_warns(cfg, "socket-flags: flag \"A\" is unknown"));
	assert_string_equal(text_pushes(cfg),
		"socket-flags TCP_NODELAY|route-gateway 10.8.0.1|topology subnet");
	config_free(cfg);
	/* a client that may use UDP keeps it for that */
	cfg = text_config(TEXT_CLIENT "remote h 1 tcp\nremote h 1 udp\n"
			  "explicit-exit-notify\ntcp-nodelay\n");
	assert_non_null(cfg);
	assert_int_equal(cfg->explicit_exit_notify, 1);
	assert_int_equal(cfg->tcp_queue_limit, 64);
	assert_null(cfg->push);
	config_free(cfg);
	cfg = text_config(TEXT_CLIENT "remote h 1 tcp\nremote h 1 tcp4\n"
			  "explicit-exit-notify\n");
	assert_non_null(cfg);
	assert_int_equal(cfg->explicit_exit_notify, 0);
	config_free(cfg);
}

static void test_connect_timeout(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT
		"<connection>\nremote a\nconnect-timeout 7\n</connection>\n"
		"<connection>\nremote b\n</connection>\n"
		"server-poll-timeout 9\n");

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->remotes->connect_timeout, 7);
	assert_int_equal(cfg->remotes->next->connect_timeout, 9);
	config_free(cfg);
}

static void test_connection_blocks(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT "proto tcp\n"
		"remote ignored 1\n<connection>\nproto udp6\nremote a\nport 3\n"
		"</connection>\n<connection>\nremote b 4 udp\nrport 5\n"
		"</connection>\n");

	(void)state;
	assert_non_null(cfg);
	assert_string_equal(cfg->remotes->host, "a");
	assert_int_equal(cfg->remotes->port, 3);
	assert_int_equal(cfg->remotes->proto, CONFIG_PROTO_UDP6);
	assert_string_equal(cfg->remotes->next->host, "b");
	assert_int_equal(cfg->remotes->next->port, 5);
	assert_int_equal(cfg->remotes->next->proto, CONFIG_PROTO_UDP);
	assert_null(cfg->remotes->next->next);
	assert_true(text_warns(cfg, "t:13: remote outside of <connection>"));
	config_free(cfg);
}

static void test_values(void **state)
{
	struct config *cfg = text_config(TEXT_CLIENT "remote h\n"
		"tls-auth [inline] 1\n<tls-auth>\nTA\n</tls-auth>\n"
		"auth rsa-sha256\ncipher aes-256-cbc\n"
		"data-ciphers aes-128-gcm:AES-128-CBC:?X:id-aes256-GCM:BF-CBC:CAMELLIA-128-CBC\n"
		"data-ciphers-fallback aes-128-gcm\ntls-version-min 1.3\n"
		"verify-x509-name vpn name-prefix\nremote-cert-tls server\n"
		"reneg-sec 100 40\nverb 15\nlog-append l\ndaemon d\n"
		"redirect-gateway def1 !ipv4\nmark 7\nsetenv A \"b c\"\n"
		"setenv-safe D e\nexplicit-exit-notify 3\ndisable-dco\n"
		"route 10.0.0.0 255.0.0.0 net_gateway 9\nroute 1.2.3.4\n"
		"route-ipv6 2001:db8::1/32 fd00::1\nsndbuf 9\n");
	const struct config_route *route;

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->key_direction, 1);
	assert_string_equal(cfg->tls_auth.text, "TA\n");
	assert_string_equal(cfg->auth, "SHA256");
	assert_string_equal(cfg->cipher, "aes-256-cbc");
	assert_string_equal(cfg->data_ciphers,
			    "AES-128-GCM:AES-128-CBC:AES-256-GCM");
	assert_true(text_warns(cfg, "BF-CBC is left out: its blocks of 64 bits are too short"));
	assert_true(text_warns(cfg, "CAMELLIA-128-CBC is left out: there are"));
	assert_string_equal(cfg->data_ciphers_fallback, "AES-128-GCM");
	assert_string_equal(cfg->tls_version_min, "1.3");
	assert_int_equal(cfg->verify_name_type, CONFIG_NAME_PREFIX);
	assert_string_equal(cfg->verify_name, "vpn");
	assert_int_equal(cfg->remote_cert_tls, CONFIG_PURPOSE_SERVER);
	assert_int_equal(cfg->reneg_sec, 100);
	assert_int_equal(cfg->reneg_sec_min, 40);
	assert_int_equal(cfg->verb, 11);
	assert_true(cfg->is_log_append && cfg->is_daemon && !cfg->is_syslog);
	assert_string_equal(cfg->daemon_name, "d");
	assert_int_equal(cfg->redirect_gateway, CONFIG_REDIRECT_ENABLED |
			 CONFIG_REDIRECT_DEF1 | CONFIG_REDIRECT_NO_IPV4);
	assert_true(cfg->has_mark);
	assert_int_equal(cfg->mark, 7);
	assert_string_equal(cfg->env->text, "A=b c");
	assert_string_equal(cfg->env->next->text, "OPENVPN_D=e");
	assert_int_equal(cfg->explicit_exit_notify, 3);
	assert_int_equal(cfg->data_path, CONFIG_DATA_PATH_USER);
	route = cfg->routes;
	assert_prefix(&route->dst, "10.0.0.0/8");
	assert_string_equal(route->gateway, "net_gateway");
	assert_true(route->has_metric);
	assert_int_equal(route->metric, 9);
	route = route->next;
	assert_prefix(&route->dst, "1.2.3.4/32");
	assert_null(route->gateway);
	assert_false(route->has_metric);
	assert_prefix(&route->next->dst, "2001:db8::/32");
	assert_string_equal(route->next->gateway, "fd00::1");
	assert_int_equal(cfg->sndbuf, 9);
	config_free(cfg);
}

/* A link of two without a server that pushes. */
static void test_two(void **state)
{
	struct config *cfg = text_config("dev tun\ntls-client\nremote h\n"
		"ifconfig 10.8.0.2 10.8.0.1\nkeepalive 5 20\n"
		"cipher AES-256-CBC\n" TEXT_KEYS);

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_P2P);
	assert_false(cfg->is_pull);
	assert_int_equal(cfg->ifconfig.len, 32);
	assert_int_equal(cfg->ifconfig_peer.family, AF_INET);
	assert_int_equal(cfg->ping_restart, 20);
	config_free(cfg);

	/* the end that waits; what is for many clients does not count */
	cfg = text_config("dev tun\ntls-server\nproto tcp-server\nremote h\n"
		"ifconfig 10.8.0.1 10.8.0.2\nkeepalive 5 20\n" TEXT_KEYS);
	assert_non_null(cfg);
	assert_int_equal(cfg->mode, CONFIG_MODE_P2P);
	assert_int_equal(cfg->ifconfig.len, 32);
	assert_int_equal(cfg->ping_restart, 20);
	assert_int_equal(cfg->reneg_sec_min, cfg->reneg_sec);
	assert_true(cfg->is_bind);
	assert_true(text_warns(cfg, "t:4: remote: the tls-server of a link of two waits"));
	config_free(cfg);
}

/* What is missing as a whole has no line. */
static void test_incomplete(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "", "t: the role is missing; add \"client\"" },
		{ "client\nremote h\n" TEXT_KEYS, "t: the device is missing" },
		{ "dev tun\ntls-server\nproto tcp-client\n" TEXT_KEYS,
		  "t:3: a server waits for connections; write tcp-server" },
		{ "dev tun\ntls-server\nnobind\n" TEXT_KEYS,
		  "t:3: nobind works only with \"tls-client\"" },
		{ "dev tun\ntls-server\npush \"x\"\n" TEXT_KEYS,
		  "t:3: push works only with \"server\"" },
		{ "client\ndev tun\n" TEXT_KEYS,
		  "t: there is nothing to connect to; add \"remote" },
		{ "client\ndev tun\nremote h\n" TEXT_PAIR,
		  "t: a client needs \"ca FILE\" or a block <ca>" },
		{ "client\ndev tun\nremote h\n" TEXT_CA,
		  "t: a client needs \"cert\" and \"key\", or \"auth-user-pass\"" },
		{ "client\ndev tun\nremote h\n" TEXT_CA "<cert>\nC\n</cert>\n",
		  "t:7: cert needs its private key; add \"key FILE\"" },
		{ "client\ndev tun\nremote h\n" TEXT_CA "<key>\nC\n</key>\n",
		  "t:7: key needs its certificate; add \"cert FILE\"" },
		{ "client\ndev tun\nremote h\n" TEXT_CA
		  "management-external-key\n",
		  "t:7: management-external-key needs the certificate; add \"cert FILE\" or" },
		{ "client\ndev tun\nremote h\n" TEXT_CA "<cert>\nC\n</cert>\n"
		  "management-external-key pss\n",
		  "t:10: management-external-key works only with management" },
		{ "client\ndev tun\nremote h\n" TEXT_CA
		  "management-external-cert x\n",
		  "t:7: management-external-cert needs management-external-key" },
		{ "dev tun\nserver 10.8.0.0 255.255.255.0\n" TEXT_CA,
		  "t: a server needs \"cert FILE\"" },
		{ "client\ndev tun\nremote h 1 tcp-server\n" TEXT_KEYS,
		  "t:3: a client makes the connection; write tcp-client" },
		{ "client\ndev tun\nremote h\nproto tcp6-server\n" TEXT_KEYS,
		  "t:4: a client makes the connection; write tcp-client" },
		{ "dev tun\nserver 10.8.0.0 255.255.255.0\nproto tcp4-client\n"
		  TEXT_KEYS,
		  "t:3: a server waits for connections; write tcp-server" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *cfg;
		char err[512];

		assert_true(text_parse(rows[i].text, false, &cfg, err) < 0);
		assert_null(cfg);
		assert_non_null(strstr(err, rows[i].error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_server_subnet),
		cmocka_unit_test(test_compat_mode),
		cmocka_unit_test(test_server_sizes),
		cmocka_unit_test(test_server_nopool),
		cmocka_unit_test(test_server_link),
		cmocka_unit_test(test_server_bridge),
		cmocka_unit_test(test_server_tap),
		cmocka_unit_test(test_server_push_framing),
		cmocka_unit_test(test_server_ipv6_only),
		cmocka_unit_test(test_server_long_form),
		cmocka_unit_test(test_client_long_form),
		cmocka_unit_test(test_ifconfig_order),
		cmocka_unit_test(test_remotes),
		cmocka_unit_test(test_block_families),
		cmocka_unit_test(test_tcp_names),
		cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_connect_timeout),
		cmocka_unit_test(test_connection_blocks),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_incomplete),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
