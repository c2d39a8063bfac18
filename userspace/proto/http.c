// SPDX-License-Identifier: GPL-2.0-or-later
/* CONNECT through an HTTP proxy (RFC 9110, 9112): the request, the reply. */
#include "proto/proto.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "mem/mem.h"

#define EOL "\r\n"

static void put(struct mem_writer *wr, const char *text)
{
	mem_write_bytes(wr, text, strlen(text));
}

/* What goes into a line must not begin another one. */
static bool is_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool is_host(const char *host)
{
	return *host && is_line(host) && !strchr(host, ' ');
}

/* An IPv6 address is in brackets. */
static void put_target(struct mem_writer *wr, const char *host, uint16_t port)
{
	bool is_in6 = strchr(host, ':');
	char digits[8];
	size_t n = sizeof(digits);

	put(wr, is_in6 ? "[" : "");
	put(wr, host);
	put(wr, is_in6 ? "]:" : ":");
	digits[--n] = '\0';
	do
		digits[--n] = (char)('0' + port % 10);
	while (port /= 10);
	put(wr, digits + n);
}

int proto_http_connect(const struct proto_http_connect *in, uint8_t *out,
		       size_t cap, size_t *len)
{
	struct mem_writer wr;

	if (!is_host(in->host) || !is_line(in->version) ||
	    (in->agent && !is_line(in->agent)) ||
	    (in->basic && !is_line(in->basic)))
		return -EINVAL;
	mem_writer_init(&wr, out, cap);
	put(&wr, "CONNECT ");
	put_target(&wr, in->host, in->port);
	put(&wr, " HTTP/");
	put(&wr, in->version);
	put(&wr, EOL);
	if (!in->has_host) {
		put(&wr, "Host: ");
		put_target(&wr, in->host, in->port);
		put(&wr, EOL);
	}
	if (in->agent) {
		put(&wr, "User-Agent: ");
		put(&wr, in->agent);
		put(&wr, EOL);
	}
	for (size_t i = 0; i < in->n_headers; i++) {
		if (!is_line(in->headers[i]))
			return -EINVAL;
		put(&wr, in->headers[i]);
		put(&wr, EOL);
	}
	if (in->basic) {
		put(&wr, "Proxy-Authorization: Basic ");
		put(&wr, in->basic);
		put(&wr, EOL);
	}
	put(&wr, EOL);
	*len = wr.len;
	return wr.is_bad ? -ENOBUFS : 0;
}

/* ---- the reply ------------------------------------------------------- */

/* The end of the head: behind an empty line. 0: it has not come yet. */
static size_t head_size(const uint8_t *data, size_t len)
{
	size_t begun = 0;	/* of the line */

	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			continue;
		if (i == begun || (i == begun + 1 && data[begun] == '\r'))
			return i + 1;
		begun = i + 1;
	}
	return 0;
}

/* "HTTP/1.1 200 text" */
static int status_parse(struct proto_http_reply *reply, const uint8_t *data,
			size_t len)
{
	static const char protocol[] = "HTTP/1.";
	size_t at = sizeof(protocol) + 1, n = 0;

	if (len < at + 3 || memcmp(data, protocol, sizeof(protocol) - 1) ||
	    data[at - 1] != ' ')
		return -EBADMSG;
	reply->status = 0;
	for (size_t i = at; i < at + 3; i++) {
		if (data[i] < '0' || data[i] > '9')
			return -EBADMSG;
		reply->status = reply->status * 10 + (data[i] - '0');
	}
	for (at += 3; at < len && data[at] == ' '; at++)
		;
	for (; at < len && data[at] >= ' ' && data[at] < 0x7f &&
	       n + 1 < sizeof(reply->reason); at++)
		reply->reason[n++] = (char)data[at];
	reply->reason[n] = '\0';
	return reply->status < 100 ? -EBADMSG : 0;
}

/* Does a line "Proxy-Authenticate: Basic ..." stand in the head? */
static bool has_basic(const uint8_t *data, size_t len)
{
	static const char wanted[] = "\nproxy-authenticate:";
	const size_t n = sizeof(wanted) - 1;

	for (size_t i = 0; i + n < len; i++) {
		size_t at = i + n;

		if (data[i] != '\n' ||
		    strncasecmp((const char *)data + i, wanted, n))
			continue;
		while (at < len && (data[at] == ' ' || data[at] == '\t'))
			at++;
		if (len - at >= 5 &&
		    !strncasecmp((const char *)data + at, "basic", 5))
			return true;
	}
	return false;
}

int proto_http_reply_parse(struct proto_http_reply *reply, const uint8_t *data,
			   size_t len)
{
	size_t size = head_size(data, len);
	int ret;

	memset(reply, 0, sizeof(*reply));
	if (!size)
		return len >= PROTO_HTTP_REPLY_MAX ? -EBADMSG : -EAGAIN;
	ret = status_parse(reply, data, size);
	if (ret)
		return ret;
	reply->size = size;
	reply->has_basic = has_basic(data, size);
	return 0;
}
