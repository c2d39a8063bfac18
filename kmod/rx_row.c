// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the payloads of a burst go that are to become one packet: to the end of
 * the one before, so that they are one fragment and not dozens, which each has
 * to be appended, checked, copied from and freed, and of which a packet has
 * room for 17. A packet is opened to there, headers and all. The headers lie
 * over the end of the payload before, which is put back when they have been
 * looked at.
 *
 * Nobody sees that end meanwhile: the packet that it belongs to is still ours.
 */
#include <linux/mm.h>
#include <linux/skbuff.h>

#include "rx_row.h"
#include "slice.h"

/**
 * dco_row_init() - begin with no memory
 * @row: to be set up
 */
void dco_row_init(struct dco_row *row)
{
	row->base = NULL;
	row->at = NULL;
	row->left = 0;
	dco_row_begin(row);
}

/**
 * dco_row_begin() - what comes belongs to another packet
 * @row: not open
 *
 * The one before may be in others' hands from here on.
 */
void dco_row_begin(struct dco_row *row)
{
	row->floor = row->at;
	row->is_last = false;
}

/**
 * dco_row_end() - be done with the rest of the memory
 * @row: not open
 */
void dco_row_end(struct dco_row *row)
{
	if (row->base)
		put_page(virt_to_head_page(row->base));
	row->base = NULL;
}

/* Gets memory for @size bytes of packets, or as many as there are in one piece,
 * which is enough for one.
 */
static bool dco_row_extend(struct dco_row *row, unsigned int over,
			   unsigned int size)
{
	dco_row_end(row);
	dco_row_init(row);
	row->base = dco_slice_take(&size);
	if (unlikely(!row->base))
		return false;
	row->floor = row->base;
	row->at = row->base + over;
	row->left = size - over;
	return true;
}

/**
 * dco_row_open() - a place for the next packet
 * @row: not open
 * @over: length of its headers in bytes
 * @len: what it is at most, headers and all, more than @over
 * @more: what it and those after it may be together
 *
 * To be followed by dco_row_restore() or dco_row_give().
 *
 * Context: BH disabled.
 * Return: where it may be written to; NULL for one that is unusually long, or
 * if there is no memory.
 */
u8 *dco_row_open(struct dco_row *row, unsigned int over, unsigned int len,
		 unsigned int more)
{
	unsigned int above = row->at - row->floor;
	unsigned int gap = above < over ? over - above : 0;

	if (unlikely(len > DCO_SLICE_LEAST || over > sizeof(row->saved)))
		return NULL;
	if (likely(row->left >= gap + len - over)) {
		row->at += gap;
		row->left -= gap;
	} else if (!dco_row_extend(row, over, max(more, len))) {
		return NULL;
	}
	row->over = over;
	memcpy(row->saved, row->at - over, over);
	return row->at - over;
}

/**
 * dco_row_restore() - put back what has been overwritten
 * @row: open
 */
void dco_row_restore(struct dco_row *row)
{
	memcpy(row->at - row->over, row->saved, row->over);
}

/**
 * dco_row_give() - the payload of the packet becomes a part of another one
 * @row: open
 * @skb: the other one, which has room for a fragment, is nobody else's and has
 *	no owner
 * @len: length of the payload in bytes
 */
void dco_row_give(struct dco_row *row, struct sk_buff *skb, unsigned int len)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct page *page;

	dco_row_restore(row);
	if (likely(row->is_last)) {
		skb_frag_size_add(&shinfo->frags[shinfo->nr_frags - 1], len);
		skb->len += len;
		skb->data_len += len;
		skb->truesize += len;
	} else {
		page = virt_to_head_page(row->base);
		get_page(page);
		skb_add_rx_frag(skb, shinfo->nr_frags, page,
				row->at - (u8 *)page_address(page), len, len);
		row->is_last = true;
	}
	row->at += len;
	row->left -= len;
}
