/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_NET_H
#define NET_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Addresses: of sockets, of the tunnel, of routes. Pure functions. And name
 * servers: dns.c is pure, resolved.c asks systemd-resolved, and waits for it.
 */

/** union net_addr - a socket address, IPv4 or IPv6; AF_UNSPEC when unset */
union net_addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

#define NET_ADDR_STRLEN 80	/* "[addr%scope]:port" and NUL */

socklen_t net_addr_len(const union net_addr *addr);
uint16_t net_addr_port(const union net_addr *addr);
void net_addr_set_port(union net_addr *addr, uint16_t port);

/** net_addr_unmap() - turn ::ffff:a.b.c.d into IPv4, in place */
void net_addr_unmap(union net_addr *addr);

/** net_addr_is_equal() - family, address, port and scope; v4-mapped = IPv4 */
bool net_addr_is_equal(const union net_addr *a, const union net_addr *b);

/** net_addr_hash() - equal addresses have equal hashes; keyed with @seed */
uint32_t net_addr_hash(const union net_addr *addr, uint32_t seed);

/** net_addr_format() - "192.0.2.1:1194" or "[2001:db8::1]:1194"; returns @out */
const char *net_addr_format(const union net_addr *addr,
			    char out[NET_ADDR_STRLEN]);

/** net_addr_parse() - numeric host and port; 0 or -EINVAL */
int net_addr_parse(const char *host, uint16_t port, union net_addr *out);

/** struct net_ip - an address without a port */
struct net_ip {
	sa_family_t family;	/* AF_UNSPEC when unset */
	union {
		struct in_addr in4;
		struct in6_addr in6;
	};
};

/** struct net_prefix - an address in a network, host bits allowed */
struct net_prefix {
	struct net_ip ip;
	uint8_t len;
};

#define NET_PREFIX_STRLEN 52

int net_ip_parse(const char *str, struct net_ip *out);
bool net_ip_is_equal(const struct net_ip *a, const struct net_ip *b);
const char *net_ip_format(const struct net_ip *ip, char out[NET_PREFIX_STRLEN]);

/** net_prefix_parse() - "10.8.0.0/24", "2001:db8::/64"; without / a host */
int net_prefix_parse(const char *str, struct net_prefix *out);

/** net_mask_parse() - dotted netmask to length; -EINVAL if not contiguous */
int net_mask_parse(const char *mask, uint8_t *len);
const char *net_mask_format(uint8_t len, char out[NET_PREFIX_STRLEN]);
const char *net_prefix_format(const struct net_prefix *prefix,
			      char out[NET_PREFIX_STRLEN]);
bool net_prefix_contains(const struct net_prefix *prefix,
			 const struct net_ip *ip);

/** net_prefix_nth() - the @n-th address of the network; -ERANGE if outside */
int net_prefix_nth(const struct net_prefix *prefix, uint64_t n,
		   struct net_ip *out);

/* ---- name servers ------------------------------------------------------ */

#define NET_DNS_ADDRS_MAX	8	/* of a server, as in OpenVPN */
#define NET_DNS_DOMAINS_MAX	64

enum net_dnssec {
	NET_DNSSEC_UNSET,
	NET_DNSSEC_YES,
	NET_DNSSEC_OPTIONAL,
	NET_DNSSEC_NO,
};

enum net_dns_transport {
	NET_DNS_TRANSPORT_UNSET,
	NET_DNS_TRANSPORT_PLAIN,
	NET_DNS_TRANSPORT_TLS,
	NET_DNS_TRANSPORT_HTTPS,
};

/** struct net_dns_addr - @port 0: the usual one */
struct net_dns_addr {
	struct net_ip ip;
	uint16_t port;
};

/**
 * struct net_dns - a server, with all its addresses, and what it is for
 * @domains: that it resolves; none: all
 * @search: appended to names without a dot
 * @sni: of its certificate; NULL: not checked
 */
struct net_dns {
	struct net_dns_addr addrs[NET_DNS_ADDRS_MAX];
	size_t n_addrs;
	const char *domains[NET_DNS_DOMAINS_MAX];
	size_t n_domains;
	const char *search[NET_DNS_DOMAINS_MAX];
	size_t n_search;
	enum net_dnssec dnssec;
	enum net_dns_transport transport;
	const char *sni;
};

/** net_dns_addr_parse() - "192.0.2.1:53", "[2001:db8::1]:53"; 0 or -EINVAL */
int net_dns_addr_parse(const char *text, struct net_dns_addr *out);

/** net_dns_domain_is_valid() - letters, digits, "-", "_" and single dots */
bool net_dns_domain_is_valid(const char *text);

/* names as OpenVPN writes them, in any case; 0 or -EINVAL */
int net_dnssec_parse(const char *text, enum net_dnssec *out);
int net_dns_transport_parse(const char *text, enum net_dns_transport *out);
/* NULL for UNSET */
const char *net_dnssec_name(enum net_dnssec dnssec);
const char *net_dns_transport_name(enum net_dns_transport transport);

/**
 * net_dns_from_env() - the @n-th server of variables dns_*, from 1 on
 * @get: value of a variable, which lives as long as @out; NULL: not set
 *
 * Return: 0; -ENOENT there is no such server; -EINVAL.
 */
int net_dns_from_env(struct net_dns *out, unsigned int n,
		     const char *(*get)(void *arg, const char *name),
		     void *arg);

/**
 * net_dns_is_simple() - can resolv.conf say it?
 *
 * Not other ports than the usual, other transports, required DNSSEC, and
 * domains of its own.
 */
bool net_dns_is_simple(const struct net_dns *dns);

/** net_dns_resolv_conf() - lines for resolv.conf; 0 or -ENOBUFS */
int net_dns_resolv_conf(const struct net_dns *dns, char *out, size_t cap);

/** net_resolved_runs() - is systemd-resolved there? Does not start it. */
bool net_resolved_runs(void);

/**
 * net_resolved_set() - what a link has for names
 *
 * Context: waits for answers, some seconds at most.
 * Return: 0, -EPROTONOSUPPORT what no version of it can do, or -errno.
 */
int net_resolved_set(int ifindex, const struct net_dns *dns);

/** net_resolved_unset() - nothing of it stays; 0 or -errno */
int net_resolved_unset(int ifindex);

#endif
