// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reference model: the contract of family "ovpn" once more, written as
 * what has to come of a request in a known state.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "walk.h"

#define WALK_ID_MAX 0xffffffu
#define WALK_KEEPALIVE_MAX 86400u

void walk_peer_text(struct walk *w, int net, int dev, uint32_t id, char *text,
		    size_t size)
{
	const struct walk_peer *peer = &w->dev[dev].peer[id];
	const struct walk_addr *remote = peer->remote;
	char nsid[32] = "", vpn4[64] = "", vpn6[64] = "", outer[192] = "";
	const char *local;

	if (w->sock[peer->sock].net != net)
		snprintf(nsid, sizeof(nsid), "socket-netnsid=%d ",
			 w->net[net].netnsid);
	if (!walk_vpn4[peer->vpn4].is_any)
		snprintf(vpn4, sizeof(vpn4), "vpn-ipv4=%s ",
			 walk_vpn4[peer->vpn4].text);
	if (!walk_vpn6[peer->vpn6].is_any)
		snprintf(vpn6, sizeof(vpn6), "vpn-ipv6=%s ",
			 walk_vpn6[peer->vpn6].text);
	if (!remote) {
		/* the address of a TCP peer is its socket's business */
	} else if (remote->is_v4) {
		local = !peer->local ? "0.0.0.0" :
			peer->local->shown ? peer->local->shown :
			peer->local->text;
		snprintf(outer, sizeof(outer), "remote-ipv4=%s remote-port=%u "
			 "local-ipv4=%s ", remote->shown ? remote->shown :
			 remote->text, peer->port, local);
	} else {
		snprintf(outer, sizeof(outer), "remote-ipv6=%s "
			 "remote-ipv6-scope-id=%u remote-port=%u "
			 "local-ipv6=%s ",
			 remote->text, peer->scope, peer->port,
			 peer->local ? peer->local->text : "::");
	}
	snprintf(text, size, "PEER_GET peer{%sid=%u tx-id=%u %s%s"
		 "keepalive-interval=%u keepalive-timeout=%u %slocal-port=%d "
		 "vpn-rx-bytes=0 vpn-rx-packets=0 vpn-tx-bytes=0 "
		 "vpn-tx-packets=0 link-rx-bytes=0 link-rx-packets=0 "
		 "link-tx-bytes=0 link-tx-packets=0}", nsid, id, peer->tx_id,
		 vpn4, vpn6, peer->interval, peer->timeout, outer,
		 20000 + peer->sock);
}

static void forget_one(struct walk *w, int dev, uint32_t id,
		       const char *reason)
{
	struct walk_peer *peer = &w->dev[dev].peer[id];
	int net = w->sock[peer->sock].net, i;
	struct walk_sock *sock = &w->sock[peer->sock];
	bool is_used = false;

	snprintf(w->event[net][w->event_count[net]++], sizeof(w->event[0][0]),
		 "PEER_DEL_NTF ifindex=%u peer{del-reason=%s id=%u}",
		 w->dev[dev].index, reason, id);
	peer->is_set = false;
	for (i = 0; i < WALK_IDS; i++)
		is_used = is_used || (w->dev[dev].peer[i].is_set &&
				      w->dev[dev].peer[i].sock == peer->sock);
	if (!is_used)
		sock->dev = WALK_NONE;
}

void walk_forget(struct walk *w, int dev, int sock, const char *reason)
{
	uint32_t id;
	int d;

	for (d = 0; d < WALK_DEVS; d++) {
		for (id = 0; id < WALK_IDS; id++) {
			struct walk_peer *peer = &w->dev[d].peer[id];

			if (peer->is_set && (dev == WALK_NONE || dev == d) &&
			    (sock == WALK_NONE || sock == peer->sock))
				forget_one(w, d, id, reason);
		}
	}
}

static bool above(const struct walk_opt *opt, uint32_t max)
{
	return opt->is_set && opt->value > max;
}

/* Policy comes first, in the order of the message. */
static int policy_peer(const struct walk_req *req)
{
	bool is_del = req->cmd == WALK_PEER_DEL;
	bool is_set = req->cmd == WALK_PEER_SET;

	if (!req->has_nest)
		return 0;
	if (above(&req->id, WALK_ID_MAX))
		return -ERANGE;
	if (is_del && (req->remote4.is_set || req->remote6.is_set ||
		       req->scope.is_set))
		return -EINVAL;
	if (req->port.is_set && (is_del || !req->port.value))
		return is_del ? -EINVAL : -ERANGE;
	if (req->sock.is_set && (is_del || is_set))
		return -EINVAL;
	if (is_del && (req->vpn4.is_set || req->vpn6.is_set ||
		       req->local4.is_set || req->local6.is_set ||
		       req->interval.is_set || req->timeout.is_set ||
		       req->tx_id.is_set))
		return -EINVAL;
	if (above(&req->interval, WALK_KEEPALIVE_MAX) ||
	    above(&req->timeout, WALK_KEEPALIVE_MAX) ||
	    above(&req->tx_id, WALK_ID_MAX))
		return -ERANGE;
	return 0;
}

static int policy_key(const struct walk_req *req)
{
	bool has_slot = req->cmd != WALK_KEY_SWAP;
	bool has_id = req->cmd == WALK_KEY_NEW || req->cmd == WALK_KEY_GET;

	if (!req->has_nest)
		return 0;
	if (above(&req->peer_id, WALK_ID_MAX))
		return -ERANGE;
	if (req->slot.is_set && !has_slot)
		return -EINVAL;
	if (above(&req->slot, 1))
		return -ERANGE;
	if (req->key_id.is_set && !has_id)
		return -EINVAL;
	if (above(&req->key_id, 7))
		return -ERANGE;
	if (req->alg.is_set && !has_id)
		return -EINVAL;
	if (above(&req->alg, 2))
		return -ERANGE;
	if (req->cmd != WALK_KEY_NEW &&
	    (req->encrypt.is_set || req->decrypt.is_set))
		return -EINVAL;
	return 0;
}

int walk_find_dev(const struct walk *w, int net, int dev)
{
	switch (dev) {
	case WALK_DEV_MISSING:
	case WALK_DEV_LO:
		return -EINVAL;
	case WALK_DEV_ABSENT:
		return -ENODEV;
	}
	return w->dev[dev].net == net ? 0 : -ENODEV;
}

static const struct walk_addr *outer(const struct walk_opt *v4,
				     const struct walk_opt *v6)
{
	if (v4->is_set)
		return &walk_outer4[v4->value];
	return v6->is_set ? &walk_outer6[v6->value] : NULL;
}

static int precheck(const struct walk_req *req)
{
	const struct walk_addr *remote = outer(&req->remote4, &req->remote6);
	const struct walk_addr *local = outer(&req->local4, &req->local6);
	bool is_p2p = !walk_is_mp(req->dev);

	if (!req->has_nest || !req->id.is_set ||
	    (req->remote4.is_set && req->remote6.is_set) ||
	    (!remote && req->port.is_set) || (remote && !req->port.is_set) ||
	    (req->local4.is_set && !req->remote4.is_set) ||
	    (req->local6.is_set && !req->remote6.is_set) ||
	    (remote && local && remote->is_v4 != local->is_v4) ||
	    (req->scope.is_set && (!remote || remote->is_v4)) ||
	    (is_p2p && (req->vpn4.is_set || req->vpn6.is_set)) ||
	    req->interval.is_set != req->timeout.is_set)
		return -EINVAL;
	return 0;
}

static int check_vpn(uint32_t vpn4, uint32_t vpn6)
{
	if (walk_vpn4[vpn4].is_any && walk_vpn6[vpn6].is_any)
		return -EINVAL;
	return walk_vpn4[vpn4].is_bad || walk_vpn6[vpn6].is_bad ?
		-EADDRNOTAVAIL : 0;
}

static bool is_taken(const struct walk_dev *dev, uint32_t id,
		     const struct walk_opt *vpn4, const struct walk_opt *vpn6)
{
	uint32_t i;

	for (i = 0; i < WALK_IDS; i++) {
		const struct walk_peer *peer = &dev->peer[i];

		if (i == id || !peer->is_set)
			continue;
		if ((vpn4->is_set && !walk_vpn4[vpn4->value].is_any &&
		     peer->vpn4 == vpn4->value) ||
		    (vpn6->is_set && !walk_vpn6[vpn6->value].is_any &&
		     peer->vpn6 == vpn6->value))
			return true;
	}
	return false;
}

static bool can_reach(const struct walk *w, int sock,
		      const struct walk_addr *remote)
{
	/* the in-tree driver does not look at this */
	return w->is_intree || !remote || remote->is_v4 || w->sock[sock].is_v6;
}

static void apply(struct walk_peer *peer, const struct walk_req *req)
{
	const struct walk_addr *remote = outer(&req->remote4, &req->remote6);

	if (remote) {
		peer->remote = remote;
		peer->local = outer(&req->local4, &req->local6);
		peer->port = req->port.value;
		peer->scope = req->scope.is_set ? req->scope.value : 0;
	}
	if (req->vpn4.is_set)
		peer->vpn4 = req->vpn4.value;
	if (req->vpn6.is_set)
		peer->vpn6 = req->vpn6.value;
	if (req->tx_id.is_set)
		peer->tx_id = req->tx_id.value;
	if (req->interval.is_set) {
		peer->interval = req->interval.value;
		peer->timeout = req->timeout.value;
	}
}

static int new_socket(const struct walk *w, const struct walk_req *req)
{
	const struct walk_addr *remote = outer(&req->remote4, &req->remote6);
	const struct walk_sock *sock;

	if (req->sock.value >= WALK_SOCKS)
		return -ENOTSOCK;
	sock = &w->sock[req->sock.value];
	if (sock->fd == WALK_NONE)
		return -ENOTSOCK;
	if (!remote != sock->is_tcp)
		return -EINVAL;
	if (sock->is_tcp)
		return sock->dev == WALK_NONE && sock->far != WALK_NONE ?
			0 : -ENOTSOCK;
	if (sock->dev != WALK_NONE && sock->dev != req->dev)
		return -ENOTSOCK;
	return can_reach(w, (int)req->sock.value, remote) ? 0 : -EINVAL;
}

static int peer_new(struct walk *w, const struct walk_req *req)
{
	struct walk_dev *dev = &w->dev[req->dev];
	uint32_t id = req->id.value;
	struct walk_peer *peer;
	int err;

	err = precheck(req);
	if (err)
		return err;
	if (!req->sock.is_set)
		return -EINVAL;
	if (walk_is_mp(req->dev)) {
		err = check_vpn(req->vpn4.is_set ? req->vpn4.value : 0,
				req->vpn6.is_set ? req->vpn6.value : 0);
		if (err)
			return err;
	}
	err = new_socket(w, req);
	if (err)
		return err;
	peer = &dev->peer[id];
	if (walk_is_mp(req->dev)) {
		if (peer->is_set)
			return -EEXIST;
		if (is_taken(dev, id, &req->vpn4, &req->vpn6))
			return -EADDRINUSE;
	} else {
		walk_forget(w, req->dev, WALK_NONE, "teardown");
	}
	memset(peer, 0, sizeof(*peer));
	peer->is_set = true;
	peer->tx_id = id;
	peer->sock = (int)req->sock.value;
	w->sock[peer->sock].dev = req->dev;
	apply(peer, req);
	return 0;
}

static struct walk_peer *find(struct walk *w, const struct walk_req *req,
			      uint32_t id)
{
	struct walk_peer *peer;

	if (id >= WALK_IDS)
		return NULL;
	peer = &w->dev[req->dev].peer[id];
	return peer->is_set ? peer : NULL;
}

static int peer_set(struct walk *w, const struct walk_req *req)
{
	const struct walk_addr *remote = outer(&req->remote4, &req->remote6);
	struct walk_peer *peer;
	int err;

	err = precheck(req);
	if (err)
		return err;
	peer = find(w, req, req->id.value);
	if (!peer)
		return -ENOENT;
	if (remote && w->sock[peer->sock].is_tcp)
		return -EINVAL;
	if (!can_reach(w, peer->sock, remote))
		return -EINVAL;
	if (walk_is_mp(req->dev)) {
		if (is_taken(&w->dev[req->dev], req->id.value, &req->vpn4,
			     &req->vpn6))
			return -EADDRINUSE;
		err = check_vpn(req->vpn4.is_set ? req->vpn4.value : peer->vpn4,
				req->vpn6.is_set ? req->vpn6.value :
				peer->vpn6);
		if (err)
			return err;
	}
	apply(peer, req);
	return 0;
}

static int peer_get(struct walk *w, const struct walk_req *req, char *text,
		    size_t size)
{
	if (!req->has_nest || !req->id.is_set || req->remote4.is_set ||
	    req->remote6.is_set || req->scope.is_set || req->port.is_set ||
	    req->sock.is_set || req->vpn4.is_set || req->vpn6.is_set ||
	    req->local4.is_set || req->local6.is_set || req->interval.is_set ||
	    req->timeout.is_set || req->tx_id.is_set)
		return -EINVAL;
	if (!find(w, req, req->id.value))
		return -ENOENT;
	walk_peer_text(w, req->net, req->dev, req->id.value, text, size);
	return 0;
}

static int peer_del(struct walk *w, const struct walk_req *req)
{
	if (!req->has_nest || !req->id.is_set)
		return -EINVAL;
	if (!find(w, req, req->id.value))
		return -ENOENT;
	forget_one(w, req->dev, req->id.value, "userspace");
	return 0;
}

static bool is_key_len(const struct walk_req *req)
{
	if (req->alg.value == 2)
		return req->key_len == 32;
	return req->key_len == 16 || req->key_len == 24 || req->key_len == 32;
}

static int key_new(const struct walk_req *req, struct walk_peer *peer)
{
	struct walk_key *key;

	if (!peer)
		return -ENOENT;
	if (!is_key_len(req))
		return -EINVAL;
	key = &peer->key[req->slot.value];
	*key = (struct walk_key){
		.is_set = true, .id = req->key_id.value,
		.alg = req->alg.value, .tx_id = 1,
	};
	return 0;
}

static int key_get(const struct walk_req *req, const struct walk_peer *peer,
		   char *text, size_t size)
{
	static const char *const algs[] = {
		"none", "aes-gcm", "chacha20-poly1305"
	};
	const struct walk_key *key;

	if (!peer || !peer->key[req->slot.value].is_set)
		return -ENOENT;
	key = &peer->key[req->slot.value];
	snprintf(text, size, "KEY_GET keyconf{peer-id=%u slot=%s key-id=%u "
		 "cipher-alg=%s}", req->peer_id.value,
		 req->slot.value ? "secondary" : "primary", key->id,
		 algs[key->alg]);
	return 0;
}

static int key_command(struct walk *w, const struct walk_req *req, char *text,
		       size_t size)
{
	bool is_new = req->cmd == WALK_KEY_NEW;
	struct walk_peer *peer;
	struct walk_key key;

	if (!req->has_nest || !req->peer_id.is_set ||
	    (req->cmd != WALK_KEY_SWAP && !req->slot.is_set))
		return -EINVAL;
	if (is_new && (!req->key_id.is_set || !req->alg.is_set ||
		       !req->encrypt.is_set || !req->decrypt.is_set ||
		       !req->alg.value))
		return -EINVAL;
	if (req->cmd == WALK_KEY_GET && (req->key_id.is_set || req->alg.is_set))
		return -EINVAL;
	peer = find(w, req, req->peer_id.value);
	if (is_new)
		return key_new(req, peer);
	if (req->cmd == WALK_KEY_GET)
		return key_get(req, peer, text, size);
	if (!peer)
		return -ENOENT;
	if (req->cmd == WALK_KEY_DEL) {
		peer->key[req->slot.value].is_set = false;
	} else {
		key = peer->key[0];
		peer->key[0] = peer->key[1];
		peer->key[1] = key;
	}
	return 0;
}

int walk_predict(struct walk *w, const struct walk_req *req, char *text,
		 size_t size)
{
	int err;

	text[0] = '\0';
	err = req->cmd < WALK_KEY_NEW ? policy_peer(req) : policy_key(req);
	if (!err)
		err = walk_find_dev(w, req->net, req->dev);
	if (err)
		return err;
	switch (req->cmd) {
	case WALK_PEER_NEW:
		return peer_new(w, req);
	case WALK_PEER_SET:
		return peer_set(w, req);
	case WALK_PEER_GET:
		return peer_get(w, req, text, size);
	case WALK_PEER_DEL:
		return peer_del(w, req);
	case WALK_KEY_NEW:
	case WALK_KEY_GET:
	case WALK_KEY_SWAP:
	case WALK_KEY_DEL:
		return key_command(w, req, text, size);
	case WALK_CMDS:
		break;
	}
	return -EOPNOTSUPP;
}
