// SPDX-License-Identifier: GPL-2.0-or-later
/* Handing a TLS session to a worker and taking it back. */
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
	if (step->io.net_out.len) {
		if (mem_buf_append(&key->net_out, step->io.net_out.data,
				   step->io.net_out.len))
			control_key_fail(key, "too much handshake data");
		mem_buf_consume(&step->io.net_out, step->io.net_out.len);
	}
	control_session_advance(key->session);
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

/**
 * control_key_kick() - give the TLS session to a worker if there is work
 * @key: the exchange
 *
 * When the pool's queue is full the work stays where it is, and the session's
 * timer tries again.
 */
void control_key_kick(struct control_key *key)
{
	struct control_step *step = key->step;

	if (key->is_stepping || key->is_lost ||
	    key->state == CONTROL_STATE_PRE_START ||
	    key->state == CONTROL_STATE_ERROR ||
	    key->tls_state == TLS_STATE_FAILED ||
	    key->tls_state == TLS_STATE_CLOSED)
		return;
	if (!key->net_in.len && !key->wants_step)
		return;
	if (control_move(&step->io.net_in, &key->net_in) ||
	    control_move(&step->io.app_in, &key->app_in)) {
		control_key_fail(key, "out of memory in the handshake");
		return;
	}
	if (key->refusal)
		tls_session_refuse(step->tls);
	step->job.work = step_work;
	step->job.done = step_done;
	key->wants_step = false;
	key->is_stepping = true;
	if (loop_pool_submit(key->session->env->pool, &step->job)) {
		key->is_stepping = false;
		key->wants_step = true;
	}
}
