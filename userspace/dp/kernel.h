/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_KERNEL_H
#define DP_KERNEL_H

#include <linux/ovpn.h>
#include <linux/ovpnx.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "dp/impl.h"

/*
 * The kernel data path: generic netlink family "ovpn", and "ovpnx" where there
 * is one. Private to dp/.
 *
 *   kernel.c		life, peers, the dp_ops table
 *   kernel_key.c	keys
 *   kernel_x.c		what only "ovpnx" can do
 *   kernel_carry.c	peers that userspace carries; mixed.c has them
 *   kernel_peer.c	peers <-> attributes
 *   kernel_event.c	notifications
 *   kernel_nl.c	one request and its answers
 */

#define KERNEL_ID_BUCKETS	256	/* power of two */

/* Top level attributes of both families: a table for either of them. */
#define KERNEL_A_MAX		OVPNX_A_MAX

_Static_assert((int)OVPNX_A_MAX >= (int)OVPN_A_MAX &&
	       (int)OVPNX_A_IFINDEX == (int)OVPN_A_IFINDEX,
	       "one table has to do for both families");

/**
 * struct kernel_id - what we know about a peer id
 * @is_live: we added it and did not try to delete it, and nothing said that it
 *	has gone
 * @n_pending: notifications of deletions that are ours, and still to come
 */
struct kernel_id {
	struct kernel_id *next;
	uint32_t id;
	bool is_live;
	unsigned int n_pending;
};

/**
 * struct dp_kernel - the data path
 * @family_x: number of the family "ovpnx", 0: the kernel has none
 * @features: of enum ovpnx_feature
 */
struct dp_kernel {
	struct dp base;
	struct nl_sock *sock;
	int family, family_x;
	uint64_t features;
	struct nl_sock *event_sock;
	struct loop_io *event_io;
	struct kernel_id *ids[KERNEL_ID_BUCKETS];
	uint64_t n_stray;	/* data packets that the kernel did not take */
};

struct dp_kernel *kernel_get(struct dp *dp);

/* kernel_nl.c */

/** kernel_nl_open() - 0; -ENOENT: no such family; or another -errno */
int kernel_nl_open(struct nl_sock **sock, int *family);

/** kernel_msg_new() - a request for our device; NULL when out of memory */
struct nl_msg *kernel_msg_new(struct dp_kernel *kernel, uint8_t cmd,
			      int flags);

/** kernel_x_msg_new() - the same of the family "ovpnx" */
struct nl_msg *kernel_x_msg_new(struct dp_kernel *kernel, uint8_t cmd,
				int flags);

/** kernel_nest_start() - for nla_nest_end(); NULL when there is no room */
struct nlattr *kernel_nest_start(struct nl_msg *msg, int type);

/** kernel_msg_free_take() - wipe, because there may be keys inside, and free */
void kernel_msg_free_take(struct nl_msg *msg);

/**
 * kernel_msg_send_take() - send and read the answers
 * @msg: consumed and wiped
 * @on_data: called for each answer with its attributes; 0 or -errno. NULL: none
 *
 * Return: 0 or the kernel's -errno, whose text goes to the debug log.
 */
int kernel_msg_send_take(struct dp_kernel *kernel, struct nl_msg *msg,
			 int (*on_data)(void *arg, struct nlattr **attrs),
			 void *arg);

/**
 * kernel_msg_parse() - top level attributes of a generic netlink message
 * @attrs: KERNEL_A_MAX + 1 entries
 *
 * Return: the command, or -EBADMSG.
 */
int kernel_msg_parse(struct nlmsghdr *nlh, struct nlattr **attrs);

/* kernel_peer.c */
int kernel_peer_put(struct nl_msg *msg, const struct dp_kernel *kernel,
		    const struct dp_peer *peer);
int kernel_peer_put_remote(struct nl_msg *msg, const union net_addr *remote,
			   const union net_addr *local);
int kernel_peer_parse(struct nlattr *nest, struct dp_peer_info *out);
/* @attrs: of a parsed PEER nest; AF_UNSPEC when there is no address */
void kernel_remote_parse(struct nlattr **attrs, union net_addr *out);
/* -EBADMSG when missing or not 4 bytes */
int kernel_u32_parse(struct nlattr *attr, uint32_t *out);
/* NLA_UINT: 4 bytes when the value fits, else 8; anything else is 0 */
uint64_t kernel_uint(struct nlattr *attr);

/* kernel_key.c */
int kernel_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		   const struct dp_key *key);
int kernel_key_swap(struct dp *dp, uint32_t peer_id);
int kernel_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot);
uint32_t kernel_slot(enum dp_slot slot);
uint32_t kernel_cipher(enum proto_cipher cipher);
/* key ids, and what is known of the primary key */
void kernel_peer_get_keys(struct dp_kernel *kernel, uint32_t peer_id,
			  struct dp_peer_info *out);

/* kernel_x.c */

/** kernel_x_open() - look for the family and what it can do; no error if not */
void kernel_x_open(struct dp_kernel *kernel);

/** kernel_x_set_mss() - see struct dp_config; says so where that cannot be */
void kernel_x_set_mss(struct dp_kernel *kernel, uint16_t mss);

/** kernel_x_listen() - hear of payloads that are not IP */
void kernel_x_listen(struct dp_kernel *kernel);

/** kernel_x_event() - a message of the family to the event socket */
void kernel_x_event(struct dp_kernel *kernel, struct nlmsghdr *nlh);

/** kernel_x_key_set() - a key with epochs; as kernel_key_set() */
int kernel_x_key_set(struct dp_kernel *kernel, uint32_t peer_id,
		     enum dp_slot slot, const struct dp_key *key);

/** kernel_x_key_get() - epochs of the primary key, if it has any */
void kernel_x_key_get(struct dp_kernel *kernel, uint32_t peer_id,
		      struct dp_peer_info *out);

/* kernel_carry.c */

/**
 * kernel_carry_open() - the file of the device, where their packets come out
 *
 * Return: a descriptor, -EOPNOTSUPP (not with this kernel), or another -errno.
 */
int kernel_carry_open(struct dp_kernel *kernel);

/** kernel_carry_peer() - from now on userspace carries this peer; or -errno */
int kernel_carry_peer(struct dp_kernel *kernel, uint32_t peer_id);

/** kernel_carry_drop() - delete all peers that userspace carries */
void kernel_carry_drop(struct dp_kernel *kernel);

/* kernel_event.c */
int kernel_event_open(struct dp_kernel *kernel);
void kernel_event_close(struct dp_kernel *kernel);
/* a peer that was there before us */
int kernel_id_known(void *arg, const struct dp_peer_info *info);
void kernel_id_added(struct dp_kernel *kernel, uint32_t id);
void kernel_id_deleted(struct dp_kernel *kernel, uint32_t id, int err);
/* a peer that is there: true, and it is live, if it was not before */
bool kernel_id_claim(struct dp_kernel *kernel, uint32_t id);
/* false: what is heard of it is still of a peer that we have deleted */
bool kernel_id_is_current(struct dp_kernel *kernel, uint32_t id);

#endif
