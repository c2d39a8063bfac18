// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's merging of received packets. The input is steps: a packet of
 * anybody, or what a sender would send next after the last one, or nearly that.
 * Packets are opened in place or to where they may continue others. Each packet
 * that comes out, cut by the rules of segmentation, is the packets that went
 * in, byte for byte and in their order, and stays so. Where there is no memory
 * for more it is asked for once.
 */
#include "fuzz.h"
#include "kmod/kmod.h"
#include "kmod/skb.h"

#include "kmod/flow.h"

/* not all that a device is */
#define DCO_DEVICE_H
struct dco_dev {
	struct net_device *dev;
};

#include "kmod/row.h"

#include "../../kmod/row.c"
#include "../../kmod/rx_row.c"
#include "../../kmod/rx_merge.c"

#define PACKETS_MAX	256
#define PACKET_MAX	2048

enum step {
	STEP_FRESH	= 1 << 0,	/* length and bytes follow */
	STEP_ID		= 1 << 1,	/* grows by the byte that follows */
	STEP_SHORTER	= 1 << 2,	/* by the byte that follows */
	STEP_FLAGS	= 1 << 3,	/* XORed with the byte that follows */
	STEP_CHANGE	= 1 << 4,	/* place and value follow: change() */
	STEP_ROOM	= 1 << 5,	/* free memory behind the packet */
	STEP_PIECES	= 1 << 6,	/* two; with STEP_ROOM options of TCP
					 * are in the second
					 */
	STEP_LOCKED	= 1 << 7,	/* its memory is shared */
};

struct input {
	const u8 *data;
	size_t len;
};

struct packet {
	size_t len;
	u8 data[PACKET_MAX];
};

/* what went in and has not come out */
static struct packet queue[PACKETS_MAX];
static size_t queue_from, queue_to;

/* what has come out */
static struct {
	struct sk_buff *skb;
	u8 *copy;
} held[PACKETS_MAX];
static size_t n_held;

static unsigned int take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->data++;
}

/* Where TCP begins, if it is something to be merged: 0 if not. */
static size_t find_tcp(const struct packet *p)
{
	const u8 *d = p->data;

	if (p->len >= 40 && d[0] == 0x45 && d[9] == FLOW_TCP)
		return 20;
	if (p->len >= 60 && d[0] >> 4 == 6 && d[6] == FLOW_TCP)
		return 40;
	return 0;
}

static size_t head_len(const struct packet *p, size_t tcp)
{
	return tcp + (p->data[tcp + 12] >> 4) * 4u;
}

static bool is_ip(const struct packet *p)
{
	return (p->len >= 20 && p->data[0] >> 4 == 4) ||
	       (p->len >= 40 && p->data[0] >> 4 == 6);
}

static void make_fresh(struct packet *p, struct input *in)
{
	size_t len = take(in);

	len = len << 8 | take(in);
	len = min(len % PACKET_MAX, in->len);
	memcpy(p->data, in->data, len);
	p->len = len;
	in->data += len;
	in->len -= len;
}

static void make_next(struct packet *p, const struct packet *last,
		      unsigned int step, struct input *in)
{
	size_t tcp = find_tcp(last), head, less;

	*p = *last;
	if (!tcp)
		return;
	head = head_len(last, tcp);
	if (head > last->len)
		return;
	flow_put32(p->data + tcp + 4, flow_get32(last->data + tcp + 4) +
		   (u32)(last->len - head));
	if (tcp == 20)
		flow_put16(p->data + 4, flow_get16(last->data + 4) +
			   (step & STEP_ID ? take(in) % 4 : 1));
	less = step & STEP_SHORTER ? take(in) : 0;
	p->len -= min(less, p->len - head);
	if (step & STEP_FLAGS)
		p->data[tcp + 13] ^= (u8)take(in);
}

/* From 128 on, places are of what no checksum of TCP is over, and stay as they
 * are; of other places sums are made right afterwards.
 */
static void change(struct packet *p, unsigned int place, u8 value)
{
	size_t tcp;
	u16 sum;

	if (place < 128 && p->len)
		p->data[place % p->len] = value;
	/* only what is authentic comes here, so sums are right */
	tcp = find_tcp(p);
	if (tcp) {
		/* it means nothing without URG, and GRO does not look at it */
		flow_put16(p->data + tcp + 18, 0);
		flow_finish(p->data, p->len, tcp, FLOW_TCP);
	}
	if (place < 128 || !tcp)
		return;
	p->data[place % 8] = value;
	if (tcp != 20)
		return;
	flow_put16(p->data + 10, 0);
	sum = ip_fast_csum(p->data, 5);
	memcpy(p->data + 10, &sum, 2);
}

static void check_alone(const struct sk_buff *skb)
{
	const struct packet *p = &queue[queue_from++];
	u8 data[PACKET_MAX];

	FUZZ_CHECK(skb->len == p->len && !skb->shinfo.gso_size);
	skb_copy_bits(skb, 0, data, skb->len);
	FUZZ_CHECK(!memcmp(data, p->data, p->len));
}

static void check_super(const struct sk_buff *skb, unsigned int packets,
			unsigned int max)
{
	static u8 data[IP_MAX_MTU + 1];
	struct flow_super super = {
		.data = data, .len = skb->len, .size = skb->shinfo.gso_size,
		.l4 = (size_t)skb_transport_offset(skb), .proto = FLOW_TCP,
		.has_fixed_id = skb->shinfo.gso_type & SKB_GSO_TCP_FIXEDID,
	};
	u8 out[PACKET_MAX];
	size_t n, len;
	u16 sum;

	FUZZ_CHECK(skb->len <= max && skb->ip_summed == CHECKSUM_PARTIAL);
	skb_copy_bits(skb, 0, data, skb->len);
	super.head = super.l4 + (data[super.l4 + 12] >> 4) * 4u;
	FUZZ_CHECK(super.head <= skb_headlen(skb));
	FUZZ_CHECK(super.size && skb->shinfo.gso_segs == packets);
	FUZZ_CHECK((super.len - super.head + super.size - 1) / super.size ==
		   packets);
	FUZZ_CHECK(skb->csum_start == skb->transport_header);
	FUZZ_CHECK(skb->csum_offset == 16);
	/* what hardware would begin with */
	len = super.len - super.l4;
	sum = pseudo_csum(data + (data[0] >> 4 == 4 ? 12 : 8),
			  data[0] >> 4 == 4 ? 8 : 32, (unsigned int)len,
			  FLOW_TCP, 0);
	sum = (u16)~sum;
	FUZZ_CHECK(!memcmp(&sum, data + super.l4 + 16, 2));
	for (n = 0; n < packets; n++) {
		const struct packet *p = &queue[queue_from++];

		len = flow_segment(&super, n, out);
		FUZZ_CHECK(len == p->len && !memcmp(out, p->data, len));
	}
}

/* The stack has a packet from now on; a copy tells whether it stays so. */
static void hold(struct sk_buff *skb)
{
	u8 *copy = malloc(skb->len);

	FUZZ_CHECK(copy && n_held < PACKETS_MAX);
	skb_copy_bits(skb, 0, copy, skb->len);
	held[n_held].skb = skb;
	held[n_held++].copy = copy;
}

static void check_stays(size_t i)
{
	static u8 data[IP_MAX_MTU + 1];
	const struct sk_buff *skb = held[i].skb;

	skb_copy_bits(skb, 0, data, skb->len);
	FUZZ_CHECK(!memcmp(data, held[i].copy, skb->len));
}

/* Also while another one is open behind it. */
static void check_recent(void)
{
	size_t i;

	for (i = n_held; i && i + 4 > n_held; i--)
		check_stays(i - 1);
}

static void check_held(void)
{
	for (; n_held; n_held--) {
		check_stays(n_held - 1);
		kfree_skb(held[n_held - 1].skb);
		free(held[n_held - 1].copy);
	}
}

static void deliver(struct dco_merge *merge)
{
	struct sk_buff *skb = dco_merge_finish(merge);
	size_t from = queue_from, bytes = 0;

	if (!skb)
		return;
	FUZZ_CHECK(merge->packets <= queue_to - queue_from);
	if (merge->packets == 1)
		check_alone(skb);
	else
		check_super(skb, merge->packets, merge->max);
	while (from < queue_from)
		bytes += queue[from++].len;
	FUZZ_CHECK(bytes == merge->bytes);
	hold(skb);
}

/* Opens a packet to where it may continue another one: one byte more may have
 * been expected, and one before it may have failed. Returns NULL if it has
 * become a part of the other one; what is to be done with it otherwise.
 */
static struct sk_buff *open_to(struct dco_merge *merge, const struct packet *p,
			       unsigned int step)
{
	unsigned int len = (unsigned int)p->len, most = len + !!(step & 1);
	struct sk_buff *skb;
	u8 *to;

	to = step & STEP_LOCKED ? dco_merge_place(merge, most, most) : NULL;
	if (to) {
		memset(to, 0x5a, most);
		check_recent();
		dco_merge_restore(merge);
	}
	to = dco_merge_place(merge, most, most + 3 * len);
	if (!to)
		return skb_of(p->data, len, 32, 0, len);
	memcpy(to, p->data, len);
	check_recent();
	if (dco_merge_take(merge, to, len))
		return NULL;
	skb = skb_of(to, len, 32, 0, len);
	dco_merge_restore(merge);
	return skb;
}

static struct sk_buff *open_in_place(const struct packet *p, unsigned int step)
{
	size_t tcp = find_tcp(p), linear = p->len;
	struct sk_buff *skb;

	if (step & STEP_PIECES && tcp)
		linear = step & STEP_ROOM ? tcp + 20 : head_len(p, tcp);
	skb = skb_of(p->data, (unsigned int)p->len, 32,
		     step & STEP_ROOM ? 700 : 0, (unsigned int)linear);
	skb->is_locked = step & STEP_LOCKED;
	return skb;
}

static void send_packet(struct dco_merge *merge, const struct packet *p,
			unsigned int step)
{
	struct sk_buff *skb;

	/* by then no part of it is expected to be elsewhere */
	if (row_len && !(step & STEP_PIECES))
		skb = open_to(merge, p, step);
	else
		skb = open_in_place(p, step);
	if (!skb || dco_merge_append(merge, skb))
		return;
	/* the one in hand is not the last of the queue */
	queue_to--;
	deliver(merge);
	queue_to++;
	dco_merge_begin(merge, skb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_device dev = { .features = NETIF_F_RXCSUM };
	const struct dco_dev dco = { .dev = &dev };
	struct input in = { data, size };
	struct dco_merge merge;
	unsigned int step, place;
	struct packet *p;

	queue_from = queue_to = 0;
	dev.gro_max_size = take(&in);
	/* where packets are opened to */
	row_len = dev.gro_max_size % 4 * 5000;
	rows_left = (dev.gro_max_size & 0xc0) == 0x80 ?
		    dev.gro_max_size / 4 % 4 : UINT_MAX;
	dev.gro_max_size *= 300;
	dco_merge_init(&merge, &dco);
	while (in.len && queue_to < PACKETS_MAX) {
		step = take(&in);
		p = &queue[queue_to];
		if (step & STEP_FRESH || !queue_to)
			make_fresh(p, &in);
		else
			make_next(p, p - 1, step, &in);
		place = step & STEP_CHANGE ? take(&in) : 0;
		change(p, place, step & STEP_CHANGE ? (u8)take(&in) :
		       p->data[0]);
		if (!is_ip(p))
			continue;
		queue_to++;
		send_packet(&merge, p, step);
	}
	deliver(&merge);
	dco_merge_exit(&merge);
	check_held();
	FUZZ_CHECK(queue_from == queue_to && !n_rows);
	return 0;
}
