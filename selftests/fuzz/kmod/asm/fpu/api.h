/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMD of the kernel, for fuzzers: what this processor has may be used but for
 * the times that the fuzzer says, and each section has one begin and one end.
 */
#ifndef FUZZ_KMOD_FPU_API_H
#define FUZZ_KMOD_FPU_API_H

#include <stdlib.h>

#include "../../kmod.h"

#define X86_FEATURE_AVX2	"avx2"
#define XFEATURE_MASK_SSE	1
#define XFEATURE_MASK_YMM	2

/* how often it was asked, and which of these is refused */
static unsigned int fpu_asked, fpu_refused;
static bool fpu_is_begun;

#define boot_cpu_has(name)		__builtin_cpu_supports(name)
#define cpu_has_xfeatures(mask, name)	((mask) != 0)

static inline bool may_use_simd(void)
{
	return fpu_asked++ != fpu_refused;
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
