/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the kernel uml-fast: vector registers in User-Mode Linux. Its kernel is
 * a program, an interrupt is a signal, and the system below keeps the
 * registers of whoever is interrupted. So they can be used at any time, and
 * every set that /proc/cpuinfo names is there.
 */
#ifndef LAB_UML_SIMD_H
#define LAB_UML_SIMD_H

#include <linux/types.h>
#include <asm/fpu/api.h>

#define cpu_has_xfeatures(mask, name) true

static inline bool may_use_simd(void)
{
	return true;
}

#endif
