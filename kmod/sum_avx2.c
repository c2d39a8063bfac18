// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies payload and makes its Internet checksum, 32 bytes at a time: half the
 * instructions of the kernel's, whose additions wait for each other's carry.
 *
 * Words are multiplied by one and added in pairs, which the processor does for
 * signed words only. So each is made signed by taking 32768 away, and that many
 * times 32768 is added at the end. 32 bits have room for the sum of 64 KB, in a
 * lane and of all lanes.
 */
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/simd.h>
#include <linux/string.h>
#include <net/checksum.h>

#include "sum.h"

/* in one asm statement: the compiler keeps nothing in these registers here */
#define DCO_SUM_BLOCK	32U
#define DCO_SUM_BIAS	0x8000U

/**
 * dco_sum_begin() - prepare for dco_sum_copy()
 *
 * Until dco_sum_end() nothing may sleep, take a lock that sleeps on PREEMPT_RT,
 * or use SIMD by itself.
 *
 * Context: BH disabled.
 * Return: false if it may not be used now, or this processor has not what it
 * takes; then nothing has begun.
 */
bool dco_sum_begin(void)
{
	if (!boot_cpu_has(X86_FEATURE_AVX2) || !may_use_simd() ||
	    !cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		return false;
	kernel_fpu_begin();
	return true;
}

/**
 * dco_sum_end() - undo a dco_sum_begin() that returned true
 */
void dco_sum_end(void)
{
	kernel_fpu_end();
}

/* @len: a multiple of DCO_SUM_BLOCK, at most 64 KB. Returns the sum of all
 * words less DCO_SUM_BIAS each. Not to be inlined: a caller that is compiled
 * for SIMD expects any call to change the registers, but no statement.
 */
static noinline s32 dco_sum_blocks(const void *from, void *to, long len)
{
	long at = 0;
	s32 sum;

	asm volatile(
		"vpcmpeqw %%ymm0, %%ymm0, %%ymm0\n\t"
		"vpsrlw $15, %%ymm0, %%ymm1\n\t"
		"vpsllw $15, %%ymm0, %%ymm0\n\t"
		"vpxor %%ymm2, %%ymm2, %%ymm2\n\t"
		"vpxor %%ymm3, %%ymm3, %%ymm3\n\t"
		"sub $128, %[len]\n\t"
		"js 2f\n"
		"1:\n\t"
		"vmovdqu (%[from],%[at]), %%ymm4\n\t"
		"vmovdqu 32(%[from],%[at]), %%ymm5\n\t"
		"vmovdqu 64(%[from],%[at]), %%ymm6\n\t"
		"vmovdqu 96(%[from],%[at]), %%ymm7\n\t"
		"vmovdqu %%ymm4, (%[to],%[at])\n\t"
		"vmovdqu %%ymm5, 32(%[to],%[at])\n\t"
		"vmovdqu %%ymm6, 64(%[to],%[at])\n\t"
		"vmovdqu %%ymm7, 96(%[to],%[at])\n\t"
		"vpxor %%ymm0, %%ymm4, %%ymm4\n\t"
		"vpxor %%ymm0, %%ymm5, %%ymm5\n\t"
		"vpxor %%ymm0, %%ymm6, %%ymm6\n\t"
		"vpxor %%ymm0, %%ymm7, %%ymm7\n\t"
		"vpmaddwd %%ymm1, %%ymm4, %%ymm4\n\t"
		"vpmaddwd %%ymm1, %%ymm5, %%ymm5\n\t"
		"vpmaddwd %%ymm1, %%ymm6, %%ymm6\n\t"
		"vpmaddwd %%ymm1, %%ymm7, %%ymm7\n\t"
		"vpaddd %%ymm4, %%ymm2, %%ymm2\n\t"
		"vpaddd %%ymm5, %%ymm3, %%ymm3\n\t"
		"vpaddd %%ymm6, %%ymm2, %%ymm2\n\t"
		"vpaddd %%ymm7, %%ymm3, %%ymm3\n\t"
		"sub $-128, %[at]\n\t"
		"cmp %[len], %[at]\n\t"
		"jle 1b\n"
		"2:\n\t"
		"add $96, %[len]\n\t"
		"cmp %[len], %[at]\n\t"
		"jg 4f\n"
		"3:\n\t"
		"vmovdqu (%[from],%[at]), %%ymm4\n\t"
		"vmovdqu %%ymm4, (%[to],%[at])\n\t"
		"vpxor %%ymm0, %%ymm4, %%ymm4\n\t"
		"vpmaddwd %%ymm1, %%ymm4, %%ymm4\n\t"
		"vpaddd %%ymm4, %%ymm2, %%ymm2\n\t"
		"add $32, %[at]\n\t"
		"cmp %[len], %[at]\n\t"
		"jle 3b\n"
		"4:\n\t"
		"vpaddd %%ymm3, %%ymm2, %%ymm2\n\t"
		"vextracti128 $1, %%ymm2, %%xmm3\n\t"
		"vpaddd %%xmm3, %%xmm2, %%xmm2\n\t"
		"vpshufd $0x4e, %%xmm2, %%xmm3\n\t"
		"vpaddd %%xmm3, %%xmm2, %%xmm2\n\t"
		"vpshufd $0xb1, %%xmm2, %%xmm3\n\t"
		"vpaddd %%xmm3, %%xmm2, %%xmm2\n\t"
		"vmovd %%xmm2, %[sum]\n\t"
		"vzeroupper"
		: [at] "+&r" (at), [len] "+&r" (len), [sum] "=r" (sum)
		: [from] "r" (from), [to] "r" (to)
		: "cc", "memory");
	return sum;
}

/* one word of @size bytes, added with its carry */
static __always_inline u64 dco_sum_word(u64 sum, const u8 **from, u8 **to,
					unsigned int size)
{
	u64 word = 0;

	memcpy(&word, *from, size);
	memcpy(*to, &word, size);
	*from += size;
	*to += size;
	sum += word;
	return sum + (sum < word);
}

/* the last @len bytes, fewer than DCO_SUM_BLOCK, on a little-endian machine */
static __always_inline u64 dco_sum_rest(u64 sum, const u8 *from, u8 *to,
					unsigned int len)
{
	if (len & 16) {
		sum = dco_sum_word(sum, &from, &to, sizeof(u64));
		sum = dco_sum_word(sum, &from, &to, sizeof(u64));
	}
	if (len & 8)
		sum = dco_sum_word(sum, &from, &to, sizeof(u64));
	if (len & 4)
		sum = dco_sum_word(sum, &from, &to, 4);
	if (len & 2)
		sum = dco_sum_word(sum, &from, &to, 2);
	if (len & 1)
		sum = dco_sum_word(sum, &from, &to, 1);
	return sum;
}

/**
 * dco_sum_copy() - copy and sum
 * @from: what to copy
 * @to: where to, not overlapping
 * @len: bytes, at most 64 KB
 *
 * Context: between dco_sum_begin() and dco_sum_end().
 * Return: the sum as csum_partial() makes it.
 */
__wsum dco_sum_copy(const void *from, void *to, unsigned int len)
{
	unsigned int blocks = len & ~(DCO_SUM_BLOCK - 1);
	u64 sum = 0;

	if (likely(blocks))
		sum = (s64)dco_sum_blocks(from, to, blocks) +
		      (s64)(blocks / 2) * DCO_SUM_BIAS;
	sum = dco_sum_rest(sum, from + blocks, to + blocks, len - blocks);
	sum = (u32)sum + (sum >> 32);
	sum = (u32)sum + (sum >> 32);
	return (__force __wsum)(u32)sum;
}
