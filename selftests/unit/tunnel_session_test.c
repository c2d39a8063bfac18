// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients that connect, come again, renegotiate and leave, some of them not as
 * they should. A test that is named after a CVE looks for the mistake that was
 * found elsewhere under that number.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel_peer.h"

static void start(const char *more)
{
	begin(more);
	peers_begin();
}

static void stop(void)
{
	peers_end();
	end();
}

static struct peer *connected(unsigned int i, const char *cn, uint16_t port)
{
	struct peer *peer = peer_start(i, cn, port, PEER_INFO);

	run_until(peer_has(peer, "PUSH_REPLY"));
	return peer;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

static void test_push_reply(void **state)
{
	struct peer *peer;

	(void)state;
	start("push \"route 10.9.0.0 255.255.255.0\"");
	peer = connected(0, "one", 4000);
	assert_true(peer_has(peer, "route 10.9.0.0 255.255.255.0"));
	assert_true(peer_has(peer, "ifconfig 10.8.0.2 255.255.255.0"));
	assert_true(peer_has(peer, "peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit tls-ekm dyn-tls-crypt"));
	assert_int_equal(tunnel_of(peer)->state, TUNNEL_STATE_CONNECTED);
	stop();
}

/* More than one message holds: each says whether another one follows. */
static void test_push_continuation(void **state)
{
	char text[8192] = "";
	struct peer *peer;
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "push \"route 10.%u.0.0 255.255.255.0\"\n", i);
	start(text);
	peer = peer_start(0, "one", 4000, PEER_INFO);
	run_until(peer_has(peer, "push-continuation 1"));
	assert_true(peer->n_messages > 2);
	for (unsigned int i = 0; i < peer->n_messages; i++) {
		const char *at = peer->messages[i];

		assert_true(strlen(at) < 1024);
		assert_int_equal(!strstr(at, "push-continuation 2"),
				 i == peer->n_messages - 1);
		while ((at = strstr(at, "route 10.")) && ++at)
			n++;
	}
	assert_int_equal(n, 100);
	stop();
}

/*
 * A string that is queued while an exchange becomes complete does not wait for
 * a timer. What else runs here may hold things up, but not each time.
 */
static void test_push_reply_at_once(void **state)
{
	uint64_t begun, least = UINT64_MAX;
	struct peer *peer;

	(void)state;
	start("");
	for (unsigned int i = 0; i < 10 && least >= 40; i++) {
		peer = peer_start(0, "one", (uint16_t)(4000 + i), PEER_INFO);
		run_until(peer->n_active);
		begun = loop_now(loop);
		run_until(peer_has(peer, "PUSH_REPLY"));
		if (loop_now(loop) - begun < least)
			least = loop_now(loop) - begun;
		control_session_free(peer->session);
		peer->session = NULL;
		tls_ctx_free(peer->tls);
		peer->tls = NULL;
		pki_free(&peer->cert);
		memset(&peer->cert, 0, sizeof(peer->cert));
	}
	assert_in_range(least, 0, 39);
	stop();
}

/* What a 2.7 client says: it follows PUSH_UPDATE. */
#define PEER_INFO_UPDATE \
	"IV_VER=2.7.8\nIV_PROTO=5086\nIV_CIPHERS=AES-256-GCM\nIV_MTU=1600\n"

static int push_to(const char *options, const char *name, int64_t cid,
		   struct tunnel_push_result *result)
{
	const struct tunnel_push push = {
		.options = options, .common_name = name, .has_cid = cid >= 0,
		.cid = (uint64_t)cid,
	};
	char err[200] = "";
	int ret = tunnel_host_push(host, &push, result, err, sizeof(err));

	assert_int_equal(!ret, !err[0]);
	return ret;
}

static void test_push_update(void **state)
{
	struct tunnel_push_result result;
	struct peer *old, *a, *b;

	(void)state;
	start("");
	old = connected(0, "old", 4000);
	a = peer_start(1, "one", 4001, PEER_INFO_UPDATE);
	b = peer_start(2, "two", 4002, PEER_INFO_UPDATE);
	run_until(peer_has(a, "PUSH_REPLY") && peer_has(b, "PUSH_REPLY"));
	assert_int_equal(push_to("route 10.1.0.0 255.255.0.0,-dns", NULL, -1,
				 &result), 0);
	assert_int_equal(result.n_sent, 2);
	assert_int_equal(result.n_unable, 1);
	run_until(peer_has(a, "PUSH_UPDATE,route 10.1.0.0 255.255.0.0,-dns") &&
		  peer_has(b, "PUSH_UPDATE,route 10.1.0.0 255.255.0.0,-dns"));
	assert_int_equal(push_to("tun-mtu 1400", "one", -1, &result), 0);
	assert_int_equal(result.n_sent, 1);
	assert_int_equal(push_to("tun-mtu 1300", NULL,
				 (int64_t)tunnel_of(b)->cid, &result), 0);
	assert_int_equal(result.n_sent, 1);
	run_until(peer_has(a, "PUSH_UPDATE,tun-mtu 1400") &&
		  peer_has(b, "PUSH_UPDATE,tun-mtu 1300"));
	assert_false(peer_has(a, "1300"));
	assert_false(peer_has(b, "1400"));
	assert_int_equal(push_to("tun-mtu 1400", "three", -1, &result),
			 -ENOENT);
	assert_int_equal(push_to("tun-mtu 1400", NULL, 4711, &result),
			 -ENOENT);
	assert_int_equal(push_to("tun-mtu 1400", "old", -1, &result), 0);
	assert_int_equal(result.n_unable, 1);
	assert_false(peer_has(old, "PUSH_UPDATE"));
	stop();
}

/* A client would end its connection over any of these. */
static void test_push_update_refused(void **state)
{
	static const char *const bad[] = {
		"", ",", "route 10.0.0.0,", "cipher AES-128-GCM", "peer-id 3",
		"-route 10.0.0.0", "-", "?", "-?", "?-route", "--route",
		"routes x", "route\n10.0.0.0", "ifconfig 10.8.0.9",
		"ifconfig x 255.255.255.0", "ifconfig 10.8.0.1 255.255.255.0",
		"-ifconfig", "-?ifconfig", "-ifconfig-ipv6", "?ifconfig-ipv6 fd00::9/64 fd00::1",
		"auth-token x", "push-continuation 1",
	};
	static const char *const good[] = {
		"route", "-route", "?route 10.0.0.0", "-?route",
		"tun-mtu 1400,-dns,dns server 1 address 10.0.0.1",
	};
	struct tunnel_push_result result;
	char longest[300];
	struct peer *peer;

	(void)state;
	start("");
	peer = peer_start(0, "one", 4000, PEER_INFO_UPDATE);
	run_until(peer_has(peer, "PUSH_REPLY"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (push_to(bad[i], NULL, -1, &result) != -EINVAL)
			fail_msg("\"%s\" is sent", bad[i]);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "route ", 6);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(push_to(longest, NULL, -1, &result), -EINVAL);
	run_for(50);
	assert_false(peer_has(peer, "PUSH_UPDATE"));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(push_to(good[i], NULL, -1, &result), 0);
	stop();
}

/* Same name: who comes last wins. */
static void test_same_name(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	b = connected(1, "one", 4001);
	assert_null(tunnel_of(a));
	assert_non_null(tunnel_of(b));
	/* and has the address */
	assert_true(peer_has(b, "ifconfig 10.8.0.2 "));
	connected(2, "two", 4002);
	assert_int_equal(n_tunnels(), 2);
	stop();
}

static void test_same_name_allowed(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("duplicate-cn");
	a = connected(0, "one", 4000);
	b = connected(1, "one", 4001);
	assert_non_null(tunnel_of(a));
	assert_non_null(tunnel_of(b));
	assert_true(peer_has(b, "ifconfig 10.8.0.3 "));
	stop();
}

/* Each user has so many, and who came first makes room. */
static void test_sessions_per_user(void **state)
{
	struct peer *a, *b, *c;

	(void)state;
	start("sessions-per-user 2");
	a = connected(0, "one", 4000);
	b = connected(1, "one", 4001);
	connected(2, "two", 4002);
	assert_int_equal(n_tunnels(), 3);
	assert_true(peer_has(b, "ifconfig 10.8.0.3 "));
	c = connected(3, "one", 4003);
	assert_null(tunnel_of(a));
	assert_non_null(tunnel_of(b));
	assert_non_null(tunnel_of(c));
	assert_int_equal(n_tunnels(), 3);
	/* the same one again is not one more */
	peer_connect(c);
	run_until(peer_has(c, "PUSH_REPLY"));
	assert_non_null(tunnel_of(b));
	stop();
}

/* A client that has started anew at its address: its tunnel goes on. */
static void test_same_address(void **state)
{
	struct tunnel *tunnel;
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	tunnel = tunnel_of(peer);
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_ptr_equal(tunnel_of(peer), tunnel);
	assert_int_equal(n_tunnels(), 1);
	assert_null(tunnel->untrusted);
	stop();
}

/* Another one there does not get it, and does not end it either. */
static void test_same_address_other_name(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	a->addr = addr_of(9);
	b = peer_start(1, "two", 4000, PEER_INFO);
	run_for(300);
	assert_false(peer_has(b, "PUSH_REPLY"));
	assert_non_null(tunnel_of(b));
	assert_int_equal(tunnel_of(b)->state, TUNNEL_STATE_CONNECTED);
	assert_string_equal(tunnel_of(b)->common_name, "one");
	stop();
}

/* What comes to its end before the memory goes does not bring it back. */
static void test_closed_stays_closed(void **state)
{
	struct tunnel_session *ts;
	struct tunnel *tunnel;
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	tunnel = tunnel_of(peer);
	peer_connect(peer);
	run_until(tunnel->untrusted);
	ts = tunnel->untrusted;
	tunnel_close(tunnel, "test");
	tunnel_control_ops.active(ts, ts->control);
	assert_int_equal(tunnel->state, TUNNEL_STATE_DEAD);
	assert_int_equal(n_tunnels(), 0);
	assert_ptr_equal(tunnel->untrusted, ts);
	stop();
}

/* PUSH_REPLY was sent to who was about to be refused. */
static void test_cve_2020_15078_refused_get_nothing(void **state)
{
	struct peer *peer;

	(void)state;
	start("push \"route 10.9.0.0 255.255.255.0\"");
	peer = peer_start(0, "one", 4000,
			  "IV_PROTO=990\nIV_CIPHERS=AES-256-CBC\n");
	run_until(peer->n_active);
	for (unsigned int i = 0; i < 20; i++) {
		control_session_send(peer->session, "PUSH_REQUEST");
		run_for(10);
	}
	assert_true(peer_has(peer, "AUTH_FAILED"));
	assert_false(peer_has(peer, "PUSH_"));
	assert_false(peer_has(peer, "route"));
	stop();
}

/* force-tls-key-material-export: of IV_PROTO 990, bit 3 says that it can. */
static void test_old_keys_are_refused(void **state)
{
	struct peer *peer;

	(void)state;
	start("force-tls-key-material-export");
	connected(0, "one", 4000);
	peer = peer_start(1, "two", 4001,
			  "IV_PROTO=982\nIV_CIPHERS=AES-256-GCM\n");
	run_until(peer_has(peer, "AUTH_FAILED"));
	assert_true(peer_has(peer, "Keying Material Exporters"));
	assert_false(peer_has(peer, "PUSH_"));
	stop();
}

/* session-timeout ends what is connected, and nothing before its time. */
static void test_session_timeout(void **state)
{
	struct peer *peer;

	(void)state;
	start("session-timeout 1");
	peer = connected(0, "one", 4000);
	run_for(700);
	assert_int_equal(tunnel_of(peer)->state, TUNNEL_STATE_CONNECTED);
	run_until(peer_has(peer, "HALT"));
	run_for(2500);
	assert_int_equal(n_tunnels(), 0);
	stop();
}

/*
 * What is not connected any more is not looked at, and its timer does not fire
 * again and again; in the next session the time is counted anew.
 */
static void test_session_timeout_lame_duck(void **state)
{
	struct tunnel *tunnel;
	struct peer *peer;

	(void)state;
	start("session-timeout 1");
	peer = connected(0, "one", 4000);
	tunnel = tunnel_of(peer);
	tunnel_enter_state(tunnel, TUNNEL_STATE_LAME_DUCK);
	tunnel_set_deadline(tunnel, loop_now(loop) + 60000);
	assert_true(tunnel->lifetime.ends_at <= loop_now(loop) + 1000);
	assert_true(tunnel_lifetime_deadline(tunnel) == UINT64_MAX);
	run_for(1300);
	assert_false(peer_has(peer, "HALT"));
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_ptr_equal(tunnel_of(peer), tunnel);
	assert_int_equal(tunnel->state, TUNNEL_STATE_CONNECTED);
	run_until(peer_has(peer, "HALT"));
	stop();
}

/* Each further EXIT put off the end of the session. */
static void test_cve_2024_28882_one_exit_is_enough(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	for (unsigned int i = 0; i < 20 && n_tunnels(); i++) {
		control_session_send(peer->session, "EXIT");
		run_for(250);
	}
	assert_int_equal(n_tunnels(), 0);
	stop();
}

/* What is said in there neither brings it back, nor gets an answer. */
static void test_cve_2024_28882_no_way_back(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	control_session_send(peer->session, "EXIT");
	run_until(tunnel_of(peer)->state == TUNNEL_STATE_EXITING);
	peer->n_messages = 0;
	control_session_send(peer->session, "PUSH_REQUEST");
	run_for(100);
	assert_int_equal(peer->n_messages, 0);
	assert_false(tunnel_of(peer)->has_dp_peer);
	stop();
}

/* A cookie was good for everybody; and is for a while only. */
static int64_t time_shift;

static int64_t shifted_time(void)
{
	return loop_realtime() + time_shift;
}

static bool opens_after(int64_t seconds)
{
	const struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2, .sid = client_sid,
	};
	struct proto_control reply, pkt = {
		.op = PROTO_ACK_V1, .sid = client_sid, .n_acks = 1,
	};
	bool is_open;

	start("");
	host->env.realtime = shifted_time;
	time_shift = 0;
	input(&reset, 4000);
	assert_int_equal(proto_control_parse(&reply, last,
					     last + PROTO_HEAD_LEN,
					     last_len - PROTO_HEAD_LEN), 0);
	pkt.remote_sid = reply.sid;
	time_shift = seconds;
	input(&pkt, 4000);
	is_open = n_tunnels() == 1;
	stop();
	return is_open;
}

static void test_cve_2025_13086_cookies_expire(void **state)
{
	(void)state;
	/* hand-window 60: slots of 30 s, the last three are good */
	assert_true(opens_after(0));
	assert_true(opens_after(59));
	assert_false(opens_after(91));
	assert_false(opens_after(3600));
	/* nor is one from the future */
	assert_false(opens_after(-61));
}

static struct dp_peer_info keys_of(const struct peer *peer)
{
	struct dp_peer_info info;

	assert_int_equal(dp_peer_get(host->dp, tunnel_of(peer)->dp_id,
				     &info), 0);
	return info;
}

/*
 * A key waits until the peer is sure to have it. When the peer begins the next
 * exchange it forgets the one that is sent with meanwhile.
 */
static void test_next_exchange_ends_wait(void **state)
{
	struct control_session *side;
	struct peer *peer;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		start("");
		peer = connected(0, "one", 4000);
		side = tunnel_of(peer)->active->control;
		run_until(!control_session_renegotiate(peer->session));
		run_until(keys_of(peer).secondary_key == 1);
		run_until(control_session_state(side) ==
			  CONTROL_STATE_GENERATED_KEYS && peer->n_active == 2);
		assert_int_equal(keys_of(peer).primary_key, 0);
		assert_int_equal(control_session_renegotiate(
				 i ? side : peer->session), 0);
		run_until(control_session_key_id(side) == 2);
		assert_int_not_equal(control_session_state(side),
				     CONTROL_STATE_GENERATED_KEYS);
		assert_int_equal(keys_of(peer).primary_key, 1);
		run_until(keys_of(peer).secondary_key == 2);
		assert_int_equal(keys_of(peer).primary_key, 1);
		stop();
	}
}

/* Wrapping and acks of a renegotiation were used after it had replaced them. */
static void test_cve_2026_13117_renegotiations(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	assert_true(peer->is_dynamic);
	for (unsigned int i = 1; i <= 10; i++) {
		struct control_session *side = peer->session;

		if (i % 3)
			side = tunnel_of(peer)->active->control;
		run_until(!control_session_renegotiate(side));
		/* both at once, sometimes */
		if (i % 4 == 0)
			control_session_renegotiate(peer->session);
		run_until(peer->n_active == i + 1 &&
			  control_session_state(
				tunnel_of(peer)->active->control) ==
			  CONTROL_STATE_GENERATED_KEYS);
		assert_int_equal(control_session_key_id(peer->session),
				 (i - 1) % 7 + 1);
	}
	assert_int_equal(peer->n_failed, 0);
	assert_int_equal(n_tunnels(), 1);
	stop();
}

/* And the session goes in the middle of one, at any moment. */
static void test_cve_2026_12996_end_in_the_middle(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	for (unsigned int i = 0; i < 12; i++) {
		control_session_renegotiate(peer->session);
		run_for(i);
		if (i % 3 == 2)
			tunnel_host_restart(host, "test");
		peer_connect(peer);
		run_until(peer_has(peer, "PUSH_REPLY"));
	}
	assert_int_equal(n_tunnels(), 1);
	control_session_renegotiate(peer->session);
	run_for(1);
	stop();
}

/* A renegotiation with another certificate ends the tunnel. */
static void test_identity_is_locked(void **state)
{
	struct peer *peer, *other;
	struct tls_ctx *tls;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	other = peer_start(1, "two", 4001, PEER_INFO);
	run_until(peer_has(other, "PUSH_REPLY"));
	tls = peer->env.tls;
	peer->env.tls = other->env.tls;
	run_until(!control_session_renegotiate(peer->session));
	run_until(tunnel_of(peer)->state != TUNNEL_STATE_CONNECTED);
	assert_int_equal(tunnel_of(peer)->state, TUNNEL_STATE_LAME_DUCK);
	peer->env.tls = tls;
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push_reply),
		cmocka_unit_test(test_push_continuation),
		cmocka_unit_test(test_push_reply_at_once),
		cmocka_unit_test(test_push_update),
		cmocka_unit_test(test_push_update_refused),
		cmocka_unit_test(test_same_name),
		cmocka_unit_test(test_same_name_allowed),
		cmocka_unit_test(test_sessions_per_user),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_same_address_other_name),
		cmocka_unit_test(test_closed_stays_closed),
		cmocka_unit_test(test_cve_2020_15078_refused_get_nothing),
		cmocka_unit_test(test_old_keys_are_refused),
		cmocka_unit_test(test_session_timeout),
		cmocka_unit_test(test_session_timeout_lame_duck),
		cmocka_unit_test(test_cve_2024_28882_one_exit_is_enough),
		cmocka_unit_test(test_cve_2024_28882_no_way_back),
		cmocka_unit_test(test_cve_2025_13086_cookies_expire),
		cmocka_unit_test(test_next_exchange_ends_wait),
		cmocka_unit_test(test_cve_2026_13117_renegotiations),
		cmocka_unit_test(test_cve_2026_12996_end_in_the_middle),
		cmocka_unit_test(test_identity_is_locked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
