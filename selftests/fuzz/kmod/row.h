/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that packets share, as kmod/slice.c gives it: each reference to it is
 * counted, and each such memory is an allocation of its own.
 */
#ifndef FUZZ_KMOD_ROW_H
#define FUZZ_KMOD_ROW_H

#include "skb.h"

#define DCO_SLICE_H
#define DCO_SLICE_LEAST	4096U

struct page {
	int refs;
	u8 data[];
};

/* how many exist; the longest that there is, 0: none, and how many are left;
 * how often there was none
 */
static unsigned int n_rows, row_len, rows_left = UINT_MAX;

#define virt_to_head_page(at)						\
	((struct page *)((at) - offsetof(struct page, data)))
#define page_address(page)	((void *)(page)->data)
#define get_page(page)		((page)->refs++)

static inline void put_page(struct page *page)
{
	if (page->refs <= 0)
		abort();
	if (--page->refs)
		return;
	n_rows--;
	free(page);
}

static inline void row_put(u8 *data)
{
	put_page(virt_to_head_page(data));
}

static inline void *dco_slice_take(unsigned int *size)
{
	struct page *page = NULL;

	*size = min(*size, max_t(unsigned int, DCO_SLICE_LEAST, row_len));
	if (row_len && rows_left) {
		page = malloc(sizeof(*page) + *size);
		rows_left--;
	}
	if (!page)
		return NULL;
	page->refs = 1;
	n_rows++;
	return page->data;
}

/* with the caller's reference */
static inline void skb_add_rx_frag(struct sk_buff *skb, int i,
				   struct page *page, long off,
				   unsigned int len, unsigned int truesize)
{
	if (i != skb->shinfo.nr_frags || i >= MAX_SKB_FRAGS)
		abort();
	skb->shinfo.frags[i] = (struct skb_frag){
		page->data, page->data + off, len, row_put,
	};
	skb->shinfo.nr_frags++;
	skb->len += len;
	skb->data_len += len;
	skb->truesize += truesize;
}

static inline void skb_coalesce_rx_frag(struct sk_buff *skb, int i,
					unsigned int len, unsigned int truesize)
{
	if (i < 0 || i + 1 != skb->shinfo.nr_frags)
		abort();
	skb->shinfo.frags[i].len += len;
	skb->len += len;
	skb->data_len += len;
	skb->truesize += truesize;
}

#endif
