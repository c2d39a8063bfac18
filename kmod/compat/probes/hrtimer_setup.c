// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hrtimer.h>

#include "probes.h"

void probe(struct hrtimer *timer,
	   enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}
