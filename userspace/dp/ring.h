/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_RING_H
#define DP_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A queue from one thread to another: entries of any length, each in one piece,
 * in the order in which they were pushed. Private to dp/.
 *
 * One thread produces (slot, want, push), one consumes (peek, pop). What is
 * behind @head belongs to the producer, what is between @tail and @head to the
 * consumer; a push releases an entry, a pop its room, and the other side
 * acquires it by reading that index.
 *
 * Why it cannot stall: neither side waits in here. Who finds no room says so in
 * @is_wanted and looks once more; the other side moves @tail and then looks at
 * @is_wanted. All four are in one order (seq_cst), so that at least one of the
 * two sees what the other has done: there is room, or pop() tells its caller to
 * wake the producer. That something was pushed is for the producer to tell.
 */

#define DP_RING_HEAD	16	/* in front of an entry, which ends up at 16 */
#define DP_RING_ALIGN	64u
#define DP_RING_BYTES	(256 * 1024)	/* of most; the least there is */
#define DP_RING_MAX	(DP_RING_BYTES / 2 - DP_RING_ALIGN)

/**
 * struct dp_ring - the queue
 * @bytes: its size
 * @next: the producer's: where the entry of the last slot begins
 * @head, @tail: bytes ever pushed, popped
 * @is_wanted: the producer waits for room
 */
struct dp_ring {
	uint8_t *buf;
	size_t bytes;
	size_t next;
	_Alignas(64) atomic_size_t head;
	_Alignas(64) atomic_size_t tail;
	atomic_bool is_wanted;
};

/**
 * dp_ring_new() - make one
 * @bytes: a power of two, DP_RING_BYTES or more; touched as it fills
 *
 * Return: NULL: out of memory.
 */
struct dp_ring *dp_ring_new(size_t bytes);
void dp_ring_free(struct dp_ring *ring);

/**
 * dp_ring_slot() - where to write an entry
 * @len: up to DP_RING_MAX
 *
 * Return: NULL when there is no room now.
 */
uint8_t *dp_ring_slot(struct dp_ring *ring, size_t len);

/** dp_ring_want() - the same; without room, pop() will ask for a wake-up */
uint8_t *dp_ring_want(struct dp_ring *ring, size_t len);

/** dp_ring_push() - @len bytes were written to the slot */
void dp_ring_push(struct dp_ring *ring, size_t len);

/** dp_ring_peek() - the oldest entry, there until dp_ring_pop(); NULL: none */
uint8_t *dp_ring_peek(struct dp_ring *ring, size_t *len);

/** dp_ring_pop() - that one is done with; true: wake the producer */
bool dp_ring_pop(struct dp_ring *ring);

/** dp_ring_is_empty() - Context: any thread */
bool dp_ring_is_empty(struct dp_ring *ring);

#endif
