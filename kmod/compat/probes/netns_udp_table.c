// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

struct udp_table *probe(const struct net *net)
{
	return net->ipv4.udp_table;
}
