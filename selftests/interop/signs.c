// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into ovpnd: each operation with a private key is written down, with
 * the thread that does it: "loop" is the first one of the process, all others
 * are "worker". The file is $SIGNS; it is opened before any right is given up.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_t first;
static int fd = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SIGNS");

	first = pthread_self();
	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			  0600);
}

static void note(const char *what)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %s\n", what,
		 pthread_equal(first, pthread_self()) ? "loop" : "worker");
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		abort();
}

int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *len,
		   const unsigned char *data, size_t data_len)
{
	int (*next)(EVP_MD_CTX *, unsigned char *, size_t *,
		    const unsigned char *, size_t) =
		(int (*)(EVP_MD_CTX *, unsigned char *, size_t *,
			 const unsigned char *, size_t))
			dlsym(RTLD_NEXT, "EVP_DigestSign");

	/* without room for it, it only asks for the length */
	if (sig)
		note("sign");
	return next(ctx, sig, len, data, data_len);
}

int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *len,
		  const unsigned char *data, size_t data_len)
{
	int (*next)(EVP_PKEY_CTX *, unsigned char *, size_t *,
		    const unsigned char *, size_t) =
		(int (*)(EVP_PKEY_CTX *, unsigned char *, size_t *,
			 const unsigned char *, size_t))
			dlsym(RTLD_NEXT, "EVP_PKEY_sign");

	if (sig)
		note("sign");
	return next(ctx, sig, len, data, data_len);
}

int EVP_PKEY_decrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *len,
		     const unsigned char *data, size_t data_len)
{
	int (*next)(EVP_PKEY_CTX *, unsigned char *, size_t *,
		    const unsigned char *, size_t) =
		(int (*)(EVP_PKEY_CTX *, unsigned char *, size_t *,
			 const unsigned char *, size_t))
			dlsym(RTLD_NEXT, "EVP_PKEY_decrypt");

	if (out)
		note("decrypt");
	return next(ctx, out, len, data, data_len);
}
