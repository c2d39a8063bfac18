// SPDX-License-Identifier: GPL-2.0-or-later
/* Making and configuring the outer sockets. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

#define BACKLOG		64

/* Descriptors beside those of connections, generously. */
#define FILES_SPARE	64u

/* A connection's packets must fit into its receive buffer. */
#define STREAM_RCVBUF_MIN (4 * EXTMUX_RECORD_MAX)

static void set_int(int fd, int level, int option, int value, const char *name)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		log_warn("socket option %s: %s", name, strerror(errno));
}

/* Without mtu-disc: fragment rather than lose what the path cannot carry, as
 * OpenVPN.
 */
static void mtu_option(const struct config *cfg, int fd, sa_family_t family)
{
	static const int modes4[] = {
		IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO,
	};
	static const int modes6[] = {
		IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_WANT, IPV6_PMTUDISC_DO,
	};

	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			modes6[cfg->mtu_disc], "IPV6_MTU_DISCOVER");
	set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, modes4[cfg->mtu_disc],
		"IP_MTU_DISCOVER");
}

static void datagram_options(const struct config *cfg, int fd,
			     sa_family_t family)
{
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1,
			"IPV6_RECVPKTINFO");
	} else {
		set_int(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
	}
	mtu_option(cfg, fd, family);
}

/** extmux_socket_nodelay() - no small packet waits for an acknowledgment */
void extmux_socket_nodelay(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
}

static void socket_options(const struct config *cfg, int fd,
			   sa_family_t family, int type)
{
	uint32_t rcvbuf = cfg->rcvbuf;

	if (type == SOCK_DGRAM)
		datagram_options(cfg, fd, family);
	else if (rcvbuf && rcvbuf < STREAM_RCVBUF_MIN)
		rcvbuf = STREAM_RCVBUF_MIN;
	if (cfg->sndbuf)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, (int)cfg->sndbuf, "sndbuf");
	if (rcvbuf)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, (int)rcvbuf, "rcvbuf");
	if (cfg->has_mark)
		set_int(fd, SOL_SOCKET, SO_MARK, (int)cfg->mark, "mark");
}

/* bind-dev; anywhere else is not where it was meant to be */
static int bind_device(const struct config *cfg, int fd)
{
	const char *name = cfg->bind_dev;
	int ret;

	if (!name || !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
				 (socklen_t)strlen(name) + 1))
		return 0;
	ret = -errno;
	log_error("bind-dev %s: %s", name, strerror(-ret));
	return ret;
}

/* Is it where bind-dev says, or on no device without? */
static bool is_on_device(const struct config *cfg, int fd)
{
	char name[IF_NAMESIZE] = "";
	socklen_t len = sizeof(name);

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len))
		return false;
	return !strcmp(name, cfg->bind_dev ? cfg->bind_dev : "");
}

static int socket_new(const struct config *cfg, sa_family_t family, int type,
		      bool is_dual)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	/* connections of an earlier run may still be dying there */
	if (type == SOCK_STREAM)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual,
			"IPV6_V6ONLY");
	socket_options(cfg, fd, family, type);
	ret = bind_device(cfg, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Is it of the wanted kind? Fills @addr. */
static bool socket_is(int fd, int type, union net_addr *addr)
{
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	return sd_is_socket(fd, AF_UNSPEC, type,
			    type == SOCK_STREAM ? 1 : -1) > 0 &&
	       !getsockname(fd, &addr->sa, &len) &&
	       (addr->sa.sa_family == AF_INET ||
		addr->sa.sa_family == AF_INET6);
}

/**
 * extmux_socket_take() - a socket that was made elsewhere
 * @cfg: its options
 * @fd: bound
 * @family: filled
 *
 * Return: @fd or -errno.
 */
int extmux_socket_take(const struct config *cfg, int fd, sa_family_t *family)
{
	/* once is what a process without CAP_NET_RAW may do */
	int ret = is_on_device(cfg, fd) ? 0 : bind_device(cfg, fd);
	socklen_t len = sizeof(int);
	int type = 0;

	if (ret)
		return ret;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &ret, &len))
		return -errno;
	*family = (sa_family_t)ret;
	socket_options(cfg, fd, *family, type);
	/* somebody may be gone again before accept() */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static sa_family_t host_family(const char *host)
{
	struct net_ip ip;

	return host && !net_ip_parse(host, &ip) ? ip.family : AF_UNSPEC;
}

static sa_family_t local_family(const struct config_local *local)
{
	sa_family_t family = config_proto_family(local->proto);

	return family != AF_UNSPEC ? family : host_family(local->host);
}

static int local_type(const struct config_local *local)
{
	return config_proto_is_tcp(local->proto) ? SOCK_STREAM : SOCK_DGRAM;
}

/* Does it serve the families that one without an address would? */
static bool is_as_wide(const struct config_local *local, int fd,
		       sa_family_t family)
{
	int is_only = 0, probe;
	socklen_t len = sizeof(is_only);

	if (family == AF_INET6)
		return !getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_only,
				   &len) && !is_only == !local->is_ipv6only;
	if (local_family(local) == AF_INET)
		return true;
	/* only where there is no IPv6 */
	probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe >= 0)
		close(probe);
	return probe < 0;
}

/* Is a socket of the right type where @local says? Names are not looked up. */
static bool is_at(const struct config_local *local, int fd,
		  const union net_addr *addr)
{
	sa_family_t family = addr->sa.sa_family, wanted = local_family(local);
	union net_addr at = { 0 };

	if (net_addr_port(addr) != local->port ||
	    (wanted != AF_UNSPEC && wanted != family))
		return false;
	if (local->host)
		return net_addr_parse(local->host, local->port, &at) ||
		       net_addr_is_equal(addr, &at);
	at.sa.sa_family = family;
	net_addr_set_port(&at, local->port);
	return net_addr_is_equal(addr, &at) && is_as_wide(local, fd, family);
}

/**
 * extmux_socket_is_kept() - is it the one that is wanted?
 * @cfg: has its options
 * @local: what is wanted
 * @fd: of an earlier process
 * @is_only: there is no other, so that its address does not matter
 */
bool extmux_socket_is_kept(const struct config *cfg,
			   const struct config_local *local, int fd,
			   bool is_only)
{
	union net_addr addr;

	return socket_is(fd, local_type(local), &addr) &&
	       net_addr_port(&addr) == local->port && is_on_device(cfg, fd) &&
	       (is_only || is_at(local, fd, &addr));
}

/**
 * extmux_socket_is_passed() - the same of one from the service manager
 * @local: what is wanted
 * @fd: it
 * @is_only: its address and port do not matter
 */
bool extmux_socket_is_passed(const struct config_local *local, int fd,
			     bool is_only)
{
	union net_addr addr;

	return socket_is(fd, local_type(local), &addr) &&
	       (is_only || is_at(local, fd, &addr));
}

/**
 * extmux_socket_resolve() - the first address of a name
 * @host: NULL: any address, with AI_PASSIVE in @hints
 * @hints: see getaddrinfo(3)
 *
 * Context: waits; before the loop runs.
 * Return: 0, or EAI_*.
 */
int extmux_socket_resolve(const char *host, uint16_t port,
			  const struct addrinfo *hints, union net_addr *out)
{
	struct addrinfo *list = NULL;
	char text[8];
	int ret;

	snprintf(text, sizeof(text), "%u", port);
	ret = getaddrinfo(host, text, hints, &list);
	if (ret)
		return ret;
	memset(out, 0, sizeof(*out));
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

static int local_address(const struct config_local *local,
			 sa_family_t family, int type, union net_addr *out,
			 char *err, size_t err_len)
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = type,
		.ai_flags = AI_PASSIVE,
	};
	int ret = extmux_socket_resolve(local->host, local->port, &hints, out);

	if (!ret)
		return 0;
	snprintf(err, err_len, "local \"%s\": %s",
		 local->host ? local->host : "*", gai_strerror(ret));
	return -EADDRNOTAVAIL;
}

static int bind_family(const struct config *cfg,
		       const struct config_local *local, sa_family_t family,
		       char *err, size_t err_len)
{
	int fd, ret, type = local_type(local);
	const char *name = type == SOCK_STREAM ? "TCP" : "UDP";
	char text[NET_ADDR_STRLEN];
	union net_addr addr;

	ret = local_address(local, family, type, &addr, err, err_len);
	if (ret)
		return ret;
	fd = socket_new(cfg, family, type, !local->is_ipv6only);
	if (fd < 0) {
		snprintf(err, err_len, "cannot open a %s socket: %s", name,
			 strerror(-fd));
		return fd;
	}
	if (!bind(fd, &addr.sa, net_addr_len(&addr)))
		return fd;
	ret = -errno;
	snprintf(err, err_len, "cannot bind %s %s: %s%s", name,
		 net_addr_format(&addr, text), strerror(-ret),
		 ret != -EADDRINUSE ? "" : type == SOCK_STREAM ?
		 "; another server uses this port, see: ss -ltnp" :
		 "; another server uses this port, see: ss -lunp");
	close(fd);
	return ret;
}

static int bind_any(const struct config *cfg, const struct config_local *local,
		    sa_family_t *family, char *err, size_t err_len)
{
	sa_family_t wanted = local_family(local);
	int fd;

	if (wanted != AF_UNSPEC) {
		*family = wanted;
		return bind_family(cfg, local, wanted, err, err_len);
	}
	*family = AF_INET6;
	fd = bind_family(cfg, local, AF_INET6, err, err_len);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
		return fd;
	*family = AF_INET;
	return bind_family(cfg, local, AF_INET, err, err_len);
}

/** extmux_socket_files() - each client on a connection takes a descriptor */
void extmux_socket_files(const struct config *cfg)
{
	rlim_t need = cfg->max_clients + EXTMUX_PENDING_MAX + FILES_SPARE;
	struct rlimit limit;

	if (!config_has_tcp(cfg))
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < need)
		log_warn("max-clients %u needs %llu file descriptors over TCP, %llu are allowed; raise LimitNOFILE",
			 cfg->max_clients, (unsigned long long)need,
			 (unsigned long long)limit.rlim_cur);
}

/**
 * extmux_socket_listen() - one of a server's sockets
 * @cfg: socket options
 * @local: which one
 * @family: AF_INET, or AF_INET6 which is dual-stack unless it has an address
 * @err: one line for the operator
 * @err_len: its size
 *
 * Return: a descriptor or -errno.
 */
int extmux_socket_listen(const struct config *cfg,
			 const struct config_local *local, sa_family_t *family,
			 char *err, size_t err_len)
{
	int fd = bind_any(cfg, local, family, err, err_len);

	if (fd < 0 || local_type(local) == SOCK_DGRAM)
		return fd;
	if (listen(fd, BACKLOG)) {
		int ret = -errno;

		snprintf(err, err_len, "cannot listen for connections: %s",
			 strerror(-ret));
		close(fd);
		return ret;
	}
	return fd;
}

/** extmux_socket_client() - a socket for one remote; descriptor or -errno */
int extmux_socket_client(const struct config *cfg, sa_family_t family,
			 int type)
{
	const struct config_local local = {
		.host = cfg->local_host,
		.port = cfg->lport,
		.proto = type == SOCK_STREAM ? CONFIG_PROTO_TCP :
					       CONFIG_PROTO_UDP,
		.is_ipv6only = cfg->local_host,
	};
	char err[256];
	int fd;

	if (!cfg->is_bind)
		return socket_new(cfg, family, type, false);
	fd = bind_family(cfg, &local, family, err, sizeof(err));
	if (fd < 0)
		log_warn("%s", err);
	return fd;
}

/** extmux_socket_plain() - the same, with a port that the system chooses */
int extmux_socket_plain(const struct config *cfg, sa_family_t family, int type)
{
	return socket_new(cfg, family, type, false);
}

/** extmux_socket_second() - for datagrams, where there is one already */
int extmux_socket_second(const struct config *cfg, sa_family_t family,
			 bool is_dual)
{
	return socket_new(cfg, family, SOCK_DGRAM, is_dual);
}

/** extmux_socket_local() - a connected socket's own end */
void extmux_socket_local(int fd, union net_addr *local)
{
	socklen_t len = sizeof(*local);

	memset(local, 0, sizeof(*local));
	if (getsockname(fd, &local->sa, &len))
		memset(local, 0, sizeof(*local));
	net_addr_unmap(local);
}
