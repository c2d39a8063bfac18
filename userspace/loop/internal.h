/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <uv.h>

#include "loop/loop.h"

struct loop {
	uv_loop_t uv;
	uv_async_t keep;	/* keeps uv_run() going without events */
	struct loop_pool *pools;
	int status;		/* of loop_exit() */
};

#endif
