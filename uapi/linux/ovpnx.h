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

#include <linux/types.h>

#define OVPNX_FAMILY_NAME	"ovpnx"
/* with DCO_NAMES=own, see OVPN_FAMILY_NAME_OWN */
#define OVPNX_FAMILY_NAME_OWN	"ovpn_ownx"
#define OVPNX_FAMILY_VERSION	1

/* bits of OVPNX_A_FEATURES_MASK */
enum ovpnx_feature {
	/* OVPNX_A_PEER_DROP */
	OVPNX_FEATURE_PEER_DROPS	= 1 << 0,
	/* OVPNX_CMD_PEER_PAYLOAD_NTF */
	OVPNX_FEATURE_PAYLOAD		= 1 << 1,
	/* OVPNX_CMD_DEV_OPEN, OVPNX_PEER_FLAG_USERSPACE */
	OVPNX_FEATURE_USERSPACE		= 1 << 2,
	/* OVPNX_CMD_KEY_NEW, OVPNX_CMD_KEY_GET */
	OVPNX_FEATURE_KEY_STATE		= 1 << 3,
	/* OVPNX_A_KEYDIR_EPOCH_SECRET */
	OVPNX_FEATURE_EPOCH		= 1 << 4,
	/* OVPNX_CMD_PREFIX_* */
	OVPNX_FEATURE_PREFIXES		= 1 << 5,
	/* OVPNX_CMD_DEV_SET, OVPNX_A_DEV_MSS */
	OVPNX_FEATURE_MSS		= 1 << 6,
	/* OVPNX_PEER_FLAG_USERSPACE for peers over TCP */
	OVPNX_FEATURE_USERSPACE_TCP	= 1 << 7,
};

/* bits of OVPNX_A_PEER_FLAGS */
enum ovpnx_peer_flag {
	/* Userspace carries this peer: all that comes from its id or its
	 * address goes to its socket, as it is, and cleartext for it to the
	 * file of OVPNX_CMD_DEV_OPEN. It needs no key. Keepalive times do not
	 * apply. Over TCP each recv() gives one record with its prefix, as for
	 * control packets; without OVPNX_FEATURE_USERSPACE_TCP -EOPNOTSUPP.
	 */
	OVPNX_PEER_FLAG_USERSPACE	= 1 << 0,
};

/* OVPNX_A_DEV_MSS */
enum ovpnx_mss {
	/* what the outer path takes in one packet; the default */
	OVPNX_MSS_AUTO	= 0,
	OVPNX_MSS_MIN	= 88,
	/* left alone */
	OVPNX_MSS_OFF	= 65535,
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
	OVPNX_A_KEYCONF		= 5,	/* nest of OVPNX_A_KEYCONF_* */

	__OVPNX_A_MAX,
	OVPNX_A_MAX		= (__OVPNX_A_MAX - 1)
};

/* uint is 4 or 8 bytes long */
enum {
	OVPNX_A_FEATURES_MASK	= 1,	/* uint, of enum ovpnx_feature */
	/* u32, longest OVPNX_A_PEER_PAYLOAD in bytes */
	OVPNX_A_FEATURES_PAYLOAD_MAX = 2,
	/* u32, OVPNX_CMD_PEER_PAYLOAD_NTF per peer and second */
	OVPNX_A_FEATURES_PAYLOAD_RATE = 3,
	/* u32, bytes of memory that packets of a device may take which wait to
	 * be read from its file
	 */
	OVPNX_A_FEATURES_QUEUE_MAX = 4,
	OVPNX_A_FEATURES_PREFIXES_MAX = 5,	/* u32, per peer */

	__OVPNX_A_FEATURES_MAX,
	OVPNX_A_FEATURES_MAX	= (__OVPNX_A_FEATURES_MAX - 1)
};

enum {
	OVPNX_A_DEV_PEERS	= 1,	/* u32, number of peers */
	OVPNX_A_DEV_FD		= 2,	/* s32, file descriptor */
	/* u32, what the largest segment is lowered to that TCP connections in
	 * the tunnel announce: OVPNX_MSS_*, or from OVPNX_MSS_MIN bytes on,
	 * over IPv4; over IPv6 20 bytes less, but not below that
	 */
	OVPNX_A_DEV_MSS		= 3,

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
	OVPNX_A_PEER_PAYLOAD	= 5,	/* bytes, authentic and in the clear */
	OVPNX_A_PEER_FLAGS	= 6,	/* u32, of enum ovpnx_peer_flag */
	OVPNX_A_PEER_PREFIX	= 7,	/* nest of OVPNX_A_PREFIX_*, many */

	__OVPNX_A_PEER_MAX,
	OVPNX_A_PEER_MAX	= (__OVPNX_A_PEER_MAX - 1)
};

/* A range of inner addresses, of one of the families. Bits behind the length
 * are 0.
 */
enum {
	OVPNX_A_PREFIX_IPV4	= 1,	/* be32 */
	OVPNX_A_PREFIX_IPV6	= 2,	/* 16 bytes */
	OVPNX_A_PREFIX_LEN	= 3,	/* u8 */

	__OVPNX_A_PREFIX_MAX,
	OVPNX_A_PREFIX_MAX	= (__OVPNX_A_PREFIX_MAX - 1)
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

/* A key, to be installed in place of OVPN_CMD_KEY_NEW. Its use goes on where
 * somebody else has ended, and it may have epochs: OpenVPN's "aead-epoch".
 */
enum {
	OVPNX_A_KEYCONF_PEER_ID	= 1,	/* u32, 24 bits */
	OVPNX_A_KEYCONF_SLOT	= 2,	/* u32, enum ovpn_key_slot */
	OVPNX_A_KEYCONF_KEY_ID		= 3,	/* u32, 3 bits */
	OVPNX_A_KEYCONF_CIPHER_ALG	= 4,	/* u32, enum ovpn_cipher_alg */
	/* u32, bytes; with epochs, and then required */
	OVPNX_A_KEYCONF_CIPHER_LEN	= 5,
	/* u64, at least 1024: use of one direction, or of an epoch of it, in
	 * packets and blocks of 16 bytes, after which another key has to
	 * follow. It is asked for at 7/8 of this: by OVPN_CMD_KEY_SWAP_NTF or,
	 * with epochs, by moving on to the next one. Default: 2^36 - 1 for
	 * AES-GCM, no limit for ChaCha20-Poly1305.
	 */
	OVPNX_A_KEYCONF_USAGE_MAX	= 6,
	OVPNX_A_KEYCONF_ENCRYPT_DIR	= 7,	/* nest of OVPNX_A_KEYDIR_* */
	OVPNX_A_KEYCONF_DECRYPT_DIR	= 8,	/* nest of OVPNX_A_KEYDIR_* */

	__OVPNX_A_KEYCONF_MAX,
	OVPNX_A_KEYCONF_MAX		= (__OVPNX_A_KEYCONF_MAX - 1)
};

/* One direction: either the first two, or the third. The others say how far it
 * has been used; only they are in the answer to OVPNX_CMD_KEY_GET.
 */
enum {
	OVPNX_A_KEYDIR_CIPHER_KEY = 1,	/* up to 32 bytes */
	OVPNX_A_KEYDIR_NONCE_TAIL = 2,	/* 8 bytes */
	OVPNX_A_KEYDIR_EPOCH_SECRET = 3, /* 32 bytes, of OVPNX_A_KEYDIR_EPOCH */
	OVPNX_A_KEYDIR_EPOCH	= 4,	/* u32, 1 (default) to 65518 */
	/* u64. Sending: the next one, default 1; receiving: the highest
	 * received, default 0
	 */
	OVPNX_A_KEYDIR_PACKET_ID = 5,
	OVPNX_A_KEYDIR_USAGE	= 6,	/* u64, see OVPNX_A_KEYCONF_USAGE_MAX */
	/* u64, receiving: forged packets. After 2^35 a new key is asked for,
	 * after 2^36 nothing is opened any more.
	 */
	OVPNX_A_KEYDIR_FAILURES	= 7,
	/* up to 1024 bytes, receiving: bit i, the lowest of each byte first,
	 * tells whether OVPNX_A_KEYDIR_PACKET_ID - i has been received; lower
	 * ids count as received
	 */
	OVPNX_A_KEYDIR_SEEN	= 8,

	__OVPNX_A_KEYDIR_MAX,
	OVPNX_A_KEYDIR_MAX	= (__OVPNX_A_KEYDIR_MAX - 1)
};

enum {
	OVPNX_CMD_GET_FEATURES	= 1,
	OVPNX_CMD_DEV_GET	= 2,
	OVPNX_CMD_DEV_SET	= 3,
	OVPNX_CMD_PEER_GET	= 4,
	OVPNX_CMD_PEER_SET	= 5,
	/* Event: a peer sent a payload that is neither IP nor a keepalive, for
	 * example an OCC message. If nobody is in the multicast group, or it is
	 * too long or one too many, it is dropped as "rx_drop_proto".
	 */
	OVPNX_CMD_PEER_PAYLOAD_NTF = 6,
	/* The reply has a file descriptor in OVPNX_A_DEV_FD. It may be used
	 * when the request has been sent, is closed on exec, and there is one
	 * for each device: -EBUSY until it is closed. See struct ovpnx_packet.
	 */
	OVPNX_CMD_DEV_OPEN	= 7,
	OVPNX_CMD_KEY_NEW	= 8,
	OVPNX_CMD_KEY_GET	= 9,
	/*
	 * The inner addresses that belong to a peer of an MP device. A peer
	 * with prefixes is sent, and may send from, its VPN addresses and those
	 * addresses of which it has the longest prefix, and no others: the
	 * host's routes do not count for it.
	 *
	 * SET: these and no others, none to go back to the host's routes. ADD:
	 * these, too. DEL: these no more. All of a request or nothing is done.
	 * -EADDRINUSE if another peer has one of them.
	 */
	OVPNX_CMD_PREFIX_GET	= 10,
	OVPNX_CMD_PREFIX_SET	= 11,
	OVPNX_CMD_PREFIX_ADD	= 12,
	OVPNX_CMD_PREFIX_DEL	= 13,

	__OVPNX_CMD_MAX,
	OVPNX_CMD_MAX		= (__OVPNX_CMD_MAX - 1)
};

/*
 * What stands before each packet in the file of OVPNX_CMD_DEV_OPEN, in the
 * byte order of the machine.
 *
 * A read() takes one packet: for which peer, then the IP packet. -EMSGSIZE if
 * there is not enough room; the packet stays. 0 when the device is gone. What
 * nobody reads is dropped, as "tx_drop_handoff", when the queue is full.
 *
 * A write() is one packet: from which peer, then the IP packet. -ENOENT if
 * there is no such peer, -EOPNOTSUPP if it is not userspace's, -EACCES if the
 * source address is not the peer's, -EINVAL if it is not an IP packet,
 * -EMSGSIZE if it is too long for one, -ENETDOWN while the device is down,
 * -ENODEV when it is gone.
 */
struct ovpnx_packet {
	__u32 peer_id;
	__u32 reserved;		/* 0 */
};

/* multicast group of the events, which go to the network namespace of the
 * peer's socket
 */
#define OVPNX_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_OVPNX_H */
