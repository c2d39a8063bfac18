// SPDX-License-Identifier: GPL-2.0-or-later
/* A pair of session ids and the key exchanges that it runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/private.h"
#include "log/log.h"

/* When the workers' queue is full, and as granularity of the timer. */
#define RETRY_MS 50

void control_session_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	control_session_advance(arg);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void session_arm(struct control_session *session)
{
	const struct control_key *key = session->key;
	uint64_t now = loop_now(session->env->loop);
	uint64_t at = session->reneg_at;

	if (session->is_failed) {
		loop_timer_stop(session->timer);
		return;
	}
	at = min64(at, key->deadline);
	at = min64(at, reliable_deadline(key->rel));
	if (!key->is_stepping && key->wants_step)
		at = min64(at, now + RETRY_MS);
	if (at == UINT64_MAX)
		loop_timer_stop(session->timer);
	else
		loop_timer_start(session->timer, at > now ? at - now : 1);
}

/* Begin the exchange with @key_id; the old one's TLS session is not needed. */
static int session_next_key(struct control_session *session)
{
	uint8_t key_id = keygen_next_key_id(session->key->key_id);
	uint64_t now = loop_now(session->env->loop);
	struct control_key *key;

	key = control_key_new(session, key_id, PROTO_CONTROL_SOFT_RESET_V1);
	if (!key)
		return -ENOMEM;
	if (control_move(&session->queue, &session->key->app_in))
		log_warn("control messages were lost in a renegotiation");
	control_key_free(session->key);
	session->key = key;
	session->reneg_at = UINT64_MAX;
	if (session->env->ops->next_key)
		session->env->ops->next_key(session->arg, session);
	return reliable_send(key->rel, PROTO_CONTROL_SOFT_RESET_V1, NULL, 0,
			     now);
}

void control_session_advance(struct control_session *session)
{
	uint64_t now = loop_now(session->env->loop);

	if (session->is_failed)
		return;
	if (session->reneg_at <= now)
		control_session_renegotiate(session);
	control_key_advance(session->key);
	session_arm(session);
}

static enum proto_opcode session_reset_opcode(const struct control_env *env)
{
	if (env->is_server)
		return PROTO_CONTROL_HARD_RESET_SERVER_V2;
	return env->v2 ? PROTO_CONTROL_HARD_RESET_CLIENT_V3 :
			 PROTO_CONTROL_HARD_RESET_CLIENT_V2;
}

static int session_begin(struct control_session *session,
			 const struct control_origin *origin)
{
	const struct control_env *env = session->env;
	enum proto_opcode op = session_reset_opcode(env);
	struct control_key *key = control_key_new(session, 0, op);

	if (!key)
		return -ENOMEM;
	session->key = key;
	/* says that the wrapped key can be sent a second time (section 2.4) */
	if (op == PROTO_CONTROL_HARD_RESET_CLIENT_V3)
		session->tx.next_id = WRAP_V2_EARLY_START;
	if (origin && origin->has_cookie) {
		session->local = origin->local;
		session->remote = origin->remote;
		session->has_remote = true;
		/* the stateless reset was sent with replay id 1 */
		session->tx.next_id = 1;
		reliable_skip_reset(key->rel);
		key->is_reset_delivered = true;
		return 0;
	}
	do {
		int ret = env->random(&session->local, sizeof(session->local));

		if (ret)
			return ret;
	} while (proto_sid_is_zero(&session->local));
	if (origin) {
		session->remote = origin->remote;
		session->has_remote = true;
	}
	return reliable_send(key->rel, op, NULL, 0, loop_now(env->loop));
}

struct control_session *control_session_new(const struct control_env *env,
					    const struct control_origin *origin,
					    void *arg)
{
	struct control_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->env = env;
	session->arg = arg;
	session->wrap = origin && origin->wrap ? origin->wrap :
						 wrap_key_get(env->wrap);
	session->reneg_at = UINT64_MAX;
	mem_buf_init(&session->queue, CONTROL_BUFFER_MAX);
	session->timer = loop_timer_new(env->loop, control_session_timeout,
					session);
	session->has_own_wrap = origin && origin->wrap;
	if (!session->timer || session_begin(session, origin)) {
		/* it stays the caller's */
		if (session->has_own_wrap)
			session->wrap = NULL;
		control_session_free(session);
		return NULL;
	}
	/* from the loop, so that the owner has the session when it is called */
	loop_timer_start(session->timer, 0);
	return session;
}

void control_session_free(struct control_session *session)
{
	if (!session)
		return;
	loop_timer_free(session->timer);
	control_key_free(session->key);
	wrap_key_free(session->dyn);
	wrap_key_free(session->wrap);
	mem_buf_reset(&session->queue);
	mem_wipe(session, sizeof(*session));
	free(session);
}

/* Is this opcode one that the other role sends? */
static bool session_is_legal(const struct control_session *session,
			     enum proto_opcode op)
{
	switch (op) {
	case PROTO_CONTROL_SOFT_RESET_V1:
	case PROTO_CONTROL_V1:
	case PROTO_ACK_V1:
		return true;
	case PROTO_CONTROL_HARD_RESET_CLIENT_V2:
		return session->env->is_server;
	case PROTO_CONTROL_HARD_RESET_SERVER_V2:
		return !session->env->is_server;
	case PROTO_CONTROL_HARD_RESET_CLIENT_V3:
	case PROTO_CONTROL_WKC_V1:
		/* the wrapped key has been taken off */
		return session->has_own_wrap;
	case PROTO_CONTROL_HARD_RESET_CLIENT_V1:
	case PROTO_CONTROL_HARD_RESET_SERVER_V1:
	case PROTO_DATA_V1:
	case PROTO_DATA_V2:
		return false;
	}
	return false;
}

/* Check the ids of an authentic packet; learn the peer's session id. */
static int session_check_ids(struct control_session *session,
			     const struct proto_control *pkt)
{
	if (!session_is_legal(session, pkt->op))
		return -EPROTO;
	if (pkt->n_acks && !proto_sid_is_equal(&pkt->remote_sid,
					       &session->local))
		return -EPROTO;
	if (!session->has_remote) {
		/* only an answer, which echoes the own id, may teach it */
		if (!proto_opcode_is_hard_reset(pkt->op) || !pkt->n_acks)
			return -EPROTO;
		session->remote = pkt->sid;
		session->has_remote = true;
	}
	return proto_sid_is_equal(&pkt->sid, &session->remote) ? 0 : -EPROTO;
}

/* A soft reset starts the next exchange, or answers the own one. */
static int session_route_key(struct control_session *session,
			     const struct proto_control *pkt)
{
	struct control_key *key = session->key;

	if (pkt->op == PROTO_CONTROL_SOFT_RESET_V1 &&
	    key->state == CONTROL_STATE_GENERATED_KEYS &&
	    pkt->key_id == keygen_next_key_id(key->key_id))
		return session_next_key(session);
	return pkt->key_id == key->key_id ? 0 : -EPROTO;
}

/* A server's first answer may say what it wants of a client (section 2.4). */
static int session_input_reset(struct control_session *session,
			       const struct proto_control *pkt)
{
	uint16_t flags = 0;

	if (pkt->id)
		return -EPROTO;
	if (session->env->is_server || !session->env->v2)
		return 0;
	if (proto_early_parse(pkt->payload, pkt->payload_len, &flags)) {
		control_key_fail(session->key, "malformed early negotiation");
		return -EPROTO;
	}
	session->is_wkc_wanted = flags & PROTO_EARLY_RESEND_WKC;
	return 0;
}

/*
 * The peer speaks to the process that began the session. It is not acked, so
 * that it is not taken for understood; with new keys both understand each other
 * again.
 */
static int session_lost_input(struct control_session *session,
			      const struct proto_control *pkt)
{
	if (pkt->op != PROTO_CONTROL_V1)
		return 0;
	log_info("a control message for the TLS session of an earlier process, renegotiating");
	return control_session_renegotiate(session);
}

static int session_accept(struct control_session *session,
			  const struct proto_control *pkt)
{
	uint64_t now = loop_now(session->env->loop);
	struct control_key *key = session->key;
	bool is_reset = proto_opcode_is_hard_reset(pkt->op) ||
			pkt->op == PROTO_CONTROL_SOFT_RESET_V1;
	int ret;

	if (key->is_lost)
		return session_lost_input(session, pkt);
	if (proto_opcode_is_hard_reset(pkt->op)) {
		ret = session_input_reset(session, pkt);
		if (ret)
			return ret;
	}
	ret = reliable_input_acks(key->rel, pkt->acks, pkt->n_acks, now);
	if (ret)
		return ret;
	if (pkt->op == PROTO_ACK_V1)
		return 0;
	if (is_reset && !key->is_burst_done) {
		key->is_burst_done = true;
		reliable_schedule_now(key->rel, now);
	}
	return reliable_input(key->rel, pkt->id, pkt->payload,
			      pkt->payload_len);
}

int control_session_input(struct control_session *session, const uint8_t *pkt,
			  size_t len)
{
	const struct control_env *env = session->env;
	bool is_dyn = session->dyn && len && proto_byte_key_id(pkt[0]);
	uint8_t body[PROTO_PACKET_MAX];
	struct proto_control parsed;
	size_t body_len;
	int ret;

	if (session->is_failed)
		return -EPROTO;
	ret = wrap_open(is_dyn ? session->dyn : session->wrap,
			is_dyn ? &session->dyn_rx : &session->rx,
			loop_now(env->loop), pkt, len, body, sizeof(body),
			&body_len, NULL);
	if (ret)
		return ret;
	ret = proto_control_parse(&parsed, pkt, body, body_len);
	if (!ret)
		ret = session_check_ids(session, &parsed);
	if (!ret)
		ret = session_route_key(session, &parsed);
	if (!ret)
		ret = session_accept(session, &parsed);
	/* a replay on this layer is acked again */
	if (!ret || ret == -EALREADY)
		control_session_advance(session);
	return ret == -EALREADY ? 0 : ret;
}

/* Hand queued strings to TLS; they wait while an exchange is running. */
int control_session_flush(struct control_session *session)
{
	struct control_key *key = session->key;

	if (!session->queue.len || key->is_lost ||
	    (key->state != CONTROL_STATE_ACTIVE &&
	     key->state != CONTROL_STATE_GENERATED_KEYS))
		return 0;
	key->wants_step = true;
	loop_timer_start(session->timer, 0);
	return control_move(&key->app_in, &session->queue);
}

int control_session_send(struct control_session *session, const char *text)
{
	int ret;

	if (!session->was_active)
		return -ENOTCONN;
	ret = tls_io_put(&session->queue, text, strlen(text) + 1);
	return ret ? ret : control_session_flush(session);
}

bool control_session_is_drained(const struct control_session *session)
{
	const struct control_key *key = session->key;

	return (key->state == CONTROL_STATE_ACTIVE ||
		key->state == CONTROL_STATE_GENERATED_KEYS) &&
	       !session->queue.len && control_key_is_drained(key);
}

void control_session_generated(struct control_session *session,
			       uint64_t reneg_in)
{
	uint64_t now = loop_now(session->env->loop);

	control_key_enter_state(session->key, CONTROL_STATE_GENERATED_KEYS);
	control_key_forget(session->key);
	session->reneg_at = reneg_in == UINT64_MAX ? UINT64_MAX :
						     now + reneg_in;
	loop_timer_start(session->timer, 0);
}

int control_session_renegotiate(struct control_session *session)
{
	if (session->key->state != CONTROL_STATE_GENERATED_KEYS)
		return -EBUSY;
	log_debug("renegotiation: key %u follows %u",
		  keygen_next_key_id(session->key->key_id),
		  session->key->key_id);
	loop_timer_start(session->timer, 0);
	return session_next_key(session);
}

int control_session_key2(struct control_session *session, bool is_ekm,
			 uint8_t key2[KEYGEN_KEY2_LEN])
{
	struct control_key *key = session->key;
	bool is_server = session->env->is_server;

	if (key->is_stepping || !key->own)
		return -EBUSY;
	if (is_ekm)
		return tls_session_export(key->step->tls, KEYGEN_EKM_LABEL,
					  key2, KEYGEN_KEY2_LEN);
	if (is_server)
		return keygen_prf(key->peer, key->own, &session->remote,
				  &session->local, key2);
	return keygen_prf(key->own, key->peer, &session->local,
			  &session->remote, key2);
}

int control_session_peer_id(struct control_session *session, uint32_t *id)
{
	uint8_t bytes[KEYGEN_PEER_ID_LEN];
	int ret;

	if (session->key->is_stepping || !session->key->step)
		return -EBUSY;
	ret = tls_session_export(session->key->step->tls, KEYGEN_PEER_ID_LABEL,
				 bytes, sizeof(bytes));
	if (!ret)
		*id = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 |
		      bytes[2];
	return ret;
}

int control_session_export(struct control_session *session, const char *label,
			   uint8_t *out, size_t len)
{
	if (session->key->is_stepping || !session->key->step)
		return -EBUSY;
	return tls_session_export(session->key->step->tls, label, out, len);
}

int control_session_dynamic_wrap(struct control_session *session)
{
	uint8_t ekm[KEYGEN_KEY2_LEN];
	int ret;

	if (session->dyn || session->key->key_id || session->key->is_stepping ||
	    !session->key->step)
		return -EALREADY;
	ret = tls_session_export(session->key->step->tls,
				 KEYGEN_DYN_TLS_CRYPT_LABEL, ekm, sizeof(ekm));
	if (!ret)
		ret = wrap_key_new_dynamic(ekm, session->wrap,
					   session->env->is_server,
					   &session->dyn);
	mem_wipe(ekm, sizeof(ekm));
	return ret;
}

const struct proto_sid *
control_session_remote(const struct control_session *session)
{
	return &session->remote;
}

enum control_state control_session_state(const struct control_session *session)
{
	return session->key->state;
}

uint8_t control_session_key_id(const struct control_session *session)
{
	return session->key->key_id;
}

uint64_t control_session_started(const struct control_session *session)
{
	return session->key->started;
}

uint64_t control_session_reneg_at(const struct control_session *session)
{
	return session->reneg_at;
}

const struct tls_peer *
control_session_peer(const struct control_session *session)
{
	const struct control_key *key = session->key;

	/* constant once established, also while a worker has the session */
	return key->tls_state == TLS_STATE_ESTABLISHED ?
	       tls_session_peer(key->step->tls) : NULL;
}

const struct tls_chain *
control_session_chain(const struct control_session *session)
{
	const struct control_key *key = session->key;

	return key->tls_state == TLS_STATE_ESTABLISHED ?
	       tls_session_chain(key->step->tls) : NULL;
}

const char *control_session_tls(const struct control_session *session)
{
	const struct control_key *key = session->key;

	return key->tls_state == TLS_STATE_ESTABLISHED ?
	       tls_session_summary(key->step->tls) : "";
}
