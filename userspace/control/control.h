/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "keygen/keygen.h"
#include "loop/loop.h"
#include "mem/mem.h"
#include "net/net.h"
#include "proto/proto.h"
#include "tls/tls.h"
#include "wrap/wrap.h"

/*
 * Control channel processor: sets up, maintains and shuts down tunnels
 * (protocol sections 3 to 8). A session is one pair of session ids; it runs one
 * key exchange after the other, each over a reliability layer and a TLS
 * session of its own. Documentation/control.rst draws the state machine.
 */

/**
 * enum control_state - of one key exchange (section 4.2)
 *
 * A client goes through SENT_KEY, then GOT_KEY; a server the other way round.
 */
enum control_state {
	CONTROL_STATE_PRE_START,	/* own reset is on its way */
	CONTROL_STATE_START,		/* reset acked, TLS runs */
	CONTROL_STATE_SENT_KEY,
	CONTROL_STATE_GOT_KEY,
	CONTROL_STATE_ACTIVE,		/* everything acked */
	CONTROL_STATE_GENERATED_KEYS,	/* data keys are installed */
	CONTROL_STATE_ERROR,
};

const char *control_state_name(enum control_state state);

struct control_session;

/**
 * struct control_ops - what a session asks of its owner
 * @send: transmit one packet to the session's peer
 * @own_km2: fill in the strings of the own key-method-2 message; they are
 *	borrowed until the call after this one
 * @verify: TLS has authenticated the peer, which has not been heard yet; true
 *	holds the exchange until control_session_verified(), which may be called
 *	from inside; NULL: never
 * @peer_km2: the peer's message has come, TLS has authenticated it; non-zero
 *	refuses it
 * @active: a key exchange is complete; install data keys, then call
 *	control_session_generated()
 * @next_key: another exchange begins: of the data keys so far both ends keep
 *	only the newest from now on (section 4.4); NULL: nobody minds
 * @message: a control string has come (section 8)
 * @failed: the exchange cannot go on; @reason is for the log
 *
 * None of them may free the session; the owner does that later.
 */
struct control_ops {
	int (*send)(void *arg, struct control_session *session,
		    const uint8_t *pkt, size_t len);
	int (*own_km2)(void *arg, struct control_session *session,
		       struct proto_km2 *km2);
	bool (*verify)(void *arg, struct control_session *session);
	int (*peer_km2)(void *arg, struct control_session *session,
			const struct proto_km2 *km2);
	void (*active)(void *arg, struct control_session *session);
	void (*next_key)(void *arg, struct control_session *session);
	void (*message)(void *arg, struct control_session *session,
			const char *text);
	void (*failed)(void *arg, struct control_session *session,
		       const char *reason);
};

/**
 * struct control_env - what all sessions of a host share; outlives them
 * @is_server: TLS role, and which opcodes are legal
 * @wrap: base wrapping, for sessions to come; NULL when each brings its own
 * @v2: client role with tls-crypt-v2: the key that @wrap was made from; NULL
 * @hand_window, @reneg_sec, @tls_timeout: seconds
 * @max_packet_size: IP datagram of a control packet (section 1.8)
 * @realtime: seconds since 1970, for replay ids
 * @random: fills bytes; 0 or -errno
 */
struct control_env {
	struct loop *loop;
	struct loop_pool *pool;
	struct tls_ctx *tls;
	struct wrap_key *wrap;
	const struct wrap_v2_client *v2;
	const struct control_ops *ops;
	bool is_server;
	uint32_t hand_window;
	uint32_t reneg_sec;
	uint32_t tls_timeout;
	uint32_t max_packet_size;
	int64_t (*realtime)(void);
	int (*random)(void *out, size_t len);
};

/**
 * struct control_origin - how a session begins
 * @has_cookie: made by a valid cookie: @local and @remote are known and the
 *	reset exchange is over (section 2.6); otherwise only @remote is
 * @wrap: base wrapping of this session alone, whose it is from then on; NULL:
 *	the environment's
 */
struct control_origin {
	bool has_cookie;
	struct proto_sid local;
	struct proto_sid remote;
	struct wrap_key *wrap;
};

/**
 * control_session_new() - a session; its first key exchange begins at once
 * @env: borrowed for the session's life
 * @origin: NULL: random id, own reset is sent (client)
 * @arg: passed to the operations
 *
 * Return: the session, NULL when out of memory or randomness; then @origin's
 * wrapping is still the caller's.
 */
struct control_session *control_session_new(const struct control_env *env,
					    const struct control_origin *origin,
					    void *arg);

/** control_session_free() - also while a worker holds its TLS session */
void control_session_free(struct control_session *session);

/**
 * control_session_input() - one packet that belongs to this session
 *
 * Return: 0, or why it was dropped: -EBADMSG (malformed, not authentic),
 * -EALREADY (replayed), -EPROTO (wrong key id, session id or role).
 */
int control_session_input(struct control_session *session, const uint8_t *pkt,
			  size_t len);

/**
 * control_session_verified() - go on with an exchange that is held
 * @refusal: a constant, why the peer is sent away; NULL: it is not
 */
void control_session_verified(struct control_session *session,
			      const char *refusal);

/** control_session_remote() - the peer's session id; all zero until known */
const struct proto_sid *
control_session_remote(const struct control_session *session);
enum control_state control_session_state(const struct control_session *session);
uint8_t control_session_key_id(const struct control_session *session);

/**
 * control_session_send() - queue a control string
 *
 * While the next exchange is running the string waits for its end.
 *
 * Return: 0, -ENOTCONN before the first exchange is complete, -ENOBUFS.
 */
int control_session_send(struct control_session *session, const char *text);

/**
 * control_session_is_drained() - has the peer acked all that was sent?
 *
 * Return: false as well while keys are exchanged.
 */
bool control_session_is_drained(const struct control_session *session);

/**
 * control_session_generated() - data keys of the current exchange are in use
 * @reneg_in: ms until the next one is started, UINT64_MAX for never
 */
void control_session_generated(struct control_session *session,
			       uint64_t reneg_in);

/**
 * control_session_renegotiate() - start the next key exchange
 *
 * Return: 0, -EBUSY when one is running.
 */
int control_session_renegotiate(struct control_session *session);

/**
 * control_session_key2() - data channel key material of the current exchange
 * @is_ekm: by the TLS exporter, else by the PRF (sections 6.2, 6.3)
 */
int control_session_key2(struct control_session *session, bool is_ekm,
			 uint8_t key2[KEYGEN_KEY2_LEN]);

/**
 * control_session_peer_id() - of a link of two, which agree on it without words
 * @id: by the TLS exporter (section 6.3)
 *
 * Return: 0 or -errno.
 */
int control_session_peer_id(struct control_session *session, uint32_t *id);

/**
 * control_session_export() - a secret that both ends have from TLS
 * @label: of RFC 5705
 *
 * Return: 0, or -errno while there is none.
 */
int control_session_export(struct control_session *session, const char *label,
			   uint8_t *out, size_t len);

/**
 * control_session_dynamic_wrap() - use dynamic tls-crypt from the next key on
 *
 * Call once, while the exchange of key id 0 is the current one (section 6.4).
 */
int control_session_dynamic_wrap(struct control_session *session);

/**
 * struct control_saved - a session between two key exchanges, for another
 * process; holds secrets
 * @own_wrap, @dyn: static keys, with @has_own_wrap and @has_dyn
 * @started, @reneg_at: ms of the monotonic clock
 */
struct control_saved {
	struct proto_sid local, remote;
	uint8_t key_id;
	bool has_own_wrap, has_dyn;
	uint32_t tx_time, dyn_tx_time;
	uint32_t rx_time, rx_highest;
	uint32_t dyn_rx_time, dyn_rx_highest;
	uint64_t started, reneg_at;
	uint8_t own_wrap[WRAP_STATIC_KEY_LEN];
	uint8_t dyn[WRAP_STATIC_KEY_LEN];
};

/**
 * control_session_save() - what control_session_restore() needs
 * @out: caller wipes it
 *
 * Return: 0, -EBUSY when a key exchange is running.
 */
int control_session_save(const struct control_session *session,
			 struct control_saved *out);

/**
 * control_session_restore() - a session that another process has begun
 *
 * Its TLS session is lost: what is still said there cannot be read, and has the
 * next key exchange begin. That one needs nothing of it.
 *
 * Return: NULL when out of memory or when @saved makes no sense.
 */
struct control_session *
control_session_restore(const struct control_env *env,
			const struct control_saved *saved, void *arg);

/** control_session_is_lost() - restored, without a key exchange since */
bool control_session_is_lost(const struct control_session *session);

/** control_session_started() - ms, when the current exchange began */
uint64_t control_session_started(const struct control_session *session);

/** control_session_reneg_at() - ms, when the next begins; UINT64_MAX: never */
uint64_t control_session_reneg_at(const struct control_session *session);
const struct tls_peer *
control_session_peer(const struct control_session *session);
const struct tls_chain *
control_session_chain(const struct control_session *session);
const char *control_session_tls(const struct control_session *session);

/* key files */

/**
 * control_genkey() - make the key file that --genkey asks for
 * @cfg: result of config_load()
 *
 * An existing file is not overwritten. Errors go to stderr.
 *
 * Return: exit status of the process.
 */
int control_genkey(const struct config *cfg);

/* addresses of clients (ifconfig-pool) */

struct control_pool;

/**
 * control_pool_new() - addresses @first .. @last, and as many of @prefix6
 * @first, @last: IPv4, family AF_UNSPEC for none
 * @prefix6: NULL for none; its address is the first one, and those that follow
 *	it must lie in the network
 * @is_net30: each has four IPv4 addresses, of which it is given the third
 * @max: clients at most; only an IPv6 pool is not larger than necessary
 */
struct control_pool *control_pool_new(const struct net_ip *first,
				      const struct net_ip *last,
				      const struct net_prefix *prefix6,
				      bool is_net30, uint32_t max);
void control_pool_free(struct control_pool *pool);

/**
 * control_pool_grow() - addresses for more clients
 * @pool: never gets smaller
 * @max: clients at most
 *
 * Return: 0 or -ENOMEM.
 */
int control_pool_grow(struct control_pool *pool, uint32_t max);

/**
 * control_pool_get() - a free pair, preferably the one @name had last
 * @name: NULL: anybody, who is not remembered
 *
 * Return: 0 and the addresses (AF_UNSPEC where the pool has none), -ENOSPC,
 * -ENOMEM.
 */
int control_pool_get(struct control_pool *pool, const char *name,
		     struct net_ip *vpn4, struct net_ip *vpn6);
void control_pool_put(struct control_pool *pool, const struct net_ip *vpn4,
		      const struct net_ip *vpn6);

/** control_pool_reserve() - take one that is in use elsewhere; 0 or -ENOMEM */
int control_pool_reserve(struct control_pool *pool, const struct net_ip *ip);

/**
 * control_pool_restore() - addresses that somebody has got from another process
 * @name: who; NULL: not to be remembered
 *
 * Return: 0, also when they are none of the pool's, or -ENOMEM.
 */
int control_pool_restore(struct control_pool *pool, const char *name,
			 const struct net_ip *vpn4, const struct net_ip *vpn6);

/**
 * control_pool_load() - who had which address, as ifconfig-pool-persist has it
 * @text, @len: lines NAME,IPV4,IPV6; either address may be missing
 * @is_fixed: these addresses are for nobody else
 *
 * Lines that name no address of the pool are passed over.
 *
 * Return: how many were passed over, comments and empty lines not counted, or
 * -ENOMEM.
 */
int control_pool_load(struct control_pool *pool, const char *text, size_t len,
		      bool is_fixed);

/** control_pool_is_changed() - since the last control_pool_save() */
bool control_pool_is_changed(const struct control_pool *pool);

/** control_pool_touch() - what was saved has got lost: it is changed again */
void control_pool_touch(struct control_pool *pool);

/**
 * control_pool_save() - append the lines that control_pool_load() reads
 *
 * Names that would not come back from a line are left out.
 *
 * Return: 0, or -errno of mem_buf_append().
 */
int control_pool_save(struct control_pool *pool, struct mem_buf *out);

/* what a server and its client agree on (sections 8.3 to 8.6) */

/**
 * struct control_params - see control_params_negotiate()
 * @is_v1: the client knows no peer ids
 * @is_epoch: epoch data keys
 * @is_fragmented: it is configured for fragments, or does not say whether
 * @framing: it is configured for compression, and is told to use this
 */
struct control_params {
	enum proto_cipher cipher;
	bool is_cipher_pushable;
	unsigned long iv_proto;
	unsigned long iv_mtu;
	bool is_ekm;
	bool is_cc_exit;
	bool is_dyn_tls_crypt;
	bool is_v1;
	bool is_epoch;
	bool is_fragmented;
	enum proto_framing framing;
};

/**
 * struct control_offer - what a server's client, or the other end, can have
 * @is_server: of a link of two, this end is the TLS server
 * @data_ciphers: normalised list
 * @fallback: data-ciphers-fallback, NULL: none
 * @has_fragment: "fragment" is configured
 * @is_plain: no more than the kernel's data path can do, see dp_is_plain()
 * @has_epochs: epoch data keys, too
 */
struct control_offer {
	const char *data_ciphers, *fallback;
	bool is_server;
	bool has_fragment;
	bool is_plain;
	bool has_epochs;
};

/**
 * control_params_negotiate() - a server's decision for one client
 * @reason: text for AUTH_FAILED when refused
 *
 * Return: 0 or -EPROTO.
 */
int control_params_negotiate(struct control_params *params,
			     const struct control_offer *offer,
			     const char *peer_info, const char *occ,
			     const char **reason);

/**
 * control_params_p2p() - what both ends of a link of two find out (8.14)
 * @offer: of this end
 * @own: the cipher of a peer that does not negotiate; NULL: none
 * @peer_info: the other end's
 *
 * Return: 0, or -EPROTO: there is no common cipher.
 */
int control_params_p2p(struct control_params *params,
		       const struct control_offer *offer, const char *own,
		       const char *peer_info);

/**
 * struct control_push_reply - input of control_push_reply()
 * @next: the config's push lines in order; NULL at the end
 */
struct control_push_reply {
	const struct control_params *params;
	const char *(*next)(void *iter);
	void *iter;
	uint32_t peer_id;
	struct net_ip vpn4, vpn4_remote;	/* peer or netmask */
	struct net_prefix vpn6;
	struct net_ip vpn6_remote;
	uint32_t tun_mtu;
};

/**
 * control_push_update() - send PUSH_UPDATE, in as many messages as it takes
 * @options: separated by commas; each as it goes over the wire
 *
 * Return: 0, -EINVAL (one is empty, too long or not printable), or as
 * control_session_send().
 */
int control_push_update(struct control_session *session, const char *options);

/** control_push_reply() - send PUSH_REPLY, in as many messages as it takes */
int control_push_reply(struct control_session *session,
		       const struct control_push_reply *reply);

#endif
