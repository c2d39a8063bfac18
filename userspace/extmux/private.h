/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXTMUX_PRIVATE_H
#define EXTMUX_PRIVATE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "extmux/extmux.h"

#define EXTMUX_BATCH	16	/* datagrams per system call */
#define EXTMUX_ROUNDS	8	/* system calls per wake-up */

/* Room for one IP_PKTINFO or IPV6_PKTINFO. */
union extmux_cmsg {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct extmux {
	struct loop *loop;
	const struct config *cfg;
	struct tunnel_host *host;
	int fd;
	sa_family_t family;
	struct loop_io *io;
	size_t buf_len;
	uint8_t *bufs;		/* EXTMUX_BATCH of them */
};

/* socket.c */
int extmux_socket_listen(const struct config *cfg, sa_family_t *family,
			 char *err, size_t err_len);
int extmux_socket_client(const struct config *cfg, sa_family_t family);

/* udp.c */
void extmux_udp_receive(struct extmux *mux);
int extmux_udp_send(struct extmux *mux, const union net_addr *remote,
		    const union net_addr *local, const uint8_t *pkt,
		    size_t len);

#endif
