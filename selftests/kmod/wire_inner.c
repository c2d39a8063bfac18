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

static int make_ip(const char *src, const char *dst, uint8_t *ip, size_t len)
{
	memset(ip, 0, INNER_V6_HEAD);
	if (strchr(src, ':')) {
		ip[0] = 0x60;
		put16(ip + 4, len);
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		if (inet_pton(AF_INET6, src, ip + 8) != 1 ||
		    inet_pton(AF_INET6, dst, ip + 24) != 1)
			return -EINVAL;
		return INNER_V6_HEAD;
	}
	ip[0] = 0x45;
	put16(ip + 2, len + INNER_V4_HEAD);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
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
	head = make_ip(field[0], field[1], out, size + INNER_UDP_HEAD);
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
}

static void parse_v6(const uint8_t *data, size_t len,
		     struct wire_inner *inner)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	if (len < INNER_V6_HEAD)
		return;
	inner->size = get16(data + 4) + INNER_V6_HEAD;
	inner->is_good = inner->size == len &&
			 l4_is_good(data, data + INNER_V6_HEAD,
				    len - INNER_V6_HEAD, data[6]);
	inet_ntop(AF_INET6, data + 8, src, sizeof(src));
	inet_ntop(AF_INET6, data + 24, dst, sizeof(dst));
	snprintf(inner->text, sizeof(inner->text),
		 "ip6 proto=%u src=%s dst=%s", data[6], src, dst);
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
