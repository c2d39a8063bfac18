/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_CONTROL_RIG_H
#define UNIT_CONTROL_RIG_H

/*
 * Two control sessions over a link that loses, repeats and reorders:
 *
 *	client session  --- packets with delay and loss --->  server session
 *	      |                                                     |
 *	      +--- TLS steps on the same worker threads ------------+
 *
 * The TLS and crypto parts are real; only the network is the test's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/private.h"
#include "log/log.h"
#include "mem/mem.h"
#include "tls_pki.h"

/* Far more than it takes, also under valgrind on a busy machine. */
#define GIVE_UP_MS	60000
#define MESSAGES_MAX	64

struct side {
	const char *name;
	struct control_env env;
	struct control_session *session;
	struct side *other;
	const char *options;
	bool is_refusing;
	bool is_holding;	/* the peer, until control_session_verified() */
	const char *at_once;	/* refusal from inside */
	unsigned int n_held, n_km2;
	const char *on_active;	/* sent when the exchange is complete */
	const char *early;	/* sent with the key exchange message */
	unsigned int n_active, n_failed, n_sent;
	char failure[512];
	char messages[MESSAGES_MAX][512];
	unsigned int n_messages;
	char peer_cn[65];
	uint8_t key2[KEYGEN_KEY2_LEN];
	bool is_ekm;
};

/* A packet on its way. */
struct flight {
	struct side *to;
	struct loop_timer *timer;
	uint8_t data[PROTO_PACKET_MAX];
	size_t len;
};

static struct loop *loop;
static struct loop_pool *pool;
static struct loop_pool *busy_pool;	/* the client's, if it is slow */
static struct loop_timer *watchdog, *goal_timer;
static struct side client, server;
static struct wrap_cookie *cookie;
static unsigned int loss_percent, link_seed, n_flights;
static size_t longest;	/* of all packets sent */
static bool (*goal)(void);
static bool is_timed_out, is_ending;

static unsigned int dice(void)
{
	link_seed = link_seed * 1103515245u + 12345u;
	return link_seed >> 16 & 0x7fff;
}

/* the link */

static void server_first(const uint8_t *pkt, size_t len);

static void nap(struct loop_job *job)
{
	(void)job;
	usleep(5000);
}

static void nap_done(struct loop_job *job, bool was_run)
{
	(void)was_run;
	free(job);
}

/* What a packet gives the client's worker to do has to wait. */
static void keep_busy(void)
{
	struct loop_job *job = calloc(1, sizeof(*job));

	job->work = nap;
	job->done = nap_done;
	if (loop_pool_submit(busy_pool, job))
		free(job);
}

static void land(struct loop_timer *timer, void *arg)
{
	struct flight *flight = arg;

	(void)timer;
	if (busy_pool && flight->to == &client)
		keep_busy();
	if (flight->to == &server && !server.session && !is_ending)
		server_first(flight->data, flight->len);
	else if (flight->to->session)
		control_session_input(flight->to->session, flight->data,
				      flight->len);
	loop_timer_free(flight->timer);
	free(flight);
	n_flights--;
}

static void launch(struct side *to, const uint8_t *pkt, size_t len)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	assert_true(len <= sizeof(flight->data));
	n_flights++;
	flight->to = to;
	flight->len = len;
	memcpy(flight->data, pkt, len);
	flight->timer = loop_timer_new(loop, land, flight);
	loop_timer_start(flight->timer, loss_percent ? dice() % 8 : 0);
}

static int link_send(void *arg, struct control_session *session,
		     const uint8_t *pkt, size_t len)
{
	struct side *from = arg;

	(void)session;
	from->n_sent++;
	if (len > longest)
		longest = len;
	if (dice() % 100 < loss_percent)
		return 0;
	launch(from->other, pkt, len);
	if (loss_percent && dice() % 10 == 0)
		launch(from->other, pkt, len);
	return 0;
}

/* the server's stateless part */

static void server_reply(const struct proto_control *reset)
{
	struct proto_control reply = {
		.op = PROTO_CONTROL_HARD_RESET_SERVER_V2,
		.n_acks = 1,
		.remote_sid = reset->sid,
	};
	uint8_t head[PROTO_HEAD_LEN], body[64], wire[256];
	struct wrap_tx tx = { 0 };
	size_t len;

	assert_int_equal(wrap_cookie_make(cookie, loop_realtime(), "a", 1,
					  &reset->sid, &reply.sid), 0);
	proto_control_head(&reply, head);
	assert_int_equal(proto_control_body(&reply, body, sizeof(body), &len),
			 0);
	assert_int_equal(wrap_seal(server.env.wrap, &tx, loop_realtime(), head,
				   body, len, wire, sizeof(wire), &len), 0);
	if (dice() % 100 >= loss_percent)
		launch(&client, wire, len);
}

static void server_first(const uint8_t *pkt, size_t len)
{
	struct control_origin origin = { .has_cookie = true };
	struct proto_control parsed;
	uint8_t body[PROTO_PACKET_MAX];
	size_t body_len;

	if (wrap_open(server.env.wrap, NULL, 0, pkt, len, body, sizeof(body),
		      &body_len, NULL) ||
	    proto_control_parse(&parsed, pkt, body, body_len))
		return;
	if (parsed.op == PROTO_CONTROL_HARD_RESET_CLIENT_V2) {
		server_reply(&parsed);
		return;
	}
	if (!parsed.n_acks || parsed.id > 1 ||
	    !wrap_cookie_check(cookie, loop_realtime(), "a", 1, &parsed.sid,
			       &parsed.remote_sid))
		return;
	origin.local = parsed.remote_sid;
	origin.remote = parsed.sid;
	server.session = control_session_new(&server.env, &origin, &server);
	assert_non_null(server.session);
	control_session_input(server.session, pkt, len);
}

/* operations */

static int own_km2(void *arg, struct control_session *session,
		   struct proto_km2 *km2)
{
	struct side *side = arg;
	struct mem_buf *out = &session->key->app_in;
	uint8_t msg[PROTO_KM2_MAX];
	size_t len;

	km2->options = side->options;
	if (!side->early)
		return 0;
	/* the message of the session's own comes behind these, as junk */
	assert_int_equal(proto_km2_build(km2, !session->env->is_server, msg,
					 sizeof(msg), &len), 0);
	assert_int_equal(tls_io_put(out, msg, len), 0);
	assert_int_equal(tls_io_put(out, side->early, strlen(side->early) + 1),
			 0);
	return 0;
}

static bool verify(void *arg, struct control_session *session)
{
	struct side *side = arg;

	assert_non_null(control_session_peer(session));
	if (side->at_once)
		control_session_verified(session, side->at_once);
	side->n_held += side->is_holding;
	return side->is_holding || side->at_once;
}

static int peer_km2(void *arg, struct control_session *session,
		    const struct proto_km2 *km2)
{
	struct side *side = arg;

	side->n_km2++;
	assert_string_equal(km2->options, side->other->options);
	snprintf(side->peer_cn, sizeof(side->peer_cn), "%s",
		 control_session_peer(session)->common_name);
	return side->is_refusing ? -EACCES : 0;
}

static void active(void *arg, struct control_session *session)
{
	struct side *side = arg;

	if (side == &client && !side->n_active)
		assert_int_equal(side->n_messages, 0);
	side->n_active++;
	assert_int_equal(control_session_key2(session, side->is_ekm,
					      side->key2), 0);
	control_session_generated(session, UINT64_MAX);
	if (side->on_active)
		assert_int_equal(control_session_send(session, side->on_active),
				 0);
}

static void message(void *arg, struct control_session *session,
		    const char *text)
{
	struct side *side = arg;

	(void)session;
	assert_true(side->n_messages < MESSAGES_MAX);
	snprintf(side->messages[side->n_messages++],
		 sizeof(side->messages[0]), "%s", text);
}

static void failed(void *arg, struct control_session *session,
		   const char *reason)
{
	struct side *side = arg;

	(void)session;
	side->n_failed++;
	snprintf(side->failure, sizeof(side->failure), "%s", reason);
}

static const struct control_ops ops = {
	.send = link_send,
	.own_km2 = own_km2,
	.verify = verify,
	.peer_km2 = peer_km2,
	.active = active,
	.message = message,
	.failed = failed,
};

/* set-up */

static struct pki_cert ca, server_cert, client_cert;

static int group_setup(void **state)
{
	const struct pki_spec spec_ca = {
		.cn = "Test CA", .is_ca = true, .key_usage = "keyCertSign",
	};
	const struct pki_spec spec_server = {
		.cn = "server", .key_usage = "digitalSignature",
		.ext_usage = "serverAuth", .serial = 2,
	};
	const struct pki_spec spec_client = {
		.cn = "client", .key_usage = "digitalSignature",
		.ext_usage = "clientAuth", .serial = 3,
	};

	(void)state;
	ca = pki_make(&spec_ca, NULL);
	server_cert = pki_make(&spec_server, &ca);
	client_cert = pki_make(&spec_client, &ca);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	pki_free(&ca);
	pki_free(&server_cert);
	pki_free(&client_cert);
	return 0;
}

static struct tls_blob pem(const char *text)
{
	return (struct tls_blob){ "test", text, strlen(text) };
}

static void side_init(struct side *side, const char *name, bool is_server,
		      struct side *other, enum wrap_mode mode)
{
	const struct pki_cert *cert = is_server ? &server_cert : &client_cert;
	const struct tls_config cfg = {
		.is_server = is_server,
		.ca = pem(ca.cert_pem),
		.cert = pem(cert->cert_pem),
		.key = pem(cert->key_pem),
	};
	uint8_t key[WRAP_STATIC_KEY_LEN];
	struct wrap_key *wrap;
	struct tls_ctx *tls;
	char err[256];

	memset(side, 0, sizeof(*side));
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7);
	assert_int_equal(wrap_key_new(mode, key, is_server ?
				      WRAP_DIRECTION_NORMAL :
				      WRAP_DIRECTION_INVERSE, "SHA256", &wrap),
			 0);
	assert_int_equal(tls_ctx_new(&cfg, &tls, err, sizeof(err)), 0);
	side->name = name;
	side->other = other;
	side->options = is_server ? "V4,tls-server" : "V4,tls-client";
	side->is_ekm = true;
	side->env = (struct control_env){
		.loop = loop,
		.pool = pool,
		.tls = tls,
		.wrap = wrap,
		.ops = &ops,
		.is_server = is_server,
		.hand_window = 60,
		.reneg_sec = 3600,
		.tls_timeout = 1,
		.max_packet_size = 1250,
		.realtime = loop_realtime,
		.random = keygen_random,
	};
}

static void give_up(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_timed_out = true;
	loop_stop(loop);
}

static void check_goal(struct loop_timer *timer, void *arg)
{
	(void)arg;
	if (goal())
		loop_stop(loop);
	else
		loop_timer_start(timer, 2);
}

static void run_until(bool (*is_reached)(void))
{
	goal = is_reached;
	is_timed_out = false;
	loop_timer_start(watchdog, GIVE_UP_MS);
	loop_timer_start(goal_timer, 0);
	assert_int_equal(loop_run(loop), 0);
	loop_timer_stop(watchdog);
	loop_timer_stop(goal_timer);
	if (is_timed_out)
		fail_msg("not reached in time: client %s, server %s",
			 client.session ? control_state_name(
				 control_session_state(client.session)) :
			 "none",
			 server.session ? control_state_name(
				 control_session_state(server.session)) :
			 "none");
}

static void begin(enum wrap_mode mode, unsigned int loss, unsigned int seed)
{
	alarm(240);
	loss_percent = loss;
	link_seed = seed;
	is_ending = false;
	longest = 0;
	loop = loop_new();
	pool = loop_pool_new(loop, 2, 16);
	watchdog = loop_timer_new(loop, give_up, NULL);
	goal_timer = loop_timer_new(loop, check_goal, NULL);
	cookie = wrap_cookie_new(60);
	side_init(&client, "client", false, &server, mode);
	side_init(&server, "server", true, &client, mode);
	client.session = control_session_new(&client.env, NULL, &client);
	assert_non_null(client.session);
}

static bool never(void)
{
	return false;
}

static bool all_landed(void)
{
	return !n_flights;
}

/* Let what is in flight land, so that nothing leaks; then free in order. */
static void end(void)
{
	is_ending = true;
	control_session_free(client.session);
	control_session_free(server.session);
	client.session = NULL;
	server.session = NULL;
	run_until(all_landed);
	loop_pool_free(pool);
	loop_timer_free(watchdog);
	loop_timer_free(goal_timer);
	wrap_key_free((struct wrap_key *)(uintptr_t)client.env.wrap);
	wrap_key_free((struct wrap_key *)(uintptr_t)server.env.wrap);
	tls_ctx_free(client.env.tls);
	tls_ctx_free(server.env.tls);
	wrap_cookie_free(cookie);
	loop_free(loop);
}

static bool both_active(void)
{
	return client.n_active && server.n_active;
}

static bool both_active_twice(void)
{
	return client.n_active == 2 && server.n_active == 2;
}

static bool somebody_failed(void)
{
	return client.n_failed || server.n_failed;
}

#endif
