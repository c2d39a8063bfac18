/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's pure functions need of the kernel, in userspace. A fuzzer
 * includes this and then the .c file; headers of the kernel that userspace does
 * not have stand in linux/ and lead here.
 */
#ifndef FUZZ_KMOD_H
#define FUZZ_KMOD_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int32_t s32;
typedef long long s64;

#define BITS_PER_BYTE	8
#define BITS_PER_LONG	__LONG_WIDTH__
#define BIT(n)		(1UL << (n))
/* where fuzzers run */
#define IS_ENABLED(option)	1

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* the kernel's takes no message */
#undef static_assert
#define static_assert(claim)	_Static_assert(claim, #claim)

#ifndef __packed
#define __packed	__attribute__((__packed__))
#endif

#ifndef __aligned
#define __aligned(n)	__attribute__((__aligned__(n)))
#endif

#ifndef noinline
#define noinline	__attribute__((__noinline__))
#endif
#define __force
#define __rcu

#define get_unaligned(ptr)	\
	(((const struct { __typeof__(*(ptr)) x; } __packed *)(ptr))->x)
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define ALIGN(x, to)	(((x) + (to) - 1) / (to) * (to))
#define DIV_ROUND_UP(x, n)	(((x) + (n) - 1) / (n))
/* each argument is looked at once, as in the kernel */
#define min(a, b) ({ \
	__typeof__(a) min_a = (a); \
	__typeof__(b) min_b = (b); \
	\
	min_a < min_b ? min_a : min_b; \
})
#define swap(a, b) do { \
	__typeof__(a) swapped = (a); \
	\
	(a) = (b); \
	(b) = swapped; \
} while (0)

#define min_t(type, a, b) \
	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) \
	((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define max(a, b)	max_t(__typeof__(a), a, b)
#define min3(a, b, c)	min_t(u64, min_t(u64, a, b), c)

static inline void __clear_bit(unsigned long n, unsigned long *words)
{
	words[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

static inline bool __test_and_set_bit(unsigned long n, unsigned long *words)
{
	bool was = words[n / BITS_PER_LONG] >> n % BITS_PER_LONG & 1;

	words[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
	return was;
}

#endif
