// SPDX-License-Identifier: GPL-2.0-only
/* Processors for which sum_avx2.c has a brother nowhere: callers do as they
 * would without.
 */
#include <net/checksum.h>

#include "sum.h"

/* see sum_avx2.c */
bool dco_sum_begin(void)
{
	return false;
}

void dco_sum_end(void)
{
}

__wsum dco_sum_copy(const void *from, void *to, unsigned int len)
{
	return csum_partial_copy_nocheck(from, to, len);
}
