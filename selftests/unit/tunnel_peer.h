/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_TUNNEL_PEER_H
#define UNIT_TUNNEL_PEER_H

/*
 * Clients of the rig's server: real control sessions with certificates of its
 * CA, which do not heed what a client should. No socket lies between them and
 * the server, but each packet waits for the next turn of the loop.
 */
#include <sys/socket.h>

#include "tunnel_rig.h"
#include "tunnel_run.h"

#define PEERS_MAX	4
#define PEER_MESSAGES	16
#define PEER_INFO \
	"IV_VER=2.6.14\nIV_PROTO=990\nIV_CIPHERS=AES-256-GCM\nIV_MTU=1600\n"

struct peer {
	union net_addr addr;
	struct pki_cert cert;
	struct tls_ctx *tls;
	struct control_env env;
	struct control_session *session;
	const char *info;
	const char *username, *password;	/* NULL: none */
	bool is_dynamic;	/* told to use dynamic tls-crypt */
	bool is_deaf;		/* hears nothing any more */
	unsigned int n_datagrams;	/* either way */
	unsigned int loses;	/* the one of them that is lost; 0: none */
	unsigned int n_active, n_failed;
	char messages[PEER_MESSAGES][1100];
	unsigned int n_messages;
};

struct peer_flight {
	struct loop_timer *timer;
	struct peer *to;	/* NULL: the server */
	union net_addr from;
	uint8_t data[PROTO_PACKET_MAX];
	size_t len;
};

static struct peer peers[PEERS_MAX];
static struct loop_pool *peer_pool;
static unsigned int n_peer_flights;
static uint64_t peer_delay_ms;	/* of each packet */

static void peer_land(struct loop_timer *timer, void *arg)
{
	struct peer_flight *flight = arg;
	union net_addr local = addr_of(1194);

	(void)timer;
	n_peer_flights--;
	if (!flight->to)
		tunnel_host_input(host, flight->data, flight->len,
				  &(struct tunnel_way){ &flight->from, &local,
							input_sock });
	else if (flight->to->session && !flight->to->is_deaf)
		control_session_input(flight->to->session, flight->data,
				      flight->len);
	loop_timer_free(flight->timer);
	free(flight);
}

static void peer_launch(struct peer *to, const union net_addr *from,
			const uint8_t *pkt, size_t len)
{
	struct peer_flight *flight = calloc(1, sizeof(*flight));

	assert_true(len <= sizeof(flight->data));
	flight->to = to;
	flight->from = *from;
	flight->len = len;
	memcpy(flight->data, pkt, len);
	flight->timer = loop_timer_new(loop, peer_land, flight);
	n_peer_flights++;
	loop_timer_start(flight->timer, peer_delay_ms);
}

static bool peer_loses(struct peer *peer)
{
	return ++peer->n_datagrams == peer->loses;
}

static void peer_from_server(const union net_addr *remote, const uint8_t *pkt,
			     size_t len)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (peers[i].session &&
		    net_addr_is_equal(&peers[i].addr, remote) &&
		    !peer_loses(&peers[i]))
			peer_launch(&peers[i], remote, pkt, len);
}

/* operations of the client's session */

static int peer_send(void *arg, struct control_session *session,
		     const uint8_t *pkt, size_t len)
{
	struct peer *peer = arg;

	(void)session;
	if (!peer_loses(peer))
		peer_launch(NULL, &peer->addr, pkt, len);
	return 0;
}

static int peer_own_km2(void *arg, struct control_session *session,
			struct proto_km2 *km2)
{
	struct peer *peer = arg;

	(void)session;
	km2->options = "V4,tls-client";
	km2->peer_info = peer->info;
	km2->username = peer->username;
	km2->password = peer->password;
	return 0;
}

static int peer_their_km2(void *arg, struct control_session *session,
			  const struct proto_km2 *km2)
{
	(void)arg;
	(void)session;
	(void)km2;
	return 0;
}

static void peer_active(void *arg, struct control_session *session)
{
	struct peer *peer = arg;

	peer->n_active++;
	/* key 0 is generated when PUSH_REPLY has come */
	if (control_session_key_id(session))
		control_session_generated(session, UINT64_MAX);
}

static void peer_message(void *arg, struct control_session *session,
			 const char *text)
{
	struct peer *peer = arg;

	if (peer->n_messages < PEER_MESSAGES)
		snprintf(peer->messages[peer->n_messages++],
			 sizeof(peer->messages[0]), "%s", text);
	if (strncmp(text, "PUSH_REPLY", 10))
		return;
	if (strstr(text, "dyn-tls-crypt")) {
		assert_int_equal(control_session_dynamic_wrap(session), 0);
		peer->is_dynamic = true;
	}
	control_session_generated(session, UINT64_MAX);
}

static void peer_failed(void *arg, struct control_session *session,
			const char *reason)
{
	struct peer *peer = arg;

	(void)session;
	(void)reason;
	peer->n_failed++;
}

static const struct control_ops peer_ops = {
	.send = peer_send,
	.own_km2 = peer_own_km2,
	.peer_km2 = peer_their_km2,
	.active = peer_active,
	.message = peer_message,
	.failed = peer_failed,
};

/* life of the clients */

/* After begin(), before the first peer_start(). */
static void peers_begin(void)
{
	memset(peers, 0, sizeof(peers));
	peer_delay_ms = 0;
	on_sent = peer_from_server;
	rig_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(rig_fd >= 0);
	peer_pool = loop_pool_new(loop, 2, 16);
	assert_non_null(peer_pool);
}

static void peer_connect(struct peer *peer)
{
	control_session_free(peer->session);
	peer->is_dynamic = false;
	peer->n_active = 0;
	peer->n_failed = 0;
	peer->n_messages = 0;
	peer->session = control_session_new(&peer->env, NULL, peer);
	assert_non_null(peer->session);
}

/* A client named @cn at @port, which begins to connect. */
static struct peer *peer_start(unsigned int i, const char *cn, uint16_t port,
			       const char *info)
{
	const struct pki_spec spec = {
		.cn = cn, .key_usage = "digitalSignature",
		.ext_usage = "clientAuth", .serial = 10 + i,
	};
	struct peer *peer = &peers[i];
	struct tls_config tls = { .is_server = false };
	char err[256];

	peer->addr = addr_of(port);
	peer->info = info;
	peer->cert = pki_make(&spec, &rig_ca);
	tls.ca = (struct tls_blob){ "ca", rig_ca.cert_pem,
				    strlen(rig_ca.cert_pem) };
	tls.cert = (struct tls_blob){ "cert", peer->cert.cert_pem,
				      strlen(peer->cert.cert_pem) };
	tls.key = (struct tls_blob){ "key", peer->cert.key_pem,
				     strlen(peer->cert.key_pem) };
	assert_int_equal(tls_ctx_new(&tls, &peer->tls, err, sizeof(err)), 0);
	peer->env = (struct control_env){
		.loop = loop, .pool = peer_pool, .tls = peer->tls,
		.wrap = wrap_client, .ops = &peer_ops, .hand_window = 60,
		.tls_timeout = 1, .max_packet_size = 1250,
		.realtime = loop_realtime, .random = keygen_random,
	};
	peer_connect(peer);
	return peer;
}

static bool peer_has(const struct peer *peer, const char *part)
{
	for (unsigned int i = 0; i < peer->n_messages; i++)
		if (strstr(peer->messages[i], part))
			return true;
	return false;
}

/* Before end(). */
static void peers_end(void)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		control_session_free(peers[i].session);
		peers[i].session = NULL;
	}
	on_sent = NULL;
	run_until(!n_peer_flights);
	loop_pool_free(peer_pool);
	close(rig_fd);
	rig_fd = -1;
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		tls_ctx_free(peers[i].tls);
		pki_free(&peers[i].cert);
	}
}

#endif
