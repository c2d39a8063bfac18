// SPDX-License-Identifier: GPL-2.0-or-later
/* One key exchange: its states, its messages, its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/private.h"
#include "log/log.h"
#include "mem/mem.h"

/* Retransmissions double up to this; the hand-window ends them anyway. */
#define KEY_RETRY_MAX_MS 16000

/* Steps for one event, each of which has brought something to answer. */
#define KEY_TURNS_MAX 16

const char *control_state_name(enum control_state state)
{
	switch (state) {
	case CONTROL_STATE_PRE_START:
		return "pre-start";
	case CONTROL_STATE_START:
		return "start";
	case CONTROL_STATE_SENT_KEY:
		return "sent-key";
	case CONTROL_STATE_GOT_KEY:
		return "got-key";
	case CONTROL_STATE_ACTIVE:
		return "active";
	case CONTROL_STATE_GENERATED_KEYS:
		return "generated-keys";
	case CONTROL_STATE_ERROR:
		return "error";
	}
	return "?";
}

static struct control_step *step_new(struct control_key *key)
{
	struct control_step *step = calloc(1, sizeof(*step));

	if (!step)
		return NULL;
	step->tls = tls_session_new(key->session->env->tls);
	if (!step->tls) {
		free(step);
		return NULL;
	}
	tls_io_init(&step->io);
	step->key = key;
	return step;
}

/* what also those have whose TLS session is lost */
static struct control_key *key_new(struct control_session *session,
				   uint8_t key_id, enum proto_opcode op)
{
	const struct control_env *env = session->env;
	struct control_key *key = calloc(1, sizeof(*key));

	if (!key)
		return NULL;
	key->session = session;
	key->key_id = key_id;
	key->initial_op = op;
	key->state = CONTROL_STATE_PRE_START;
	mem_buf_init(&key->net_in, CONTROL_BUFFER_MAX);
	mem_buf_init(&key->net_out, CONTROL_BUFFER_MAX);
	mem_buf_init(&key->app_in, CONTROL_BUFFER_MAX);
	key->started = loop_now(env->loop);
	key->deadline = key->started + env->hand_window * 1000ull;
	key->rel = reliable_new(env->tls_timeout * 1000u, KEY_RETRY_MAX_MS);
	if (!key->rel) {
		control_key_free(key);
		return NULL;
	}
	return key;
}

struct control_key *control_key_new(struct control_session *session,
				    uint8_t key_id, enum proto_opcode op)
{
	struct control_key *key = key_new(session, key_id, op);

	if (!key)
		return NULL;
	key->own = mem_secret_alloc(sizeof(*key->own));
	key->peer = mem_secret_alloc(sizeof(*key->peer));
	key->step = step_new(key);
	if (!key->own || !key->peer || !key->step ||
	    session->env->random(key->own, sizeof(*key->own))) {
		control_key_free(key);
		return NULL;
	}
	return key;
}

struct control_key *control_key_new_lost(struct control_session *session,
					 uint8_t key_id, uint64_t started)
{
	struct control_key *key;

	key = key_new(session, key_id, PROTO_CONTROL_SOFT_RESET_V1);
	if (!key)
		return NULL;
	key->is_lost = true;
	key->is_reset_delivered = true;
	key->is_burst_done = true;
	key->started = started;
	key->deadline = UINT64_MAX;
	key->state = CONTROL_STATE_GENERATED_KEYS;
	return key;
}

/** control_key_forget() - wipe what the data keys were made of */
void control_key_forget(struct control_key *key)
{
	mem_secret_free(key->own);
	mem_secret_free(key->peer);
	key->own = NULL;
	key->peer = NULL;
}

void control_key_free(struct control_key *key)
{
	if (!key)
		return;
	if (key->is_stepping)
		key->step->key = NULL;	/* frees itself when it comes back */
	else
		control_step_free(key->step);
	reliable_free(key->rel);
	control_key_forget(key);
	mem_buf_reset(&key->net_in);
	mem_buf_reset(&key->net_out);
	mem_buf_reset(&key->app_in);
	free(key);
}

void control_key_enter_state(struct control_key *key, enum control_state state)
{
	log_debug("key %u: %s -> %s", key->key_id,
		  control_state_name(key->state), control_state_name(state));
	key->state = state;
	if (state == CONTROL_STATE_ACTIVE || state == CONTROL_STATE_ERROR)
		key->deadline = UINT64_MAX;
}

void control_key_fail(struct control_key *key, const char *reason)
{
	struct control_session *session = key->session;

	if (key->state == CONTROL_STATE_ERROR)
		return;
	control_key_enter_state(key, CONTROL_STATE_ERROR);
	session->is_failed = true;
	session->env->ops->failed(session->arg, session, reason);
}

/* Write the own key-method-2 message, which the next step encrypts. */
static int key_send_km2(struct control_key *key)
{
	struct control_session *session = key->session;
	struct proto_km2 km2 = { .random = *key->own };
	uint8_t msg[PROTO_KM2_MAX];
	size_t len = 0;
	int ret;

	ret = session->env->ops->own_km2(session->arg, session, &km2);
	if (!ret)
		ret = proto_km2_build(&km2, !session->env->is_server, msg,
				      sizeof(msg), &len);
	if (!ret)
		ret = tls_io_put(&key->app_in, msg, len);
	mem_wipe(msg, sizeof(msg));
	mem_wipe(&km2, sizeof(km2));
	if (ret) {
		control_key_fail(key, "cannot build the key exchange message");
		return ret;
	}
	key->wants_step = true;
	return 0;
}

static void key_input_km2(struct control_key *key, uint8_t *msg, size_t len)
{
	struct control_session *session = key->session;
	bool is_server = session->env->is_server;
	struct proto_km2 km2;

	if (proto_km2_parse(&km2, is_server, msg, len)) {
		control_key_fail(key, "malformed key exchange message");
		return;
	}
	*key->peer = km2.random;
	control_key_enter_state(key, CONTROL_STATE_GOT_KEY);
	if (session->env->ops->peer_km2(session->arg, session, &km2)) {
		mem_wipe(&km2.random, sizeof(km2.random));
		control_key_fail(key, "peer refused");
		return;
	}
	mem_wipe(&km2.random, sizeof(km2.random));
	if (is_server && !key_send_km2(key))
		control_key_enter_state(key, CONTROL_STATE_SENT_KEY);
}

static void key_input_strings(struct control_key *key, const uint8_t *msg,
			      size_t len)
{
	struct control_session *session = key->session;
	char text[TLS_RECORD_MAX + 1];

	while (proto_string_next(&msg, &len, text, sizeof(text))) {
		if (!text[0])
			continue;
		session->env->ops->message(session->arg, session, text);
	}
}

/* One TLS record has come: the key exchange message, or control strings. */
static void key_input_record(struct control_key *key, uint8_t *msg, size_t len)
{
	bool is_server = key->session->env->is_server;

	switch (key->state) {
	case CONTROL_STATE_START:
		if (is_server)
			key_input_km2(key, msg, len);
		else
			control_key_fail(key, "key exchange out of order");
		break;
	case CONTROL_STATE_SENT_KEY:
		if (is_server)	/* the client was faster than our ACTIVE */
			key_input_strings(key, msg, len);
		else
			key_input_km2(key, msg, len);
		break;
	case CONTROL_STATE_GOT_KEY:
	case CONTROL_STATE_ACTIVE:
	case CONTROL_STATE_GENERATED_KEYS:
		key_input_strings(key, msg, len);
		break;
	case CONTROL_STATE_PRE_START:
	case CONTROL_STATE_ERROR:
		break;
	}
}

/*
 * A server's strings can come in one packet with its key exchange message. They
 * wait until the client's owner has heard that the exchange is complete.
 */
static bool key_is_early(const struct control_key *key)
{
	return key->state == CONTROL_STATE_GOT_KEY &&
	       !key->session->env->is_server;
}

/* Nothing is said to, or heard of, a peer that has not been accepted. */
static bool key_is_held(const struct control_key *key)
{
	return key->is_held || key->refusal;
}

static void key_verify(struct control_key *key)
{
	struct control_session *session = key->session;
	const struct control_ops *ops = session->env->ops;

	if (key->is_asked || key->tls_state != TLS_STATE_ESTABLISHED)
		return;
	key->is_asked = true;
	key->is_held = ops->verify != NULL;
	if (key->is_held && !ops->verify(session->arg, session))
		key->is_held = false;
}

void control_session_verified(struct control_session *session,
			      const char *refusal)
{
	struct control_key *key = session->key;

	if (!key->is_held)
		return;
	key->is_held = false;
	key->refusal = refusal;
	key->wants_step = refusal != NULL;
	loop_timer_start(session->timer, 0);
}

/* Take what the last step decrypted. */
static void key_input_records(struct control_key *key)
{
	uint8_t msg[TLS_RECORD_MAX];
	const uint8_t *ref;
	int len;

	if (key->is_lost)
		return;
	while (!key->is_stepping && !key_is_early(key) && !key_is_held(key) &&
	       (len = tls_io_get(&key->step->io.app_out, &ref)) >= 0) {
		if ((size_t)len > sizeof(msg))
			len = sizeof(msg);
		memcpy(msg, ref, (size_t)len);
		tls_io_drop(&key->step->io.app_out);
		key_input_record(key, msg, (size_t)len);
		mem_wipe(msg, (size_t)len);
	}
}

/* In-order packets become TLS input; packet 0 is the reset, without TLS. */
static void key_deliver(struct control_key *key)
{
	const uint8_t *payload;
	size_t len;

	while (reliable_deliver(key->rel, &payload, &len)) {
		if (!key->is_reset_delivered) {
			key->is_reset_delivered = true;
			continue;
		}
		if (len && mem_buf_append(&key->net_in, payload, len)) {
			control_key_fail(key, "too much handshake data");
			return;
		}
	}
}

/* Move ciphertext into the send window. */
static void key_fill_window(struct control_key *key, uint64_t now)
{
	size_t max = control_payload_max(key->session, PROTO_CONTROL_V1);

	while (key->net_out.len && reliable_can_send(key->rel)) {
		size_t len = key->net_out.len < max ? key->net_out.len : max;

		if (reliable_send(key->rel, PROTO_CONTROL_V1,
				  key->net_out.data, len, now))
			return;
		mem_buf_consume(&key->net_out, len);
	}
}

/*
 * A server that kept nothing of the reset gets the wrapped key once more, with
 * the packet that follows (section 2.4). It carries nothing else: the ack that
 * creates the session should not wait for a worker.
 */
static void key_send_wkc(struct control_key *key, uint64_t now)
{
	if (key->key_id || !key->session->is_wkc_wanted || key->is_wkc_sent)
		return;
	key->is_wkc_sent = !reliable_send(key->rel, PROTO_CONTROL_WKC_V1, NULL,
					  0, now);
}

bool control_key_is_drained(const struct control_key *key)
{
	return !key->is_stepping && !key->wants_step && !key->net_out.len &&
	       reliable_is_acked(key->rel);
}

/* Transitions that wait for acks or for TLS. */
static void key_step_state(struct control_key *key)
{
	bool is_server = key->session->env->is_server;

	switch (key->state) {
	case CONTROL_STATE_PRE_START:
		if (!key->is_reset_delivered || !reliable_is_acked(key->rel))
			break;
		control_key_enter_state(key, CONTROL_STATE_START);
		key->wants_step = !is_server;
		break;
	case CONTROL_STATE_START:
		if (!is_server && key->tls_state == TLS_STATE_ESTABLISHED &&
		    !key->is_stepping && !key_is_held(key) &&
		    !key_send_km2(key))
			control_key_enter_state(key, CONTROL_STATE_SENT_KEY);
		break;
	case CONTROL_STATE_SENT_KEY:
		if (is_server && control_key_is_drained(key))
			control_key_enter_state(key, CONTROL_STATE_ACTIVE);
		break;
	case CONTROL_STATE_GOT_KEY:
		if (!is_server && control_key_is_drained(key))
			control_key_enter_state(key, CONTROL_STATE_ACTIVE);
		break;
	case CONTROL_STATE_ACTIVE:
	case CONTROL_STATE_GENERATED_KEYS:
	case CONTROL_STATE_ERROR:
		break;
	}
}

static void key_check_tls(struct control_key *key)
{
	char reason[512];

	if (key->is_stepping || key->state == CONTROL_STATE_ERROR)
		return;
	if (key->tls_state == TLS_STATE_FAILED) {
		snprintf(reason, sizeof(reason), "TLS handshake failed: %s",
			 tls_session_error(key->step->tls));
		control_key_fail(key, reason);
	} else if (key->tls_state == TLS_STATE_CLOSED) {
		control_key_fail(key, key->refusal ? key->refusal :
				 "the peer closed its TLS session");
	}
}

/*
 * The exchange may have become complete. Its owner takes the keys from the TLS
 * session now.
 */
static void key_tell_active(struct control_key *key, enum control_state *before)
{
	struct control_session *session = key->session;

	if (key->state != CONTROL_STATE_ACTIVE || *before == key->state)
		return;
	*before = key->state;
	log_debug("key %u: %s", key->key_id,
		  tls_session_summary(key->step->tls));
	session->was_active = true;
	session->env->ops->active(session->arg, session);
	if (control_session_flush(session))
		control_key_fail(key, "too many control messages");
	key_input_records(key);
}

/* Between messages an exchange that is complete keeps no buffers. */
static void key_trim(struct control_key *key)
{
	struct control_session *session = key->session;

	if (key->is_stepping || (key->state != CONTROL_STATE_ACTIVE &&
				 key->state != CONTROL_STATE_GENERATED_KEYS))
		return;
	mem_buf_trim(&key->net_in);
	mem_buf_trim(&key->net_out);
	mem_buf_trim(&key->app_in);
	mem_buf_trim(&session->queue);
	if (key->step)
		tls_io_trim(&key->step->io);
	if (key->state != CONTROL_STATE_GENERATED_KEYS)
		return;
	wrap_key_rest(session->dyn);
	wrap_key_rest(session->wrap);
}

/*
 * Everything that can happen without waiting, in the order of the data: packets
 * to TLS, TLS to messages, messages to states, ciphertext to packets.
 */
void control_key_advance(struct control_key *key)
{
	struct control_session *session = key->session;
	uint64_t now = loop_now(session->env->loop);
	enum control_state before = key->state;
	unsigned int turns = 0;

	key_deliver(key);
	do {
		key_verify(key);
		key_input_records(key);
		key_step_state(key);
		key_tell_active(key, &before);
		key_send_wkc(key, now);
	} while (control_key_kick(key) && turns++ < KEY_TURNS_MAX);
	key_fill_window(key, now);
	control_transmit(session, now);
	key_trim(key);
	key_check_tls(key);
	if (key->deadline <= now) {
		char reason[96];

		snprintf(reason, sizeof(reason),
			 "TLS key negotiation failed to occur within %u seconds (check your network connectivity)",
			 session->env->hand_window);
		control_key_fail(key, reason);
	}
}
