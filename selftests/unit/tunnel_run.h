/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_TUNNEL_RUN_H
#define UNIT_TUNNEL_RUN_H

/* Running the rig's loop for a while, or until something has happened. */
#include "tunnel_rig.h"

static bool is_turn_over;

static inline void turn_over(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_turn_over = true;
	loop_stop(loop);
}

static inline void run_for(uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(loop, turn_over, NULL);

	is_turn_over = false;
	loop_timer_start(timer, ms);
	while (!is_turn_over)
		loop_run(loop);
	loop_timer_free(timer);
}

/* Until @expression, for as long as it takes on a busy machine. */
#define run_until(expression) do { \
	for (unsigned int turn_ = 0; !(expression); turn_++) { \
		if (turn_ == 20000) \
			fail_msg("never: %s", #expression); \
		run_for(2); \
	} \
} while (0)

#endif
