// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opened packets on their way to the TUN device: those of one flow that
 * continue one another are written as one super-packet.
 *
 * The rules are those of GRO, so that a super-packet that is forwarded can be
 * cut again into what came. Its checksum is only prepared: packets that were
 * authentic are not summed, as in the module.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem/mem.h"
#include "userdp/private.h"

/* Only in a segment that stands alone, and only in the last one. */
#define MERGE_FLAGS_ALONE	(TCP_CWR | TCP_URG | TCP_RST | TCP_SYN)
#define MERGE_FLAGS_LAST	(TCP_PSH | TCP_FIN)

#define MERGE_TOTAL_MAX		65535
#define MERGE_UDP_MAX		64	/* datagrams, as old kernels allow */
#define MERGE_DF		0x4000

int userdp_merge_init(struct userdp_merge *merge, const struct userdp_tun *tun)
{
	memset(merge, 0, sizeof(*merge));
	merge->tun = tun;
	merge->n_extra = 1;
	merge->buf = malloc(USERDP_MERGE_BYTES);
	return merge->buf ? 0 : -ENOMEM;
}

void userdp_merge_free(struct userdp_merge *merge)
{
	if (merge->buf)
		mem_wipe(merge->buf, USERDP_MERGE_BYTES);
	free(merge->buf);
	merge->buf = NULL;
}

uint8_t *userdp_merge_slot(struct userdp_merge *merge, size_t len)
{
	/* Each begins in a cache line of its own. */
	merge->used = (merge->used + 63) & ~(size_t)63;
	if (merge->used + len > USERDP_MERGE_BYTES)
		userdp_merge_flush(merge);
	return merge->buf + merge->used;
}

/* ---- what a packet is ------------------------------------------------ */

static size_t merge_addrs(const uint8_t *pkt, size_t *len)
{
	*len = is_ip4(pkt) ? 8 : 32;
	return is_ip4(pkt) ? IP4_ADDRS : IP6_ADDRS;
}

/* Where TCP or UDP begins in a packet without peculiarities; else 0. */
static size_t merge_find_l4(const uint8_t *pkt, size_t len, uint8_t *proto)
{
	if (len >= IP4_LEN && pkt[0] == 0x45) {
		*proto = pkt[IP4_PROTO];
		return get16(pkt + IP4_TOTAL) == len &&
		       !(get16(pkt + IP4_FRAG) & IP4_FRAG_MASK) &&
		       userdp_fold(userdp_sum(pkt, IP4_LEN, 0)) == 0xffff ?
		       IP4_LEN : 0;
	}
	if (len >= IP6_LEN && pkt[0] >> 4 == 6) {
		*proto = pkt[IP6_NEXT];
		return len - IP6_LEN == get16(pkt + IP6_PAYLOAD) ? IP6_LEN : 0;
	}
	return 0;
}

/* false: not even the ports are there */
static bool merge_parse(struct userdp_super *pack, uint8_t *pkt, size_t len)
{
	uint8_t proto = 0;
	size_t l4 = merge_find_l4(pkt, len, &proto);

	*pack = (struct userdp_super){
		.pkt = pkt, .len = len, .total = len, .n = 1,
	};
	if (!l4)
		return false;
	pack->l4 = (uint8_t)l4;
	pack->ip_id = is_ip4(pkt) ? get16(pkt + IP4_ID) : 0;
	if (proto == IPPROTO_TCP && len >= l4 + TCP_LEN) {
		pack->gso = USERDP_GSO_TCP;
		pack->head_len = (uint8_t)(l4 + (pkt[l4 + TCP_OFFSET] >> 4) *
					   4u);
		pack->seq = get32(pkt + l4 + TCP_SEQ);
		return pack->head_len >= l4 + TCP_LEN && pack->head_len <= len;
	}
	if (proto == IPPROTO_UDP && len >= l4 + UDP_LEN) {
		pack->gso = USERDP_GSO_UDP;
		pack->head_len = (uint8_t)(l4 + UDP_LEN);
		return get16(pkt + l4 + UDP_LENGTH) == len - l4;
	}
	return false;
}

static bool merge_is_same_flow(const struct userdp_super *a,
			       const struct userdp_super *b)
{
	size_t len, at;

	if (a->gso != b->gso || a->l4 != b->l4 ||
	    memcmp(a->pkt + a->l4, b->pkt + b->l4, 4))
		return false;
	at = merge_addrs(a->pkt, &len);
	return !memcmp(a->pkt + at, b->pkt + at, len);
}

/* May it be the first, or the next, of several? */
static bool merge_is_candidate(const struct userdp_merge *merge,
			       const struct userdp_super *pack)
{
	const uint8_t *l4 = pack->pkt + pack->l4;

	if (pack->head_len == pack->len)
		return false;
	if (pack->gso == USERDP_GSO_TCP)
		return !(l4[TCP_FLAGS] & MERGE_FLAGS_ALONE);
	/* Without a checksum it has to stay as it is. */
	return merge->tun->has_uso && get16(l4 + UDP_SUM);
}

/* ---- what continues what --------------------------------------------- */

static bool merge_is_same_ip(const uint8_t *a, const uint8_t *b)
{
	/* class, time to live, DF; version, class, flow label, hop limit */
	if (is_ip4(a))
		return a[1] == b[1] && a[8] == b[8] &&
		       !memcmp(a + IP4_FRAG, b + IP4_FRAG, 2);
	return !memcmp(a, b, 4) && a[7] == b[7];
}

/* All but sequence number, checksum and what the last one may say. */
static bool merge_is_same_tcp(const uint8_t *a, const uint8_t *b, size_t len)
{
	return !memcmp(a + 8, b + 8, 5) &&
	       !((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~MERGE_FLAGS_LAST) &&
	       !memcmp(a + 14, b + 14, 2) &&
	       !memcmp(a + 18, b + 18, len - 18);
}

/*
 * IPv4 identifications grow by one, or stay as they are where they do not
 * matter.
 */
static bool merge_is_id_next(const struct userdp_super *super,
			     const struct userdp_super *pack)
{
	uint16_t step = (uint16_t)(pack->ip_id - super->ip_id);

	if (!is_ip4(super->pkt))
		return true;
	if (super->n > 1)
		return step == super->id_step;
	return step == 1 ||
	       (!step && get16(super->pkt + IP4_FRAG) & MERGE_DF);
}

static bool merge_fits(const struct userdp_super *super,
		       const struct userdp_super *pack)
{
	size_t len = pack->len - pack->head_len;

	if (!super->is_open || len > super->size ||
	    super->total + len > MERGE_TOTAL_MAX ||
	    super->head_len != pack->head_len ||
	    !merge_is_same_ip(super->pkt, pack->pkt) ||
	    !merge_is_id_next(super, pack))
		return false;
	if (super->gso == USERDP_GSO_UDP)
		return super->n < MERGE_UDP_MAX;
	return pack->seq == super->seq &&
	       merge_is_same_tcp(super->pkt + super->l4, pack->pkt + pack->l4,
				 super->head_len - super->l4);
}

/* After a packet with @len bytes of payload. */
static void merge_expect(struct userdp_super *super,
			 const struct userdp_super *pack, size_t len)
{
	super->seq = pack->seq + (uint32_t)len;
	super->ip_id = pack->ip_id;
	super->is_open = len == super->size;
	if (super->gso == USERDP_GSO_TCP &&
	    pack->pkt[pack->l4 + TCP_FLAGS] & MERGE_FLAGS_LAST)
		super->is_open = false;
}

static void merge_append(struct userdp_merge *merge,
			 struct userdp_super *super,
			 const struct userdp_super *pack)
{
	unsigned int i = merge->n_extra++;
	struct userdp_extra *extra = &merge->extra[i];
	size_t len = pack->len - pack->head_len;

	extra->iov = (struct iovec){ pack->pkt + pack->head_len, len };
	extra->next = 0;
	if (super->last)
		merge->extra[super->last].next = i;
	else
		super->first = i;
	super->last = i;
	if (super->n++ == 1)
		super->id_step = (uint16_t)(pack->ip_id - super->ip_id);
	super->total += len;
	if (super->gso == USERDP_GSO_TCP)
		super->pkt[super->l4 + TCP_FLAGS] |=
			pack->pkt[pack->l4 + TCP_FLAGS] & MERGE_FLAGS_LAST;
	merge_expect(super, pack, len);
}

/* ---- the packets of a batch ------------------------------------------ */

static struct userdp_super **merge_find_open(struct userdp_merge *merge,
					     const struct userdp_super *pack)
{
	unsigned int i;

	for (i = 0; i < USERDP_MERGE_FLOWS; i++) {
		if (merge->open[i] && merge_is_same_flow(merge->open[i], pack))
			return &merge->open[i];
	}
	return NULL;
}

/* Where to remember an open one: in place of one that is not, or the oldest. */
static struct userdp_super **merge_free_open(struct userdp_merge *merge)
{
	unsigned int i;

	for (i = 0; i < USERDP_MERGE_FLOWS; i++) {
		if (!merge->open[i] || !merge->open[i]->is_open)
			return &merge->open[i];
	}
	return &merge->open[merge->next_open++ % USERDP_MERGE_FLOWS];
}

/* A packet that continues none before it. */
static void merge_begin(struct userdp_merge *merge,
			const struct userdp_super *pack,
			struct userdp_super **open)
{
	struct userdp_super *super = &merge->supers[merge->n_supers++];

	*super = *pack;
	if (!merge_is_candidate(merge, pack))
		return;
	super->size = pack->len - pack->head_len;
	merge_expect(super, pack, super->size);
	if (super->is_open)
		*(open ? open : merge_free_open(merge)) = super;
}

static void merge_known(struct userdp_merge *merge,
			const struct userdp_super *pack)
{
	struct userdp_super **open = merge_find_open(merge, pack);

	if (open && merge_is_candidate(merge, pack) &&
	    merge_fits(*open, pack)) {
		merge_append(merge, *open, pack);
		return;
	}
	if (open)
		*open = NULL;
	merge_begin(merge, pack, open);
}

void userdp_merge_add(struct userdp_merge *merge, uint32_t peer_id, size_t len)
{
	uint8_t *pkt = merge->buf + merge->used;
	struct userdp_super pack;

	merge->used += len;
	if (merge->tun->has_vnet && !merge->tun->is_ether &&
	    merge_parse(&pack, pkt, len)) {
		merge_known(merge, &pack);
	} else {
		/* of whatever flow it is, nothing must overtake it */
		memset(merge->open, 0, sizeof(merge->open));
		merge->supers[merge->n_supers++] = (struct userdp_super){
			.pkt = pkt, .len = len, .total = len, .n = 1,
			.peer_id = peer_id,
		};
	}
	if (merge->n_supers == USERDP_MERGE_PACKETS ||
	    merge->n_extra > USERDP_MERGE_PACKETS)
		userdp_merge_flush(merge);
}

/* ---- writing --------------------------------------------------------- */

static void merge_write_head(const struct userdp_super *super)
{
	bool is_tcp = super->gso == USERDP_GSO_TCP;
	uint8_t *pkt = super->pkt, *l4 = pkt + super->l4;
	size_t len = super->total - super->l4;
	uint64_t sum;

	if (is_ip4(pkt)) {
		put16(pkt + IP4_TOTAL, super->total);
		put16(pkt + IP4_SUM, 0);
		sum = userdp_sum(pkt, IP4_LEN, 0);
		userdp_sum_put(pkt + IP4_SUM, (uint16_t)~userdp_fold(sum));
	} else {
		put16(pkt + IP6_PAYLOAD, len);
	}
	if (!is_tcp)
		put16(l4 + UDP_LENGTH, len);
	sum = userdp_sum_pseudo(pkt, is_tcp ? IPPROTO_TCP : IPPROTO_UDP);
	userdp_sum_put(l4 + (is_tcp ? TCP_SUM : UDP_SUM),
		       userdp_fold(sum + userdp_sum16(len)));
}

static void merge_write_vnet(const struct userdp_super *super, uint8_t *out)
{
	bool is_tcp = super->gso == USERDP_GSO_TCP;
	struct userdp_vnet vnet = { .flags = VNET_DATA_VALID };

	if (super->n > 1) {
		vnet.flags = VNET_NEEDS_CSUM;
		vnet.gso_type = VNET_GSO_UDP_L4;
		if (is_tcp)
			vnet.gso_type = is_ip4(super->pkt) ? VNET_GSO_TCPV4 :
							     VNET_GSO_TCPV6;
		vnet.hdr_len = super->head_len;
		vnet.gso_size = (uint16_t)super->size;
		vnet.csum_start = super->l4;
		vnet.csum_offset = is_tcp ? TCP_SUM : UDP_SUM;
	}
	userdp_vnet_write(&vnet, out);
}

static void merge_write(struct userdp_merge *merge,
			const struct userdp_super *super)
{
	uint8_t head[USERDP_VNET_LEN];
	unsigned int n = 0, i;
	ssize_t ret;

	if (merge->tun->has_vnet) {
		merge_write_vnet(super, head);
		merge->iov[n++] = (struct iovec){ head, USERDP_VNET_LEN };
	} else if (merge->tun->has_peers) {
		userdp_peer_write(super->peer_id, head);
		merge->iov[n++] = (struct iovec){ head, USERDP_PEER_LEN };
	}
	if (super->n > 1)
		merge_write_head(super);
	merge->iov[n++] = (struct iovec){ super->pkt, super->len };
	for (i = super->first; i; i = merge->extra[i].next)
		merge->iov[n++] = merge->extra[i].iov;
	do {
		ret = writev(merge->tun->fd, merge->iov, (int)n);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		merge->lost += super->n;
}

void userdp_merge_flush(struct userdp_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->n_supers; i++)
		merge_write(merge, &merge->supers[i]);
	memset(merge->open, 0, sizeof(merge->open));
	merge->n_supers = 0;
	merge->n_extra = 1;
	merge->used = 0;
}
