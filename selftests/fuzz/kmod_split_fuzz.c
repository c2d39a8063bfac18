// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's cutting of super-packets. The input describes one as the stack
 * makes it, then bytes of its headers that are changed, and what the kernel
 * says about it that may be wrong. What is cut has become what segmentation
 * makes, byte for byte, with SIMD and without; what is not cut is as it was. Of
 * what the stack makes, nothing that fits a page is left to the kernel. The
 * same with segments behind one another, where what is left free around one may
 * be written to without changing another.
 */
#include "fuzz.h"
#include "kmod/kmod.h"
#include "kmod/skb.h"

#include "kmod/flow.h"
#include "kmod/row.h"

#define DCO_COMPAT_H
#define dco_compat_copy_tstamp(to, from)	((void)(to), (void)(from))

#define hweight32(x)	((unsigned int)__builtin_popcount(x))

static void *dco_slice_alloc(unsigned int size, unsigned int align);

#ifdef __x86_64__
#include "../../kmod/sum_avx2.c"
#else
static unsigned int fpu_asked, fpu_refused;
static bool fpu_is_begun;
#define csum_partial_copy_nocheck(from, to, len) \
	(memcpy(to, from, len), csum_partial(to, (int)(len), 0))
#include "../../kmod/sum_none.c"
#endif
#include "../../kmod/row.c"
#include "../../kmod/tx_split.c"

static void *dco_slice_alloc(unsigned int size, unsigned int align)
{
	return napi_alloc_frag_align(size, align);
}

enum kind {
	KIND_IPV6	= 1 << 0,
	KIND_UDP	= 1 << 1,
	KIND_FIXED_ID	= 1 << 2,
	KIND_ECN	= 1 << 3,
	KIND_PIECES	= 1 << 4,	/* payload is up to three */
	KIND_OWNED	= 1 << 5,	/* by a socket, of TCP or another one */
	KIND_ODD	= 1 << 6,	/* bytes of odd() follow */
	KIND_CHANGED	= 1 << 7,	/* as bytes that follow say */
};

struct input {
	const u8 *data;
	size_t len;
};

/**
 * struct super - a super-packet, and how it was made
 * @flow: its bytes
 * @data: room for them
 * @kind: enum kind
 * @gso_type: what the kernel says
 * @gso_size: likewise
 */
struct super {
	struct flow_super flow;
	u8 data[IP_MAX_MTU + 1];
	unsigned int kind;
	unsigned int gso_type;
	u16 gso_size;
};

static unsigned int take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->data++;
}

static void make_ip(struct super *s, struct input *in)
{
	struct flow_super *flow = &s->flow;
	u8 *d = s->data;
	size_t i;

	for (i = 0; i < 120; i++)
		d[i] = (u8)(take(in) + i);
	if (s->kind & KIND_IPV6) {
		d[0] = (u8)(0x60 | (d[0] & 15));
		d[6] = flow->proto;
		flow->l4 = 40;
	} else {
		/* options, seldom */
		i = d[0] % 64 < 55 ? 5 : 5 + d[0] % 11;
		d[0] = (u8)(0x40 | i);
		d[9] = flow->proto;
		flow_put16(d + 6, d[6] & 1 ? 0x4000 : 0);
		flow->l4 = i * 4;
	}
	flow->head = flow->l4 + 8;
	if (flow->proto == FLOW_TCP) {
		i = 5 + d[flow->l4 + 12] % 11;
		d[flow->l4 + 12] = (u8)(i << 4);
		flow->head = flow->l4 + i * 4;
	}
}

static void make(struct super *s, struct input *in)
{
	struct flow_super *flow = &s->flow;
	size_t payload, i;

	s->kind = take(in);
	s->gso_size = (u16)(take(in) << 8);
	s->gso_size = (u16)(s->gso_size | take(in));
	payload = take(in) << 8;
	payload |= take(in);
	*flow = (struct flow_super){
		.data = s->data, .size = s->gso_size,
		.proto = s->kind & KIND_UDP ? FLOW_UDP : FLOW_TCP,
		.has_fixed_id = !(s->kind & KIND_UDP) &&
				s->kind & KIND_FIXED_ID,
	};
	make_ip(s, in);
	flow->len = min(flow->head + payload, (size_t)IP_MAX_MTU);
	for (i = flow->head; i < flow->len; i++)
		s->data[i] = (u8)(i * 31 + (i >> 8));
	s->gso_type = s->kind & KIND_UDP ? SKB_GSO_UDP_L4 :
		      s->kind & KIND_IPV6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
	if (flow->has_fixed_id)
		s->gso_type |= SKB_GSO_TCP_FIXEDID;
	if (flow->proto == FLOW_TCP && s->kind & KIND_ECN)
		s->gso_type |= SKB_GSO_TCP_ECN;
}

/* Lengths and sums as the stack leaves them: of all of it, that of TCP or UDP
 * only begun.
 */
static void finish(struct super *s)
{
	const struct flow_super *flow = &s->flow;
	u16 sum;

	flow_finish(s->data, flow->len, flow->l4, flow->proto);
	sum = pseudo_csum(s->data + (s->kind & KIND_IPV6 ? 8 : 12),
			  s->kind & KIND_IPV6 ? 32 : 8,
			  (unsigned int)(flow->len - flow->l4), flow->proto, 0);
	sum = (u16)~sum;
	memcpy(s->data + flow_sum_at(flow->l4, flow->proto), &sum, 2);
}

/* Cuts the last piece in two, each memory of its own. */
static void cut_piece(struct sk_buff *skb, unsigned int at)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct skb_frag *frag, *rest;
	u8 *front;

	if (!shinfo->nr_frags)
		return;
	frag = &shinfo->frags[shinfo->nr_frags - 1];
	rest = frag + 1;
	if (at >= frag->len)
		return;
	front = malloc(at);
	rest->memory = rest->data = malloc(frag->len - at);
	if (!front || !rest->memory)
		abort();
	memcpy(front, frag->data, at);
	memcpy(rest->data, frag->data + at, frag->len - at);
	rest->len = frag->len - at;
	free(frag->memory);
	frag->memory = frag->data = front;
	frag->len = at;
	shinfo->nr_frags++;
}

static struct sk_buff *super_skb(const struct super *s, struct sock *sk)
{
	const struct flow_super *flow = &s->flow;
	size_t linear = s->kind & KIND_PIECES ? flow->head : flow->len;
	struct sk_buff *skb = skb_of(s->data, (unsigned int)flow->len, 16, 0,
				     (unsigned int)linear);

	cut_piece(skb, 1 + s->data[1] * 5);
	cut_piece(skb, 1 + s->data[8] * 5);
	skb->protocol = htons(s->kind & KIND_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	skb_set_transport_header(skb, (int)flow->l4);
	skb->csum_start = skb->transport_header;
	skb->csum_offset = flow->proto == FLOW_TCP ? 16 : 6;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->shinfo.gso_size = s->gso_size;
	skb->shinfo.gso_type = s->gso_type;
	skb->truesize = 99;
	skb->hash = 77;
	if (s->kind & KIND_OWNED) {
		skb->sk = sk;
		skb->destructor = sock_wfree;
	}
	return skb;
}

/* What may be asked of a packet that is none as the stack makes them */
enum verdict {
	VERDICT_CUT,	/* it is one of these */
	VERDICT_MAY,
	VERDICT_LEFT,	/* the kernel has to */
};

static enum verdict left_if(bool is_left)
{
	return is_left ? VERDICT_LEFT : VERDICT_MAY;
}

static bool is_type_left(unsigned int type)
{
	const unsigned int protos = SKB_GSO_TCPV4 | SKB_GSO_TCPV6 |
				    SKB_GSO_UDP_L4;

	return __builtin_popcount(type & protos) != 1 ||
	       type & ~(protos | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID);
}

/* What the kernel may say, and seldom does */
static enum verdict odd(struct sk_buff *skb, struct input *in)
{
	unsigned int value = take(in);

	switch (take(in) % 8) {
	case 0:
		skb->shinfo.gso_type = value | take(in) << 10;
		return left_if(is_type_left(skb->shinfo.gso_type));
	case 1:
		skb->encapsulation = true;
		return VERDICT_LEFT;
	case 2:
		skb->ip_summed = (u8)(value % 4);
		return left_if(skb->ip_summed != CHECKSUM_PARTIAL);
	case 3:
		skb->csum_offset = (u16)value;
		return VERDICT_MAY;
	case 4:
		skb->csum_start = (u16)value;
		return left_if(value != skb->transport_header);
	case 5:
		skb_set_transport_header(skb, (int)(value % skb_headlen(skb)));
		skb->csum_start = skb->transport_header;
		return VERDICT_MAY;
	case 6:
		skb->shinfo.tx_flags = (u8)value;
		return left_if(value & SKBTX_ANY_TSTAMP);
	default:
		return VERDICT_CUT;
	}
}

static enum verdict change(struct super *s, struct input *in)
{
	size_t n = take(in) % 8, at;

	while (n--) {
		at = take(in) % s->flow.head;
		s->data[at] ^= (u8)take(in);
	}
	return left_if(!(s->kind & KIND_IPV6) &&
		       (s->data[0] & 15) * 4u != s->flow.l4);
}

/* Does a segment fit a page, with all around it? */
static bool fits(const struct flow_super *flow)
{
	return SKB_HEAD_ALIGN(DCO_SPLIT_HEADROOM + flow->head + flow->size +
			      DCO_TAG_SIZE) <= PAGE_SIZE;
}

static void check_segment(const struct sk_buff *seg,
			  const struct flow_super *flow, size_t n)
{
	u8 out[PAGE_SIZE];
	size_t len = flow_segment(flow, n, out);

	FUZZ_CHECK(seg->len == len && !seg->data_len);
	FUZZ_CHECK(skb_headroom(seg) >= DCO_TX_HEADROOM);
	FUZZ_CHECK(skb_tailroom(seg) >= DCO_TAG_SIZE);
	FUZZ_CHECK(skb_transport_offset(seg) == (int)flow->l4);
	FUZZ_CHECK(!skb_network_offset(seg) && seg->hash == 77);
	FUZZ_CHECK(!memcmp(seg->data, out, len));
}

/* The first one has the owner, whoever may have several. */
static void check_owner(const struct sk_buff *first, const struct super *s,
			const struct sock *sk)
{
	const struct sk_buff *seg;

	FUZZ_CHECK(!!first->sk == !!(s->kind & KIND_OWNED));
	FUZZ_CHECK(!first->sk || (first->sk == sk && first->truesize == 99));
	for (seg = first->next; seg; seg = seg->next)
		FUZZ_CHECK(!seg->sk && !seg->destructor);
}

static void check_segments(const struct sk_buff *first,
			   const struct flow_super *flow)
{
	size_t n = (flow->len - flow->head + flow->size - 1) / flow->size;
	const struct sk_buff *seg;
	size_t i = 0;

	for (seg = first; seg; seg = seg->next)
		check_segment(seg, flow, i++);
	FUZZ_CHECK(i == n);
}

static void check_untouched(const struct sk_buff *skb, const struct super *s)
{
	static u8 data[IP_MAX_MTU + 1];

	FUZZ_CHECK(skb->len == s->flow.len);
	skb_copy_bits(skb, 0, data, skb->len);
	FUZZ_CHECK(!memcmp(data, s->data, skb->len));
	FUZZ_CHECK(!!skb->sk == !!(s->kind & KIND_OWNED));
}

/* As sealing does in its course: the tag lies behind the packet for a while. */
static void check_packed_one(const struct flow_super *flow, size_t n, u8 *at,
			     size_t len, size_t front, size_t back)
{
	u8 out[PAGE_SIZE];

	FUZZ_CHECK(len - front - back == flow_segment(flow, n, out));
	FUZZ_CHECK(!memcmp(at + front, out, len - front - back));
	memset(at, 0x5a, front);
	memset(at + len - back, 0x5a, DCO_TAG_SIZE);
}

static size_t check_packed(struct sk_buff *skb, const struct flow_super *flow,
			   size_t n, size_t front, size_t back)
{
	size_t size = flow->head + flow->size + front + back, len, left;
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	size_t from = n, i;
	u8 *at;

	FUZZ_CHECK(skb_headroom(skb) >= DCO_TX_HEADROOM && skb->hash == 77);
	FUZZ_CHECK(skb->end - skb->tail >= DCO_TAG_SIZE);
	check_packed_one(flow, n++, skb->data - front,
			 skb_headlen(skb) + front + back, front, back);
	for (i = 0; i < shinfo->nr_frags; i++) {
		at = shinfo->frags[i].data;
		left = shinfo->frags[i].len;
		for (; left; at += len, left -= len) {
			len = min(left, size);
			check_packed_one(flow, n++, at, len, front, back);
		}
	}
	FUZZ_CHECK(n - from <= DCO_GSO_SEGS_MAX);
	FUZZ_CHECK(n - from == 1 || (shinfo->gso_segs == n - from &&
		   shinfo->gso_size == size &&
		   shinfo->gso_type == SKB_GSO_UDP_L4));
	FUZZ_CHECK(skb->len + front + back <= DCO_GSO_LEN_MAX);
	return n;
}

static bool is_read(const struct sk_buff *skb)
{
	struct dco_split split;

	return dco_split_read(&split, skb) &&
	       (!split.is_tcp || dco_split_can_pack(&split));
}

/* Returns false if there was no memory. */
static bool pack(struct sk_buff *skb, const struct super *s,
		 const struct sock *sk, bool is_known)
{
	size_t front = s->data[3] & 1 ? 24 : 12, n = 0;
	size_t back = front == 24 ? 0 : DCO_TAG_SIZE;
	struct sk_buff *list, *one;
	struct dco_split split;

	row_len = s->data[4] * 200u;
	rows_left = s->data[5] & 7 ? UINT_MAX : s->data[5] / 8u;
	if (!dco_split_read(&split, skb))
		abort();
	list = dco_split_pack(&split, skb, (unsigned int)front,
			      (unsigned int)back);
	FUZZ_CHECK(!fpu_is_begun);
	if (!list) {
		FUZZ_CHECK(!row_len || rows_left != UINT_MAX);
		return false;
	}
	check_owner(list, s, sk);
	for (one = list; one && is_known; one = one->next)
		n = check_packed(one, &s->flow, n, front, back);
	FUZZ_CHECK(!is_known || n == split.segs);
	kfree_skb_list(list);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct sk_buff *skb, *segs;
	static struct super s;
	enum verdict verdict = VERDICT_CUT, other = VERDICT_CUT;
	struct sock sk = { 0 };

	make(&s, &in);
	/* then it is no super-packet, which the caller has looked at */
	if (!s.gso_size)
		return 0;
	finish(&s);
	if (s.kind & KIND_CHANGED)
		verdict = change(&s, &in);
	sk.is_tcp = s.flow.proto == FLOW_TCP;
	skb = super_skb(&s, &sk);
	if (s.kind & KIND_ODD)
		other = odd(skb, &in);
	/* only what has not moved can be told */
	if (other > verdict || other == VERDICT_MAY)
		verdict = other;
	fpu_asked = 0;
	fpu_refused = s.data[1] % 4;
	if (s.data[2] & 1 && verdict != VERDICT_LEFT && is_read(skb)) {
		if (!pack(skb, &s, &sk, verdict == VERDICT_CUT)) {
			check_untouched(skb, &s);
			kfree_skb(skb);
		}
		FUZZ_CHECK(!n_rows);
		return 0;
	}
	segs = dco_split(skb);
	FUZZ_CHECK(!fpu_is_begun);
	if (IS_ERR(segs)) {
		FUZZ_CHECK(PTR_ERR(segs) == -EOPNOTSUPP);
		FUZZ_CHECK(verdict != VERDICT_CUT || !fits(&s.flow) ||
			   s.flow.head + s.gso_size >= s.flow.len);
		check_untouched(skb, &s);
		kfree_skb(skb);
		return 0;
	}
	FUZZ_CHECK(verdict != VERDICT_LEFT);
	check_owner(segs, &s, &sk);
	if (verdict == VERDICT_CUT)
		check_segments(segs, &s.flow);
	kfree_skb_list(segs);
	return 0;
}
