// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands in front of a packet on Ethernet (section 7.12). */
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "userdp/private.h"

#define ETHER_TYPE	12
#define ETHER_TAG_LEN	4
#define ETHER_IP4	0x0800
#define ETHER_IP6	0x86dd
#define ETHER_VLAN	0x8100
#define ETHER_SERVICE	0x88a8

size_t userdp_ether_ip(const uint8_t *frame, size_t len)
{
	size_t at;

	for (at = ETHER_TYPE; at + 2 < len && at < USERDP_ETHER_MAX;
	     at += ETHER_TAG_LEN) {
		switch (get16(frame + at)) {
		case ETHER_IP4:
		case ETHER_IP6:
			return at + 2;
		case ETHER_VLAN:
		case ETHER_SERVICE:
			continue;
		}
		break;
	}
	return 0;
}

int userdp_ether_own(int fd, uint8_t *mac)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, USERDP_MAC_LEN);
	return 0;
}
