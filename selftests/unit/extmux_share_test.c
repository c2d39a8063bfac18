// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * port-share: what is not OpenVPN's gets to another service, whole, and back.
 *
 *	the test's client --- 127.0.0.1:1194 --- multiplexer --> tunnel host
 *	                                             |
 *	the test's service -- 127.0.0.1:8443 ---- its thread
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux_rig.h"

#define SERVICE_PORT	8443
#define SERVICE		"port-share 127.0.0.1 8443"
#define SHARE_MAX	256
#define REQUEST		"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static int service = -1;

/* the other service */

static void service_open(void)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse("127.0.0.1", SERVICE_PORT, &addr), 0);
	service = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 0);
	assert_true(service >= 0);
	assert_int_equal(bind(service, &addr.sa, net_addr_len(&addr)), 0);
	assert_int_equal(listen(service, 300), 0);
}

static int service_accept(void)
{
	int fd = -1;

	for (unsigned int ms = 0; fd < 0 && ms < PATIENCE_MS; ms += 5) {
		fd = accept4(service, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			turn(5);
	}
	assert_true(fd >= 0);
	return fd;
}

static bool service_has_caller(void)
{
	int fd = accept4(service, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void serve_shared(const char *more)
{
	char text[256];

	snprintf(text, sizeof(text), SERVICE "%s", more);
	serve(text);
	service_open();
}

static void stop_shared(void)
{
	close(service);
	stop();
}

/* @len bytes, while the server does its work. */
static void get(int fd, void *out, size_t len)
{
	size_t have = 0;
	ssize_t n;

	for (unsigned int ms = 0; have < len && ms < PATIENCE_MS;) {
		n = recv(fd, (char *)out + have, len - have, MSG_DONTWAIT);
		assert_true(n > 0 || (n < 0 && errno == EAGAIN));
		if (n > 0) {
			have += (size_t)n;
			continue;
		}
		turn(5);
		ms += 5;
	}
	assert_int_equal(have, len);
}

static void get_text(int fd, const char *want)
{
	char text[256];

	get(fd, text, strlen(want));
	assert_memory_equal(text, want, strlen(want));
}

/* tests */

static void test_there_and_back(void **state)
{
	int fd, theirs, client;

	(void)state;
	serve_shared("");
	client = open_tunnel(NULL);
	fd = dial();
	put(fd, REQUEST, strlen(REQUEST));
	theirs = service_accept();
	get_text(theirs, REQUEST);
	put(theirs, "answer", 6);
	get_text(fd, "answer");
	/* nothing of it is left in the multiplexer */
	assert_int_equal(mux->n_pending, 0);
	assert_int_equal(n_tunnels(), 1);
	/* who has said all can still be answered */
	shutdown(fd, SHUT_WR);
	assert_true(is_closed(theirs, PATIENCE_MS));
	put(theirs, "bye", 3);
	get_text(fd, "bye");
	close(theirs);
	assert_true(is_closed(fd, PATIENCE_MS));
	assert_false(is_closed(client, 20));
	close(fd);
	close(client);
	stop_shared();
}

/* Decided as soon as it can be, and not before. */
static void test_byte_by_byte(void **state)
{
	static const char *const begins[] = {
		REQUEST, "\x16\x03\x01\x02", "SSH-2.0-x", "\x00\x0e\x40",
		"\x00\x0d\x38", "\x01\x00\x38", "\x01\x50\x38", "\x00\x2a\x50",
		"\x04\xff\x50",
	};
	static const size_t lens[] = {
		sizeof(REQUEST) - 1, 4, 9, 3, 3, 3, 3, 3, 3,
	};

	(void)state;
	serve_shared("");
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char got[64];
		int fd = dial(), theirs;

		put(fd, begins[i], 1);
		turn(20);
		assert_int_equal(mux->n_pending, 1);
		assert_false(service_has_caller());
		for (size_t at = 1; at < lens[i]; at++) {
			put(fd, begins[i] + at, 1);
			turn(2);
		}
		theirs = service_accept();
		get(theirs, got, lens[i]);
		assert_memory_equal(got, begins[i], lens[i]);
		assert_int_equal(mux->n_pending, 0);
		close(theirs);
		assert_true(is_closed(fd, PATIENCE_MS));
		close(fd);
	}
	stop_shared();
}

/* What begins as OpenVPN does is never given away, authentic or not. */
static void test_openvpn_stays(void **state)
{
	struct stream stream = { 0 };
	uint8_t junk[64] = { 0x38 }, pkt[65536];
	int fd, other;

	(void)state;
	serve_shared("");
	fd = dial();
	add_packet(&stream, &reset);
	for (size_t i = 0; i < stream.len; i++) {
		put(fd, stream.data + i, 1);
		turn(2);
	}
	assert_int_equal(get_control(fd, pkt).op,
			 PROTO_CONTROL_HARD_RESET_SERVER_V2);
	other = dial();
	stream.len = 0;
	add_bytes(&stream, junk, sizeof(junk));
	put(other, stream.data, stream.len);
	assert_true(is_closed(other, PATIENCE_MS));
	/* and a client's later packets are not looked at */
	put(fd, "\x00\x05hello", 7);
	assert_true(is_closed(fd, PATIENCE_MS));
	assert_false(service_has_caller());
	close(fd);
	close(other);
	stop_shared();
}

/* Much, both ways, while one end reads late. */
static void test_much(void **state)
{
	static uint8_t out[3 << 20], in[3 << 20];
	size_t sent = 0, have = 0;
	int fd, theirs;
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 2654435761u >> 24);
	memcpy(out, REQUEST, strlen(REQUEST));
	serve_shared("");
	fd = dial();
	put(fd, out, 100);
	sent = 100;
	theirs = service_accept();
	for (unsigned int ms = 0; have < sizeof(out) && ms < PATIENCE_MS;) {
		n = send(fd, out + sent, sizeof(out) - sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		/* first of all everything in between fills up */
		n = ms < 300 ? -1 : recv(theirs, in + have,
					 sizeof(in) - have, MSG_DONTWAIT);
		have += n > 0 ? (size_t)n : 0;
		if (n <= 0) {
			turn(10);
			ms += 10;
		}
	}
	assert_int_equal(have, sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	close(fd);
	assert_true(is_closed(theirs, PATIENCE_MS));
	close(theirs);
	stop_shared();
}

/* The one that is too many is closed; others go on, and make room. */
static void test_limit(void **state)
{
	static int fds[SHARE_MAX + 1], theirs[SHARE_MAX];

	(void)state;
	serve_shared("");
	for (unsigned int i = 0; i <= SHARE_MAX; i++) {
		fds[i] = dial();
		put(fds[i], "GET", 3);
		if (i < SHARE_MAX)
			theirs[i] = service_accept();
	}
	assert_true(is_closed(fds[SHARE_MAX], PATIENCE_MS));
	assert_false(is_closed(fds[0], 20));
	close(fds[SHARE_MAX]);
	close(fds[0]);
	assert_true(close(theirs[0]) == 0);
	turn(50);
	fds[0] = dial();
	put(fds[0], "GET", 3);
	theirs[0] = service_accept();
	get_text(theirs[0], "GET");
	for (unsigned int i = 0; i < SHARE_MAX; i++) {
		close(fds[i]);
		close(theirs[i]);
	}
	stop_shared();
}

static void test_nobody_there(void **state)
{
	int fd, client;

	(void)state;
	serve_shared("");
	close(service);
	fd = dial();
	put(fd, REQUEST, strlen(REQUEST));
	assert_true(is_closed(fd, PATIENCE_MS));
	client = open_tunnel(NULL);
	close(client);
	close(fd);
	stop();
}

/* Files in @dir; the name of the first one, and what is in it. */
static unsigned int notes(const char *dir, char name[300], char text[300])
{
	DIR *at = opendir(dir);
	struct dirent *entry;
	char path[700];
	unsigned int n = 0;
	ssize_t len;
	int fd;

	assert_non_null(at);
	while ((entry = readdir(at))) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(name, 300, "%s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		len = read(fd, text, 299);
		text[len > 0 ? len : 0] = '\0';
		close(fd);
	}
	closedir(at);
	return n;
}

static void expect_note(int fd, bool is_peer, const char *want)
{
	union net_addr addr = { 0 };
	socklen_t len = sizeof(addr);
	char text[64];

	assert_int_equal(is_peer ? getpeername(fd, &addr.sa, &len) :
				   getsockname(fd, &addr.sa, &len), 0);
	snprintf(text, sizeof(text), "[AF_INET]127.0.0.1:%u",
		 net_addr_port(&addr));
	assert_string_equal(text, want);
}

static void test_notes(void **state)
{
	char dir[] = "/tmp/ovpn-share.XXXXXX", more[64];
	char name[300] = "", text[300] = "";
	int fd, theirs;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(more, sizeof(more), " %s", dir);
	serve_shared(more);
	fd = dial();
	put(fd, REQUEST, strlen(REQUEST));
	theirs = service_accept();
	get_text(theirs, REQUEST);
	assert_int_equal(notes(dir, name, text), 1);
	expect_note(theirs, true, name);
	expect_note(fd, false, text);
	close(theirs);
	close(fd);
	for (unsigned int i = 0; i < 200 && notes(dir, name, text); i++)
		turn(10);
	assert_int_equal(notes(dir, name, text), 0);
	stop_shared();
	assert_int_equal(rmdir(dir), 0);
}

/* The end comes in the middle. */
static void test_end(void **state)
{
	int fd, theirs;

	(void)state;
	serve_shared("");
	fd = dial();
	put(fd, REQUEST, strlen(REQUEST));
	theirs = service_accept();
	stop_shared();
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), 0);
	close(fd);
	close(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_there_and_back),
		PLAIN(test_byte_by_byte),
		PLAIN(test_openvpn_stays),
		PLAIN(test_much),
		PLAIN(test_limit),
		PLAIN(test_nobody_there),
		PLAIN(test_notes),
		PLAIN(test_end),
		GUARDED(test_there_and_back),
		GUARDED(test_byte_by_byte),
		GUARDED(test_openvpn_stays),
		GUARDED(test_much),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
