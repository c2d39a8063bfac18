// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payloads behind one another in memory, which are one fragment of their packet
 * and not dozens. Each of those would have to be appended, checked, copied from
 * and freed, and a packet has room for 17.
 */
#include <linux/mm.h>
#include <linux/skbuff.h>

#include "row.h"
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
	row->is_last = false;
}

/**
 * dco_row_end() - be done with the rest of the memory
 * @row: the row; may begin anew
 */
void dco_row_end(struct dco_row *row)
{
	if (row->base)
		put_page(virt_to_head_page(row->base));
	dco_row_init(row);
}

/**
 * dco_row_refill() - take other memory
 * @row: the row
 * @size: how many bytes are wanted, more than none; it may be fewer, but not
 *	fewer than DCO_SLICE_LEAST if as many are wanted
 *
 * Context: BH disabled.
 * Return: false if there is none; then @row has none.
 */
bool dco_row_refill(struct dco_row *row, unsigned int size)
{
	dco_row_end(row);
	row->base = dco_slice_take(&size);
	if (unlikely(!row->base))
		return false;
	row->at = row->base;
	row->left = size;
	return true;
}

/* What is next in a row becomes another fragment of a packet. Returns false if
 * that has no room for it.
 */
static noinline bool dco_row_begin(struct dco_row *row, struct sk_buff *skb,
				   unsigned int len)
{
	int n = skb_shinfo(skb)->nr_frags;
	struct page *page;

	if (unlikely(n == MAX_SKB_FRAGS))
		return false;
	page = virt_to_head_page(row->base);
	get_page(page);
	skb_add_rx_frag(skb, n, page, row->at - (u8 *)page_address(page), len,
			len);
	row->is_last = true;
	return true;
}

/**
 * dco_row_append() - what is next in a row becomes the end of a packet
 * @row: the row, with @len bytes left
 * @skb: the packet; nobody else's, without owner
 * @len: how many bytes
 *
 * Return: false if the packet has no room for another fragment.
 */
bool dco_row_append(struct dco_row *row, struct sk_buff *skb, unsigned int len)
{
	if (likely(row->is_last))
		skb_coalesce_rx_frag(skb, skb_shinfo(skb)->nr_frags - 1, len,
				     len);
	else if (unlikely(!dco_row_begin(row, skb, len)))
		return false;
	row->at += len;
	row->left -= len;
	return true;
}
