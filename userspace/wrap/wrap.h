/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WRAP_WRAP_H
#define WRAP_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

/*
 * Protection of control packets below TLS: none, tls-auth, tls-crypt
 * (protocol sections 1.3 to 1.7), and the stateless cookie (section 2.5).
 */

enum wrap_mode {
	WRAP_MODE_NONE,
	WRAP_MODE_TLS_AUTH,
	WRAP_MODE_TLS_CRYPT,
};

/* A static key file holds two keys of 128 bytes (section 1.7). */
#define WRAP_STATIC_KEY_LEN 256

/* Key direction: which half sends. NONE uses the first half both ways. */
enum wrap_direction {
	WRAP_DIRECTION_NONE = -1,
	WRAP_DIRECTION_NORMAL = 0,	/* server side of tls-crypt */
	WRAP_DIRECTION_INVERSE = 1,
};

/**
 * wrap_static_key_parse() - read an "OpenVPN Static key V1"
 * @text: file content, need not be NUL terminated
 * @key: filled; caller wipes it
 * @line: on failure the line number of the offence, from 1
 *
 * Return: 0, -EBADMSG (malformed), -ENODATA (no key block, or one that holds
 * fewer than 256 bytes).
 */
int wrap_static_key_parse(const char *text, size_t len,
			  uint8_t key[WRAP_STATIC_KEY_LEN],
			  unsigned int *line);

/**
 * wrap_static_key_format() - write an "OpenVPN Static key V1"
 * @text: WRAP_FILE_MAX bytes, NUL terminated; caller wipes it
 */
void wrap_static_key_format(const uint8_t key[WRAP_STATIC_KEY_LEN], char *text);

/** struct wrap_key - shared by sessions; has no state between packets */
struct wrap_key;

/**
 * wrap_key_new() - prepare a wrapping
 * @static_key: WRAP_STATIC_KEY_LEN bytes; NULL for WRAP_MODE_NONE
 * @digest: name for tls-auth ("SHA1"), ignored otherwise
 *
 * Context: one thread at a time may use a key.
 * Return: 0 with @out of the caller, -EINVAL (unknown digest), -ENOMEM.
 */
int wrap_key_new(enum wrap_mode mode, const uint8_t *static_key,
		 enum wrap_direction direction, const char *digest,
		 struct wrap_key **out);

/**
 * wrap_key_new_dynamic() - tls-crypt key for renegotiations (section 6.4)
 * @ekm: 256 bytes from the TLS exporter
 * @base: the session's base wrapping, whose static key is mixed in; may be NONE
 *
 * It rests until it is used.
 */
int wrap_key_new_dynamic(const uint8_t *ekm, const struct wrap_key *base,
			 bool is_server, struct wrap_key **out);

/**
 * wrap_key_rest() - free what takes memory and can be made again
 *
 * For a tls-crypt key of one session, between two exchanges; the next packet
 * makes it again. Nothing happens to a key that has several owners.
 */
void wrap_key_rest(struct wrap_key *key);

/** wrap_key_get() - one more owner, who calls wrap_key_free(), too */
struct wrap_key *wrap_key_get(struct wrap_key *key);
void wrap_key_free(struct wrap_key *key);

/** wrap_key_static() - WRAP_STATIC_KEY_LEN bytes it was made from; or NULL */
const uint8_t *wrap_key_static(const struct wrap_key *key);
enum wrap_mode wrap_key_mode(const struct wrap_key *key);

/** wrap_overhead() - bytes added to a packet, for size calculations (1.5) */
size_t wrap_overhead(const struct wrap_key *key);

/** struct wrap_tx - the sender's replay ids (section 1.6) */
struct wrap_tx {
	uint32_t next_id;	/* id of the next packet minus 1 */
	uint32_t time;		/* 0 until the first packet */
};

/** struct wrap_rx - the replay window: 64 ids, 15 s (section 1.6) */
#define WRAP_REPLAY_WINDOW 64
struct wrap_rx {
	uint32_t time;
	uint32_t highest;
	uint32_t n_tracked;
	uint64_t last_reap;
	uint32_t seen_at[WRAP_REPLAY_WINDOW]; /* ms, by id % window; 0 unseen */
};

/**
 * wrap_rx_resume() - a window of which only the newest packet is known
 *
 * What came before it is taken for seen.
 */
void wrap_rx_resume(struct wrap_rx *rx, uint32_t time, uint32_t highest,
		    uint64_t now_ms);

/**
 * wrap_seal() - head and body to a packet on the wire
 * @tx: ids; advanced
 * @now: wall clock, seconds
 * @head: PROTO_HEAD_LEN bytes
 * @len: size of the packet
 *
 * Return: 0, -ENOBUFS, -EOVERFLOW (ids used up), -EIO (crypto library),
 * -ENOMEM.
 */
int wrap_seal(struct wrap_key *key, struct wrap_tx *tx, int64_t now,
	      const uint8_t *head, const uint8_t *body, size_t body_len,
	      uint8_t *out, size_t cap, size_t *len);

/**
 * wrap_open() - authenticate, decrypt, check for replay
 * @rx: replay state; NULL leaves that check out (stateless first packets)
 * @now_ms: monotonic milliseconds, for the window's expiry
 * @body: everything behind the head, unwrapped
 * @replay_id: the packet's id if not NULL (0 for WRAP_MODE_NONE)
 *
 * Return: 0, -EBADMSG (short or not authentic), -EALREADY (replayed), -ENOBUFS,
 * -ENOMEM.
 */
int wrap_open(struct wrap_key *key, struct wrap_rx *rx, uint64_t now_ms,
	      const uint8_t *pkt, size_t pkt_len, uint8_t *body, size_t cap,
	      size_t *body_len, uint32_t *replay_id);

/* tls-crypt-v2: a key of its own for each client (section 2) */

#define WRAP_V2_SERVER_KEY_LEN	128
#define WRAP_V2_METADATA_MAX	734	/* with its type in front */
#define WRAP_V2_WKC_MIN		(32 + WRAP_STATIC_KEY_LEN + 2)
#define WRAP_V2_WKC_MAX		1024

/* First byte of the metadata (section 2.2). */
enum wrap_v2_metadata {
	WRAP_V2_METADATA_USER = 0,
	WRAP_V2_METADATA_TIMESTAMP = 1,
};

/**
 * struct wrap_v2_client - a client key as its server sealed it
 * @key: used as a tls-crypt static key
 * @wkc, @wkc_len: the wrapped form, which the client sends to the server
 */
struct wrap_v2_client {
	uint8_t key[WRAP_STATIC_KEY_LEN];
	uint8_t wkc[WRAP_V2_WKC_MAX];
	size_t wkc_len;
};

/** struct wrap_v2 - a server's key, prepared; opens its clients' keys */
struct wrap_v2;

/**
 * wrap_v2_new() - prepare a server key
 * @server_key: WRAP_V2_SERVER_KEY_LEN bytes
 *
 * Context: one thread at a time may use the result.
 * Return: 0 with @out of the caller, -ENOMEM.
 */
int wrap_v2_new(const uint8_t *server_key, struct wrap_v2 **out);
void wrap_v2_free(struct wrap_v2 *v2);

/**
 * wrap_v2_seal() - wrap a client key
 * @client: its key is read, the wrapped form is written
 * @metadata: of WRAP_V2_METADATA_MAX bytes at most, type first
 *
 * Return: 0, -EMSGSIZE (too much metadata), -EIO (crypto library).
 */
int wrap_v2_seal(struct wrap_v2 *v2, struct wrap_v2_client *client,
		 const uint8_t *metadata, size_t metadata_len);

/**
 * wrap_v2_open() - get the client key out of its wrapped form
 * @wkc: as wrap_v2_split() found it
 * @key: WRAP_STATIC_KEY_LEN bytes; caller wipes it
 * @metadata: WRAP_V2_METADATA_MAX bytes
 *
 * Return: 0, -EBADMSG (malformed, or not wrapped with this server key).
 */
int wrap_v2_open(struct wrap_v2 *v2, const uint8_t *wkc, size_t wkc_len,
		 uint8_t *key, uint8_t *metadata, size_t *metadata_len);

/**
 * wrap_v2_split() - find the wrapped key at the end of a packet
 * @pkt: of opcode HARD_RESET_CLIENT_V3 or CONTROL_WKC_V1
 * @wkc_len: size of the wrapped key
 *
 * Return: 0, -EBADMSG when the length at the end cannot be right.
 */
int wrap_v2_split(const uint8_t *pkt, size_t len, size_t *wkc_len);

/**
 * wrap_v2_is_early() - does a client's first replay id announce that it can
 * send its wrapped key a second time (section 2.4)
 */
bool wrap_v2_is_early(uint32_t replay_id);

/* a client's replay ids follow this one */
#define WRAP_V2_EARLY_START 0x0f000000u

/**
 * wrap_v2_server_parse(), wrap_v2_client_parse() - read a key file (PEM)
 * @text: file content, need not be NUL terminated
 *
 * Return: 0, -EBADMSG (not such a file), -ENOMEM.
 */
int wrap_v2_server_parse(const char *text, size_t len,
			 uint8_t key[WRAP_V2_SERVER_KEY_LEN]);
int wrap_v2_client_parse(const char *text, size_t len,
			 struct wrap_v2_client *client);

/* What a key file of wrap_v2_*_format() or wrap_static_key_format() takes. */
#define WRAP_FILE_MAX	2048

/**
 * wrap_v2_server_format(), wrap_v2_client_format() - write a key file
 * wrap_token_key_format() - the same for auth-gen-token (section 8.9)
 * @text: WRAP_FILE_MAX bytes, NUL terminated; caller wipes it
 *
 * Return: 0, -ENOMEM.
 */
int wrap_v2_server_format(const uint8_t key[WRAP_V2_SERVER_KEY_LEN],
			  char *text);
int wrap_v2_client_format(const struct wrap_v2_client *client, char *text);
int wrap_token_key_format(const uint8_t key[WRAP_V2_SERVER_KEY_LEN],
			  char *text);

/* stateless cookie */

struct wrap_cookie;

/**
 * wrap_cookie_new() - with a random key, and another one each hour
 * @hand_window: seconds; a cookie is valid for one to one and a half of it
 */
struct wrap_cookie *wrap_cookie_new(unsigned int hand_window);

/** wrap_cookie_new_keyed() - the same with a given first key, 32 bytes */
struct wrap_cookie *wrap_cookie_new_keyed(unsigned int hand_window,
					  const uint8_t *key);
void wrap_cookie_free(struct wrap_cookie *cookie);

/**
 * wrap_cookie_make() - the server session id for a client that has no state
 * @addr, @addr_len: the client's socket address, in a form that is the same
 *	for every packet from there
 */
int wrap_cookie_make(struct wrap_cookie *cookie, int64_t now,
		     const void *addr, size_t addr_len,
		     const struct proto_sid *client, struct proto_sid *out);

/** wrap_cookie_check() - was @sid made in this slot or the two before */
bool wrap_cookie_check(struct wrap_cookie *cookie, int64_t now,
		       const void *addr, size_t addr_len,
		       const struct proto_sid *client,
		       const struct proto_sid *sid);

#endif
