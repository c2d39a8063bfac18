/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_PRIVATE_H
#define CONTROL_PRIVATE_H

#include "control/control.h"
#include "reliable/reliable.h"

/* What may wait for a slow peer: a certificate chain and more. */
#define CONTROL_BUFFER_MAX (64u * 1024)

struct control_key;

/**
 * struct control_step - a TLS session and its buffers, as handed to a worker
 * @key: NULL once the key has gone; the step then frees itself when it is done
 */
struct control_step {
	struct loop_job job;
	struct control_key *key;
	struct tls_session *tls;
	struct tls_io io;
	enum tls_state result;
};

/**
 * struct control_key - one key exchange; owned by its session
 * @net_in: ciphertext that came while a worker held the TLS session
 * @net_out: ciphertext that waits for the send window
 * @app_in: messages to be encrypted by the next step
 * @own, @peer: randoms of key-method-2, in secret memory; NULL once the data
 *	keys are made
 * @is_stepping: a worker holds @step
 * @wants_step: there is work for TLS besides @net_in
 * @is_reset_delivered: the peer's packet 0 has been taken off the queue
 * @is_wkc_sent: the packet with the wrapped key has been queued (section 2.4)
 * @is_lost: of another process; there is no TLS session any more
 * @is_burst_done: outstanding packets were made due once
 * @is_asked: the owner knows that TLS is established
 * @is_held: it has not said yet what it thinks of the peer
 * @refusal: it wants no such peer; NULL: it does not say so
 * @deadline: ms, when the exchange must be complete; UINT64_MAX afterwards
 */
struct control_key {
	struct control_session *session;
	enum control_state state;
	uint8_t key_id;
	enum proto_opcode initial_op;
	struct reliable *rel;
	struct control_step *step;
	struct mem_buf net_in, net_out, app_in;
	struct proto_random *own, *peer;
	enum tls_state tls_state;
	bool is_stepping;
	bool wants_step;
	bool is_reset_delivered;
	bool is_wkc_sent;
	bool is_lost;
	bool is_burst_done;
	bool is_asked;
	bool is_held;
	const char *refusal;
	uint64_t started;
	uint64_t deadline;
};

/**
 * struct control_session - see control.h
 * @wrap: base wrapping; the session owns it, with others or alone
 * @has_own_wrap: alone, because its peer has brought it
 * @is_wkc_wanted: the server kept nothing, and wants the wrapped key again
 * @dyn: dynamic tls-crypt for key ids other than 0, NULL until negotiated
 * @queue: control strings that wait for the running exchange to be complete
 * @was_active: an exchange has been complete
 * @reneg_at: ms, start of the next exchange
 */
struct control_session {
	const struct control_env *env;
	void *arg;
	struct proto_sid local, remote;
	bool has_remote;
	struct wrap_key *wrap;
	bool has_own_wrap;
	bool is_wkc_wanted;
	struct wrap_tx tx, dyn_tx;
	struct wrap_rx rx, dyn_rx;
	struct wrap_key *dyn;
	struct control_key *key;
	struct mem_buf queue;
	struct loop_timer *timer;
	uint64_t reneg_at;
	bool was_active;
	bool is_failed;
};

/* key.c */
struct control_key *control_key_new(struct control_session *session,
				    uint8_t key_id, enum proto_opcode op);
/* One of another process, whose data keys are in use: all that is said in it is
 * lost, and it ends when another begins.
 */
struct control_key *control_key_new_lost(struct control_session *session,
					 uint8_t key_id, uint64_t started);
void control_key_free(struct control_key *key);
void control_key_forget(struct control_key *key);
void control_key_enter_state(struct control_key *key, enum control_state state);
bool control_key_is_drained(const struct control_key *key);
void control_key_advance(struct control_key *key);
void control_key_fail(struct control_key *key, const char *reason);

/* step.c */
int control_move(struct mem_buf *dst, struct mem_buf *src);
bool control_key_kick(struct control_key *key);
void control_step_free(struct control_step *step);

/* packet.c */
size_t control_payload_max(const struct control_session *session,
			   enum proto_opcode op);
int control_transmit(struct control_session *session, uint64_t now);

/* session.c */
int control_session_flush(struct control_session *session);
void control_session_advance(struct control_session *session);
void control_session_timeout(struct loop_timer *timer, void *arg);

#endif
