/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_ROW_H
#define DCO_ROW_H

#include <linux/types.h>

struct sk_buff;

/**
 * struct dco_row - payloads that follow one another in memory
 * @base: the memory, of which we have a reference, or NULL
 * @at: what of it has not been used yet
 * @left: how many bytes that is
 * @is_last: is what is in front of @at the end of the packet that grows? To be
 *	cleared when another one does.
 */
struct dco_row {
	u8 *base;
	u8 *at;
	unsigned int left;
	bool is_last;
};

void dco_row_init(struct dco_row *row);
void dco_row_end(struct dco_row *row);
bool dco_row_refill(struct dco_row *row, unsigned int size);
bool dco_row_append(struct dco_row *row, struct sk_buff *skb, unsigned int len);

#endif /* DCO_ROW_H */
