// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a handshake is OpenSSL: the server's part of it, both ends in memory,
 * with the same certificates, TLS 1.3 and nothing around it.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <time.h>

#include "load.h"

static SSL_CTX *alone_ctx(const SSL_METHOD *method, const char *ca,
			  const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		load_die("%s, %s: %s", cert, key,
			 ERR_reason_error_string(ERR_get_error()));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
				SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

static double alone_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static SSL *alone_end(SSL_CTX *ctx, BIO *bio)
{
	SSL *ssl = SSL_new(ctx);

	if (!ssl)
		load_die("out of memory");
	SSL_set_bio(ssl, bio, bio);
	return ssl;
}

/* Return: seconds of the server's. */
static double alone_handshake(SSL_CTX *server_ctx, SSL_CTX *client_ctx)
{
	BIO *server_bio, *client_bio;
	SSL *server, *client;
	double begun, cpu;
	int ret = 0, n;

	if (!BIO_new_bio_pair(&server_bio, 65536, &client_bio, 65536))
		load_die("out of memory");
	client = alone_end(client_ctx, client_bio);
	SSL_set_connect_state(client);
	begun = alone_cpu();
	server = alone_end(server_ctx, server_bio);
	SSL_set_accept_state(server);
	cpu = alone_cpu() - begun;
	for (n = 0; ret != 1 && n < 10; n++) {
		SSL_do_handshake(client);
		begun = alone_cpu();
		ret = SSL_do_handshake(server);
		cpu += alone_cpu() - begun;
	}
	if (ret != 1)
		load_die("OpenSSL alone does not get through a handshake");
	begun = alone_cpu();
	SSL_free(server);
	cpu += alone_cpu() - begun;
	SSL_free(client);
	return cpu;
}

/**
 * load_alone() - processor time of OpenSSL for a handshake at a server
 * @load: gives the certificates
 * @count: of handshakes
 *
 * Return: 0.
 */
int load_alone(const struct load *load, unsigned int count)
{
	SSL_CTX *server = alone_ctx(TLS_server_method(), load->ca,
				    load->peer_cert, load->peer_key);
	SSL_CTX *client = alone_ctx(TLS_client_method(), load->ca, load->cert,
				    load->cert_key);
	double cpu = 0;

	for (unsigned int i = 0; i < 4; i++)
		alone_handshake(server, client);
	for (unsigned int i = 0; i < count; i++)
		cpu += alone_handshake(server, client);
	load_result("cpu", cpu / count, "s/handshake");
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return 0;
}
