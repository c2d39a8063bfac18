// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Section 7.9: payloads that are too long for a datagram go in several packets,
 * each with a header of 32 bits. A peer has at most JOIN_SLOTS of them under
 * way; what has not become whole in JOIN_TTL_MS does not.
 */
#include <errno.h>
#include <stdlib.h>

#include "mem/mem.h"
#include "userdp/private.h"

#define JOIN_SLOTS	25
#define JOIN_TTL_MS	10000

#define SIZE_UNIT	4u

enum {
	FRAGMENT_WHOLE,
	FRAGMENT_MORE,
	FRAGMENT_LAST,
};

/* bits of the header */
#define HEAD_TYPE(head)	((head) & 3)
#define HEAD_SEQ(head)	((uint8_t)((head) >> 2))
#define HEAD_N(head)	((head) >> 10 & 31)
#define HEAD_SIZE(head)	(((head) >> 15 & 0x3fff) * SIZE_UNIT)
#define HEAD_SPURIOUS	0x7ffcu	/* of what is whole: sequence and number */

/* ---- cutting --------------------------------------------------------- */

/* So that the last piece is not much shorter than the others. */
size_t userdp_fragment_size(size_t len, size_t max)
{
	size_t most = max & ~(size_t)(SIZE_UNIT - 1), n, rest, size;

	if (len <= max || !most)
		return 0;
	n = len / most;
	rest = len % most;
	if (!rest || rest >= most * 3 / 4)
		return most;
	size = (max - (max - rest) / (n + 1) + SIZE_UNIT - 1) &
	       ~(size_t)(SIZE_UNIT - 1);
	return size < most ? size : most;
}

void userdp_fragment_whole(uint8_t *at)
{
	put32(at, FRAGMENT_WHOLE);
}

void userdp_fragment_head(uint8_t *at, bool is_last, uint8_t seq,
			  unsigned int n, size_t size)
{
	uint32_t head = is_last ? FRAGMENT_LAST : FRAGMENT_MORE;

	head |= (uint32_t)seq << 2 | (uint32_t)n << 10;
	if (is_last)
		head |= (uint32_t)(size / SIZE_UNIT) << 15;
	put32(at, head);
}

/* ---- putting together ------------------------------------------------ */

/**
 * struct join_slot - a payload of which pieces have come
 * @size: of each piece but the last
 * @have: a bit for each; the last one stands for those that do not exist
 * @len: of the whole, 0 before the last one has come
 * @at: when the latest piece came
 */
struct join_slot {
	bool is_used;
	uint8_t seq;
	size_t size, len;
	uint32_t have;
	uint64_t at;
	uint8_t *data;
};

/**
 * struct userdp_join - those of a peer
 * @newest: sequence number
 */
struct userdp_join {
	size_t cap;
	uint8_t newest;
	struct join_slot slots[JOIN_SLOTS];
	uint8_t data[];
};

struct userdp_join *userdp_join_new(size_t cap)
{
	struct userdp_join *join;

	join = calloc(1, sizeof(*join) + JOIN_SLOTS * cap);
	if (!join)
		return NULL;
	join->cap = cap;
	for (size_t i = 0; i < JOIN_SLOTS; i++)
		join->slots[i].data = join->data + i * cap;
	return join;
}

void userdp_join_free(struct userdp_join *join)
{
	if (join)
		mem_wipe(join->data, JOIN_SLOTS * join->cap);
	free(join);
}

/* Before the newest one by at most as many as there are slots. */
static bool join_is_near(const struct userdp_join *join, uint8_t seq)
{
	return (uint8_t)(join->newest - seq) < JOIN_SLOTS;
}

/* The window moves with the newest; a jump begins anew. */
static void join_move(struct userdp_join *join, uint8_t seq)
{
	bool is_next = (uint8_t)(seq - join->newest) < JOIN_SLOTS;

	if (join_is_near(join, seq))
		return;
	join->newest = seq;
	for (size_t i = 0; i < JOIN_SLOTS; i++)
		if (!is_next || !join_is_near(join, join->slots[i].seq))
			join->slots[i].is_used = false;
}

static struct join_slot *join_slot(struct userdp_join *join, uint8_t seq,
				   uint64_t now)
{
	struct join_slot *slot, *spare = NULL;

	join_move(join, seq);
	for (size_t i = 0; i < JOIN_SLOTS; i++) {
		slot = &join->slots[i];
		if (slot->is_used && now - slot->at > JOIN_TTL_MS)
			slot->is_used = false;
		if (slot->is_used && slot->seq == seq)
			return slot;
		if (!slot->is_used)
			spare = slot;
	}
	/* as many as the window has numbers, so one was free */
	*spare = (struct join_slot){
		.is_used = true, .seq = seq, .data = spare->data,
	};
	return spare;
}

/* A piece of @len bytes at @buf. Return: as userdp_join_add(). */
static ssize_t join_piece(struct userdp_join *join, struct join_slot *slot,
			  uint32_t head, const uint8_t *buf, size_t len)
{
	bool is_last = HEAD_TYPE(head) == FRAGMENT_LAST;
	size_t size = is_last ? HEAD_SIZE(head) : len;
	size_t at = HEAD_N(head) * size;

	if (!len || len > size || size % SIZE_UNIT || at + len > join->cap)
		return -EBADMSG;
	/* another payload under the same number, or one that makes no sense */
	if (slot->size != size || (is_last && slot->len &&
				   slot->len != at + len)) {
		slot->size = size;
		slot->have = 0;
		slot->len = 0;
	}
	memcpy(slot->data + at, buf, len);
	slot->have |= (is_last ? UINT32_MAX : 1u) << HEAD_N(head);
	if (is_last)
		slot->len = at + len;
	if (slot->have != UINT32_MAX || !slot->len)
		return 0;
	slot->is_used = false;
	return (ssize_t)slot->len;
}

ssize_t userdp_join_add(struct userdp_join *join, uint8_t *buf, size_t len,
			uint64_t now_ms, uint8_t **out)
{
	struct join_slot *slot;
	uint32_t head;

	if (len <= USERDP_FRAGMENT_HEAD)
		return -EBADMSG;
	head = get32(buf);
	*out = buf + USERDP_FRAGMENT_HEAD;
	len -= USERDP_FRAGMENT_HEAD;
	if (HEAD_TYPE(head) == FRAGMENT_WHOLE)
		return head & HEAD_SPURIOUS ? -EBADMSG : (ssize_t)len;
	if (HEAD_TYPE(head) != FRAGMENT_MORE &&
	    HEAD_TYPE(head) != FRAGMENT_LAST)
		return -EBADMSG;
	if (!join)
		return -ENOBUFS;
	slot = join_slot(join, HEAD_SEQ(head), now_ms);
	slot->at = now_ms;
	*out = slot->data;
	return join_piece(join, slot, head, buf + USERDP_FRAGMENT_HEAD, len);
}
