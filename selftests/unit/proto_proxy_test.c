// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client says to a proxy, and what it makes of the answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/proto.h"

/* HTTP */

static void assert_request(const struct proto_http_connect *in,
			   const char *want)
{
	uint8_t out[1024];
	size_t len;

	assert_int_equal(proto_http_connect(in, out, sizeof(out), &len), 0);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(out, want, len);
	/* it must fit, byte by byte */
	for (size_t cap = 0; cap < len; cap++)
		assert_int_equal(proto_http_connect(in, out, cap, &len),
				 -ENOBUFS);
}

static void test_http_request(void **state)
{
	static const char *const headers[] = { "Host: other", "X-A: b" };
	struct proto_http_connect in = {
		.host = "vpn.test", .port = 1194, .version = "1.0",
	};

	(void)state;
	assert_request(&in, "CONNECT vpn.test:1194 HTTP/1.0\r\n"
			    "Host: vpn.test:1194\r\n\r\n");
	in.host = "2001:db8::1";
	in.port = 65535;
	in.version = "1.1";
	in.agent = "a b";
	in.basic = "dTpw";
	in.headers = headers;
	in.n_headers = 2;
	in.has_host = true;
	assert_request(&in, "CONNECT [2001:db8::1]:65535 HTTP/1.1\r\n"
			    "User-Agent: a b\r\nHost: other\r\nX-A: b\r\n"
			    "Proxy-Authorization: Basic dTpw\r\n\r\n");
	in.port = 0;
	in.has_host = false;
	in.n_headers = 0;
	in.agent = NULL;
	in.basic = NULL;
	assert_request(&in, "CONNECT [2001:db8::1]:0 HTTP/1.1\r\n"
			    "Host: [2001:db8::1]:0\r\n\r\n");
}

/* Nothing configured begins a line of its own. */
static void test_http_injection(void **state)
{
	static const char *const bad[] = { "a\r\nX: y", "a\nb", "a\x7f" };
	static const char *const headers[] = { "X: y\r\n\r\nGET /" };
	struct proto_http_connect in = {
		.host = "h", .port = 1, .version = "1.0",
	};
	uint8_t out[512];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct proto_http_connect one = in;

		one.host = bad[i];
		assert_int_equal(proto_http_connect(&one, out, sizeof(out),
						    &len), -EINVAL);
		one = in;
		one.agent = bad[i];
		assert_int_equal(proto_http_connect(&one, out, sizeof(out),
						    &len), -EINVAL);
		one = in;
		one.basic = bad[i];
		assert_int_equal(proto_http_connect(&one, out, sizeof(out),
						    &len), -EINVAL);
	}
	in.headers = headers;
	in.n_headers = 1;
	assert_int_equal(proto_http_connect(&in, out, sizeof(out), &len),
			 -EINVAL);
	in.n_headers = 0;
	in.host = "";
	assert_int_equal(proto_http_connect(&in, out, sizeof(out), &len),
			 -EINVAL);
	in.host = "a b";
	assert_int_equal(proto_http_connect(&in, out, sizeof(out), &len),
			 -EINVAL);
}

static int reply_of(const char *text, struct proto_http_reply *reply)
{
	return proto_http_reply_parse(reply, (const uint8_t *)text,
				      strlen(text));
}

static void test_http_reply(void **state)
{
	static const char ok[] =
		"HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n";
	struct proto_http_reply reply;
	char text[256];

	(void)state;
	for (size_t len = 0; len + 1 < sizeof(ok); len++)
		assert_int_equal(proto_http_reply_parse(&reply,
					(const uint8_t *)ok, len), -EAGAIN);
	assert_int_equal(reply_of(ok, &reply), 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.reason, "Connection established");
	assert_int_equal(reply.size, sizeof(ok) - 1);
	assert_false(reply.has_basic);
	/* what is behind is not its */
	snprintf(text, sizeof(text), "%s\x01\x02\n\n", ok);
	assert_int_equal(reply_of(text, &reply), 0);
	assert_int_equal(reply.size, sizeof(ok) - 1);
	/* line ends of the careless */
	assert_int_equal(reply_of("HTTP/1.1 200\n\nx", &reply), 0);
	assert_int_equal(reply.size, 14);
	assert_string_equal(reply.reason, "");

	assert_int_equal(reply_of("HTTP/1.1 407 Who\r\nProxy-Authenticate: "
				  "Digest realm=x\r\nproxy-AUTHENTICATE:\t"
				  "bAsIc realm=\"y\"\r\n\r\n", &reply), 0);
	assert_int_equal(reply.status, 407);
	assert_true(reply.has_basic);
	assert_int_equal(reply_of("HTTP/1.1 407 \x1b[1mX\r\nX-Proxy-"
				  "Authenticate: Basic\r\n\r\n", &reply), 0);
	assert_string_equal(reply.reason, "");
	assert_false(reply.has_basic);
}

static void test_http_no_reply(void **state)
{
	static const char *const bad[] = {
		"\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "SSH-2.0-x\r\n\r\n",
		"HTTP/1.0 2x0 OK\r\n\r\n", "HTTP/1.0 20\r\n\r\n",
		"HTTP/1.0  200\r\n\r\n", "HTTP/1.0 000 no\r\n\r\n",
	};
	static char longest[PROTO_HTTP_REPLY_MAX + 1];
	struct proto_http_reply reply;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(reply_of(bad[i], &reply), -EBADMSG);
	memset(longest, 'a', PROTO_HTTP_REPLY_MAX);
	assert_int_equal(reply_of(longest, &reply), -EBADMSG);
	longest[PROTO_HTTP_REPLY_MAX - 1] = '\0';
	assert_int_equal(reply_of(longest, &reply), -EAGAIN);
}

/* SOCKS */

static void test_socks_hello(void **state)
{
	uint8_t out[PROTO_SOCKS_HELLO_MAX];
	bool is_login;

	(void)state;
	assert_int_equal(proto_socks_hello(false, out), 3);
	assert_memory_equal(out, "\5\1\0", 3);
	assert_int_equal(proto_socks_hello(true, out), 4);
	assert_memory_equal(out, "\5\2\0\2", 4);
	assert_int_equal(proto_socks_method_parse((const uint8_t *)"\5", 1,
						  &is_login), -EAGAIN);
	assert_int_equal(proto_socks_method_parse((const uint8_t *)"\5\0", 2,
						  &is_login), 0);
	assert_false(is_login);
	assert_int_equal(proto_socks_method_parse((const uint8_t *)"\5\2", 2,
						  &is_login), 0);
	assert_true(is_login);
	assert_int_equal(proto_socks_method_parse((const uint8_t *)"\5\xff", 2,
						  &is_login), -EACCES);
	assert_int_equal(proto_socks_method_parse((const uint8_t *)"\4\0", 2,
						  &is_login), -EBADMSG);
}

static void test_socks_login(void **state)
{
	uint8_t out[PROTO_SOCKS_LOGIN_MAX];
	char longest[257];
	size_t len;

	(void)state;
	assert_int_equal(proto_socks_login("ab", "c", out, sizeof(out), &len),
			 0);
	assert_int_equal(len, 6);
	assert_memory_equal(out, "\1\2ab\1c", 6);
	memset(longest, 'x', 256);
	longest[256] = '\0';
	assert_int_equal(proto_socks_login(longest, "c", out, sizeof(out),
					   &len), -EINVAL);
	assert_int_equal(proto_socks_login("a", longest, out, sizeof(out),
					   &len), -EINVAL);
	assert_int_equal(proto_socks_login("", "c", out, sizeof(out), &len),
			 -EINVAL);
	assert_int_equal(proto_socks_login(longest + 1, longest + 1, out,
					   sizeof(out), &len), 0);
	assert_int_equal(len, PROTO_SOCKS_LOGIN_MAX);
	assert_int_equal(proto_socks_login("a", "b", out, 4, &len), -ENOBUFS);
	assert_int_equal(proto_socks_login_parse((const uint8_t *)"\1", 1),
			 -EAGAIN);
	assert_int_equal(proto_socks_login_parse((const uint8_t *)"\1\0", 2),
			 0);
	assert_int_equal(proto_socks_login_parse((const uint8_t *)"\1\1", 2),
			 -EACCES);
	assert_int_equal(proto_socks_login_parse((const uint8_t *)"\5\0", 2),
			 -EBADMSG);
}

static void test_socks_request(void **state)
{
	uint8_t out[PROTO_SOCKS_REQUEST_MAX];
	char name[257];
	size_t len;

	(void)state;
	assert_int_equal(proto_socks_request(PROTO_SOCKS_CONNECT, "192.0.2.1",
					     1194, out, sizeof(out), &len), 0);
	assert_int_equal(len, 10);
	assert_memory_equal(out, "\5\1\0\1\xc0\0\2\1\4\xaa", 10);
	assert_int_equal(proto_socks_request(PROTO_SOCKS_UDP_ASSOCIATE, "::1",
					     1, out, sizeof(out), &len), 0);
	assert_int_equal(len, 22);
	assert_memory_equal(out, "\5\3\0\4", 4);
	assert_memory_equal(out + 19, "\1\0\1", 3);
	assert_int_equal(proto_socks_request(PROTO_SOCKS_CONNECT, "vpn.test",
					     1, out, sizeof(out), &len), 0);
	assert_int_equal(len, 15);
	assert_memory_equal(out, "\5\1\0\3\10vpn.test\0\1", 15);
	memset(name, 'a', 256);
	name[256] = '\0';
	assert_int_equal(proto_socks_request(PROTO_SOCKS_CONNECT, name, 1, out,
					     sizeof(out), &len), -EINVAL);
	assert_int_equal(proto_socks_request(PROTO_SOCKS_CONNECT, name + 1, 1,
					     out, sizeof(out), &len), 0);
	assert_int_equal(len, PROTO_SOCKS_REQUEST_MAX);
	assert_int_equal(proto_socks_request(PROTO_SOCKS_CONNECT, "", 1, out,
					     sizeof(out), &len), -EINVAL);
}

static void test_socks_reply(void **state)
{
	static const uint8_t in4[] = "\5\0\0\1\xc0\0\2\1\4\xaa+";
	static const uint8_t name[] = "\5\5\0\3\2ab\0\1+";
	static const uint8_t in6[23] = { 5, 0, 0, 4, 0x20, 1 };
	struct proto_socks_reply reply;

	(void)state;
	for (size_t len = 0; len < 10; len++)
		assert_int_equal(proto_socks_reply_parse(&reply, in4, len),
				 -EAGAIN);
	assert_int_equal(proto_socks_reply_parse(&reply, in4, 11), 0);
	assert_int_equal(reply.size, 10);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.bound.family, AF_INET);
	assert_memory_equal(reply.bound.addr, "\xc0\0\2\1", 4);
	assert_int_equal(reply.bound.port, 1194);
	for (size_t len = 0; len < 9; len++)
		assert_int_equal(proto_socks_reply_parse(&reply, name, len),
				 -EAGAIN);
	assert_int_equal(proto_socks_reply_parse(&reply, name, 10), 0);
	assert_int_equal(reply.size, 9);
	assert_int_equal(reply.code, 5);
	assert_int_equal(reply.bound.family, AF_UNSPEC);
	assert_string_equal(proto_socks_code_text(5), "connection refused");
	assert_string_equal(proto_socks_code_text(200), "unknown reason");
	assert_int_equal(proto_socks_reply_parse(&reply, in6, 22), 0);
	assert_int_equal(reply.bound.family, AF_INET6);
	assert_int_equal(reply.size, 22);
	assert_int_equal(proto_socks_reply_parse(&reply,
				(const uint8_t *)"\4\0\0\1", 4), -EBADMSG);
	assert_int_equal(proto_socks_reply_parse(&reply,
				(const uint8_t *)"\5\0\0\2", 4), -EBADMSG);
}

static void test_socks_udp(void **state)
{
	static const uint8_t from[] = "\0\0\0\1\xc0\0\2\1\4\xaaxyz";
	uint8_t out[PROTO_SOCKS_REQUEST_MAX];
	size_t len;

	(void)state;
	assert_int_equal(proto_socks_udp_head("192.0.2.1", 1194, out,
					      sizeof(out), &len), 0);
	assert_int_equal(len, 10);
	assert_memory_equal(out, from, 10);
	for (size_t n = 0; n < 10; n++)
		assert_int_equal(proto_socks_udp_parse(from, n, &len),
				 -EBADMSG);
	assert_int_equal(proto_socks_udp_parse(from, 10, &len), 0);
	assert_int_equal(proto_socks_udp_parse(from, 13, &len), 0);
	assert_int_equal(len, 10);
	/* a fragment */
	memcpy(out, from, 13);
	out[2] = 1;
	assert_int_equal(proto_socks_udp_parse(out, 13, &len), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_request),
		cmocka_unit_test(test_http_injection),
		cmocka_unit_test(test_http_reply),
		cmocka_unit_test(test_http_no_reply),
		cmocka_unit_test(test_socks_hello),
		cmocka_unit_test(test_socks_login),
		cmocka_unit_test(test_socks_request),
		cmocka_unit_test(test_socks_reply),
		cmocka_unit_test(test_socks_udp),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("proto_proxy", tests, NULL, NULL);
}
