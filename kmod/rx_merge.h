/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_MERGE_H
#define DCO_RX_MERGE_H

#include <linux/types.h>

#include "rx_row.h"

struct dco_dev;
struct sk_buff;

/**
 * struct dco_segment - what matters of a TCP segment
 * @ip_len: length of the IP header in bytes
 * @head_len: length of both headers in bytes
 * @seq: sequence number
 * @ip_id: IPv4 identification
 */
struct dco_segment {
	unsigned int ip_len;
	unsigned int head_len;
	u32 seq;
	u16 ip_id;
};

/**
 * struct dco_merge - a packet that waits for those that continue it
 * @head: the packet, or NULL
 * @packets: how many it is by now
 * @bytes: length of all of them as they came
 * @size: payload of each but the last in bytes
 * @max: what a packet may grow to, in bytes
 * @next: what the one that continues it has to say; valid if @is_open
 * @row: where its payload is, but for what it had at first
 * @ip_id_step: what the IPv4 identification grows by; valid if @packets > 1
 * @is_allowed: whether packets may be merged at all
 * @is_read: whether @next and @is_open are set
 * @is_open: whether another packet may follow
 */
struct dco_merge {
	struct sk_buff *head;
	unsigned int packets;
	unsigned int bytes;
	unsigned int size;
	unsigned int max;
	struct dco_segment next;
	struct dco_rx_row row;
	u16 ip_id_step;
	bool is_allowed;
	bool is_read;
	bool is_open;
};

void dco_merge_init(struct dco_merge *merge, const struct dco_dev *dco);
void dco_merge_exit(struct dco_merge *merge);
void dco_merge_begin(struct dco_merge *merge, struct sk_buff *skb);
bool dco_merge_append(struct dco_merge *merge, struct sk_buff *skb);
u8 *dco_merge_place(struct dco_merge *merge, unsigned int len,
		    unsigned int more);
void dco_merge_restore(struct dco_merge *merge);
bool dco_merge_take(struct dco_merge *merge, const u8 *data, unsigned int len);
struct sk_buff *dco_merge_finish(struct dco_merge *merge);

#endif /* DCO_RX_MERGE_H */
