// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

static union net_addr addr(const char *host, uint16_t port)
{
	union net_addr out;

	assert_int_equal(net_addr_parse(host, port, &out), 0);
	return out;
}

static struct net_ip ip(const char *str)
{
	struct net_ip out;

	assert_int_equal(net_ip_parse(str, &out), 0);
	return out;
}

static struct net_prefix prefix(const char *str)
{
	struct net_prefix out;

	assert_int_equal(net_prefix_parse(str, &out), 0);
	return out;
}

static void test_addr_format(void **state)
{
	union net_addr a = addr("192.0.2.1", 1194), none = { 0 };
	char text[NET_ADDR_STRLEN];

	(void)state;
	assert_string_equal(net_addr_format(&a, text), "192.0.2.1:1194");
	a = addr("2001:db8::1", 65535);
	assert_string_equal(net_addr_format(&a, text), "[2001:db8::1]:65535");
	a = addr("fe80::1%7", 1);
	assert_string_equal(net_addr_format(&a, text), "[fe80::1%7]:1");
	a = addr("::ffff:192.0.2.1", 5);
	assert_string_equal(net_addr_format(&a, text), "192.0.2.1:5");
	assert_string_equal(net_addr_format(&none, text), "[undef]");
	/* the longest */
	a = addr("1111:2222:3333:4444:5555:6666:7777:8888%4294967295", 65535);
	assert_string_equal(net_addr_format(&a, text),
			    "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535");
}

static void test_addr_parse_rejects(void **state)
{
	static const char *const bad[] = {
		"", "host", "127.1", "1.2.3.4.5", "1.2.3.4%1", "fe80::1%",
		"fe80::1%nonexistent0", "fe80::1%99999999999", ":::",
		"1.2.3.256", " 1.2.3.4",
		"11111111111111111111111111111111111111111111111111111111",
	};
	union net_addr out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(net_addr_parse(bad[i], 1, &out), -EINVAL);
}

static void test_addr_equal_and_hash(void **state)
{
	union net_addr v4 = addr("192.0.2.1", 10);
	union net_addr mapped = addr("::ffff:192.0.2.1", 10);
	union net_addr other = addr("192.0.2.2", 10);
	union net_addr port = addr("192.0.2.1", 11);
	union net_addr v6 = addr("fe80::1%3", 10);
	union net_addr scope = addr("fe80::1%4", 10);

	(void)state;
	assert_true(net_addr_is_equal(&v4, &mapped));
	assert_false(net_addr_is_equal(&v4, &other));
	assert_false(net_addr_is_equal(&v4, &port));
	assert_false(net_addr_is_equal(&v4, &v6));
	assert_false(net_addr_is_equal(&v6, &scope));
	assert_int_equal(net_addr_hash(&v4, 7), net_addr_hash(&mapped, 7));
	assert_int_not_equal(net_addr_hash(&v4, 7), net_addr_hash(&other, 7));
	assert_int_not_equal(net_addr_hash(&v4, 7), net_addr_hash(&port, 7));
	assert_int_not_equal(net_addr_hash(&v4, 7), net_addr_hash(&v4, 8));
	net_addr_unmap(&mapped);
	assert_int_equal(mapped.sa.sa_family, AF_INET);
	assert_int_equal(net_addr_port(&mapped), 10);
	assert_int_equal(net_addr_len(&mapped), sizeof(struct sockaddr_in));
	net_addr_set_port(&v6, 99);
	assert_int_equal(net_addr_port(&v6), 99);
}

/* Buckets fill evenly when addresses differ in a few bits only. */
static void test_addr_hash_spreads(void **state)
{
	union net_addr a = addr("10.0.0.0", 1194);
	unsigned int bucket[64] = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 64 * 64; i++) {
		a.in4.sin_addr.s_addr = htonl(0x0a000000 + i);
		bucket[net_addr_hash(&a, 12345) % 64]++;
	}
	for (i = 0; i < 64; i++) {
		assert_true(bucket[i] > 24);
		assert_true(bucket[i] < 128);
	}
}

static void test_prefix_parse(void **state)
{
	static const char *const bad[] = {
		"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+1",
		"10.0.0.0/8x", "::/129", "/8", "10.0.0.0/0008", "x/8",
	};
	char text[NET_PREFIX_STRLEN];
	struct net_prefix p = prefix("10.8.0.1/24");
	size_t i;

	(void)state;
	assert_string_equal(net_prefix_format(&p, text), "10.8.0.1/24");
	p = prefix("10.8.0.1");
	assert_int_equal(p.len, 32);
	p = prefix("2001:db8::1");
	assert_int_equal(p.len, 128);
	p = prefix("::/0");
	assert_string_equal(net_prefix_format(&p, text), "::/0");
	p = prefix("1111:2222:3333:4444:5555:6666:7777:8888/128");
	assert_string_equal(net_prefix_format(&p, text),
			    "1111:2222:3333:4444:5555:6666:7777:8888/128");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(net_prefix_parse(bad[i], &p), -EINVAL);
}

static void test_mask(void **state)
{
	char text[NET_PREFIX_STRLEN];
	uint8_t len;
	unsigned int i;

	(void)state;
	for (i = 0; i <= 32; i++) {
		assert_int_equal(net_mask_parse(net_mask_format((uint8_t)i,
								text), &len),
				 0);
		assert_int_equal(len, i);
	}
	assert_string_equal(net_mask_format(24, text), "255.255.255.0");
	assert_int_equal(net_mask_parse("255.0.255.0", &len), -EINVAL);
	assert_int_equal(net_mask_parse("0.0.0.255", &len), -EINVAL);
	assert_int_equal(net_mask_parse("24", &len), -EINVAL);
	assert_int_equal(net_mask_parse("", &len), -EINVAL);
}

static void assert_in(const char *net, const char *host, bool is_inside)
{
	struct net_prefix p = prefix(net);
	struct net_ip x = ip(host);

	assert_int_equal(net_prefix_contains(&p, &x), is_inside);
}

static void test_prefix_contains(void **state)
{
	struct net_prefix none = { 0 };
	struct net_ip unset = { 0 };

	(void)state;
	assert_in("10.8.0.77/24", "10.8.0.255", true);
	assert_in("10.8.0.0/24", "10.8.1.0", false);
	assert_in("10.8.0.0/23", "10.8.1.0", true);
	assert_in("10.8.0.0/31", "10.8.0.1", true);
	assert_in("10.8.0.0/31", "10.8.0.2", false);
	assert_in("10.8.0.1/32", "10.8.0.1", true);
	assert_in("10.8.0.1/32", "10.8.0.0", false);
	assert_in("0.0.0.0/0", "255.1.2.3", true);
	assert_in("0.0.0.0/0", "::1", false);
	assert_in("::/0", "10.8.0.1", false);
	assert_in("2001:db8::/33", "2001:db8:7fff::1", true);
	assert_in("2001:db8::/33", "2001:db8:8000::1", false);
	assert_in("2001:db8::1/128", "2001:db8::1", true);
	assert_false(net_prefix_contains(&none, &unset));
}

static void assert_nth(const char *net, uint64_t n, const char *expected)
{
	struct net_prefix p = prefix(net);
	char text[NET_PREFIX_STRLEN];
	struct net_ip out;

	if (!expected) {
		assert_int_equal(net_prefix_nth(&p, n, &out), -ERANGE);
		return;
	}
	assert_int_equal(net_prefix_nth(&p, n, &out), 0);
	assert_string_equal(net_ip_format(&out, text), expected);
}

static void test_prefix_nth(void **state)
{
	(void)state;
	assert_nth("10.8.0.99/24", 0, "10.8.0.0");
	assert_nth("10.8.0.99/24", 1, "10.8.0.1");
	assert_nth("10.8.0.99/24", 255, "10.8.0.255");
	assert_nth("10.8.0.99/24", 256, NULL);
	assert_nth("10.8.1.0/23", 256, "10.8.1.0");
	assert_nth("10.8.0.5/32", 0, "10.8.0.5");
	assert_nth("10.8.0.5/32", 1, NULL);
	assert_nth("10.8.0.129/25", 3, "10.8.0.131");
	assert_nth("10.8.0.135/30", 3, "10.8.0.135");
	assert_nth("0.0.0.0/0", 0x01020304, "1.2.3.4");
	assert_nth("0.0.0.0/0", UINT64_C(1) << 32, NULL);
	assert_nth("fd00::1234/64", 1, "fd00::1");
	assert_nth("fd00::1234/64", UINT64_MAX, "fd00::ffff:ffff:ffff:ffff");
	assert_nth("fd00::/1", UINT64_MAX, "8000::ffff:ffff:ffff:ffff");
	assert_nth("fd00::1234/112", 65536, NULL);
	assert_nth("fd00::1234/112", 65535, "fd00::ffff");
}

static void test_ip(void **state)
{
	struct net_ip a = ip("10.0.0.1"), b = ip("10.0.0.1");
	struct net_ip c = ip("::1"), none = { 0 };
	char text[NET_PREFIX_STRLEN];

	(void)state;
	assert_true(net_ip_is_equal(&a, &b));
	assert_false(net_ip_is_equal(&a, &c));
	assert_false(net_ip_is_equal(&a, &none));
	assert_true(net_ip_is_equal(&none, &none));
	assert_string_equal(net_ip_format(&c, text), "::1");
	assert_string_equal(net_ip_format(&none, text), "[undef]");
	assert_int_equal(net_ip_parse("10.0.0.1/8", &a), -EINVAL);
}

static const char *const dns_env[] = {
	"dns_server_1_address_1=192.0.2.1",
	"dns_server_1_address_2=2001:db8::1",
	"dns_server_1_port_2=853",
	"dns_server_1_resolve_domain_1=a.test",
	"dns_server_1_dnssec=yes",
	"dns_server_1_transport=DoT",
	"dns_server_1_sni=ns.test",
	"dns_server_2_address_1=192.0.2.2",
	"dns_server_2_port_1=53",
	"dns_server_3_address_1=nowhere",
	"dns_search_domain_1=b.test",
	"dns_search_domain_2=c.test",
};

static const char *dns_get(void *arg, const char *name)
{
	size_t len = strlen(name);

	(void)arg;
	for (size_t i = 0; i < sizeof(dns_env) / sizeof(*dns_env); i++)
		if (!strncmp(dns_env[i], name, len) && dns_env[i][len] == '=')
			return dns_env[i] + len + 1;
	return NULL;
}

static void test_dns_env(void **state)
{
	struct net_dns dns;
	char text[128];

	(void)state;
	assert_int_equal(net_dns_from_env(&dns, 1, dns_get, NULL), 0);
	assert_int_equal(dns.n_addrs, 2);
	assert_int_equal(dns.addrs[0].ip.family, AF_INET);
	assert_int_equal(dns.addrs[0].port, 0);
	assert_int_equal(dns.addrs[1].ip.family, AF_INET6);
	assert_int_equal(dns.addrs[1].port, 853);
	assert_int_equal(dns.n_domains, 1);
	assert_int_equal(dns.n_search, 2);
	assert_int_equal(dns.dnssec, NET_DNSSEC_YES);
	assert_int_equal(dns.transport, NET_DNS_TRANSPORT_TLS);
	assert_string_equal(dns.sni, "ns.test");
	assert_false(net_dns_is_simple(&dns));
	assert_int_equal(net_dns_from_env(&dns, 2, dns_get, NULL), 0);
	assert_true(net_dns_is_simple(&dns));
	assert_int_equal(net_dns_resolv_conf(&dns, text, sizeof(text)), 0);
	assert_string_equal(text, "nameserver 192.0.2.2\nsearch b.test c.test\n");
	assert_int_equal(net_dns_resolv_conf(&dns, text, 42), -ENOBUFS);
	assert_int_equal(net_dns_resolv_conf(&dns, text, 20), -ENOBUFS);
	assert_int_equal(net_dns_from_env(&dns, 3, dns_get, NULL), -EINVAL);
	assert_int_equal(net_dns_from_env(&dns, 4, dns_get, NULL), -ENOENT);
}

static void test_dns_words(void **state)
{
	static const char *const bad[] = {
		"", ":53", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536",
		"192.0.2.1:+5", "[2001:db8::1]", "[2001:db8::1", "[]:53",
		"[2001:db8::1]:0", "2001:db8::1:53:x", "ns.test",
	};
	struct net_dns_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(net_dns_addr_parse(bad[i], &addr), -EINVAL);
	assert_int_equal(net_dns_addr_parse("[192.0.2.1]:53", &addr), 0);
	assert_int_equal(net_dns_addr_parse("2001:db8::1", &addr), 0);
	assert_int_equal(addr.port, 0);
	assert_true(net_dns_domain_is_valid("a-b._c.test."));
	assert_false(net_dns_domain_is_valid(""));
	assert_false(net_dns_domain_is_valid("-a.test"));
	assert_false(net_dns_domain_is_valid(".test"));
	assert_false(net_dns_domain_is_valid("a b"));
	assert_false(net_dns_domain_is_valid("a\nnameserver"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_format),
		cmocka_unit_test(test_addr_parse_rejects),
		cmocka_unit_test(test_addr_equal_and_hash),
		cmocka_unit_test(test_addr_hash_spreads),
		cmocka_unit_test(test_prefix_parse),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_prefix_contains),
		cmocka_unit_test(test_prefix_nth),
		cmocka_unit_test(test_ip),
		cmocka_unit_test(test_dns_env),
		cmocka_unit_test(test_dns_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
