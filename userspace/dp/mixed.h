/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_MIXED_H
#define DP_MIXED_H

#include "dp/kernel.h"

/* Private to dp/. */

/**
 * mixed_new() - let userspace carry what the kernel cannot, beside it
 * @cfg: of the kernel data path
 * @kernel: that; taken if this succeeds, and no longer to be used
 *
 * Return: 0; -EOPNOTSUPP: this kernel cannot; or another -errno.
 */
int mixed_new(const struct dp_config *cfg, struct dp *kernel, struct dp **out);

/** mixed_kernel() - the kernel data path of one made by mixed_new() */
struct dp *mixed_kernel(struct dp *dp);

#endif
