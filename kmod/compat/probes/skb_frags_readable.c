// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

bool probe(const struct sk_buff *skb)
{
	return skb_frags_readable(skb);
}
