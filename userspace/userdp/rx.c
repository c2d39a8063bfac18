// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams from the network, several with one call, with the address that each
 * came to. The kernel may have merged some of one flow (UDP_GRO).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mem/mem.h"
#include "userdp/private.h"

#define RX_BUF_LEN	65536u
#define RX_RUN_MIN	4096u	/* longer is a run */
#define RX_BATCH_RUNS	8	/* a batch, when they are runs */

/* Room for one IP_PKTINFO or IPV6_PKTINFO, and the size of UDP_GRO. */
union rx_cmsg {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		 CMSG_SPACE(sizeof(int))];
};

int userdp_rx_init(struct userdp_rx *rx)
{
	rx->bufs = malloc(USERDP_RX_BATCH * RX_BUF_LEN);
	return rx->bufs ? 0 : -ENOMEM;
}

void userdp_rx_free(struct userdp_rx *rx)
{
	free(rx->bufs);
	rx->bufs = NULL;
}

/* Where a datagram arrived; the peer's answers must come from there. */
static void rx_local(struct msghdr *msg, uint16_t port, union net_addr *local)
{
	struct cmsghdr *cm;

	memset(local, 0, sizeof(*local));
	for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level == IPPROTO_IP &&
		    cm->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(cm), sizeof(info));
			local->in4.sin_family = AF_INET;
			local->in4.sin_addr = info.ipi_addr;
		} else if (cm->cmsg_level == IPPROTO_IPV6 &&
			   cm->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(cm), sizeof(info));
			local->in6.sin6_family = AF_INET6;
			local->in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				local->in6.sin6_scope_id = info.ipi6_ifindex;
		} else {
			continue;
		}
		net_addr_set_port(local, port);
		net_addr_unmap(local);
		return;
	}
}

/* The size of the datagrams in what was received. */
static size_t rx_size(struct msghdr *msg, size_t len)
{
	struct cmsghdr *cm;
	int size = 0;

	for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level == SOL_UDP && cm->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(cm), sizeof(size));
	}
	return size > 0 ? (size_t)size : len;
}

int userdp_rx_receive(struct userdp_rx *rx, int fd, uint16_t port,
		      unsigned int batch, struct userdp_datagram *out)
{
	struct mmsghdr msgs[USERDP_RX_BATCH];
	struct iovec iov[USERDP_RX_BATCH];
	union rx_cmsg cmsg[USERDP_RX_BATCH];
	int n;

	memset(msgs, 0, batch * sizeof(*msgs));
	for (unsigned int i = 0; i < batch; i++) {
		struct msghdr *hdr = &msgs[i].msg_hdr;

		memset(&out[i].from, 0, sizeof(out[i].from));
		iov[i].iov_base = rx->bufs + i * RX_BUF_LEN;
		iov[i].iov_len = RX_BUF_LEN;
		hdr->msg_name = &out[i].from;
		hdr->msg_namelen = sizeof(out[i].from);
		hdr->msg_iov = &iov[i];
		hdr->msg_iovlen = 1;
		hdr->msg_control = &cmsg[i];
		hdr->msg_controllen = sizeof(cmsg[i]);
	}
	n = recvmmsg(fd, msgs, batch, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		out[i].data = iov[i].iov_base;
		out[i].len = msgs[i].msg_len;
		out[i].size = rx_size(&msgs[i].msg_hdr, out[i].len);
		rx_local(&msgs[i].msg_hdr, port, &out[i].local);
		net_addr_unmap(&out[i].from);
	}
	return n;
}

unsigned int userdp_rx_batch(unsigned int batch, int n, size_t n_bytes)
{
	if (n <= 0)
		return batch;
	return n_bytes / (unsigned int)n > RX_RUN_MIN ? RX_BATCH_RUNS :
							USERDP_RX_BATCH;
}
