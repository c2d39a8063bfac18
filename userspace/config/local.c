// SPDX-License-Identifier: GPL-2.0-or-later
/* "local": at which addresses and ports the sockets are. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"

/* ---- which transports there are ------------------------------------- */

static bool has_transport(const struct config *cfg, bool is_tcp)
{
	const struct config_remote *remote = cfg->remotes;

	if (cfg->is_tls_server) {
		for (size_t i = 0; i < cfg->n_locals; i++)
			if (config_proto_is_tcp(cfg->locals[i].proto) == is_tcp)
				return true;
		return false;
	}
	if (!remote)
		return config_proto_is_tcp(cfg->proto) == is_tcp;
	while (remote && config_proto_is_tcp(remote->proto) != is_tcp)
		remote = remote->next;
	return remote;
}

bool config_has_udp(const struct config *cfg)
{
	return has_transport(cfg, false);
}

bool config_has_tcp(const struct config *cfg)
{
	return has_transport(cfg, true);
}

/* ---- sockets that are in each other's way ---------------------------- */

/* AF_UNSPEC: it is a name, or there is none. */
static sa_family_t host_family(const char *host)
{
	struct net_ip ip;

	return host && !net_ip_parse(host, &ip) ? ip.family : AF_UNSPEC;
}

static bool is_all(const char *host)
{
	static const struct net_ip none;
	struct net_ip ip;

	return !host || (!net_ip_parse(host, &ip) &&
			 !memcmp(&ip.in6, &none.in6, ip.family == AF_INET ?
				 sizeof(ip.in4) : sizeof(ip.in6)));
}

static bool is_same_host(const char *a, const char *b)
{
	struct net_ip x, y;

	if (net_ip_parse(a, &x) || net_ip_parse(b, &y))
		return !strcasecmp(a, b);
	return net_ip_is_equal(&x, &y);
}

/* What it is limited to; AF_UNSPEC: nothing that is known here. */
static sa_family_t local_family(const struct config_local *local)
{
	sa_family_t family = host_family(local->host);

	return family != AF_UNSPEC ? family :
				     config_proto_family(local->proto);
}

static bool is_same_port(const struct config_local *a,
			 const struct config_local *b)
{
	return a->port == b->port && config_proto_is_tcp(a->proto) ==
	       config_proto_is_tcp(b->proto);
}

static bool is_overlap(const struct config_local *a,
		       const struct config_local *b)
{
	sa_family_t x = local_family(a), y = local_family(b);

	if (!is_same_port(a, b) || !a->port ||
	    (x != AF_UNSPEC && y != AF_UNSPEC && x != y))
		return false;
	return is_all(a->host) || is_all(b->host) ||
	       is_same_host(a->host, b->host);
}

/* ---- what is written -------------------------------------------------- */

static bool has_at_port(const struct config_local *locals, size_t n, size_t at,
			sa_family_t family)
{
	for (size_t i = 0; i < n; i++)
		if (i != at && is_same_port(&locals[i], &locals[at]) &&
		    local_family(&locals[i]) == family)
			return true;
	return false;
}

enum config_proto config_proto_of(enum config_proto proto, sa_family_t family)
{
	bool is_tcp = config_proto_is_tcp(proto);

	if (family == AF_INET)
		return is_tcp ? CONFIG_PROTO_TCP4 : CONFIG_PROTO_UDP4;
	return is_tcp ? CONFIG_PROTO_TCP6 : CONFIG_PROTO_UDP6;
}

/*
 * Which families those without an address serve. * leaves IPv6 to a line that
 * names it, as in OpenVPN, where it is IPv4 only. A socket of udp6 or tcp6 also
 * serves IPv4, likewise, unless another one does.
 */
static void locals_separate(const struct config_parse *ps,
			    struct config_local *locals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct config_local *local = &locals[i];

		/* a literal address is of one family */
		local->is_ipv6only = ps->is_ipv6only || local->host;
		if (local_family(local) != AF_UNSPEC)
			continue;
		if (!local->host && has_at_port(locals, n, i, AF_INET6))
			local->proto = config_proto_of(local->proto, AF_INET);
		else if (ps->is_ipv6only)
			local->proto = config_proto_of(local->proto, AF_INET6);
	}
	for (size_t i = 0; i < n; i++)
		if (local_family(&locals[i]) == AF_INET6 &&
		    has_at_port(locals, n, i, AF_INET))
			locals[i].is_ipv6only = true;
}

static int local_fill(struct config_parse *ps, const struct config_conn *conn,
		      struct config_local *out)
{
	bool has_own = conn->has_proto && ps->cfg->mode == CONFIG_MODE_SERVER;
	sa_family_t family;

	if (conn->has_proto && config_side_check(ps, &conn->place, conn->side))
		return -EINVAL;
	*out = (struct config_local){
		.host = strcmp(conn->host, "*") ? conn->host : NULL,
		.port = conn->has_port ? conn->port : ps->cfg->lport,
		.proto = has_own ? conn->proto : ps->cfg->proto,
	};
	family = config_proto_family(out->proto);
	if (family != AF_UNSPEC && host_family(out->host) != AF_UNSPEC &&
	    host_family(out->host) != family)
		return config_fail_at(ps, &conn->place,
			"local: %s is not an address of IPv%c, which the protocol is limited to",
			out->host, family == AF_INET ? '4' : '6');
	return 0;
}

/* Against those before it. */
static int local_check(struct config_parse *ps, const struct config_conn *conn,
		       const struct config_local *locals, size_t at)
{
	const struct config_conn *other = ps->locals;
	char where[CONFIG_PLACE_STRLEN];

	for (size_t i = 0; i < at; i++, other = other->next)
		if (is_overlap(&locals[i], &locals[at]))
			return config_fail_at(ps, &conn->place,
				"local: port %u over %s at %s is taken by the line of %s; remove one of them",
				locals[at].port,
				config_proto_is_tcp(locals[at].proto) ?
				"TCP" : "UDP", conn->host,
				config_place_format(&other->place, where));
	return 0;
}

static int server_locals(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const struct config_conn any = { .host = "*" };
	const struct config_conn *conn = ps->locals ? ps->locals : &any;
	struct config_local *locals;
	size_t n = 0;

	locals = mem_arena_alloc(cfg->arena,
				 CONFIG_LOCALS_MAX * sizeof(*locals));
	if (!locals)
		return config_nomem(ps);
	for (; conn; conn = conn->next, n++) {
		if (n == CONFIG_LOCALS_MAX)
			return config_fail_at(ps, &conn->place,
				"local: a server has at most %d of these lines",
				CONFIG_LOCALS_MAX);
		if (local_fill(ps, conn, &locals[n]))
			return -EINVAL;
	}
	locals_separate(ps, locals, n);
	conn = ps->locals;
	for (size_t i = 0; conn; i++, conn = conn->next)
		if (local_check(ps, conn, locals, i))
			return -EINVAL;
	cfg->locals = locals;
	cfg->n_locals = n;
	return 0;
}

/* Of these lines the protocol means nothing. */
static int client_local(struct config_parse *ps)
{
	const struct config_conn *conn = ps->locals;
	struct config *cfg = ps->cfg;

	if (!conn)
		return 0;
	cfg->local_host = strcmp(conn->host, "*") ? conn->host : NULL;
	if (conn->has_port)
		cfg->lport = conn->port;
	return 0;
}

int config_expand_locals(struct config_parse *ps)
{
	const struct config_conn *conn = ps->locals;
	char where[CONFIG_PLACE_STRLEN];

	if (ps->cfg->mode != CONFIG_MODE_SERVER && conn && conn->next)
		return config_fail_at(ps, &conn->next->place,
			"local: only a server has several; remove this line or that of %s",
			config_place_format(&conn->place, where));
	/* also the end of a link of two that waits */
	return ps->cfg->is_tls_server ? server_locals(ps) : client_local(ps);
}
