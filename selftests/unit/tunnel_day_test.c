// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A day of a server, with a clock that is put forward: its list of revoked
 * certificates ends, its addresses run out. Keys and tokens of a day are in
 * tunnel_login_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel_peer.h"

#define HOUR	3600
#define LINES	256u

static _Atomic int64_t ahead;	/* of the machine's clock, in seconds */

/*
 * What OpenSSL compares certificates and lists with, and the daemon's own
 * clock: this program's come before those of the C library.
 */
time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += ahead;
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* After begin_host() or begin(). */
static void day_begin(void)
{
	const struct log_config quiet = {
		.target = LOG_TARGET_FILE, .path = "/dev/null", .is_append = true,
		.verb = 3,
	};

	assert_int_equal(log_open(&quiet), 0);
	assert_int_equal(log_history_open(LINES, NULL, NULL), 0);
	peers_begin();
}

static void day_end(void)
{
	peers_end();
	end();
	log_history_close();
	log_close();
	ahead = 0;
}

/* How many lines of the log, from the @from-th on, have both of it? */
static unsigned int n_said(uint64_t from, const char *a, const char *b)
{
	struct log_line *line = malloc(sizeof(*line));
	unsigned int n = 0;

	assert_non_null(line);
	for (; from < log_history_end() && log_history_get(from, line); from++)
		n += strstr(line->text, a) && strstr(line->text, b);
	free(line);
	return n;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

/* It comes from another port, and says so when it is in. */
static bool comes_in(struct peer *peer, uint16_t port)
{
	peer->addr = addr_of(port);
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY") || peer->n_failed ||
		  peer_has(peer, "AUTH_FAILED"));
	return peer_has(peer, "PUSH_REPLY");
}

/* true: the key was agreed upon */
static bool next_key(struct peer *peer)
{
	unsigned int before = peer->n_active;

	assert_int_equal(control_session_renegotiate(peer->session), 0);
	run_until(peer->n_active > before || peer->n_failed);
	return !peer->n_failed;
}

/* ---- the list of revoked certificates ----------------------------------- */

static char list_path[] = "/tmp/ovpn-day.XXXXXX";

/* A list that ends so many seconds from now, by the clock of the test. */
static char *list_write(long ends)
{
	char *text = pki_crl(&rig_ca, 0, ends), next[sizeof(list_path) + 4];
	FILE *file;

	snprintf(next, sizeof(next), "%s.new", list_path);
	file = fopen(next, "w");
	assert_true(file && fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(next, list_path), 0);
	return text;
}

/* The daemon has what ovpnd-conf has read of the file. */
static void list_begin(void)
{
	const struct tunnel_outer outer = {
		.send = outer_send, .fd = outer_fd,
	};
	char *list;
	int fd = mkstemp(list_path);

	assert_true(fd >= 0);
	close(fd);
	begin_config(config_text("reneg-sec 3600"));
	list = list_write(20L * HOUR + HOUR / 2);
	cfg->crl = (struct config_blob){ list_path, list, strlen(list) };
	begin_host(&outer);
	free(list);
	day_begin();
}

/*
 * 20 hours are good. From then on nobody comes in, as with OpenVPN, and who is
 * connected stays for as long as its last key does; the log says what to do.
 * Another list lets all in again, without a word to the server.
 */
static void test_list_ends(void **state)
{
	struct peer *stays, *comes;
	struct tunnel *tunnel;
	uint64_t from;

	(void)state;
	list_begin();
	stays = peer_start(0, "stays", 4000, PEER_INFO);
	run_until(peer_has(stays, "PUSH_REPLY"));
	tunnel = tunnel_of(stays);
	comes = peer_start(1, "comes", 4001, PEER_INFO);
	run_until(peer_has(comes, "PUSH_REPLY"));
	for (unsigned int hour = 1; hour <= 20; hour++) {
		ahead += HOUR;
		assert_true(next_key(stays));
		assert_true(comes_in(comes, (uint16_t)(4001 + hour)));
	}
	from = log_history_end();
	ahead += HOUR;
	assert_false(comes_in(comes, 4030));
	assert_int_equal(comes->n_active, 0);
	run_until(n_said(from, "192.0.2.2:4030", "CRL has expired"));
	assert_int_equal(n_said(from, "CRL has expired; make a new revocation list",
				list_path), 1);
	assert_false(next_key(stays));
	run_until(n_said(from, "stays/", "CRL has expired"));
	assert_ptr_equal(tunnel_of(stays), tunnel);
	assert_int_equal(tunnel->state, TUNNEL_STATE_LAME_DUCK);
	assert_true(tunnel->has_dp_peer);
	/* another list */
	free(list_write(48L * HOUR));
	assert_true(comes_in(comes, 4031));
	assert_true(n_said(from, list_path, "read again"));
	assert_true(comes_in(stays, 4032));
	ahead += HOUR;
	assert_true(next_key(stays));
	day_end();
	unlink(list_path);
}

/* ---- the pool ------------------------------------------------------------ */

static const char pool_lines[] =
	"mode server\ntls-server\ntopology subnet\ndh none\n"
	"ifconfig 10.8.0.1 255.255.255.0\n"
	"ifconfig-pool 10.8.0.2 10.8.0.3 255.255.255.0";

static void pool_begin(void)
{
	const struct tunnel_outer outer = {
		.send = outer_send, .fd = outer_fd,
	};

	begin_config(config_text_as(pool_lines, "serverAuth",
				    "reneg-sec 3600"));
	begin_host(&outer);
	day_begin();
}

/*
 * Two addresses. A third client is told to come again, in the words that it
 * understands, for as long as both are there; when one leaves, its address is
 * the next one's.
 */
static void test_pool_is_full(void **state)
{
	struct peer *a, *b, *c, *old;
	uint64_t from;

	(void)state;
	pool_begin();
	a = peer_start(0, "a", 4000, PEER_INFO);
	run_until(peer_has(a, "ifconfig 10.8.0.2 255.255.255.0"));
	b = peer_start(1, "b", 4001, PEER_INFO);
	run_until(peer_has(b, "ifconfig 10.8.0.3 255.255.255.0"));
	from = log_history_end();
	c = peer_start(2, "c", 4002, PEER_INFO);
	run_until(peer_has(c, "AUTH_FAILED"));
	/* 2.5 takes each AUTH_FAILED for the end */
	old = peer_start(3, "old", 4003, "IV_VER=2.5.1\nIV_PROTO=6\n"
			 "IV_CIPHERS=AES-256-GCM\n");
	run_until(old->n_messages);
	assert_string_equal(old->messages[0], "RESTART");
	for (unsigned int hour = 1; hour <= 12; hour++) {
		ahead += HOUR;
		assert_true(next_key(a));
		assert_true(next_key(b));
		assert_false(comes_in(c, (uint16_t)(4010 + hour)));
		assert_string_equal(c->messages[0],
			"AUTH_FAILED,TEMP[backoff 10]:no free address in the pool");
		assert_int_equal(c->n_messages, 1);
	}
	assert_int_equal(n_said(from, "c/192.0.2.2:4012",
				"refused for now: no free address in the pool"),
			 1);
	assert_int_equal(control_session_send(a->session, "EXIT"), 0);
	run_until(!tunnel_of(a));
	assert_true(comes_in(c, 4030));
	assert_true(peer_has(c, "ifconfig 10.8.0.2 255.255.255.0"));
	assert_false(comes_in(a, 4031));
	assert_true(next_key(b));
	day_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_ends),
		cmocka_unit_test(test_pool_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
