// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library reads ciphertext where a step has brought it, and writes it where
 * the step takes it from: an idle session has no buffers of its own.
 */
#include <errno.h>
#include <string.h>

#include "tls/internal.h"

static struct tls_io *bio_io(BIO *bio)
{
	const struct tls_session *session = BIO_get_data(bio);

	return session->io;
}

/* Return: 1, with @done filled; 0 and "retry": there is nothing, for now. */
static int bio_read(BIO *bio, char *out, size_t cap, size_t *done)
{
	struct mem_buf *in = &bio_io(bio)->net_in;

	BIO_clear_retry_flags(bio);
	*done = in->len < cap ? in->len : cap;
	if (!*done) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(out, in->data, *done);
	mem_buf_consume(in, *done);
	return 1;
}

/*
 * All or nothing. What does not fit, or finds no memory, is kept by the library
 * for the next step.
 */
static int bio_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	BIO_clear_retry_flags(bio);
	*done = 0;
	if (mem_buf_append(&bio_io(bio)->net_out, data, len)) {
		BIO_set_retry_write(bio);
		return 0;
	}
	*done = len;
	return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/**
 * tls_bio_method_new() - how a session's library talks to its struct tls_io
 *
 * A BIO of it has its struct tls_session as data.
 *
 * Return: to be released by BIO_meth_free() after the last session; NULL: out
 * of memory.
 */
BIO_METHOD *tls_bio_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "step");

	if (method && BIO_meth_set_read_ex(method, bio_read) &&
	    BIO_meth_set_write_ex(method, bio_write) &&
	    BIO_meth_set_ctrl(method, bio_ctrl) &&
	    BIO_meth_set_create(method, bio_create))
		return method;
	BIO_meth_free(method);
	return NULL;
}
