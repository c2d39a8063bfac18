// SPDX-License-Identifier: GPL-2.0-or-later
/* Name servers, as OpenVPN's option "dns" describes them. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/net.h"

#define DNS_PORT 53
#define DOMAIN_MAX 253

static int port_parse(const char *text, uint16_t *out)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || !port || port > 65535)
		return -EINVAL;
	*out = (uint16_t)port;
	return 0;
}

int net_dns_addr_parse(const char *text, struct net_dns_addr *out)
{
	const char *colon = strrchr(text, ':'), *port = NULL;
	char host[INET6_ADDRSTRLEN];
	size_t len = strlen(text);

	memset(out, 0, sizeof(*out));
	if (*text == '[') {
		const char *end = strchr(text, ']');

		if (!end || end[1] != ':')
			return -EINVAL;
		port = end + 2;
		len = (size_t)(end - ++text);
	} else if (colon && strchr(text, ':') == colon) {
		port = colon + 1;
		len = (size_t)(colon - text);
	}
	if (!len || len >= sizeof(host) ||
	    (port && port_parse(port, &out->port)))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return net_ip_parse(host, &out->ip);
}

bool net_dns_domain_is_valid(const char *text)
{
	size_t len = strlen(text);

	if (!len || len > DOMAIN_MAX || *text == '-' || *text == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((!isalnum((unsigned char)text[i]) &&
		     !strchr("-_.", text[i])) ||
		    (text[i] == '.' && text[i + 1] == '.'))
			return false;
	return true;
}

static const char *const dnssec_names[] = {
	[NET_DNSSEC_UNSET] = NULL,
	[NET_DNSSEC_YES] = "yes",
	[NET_DNSSEC_OPTIONAL] = "optional",
	[NET_DNSSEC_NO] = "no",
};

static const char *const transport_names[] = {
	[NET_DNS_TRANSPORT_UNSET] = NULL,
	[NET_DNS_TRANSPORT_PLAIN] = "plain",
	[NET_DNS_TRANSPORT_TLS] = "DoT",
	[NET_DNS_TRANSPORT_HTTPS] = "DoH",
};

const char *net_dnssec_name(enum net_dnssec dnssec)
{
	return dnssec_names[dnssec];
}

const char *net_dns_transport_name(enum net_dns_transport transport)
{
	return transport_names[transport];
}

int net_dnssec_parse(const char *text, enum net_dnssec *out)
{
	for (int i = NET_DNSSEC_YES; i <= NET_DNSSEC_NO; i++) {
		if (strcasecmp(text, dnssec_names[i]))
			continue;
		*out = (enum net_dnssec)i;
		return 0;
	}
	return -EINVAL;
}

int net_dns_transport_parse(const char *text, enum net_dns_transport *out)
{
	for (int i = NET_DNS_TRANSPORT_PLAIN; i <= NET_DNS_TRANSPORT_HTTPS;
	     i++) {
		if (strcasecmp(text, transport_names[i]))
			continue;
		*out = (enum net_dns_transport)i;
		return 0;
	}
	return -EINVAL;
}

/* ---- variables --------------------------------------------------------- */

struct dns_env {
	const char *(*get)(void *arg, const char *name);
	void *arg;
};

static __attribute__((format(printf, 2, 3)))
const char *env_get(const struct dns_env *env, const char *fmt, ...)
{
	char name[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	return env->get(env->arg, name);
}

static int env_addrs(struct net_dns *out, unsigned int n,
		     const struct dns_env *env)
{
	const char *text;

	for (unsigned int i = 1; i <= NET_DNS_ADDRS_MAX; i++) {
		struct net_dns_addr *addr = &out->addrs[out->n_addrs];

		text = env_get(env, "dns_server_%u_address_%u", n, i);
		if (!text)
			break;
		if (net_ip_parse(text, &addr->ip))
			return -EINVAL;
		text = env_get(env, "dns_server_%u_port_%u", n, i);
		if (text && port_parse(text, &addr->port))
			return -EINVAL;
		out->n_addrs++;
	}
	return out->n_addrs ? 0 : -ENOENT;
}

static int env_domains(struct net_dns *out, unsigned int n,
		       const struct dns_env *env)
{
	const char *text;

	while (out->n_domains < NET_DNS_DOMAINS_MAX &&
	       (text = env_get(env, "dns_server_%u_resolve_domain_%zu", n,
			       out->n_domains + 1)))
		out->domains[out->n_domains++] = text;
	while (out->n_search < NET_DNS_DOMAINS_MAX &&
	       (text = env_get(env, "dns_search_domain_%zu",
			       out->n_search + 1)))
		out->search[out->n_search++] = text;
	for (size_t i = 0; i < out->n_domains; i++)
		if (!net_dns_domain_is_valid(out->domains[i]))
			return -EINVAL;
	for (size_t i = 0; i < out->n_search; i++)
		if (!net_dns_domain_is_valid(out->search[i]))
			return -EINVAL;
	return 0;
}

int net_dns_from_env(struct net_dns *out, unsigned int n,
		     const char *(*get)(void *arg, const char *name),
		     void *arg)
{
	const struct dns_env env = { get, arg };
	const char *text;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = env_addrs(out, n, &env);
	if (!ret)
		ret = env_domains(out, n, &env);
	text = env_get(&env, "dns_server_%u_dnssec", n);
	if (!ret && text)
		ret = net_dnssec_parse(text, &out->dnssec);
	text = env_get(&env, "dns_server_%u_transport", n);
	if (!ret && text)
		ret = net_dns_transport_parse(text, &out->transport);
	out->sni = env_get(&env, "dns_server_%u_sni", n);
	if (!ret && out->sni && !net_dns_domain_is_valid(out->sni))
		ret = -EINVAL;
	return ret;
}

/* ---- resolv.conf ------------------------------------------------------- */

bool net_dns_is_simple(const struct net_dns *dns)
{
	if (dns->transport > NET_DNS_TRANSPORT_PLAIN || dns->n_domains ||
	    dns->dnssec == NET_DNSSEC_YES)
		return false;
	for (size_t i = 0; i < dns->n_addrs; i++)
		if (dns->addrs[i].port && dns->addrs[i].port != DNS_PORT)
			return false;
	return true;
}

int net_dns_resolv_conf(const struct net_dns *dns, char *out, size_t cap)
{
	char ip[NET_PREFIX_STRLEN];
	size_t len = 0;
	int n;

	for (size_t i = 0; i < dns->n_addrs; i++) {
		n = snprintf(out + len, cap - len, "nameserver %s\n",
			     net_ip_format(&dns->addrs[i].ip, ip));
		len += (size_t)n;
		if (len >= cap)
			return -ENOBUFS;
	}
	for (size_t i = 0; i < dns->n_search; i++) {
		n = snprintf(out + len, cap - len, "%s%s%s",
			     i ? " " : "search ", dns->search[i],
			     i + 1 < dns->n_search ? "" : "\n");
		len += (size_t)n;
		if (len >= cap)
			return -ENOBUFS;
	}
	return 0;
}
