// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/ring.h"

#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

#define RING_WRAP	SIZE_MAX	/* the next entry is at the beginning */

struct dp_ring *dp_ring_new(size_t bytes)
{
	struct dp_ring *ring = aligned_alloc(64, sizeof(*ring));

	if (!ring)
		return NULL;
	memset(ring, 0, sizeof(*ring));
	ring->bytes = bytes;
	ring->buf = aligned_alloc(DP_RING_ALIGN, bytes);
	if (ring->buf)
		return ring;
	free(ring);
	return NULL;
}

void dp_ring_free(struct dp_ring *ring)
{
	if (!ring)
		return;
	/* packets in the clear; what was never used is not touched for it */
	mem_wipe(ring->buf, atomic_load(&ring->head) < ring->bytes ?
			    atomic_load(&ring->head) : ring->bytes);
	free(ring->buf);
	free(ring);
}

/* Of an entry, with what is in front of it. */
static size_t ring_room(size_t len)
{
	return (DP_RING_HEAD + len + DP_RING_ALIGN - 1) &
	       ~(size_t)(DP_RING_ALIGN - 1);
}

/* Where a byte of all that were ever pushed is. */
static size_t ring_at(const struct dp_ring *ring, size_t n)
{
	return n & (ring->bytes - 1);
}

static void ring_mark(struct dp_ring *ring, size_t at, size_t len)
{
	memcpy(ring->buf + ring_at(ring, at), &len, sizeof(len));
}

/* @tail: as the producer has seen it */
static uint8_t *ring_find(struct dp_ring *ring, size_t len, size_t tail)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t left = ring->bytes - ring_at(ring, head);
	size_t need = ring_room(len), skip = need > left ? left : 0;

	if (len > DP_RING_MAX || head + skip + need - tail > ring->bytes)
		return NULL;
	if (skip)
		ring_mark(ring, head, RING_WRAP);
	ring->next = head + skip;
	return ring->buf + ring_at(ring, ring->next) + DP_RING_HEAD;
}

uint8_t *dp_ring_slot(struct dp_ring *ring, size_t len)
{
	return ring_find(ring, len, atomic_load_explicit(&ring->tail,
							 memory_order_acquire));
}

uint8_t *dp_ring_want(struct dp_ring *ring, size_t len)
{
	uint8_t *slot = dp_ring_slot(ring, len);

	if (slot)
		return slot;
	atomic_store(&ring->is_wanted, true);
	slot = ring_find(ring, len, atomic_load(&ring->tail));
	if (slot)
		atomic_store(&ring->is_wanted, false);
	return slot;
}

void dp_ring_push(struct dp_ring *ring, size_t len)
{
	ring_mark(ring, ring->next, len);
	atomic_store_explicit(&ring->head, ring->next + ring_room(len),
			      memory_order_release);
}

uint8_t *dp_ring_peek(struct dp_ring *ring, size_t *len)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

	if (tail == head)
		return NULL;
	memcpy(len, ring->buf + ring_at(ring, tail), sizeof(*len));
	if (*len == RING_WRAP) {
		tail += ring->bytes - ring_at(ring, tail);
		atomic_store(&ring->tail, tail);
		memcpy(len, ring->buf, sizeof(*len));
	}
	return ring->buf + ring_at(ring, tail) + DP_RING_HEAD;
}

bool dp_ring_pop(struct dp_ring *ring)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	size_t len;

	memcpy(&len, ring->buf + ring_at(ring, tail), sizeof(len));
	atomic_store(&ring->tail, tail + ring_room(len));
	return atomic_exchange(&ring->is_wanted, false);
}

bool dp_ring_is_empty(struct dp_ring *ring)
{
	return atomic_load(&ring->head) == atomic_load(&ring->tail);
}
