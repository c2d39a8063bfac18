// SPDX-License-Identifier: GPL-2.0-or-later
/* Making and configuring the outer sockets. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

static void set_int(int fd, int level, int option, int value, const char *name)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		log_warn("socket option %s: %s", name, strerror(errno));
}

static void socket_options(const struct config *cfg, int fd,
			   sa_family_t family)
{
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1,
			"IPV6_RECVPKTINFO");
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
	} else {
		set_int(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
	}
	/* fragment rather than lose what the path cannot carry, as OpenVPN */
	set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT,
		"IP_MTU_DISCOVER");
	if (cfg->sndbuf)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, (int)cfg->sndbuf, "sndbuf");
	if (cfg->rcvbuf)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, (int)cfg->rcvbuf, "rcvbuf");
	if (cfg->has_mark)
		set_int(fd, SOL_SOCKET, SO_MARK, (int)cfg->mark, "mark");
}

static int socket_new(const struct config *cfg, sa_family_t family,
		      bool is_dual)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual,
			"IPV6_V6ONLY");
	socket_options(cfg, fd, family);
	return fd;
}

/* A datagram socket from the service manager, or -ENOENT. */
static int socket_passed(const struct config *cfg, sa_family_t *family)
{
	int n = sd_listen_fds(1);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		union net_addr addr = { 0 };
		socklen_t len = sizeof(addr);

		if (sd_is_socket(fd, AF_UNSPEC, SOCK_DGRAM, -1) <= 0 ||
		    getsockname(fd, &addr.sa, &len))
			continue;
		*family = addr.sa.sa_family;
		if (*family != AF_INET && *family != AF_INET6)
			continue;
		socket_options(cfg, fd, *family);
		log_info("using the socket that was passed (LISTEN_FDS)");
		return fd;
	}
	return -ENOENT;
}

static int local_address(const struct config *cfg, sa_family_t family,
			 union net_addr *out, char *err, size_t err_len)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
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

static int bind_family(const struct config *cfg, sa_family_t family,
		       char *err, size_t err_len)
{
	char text[NET_ADDR_STRLEN];
	union net_addr addr;
	int fd, ret;

	ret = local_address(cfg, family, &addr, err, err_len);
	if (ret)
		return ret;
	fd = socket_new(cfg, family, !cfg->local_host);
	if (fd < 0) {
		snprintf(err, err_len, "cannot open a UDP socket: %s",
			 strerror(-fd));
		return fd;
	}
	if (!bind(fd, &addr.sa, net_addr_len(&addr)))
		return fd;
	ret = -errno;
	snprintf(err, err_len, "cannot bind UDP %s: %s%s",
		 net_addr_format(&addr, text), strerror(-ret),
		 ret == -EADDRINUSE ?
		 "; another server uses this port, see: ss -lunp" : "");
	close(fd);
	return ret;
}

static sa_family_t host_family(const char *host)
{
	struct net_ip ip;

	return host && !net_ip_parse(host, &ip) ? ip.family : AF_UNSPEC;
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
	sa_family_t wanted = host_family(cfg->local_host);
	int fd = socket_passed(cfg, family);

	if (fd >= 0)
		return fd;
	if (cfg->proto == CONFIG_PROTO_UDP4)
		wanted = AF_INET;
	else if (cfg->proto == CONFIG_PROTO_UDP6)
		wanted = AF_INET6;
	if (wanted != AF_UNSPEC) {
		*family = wanted;
		return bind_family(cfg, wanted, err, err_len);
	}
	*family = AF_INET6;
	fd = bind_family(cfg, AF_INET6, err, err_len);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
		return fd;
	*family = AF_INET;
	return bind_family(cfg, AF_INET, err, err_len);
}

/** extmux_socket_client() - a socket for one remote; descriptor or -errno */
int extmux_socket_client(const struct config *cfg, sa_family_t family)
{
	char err[256];
	int fd;

	if (!cfg->is_bind)
		return socket_new(cfg, family, false);
	fd = bind_family(cfg, family, err, sizeof(err));
	if (fd < 0)
		log_warn("%s", err);
	return fd;
}
