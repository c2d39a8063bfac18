// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

int probe(void)
{
	return WQ_PERCPU;
}
