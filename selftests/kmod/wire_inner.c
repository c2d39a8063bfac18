// SPDX-License-Identifier: GPL-2.0-or-later
/* Payloads: made from a description, and looked into. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovpn_sock.h"
#include "wire.h"

#define INNER_V4_HEAD 20
#define INNER_V6_HEAD 40
#define INNER_UDP_HEAD 8
#define INNER_TCP_HEAD 20

static const uint8_t inner_ping[16] = {
	0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb,
	0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48,
};

static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Sum over the pseudo header and @len bytes of the transport packet. */
static uint16_t inner_sum(const uint8_t *ip, const uint8_t *l4, size_t len,
			  uint8_t proto)
{
	uint32_t sum = (uint32_t)len + proto;

	if (ip[0] >> 4 == 4)
		sum = sum_add(sum, ip + 12, 8);
	else
		sum = sum_add(sum, ip + 8, 32);
	return sum_fold(sum_add(sum, l4, len));
}

static int make_ip(const char *src, const char *dst, uint8_t *ip, size_t len,
		   uint8_t proto)
{
	memset(ip, 0, INNER_V6_HEAD);
	if (strchr(src, ':')) {
		ip[0] = 0x60;
		put16(ip + 4, len);
		ip[6] = proto;
		ip[7] = 64;
		if (inet_pton(AF_INET6, src, ip + 8) != 1 ||
		    inet_pton(AF_INET6, dst, ip + 24) != 1)
			return -EINVAL;
		return INNER_V6_HEAD;
	}
	ip[0] = 0x45;
	put16(ip + 2, len + INNER_V4_HEAD);
	ip[8] = 64;
	ip[9] = proto;
	if (inet_pton(AF_INET, src, ip + 12) != 1 ||
	    inet_pton(AF_INET, dst, ip + 16) != 1)
		return -EINVAL;
	put16(ip + 10, sum_fold(sum_add(0, ip, INNER_V4_HEAD)));
	return INNER_V4_HEAD;
}

static int make_udp(char *text, uint8_t *out, size_t *len)
{
	char *field[5], *save = NULL;
	size_t size, i;
	uint8_t *udp;
	int head;

	for (i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : text, ",", &save);
		if (!field[i])
			return -EINVAL;
	}
	size = (size_t)atoi(field[4]);
	if (size > WIRE_MAX - INNER_V6_HEAD - INNER_UDP_HEAD - 100)
		return -EINVAL;
	head = make_ip(field[0], field[1], out, size + INNER_UDP_HEAD,
		       IPPROTO_UDP);
	if (head < 0)
		return head;
	udp = out + head;
	put16(udp, (size_t)atoi(field[2]));
	put16(udp + 2, (size_t)atoi(field[3]));
	put16(udp + 4, size + INNER_UDP_HEAD);
	put16(udp + 6, 0);
	for (i = 0; i < size; i++)
		udp[INNER_UDP_HEAD + i] = (uint8_t)('a' + i % 26);
	put16(udp + 6, inner_sum(out, udp, size + INNER_UDP_HEAD,
				 IPPROTO_UDP));
	*len = (size_t)head + INNER_UDP_HEAD + size;
	return 0;
}

static int make_tcp(char *text, uint8_t *out, size_t *len)
{
	uint8_t options[40] = { 0 }, before[64], flags[1], *tcp;
	int n_options, n_before = 0, head;
	char *field[6] = { NULL };
	size_t i, size;

	for (i = 0; i < 6; i++)
		field[i] = strsep(&text, ",");
	if (!field[3] || ovpn_sock_hex(field[2], flags, 1) != 1)
		return -EINVAL;
	n_options = ovpn_sock_hex(field[3], options, sizeof(options));
	if (field[5])
		n_before = ovpn_sock_hex(field[5], before, sizeof(before));
	if (n_options < 0 || n_before < 0)
		return -EINVAL;
	n_options = (n_options + 3) / 4 * 4;
	size = INNER_TCP_HEAD + (size_t)n_options;
	head = make_ip(field[0], field[1], out, size + (size_t)n_before,
		       field[5] ? (uint8_t)atoi(field[4]) : IPPROTO_TCP);
	if (head < 0)
		return head;
	memcpy(out + head, before, (size_t)n_before);
	tcp = out + head + n_before;
	memset(tcp, 0, INNER_TCP_HEAD);
	put16(tcp, 5);
	put16(tcp + 2, 9);
	tcp[12] = (uint8_t)(size / 4 << 4);
	tcp[13] = flags[0];
	put16(tcp + 14, 1000);
	memcpy(tcp + INNER_TCP_HEAD, options, (size_t)n_options);
	put16(tcp + 16, inner_sum(out, tcp, size, IPPROTO_TCP));
	*len = (size_t)head + (size_t)n_before + size;
	return 0;
}

void wire_inner_set_tos(uint8_t *ip, uint8_t tos)
{
	if (ip[0] >> 4 == 6) {
		ip[0] = (uint8_t)(0x60 | tos >> 4);
		ip[1] = (uint8_t)((ip[1] & 0xf) | tos << 4);
		return;
	}
	ip[1] = tos;
	put16(ip + 10, 0);
	put16(ip + 10, sum_fold(sum_add(0, ip, (size_t)(ip[0] & 15) * 4)));
}

int wire_inner_make(const char *text, uint8_t *out, size_t *len)
{
	char copy[4096];
	int err = 0, n;

	snprintf(copy, sizeof(copy), "%s", text);
	if (!strcmp(text, "ping")) {
		memcpy(out, inner_ping, sizeof(inner_ping));
		*len = sizeof(inner_ping);
	} else if (!strncmp(text, "text,", 5)) {
		*len = strlen(text + 5);
		memcpy(out, text + 5, *len);
	} else if (!strncmp(text, "hex,", 4)) {
		n = ovpn_sock_hex(text + 4, out, WIRE_MAX);
		*len = n < 0 ? 0 : (size_t)n;
		err = n < 0 ? n : 0;
	} else if (!strncmp(text, "udp,", 4)) {
		err = make_udp(copy + 4, out, len);
	} else if (!strncmp(text, "tcp,", 4)) {
		err = make_tcp(copy + 4, out, len);
	} else {
		err = -EINVAL;
	}
	if (err)
		fprintf(stderr, "%s: not a payload\n", text);
	return err;
}

static bool l4_is_good(const uint8_t *ip, const uint8_t *l4, size_t len,
		       uint8_t proto)
{
	switch (proto) {
	case IPPROTO_UDP:
		if (len < INNER_UDP_HEAD || get16(l4 + 4) != len)
			return false;
		/* no checksum: allowed in IPv4 */
		if (!get16(l4 + 6))
			return ip[0] >> 4 == 4;
		return !inner_sum(ip, l4, len, proto);
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		return !inner_sum(ip, l4, len, proto);
	case IPPROTO_ICMP:
		return !sum_fold(sum_add(0, l4, len));
	}
	return true;
}

/* " flags=02 options=020405b4" */
static void parse_tcp(const uint8_t *tcp, size_t len,
		      struct wire_inner *inner)
{
	size_t end, i, n = strlen(inner->text);

	if (len < INNER_TCP_HEAD)
		return;
	end = (size_t)(tcp[12] >> 4) * 4;
	n += (size_t)snprintf(inner->text + n, sizeof(inner->text) - n,
			      " flags=%02x options=", tcp[13]);
	for (i = INNER_TCP_HEAD; i < end && i < len; i++)
		n += (size_t)snprintf(inner->text + n,
				      sizeof(inner->text) - n, "%02x", tcp[i]);
}

static void add_tos(struct wire_inner *inner, unsigned int tos)
{
	size_t n = strlen(inner->text);

	if (tos)
		snprintf(inner->text + n, sizeof(inner->text) - n,
			 " tos=%02x", tos);
}

/* The transport header behind IPv6's extension headers, all of which have to
 * have a length in units of 8 bytes; its protocol in @proto
 */
static size_t skip_v6(const uint8_t *data, size_t len, uint8_t *proto)
{
	size_t at = INNER_V6_HEAD;

	*proto = data[6];
	while (len - at >= 8 && (*proto == IPPROTO_HOPOPTS ||
				 *proto == IPPROTO_ROUTING ||
				 *proto == IPPROTO_DSTOPTS)) {
		size_t size = (size_t)(data[at + 1] + 1) * 8;

		if (size > len - at)
			break;
		*proto = data[at];
		at += size;
	}
	return at;
}

static void parse_v4(const uint8_t *data, size_t len,
		     struct wire_inner *inner)
{
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN];
	size_t head = (size_t)(data[0] & 15) * 4, frag;

	if (len < INNER_V4_HEAD || head < INNER_V4_HEAD || len < head)
		return;
	inner->size = get16(data + 2);
	frag = get16(data + 6) & 0x3fff;
	inner->is_good = inner->size == len &&
			 !sum_fold(sum_add(0, data, head)) &&
			 (frag || l4_is_good(data, data + head, len - head,
					     data[9]));
	inet_ntop(AF_INET, data + 12, src, sizeof(src));
	inet_ntop(AF_INET, data + 16, dst, sizeof(dst));
	snprintf(inner->text, sizeof(inner->text),
		 "ip4 proto=%u src=%s dst=%s%s", data[9], src, dst,
		 frag ? " fragment" : "");
	add_tos(inner, data[1]);
	if (data[9] == IPPROTO_TCP && !frag)
		parse_tcp(data + head, len - head, inner);
}

static void parse_v6(const uint8_t *data, size_t len,
		     struct wire_inner *inner)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	uint8_t proto;
	size_t head;

	if (len < INNER_V6_HEAD)
		return;
	head = skip_v6(data, len, &proto);
	inner->size = get16(data + 4) + INNER_V6_HEAD;
	inner->is_good = inner->size == len &&
			 l4_is_good(data, data + head, len - head, proto);
	inet_ntop(AF_INET6, data + 8, src, sizeof(src));
	inet_ntop(AF_INET6, data + 24, dst, sizeof(dst));
	snprintf(inner->text, sizeof(inner->text),
		 "ip6 proto=%u src=%s dst=%s", proto, src, dst);
	add_tos(inner, (unsigned int)(data[0] << 4 | data[1] >> 4) & 0xff);
	if (proto == IPPROTO_TCP)
		parse_tcp(data + head, len - head, inner);
}

void wire_inner_parse(const uint8_t *data, size_t len,
		      struct wire_inner *inner)
{
	size_t i, n = 0;

	memset(inner, 0, sizeof(*inner));
	inner->size = len;
	if (len == sizeof(inner_ping) && !memcmp(data, inner_ping, len)) {
		inner->is_good = true;
		snprintf(inner->text, sizeof(inner->text), "ping");
	} else if (len && data[0] >> 4 == 4) {
		parse_v4(data, len, inner);
	} else if (len && data[0] >> 4 == 6) {
		parse_v6(data, len, inner);
	}
	if (inner->text[0])
		return;
	n = (size_t)snprintf(inner->text, sizeof(inner->text), "hex=");
	for (i = 0; i < len && n + 3 < sizeof(inner->text); i++)
		n += (size_t)snprintf(inner->text + n, sizeof(inner->text) - n,
				      "%02x", data[i]);
}
