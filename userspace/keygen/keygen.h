/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KEYGEN_KEYGEN_H
#define KEYGEN_KEYGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

/*
 * Data channel key generation: from the key exchange to the keys of the data
 * channel (protocol sections 6.1 to 6.3), and when each of them is used
 * (sections 4.4 and 4.5). Secrets are the caller's, in mem_secret memory.
 */

#define KEYGEN_KEY2_LEN		256
#define KEYGEN_EKM_LABEL	"EXPORTER-OpenVPN-datakeys"
#define KEYGEN_PEER_ID_LABEL "EXPORTER-OpenVPN-p2p-peerid"
#define KEYGEN_PEER_ID_LEN	3
#define KEYGEN_DYN_TLS_CRYPT_LABEL "EXPORTER-OpenVPN-dynamic-tls-crypt"

#define KEYGEN_HMAC_LEN		64
#define KEYGEN_EPOCH_LEN	32

/**
 * struct keygen_dir - one direction of a key
 * @nonce_tail: of an AEAD key
 * @hmac_key: of the others, of which as much is used as the digest is long
 * @epoch_secret: of the first epoch (section 6.5)
 */
struct keygen_dir {
	uint8_t cipher_key[32];
	size_t cipher_key_len;
	uint8_t nonce_tail[PROTO_NONCE_TAIL_LEN];
	uint8_t hmac_key[KEYGEN_HMAC_LEN];
	uint8_t epoch_secret[KEYGEN_EPOCH_LEN];
};

/** struct keygen_pair - what both directions of a data channel key need */
struct keygen_pair {
	struct keygen_dir send;
	struct keygen_dir recv;
};

/**
 * keygen_tls1_prf() - the PRF of TLS 1.0 with MD5 and SHA-1
 * @seed: label and seed in one
 *
 * Context: any thread.
 * Return: 0, or -EIO when the crypto library refuses (a FIPS setup).
 */
int keygen_tls1_prf(const void *secret, size_t secret_len, const void *seed,
		    size_t seed_len, uint8_t *out, size_t out_len);

/**
 * keygen_prf() - key2 by the TLS 1.0 PRF (section 6.2)
 * @client, @server: randoms of both sides; the pre-master is the client's
 *
 * Return: 0, -EIO (PRF not available in the crypto library), -EBADMSG (result
 * has an all-zero cipher key).
 */
int keygen_prf(const struct proto_random *client,
	       const struct proto_random *server,
	       const struct proto_sid *client_sid,
	       const struct proto_sid *server_sid,
	       uint8_t key2[KEYGEN_KEY2_LEN]);

/** keygen_split() - the two directions out of key2, for this side and cipher */
void keygen_split(const uint8_t key2[KEYGEN_KEY2_LEN],
		  enum proto_cipher cipher, bool is_server,
		  struct keygen_pair *pair);

/** keygen_random() - bytes from the library's private generator; 0 or -EIO */
int keygen_random(void *out, size_t len);

/* rotation: which key sends, which one dies */

/*
 * The data path has two slots: the primary sends, both receive. A first key
 * goes to the primary at once. A later one goes to the secondary and becomes
 * primary when the peer is sure to have it (usable_at); the old key then waits
 * in the secondary until its must_die.
 */
enum keygen_action {
	KEYGEN_ACTION_NONE,
	KEYGEN_ACTION_SWAP,		/* swap primary and secondary */
	KEYGEN_ACTION_DELETE_SECONDARY,	/* the retired key dies */
};

struct keygen_slot {
	bool is_used;
	uint8_t key_id;
	uint64_t usable_at;	/* ms: may send from then on */
	uint64_t must_die;	/* ms: UINT64_MAX until retired */
};

struct keygen_rotation {
	struct keygen_slot primary;
	struct keygen_slot secondary;
};

void keygen_rotation_init(struct keygen_rotation *rot);

/**
 * keygen_rotation_make_room() - what must happen before a key is added
 *
 * A key that still waits in the secondary slot would be overwritten by the next
 * one, though the peer may send with it already: it becomes primary first.
 * Optional; without it the waiting key is lost.
 *
 * Return: KEYGEN_ACTION_SWAP or KEYGEN_ACTION_NONE.
 */
enum keygen_action keygen_rotation_make_room(struct keygen_rotation *rot);

/**
 * keygen_rotation_add() - a new key was generated
 * @usable_at: ms; when this side starts to send with it
 * @old_must_die: ms; when the key it replaces is deleted
 *
 * Return: 0 = install into the primary slot, 1 = into the secondary.
 */
int keygen_rotation_add(struct keygen_rotation *rot, uint8_t key_id,
			uint64_t usable_at, uint64_t old_must_die);

/**
 * keygen_rotation_step() - what is due at @now; call again until NONE
 */
enum keygen_action keygen_rotation_step(struct keygen_rotation *rot,
					uint64_t now);

/** keygen_rotation_deadline() - ms of the next action, UINT64_MAX if none */
uint64_t keygen_rotation_deadline(const struct keygen_rotation *rot);

/** keygen_next_key_id() - 0, then 1..7 round and round (section 4.3) */
uint8_t keygen_next_key_id(uint8_t key_id);

/**
 * keygen_reneg_delay() - ms until a key shall be renegotiated (section 4.4)
 * @reneg_sec: option's value, 0 = never (UINT64_MAX)
 * @reneg_sec_min: not sooner than that, and at random between the two
 * @random: 32 random bits
 */
uint64_t keygen_reneg_delay(uint32_t reneg_sec, uint32_t reneg_sec_min,
			    uint32_t random);

#endif
