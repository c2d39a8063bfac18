/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_SUM_H
#define DCO_SUM_H

#include <linux/types.h>

bool dco_sum_begin(void);
void dco_sum_end(void);
__wsum dco_sum_copy(const void *from, void *to, unsigned int len);

#endif /* DCO_SUM_H */
