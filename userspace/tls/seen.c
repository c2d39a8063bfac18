// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains of certificates whose signatures have been verified.
 *
 * The library asks one function for the signatures and the dates of a chain
 * that it has built (RFC 5280, 6.1.3 (a)(1) and (2)); purposes, revocation,
 * names and policies are looked at elsewhere, each time. A signature does not
 * change: whoever comes back with the same bytes, for a renegotiation or after
 * a restart, is not computed again. With P-256 the CA's signature below the
 * client's certificate is a tenth of a server's handshake.
 *
 * An entry holds for a time in which all certificates of the chain are valid.
 * Outside of it, and for what is not here, the library does its work, and it
 * alone refuses.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls/internal.h"

#define SEEN_FIRST	256u		/* entries; powers of two */
#define SEEN_MAX	131072u		/* 6 MB */
#define SEEN_LEN	32		/* SHA-256 */

/**
 * struct seen_entry - a chain
 * @digest: of the digests of its certificates, from the leaf upwards
 * @from, @until: seconds since 1970; @until is 0: nothing is here
 */
struct seen_entry {
	uint8_t digest[SEEN_LEN];
	int64_t from, until;
};

/**
 * struct tls_seen - the chains that one context has accepted
 * @lock: covers all but @verify
 * @verify: the library's own function
 * @entries: an array of @size, where a digest has two places; NULL before the
 *	first one
 * @hits: how often it was of use
 */
struct tls_seen {
	pthread_mutex_t lock;
	X509_STORE_CTX_verify_fn verify;
	struct seen_entry *entries;
	size_t size, used;
	uint64_t hits;
};

static X509_STORE_CTX_verify_fn library_verify(SSL_CTX *ssl)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	X509_STORE_CTX_verify_fn verify = NULL;

	if (store && X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(ssl),
					 NULL, NULL) == 1)
		verify = X509_STORE_CTX_get_verify(store);
	X509_STORE_CTX_free(store);
	return verify;
}

struct tls_seen *tls_seen_new(SSL_CTX *ssl)
{
	struct tls_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->verify = library_verify(ssl);
	if (!seen->verify) {
		free(seen);
		return NULL;
	}
	pthread_mutex_init(&seen->lock, NULL);
	return seen;
}

void tls_seen_free(struct tls_seen *seen)
{
	if (!seen)
		return;
	pthread_mutex_destroy(&seen->lock);
	free(seen->entries);
	free(seen);
}

uint64_t tls_seen_hits(struct tls_seen *seen)
{
	uint64_t hits;

	pthread_mutex_lock(&seen->lock);
	hits = seen->hits;
	pthread_mutex_unlock(&seen->lock);
	return hits;
}

/* the table, with the lock held */

/* Of the two places of @digest the @n-th. */
static struct seen_entry *seen_place(const struct tls_seen *seen,
				     const uint8_t *digest, unsigned int n)
{
	uint32_t at;

	memcpy(&at, digest + n * sizeof(at), sizeof(at));
	return &seen->entries[at & (seen->size - 1)];
}

static const struct seen_entry *seen_find(const struct tls_seen *seen,
					  const uint8_t *digest)
{
	for (unsigned int n = 0; seen->entries && n < 2; n++) {
		const struct seen_entry *it = seen_place(seen, digest, n);

		if (it->until && !memcmp(it->digest, digest, SEEN_LEN))
			return it;
	}
	return NULL;
}

/* Where both places are taken what is in the second one is forgotten. */
static void seen_put(struct tls_seen *seen, const struct seen_entry *entry)
{
	struct seen_entry *to = seen_place(seen, entry->digest, 0);

	if (to->until && memcmp(to->digest, entry->digest, SEEN_LEN))
		to = seen_place(seen, entry->digest, 1);
	if (!to->until)
		seen->used++;
	*to = *entry;
}

/* Keeps half of the places free; without memory it stays as it is. */
static void seen_grow(struct tls_seen *seen)
{
	struct tls_seen wide = { .size = 2 * seen->size };

	if (seen->size && (seen->used < seen->size / 2 ||
			   seen->size >= SEEN_MAX))
		return;
	if (!wide.size)
		wide.size = SEEN_FIRST;
	wide.entries = calloc(wide.size, sizeof(*wide.entries));
	if (!wide.entries)
		return;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->entries[i].until)
			seen_put(&wide, &seen->entries[i]);
	free(seen->entries);
	seen->entries = wide.entries;
	seen->size = wide.size;
	seen->used = wide.used;
}

static bool seen_is_valid(struct tls_seen *seen, const uint8_t *digest)
{
	int64_t now = (int64_t)time(NULL);
	const struct seen_entry *it;
	bool is_valid;

	pthread_mutex_lock(&seen->lock);
	it = seen_find(seen, digest);
	is_valid = it && it->from <= now && now < it->until;
	if (is_valid)
		seen->hits++;
	pthread_mutex_unlock(&seen->lock);
	return is_valid;
}

static void seen_add(struct tls_seen *seen, const struct seen_entry *entry)
{
	pthread_mutex_lock(&seen->lock);
	seen_grow(seen);
	if (seen->entries)
		seen_put(seen, entry);
	pthread_mutex_unlock(&seen->lock);
}

/* a chain */

/* Return: false when it is not for the table, however good it is. */
static bool chain_describe(STACK_OF(X509) *chain, struct seen_entry *out)
{
	uint8_t digests[TLS_CHAIN_MAX][SEEN_LEN];
	int n = sk_X509_num(chain);

	out->from = INT64_MIN;
	out->until = INT64_MAX;
	if (n < 1 || n > TLS_CHAIN_MAX)
		return false;
	for (int i = 0; i < n; i++) {
		const X509 *cert = sk_X509_value(chain, i);
		int64_t from = tls_asn1_seconds(X509_get0_notBefore(cert));
		int64_t until = tls_asn1_seconds(X509_get0_notAfter(cert));

		if (!from || !until ||
		    X509_digest(cert, EVP_sha256(), digests[i], NULL) != 1)
			return false;
		out->from = from > out->from ? from : out->from;
		out->until = until < out->until ? until : out->until;
	}
	return out->until > 0 &&
	       EVP_Digest(digests, (size_t)n * SEEN_LEN, out->digest, NULL,
			  EVP_sha256(), NULL) == 1;
}

/* What the library would say of each certificate, from the top. */
static int chain_tell(X509_STORE_CTX *store, STACK_OF(X509) *chain)
{
	X509_STORE_CTX_verify_cb tell = X509_STORE_CTX_get_verify_cb(store);

	for (int i = sk_X509_num(chain) - 1; i >= 0; i--) {
		X509_STORE_CTX_set_error_depth(store, i);
		X509_STORE_CTX_set_current_cert(store, sk_X509_value(chain, i));
		if (!tell(1, store))
			return 0;
	}
	return 1;
}

int tls_seen_verify(struct tls_seen *seen, X509_STORE_CTX *store)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
	struct seen_entry entry;
	int ret;

	if (!chain_describe(chain, &entry))
		return seen->verify(store);
	if (seen_is_valid(seen, entry.digest))
		return chain_tell(store, chain);
	ret = seen->verify(store);
	if (ret == 1 && X509_STORE_CTX_get_error(store) == X509_V_OK)
		seen_add(seen, &entry);
	return ret;
}
