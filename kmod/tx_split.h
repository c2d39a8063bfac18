/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_SPLIT_H
#define DCO_TX_SPLIT_H

#include <linux/types.h>
#include <net/checksum.h>

struct sk_buff;

/* IPv6 and TCP with timestamps, and some more */
#define DCO_SPLIT_HEAD_MAX	80

/**
 * struct dco_split - a super-packet that is being cut
 * @skb: the super-packet, data at the IP header
 * @ip_len: length of the IP headers in bytes
 * @head_len: length of all headers in bytes
 * @size: payload of each segment but the last in bytes
 * @segs: how many segments it makes
 * @seq: TCP sequence number of the first one
 * @ip_id: IPv4 identification of the first one
 * @ip_id_step: what it grows by
 * @pseudo: sum over the pseudo-header, but for the length
 * @is_v4: IPv4 or IPv6
 * @is_tcp: TCP or UDP
 * @has_middle: are the following three valid? While segments are written:
 * @middle: headers of any segment that is neither the first nor the last, but
 *	for identification, sequence number and checksums, which are 0; what is
 *	behind them means nothing
 * @ip_sum: over the IPv4 header in @middle
 * @l4_sum: over the header of TCP or UDP in it, and the pseudo-header
 * @is_fast: between dco_sum_begin() and dco_sum_end(), which use the rest:
 * @at: payload that has not been copied
 * @left: how many bytes of it are in one piece
 * @next: index of the next piece
 */
struct dco_split {
	const struct sk_buff *skb;
	unsigned int ip_len;
	unsigned int head_len;
	unsigned int size;
	unsigned int segs;
	u32 seq;
	u16 ip_id;
	u16 ip_id_step;
	__wsum pseudo;
	bool is_v4;
	bool is_tcp;
	bool has_middle;
	bool is_fast;
	__wsum ip_sum;
	__wsum l4_sum;
	u8 middle[DCO_SPLIT_HEAD_MAX];
	const u8 *at;
	unsigned int left;
	unsigned int next;
};

bool dco_split_read(struct dco_split *split, const struct sk_buff *skb);
struct sk_buff *dco_split(struct sk_buff *skb);
bool dco_split_can_pack(const struct dco_split *split);
struct sk_buff *dco_split_pack(struct dco_split *split, struct sk_buff *skb,
			       unsigned int front, unsigned int back);

#endif /* DCO_TX_SPLIT_H */
