/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMD of the kernel, for fuzzers: what this processor has may be used unless
 * the fuzzer says otherwise, and each section has one begin and one end.
 */
#ifndef FUZZ_KMOD_FPU_API_H
#define FUZZ_KMOD_FPU_API_H

#include <stdlib.h>

#include "../../kmod.h"

#define X86_FEATURE_AVX2	"avx2"
#define XFEATURE_MASK_SSE	1
#define XFEATURE_MASK_YMM	2

static bool fpu_is_forbidden, fpu_is_begun;

#define boot_cpu_has(name)		__builtin_cpu_supports(name)
#define cpu_has_xfeatures(mask, name)	((mask) != 0)

static inline bool may_use_simd(void)
{
	return !fpu_is_forbidden;
}

static inline void kernel_fpu_begin(void)
{
	if (fpu_is_begun)
		abort();
	fpu_is_begun = true;
}

static inline void kernel_fpu_end(void)
{
	if (!fpu_is_begun)
		abort();
	fpu_is_begun = false;
}

#endif
