// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of the TUN device, and super-packets cut into packets. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "userdp/private.h"

#define SEGMENTS_MAX	2048	/* more than any host makes of a frame */

/* A checksum that was left to us: from @start to the end, put at @offset. */
static int frame_finish_sum(struct userdp_frame *frame, size_t start,
			    size_t offset)
{
	uint8_t *at = frame->pkt + start + offset;
	uint16_t word;

	if (start + offset + 2 > frame->len)
		return -EBADMSG;
	word = (uint16_t)~userdp_fold(userdp_sum(frame->pkt + start,
						 frame->len - start, 0));
	/* UDP's way to say that there is none */
	if (!word)
		word = 0xffff;
	userdp_sum_put(at, word);
	return 0;
}

static bool frame_is_ip(const struct userdp_frame *frame)
{
	return frame->len >= IP4_LEN &&
	       (is_ip4(frame->pkt) ||
		(frame->pkt[0] >> 4 == 6 && frame->len >= IP6_LEN));
}

/* Where TCP or UDP begins, as the offload header says it. */
static int frame_find_l4(struct userdp_frame *frame, size_t start)
{
	size_t ip = is_ip4(frame->pkt) ? (frame->pkt[0] & 0xfu) * 4 : IP6_LEN;
	bool is_udp = frame->gso == USERDP_GSO_UDP;
	size_t min = is_udp ? UDP_LEN : TCP_LEN;
	size_t tcp;

	if (ip < IP4_LEN || start < ip ||
	    (is_ip4(frame->pkt) && start != ip) || start + min > frame->len)
		return -EBADMSG;
	frame->l4 = start;
	frame->head_len = start + UDP_LEN;
	if (!is_udp) {
		tcp = (frame->pkt[start + TCP_OFFSET] >> 4) * 4u;
		if (tcp < TCP_LEN)
			return -EBADMSG;
		frame->head_len = start + tcp;
	}
	return frame->head_len < frame->len &&
	       frame->head_len <= USERDP_HEAD_MAX ? 0 : -EBADMSG;
}

/* What is the same in the headers of all segments is summed once. */
static void frame_prepare(struct userdp_frame *frame)
{
	uint8_t *head = frame->head;
	uint8_t *l4 = head + frame->l4;
	bool is_tcp = frame->gso == USERDP_GSO_TCP;
	uint16_t id;

	memcpy(head, frame->pkt, frame->head_len);
	if (is_ip4(head)) {
		id = get16(head + IP4_ID);
		put16(head + IP4_ID, 0);
		put16(head + IP4_TOTAL, 0);
		put16(head + IP4_SUM, 0);
		frame->ip_sum = userdp_sum(head, frame->l4, 0);
		put16(head + IP4_ID, id);
	}
	put16(l4 + (is_tcp ? TCP_SUM : UDP_SUM), 0);
	frame->l4_sum = userdp_sum_pseudo(head, is_tcp ? IPPROTO_TCP :
							 IPPROTO_UDP);
	frame->pos = frame->head_len;
}

static int frame_parse_gso(struct userdp_frame *frame,
			   const struct userdp_vnet *vnet)
{
	size_t payload;
	int err;

	switch (vnet->gso_type & ~VNET_GSO_ECN) {
	case VNET_GSO_TCPV4:
	case VNET_GSO_TCPV6:
		frame->gso = USERDP_GSO_TCP;
		break;
	case VNET_GSO_UDP_L4:
		frame->gso = USERDP_GSO_UDP;
		break;
	default:
		return -EBADMSG;
	}
	if (!(vnet->flags & VNET_NEEDS_CSUM) || !vnet->gso_size)
		return -EBADMSG;
	if (vnet->csum_start < frame->ether_len)
		return -EBADMSG;
	err = frame_find_l4(frame, vnet->csum_start - frame->ether_len);
	if (err)
		return err;
	payload = frame->len - frame->head_len;
	frame->size = vnet->gso_size;
	frame->n_segs = (unsigned int)((payload + frame->size - 1) /
				       frame->size);
	if (frame->n_segs > SEGMENTS_MAX)
		return -EBADMSG;
	frame_prepare(frame);
	return 0;
}

/* Only what is to be cut is looked at behind what stands in front of it. */
static int frame_parse_ether(struct userdp_frame *frame, bool is_super)
{
	size_t ip;

	if (frame->len < USERDP_ETHER_LEN)
		return -EBADMSG;
	if (!is_super)
		return 0;
	ip = userdp_ether_ip(frame->pkt, frame->len);
	if (!ip)
		return -EBADMSG;
	memcpy(frame->ether, frame->pkt, ip);
	frame->ether_len = ip;
	frame->pkt += ip;
	frame->len -= ip;
	return 0;
}

int userdp_frame_parse(struct userdp_frame *frame,
		       const struct userdp_tun *tun, uint8_t *data, size_t len)
{
	struct userdp_vnet vnet = { 0 };
	bool is_super;

	if (tun->has_vnet) {
		if (len < USERDP_VNET_LEN)
			return -EBADMSG;
		userdp_vnet_read(&vnet, data);
		data += USERDP_VNET_LEN;
		len -= USERDP_VNET_LEN;
	}
	is_super = vnet.gso_type != VNET_GSO_NONE;
	frame->pkt = data;
	frame->len = len;
	frame->gso = USERDP_GSO_NONE;
	frame->n_segs = 1;
	frame->pos = 0;
	frame->ether_len = 0;
	if (tun->is_ether && frame_parse_ether(frame, is_super))
		return -EBADMSG;
	if (frame->len > USERDP_PACKET_MAX ||
	    ((is_super || !tun->is_ether) && !frame_is_ip(frame)))
		return -EBADMSG;
	if (is_super)
		return frame_parse_gso(frame, &vnet);
	if (vnet.flags & VNET_NEEDS_CSUM)
		return frame_finish_sum(frame, vnet.csum_start,
					vnet.csum_offset);
	return 0;
}

int userdp_frame_read(struct userdp_frame *frame, const struct userdp_tun *tun)
{
	/* so that the packet itself begins at a round address */
	size_t head = tun->has_peers ? USERDP_PEER_LEN : USERDP_VNET_LEN;
	uint8_t *data = frame->buf + 64 - head;
	ssize_t n;

	do {
		n = read(tun->fd, data,
			 head + USERDP_ETHER_MAX + USERDP_PACKET_MAX);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (tun->has_peers) {
		if (n < USERDP_PEER_LEN)
			return n ? -EBADMSG : -ENODEV;
		frame->peer_id = userdp_peer_read(data);
		data += USERDP_PEER_LEN;
		n -= USERDP_PEER_LEN;
	}
	return userdp_frame_parse(frame, tun, data, (size_t)n) ? -EBADMSG : 1;
}

const uint8_t *userdp_frame_head(const struct userdp_frame *frame,
				 size_t *len)
{
	bool is_cut = frame->gso != USERDP_GSO_NONE;

	*len = is_cut ? frame->head_len : frame->len;
	return is_cut ? frame->head : frame->pkt;
}

/* The IP header of segment @index, @len bytes long with its headers. */
static void frame_write_ip(const struct userdp_frame *frame, uint8_t *pkt,
			   unsigned int index, size_t len)
{
	uint16_t id;
	uint64_t sum;

	if (!is_ip4(pkt)) {
		put16(pkt + IP6_PAYLOAD, len - IP6_LEN);
		return;
	}
	id = (uint16_t)(get16(pkt + IP4_ID) + index);
	put16(pkt + IP4_ID, id);
	put16(pkt + IP4_TOTAL, len);
	sum = frame->ip_sum + userdp_sum16(id) + userdp_sum16(len);
	userdp_sum_put(pkt + IP4_SUM, (uint16_t)~userdp_fold(sum));
}

/* What only the first or the last segment of TCP may say. */
static void frame_write_tcp(const struct userdp_frame *frame, uint8_t *tcp,
			    bool is_last)
{
	uint32_t at = (uint32_t)(frame->pos - frame->head_len);

	if (!is_last)
		tcp[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (at)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	put32(tcp + TCP_SEQ, get32(tcp + TCP_SEQ) + at);
}

static void frame_write_sum(const struct userdp_frame *frame, uint8_t *l4,
			    size_t len)
{
	uint64_t sum = frame->l4_sum + userdp_sum16(len);
	uint16_t word = (uint16_t)~userdp_fold(userdp_sum(l4, len, sum));

	if (frame->gso == USERDP_GSO_TCP)
		userdp_sum_put(l4 + TCP_SUM, word);
	else
		userdp_sum_put(l4 + UDP_SUM, word ? word : 0xffff);
}

uint8_t *userdp_frame_next(struct userdp_frame *frame, size_t *len)
{
	size_t left = frame->len - frame->pos, n, total;
	unsigned int index;
	uint8_t *pkt;

	if (!left)
		return NULL;
	if (frame->gso == USERDP_GSO_NONE) {
		frame->pos = frame->len;
		*len = frame->len;
		return frame->pkt;
	}
	index = (unsigned int)((frame->pos - frame->head_len) / frame->size);
	n = left < frame->size ? left : frame->size;
	total = frame->head_len + n;
	pkt = frame->pkt + frame->pos - frame->head_len;
	memcpy(pkt, frame->head, frame->head_len);
	frame_write_ip(frame, pkt, index, total);
	if (frame->gso == USERDP_GSO_TCP)
		frame_write_tcp(frame, pkt + frame->l4, n == left);
	else
		put16(pkt + frame->l4 + UDP_LENGTH, total - frame->l4);
	frame_write_sum(frame, pkt + frame->l4, total - frame->l4);
	frame->pos += n;
	pkt -= frame->ether_len;
	memcpy(pkt, frame->ether, frame->ether_len);
	*len = frame->ether_len + total;
	return pkt;
}
