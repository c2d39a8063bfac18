// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "keygen/keygen.h"
#include "mem/mem.h"

#define MASTER_LEN	48u
#define LABEL_MASTER	"OpenVPN master secret"
#define LABEL_EXPAND	"OpenVPN key expansion"
#define SEED_MAX	(sizeof(LABEL_EXPAND) + 2 * PROTO_RANDOM_LEN + \
			 2 * PROTO_SID_LEN)

#define KEY2_DIR_LEN	128u	/* cipher[64] hmac[64], section 6.1 */
#define KEY2_HMAC_OFF	64u
#define MIN_CIPHER_KEY	16u

/* Fetching walks the providers; one object serves all threads. */
static pthread_once_t prf_once = PTHREAD_ONCE_INIT;
static EVP_KDF *prf_kdf;

static void prf_fetch(void)
{
	prf_kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
}

int keygen_tls1_prf(const void *secret, size_t secret_len, const void *seed,
		    size_t seed_len, uint8_t *out, size_t out_len)
{
	char digest[] = "MD5-SHA1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
						  (void *)secret, secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED,
						  (void *)seed, seed_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx = NULL;
	int ret = -EIO;

	pthread_once(&prf_once, prf_fetch);
	if (prf_kdf)
		ctx = EVP_KDF_CTX_new(prf_kdf);
	if (ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1)
		ret = 0;
	EVP_KDF_CTX_free(ctx);
	if (ret) {
		ERR_clear_error();
		mem_wipe(out, out_len);
	}
	return ret;
}

static bool is_all_zero(const uint8_t *data, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= data[i];
	return !any;
}

/* The shortest cipher key is a prefix of all others. */
static bool is_weak(const uint8_t *key2)
{
	return is_all_zero(key2, MIN_CIPHER_KEY) ||
	       is_all_zero(key2 + KEY2_DIR_LEN, MIN_CIPHER_KEY);
}

int keygen_prf(const struct proto_random *client,
	       const struct proto_random *server,
	       const struct proto_sid *client_sid,
	       const struct proto_sid *server_sid,
	       uint8_t key2[KEYGEN_KEY2_LEN])
{
	uint8_t master[MASTER_LEN];
	uint8_t seed[SEED_MAX];
	struct mem_writer wr;
	int ret;

	mem_writer_init(&wr, seed, sizeof(seed));
	mem_write_bytes(&wr, LABEL_MASTER, strlen(LABEL_MASTER));
	mem_write_bytes(&wr, client->random1, PROTO_RANDOM_LEN);
	mem_write_bytes(&wr, server->random1, PROTO_RANDOM_LEN);
	ret = keygen_tls1_prf(client->pre_master, PROTO_PRE_MASTER_LEN, seed,
			      wr.len, master, sizeof(master));
	if (ret)
		goto wipe;

	mem_writer_init(&wr, seed, sizeof(seed));
	mem_write_bytes(&wr, LABEL_EXPAND, strlen(LABEL_EXPAND));
	mem_write_bytes(&wr, client->random2, PROTO_RANDOM_LEN);
	mem_write_bytes(&wr, server->random2, PROTO_RANDOM_LEN);
	mem_write_bytes(&wr, client_sid->b, PROTO_SID_LEN);
	mem_write_bytes(&wr, server_sid->b, PROTO_SID_LEN);
	ret = keygen_tls1_prf(master, sizeof(master), seed, wr.len, key2,
			      KEYGEN_KEY2_LEN);
	if (!ret && is_weak(key2))
		ret = -EBADMSG;
wipe:
	mem_wipe(master, sizeof(master));
	mem_wipe(seed, sizeof(seed));
	if (ret)
		mem_wipe(key2, KEYGEN_KEY2_LEN);
	return ret;
}

static void split_dir(const uint8_t *key2, size_t index,
		      enum proto_cipher cipher, struct keygen_dir *dir)
{
	const uint8_t *key = key2 + index * KEY2_DIR_LEN;
	size_t len = proto_cipher_key_len(cipher);

	memset(dir, 0, sizeof(*dir));
	if (len > sizeof(dir->cipher_key))
		len = sizeof(dir->cipher_key);
	memcpy(dir->cipher_key, key, len);
	dir->cipher_key_len = len;
	memcpy(dir->nonce_tail, key + KEY2_HMAC_OFF, PROTO_NONCE_TAIL_LEN);
	memcpy(dir->hmac_key, key + KEY2_HMAC_OFF, KEYGEN_HMAC_LEN);
	memcpy(dir->epoch_secret, key, KEYGEN_EPOCH_LEN);
}

void keygen_split(const uint8_t key2[KEYGEN_KEY2_LEN],
		  enum proto_cipher cipher, bool is_server,
		  struct keygen_pair *pair)
{
	split_dir(key2, is_server ? 1 : 0, cipher, &pair->send);
	split_dir(key2, is_server ? 0 : 1, cipher, &pair->recv);
}

int keygen_random(void *out, size_t len)
{
	if (!len)
		return 0;
	if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1) {
		ERR_clear_error();
		return -EIO;
	}
	return 0;
}
