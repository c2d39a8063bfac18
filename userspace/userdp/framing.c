// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Section 7.8: what payloads look like for a peer that was configured for
 * compression. Nothing is compressed here, and what was is not opened: that
 * would tell who listens what is in the tunnel.
 */
#include <errno.h>

#include "userdp/private.h"

#define LZO_PLAIN	0xfa
#define LZO_PACKED	0x66
#define SWAP_PLAIN	0xfb
#define SWAP_PACKED	0x69
#define V2_ESCAPE	0x50
#define V2_PLAIN	0x00
#define V2_PLAIN_OLD	0x0a	/* of senders before 2.7, by mistake */

size_t userdp_framing_add(enum proto_framing framing, uint8_t *dst,
			  const uint8_t *src, size_t len)
{
	switch (framing) {
	case PROTO_FRAMING_NONE:
		break;
	case PROTO_FRAMING_LZO:
		dst[0] = LZO_PLAIN;
		memcpy(dst + 1, src, len);
		return len + 1;
	case PROTO_FRAMING_SWAP:
		dst[0] = SWAP_PLAIN;
		memcpy(dst + 1, src + 1, len - 1);
		dst[len] = src[0];
		return len + 1;
	case PROTO_FRAMING_V2:
		if (src[0] != V2_ESCAPE)
			break;
		dst[0] = V2_ESCAPE;
		dst[1] = V2_PLAIN;
		memcpy(dst + 2, src, len);
		return len + 2;
	}
	memcpy(dst, src, len);
	return len;
}

static ssize_t framing_shift(uint8_t *buf, size_t len, size_t by)
{
	if (len <= by)
		return -EBADMSG;
	memmove(buf, buf + by, len - by);
	return (ssize_t)(len - by);
}

static ssize_t framing_strip_lzo(uint8_t *buf, size_t len)
{
	if (buf[0] == LZO_PACKED)
		return -EPROTONOSUPPORT;
	return buf[0] == LZO_PLAIN ? framing_shift(buf, len, 1) : -EBADMSG;
}

static ssize_t framing_strip_swap(uint8_t *buf, size_t len)
{
	if (buf[0] == SWAP_PACKED)
		return -EPROTONOSUPPORT;
	if (buf[0] != SWAP_PLAIN || len < 2)
		return -EBADMSG;
	buf[0] = buf[len - 1];
	return (ssize_t)len - 1;
}

static ssize_t framing_strip_v2(uint8_t *buf, size_t len)
{
	if (buf[0] != V2_ESCAPE)
		return (ssize_t)len;
	if (len < 2)
		return -EBADMSG;
	return buf[1] == V2_PLAIN || buf[1] == V2_PLAIN_OLD ?
	       framing_shift(buf, len, 2) : -EPROTONOSUPPORT;
}

ssize_t userdp_framing_strip(enum proto_framing framing, uint8_t *buf,
			     size_t len)
{
	if (!len)
		return -EBADMSG;
	switch (framing) {
	case PROTO_FRAMING_NONE:
		break;
	case PROTO_FRAMING_LZO:
		return framing_strip_lzo(buf, len);
	case PROTO_FRAMING_SWAP:
		return framing_strip_swap(buf, len);
	case PROTO_FRAMING_V2:
		return framing_strip_v2(buf, len);
	}
	return (ssize_t)len;
}
