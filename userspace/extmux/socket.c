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

static int socket_take(const struct config *cfg, int fd, int type,
		       const union net_addr *addr, sa_family_t *family)
{
	/* once is what a process without CAP_NET_RAW may do */
	int ret = is_on_device(cfg, fd) ? 0 : bind_device(cfg, fd);

	if (ret)
		return ret;
	*family = addr->sa.sa_family;
	socket_options(cfg, fd, *family, type);
	/* somebody may be gone again before accept() */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* A socket from the service manager, or -ENOENT. */
static int socket_passed(const struct config *cfg, int type,
			 sa_family_t *family)
{
	char **names = NULL;
	union net_addr addr;
	int n = sd_listen_fds_with_names(1, &names), found = -ENOENT;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		/* what has our name is ours already, from keep/ */
		if (found < 0 && strncmp(names[i], "ovpnd-", 6) &&
		    socket_is(fd, type, &addr)) {
			found = socket_take(cfg, fd, type, &addr, family);
			if (found >= 0)
				log_info("using the socket that was passed (LISTEN_FDS)");
		}
		free(names[i]);
	}
	free(names);
	return found;
}

static int socket_type(const struct config *cfg)
{
	return config_proto_is_tcp(cfg->proto) ? SOCK_STREAM : SOCK_DGRAM;
}

/**
 * extmux_socket_kept() - the socket of an earlier process, if it is wanted
 * @cfg: what is wanted
 * @fd: it; closed when it is not; -1: none
 * @family: filled
 *
 * Return: @fd or -ENOENT.
 */
int extmux_socket_kept(const struct config *cfg, int fd, sa_family_t *family)
{
	union net_addr addr;

	if (fd < 0)
		return -ENOENT;
	if (socket_is(fd, socket_type(cfg), &addr) &&
	    net_addr_port(&addr) == cfg->lport && is_on_device(cfg, fd))
		return socket_take(cfg, fd, socket_type(cfg), &addr, family);
	close(fd);
	return -ENOENT;
}

static int local_address(const struct config *cfg, sa_family_t family,
			 int type, union net_addr *out, char *err,
			 size_t err_len)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = type,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *list = NULL;
	char port[8];
	int ret;

	snprintf(port, sizeof(port), "%u", cfg->lport);
	ret = getaddrinfo(cfg->local_host, port, &hints, &list);
	if (ret) {
		snprintf(err, err_len, "local \"%s\": %s",
			 cfg->local_host ? cfg->local_host : "*",
			 gai_strerror(ret));
		return -EADDRNOTAVAIL;
	}
	memset(out, 0, sizeof(*out));
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

static int bind_family(const struct config *cfg, sa_family_t family, int type,
		       char *err, size_t err_len)
{
	const char *name = type == SOCK_STREAM ? "TCP" : "UDP";
	char text[NET_ADDR_STRLEN];
	union net_addr addr;
	int fd, ret;

	ret = local_address(cfg, family, type, &addr, err, err_len);
	if (ret)
		return ret;
	fd = socket_new(cfg, family, type, !cfg->local_host);
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

static sa_family_t host_family(const char *host)
{
	struct net_ip ip;

	return host && !net_ip_parse(host, &ip) ? ip.family : AF_UNSPEC;
}

static int bind_any(const struct config *cfg, sa_family_t *family, int type,
		    char *err, size_t err_len)
{
	sa_family_t wanted = host_family(cfg->local_host);
	int fd;

	if (config_proto_family(cfg->proto) != AF_UNSPEC)
		wanted = config_proto_family(cfg->proto);
	if (wanted != AF_UNSPEC) {
		*family = wanted;
		return bind_family(cfg, wanted, type, err, err_len);
	}
	*family = AF_INET6;
	fd = bind_family(cfg, AF_INET6, type, err, err_len);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
		return fd;
	*family = AF_INET;
	return bind_family(cfg, AF_INET, type, err, err_len);
}

/* Each client on a connection takes a descriptor. */
static void files_allow(const struct config *cfg)
{
	rlim_t need = cfg->max_clients + EXTMUX_PENDING_MAX + FILES_SPARE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < need)
		log_warn("max-clients %u needs %llu file descriptors over TCP, %llu are allowed; raise LimitNOFILE",
			 cfg->max_clients, (unsigned long long)need,
			 (unsigned long long)limit.rlim_cur);
}

/**
 * extmux_socket_listen() - the server's socket
 * @cfg: local, lport, proto and socket options
 * @family: AF_INET, or AF_INET6 which is dual-stack without "local"
 * @err: one line for the operator
 * @err_len: its size
 *
 * Return: a descriptor or -errno.
 */
int extmux_socket_listen(const struct config *cfg, sa_family_t *family,
			 char *err, size_t err_len)
{
	int type = socket_type(cfg);
	int fd = socket_passed(cfg, type, family);

	if (type == SOCK_STREAM)
		files_allow(cfg);
	if (fd >= 0)
		return fd;
	fd = bind_any(cfg, family, type, err, err_len);
	if (fd < 0 || type == SOCK_DGRAM)
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
	char err[256];
	int fd;

	if (!cfg->is_bind)
		return socket_new(cfg, family, type, false);
	fd = bind_family(cfg, family, type, err, sizeof(err));
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
