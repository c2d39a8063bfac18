/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovpn_nl.h"

#define WALK_NETS	2
#define WALK_DEVS	4	/* the first half p2p, the others mp */
#define WALK_SOCKS	6
#define WALK_IDS	6	/* peers have ids below */
#define WALK_EVENTS	64
#define WALK_PREFIXES	11	/* that there are */
#define WALK_PREFIXES_OF_ONE 4	/* of a request */
#define WALK_NONE	(-1)

/* interfaces of requests beside those of the devices */
enum {
	WALK_DEV_MISSING = WALK_DEVS,	/* no attribute */
	WALK_DEV_LO,			/* of another kind */
	WALK_DEV_ABSENT,		/* no interface has the index */
	WALK_DEV_END,
};

/* sockets of requests beside the slots */
enum {
	WALK_SOCK_FILE = WALK_SOCKS,	/* no socket */
	WALK_SOCK_UNIX,			/* a socket, but of another kind */
	WALK_SOCK_END,
};

enum walk_cmd {
	WALK_PEER_NEW,
	WALK_PEER_SET,
	WALK_PEER_GET,
	WALK_PEER_DEL,
	WALK_KEY_NEW,
	WALK_KEY_GET,
	WALK_KEY_SWAP,
	WALK_KEY_DEL,
	WALK_CMDS,
};

/**
 * struct walk_opt - an attribute of a request
 * @is_set: it is there
 * @value: number, or index of an address
 */
struct walk_opt {
	bool is_set;
	uint32_t value;
};

/**
 * struct walk_req - a request
 * @cmd: command
 * @net: where it is sent
 * @dev: slot of the device, or WALK_DEV_*
 * @has_nest: PEER or KEYCONF is there
 * @key_len: of both keys, for @encrypt and @decrypt
 *
 * The other fields are attributes, in the order in which they are sent.
 */
struct walk_req {
	enum walk_cmd cmd;
	int net;
	int dev;
	bool has_nest;
	uint32_t key_len;
	/* PEER */
	struct walk_opt id, remote4, remote6, scope, port, sock, vpn4, vpn6;
	struct walk_opt local4, local6, interval, timeout, tx_id;
	/* KEYCONF */
	struct walk_opt peer_id, slot, key_id, alg, encrypt, decrypt;
};

/**
 * struct walk_addr - an address that requests use
 * @text: for requests and in answers
 * @shown: in answers, if not @text
 * @is_v4: an IPv4 address, also if v4-mapped
 * @is_any: none
 * @is_bad: not to be had as VPN address
 */
struct walk_addr {
	const char *text;
	const char *shown;
	bool is_v4;
	bool is_any;
	bool is_bad;
};

/**
 * struct walk_prefix - an inner prefix that requests use
 * @text: for requests and in answers
 * @is_v6: IPv6
 * @err: what comes of it: 0 or -errno
 * @vpn: index in walk_vpn4 or walk_vpn6, if it is one of these addresses
 */
struct walk_prefix {
	const char *text;
	bool is_v6;
	int err;
	uint32_t vpn;
};

extern const struct walk_prefix walk_prefix[];
extern const struct walk_addr walk_vpn4[], walk_vpn6[];
extern const struct walk_addr walk_outer4[], walk_outer6[];
extern const size_t walk_vpn4_count, walk_vpn6_count;
extern const size_t walk_outer4_count, walk_outer6_count;

/* struct walk_key - a key; epochs are 0 without */
struct walk_key {
	bool is_set;
	uint32_t id;
	uint32_t alg;
	uint32_t tx_epoch;
	uint32_t rx_epoch;
	uint64_t tx_id;
	uint64_t tx_usage;
	uint64_t rx_id;
	uint64_t rx_usage;
	uint64_t failures;
};

/**
 * struct walk_peer - what the model knows of a peer
 * @is_set: it exists
 * @tx_id: see the attribute
 * @sock: slot of its socket
 * @remote: outer address; NULL over TCP
 * @local: outer address, NULL if any
 * @scope: of @remote
 * @port: of @remote
 * @vpn4: index in walk_vpn4
 * @vpn6: index in walk_vpn6
 * @interval: of keepalives
 * @timeout: of keepalives
 * @key: primary and secondary
 * @is_userspace: userspace carries it
 * @prefix: indices in walk_prefix, the latest last
 * @n_prefixes: how many
 */
struct walk_peer {
	bool is_set;
	uint32_t tx_id;
	int sock;
	const struct walk_addr *remote;
	const struct walk_addr *local;
	uint32_t scope;
	uint32_t port;
	uint32_t vpn4;
	uint32_t vpn6;
	uint32_t interval;
	uint32_t timeout;
	struct walk_key key[2];
	bool is_userspace;
	uint32_t prefix[WALK_PREFIXES];
	unsigned int n_prefixes;
};

/**
 * struct walk_dev - what the model knows of a device
 * @net: where it is, WALK_NONE if it does not exist
 * @index: of the interface
 * @mss: see the attribute
 * @peer: its peers by id
 */
struct walk_dev {
	int net;
	unsigned int index;
	uint32_t mss;
	struct walk_peer peer[WALK_IDS];
};

/**
 * struct walk_sock - a socket
 * @fd: descriptor, WALK_NONE if closed
 * @net: its namespace
 * @is_v6: its family
 * @is_tcp: a connection; has one peer at most
 * @far: TCP: the other end, WALK_NONE if closed
 * @dev: slot of the device that has it, or WALK_NONE
 */
struct walk_sock {
	int fd;
	int net;
	bool is_v6;
	bool is_tcp;
	int far;
	int dev;
};

/**
 * struct walk_net - a network namespace
 * @fd: of the namespace
 * @ioctl_fd: a socket in it
 * @genl: for requests
 * @genl_x: for those of family "ovpnx"
 * @rtnl: for links
 * @events: has joined the group
 * @netnsid: what this one calls the other, WALK_NONE if not known yet
 */
struct walk_net {
	int fd;
	int ioctl_fd;
	struct ovpn_nl genl;
	struct ovpn_nl genl_x;
	struct ovpn_nl rtnl;
	struct ovpn_nl events;
	int netnsid;
};

/**
 * struct walk - the walk
 * @net: namespaces
 * @dev: devices
 * @sock: sockets
 * @file_fd: a descriptor that is no socket
 * @unix_fd: a socket of another kind
 * @is_intree: the driver is the in-tree one
 * @is_loud: print each step
 * @random: state of the generator
 * @step: number of the step
 * @event: events to come in each namespace
 * @event_count: how many
 */
struct walk {
	struct walk_net net[WALK_NETS];
	struct walk_dev dev[WALK_DEVS];
	struct walk_sock sock[WALK_SOCKS];
	int file_fd;
	int unix_fd;
	bool is_intree;
	bool is_loud;
	uint64_t random;
	unsigned int step;
	char event[WALK_NETS][WALK_EVENTS][80];
	unsigned int event_count[WALK_NETS];
};

/* what a command is in words, for who looks for a mistake */
struct walk_text {
	char *buf;
	size_t size;
	size_t len;
};

/* both add to the text what fits */
__attribute__((format(printf, 2, 3)))
void walk_add(struct walk_text *t, const char *fmt, ...);
void walk_add_number(struct walk_text *t, const char *name,
		     const struct walk_opt *opt);

static inline bool walk_is_mp(int dev)
{
	return dev >= WALK_DEVS / 2;
}

/* walk_world.c: namespaces, devices, sockets, texts */

uint32_t walk_rand(struct walk *w, uint32_t n);

static inline bool walk_chance(struct walk *w, uint32_t percent)
{
	return walk_rand(w, 100) < percent;
}

/* set to a number below @n, in so many cases of a hundred */
static inline struct walk_opt walk_maybe(struct walk *w, uint32_t percent,
					 uint32_t n)
{
	struct walk_opt opt = { .is_set = walk_chance(w, percent) };

	if (opt.is_set)
		opt.value = walk_rand(w, n);
	return opt;
}
int walk_open(struct walk *w);
int walk_dev_add(struct walk *w, int dev, int net);
int walk_dev_del(struct walk *w, int dev);
int walk_dev_move(struct walk *w, int dev, int net);
int walk_sock_open(struct walk *w, int sock, int net, bool is_v6, bool is_tcp);
/* the other end of a connection goes; returns when ours has noticed */
int walk_sock_hang_up(struct walk *w, int sock);
void walk_sock_close(struct walk *w, int sock);
unsigned int walk_dev_index(struct walk *w, int dev);
/* of what is not there, one that nobody has */
unsigned int walk_req_ifindex(struct walk *w, int net, int dev);
void walk_req_text(struct walk *w, const struct walk_req *req, char *text,
		   size_t size);

/* walk_model.c: what has to come of it */

/**
 * walk_predict() - what a request comes to; changes the model
 * @w: the walk
 * @req: the request
 * @text: receives the reply, "" if there is none
 * @size: bytes at @text
 * Return: 0 or -errno
 */
int walk_predict(struct walk *w, const struct walk_req *req, char *text,
		 size_t size);

/**
 * walk_find_dev() - is there such a device?
 * @net: namespace that asks
 * @dev: slot or WALK_DEV_*
 * Return: 0 or -errno
 */
int walk_find_dev(const struct walk *w, int net, int dev);

/**
 * walk_peer_text() - what PEER_GET says about a peer
 * @net: namespace that asks
 */
void walk_peer_text(struct walk *w, int net, int dev, uint32_t id, char *text,
		    size_t size);

/**
 * walk_forget() - peers of a device or a socket go; events will say so
 * @dev: slot, or WALK_NONE for any
 * @sock: slot, or WALK_NONE for any
 * @reason: what the events say
 */
void walk_forget(struct walk *w, int dev, int sock, const char *reason);

#endif
