// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps of a TLS session: by a worker, which has it meanwhile, or here. */
#include <errno.h>
#include <stdlib.h>

#include "control/private.h"
#include "log/log.h"

void control_step_free(struct control_step *step)
{
	if (!step)
		return;
	tls_session_free(step->tls);
	tls_io_reset(&step->io);
	free(step);
}

static struct control_step *step_of(struct loop_job *job)
{
	return (struct control_step *)((char *)job -
				       offsetof(struct control_step, job));
}

/* Context: a worker thread, which alone holds the step. */
static void step_work(struct loop_job *job)
{
	struct control_step *step = step_of(job);

	step->result = tls_session_step(step->tls, &step->io);
}

/** control_move() - append all of @src to @dst; 0 or -errno */
int control_move(struct mem_buf *dst, struct mem_buf *src)
{
	int ret;

	if (!src->len)
		return 0;
	ret = mem_buf_append(dst, src->data, src->len);
	if (!ret)
		mem_buf_consume(src, src->len);
	return ret;
}

/* What a step has written. */
static void step_take(struct control_key *key)
{
	struct mem_buf *out = &key->step->io.net_out;

	if (control_move(&key->net_out, out)) {
		mem_buf_consume(out, out->len);
		control_key_fail(key, "too much handshake data");
	}
}

static void step_done(struct loop_job *job, bool was_run)
{
	struct control_step *step = step_of(job);
	struct control_key *key = step->key;

	if (!key) {
		control_step_free(step);
		return;
	}
	key->is_stepping = false;
	if (was_run)
		key->tls_state = step->result;
	step_take(key);
	control_session_advance(key->session);
}

/*
 * Behind the handshake there are only short messages left to encrypt and to
 * decrypt. That is done sooner than a worker wakes up.
 */
static void step_here(struct control_key *key)
{
	struct control_step *step = key->step;

	key->wants_step = false;
	key->tls_state = tls_session_step(step->tls, &step->io);
	step_take(key);
}

/**
 * control_key_kick() - let the TLS session work if there is work
 * @key: the exchange
 *
 * A handshake goes to a worker. When the pool's queue is full the work stays
 * where it is, and the session's timer tries again.
 *
 * Return: true when something was done at once, which may have brought records.
 */
bool control_key_kick(struct control_key *key)
{
	struct control_step *step = key->step;

	if (key->is_stepping || key->is_lost ||
	    key->state == CONTROL_STATE_PRE_START ||
	    key->state == CONTROL_STATE_ERROR ||
	    key->tls_state == TLS_STATE_FAILED ||
	    key->tls_state == TLS_STATE_CLOSED)
		return false;
	if (!key->net_in.len && !key->wants_step)
		return false;
	if (control_move(&step->io.net_in, &key->net_in) ||
	    control_move(&step->io.app_in, &key->app_in)) {
		control_key_fail(key, "out of memory in the handshake");
		return false;
	}
	if (key->refusal)
		tls_session_refuse(step->tls);
	if (key->tls_state == TLS_STATE_ESTABLISHED) {
		step_here(key);
		return true;
	}
	step->job.work = step_work;
	step->job.done = step_done;
	key->wants_step = false;
	key->is_stepping = true;
	if (loop_pool_submit(key->session->env->pool, &step->job)) {
		key->is_stepping = false;
		key->wants_step = true;
	}
	return false;
}
