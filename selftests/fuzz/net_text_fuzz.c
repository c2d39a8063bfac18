// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, networks, masks and what name servers are called: what is taken
 * means the same when it is written again.
 */
#include <stdio.h>

#include "fuzz.h"
#include "net/net.h"

static void check_ip(const char *text)
{
	char again[NET_PREFIX_STRLEN];
	struct net_ip ip, other;

	if (net_ip_parse(text, &ip))
		return;
	FUZZ_CHECK(ip.family == AF_INET || ip.family == AF_INET6);
	FUZZ_CHECK(!net_ip_parse(net_ip_format(&ip, again), &other));
	FUZZ_CHECK(net_ip_is_equal(&ip, &other));
}

static void check_addr(const char *text, uint16_t port)
{
	union net_addr addr, other;
	char again[NET_ADDR_STRLEN];

	if (net_addr_parse(text, port, &addr))
		return;
	FUZZ_CHECK(net_addr_port(&addr) == port);
	net_addr_format(&addr, again);
	other = addr;
	net_addr_unmap(&other);
	FUZZ_CHECK(net_addr_is_equal(&addr, &other));
	FUZZ_CHECK(net_addr_hash(&addr, 7) == net_addr_hash(&other, 7));
	/* what stands in front of the port is the host again */
	FUZZ_CHECK(strlen(again) < sizeof(again) && strrchr(again, ':'));
	*strrchr(again, ':') = '\0';
	if (*again == '[') {
		FUZZ_CHECK(again[strlen(again) - 1] == ']');
		again[strlen(again) - 1] = '\0';
	}
	FUZZ_CHECK(!net_addr_parse(again + (*again == '['), port, &other));
	FUZZ_CHECK(net_addr_is_equal(&addr, &other));
}

static void check_dns_addr(const char *text)
{
	char again[NET_PREFIX_STRLEN + 16], ip[NET_PREFIX_STRLEN];
	struct net_dns_addr addr, other;

	if (net_dns_addr_parse(text, &addr))
		return;
	snprintf(again, sizeof(again), addr.port ? "[%s]:%u" : "%s",
		 net_ip_format(&addr.ip, ip), addr.port);
	FUZZ_CHECK(!net_dns_addr_parse(again, &other));
	FUZZ_CHECK(other.port == addr.port &&
		   net_ip_is_equal(&other.ip, &addr.ip));
}

/* ---- variables: NAME=VALUE in lines ------------------------------------- */

#define VARS_MAX	256

static char *vars[VARS_MAX];
static size_t n_vars;

static const char *get(void *arg, const char *name)
{
	size_t len = strlen(name);

	(void)arg;
	for (size_t i = 0; i < n_vars; i++)
		if (!strncmp(vars[i], name, len) && vars[i][len] == '=')
			return vars[i] + len + 1;
	return NULL;
}

/* What is taken can be written to resolv.conf, or is said not to fit. */
static void check_env(char *text)
{
	char *save = NULL, *line, conf[256];
	struct net_dns dns;

	n_vars = 0;
	for (line = strtok_r(text, "\n", &save); line && n_vars < VARS_MAX;
	     line = strtok_r(NULL, "\n", &save))
		vars[n_vars++] = line;
	for (unsigned int n = 1; n <= 2; n++) {
		if (net_dns_from_env(&dns, n, get, NULL))
			continue;
		FUZZ_CHECK(dns.n_addrs && dns.n_addrs <= NET_DNS_ADDRS_MAX);
		FUZZ_CHECK(dns.n_domains <= NET_DNS_DOMAINS_MAX);
		FUZZ_CHECK(dns.n_search <= NET_DNS_DOMAINS_MAX);
		net_dns_is_simple(&dns);
		if (!net_dns_resolv_conf(&dns, conf, sizeof(conf)))
			FUZZ_CHECK(strlen(conf) < sizeof(conf));
	}
}

static void check_prefix(const char *text)
{
	struct net_prefix prefix, other;
	char again[NET_PREFIX_STRLEN];
	struct net_ip base;

	if (net_prefix_parse(text, &prefix))
		return;
	FUZZ_CHECK(prefix.len <= (prefix.ip.family == AF_INET ? 32 : 128));
	FUZZ_CHECK(net_prefix_contains(&prefix, &prefix.ip));
	FUZZ_CHECK(!net_prefix_parse(net_prefix_format(&prefix, again),
				     &other));
	FUZZ_CHECK(other.len == prefix.len &&
		   net_ip_is_equal(&other.ip, &prefix.ip));
	FUZZ_CHECK(!net_prefix_nth(&prefix, 0, &base));
	FUZZ_CHECK(net_prefix_contains(&prefix, &base));
}

static void check_mask(const char *text)
{
	char again[NET_PREFIX_STRLEN];
	uint8_t len, other;

	if (net_mask_parse(text, &len))
		return;
	FUZZ_CHECK(len <= 32);
	FUZZ_CHECK(!net_mask_parse(net_mask_format(len, again), &other));
	FUZZ_CHECK(other == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	enum net_dns_transport transport;
	enum net_dnssec dnssec;

	check_ip(text);
	check_addr(text, (uint16_t)size);
	check_prefix(text);
	check_mask(text);
	check_dns_addr(text);
	net_dns_domain_is_valid(text);
	net_dnssec_parse(text, &dnssec);
	net_dns_transport_parse(text, &transport);
	check_env(text);
	free(text);
	return 0;
}
