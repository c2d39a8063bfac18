/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINUX_BITOPS_H
#define KERNEL_LINUX_BITOPS_H

/* number of the highest bit that is set, counted from 1; 0 for none */
#define fls64(x)	((x) ? 64 - __builtin_clzll(x) : 0)

#define min(a, b)	((a) < (b) ? (a) : (b))
#define min_t(t, a, b)	((t)(a) < (t)(b) ? (t)(a) : (t)(b))

#endif
