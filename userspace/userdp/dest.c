// SPDX-License-Identifier: GPL-2.0-or-later
/* Where datagrams go: a socket and two addresses. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "userdp/private.h"

static sa_family_t dest_family(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return AF_UNSPEC;
	return domain == AF_INET || domain == AF_INET6 ?
	       (sa_family_t)domain : AF_UNSPEC;
}

int userdp_dest_set_fd(struct userdp_dest *dest, int fd)
{
	sa_family_t family = dest_family(fd);

	if (!family)
		return -ENOTSOCK;
	dest->fd = fd;
	dest->family = family;
	return 0;
}

void userdp_dest_set_local(struct userdp_dest *dest,
			   const union net_addr *local)
{
	dest->local = *local;
	net_addr_unmap(&dest->local);
}

void userdp_dest_set_remote(struct userdp_dest *dest,
			    const union net_addr *remote,
			    const union net_addr *local)
{
	dest->remote = *remote;
	net_addr_unmap(&dest->remote);
	memset(&dest->local, 0, sizeof(dest->local));
	if (local)
		userdp_dest_set_local(dest, local);
	dest->run_max = SIZE_MAX;
}

int userdp_dest_init(struct userdp_dest *dest, int fd,
		     const union net_addr *remote,
		     const union net_addr *local)
{
	memset(dest, 0, sizeof(*dest));
	userdp_dest_set_remote(dest, remote, local);
	return userdp_dest_set_fd(dest, fd);
}

unsigned int userdp_dest_mtu(const struct userdp_dest *dest)
{
	bool is_ip4 = dest->remote.sa.sa_family == AF_INET;
	int fd, mtu = 0, mark = 0;
	socklen_t len = sizeof(mtu), mark_len = sizeof(mark);

	/* another socket, because nobody may connect that of all peers */
	fd = socket(dest->remote.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	if (!getsockopt(dest->fd, SOL_SOCKET, SO_MARK, &mark, &mark_len) &&
	    mark)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (connect(fd, &dest->remote.sa, net_addr_len(&dest->remote)) ||
	    getsockopt(fd, is_ip4 ? IPPROTO_IP : IPPROTO_IPV6,
		       is_ip4 ? IP_MTU : IPV6_MTU, &mtu, &len))
		mtu = 0;
	close(fd);
	return mtu > 0 ? (unsigned int)mtu : 0;
}
