// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

void probe(struct sock *sk)
{
	inet_set_bit(MC_LOOP, sk);
}
