// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

unsigned int probe(const struct sk_buff *skb)
{
	return skb->tstamp_type;
}
