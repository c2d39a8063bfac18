// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

struct probe_pcpu {
	local_lock_t lock;
};

static DEFINE_PER_CPU(struct probe_pcpu, probe_pcpu) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

void probe(void)
{
	local_lock_nested_bh(&probe_pcpu.lock);
	local_unlock_nested_bh(&probe_pcpu.lock);
}
