// SPDX-License-Identifier: GPL-2.0-or-later
/* SOCKS 5 (RFC 1928), logins (RFC 1929), and the header of its datagrams. */
#include "proto/proto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "mem/mem.h"

#define VERSION		5
#define LOGIN_VERSION	1
#define METHOD_NONE	0
#define METHOD_LOGIN	2

enum address_type {
	ADDRESS_IN4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_IN6 = 4,
};

size_t proto_socks_hello(bool has_login, uint8_t out[PROTO_SOCKS_HELLO_MAX])
{
	size_t n = 0;

	out[n++] = VERSION;
	out[n++] = has_login ? 2 : 1;
	out[n++] = METHOD_NONE;
	if (has_login)
		out[n++] = METHOD_LOGIN;
	return n;
}

int proto_socks_method_parse(const uint8_t *data, size_t len,
			     bool *is_login_wanted)
{
	if (len < PROTO_SOCKS_SHORT_LEN)
		return -EAGAIN;
	if (data[0] != VERSION)
		return -EBADMSG;
	*is_login_wanted = data[1] == METHOD_LOGIN;
	return data[1] == METHOD_NONE || *is_login_wanted ? 0 : -EACCES;
}

int proto_socks_login(const char *user, const char *password, uint8_t *out,
		      size_t cap, size_t *len)
{
	size_t user_len = strlen(user), password_len = strlen(password);
	struct mem_writer wr;

	if (!user_len || user_len > 255 || password_len > 255)
		return -EINVAL;
	mem_writer_init(&wr, out, cap);
	mem_write_u8(&wr, LOGIN_VERSION);
	mem_write_u8(&wr, (uint8_t)user_len);
	mem_write_bytes(&wr, user, user_len);
	mem_write_u8(&wr, (uint8_t)password_len);
	mem_write_bytes(&wr, password, password_len);
	*len = wr.len;
	return wr.is_bad ? -ENOBUFS : 0;
}

int proto_socks_login_parse(const uint8_t *data, size_t len)
{
	if (len < PROTO_SOCKS_SHORT_LEN)
		return -EAGAIN;
	if (data[0] != LOGIN_VERSION)
		return -EBADMSG;
	return data[1] ? -EACCES : 0;
}

/* The proxy asks for the address of a name by itself. */
static void put_address(struct mem_writer *wr, const char *host, uint16_t port)
{
	size_t len = strlen(host);
	uint8_t addr[16];

	if (inet_pton(AF_INET, host, addr) == 1) {
		mem_write_u8(wr, ADDRESS_IN4);
		mem_write_bytes(wr, addr, 4);
	} else if (inet_pton(AF_INET6, host, addr) == 1) {
		mem_write_u8(wr, ADDRESS_IN6);
		mem_write_bytes(wr, addr, 16);
	} else if (len && len <= 255) {
		mem_write_u8(wr, ADDRESS_NAME);
		mem_write_u8(wr, (uint8_t)len);
		mem_write_bytes(wr, host, len);
	} else {
		wr->is_bad = true;
	}
	mem_write_be16(wr, port);
}

int proto_socks_request(enum proto_socks_command command, const char *host,
			uint16_t port, uint8_t *out, size_t cap, size_t *len)
{
	struct mem_writer wr;

	mem_writer_init(&wr, out, cap);
	mem_write_u8(&wr, VERSION);
	mem_write_u8(&wr, (uint8_t)command);
	mem_write_u8(&wr, 0);
	put_address(&wr, host, port);
	*len = wr.len;
	return wr.is_bad ? -EINVAL : 0;
}

/* Return: false when the type is unknown; too few bytes mark the reader. */
static bool get_address(struct mem_reader *rd, struct proto_socks_address *out)
{
	out->family = AF_UNSPEC;
	switch (mem_read_u8(rd)) {
	case ADDRESS_IN4:
		out->family = AF_INET;
		mem_read_bytes(rd, out->addr, 4);
		break;
	case ADDRESS_IN6:
		out->family = AF_INET6;
		mem_read_bytes(rd, out->addr, 16);
		break;
	case ADDRESS_NAME:
		mem_read_ref(rd, mem_read_u8(rd));
		break;
	default:
		return rd->is_bad;
	}
	out->port = mem_read_be16(rd);
	return true;
}

int proto_socks_reply_parse(struct proto_socks_reply *reply,
			    const uint8_t *data, size_t len)
{
	struct mem_reader rd;
	uint8_t version;

	memset(reply, 0, sizeof(*reply));
	mem_reader_init(&rd, data, len);
	version = mem_read_u8(&rd);
	reply->code = mem_read_u8(&rd);
	mem_read_u8(&rd);
	if ((!rd.is_bad && version != VERSION) ||
	    !get_address(&rd, &reply->bound))
		return -EBADMSG;
	if (rd.is_bad)
		return -EAGAIN;
	reply->size = len - rd.left;
	return 0;
}

const char *proto_socks_code_text(uint8_t code)
{
	static const char *const texts[] = {
		"granted", "general failure", "not allowed by its rules",
		"network unreachable", "host unreachable",
		"connection refused", "TTL expired",
		"it does not know the command",
		"it does not know the kind of address",
	};

	return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] :
							 "unknown reason";
}

int proto_socks_udp_head(const char *host, uint16_t port, uint8_t *out,
			 size_t cap, size_t *len)
{
	struct mem_writer wr;

	mem_writer_init(&wr, out, cap);
	mem_write_be16(&wr, 0);
	mem_write_u8(&wr, 0);	/* not a fragment */
	put_address(&wr, host, port);
	*len = wr.len;
	return wr.is_bad ? -EINVAL : 0;
}

int proto_socks_udp_parse(const uint8_t *data, size_t len, size_t *head_len)
{
	struct proto_socks_address from;
	struct mem_reader rd;
	uint8_t fragment;

	mem_reader_init(&rd, data, len);
	mem_read_be16(&rd);
	fragment = mem_read_u8(&rd);
	if (!get_address(&rd, &from) || rd.is_bad || fragment)
		return -EBADMSG;
	*head_len = len - rd.left;
	return 0;
}
