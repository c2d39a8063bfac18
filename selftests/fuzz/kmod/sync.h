/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks, counters and RCU of the kernel, for fuzzers, which have one thread. */
#ifndef FUZZ_KMOD_SYNC_H
#define FUZZ_KMOD_SYNC_H

#include <stdlib.h>

#include "kmod.h"

#define U64_MAX		(~0ULL)
#define GFP_KERNEL	0
#define ____cacheline_aligned_in_smp

typedef struct {
	long long value;
} atomic64_t;

typedef struct {
	int is_held;
} spinlock_t;

struct rcu_work {
	int nothing;
};

#define rcu_dereference(ptr)	(ptr)
#define rcu_access_pointer(ptr)	(ptr)

static inline long long atomic64_read(const atomic64_t *n)
{
	return n->value;
}

static inline void atomic64_set(atomic64_t *n, long long value)
{
	n->value = value;
}

static inline long long atomic64_fetch_add(long long by, atomic64_t *n)
{
	n->value += by;
	return n->value - by;
}

static inline long long atomic64_inc_return(atomic64_t *n)
{
	return ++n->value;
}

static inline void set_bit(unsigned long n, unsigned long *words)
{
	words[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->is_held = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	if (lock->is_held++)
		abort();
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (--lock->is_held)
		abort();
}

#define spin_lock_bh(lock)	spin_lock(lock)
#define spin_unlock_bh(lock)	spin_unlock(lock)

static inline void *kzalloc(size_t size, int flags)
{
	(void)flags;
	return calloc(1, size);
}

#define kfree(ptr)		free(ptr)

#define cpu_to_be32(n)		__builtin_bswap32(n)
#define be32_to_cpu(n)		__builtin_bswap32(n)
#define cpu_to_be64(n)		__builtin_bswap64(n)
#define be64_to_cpu(n)		__builtin_bswap64(n)

#endif
