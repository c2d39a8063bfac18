// SPDX-License-Identifier: GPL-2.0-or-later
/* Payloads that look like IP, and are broken somewhere. */
#include <netinet/in.h>
#include <string.h>

#include "fuzz_inner.h"

size_t fuzz_below(struct fuzz_random *r, size_t limit)
{
	/* xorshift64 */
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return limit ? (size_t)((r->state >> 16) % limit) : 0;
}

static void fill(struct fuzz_random *r, uint8_t *data, size_t len)
{
	while (len--)
		*data++ = (uint8_t)fuzz_below(r, 256);
}

size_t fuzz_mutate(struct fuzz_random *r, uint8_t *data, size_t len,
		   size_t size)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x45, 0x60 };
	/* heads are what is parsed */
	size_t head = len < 80 ? len : 80;
	size_t i, n = 1 + fuzz_below(r, 4);

	for (i = 0; i < n && len; i++) {
		switch (fuzz_below(r, 6)) {
		case 0:
			data[fuzz_below(r, head)] ^=
				(uint8_t)(1 << fuzz_below(r, 8));
			break;
		case 1:
			data[fuzz_below(r, head)] =
				edges[fuzz_below(r, sizeof(edges))];
			break;
		case 2:
			data[fuzz_below(r, len)] = (uint8_t)fuzz_below(r, 256);
			break;
		case 3:
			len = fuzz_below(r, len + 1);
			break;
		case 4:
			len = fuzz_below(r, 2) ? len : fuzz_below(r, size);
			break;
		default:
			fill(r, data + fuzz_below(r, head), 1);
			break;
		}
		head = len < head ? len : head;
	}
	return len;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t sum(const uint8_t *data, size_t len)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		n += (uint32_t)data[i] << 8 | data[i + 1];
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return (uint16_t)~n;
}

/* Options of any kind and length, so that they fill @len bytes. */
static void make_options(struct fuzz_random *r, uint8_t *at, size_t len)
{
	static const uint8_t kinds[] = { 0, 1, 2, 2, 2, 3, 4, 5, 8, 30, 255 };
	size_t i = 0, size;

	fill(r, at, len);
	while (i + 1 < len) {
		at[i] = kinds[fuzz_below(r, sizeof(kinds))];
		size = at[i] == 2 ? 4 : 2 + fuzz_below(r, 8);
		if (!fuzz_below(r, 6))
			size = fuzz_below(r, 256);
		at[i + 1] = (uint8_t)size;
		i += at[i] == 1 ? 1 : size + !size;
	}
}

/* Returns the length of the transport packet, which is at least a header. */
static size_t make_l4(struct fuzz_random *r, uint8_t *at, uint8_t *proto)
{
	size_t options, len = fuzz_below(r, 8) ? fuzz_below(r, 100) :
			      fuzz_below(r, 1400);

	fill(r, at, 60 + len);
	switch (fuzz_below(r, 4)) {
	case 0:
	case 1:
		*proto = IPPROTO_TCP;
		options = 4 * fuzz_below(r, 11);
		at[12] = (uint8_t)((20 + options) << 2);
		at[13] = fuzz_below(r, 2) ? 2 : (uint8_t)fuzz_below(r, 256);
		make_options(r, at + 20, options);
		return 20 + options + len;
	case 2:
		*proto = IPPROTO_UDP;
		put16(at + 4, 8 + len);
		put16(at + 6, 0);
		return 8 + len;
	default:
		*proto = fuzz_below(r, 2) ? IPPROTO_ICMP :
			(uint8_t)fuzz_below(r, 256);
		return 8 + len;
	}
}

static size_t make_v4(struct fuzz_random *r, uint8_t *ip)
{
	static const uint8_t src[] = { 10, 8, 0, 1 }, dst[] = { 10, 8, 0, 2 };
	size_t head = fuzz_below(r, 6) ? 20 : 20 + 4 * fuzz_below(r, 11);
	size_t len = head + make_l4(r, ip + head, ip + 9);
	uint8_t proto = ip[9];

	memset(ip, 0, head);
	ip[0] = (uint8_t)(0x40 | head / 4);
	put16(ip + 2, len);
	if (!fuzz_below(r, 6))
		put16(ip + 6, fuzz_below(r, 65536));
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, src, 4);
	memcpy(ip + 16, dst, 4);
	put16(ip + 10, sum(ip, head));
	return len;
}

static size_t make_v6(struct fuzz_random *r, uint8_t *ip)
{
	static const uint8_t headers[] = { 0, 43, 44, 60, 135 };
	size_t extra = fuzz_below(r, 4) ? 0 : 8;
	uint8_t proto;
	size_t len = extra + make_l4(r, ip + 40 + extra, &proto);

	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, len);
	ip[6] = proto;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[9] = ip[25] = 0x08;
	ip[23] = 1;
	ip[39] = 2;
	if (extra) {
		ip[6] = headers[fuzz_below(r, sizeof(headers))];
		ip[40] = proto;
		ip[41] = fuzz_below(r, 3) ? 0 : (uint8_t)fuzz_below(r, 256);
	}
	return 40 + len;
}

size_t fuzz_inner(struct fuzz_random *r, uint8_t *out)
{
	size_t len;

	if (!fuzz_below(r, 20)) {
		len = fuzz_below(r, 200);
		fill(r, out, len);
		return len;
	}
	len = fuzz_below(r, 2) ? make_v4(r, out) : make_v6(r, out);
	return fuzz_below(r, 4) ? fuzz_mutate(r, out, len, 2000) : len;
}
