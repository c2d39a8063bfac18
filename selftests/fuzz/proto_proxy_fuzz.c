// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers of proxies: more bytes never make a whole answer another one, and no
 * answer is larger than what has come.
 *
 * Input: which of them (a byte), the answer.
 */
#include <errno.h>

#include "fuzz.h"
#include "proto/proto.h"

static int parse(uint8_t kind, const uint8_t *data, size_t len, size_t *size)
{
	struct proto_socks_reply socks;
	struct proto_http_reply http;
	bool is_login;
	int ret;

	switch (kind % 5) {
	case 0:
		ret = proto_http_reply_parse(&http, data, len);
		*size = http.size;
		FUZZ_CHECK(strlen(http.reason) < sizeof(http.reason));
		FUZZ_CHECK(ret || (http.status >= 100 && http.status < 1000));
		return ret;
	case 1:
		*size = PROTO_SOCKS_SHORT_LEN;
		return proto_socks_method_parse(data, len, &is_login);
	case 2:
		*size = PROTO_SOCKS_SHORT_LEN;
		return proto_socks_login_parse(data, len);
	case 3:
		ret = proto_socks_reply_parse(&socks, data, len);
		*size = socks.size;
		FUZZ_CHECK(proto_socks_code_text(socks.code));
		return ret;
	default:
		return proto_socks_udp_parse(data, len, size);
	}
}

/* In memory of its own, so that the sanitizer sees a step beyond its end. */
static int parse_alone(uint8_t kind, const uint8_t *data, size_t len,
		       size_t *size)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	FUZZ_CHECK(copy);
	memcpy(copy, data, len);
	ret = parse(kind, copy, len, size);
	free(copy);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = 0, part = 0;
	int ret, again;

	if (!size)
		return 0;
	ret = parse_alone(data[0], data + 1, size - 1, &whole);
	FUZZ_CHECK(ret == 0 || ret == -EAGAIN || ret == -EBADMSG ||
		   ret == -EACCES);
	if (ret)
		return 0;
	FUZZ_CHECK(whole <= size - 1);
	again = parse_alone(data[0], data + 1, whole, &part);
	FUZZ_CHECK(!again && part == whole);
	/* without its last byte it is not whole */
	again = parse_alone(data[0], data + 1, whole - 1, &part);
	FUZZ_CHECK(again == -EAGAIN || (data[0] % 5 == 4 &&
					again == -EBADMSG));
	return 0;
}
