// SPDX-License-Identifier: GPL-2.0-or-later
/* A session that outlives its process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/private.h"

static void save_key(const struct wrap_key *key, uint8_t *out, bool *has)
{
	const uint8_t *from = key ? wrap_key_static(key) : NULL;

	*has = from;
	if (from)
		memcpy(out, from, WRAP_STATIC_KEY_LEN);
}

int control_session_save(const struct control_session *session,
			 struct control_saved *out)
{
	const struct control_key *key = session->key;

	if (session->is_failed || key->state != CONTROL_STATE_GENERATED_KEYS)
		return -EBUSY;
	memset(out, 0, sizeof(*out));
	out->local = session->local;
	out->remote = session->remote;
	out->key_id = key->key_id;
	out->tx_time = session->tx.time;
	out->dyn_tx_time = session->dyn_tx.time;
	out->rx_time = session->rx.time;
	out->rx_highest = session->rx.highest;
	out->dyn_rx_time = session->dyn_rx.time;
	out->dyn_rx_highest = session->dyn_rx.highest;
	out->started = key->started;
	out->reneg_at = session->reneg_at;
	if (session->has_own_wrap)
		save_key(session->wrap, out->own_wrap, &out->has_own_wrap);
	save_key(session->dyn, out->dyn, &out->has_dyn);
	return 0;
}

static int restore_key(const struct control_env *env, const uint8_t *from,
		       struct wrap_key **out)
{
	return wrap_key_new(WRAP_MODE_TLS_CRYPT, from, env->is_server ?
			    WRAP_DIRECTION_NORMAL : WRAP_DIRECTION_INVERSE,
			    NULL, out);
}

static int restore_wraps(struct control_session *session,
			 const struct control_saved *saved)
{
	int ret = 0;

	if (saved->has_own_wrap)
		ret = restore_key(session->env, saved->own_wrap,
				  &session->wrap);
	else
		session->wrap = wrap_key_get(session->env->wrap);
	session->has_own_wrap = saved->has_own_wrap;
	if (!ret && saved->has_dyn)
		ret = restore_key(session->env, saved->dyn, &session->dyn);
	return !ret && !session->wrap ? -EINVAL : ret;
}

/* Ids begin anew, under a later time: the peer has seen none of these. */
static uint32_t later(const struct control_env *env, uint32_t time)
{
	uint32_t now = (uint32_t)env->realtime();

	return now > time ? now : time + 1;
}

struct control_session *
control_session_restore(const struct control_env *env,
			const struct control_saved *saved, void *arg)
{
	struct control_session *session = calloc(1, sizeof(*session));
	uint64_t now = loop_now(env->loop);

	if (!session)
		return NULL;
	session->env = env;
	session->arg = arg;
	session->local = saved->local;
	session->remote = saved->remote;
	session->has_remote = true;
	session->was_active = true;
	session->reneg_at = saved->reneg_at;
	mem_buf_init(&session->queue, CONTROL_BUFFER_MAX);
	session->tx.time = later(env, saved->tx_time);
	session->dyn_tx.time = later(env, saved->dyn_tx_time);
	wrap_rx_resume(&session->rx, saved->rx_time, saved->rx_highest, now);
	wrap_rx_resume(&session->dyn_rx, saved->dyn_rx_time,
		       saved->dyn_rx_highest, now);
	session->timer = loop_timer_new(env->loop, control_session_timeout,
					session);
	if (saved->key_id <= 7)
		session->key = control_key_new_lost(session, saved->key_id,
						    saved->started);
	if (!session->timer || !session->key || restore_wraps(session, saved)) {
		control_session_free(session);
		return NULL;
	}
	loop_timer_start(session->timer, 0);
	return session;
}

bool control_session_is_lost(const struct control_session *session)
{
	return session->key->is_lost;
}
