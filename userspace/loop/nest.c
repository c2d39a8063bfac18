// SPDX-License-Identifier: GPL-2.0-or-later
/* A loop whose events are handled in the turns of another one. */
#include <stdlib.h>

#include "loop/internal.h"

/* of the outer loop; handles are freed by libuv, later */
struct loop_nest {
	uv_prepare_t turn;
	struct loop *inner;
	struct loop_io *io;
	struct loop_timer *timer;
};

/* Only there to end the outer loop's wait: what follows is nest_turn(). */
static void nest_ready(struct loop_io *io, unsigned int events, void *arg)
{
	(void)io;
	(void)events;
	(void)arg;
}

static void nest_late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

/*
 * Before each wait, since watchers that were changed by others are the kernel's
 * business only after a turn of the inner loop's.
 */
static void nest_turn(uv_prepare_t *turn)
{
	struct loop_nest *nest = turn->data;
	int wait;

	uv_run(&nest->inner->uv, UV_RUN_NOWAIT);
	wait = uv_backend_timeout(&nest->inner->uv);
	if (wait < 0)
		loop_timer_stop(nest->timer);
	else
		loop_timer_start(nest->timer, (uint64_t)wait);
}

static void nest_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct loop_nest *loop_nest_new(struct loop *outer, struct loop *inner)
{
	struct loop_nest *nest = calloc(1, sizeof(*nest));

	if (!nest)
		return NULL;
	nest->inner = inner;
	uv_prepare_init(&outer->uv, &nest->turn);
	nest->turn.data = nest;
	nest->io = loop_io_new(outer, uv_backend_fd(&inner->uv), LOOP_READABLE,
			       nest_ready, nest);
	nest->timer = loop_timer_new(outer, nest_late, nest);
	if (!nest->io || !nest->timer) {
		loop_nest_free(nest);
		return NULL;
	}
	uv_prepare_start(&nest->turn, nest_turn);
	return nest;
}

void loop_nest_free(struct loop_nest *nest)
{
	if (!nest)
		return;
	loop_io_free(nest->io);
	loop_timer_free(nest->timer);
	uv_close((uv_handle_t *)&nest->turn, nest_closed);
}
