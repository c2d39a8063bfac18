// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "tls/tls.h"

/*
 * Enough for a handshake with long certificate chains; the owner drains the
 * buffers after each step.
 */
#define IO_NET_LIMIT	(256u * 1024)
#define IO_APP_LIMIT	(128u * 1024)

void tls_io_init(struct tls_io *io)
{
	mem_buf_init(&io->net_in, IO_NET_LIMIT);
	mem_buf_init(&io->app_in, IO_APP_LIMIT);
	mem_buf_init(&io->net_out, IO_NET_LIMIT);
	mem_buf_init(&io->app_out, IO_APP_LIMIT);
}

void tls_io_trim(struct tls_io *io)
{
	mem_buf_trim(&io->net_in);
	mem_buf_trim(&io->app_in);
	mem_buf_trim(&io->net_out);
	mem_buf_trim(&io->app_out);
}

void tls_io_reset(struct tls_io *io)
{
	mem_buf_reset(&io->net_in);
	mem_buf_reset(&io->app_in);
	mem_buf_reset(&io->net_out);
	mem_buf_reset(&io->app_out);
}

int tls_io_put(struct mem_buf *buf, const void *msg, size_t len)
{
	uint16_t head = (uint16_t)len;
	int ret;

	if (!len || len > TLS_RECORD_MAX)
		return -EMSGSIZE;
	/* All or nothing: a length without its bytes would lose the framing. */
	if (buf->len > buf->limit ||
	    buf->limit - buf->len < sizeof(head) + len)
		return -ENOBUFS;
	ret = mem_buf_append(buf, &head, sizeof(head));
	if (ret)
		return ret;
	ret = mem_buf_append(buf, msg, len);
	if (ret) {
		buf->len -= sizeof(head);
		return ret;
	}
	return 0;
}

int tls_io_get(const struct mem_buf *buf, const uint8_t **msg)
{
	uint16_t head;

	if (buf->len < sizeof(head))
		return -ENOENT;
	memcpy(&head, buf->data, sizeof(head));
	if (buf->len - sizeof(head) < head)
		return -ENOENT;
	*msg = buf->data + sizeof(head);
	return head;
}

void tls_io_drop(struct mem_buf *buf)
{
	const uint8_t *msg;
	int len = tls_io_get(buf, &msg);

	if (len >= 0)
		mem_buf_consume(buf, sizeof(uint16_t) + (size_t)len);
}
