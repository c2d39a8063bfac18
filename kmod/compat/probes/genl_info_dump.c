// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

struct nlattr **probe(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
