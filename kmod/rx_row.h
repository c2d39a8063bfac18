/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_ROW_H
#define DCO_RX_ROW_H

#include <linux/types.h>

struct sk_buff;

/* the headers of an IPv6 packet of TCP with all its options */
#define DCO_ROW_OVER_MAX	100U

/**
 * struct dco_row - payloads of a burst that follow one another in memory
 * @base: the memory, of which we have a reference, or NULL
 * @at: where the next payload belongs
 * @floor: what is below has left us, and is not to be touched
 * @left: bytes free from there on
 * @over: how many bytes in front of @at are overwritten for now
 * @is_last: does the memory in front of @at belong to the packet that grows?
 * @saved: what is overwritten
 */
struct dco_row {
	u8 *base;
	u8 *at;
	u8 *floor;
	unsigned int left;
	unsigned int over;
	bool is_last;
	u8 saved[DCO_ROW_OVER_MAX];
};

void dco_row_init(struct dco_row *row);
void dco_row_begin(struct dco_row *row);
void dco_row_end(struct dco_row *row);
u8 *dco_row_open(struct dco_row *row, unsigned int over, unsigned int len,
		 unsigned int more);
void dco_row_restore(struct dco_row *row);
void dco_row_give(struct dco_row *row, struct sk_buff *skb, unsigned int len);

#endif /* DCO_RX_ROW_H */
