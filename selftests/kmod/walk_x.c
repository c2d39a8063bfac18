// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of family "ovpnx": choices and text. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "walk_x.h"

const struct walk_prefix walk_prefix[] = {
	{ .text = "ipv4=10.20.0.0 len=16" },
	{ .text = "ipv4=10.20.5.0 len=24" },
	{ .text = "ipv4=0.0.0.0 len=0" },
	/* these are VPN addresses */
	{ .text = "ipv4=10.8.0.2 len=32", .vpn = 1 },
	{ .text = "ipv4=10.8.0.3 len=32", .vpn = 2 },
	{ .text = "ipv6=fd20:: len=32", .is_v6 = true },
	{ .text = "ipv6=:: len=0", .is_v6 = true },
	{ .text = "ipv6=fd08::2 len=128", .is_v6 = true, .vpn = 1 },
	{ .text = "ipv4=10.0.0.1 len=31", .err = -EINVAL },
	{ .text = "ipv4=10.0.0.0 len=33", .err = -EINVAL },
	{ .text = "ipv6=fd00:: len=129", .is_v6 = true, .err = -ERANGE },
};

#define GOOD_PREFIXES (WALK_PREFIXES - 3)

_Static_assert(sizeof(walk_prefix) / sizeof(walk_prefix[0]) == WALK_PREFIXES,
	       "number of prefixes");

/* mostly that of a peer which is there */
static struct walk_opt choose_id(struct walk *w, int dev)
{
	struct walk_opt opt = walk_maybe(w, 98, WALK_IDS);
	uint32_t i;

	for (i = 0; dev < WALK_DEVS && walk_chance(w, 98) && i < WALK_IDS; i++)
		if (!w->dev[dev].peer[opt.value].is_set)
			opt.value = (opt.value + 1) % WALK_IDS;
	if (walk_chance(w, 2))
		opt.value = walk_chance(w, 50) ? 0x1000000 : 0xffffff;
	return opt;
}

static void choose_dev(struct walk *w, struct walk_x *req)
{
	static const uint32_t mss[] = { 0, 88, 1300, 65535, 1, 87, 65536 };

	if (req->cmd == WALK_X_DEV_GET)
		req->has_nest = walk_chance(w, 3);
	req->mss = walk_maybe(w, 97, walk_chance(w, 80) ? 4 : 7);
	if (req->mss.is_set)
		req->mss.value = mss[req->mss.value];
}

/* One that is likely to meet another peer's address, or any good one */
static uint32_t good_prefix(struct walk *w, int dev)
{
	const struct walk_peer *peer;
	uint32_t i;

	if (dev < WALK_DEVS && walk_chance(w, 30)) {
		peer = &w->dev[dev].peer[walk_rand(w, WALK_IDS)];
		for (i = 0; peer->is_set && i < GOOD_PREFIXES; i++)
			if (walk_prefix[i].vpn && walk_prefix[i].vpn ==
			    (walk_prefix[i].is_v6 ? peer->vpn6 : peer->vpn4))
				return i;
	}
	return walk_rand(w, GOOD_PREFIXES);
}

static void choose_peer(struct walk *w, struct walk_x *req)
{
	bool has_prefixes = req->cmd >= WALK_X_PREFIX_SET;
	unsigned int i;

	req->id = choose_id(w, req->dev);
	if (req->cmd == WALK_X_PEER_SET)
		req->flags = walk_maybe(w, 97, walk_chance(w, 5) ? 4 : 2);
	else if (walk_chance(w, 2))
		req->flags = walk_maybe(w, 100, 2);
	if (!has_prefixes && !walk_chance(w, 2))
		return;
	req->n_prefixes = walk_rand(w, WALK_PREFIXES_OF_ONE + 1);
	for (i = 0; i < req->n_prefixes; i++)
		req->prefix[i] = walk_chance(w, 2) ?
			walk_rand(w, WALK_PREFIXES) :
			good_prefix(w, req->dev);
}

static void choose_dir(struct walk *w, struct walk_x_dir *dir, bool has_epoch,
		       bool is_encrypt)
{
	static const uint32_t lens[] = { 16, 24, 32, 32, 32, 32, 20, 0, 33 };

	dir->is_set = walk_chance(w, 98);
	dir->has_epoch = has_epoch != walk_chance(w, 3);
	dir->has_nonce = walk_chance(w, 98);
	dir->key_len = lens[walk_rand(w, sizeof(lens) / sizeof(lens[0]))];
	dir->epoch = 1 + walk_rand(w, 5);
	if (walk_chance(w, 3))
		dir->epoch = walk_chance(w, 50) ? 0 : 65519;
	dir->id = walk_chance(w, 50) ? walk_rand(w, 5000) : 0;
	if (walk_chance(w, 5))
		dir->id = walk_chance(w, 50) ? 1ULL << 32 : 1ULL << 48;
	dir->usage = walk_chance(w, 50) ? walk_rand(w, 100) : 0;
	dir->failures = walk_chance(w, is_encrypt ? 2 : 30) ?
		walk_rand(w, 9) : 0;
}

static void choose_key(struct walk *w, struct walk_x *req)
{
	static const uint32_t lens[] = { 16, 24, 32, 32, 32, 32, 20, 0, 33 };
	bool has_epochs = walk_chance(w, 60);

	req->peer_id = choose_id(w, req->dev);
	req->slot = walk_maybe(w, 98, walk_chance(w, 3) ? 3 : 2);
	if (req->cmd == WALK_X_KEY_GET && !walk_chance(w, 3))
		return;
	req->key_id = walk_maybe(w, 98, walk_chance(w, 3) ? 9 : 8);
	req->alg = walk_maybe(w, 98, 2);
	req->alg.value++;
	if (walk_chance(w, 4))
		req->alg.value = walk_chance(w, 50) ? 0 : 3;
	req->cipher_len.is_set = has_epochs != walk_chance(w, 3);
	req->cipher_len.value = lens[walk_rand(w, sizeof(lens) /
					       sizeof(lens[0]))];
	req->usage_max.is_set = walk_chance(w, 30);
	req->usage_max.value = walk_chance(w, 5) ? 1023 : 4096;
	choose_dir(w, &req->encrypt, has_epochs, true);
	choose_dir(w, &req->decrypt, has_epochs, false);
}

void walk_x_choose(struct walk *w, struct walk_x *req)
{
	static const enum walk_x_cmd cmds[] = {
		WALK_X_FEATURES, WALK_X_DEV_GET, WALK_X_DEV_SET,
		WALK_X_DEV_SET, WALK_X_PEER_GET, WALK_X_PEER_GET,
		WALK_X_PEER_SET, WALK_X_PEER_SET, WALK_X_PREFIX_GET,
		WALK_X_PREFIX_SET, WALK_X_PREFIX_ADD, WALK_X_PREFIX_ADD,
		WALK_X_PREFIX_ADD, WALK_X_PREFIX_DEL, WALK_X_PREFIX_DEL,
		WALK_X_KEY_NEW, WALK_X_KEY_NEW, WALK_X_KEY_NEW, WALK_X_KEY_GET,
	};

	req->cmd = cmds[walk_rand(w, sizeof(cmds) / sizeof(cmds[0]))];
	req->has_nest = !walk_chance(w, 1);
	if (req->cmd == WALK_X_FEATURES) {
		req->has_nest = walk_chance(w, 10);
		if (!walk_chance(w, 10))
			req->dev = WALK_DEV_MISSING;
	} else if (req->cmd <= WALK_X_DEV_SET) {
		choose_dev(w, req);
	} else if (req->cmd < WALK_X_KEY_NEW) {
		choose_peer(w, req);
	} else {
		choose_key(w, req);
	}
}

static void add_dir(struct walk_text *t, const char *name,
		    const struct walk_x_dir *dir)
{
	if (!dir->is_set)
		return;
	walk_add(t, "%s{", name);
	if (!dir->has_epoch)
		walk_add(t, "key=%u*a1 ", dir->key_len);
	if (!dir->has_epoch && dir->has_nonce)
		walk_add(t, "nonce=8*a2 ");
	if (dir->has_epoch)
		walk_add(t, "secret=32*a3 epoch=%u ", dir->epoch);
	if (dir->id)
		walk_add(t, "packet-id=%" PRIu64 " ", dir->id);
	if (dir->usage)
		walk_add(t, "usage=%" PRIu64 " ", dir->usage);
	if (dir->failures)
		walk_add(t, "failures=%" PRIu64, dir->failures);
	walk_add(t, "} ");
}

static void add_nest(struct walk_text *t, const struct walk_x *req)
{
	unsigned int i;

	if (req->cmd <= WALK_X_DEV_SET) {
		walk_add(t, "dev{");
		walk_add_number(t, "mss", &req->mss);
	} else if (req->cmd < WALK_X_KEY_NEW) {
		walk_add(t, "peer{");
		walk_add_number(t, "id", &req->id);
		walk_add_number(t, "flags", &req->flags);
		for (i = 0; i < req->n_prefixes; i++)
			walk_add(t, "prefix{%s} ",
				 walk_prefix[req->prefix[i]].text);
	} else {
		walk_add(t, "keyconf{");
		walk_add_number(t, "peer-id", &req->peer_id);
		walk_add_number(t, "slot", &req->slot);
		walk_add_number(t, "key-id", &req->key_id);
		walk_add_number(t, "cipher-alg", &req->alg);
		walk_add_number(t, "cipher-len", &req->cipher_len);
		walk_add_number(t, "usage-max", &req->usage_max);
		add_dir(t, "encrypt", &req->encrypt);
		add_dir(t, "decrypt", &req->decrypt);
	}
	walk_add(t, "}");
}

void walk_x_text(struct walk *w, const struct walk_x *req, char *text,
		 size_t size)
{
	static const char *const names[WALK_X_CMDS] = {
		"GET_FEATURES", "DEV_GET", "DEV_SET", "PEER_GET", "PEER_SET",
		"PREFIX_GET", "PREFIX_SET", "PREFIX_ADD", "PREFIX_DEL",
		"KEY_NEW", "KEY_GET",
	};
	struct walk_text t = { .buf = text, .size = size };

	walk_add(&t, "%s ", names[req->cmd]);
	if (req->dev != WALK_DEV_MISSING)
		walk_add(&t, "ifindex=%u ",
			 walk_req_ifindex(w, req->net, req->dev));
	if (req->has_nest)
		add_nest(&t, req);
}
