// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

unsigned long probe(const struct napi_struct *napi)
{
	return napi->gro.bitmask;
}
