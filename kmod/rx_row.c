// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the payloads of a burst go that are to become one packet: to the end of
 * the one before. A packet is opened to there, headers and all. The headers lie
 * over the end of the payload before, which is put back when they have been
 * looked at.
 *
 * Nobody sees that end meanwhile: the packet that it belongs to is still ours.
 */
#include <linux/skbuff.h>

#include "row.h"
#include "rx_row.h"
#include "slice.h"

/**
 * dco_rx_row_init() - begin with no memory
 * @row: to be set up
 */
void dco_rx_row_init(struct dco_rx_row *row)
{
	dco_row_init(&row->mem);
	dco_rx_row_begin(row);
}

/**
 * dco_rx_row_begin() - what comes belongs to another packet
 * @row: not open
 *
 * The one before may be in others' hands from here on.
 */
void dco_rx_row_begin(struct dco_rx_row *row)
{
	row->floor = row->mem.at;
	row->mem.is_last = false;
}

/**
 * dco_rx_row_end() - be done with the rest of the memory
 * @row: not open
 */
void dco_rx_row_end(struct dco_rx_row *row)
{
	dco_row_end(&row->mem);
}

/* Gets memory for @size bytes of packets, or as many as there are in one piece,
 * which is enough for one.
 */
static bool dco_rx_row_extend(struct dco_rx_row *row, unsigned int size)
{
	bool is_there = dco_row_refill(&row->mem, size);

	dco_rx_row_begin(row);
	return is_there;
}

/**
 * dco_rx_row_open() - a place for the next packet
 * @row: not open
 * @over: length of its headers in bytes
 * @len: what it is at most, headers and all, more than @over
 * @more: what it and those after it may be together
 *
 * To be followed by dco_rx_row_restore() or dco_rx_row_give().
 *
 * Context: BH disabled.
 * Return: where it may be written to; NULL for one that is unusually long, or
 * if there is no memory.
 */
u8 *dco_rx_row_open(struct dco_rx_row *row, unsigned int over, unsigned int len,
		    unsigned int more)
{
	const unsigned int most = sizeof(row->saved);
	unsigned int above = row->mem.at - row->floor;
	unsigned int gap = above < most ? most - above : 0;

	if (unlikely(over > most || len > DCO_SLICE_LEAST - most))
		return NULL;
	if (unlikely(row->mem.left < gap + len - over)) {
		if (!dco_rx_row_extend(row, max(more, len) + most))
			return NULL;
		gap = most;
	}
	row->mem.at += gap;
	row->mem.left -= gap;
	/* a number of bytes that is known is copied without a loop */
	memcpy(row->saved, row->mem.at - most, most);
	return row->mem.at - over;
}

static void dco_rx_row_put_back(const struct dco_rx_row *row, u8 *at)
{
	memcpy(at - sizeof(row->saved), row->saved, sizeof(row->saved));
}

/**
 * dco_rx_row_restore() - put back what has been overwritten
 * @row: open
 */
void dco_rx_row_restore(struct dco_rx_row *row)
{
	dco_rx_row_put_back(row, row->mem.at);
}

/**
 * dco_rx_row_give() - the payload of the packet becomes a part of another one
 * @row: open
 * @skb: the other one, nobody else's and without owner
 * @len: length of the payload in bytes
 *
 * Return: false if the other one has no room for another fragment; then @row is
 * still open.
 */
bool dco_rx_row_give(struct dco_rx_row *row, struct sk_buff *skb,
		     unsigned int len)
{
	u8 *at = row->mem.at;

	if (unlikely(!dco_row_append(&row->mem, skb, len)))
		return false;
	dco_rx_row_put_back(row, at);
	return true;
}
