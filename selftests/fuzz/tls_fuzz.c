// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an unauthenticated peer can send into a TLS session. The first byte
 * chooses the side and how far a real handshake goes before the input comes,
 * the second one how many bytes arrive at a time.
 */
#include "../unit/tls_pki.h"
#include "fuzz.h"
#include "tls/tls.h"

enum {
	FLAG_CLIENT = 1,	/* the session under test is the client's */
	FLAG_LATER = 2,		/* after the first flights, in the middle */
	FLAG_TLS12 = 4,
};

static struct tls_ctx *ctx[2][2];	/* [is client][is TLS 1.2] */

static struct tls_blob blob(const char *text)
{
	return (struct tls_blob){ "x", text, strlen(text) };
}

/* Lives as long as the process. */
static void contexts_make(void)
{
	struct pki_spec spec = { .cn = "CA", .is_ca = true };
	struct pki_cert ca = pki_make(&spec, NULL), own;
	char err[512];

	spec = (struct pki_spec){ .cn = "own" };
	own = pki_make(&spec, &ca);
	for (int i = 0; i < 4; i++) {
		struct tls_config cfg = {
			.is_server = !(i & 1),
			.ca = blob(ca.cert_pem),
			.cert = blob(own.cert_pem),
			.key = blob(own.key_pem),
			.version_max = i & 2 ? "1.2" : NULL,
		};

		FUZZ_CHECK(!tls_ctx_new(&cfg, &ctx[i & 1][i >> 1], err,
					sizeof(err)));
	}
	pki_free(&ca);
	pki_free(&own);
}

static void io_move(struct tls_io *from, struct tls_io *to)
{
	if (from->net_out.len)
		mem_buf_append(&to->net_in, from->net_out.data,
			       from->net_out.len);
	mem_buf_consume(&from->net_out, from->net_out.len);
}

/*
 * Honest flights up to the last one that does not complete the handshake. With
 * TLS 1.3 a client is done after the server's first flight, so it gets none.
 */
static void handshake_begin(struct tls_session *session, struct tls_io *io,
			    struct tls_ctx *peer_ctx, bool has_second)
{
	struct tls_session *peer = tls_session_new(peer_ctx);
	struct tls_io peer_io;

	FUZZ_CHECK(peer);
	tls_io_init(&peer_io);
	tls_session_step(peer, &peer_io);
	io_move(&peer_io, io);
	tls_session_step(session, io);
	io_move(io, &peer_io);
	tls_session_step(peer, &peer_io);
	if (has_second)
		io_move(&peer_io, io);
	tls_session_free(peer);
	tls_io_reset(&peer_io);
}

static void session_feed(struct tls_session *session, struct tls_io *io,
			 const uint8_t *data, size_t size, size_t chunk)
{
	enum tls_state state;

	tls_session_step(session, io);
	while (size) {
		size_t len = size < chunk ? size : chunk;

		FUZZ_CHECK(!mem_buf_append(&io->net_in, data, len));
		state = tls_session_step(session, io);
		/* Nobody without our CA's signature ever gets in. */
		FUZZ_CHECK(state != TLS_STATE_ESTABLISHED);
		FUZZ_CHECK(!io->app_out.len && !io->net_in.len);
		FUZZ_CHECK(!tls_session_peer(session)->has_cert);
		if (state == TLS_STATE_FAILED)
			FUZZ_CHECK(tls_session_error(session)[0]);
		mem_buf_consume(&io->net_out, io->net_out.len);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_session *session;
	struct tls_io io;
	int is_client, is_old;

	if (size < 2)
		return 0;
	if (!ctx[0][0])
		contexts_make();
	is_client = !!(data[0] & FLAG_CLIENT);
	is_old = !!(data[0] & FLAG_TLS12);

	session = tls_session_new(ctx[is_client][is_old]);
	FUZZ_CHECK(session);
	tls_io_init(&io);
	if (data[0] & FLAG_LATER)
		handshake_begin(session, &io, ctx[!is_client][is_old],
				is_client && is_old);
	session_feed(session, &io, data + 2, size - 2,
		     data[1] ? data[1] * 8u : 1u);
	tls_session_free(session);
	tls_io_reset(&io);
	return 0;
}
