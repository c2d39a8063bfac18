/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WALK_X_H
#define WALK_X_H

#include "walk.h"

enum walk_x_cmd {
	WALK_X_FEATURES,
	WALK_X_DEV_GET,
	WALK_X_DEV_SET,
	WALK_X_PEER_GET,
	WALK_X_PEER_SET,
	WALK_X_PREFIX_GET,
	WALK_X_PREFIX_SET,
	WALK_X_PREFIX_ADD,
	WALK_X_PREFIX_DEL,
	WALK_X_KEY_NEW,
	WALK_X_KEY_GET,
	WALK_X_CMDS,
};

/**
 * struct walk_x_dir - a direction of a key in a request
 * @is_set: it is there
 * @has_epoch: a secret, and the number of its epoch
 * @has_nonce: if not, a key's nonce is there
 * @key_len: of the key
 * @epoch: number
 * @id: packet id, its attribute
 * @usage: likewise
 * @failures: likewise
 */
struct walk_x_dir {
	bool is_set;
	bool has_epoch;
	bool has_nonce;
	uint32_t key_len;
	uint32_t epoch;
	uint64_t id;
	uint64_t usage;
	uint64_t failures;
};

/**
 * struct walk_x - a request of family "ovpnx"
 * @cmd: command
 * @net: where it is sent
 * @dev: slot of the device, or WALK_DEV_*
 * @has_nest: DEV, PEER or KEYCONF is there
 * @n_prefixes: how many of @prefix are there
 *
 * The other fields are attributes, in the order in which they are sent.
 */
struct walk_x {
	enum walk_x_cmd cmd;
	int net;
	int dev;
	bool has_nest;
	/* DEV */
	struct walk_opt mss;
	/* PEER */
	struct walk_opt id, flags;
	unsigned int n_prefixes;
	uint32_t prefix[WALK_PREFIXES_OF_ONE];
	/* KEYCONF */
	struct walk_opt peer_id, slot, key_id, alg, cipher_len, usage_max;
	struct walk_x_dir encrypt, decrypt;
};

/**
 * walk_x_choose() - a request at random
 * @req: the namespace and the device are chosen
 */
void walk_x_choose(struct walk *w, struct walk_x *req);

/**
 * walk_x_text() - a request as text
 */
void walk_x_text(struct walk *w, const struct walk_x *req, char *text,
		 size_t size);

/**
 * walk_x_predict() - what a request comes to; changes the model
 * @text: receives the reply, "" if there is none
 * Return: 0 or -errno
 */
int walk_x_predict(struct walk *w, const struct walk_x *req, char *text,
		   size_t size);

#endif
