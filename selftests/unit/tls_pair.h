/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls/tls.h"
#include "tls_pki.h"

/* A client and a server session, and the wires between them. */

struct tls_end {
	struct tls_session *session;
	struct tls_io io;
	enum tls_state state;
};

struct tls_pair {
	struct tls_end client, server;
};

static inline struct tls_blob pair_blob(const char *path, const char *text)
{
	return (struct tls_blob){
		.path = path, .text = text, .len = text ? strlen(text) : 0,
	};
}

static inline struct tls_config pair_config(bool is_server,
					    const struct pki_cert *ca,
					    const struct pki_cert *own)
{
	return (struct tls_config){
		.is_server = is_server,
		.ca = pair_blob("ca.crt", ca->cert_pem),
		.cert = pair_blob("own.crt", own->cert_pem),
		.key = pair_blob("own.key", own->key_pem),
	};
}

/* A CA, and a certificate of it for each side: "server" 2 and "client" 4711. */
static inline void pair_pki_make(struct pki_cert *ca, struct pki_cert *server,
				 struct pki_cert *client)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	*ca = pki_make(&spec, NULL);
	spec = (struct pki_spec){ .cn = "server", .serial = 2 };
	*server = pki_make(&spec, ca);
	spec = (struct pki_spec){ .cn = "client", .serial = 4711 };
	*client = pki_make(&spec, ca);
}

static inline void pair_pki_free(struct pki_cert *ca, struct pki_cert *server,
				 struct pki_cert *client)
{
	pki_free(ca);
	pki_free(server);
	pki_free(client);
}

static inline struct tls_ctx *pair_ctx(const struct tls_config *cfg)
{
	struct tls_ctx *ctx = NULL;
	char err[512];

	if (tls_ctx_new(cfg, &ctx, err, sizeof(err)))
		fail_msg("tls_ctx_new: %s", err);
	return ctx;
}

static inline void end_init(struct tls_end *end, struct tls_ctx *ctx)
{
	end->session = tls_session_new(ctx);
	assert_non_null(end->session);
	tls_io_init(&end->io);
	end->state = TLS_STATE_HANDSHAKE;
}

static inline void end_free(struct tls_end *end)
{
	tls_session_free(end->session);
	tls_io_reset(&end->io);
}

static inline void end_step(struct tls_end *end)
{
	end->state = tls_session_step(end->session, &end->io);
}

/* Contexts are released at once: the sessions keep what they need. */
static inline void pair_init(struct tls_pair *pair,
			     const struct tls_config *client,
			     const struct tls_config *server)
{
	struct tls_ctx *ctx = pair_ctx(client);

	end_init(&pair->client, ctx);
	tls_ctx_free(ctx);
	ctx = pair_ctx(server);
	end_init(&pair->server, ctx);
	tls_ctx_free(ctx);
}

static inline void pair_free(struct tls_pair *pair)
{
	end_free(&pair->client);
	end_free(&pair->server);
}

/* Return: false when there was nothing to move. */
static inline bool pair_move(struct tls_end *from, struct tls_end *to,
			     size_t chunk)
{
	size_t len = from->io.net_out.len < chunk ? from->io.net_out.len :
						    chunk;

	if (!len)
		return false;
	assert_int_equal(mem_buf_append(&to->io.net_in, from->io.net_out.data,
					len), 0);
	mem_buf_consume(&from->io.net_out, len);
	end_step(to);
	return true;
}

/* Step both until neither has anything to say; @chunk bytes at a time. */
static inline void pair_run(struct tls_pair *pair, size_t chunk)
{
	bool is_moving = true;

	end_step(&pair->client);
	end_step(&pair->server);
	while (is_moving) {
		is_moving = pair_move(&pair->client, &pair->server, chunk);
		is_moving |= pair_move(&pair->server, &pair->client, chunk);
	}
}

static inline void assert_established(const struct tls_pair *pair)
{
	if (pair->client.state != TLS_STATE_ESTABLISHED ||
	    pair->server.state != TLS_STATE_ESTABLISHED)
		fail_msg("client %d \"%s\", server %d \"%s\"",
			 pair->client.state,
			 tls_session_error(pair->client.session),
			 pair->server.state,
			 tls_session_error(pair->server.session));
}

static inline void assert_part(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static inline void assert_error(const struct tls_end *end, const char *part)
{
	assert_int_equal(end->state, TLS_STATE_FAILED);
	assert_part(tls_session_error(end->session), part);
}

/* Keying material: equal on both sides, and of its label alone. */
static inline void assert_same_export(struct tls_pair *pair)
{
	uint8_t a[256] = { 0 }, b[256] = { 1 }, other[256];

	assert_int_equal(tls_session_export(pair->client.session,
					    "EXPORTER-OpenVPN-datakeys", a,
					    sizeof(a)), 0);
	assert_int_equal(tls_session_export(pair->server.session,
					    "EXPORTER-OpenVPN-datakeys", b,
					    sizeof(b)), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(tls_session_export(pair->server.session,
					    "EXPORTER-other", other,
					    sizeof(other)), 0);
	assert_memory_not_equal(a, other, sizeof(a));
}

/* One side refuses with @reason, the other one gets an alert. */
static inline void run_refused(const struct tls_config *client_cfg,
			       const struct tls_config *server_cfg,
			       bool by_server, const char *reason)
{
	struct tls_pair pair;
	struct tls_end *judge = by_server ? &pair.server : &pair.client;
	struct tls_end *judged = by_server ? &pair.client : &pair.server;

	pair_init(&pair, client_cfg, server_cfg);
	pair_run(&pair, SIZE_MAX);
	assert_error(judge, reason);
	assert_error(judged, "ended by the peer");
	assert_true(tls_session_export(judge->session, "EXPORTER-x",
				       (uint8_t[8]){ 0 }, 8) < 0);
	/* It stays so, whatever comes. */
	mem_buf_append(&judge->io.net_in, "\x16\x03\x01", 3);
	end_step(judge);
	assert_error(judge, reason);
	assert_int_equal(judge->io.net_in.len, 0);
	assert_int_equal(judge->io.app_out.len, 0);
	pair_free(&pair);
}

/* The same with TLS 1.2 and 1.3, where the client finishes first. */
static inline void assert_refused(const struct tls_config *client_cfg,
				  const struct tls_config *server_cfg,
				  bool by_server, const char *reason)
{
	struct tls_config old = *client_cfg;

	run_refused(client_cfg, server_cfg, by_server, reason);
	old.version_max = "1.2";
	run_refused(&old, server_cfg, by_server, reason);
}

static inline void assert_accepted(const struct tls_config *client_cfg,
				   const struct tls_config *server_cfg)
{
	struct tls_pair pair;

	pair_init(&pair, client_cfg, server_cfg);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	pair_free(&pair);
}

#endif
