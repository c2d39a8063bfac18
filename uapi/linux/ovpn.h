/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * Generic netlink interface of the OpenVPN data channel.
 *
 * Names and numbers are those of Linux 6.16 and later, so that a program
 * compiled against either header drives either module.
 */
#ifndef _UAPI_LINUX_OVPN_H
#define _UAPI_LINUX_OVPN_H

#define OVPN_FAMILY_NAME	"ovpn"
/*
 * The family, kind of links and DEVTYPE of a module that is built for a kernel
 * with its own ovpn built in (DCO_NAMES=own). The numbers are the same.
 */
#define OVPN_FAMILY_NAME_OWN	"ovpn_own"
#define OVPN_FAMILY_VERSION	1

/* length of OVPN_A_KEYDIR_NONCE_TAIL */
#define OVPN_NONCE_TAIL_SIZE	8

/* OVPN_A_KEYCONF_CIPHER_ALG */
enum ovpn_cipher_alg {
	OVPN_CIPHER_ALG_NONE			= 0,
	OVPN_CIPHER_ALG_AES_GCM			= 1,
	OVPN_CIPHER_ALG_CHACHA20_POLY1305	= 2,
};

/* OVPN_A_PEER_DEL_REASON */
enum ovpn_del_peer_reason {
	OVPN_DEL_PEER_REASON_TEARDOWN			= 0,
	OVPN_DEL_PEER_REASON_USERSPACE			= 1,
	OVPN_DEL_PEER_REASON_EXPIRED			= 2,
	OVPN_DEL_PEER_REASON_TRANSPORT_ERROR		= 3,
	OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT	= 4,
};

/* OVPN_A_KEYCONF_SLOT */
enum ovpn_key_slot {
	OVPN_KEY_SLOT_PRIMARY	= 0,
	OVPN_KEY_SLOT_SECONDARY	= 1,
};

/* top level attributes */
enum {
	OVPN_A_IFINDEX	= 1,	/* u32 */
	OVPN_A_PEER	= 2,	/* nest of OVPN_A_PEER_* */
	OVPN_A_KEYCONF	= 3,	/* nest of OVPN_A_KEYCONF_* */

	__OVPN_A_MAX,
	OVPN_A_MAX	= (__OVPN_A_MAX - 1)
};

/* ports and IPv4 addresses are in network order; uint is 4 or 8 bytes long */
enum {
	OVPN_A_PEER_ID			= 1,	/* u32, 24 bits */
	OVPN_A_PEER_REMOTE_IPV4		= 2,	/* be32 */
	OVPN_A_PEER_REMOTE_IPV6		= 3,	/* 16 bytes */
	OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID = 4,	/* u32 */
	OVPN_A_PEER_REMOTE_PORT		= 5,	/* be16 */
	OVPN_A_PEER_SOCKET		= 6,	/* u32, file descriptor */
	OVPN_A_PEER_SOCKET_NETNSID	= 7,	/* s32 */
	OVPN_A_PEER_VPN_IPV4		= 8,	/* be32 */
	OVPN_A_PEER_VPN_IPV6		= 9,	/* 16 bytes */
	OVPN_A_PEER_LOCAL_IPV4		= 10,	/* be32 */
	OVPN_A_PEER_LOCAL_IPV6		= 11,	/* 16 bytes */
	OVPN_A_PEER_LOCAL_PORT		= 12,	/* be16 */
	OVPN_A_PEER_KEEPALIVE_INTERVAL	= 13,	/* u32, seconds */
	OVPN_A_PEER_KEEPALIVE_TIMEOUT	= 14,	/* u32, seconds */
	OVPN_A_PEER_DEL_REASON		= 15,	/* u32 */
	OVPN_A_PEER_VPN_RX_BYTES	= 16,	/* uint */
	OVPN_A_PEER_VPN_TX_BYTES	= 17,	/* uint */
	OVPN_A_PEER_VPN_RX_PACKETS	= 18,	/* uint */
	OVPN_A_PEER_VPN_TX_PACKETS	= 19,	/* uint */
	OVPN_A_PEER_LINK_RX_BYTES	= 20,	/* uint */
	OVPN_A_PEER_LINK_TX_BYTES	= 21,	/* uint */
	OVPN_A_PEER_LINK_RX_PACKETS	= 22,	/* uint */
	OVPN_A_PEER_LINK_TX_PACKETS	= 23,	/* uint */
	OVPN_A_PEER_TX_ID		= 24,	/* u32, 24 bits */

	__OVPN_A_PEER_MAX,
	OVPN_A_PEER_MAX			= (__OVPN_A_PEER_MAX - 1)
};

enum {
	OVPN_A_KEYCONF_PEER_ID		= 1,	/* u32, 24 bits */
	OVPN_A_KEYCONF_SLOT		= 2,	/* u32 */
	/* u32, but u16 in OVPN_CMD_KEY_SWAP_NTF */
	OVPN_A_KEYCONF_KEY_ID		= 3,
	OVPN_A_KEYCONF_CIPHER_ALG	= 4,	/* u32 */
	OVPN_A_KEYCONF_ENCRYPT_DIR	= 5,	/* nest of OVPN_A_KEYDIR_* */
	OVPN_A_KEYCONF_DECRYPT_DIR	= 6,	/* nest of OVPN_A_KEYDIR_* */

	__OVPN_A_KEYCONF_MAX,
	OVPN_A_KEYCONF_MAX		= (__OVPN_A_KEYCONF_MAX - 1)
};

enum {
	OVPN_A_KEYDIR_CIPHER_KEY	= 1,	/* up to 256 bytes */
	OVPN_A_KEYDIR_NONCE_TAIL	= 2,	/* OVPN_NONCE_TAIL_SIZE bytes */

	__OVPN_A_KEYDIR_MAX,
	OVPN_A_KEYDIR_MAX		= (__OVPN_A_KEYDIR_MAX - 1)
};

enum {
	OVPN_CMD_PEER_NEW	= 1,
	OVPN_CMD_PEER_SET	= 2,
	OVPN_CMD_PEER_GET	= 3,
	OVPN_CMD_PEER_DEL	= 4,
	OVPN_CMD_PEER_DEL_NTF	= 5,	/* event */
	OVPN_CMD_KEY_NEW	= 6,
	OVPN_CMD_KEY_GET	= 7,
	OVPN_CMD_KEY_SWAP	= 8,
	OVPN_CMD_KEY_SWAP_NTF	= 9,	/* event */
	OVPN_CMD_KEY_DEL	= 10,
	OVPN_CMD_PEER_FLOAT_NTF	= 11,	/* event */

	__OVPN_CMD_MAX,
	OVPN_CMD_MAX		= (__OVPN_CMD_MAX - 1)
};

/* multicast group of the events */
#define OVPN_MCGRP_PEERS	"peers"

#endif /* _UAPI_LINUX_OVPN_H */
