// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log/log.h"
#include "userdp/private.h"

/* TUN_F_USO4 and TUN_F_USO6 of Linux 6.2: many systems' headers are older. */
#define OFFLOAD_USO	(0x20 | 0x40)

void userdp_vnet_read(struct userdp_vnet *vnet, const uint8_t *at)
{
	vnet->flags = at[0];
	vnet->gso_type = at[1];
	memcpy(&vnet->hdr_len, at + 2, 2);
	memcpy(&vnet->gso_size, at + 4, 2);
	memcpy(&vnet->csum_start, at + 6, 2);
	memcpy(&vnet->csum_offset, at + 8, 2);
}

void userdp_vnet_write(const struct userdp_vnet *vnet, uint8_t *at)
{
	at[0] = vnet->flags;
	at[1] = vnet->gso_type;
	memcpy(at + 2, &vnet->hdr_len, 2);
	memcpy(at + 4, &vnet->gso_size, 2);
	memcpy(at + 6, &vnet->csum_start, 2);
	memcpy(at + 8, &vnet->csum_offset, 2);
}

uint32_t userdp_peer_read(const uint8_t *at)
{
	uint32_t peer_id;

	memcpy(&peer_id, at, sizeof(peer_id));
	return peer_id;
}

void userdp_peer_write(uint32_t peer_id, uint8_t *at)
{
	memset(at, 0, USERDP_PEER_LEN);
	memcpy(at, &peer_id, sizeof(peer_id));
}

/* Whoever made the device may have left it with a longer header. */
static void userdp_tun_look(struct userdp_tun *tun)
{
	int len = USERDP_VNET_LEN;
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(tun->fd, TUNGETIFF, &ifr))
		return;
	tun->is_ether = ifr.ifr_flags & IFF_TAP;
	tun->has_vnet = ifr.ifr_flags & IFF_VNET_HDR &&
			!ioctl(tun->fd, TUNSETVNETHDRSZ, &len);
}

void userdp_tun_set_segments(struct userdp_tun *tun, bool may)
{
	unsigned long wanted = TUN_F_CSUM;

	if (!tun->has_vnet)
		return;
	if (may)
		wanted |= TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	tun->has_uso = may && !ioctl(tun->fd, TUNSETOFFLOAD,
				     wanted | OFFLOAD_USO);
	if (!tun->has_uso && ioctl(tun->fd, TUNSETOFFLOAD, wanted))
		log_debug("TUN device without offload");
}

void userdp_tun_init(struct userdp_tun *tun, int fd)
{
	memset(tun, 0, sizeof(*tun));
	tun->fd = fd;
	userdp_tun_look(tun);
	userdp_tun_set_segments(tun, true);
}

void userdp_tun_init_carried(struct userdp_tun *tun, int fd)
{
	memset(tun, 0, sizeof(*tun));
	tun->fd = fd;
	tun->has_peers = true;
}

void userdp_tun_fini(const struct userdp_tun *tun)
{
	if (tun->has_vnet && ioctl(tun->fd, TUNSETOFFLOAD, 0UL))
		log_debug("TUN device keeps its offloads");
}

int userdp_tun_queue(int fd)
{
	struct ifreq ifr;
	int queue, ret;

	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(fd, TUNGETIFF, &ifr))
		return -errno;
	if (!(ifr.ifr_flags & IFF_MULTI_QUEUE))
		return -EOPNOTSUPP;
	ifr.ifr_flags &= IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
			 IFF_MULTI_QUEUE;
	queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (queue < 0)
		return -errno;
	if (!ioctl(queue, TUNSETIFF, &ifr))
		return queue;
	ret = -errno;
	close(queue);
	return ret;
}
