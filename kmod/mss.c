// SPDX-License-Identifier: GPL-2.0-only
/*
 * The largest segment that a TCP host announces when it connects. What is
 * larger than the tunnel carries in one piece would be fragmented outside, and
 * a super-packet of such segments could not leave as one.
 *
 * Works on bytes and nothing else: packets come from the network.
 */
#include <linux/in.h>

#include "mss.h"

#define DCO_IP4_SIZE		20
#define DCO_IP6_SIZE		40
#define DCO_TCP_SIZE		20

/* in IPv4's fragment field: more fragments, and the offset */
#define DCO_IP4_FRAG_MASK	0x3fff

/* IPv6 headers that may stand before TCP */
#define DCO_IP6_HOP_BY_HOP	0
#define DCO_IP6_ROUTING		43
#define DCO_IP6_OPTIONS		60
#define DCO_IP6_HEADERS_MAX	8

#define DCO_TCP_CHECK		16
#define DCO_TCP_FLAG_SYN	0x02

#define DCO_TCP_OPT_END		0
#define DCO_TCP_OPT_NOP		1
#define DCO_TCP_OPT_MSS		2
#define DCO_TCP_OPT_MSS_SIZE	4

static u16 dco_mss_get16(const u8 *at)
{
	return at[0] << 8 | at[1];
}

static void dco_mss_put16(u8 *at, u16 value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

/* The offset of what is not fragmented TCP in IPv4; 0 if it is something else.
 * Reduces @len to what the header says.
 */
static size_t dco_mss_find_tcp4(const u8 *packet, size_t *len)
{
	size_t total, head;

	if (*len < DCO_IP4_SIZE || packet[9] != IPPROTO_TCP ||
	    dco_mss_get16(packet + 6) & DCO_IP4_FRAG_MASK)
		return 0;
	head = (packet[0] & 0xf) * 4;
	total = dco_mss_get16(packet + 2);
	if (head < DCO_IP4_SIZE || total < head || total > *len)
		return 0;
	*len = total;
	return head;
}

/* the same in IPv6 */
static size_t dco_mss_find_tcp6(const u8 *packet, size_t *len)
{
	size_t total, at = DCO_IP6_SIZE;
	u8 next;
	int i;

	if (*len < DCO_IP6_SIZE)
		return 0;
	total = DCO_IP6_SIZE + dco_mss_get16(packet + 4);
	if (total > *len)
		return 0;
	*len = total;

	next = packet[6];
	for (i = 0; i < DCO_IP6_HEADERS_MAX; i++) {
		if (next == IPPROTO_TCP)
			return at;
		/* what else there is says that it must not be changed, or
		 * that this is not all of it
		 */
		if (next != DCO_IP6_HOP_BY_HOP && next != DCO_IP6_ROUTING &&
		    next != DCO_IP6_OPTIONS)
			return 0;
		if (total - at < 8)
			return 0;
		next = packet[at];
		at += (packet[at + 1] + 1) * 8;
		if (at > total)
			return 0;
	}
	return 0;
}

/* Where TCP's header is, and where it ends; 0 if there is none */
static size_t dco_mss_find_header(const u8 *packet, size_t len, size_t *end)
{
	size_t tcp;

	if (!len)
		return 0;
	if (packet[0] >> 4 == 4)
		tcp = dco_mss_find_tcp4(packet, &len);
	else if (packet[0] >> 4 == 6)
		tcp = dco_mss_find_tcp6(packet, &len);
	else
		return 0;
	if (!tcp || len - tcp < DCO_TCP_SIZE)
		return 0;
	*end = tcp + (packet[tcp + 12] >> 4) * 4;
	return *end <= len && *end >= tcp + DCO_TCP_SIZE ? tcp : 0;
}

/**
 * dco_mss_find_syn() - does a packet open a TCP connection?
 * @packet: an IP packet
 * @len: bytes at @packet
 *
 * Return: the offset of the TCP header, to be given to dco_mss_clamp(), or 0.
 */
size_t dco_mss_find_syn(const u8 *packet, size_t len)
{
	size_t tcp, end;

	tcp = dco_mss_find_header(packet, len, &end);
	return tcp && packet[tcp + 13] & DCO_TCP_FLAG_SYN ? tcp : 0;
}

/* Replaces the 16 bits at @at by @value. They may stand at an odd place of what
 * the checksum covers.
 */
static void dco_mss_replace(u8 *packet, size_t tcp, size_t at, u16 value)
{
	u8 *check = packet + tcp + DCO_TCP_CHECK;
	u16 old = dco_mss_get16(packet + at);
	u16 new = value;
	u32 sum;

	if ((at - tcp) & 1) {
		old = old << 8 | old >> 8;
		new = new << 8 | new >> 8;
	}
	/* RFC 1624, equation 3 */
	sum = (u16)~dco_mss_get16(check);
	sum += (u16)~old;
	sum += new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	dco_mss_put16(check, ~sum);
	dco_mss_put16(packet + at, value);
}

/**
 * dco_mss_clamp() - lower what a host announces
 * @packet: an IP packet whose checksums are final
 * @len: bytes at @packet
 * @tcp: what dco_mss_find_syn() returned for it
 * @max: the largest segment to allow
 *
 * An option that makes no sense is left as it is, and so is all behind it. A
 * host that announces nothing expects small segments anyway.
 *
 * Return: true if the packet has changed.
 */
bool dco_mss_clamp(u8 *packet, size_t len, size_t tcp, u16 max)
{
	size_t at = tcp + DCO_TCP_SIZE;
	bool is_changed = false;
	size_t end, size;

	if (dco_mss_find_header(packet, len, &end) != tcp || !tcp)
		return false;
	while (at < end && packet[at] != DCO_TCP_OPT_END) {
		if (packet[at] == DCO_TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (end - at < 2)
			break;
		size = packet[at + 1];
		if (size < 2 || size > end - at)
			break;
		/* hosts take the last of several */
		if (packet[at] == DCO_TCP_OPT_MSS &&
		    size == DCO_TCP_OPT_MSS_SIZE &&
		    dco_mss_get16(packet + at + 2) > max) {
			dco_mss_replace(packet, tcp, at + 2, max);
			is_changed = true;
		}
		at += size;
	}
	return is_changed;
}
