/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * Generic netlink interface of what this module has beyond family "ovpn".
 *
 * Devices and peers are made through "ovpn" and named here by interface index
 * and peer id. OVPNX_CMD_GET_FEATURES tells what a module can do; it needs no
 * device. All requests need CAP_NET_ADMIN, and so does joining the multicast
 * group. Numbers are never given another meaning.
 */
#ifndef _UAPI_LINUX_OVPNX_H
#define _UAPI_LINUX_OVPNX_H

#define OVPNX_FAMILY_NAME	"ovpnx"
/* with DCO_NAMES=own, see OVPN_FAMILY_NAME_OWN */
#define OVPNX_FAMILY_NAME_OWN	"ovpn_ownx"
#define OVPNX_FAMILY_VERSION	1

/* bits of OVPNX_A_FEATURES_MASK */
enum ovpnx_feature {
	/* OVPNX_A_PEER_DROP */
	OVPNX_FEATURE_PEER_DROPS	= 1 << 0,
};

/* OVPNX_A_PEER_TRANSPORT */
enum ovpnx_transport {
	OVPNX_TRANSPORT_UDP	= 0,
	OVPNX_TRANSPORT_TCP	= 1,
};

/* top level attributes */
enum {
	OVPNX_A_IFINDEX		= 1,	/* u32 */
	OVPNX_A_FEATURES	= 2,	/* nest of OVPNX_A_FEATURES_* */
	OVPNX_A_DEV		= 3,	/* nest of OVPNX_A_DEV_* */
	OVPNX_A_PEER		= 4,	/* nest of OVPNX_A_PEER_* */

	__OVPNX_A_MAX,
	OVPNX_A_MAX		= (__OVPNX_A_MAX - 1)
};

/* uint is 4 or 8 bytes long */
enum {
	OVPNX_A_FEATURES_MASK	= 1,	/* uint, of enum ovpnx_feature */

	__OVPNX_A_FEATURES_MAX,
	OVPNX_A_FEATURES_MAX	= (__OVPNX_A_FEATURES_MAX - 1)
};

enum {
	OVPNX_A_DEV_PEERS	= 1,	/* u32, number of peers */

	__OVPNX_A_DEV_MAX,
	OVPNX_A_DEV_MAX		= (__OVPNX_A_DEV_MAX - 1)
};

enum {
	OVPNX_A_PEER_ID		= 1,	/* u32, 24 bits */
	OVPNX_A_PEER_TRANSPORT	= 2,	/* u32, enum ovpnx_transport */
	/* string, what /proc/crypto calls "driver"; absent without a key */
	OVPNX_A_PEER_CRYPTO_DRIVER = 3,
	/* nest of OVPNX_A_DROP_*, one for each cause that is not 0 */
	OVPNX_A_PEER_DROP	= 4,

	__OVPNX_A_PEER_MAX,
	OVPNX_A_PEER_MAX	= (__OVPNX_A_PEER_MAX - 1)
};

/* Packets of a peer that were not forwarded. The names are those of
 * "ethtool -S"; a name keeps its meaning, and new ones can come.
 */
enum {
	OVPNX_A_DROP_NAME	= 1,	/* string */
	OVPNX_A_DROP_COUNT	= 2,	/* uint */

	__OVPNX_A_DROP_MAX,
	OVPNX_A_DROP_MAX	= (__OVPNX_A_DROP_MAX - 1)
};

enum {
	OVPNX_CMD_GET_FEATURES	= 1,
	OVPNX_CMD_DEV_GET	= 2,
	OVPNX_CMD_DEV_SET	= 3,
	OVPNX_CMD_PEER_GET	= 4,
	OVPNX_CMD_PEER_SET	= 5,

	__OVPNX_CMD_MAX,
	OVPNX_CMD_MAX		= (__OVPNX_CMD_MAX - 1)
};

/* multicast group of the events, which go to the network namespace of the
 * peer's socket
 */
#define OVPNX_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_OVPNX_H */
