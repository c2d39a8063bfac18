// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of a TCP stream: a packet after its length, two bytes big-endian. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

int wire_stream_bytes(struct wire_stream *stream, const uint8_t *data,
		      size_t len)
{
	if (len > sizeof(stream->out) - stream->out_len)
		return -ENOSPC;
	memcpy(stream->out + stream->out_len, data, len);
	stream->out_len += len;
	return 0;
}

int wire_stream_packet(struct wire_stream *stream, const uint8_t *data,
		       size_t len)
{
	const uint8_t prefix[] = { (uint8_t)(len >> 8), (uint8_t)len };
	int err = wire_stream_bytes(stream, prefix, sizeof(prefix));

	return err ? err : wire_stream_bytes(stream, data, len);
}

int wire_stream_flush(struct wire_stream *stream, int fd)
{
	size_t chunk = stream->chunk ? stream->chunk : stream->out_len;
	size_t done = 0, len;
	int one = 1;
	ssize_t n;

	/* pieces shall arrive as pieces */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (done < stream->out_len) {
		len = stream->out_len - done;
		len = len < chunk ? len : chunk;
		n = send(fd, stream->out + done, len, MSG_NOSIGNAL);
		if (n < 0)
			return -errno;
		done += (size_t)n;
		if (stream->chunk)
			usleep(200);
	}
	stream->out_len = 0;
	return 0;
}

ssize_t wire_stream_read(struct wire_stream *stream, int fd)
{
	ssize_t n;

	memmove(stream->in, stream->in + stream->in_used,
		stream->in_len - stream->in_used);
	stream->in_len -= stream->in_used;
	stream->in_used = 0;
	n = recv(fd, stream->in + stream->in_len,
		 sizeof(stream->in) - stream->in_len, 0);
	if (n < 0)
		return -errno;
	stream->in_len += (size_t)n;
	return n;
}

const uint8_t *wire_stream_next(struct wire_stream *stream, size_t *len)
{
	const uint8_t *data = stream->in + stream->in_used;
	size_t left = stream->in_len - stream->in_used;

	if (left < 2)
		return NULL;
	*len = (size_t)data[0] << 8 | data[1];
	if (!*len || left - 2 < *len)
		return NULL;
	stream->in_used += 2 + *len;
	return data + 2;
}
