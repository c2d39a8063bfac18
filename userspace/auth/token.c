// SPDX-License-Identifier: GPL-2.0-or-later
#include "auth/auth.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/random.h>

#include "mem/mem.h"

#define KEYS_MAX	4
#define PEM_NAME	"OpenVPN auth-token server key"
/* where the authentication key lies in a key file (sections 1.7 and 8.9) */
#define KEY_OFFSET	64
#define KEY_FILE_LEN	128

#define PREFIX		"SESS_ID_AT_"
#define PREFIX_LEN	11
#define HMAC_LEN	32
#define TIMES_LEN	16
#define RAW_LEN		(AUTH_SESSION_LEN + TIMES_LEN + HMAC_LEN)

/** struct auth_keys - in secret memory */
struct auth_keys {
	size_t n;
	uint8_t key[KEYS_MAX][32];
};

static int keys_read(struct auth_keys *keys, BIO *bio)
{
	char *name, *header;
	uint8_t *data;
	long len;

	while (keys->n < KEYS_MAX &&
	       PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		bool is_good = !strcmp(name, PEM_NAME) && len >= KEY_FILE_LEN;

		if (is_good)
			memcpy(keys->key[keys->n++], data + KEY_OFFSET,
			       sizeof(keys->key[0]));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
		if (!is_good)
			return -EINVAL;
	}
	ERR_clear_error();
	return keys->n ? 0 : -EINVAL;
}

int auth_keys_load(const char *text, size_t len, struct auth_keys **out)
{
	struct auth_keys *keys = mem_secret_alloc(sizeof(*keys));
	int ret = 0;
	BIO *bio;

	if (!keys)
		return -ENOMEM;
	if (!text) {
		keys->n = 1;
		if (getrandom(keys->key[0], sizeof(keys->key[0]), 0) !=
		    sizeof(keys->key[0]))
			ret = -EIO;
	} else {
		bio = BIO_new_mem_buf(text, (int)len);
		ret = bio ? keys_read(keys, bio) : -ENOMEM;
		BIO_free(bio);
	}
	if (ret)
		mem_secret_free(keys);
	else
		*out = keys;
	return ret;
}

int auth_keys_new(const uint8_t *key, struct auth_keys **out)
{
	struct auth_keys *keys = mem_secret_alloc(sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	keys->n = 1;
	memcpy(keys->key[0], key, sizeof(keys->key[0]));
	*out = keys;
	return 0;
}

void auth_keys_free(struct auth_keys *keys)
{
	mem_secret_free(keys);
}

/* HMAC-SHA256 of name, session id and both times (section 8.9). */
static int token_mac(const uint8_t key[32], const char *username,
		     const uint8_t raw[RAW_LEN], uint8_t out[HMAC_LEN])
{
	uint8_t msg[256 + AUTH_SESSION_LEN + TIMES_LEN];
	size_t name_len = strlen(username);
	unsigned int len = HMAC_LEN;

	if (name_len > 256)
		return -EINVAL;
	memcpy(msg, username, name_len);
	memcpy(msg + name_len, raw, AUTH_SESSION_LEN + TIMES_LEN);
	return HMAC(EVP_sha256(), key, 32, msg,
		    name_len + AUTH_SESSION_LEN + TIMES_LEN, out, &len) ?
	       0 : -EIO;
}

int auth_token_make(const struct auth_keys *keys, const char *username,
		    const struct auth_session *session, int64_t now,
		    char out[AUTH_TOKEN_STRLEN])
{
	uint8_t raw[RAW_LEN];
	struct mem_writer wr;
	int ret;

	mem_writer_init(&wr, raw, sizeof(raw));
	mem_write_bytes(&wr, session->id, AUTH_SESSION_LEN);
	mem_write_be64(&wr, (uint64_t)session->initial);
	mem_write_be64(&wr, (uint64_t)now);
	ret = token_mac(keys->key[0], username, raw,
			raw + AUTH_SESSION_LEN + TIMES_LEN);
	if (!ret) {
		memcpy(out, PREFIX, PREFIX_LEN);
		EVP_EncodeBlock((uint8_t *)out + PREFIX_LEN, raw, RAW_LEN);
	}
	mem_wipe(raw, sizeof(raw));
	return ret;
}

bool auth_token_is(const char *password)
{
	return !strncmp(password, PREFIX, PREFIX_LEN);
}

static bool token_is_by(const uint8_t key[32], const char *username,
			const uint8_t raw[RAW_LEN])
{
	uint8_t mac[HMAC_LEN];

	return !token_mac(key, username, raw, mac) &&
	       mem_equal(mac, raw + AUTH_SESSION_LEN + TIMES_LEN, HMAC_LEN);
}

static bool token_is_ours(const struct auth_keys *keys, const char *username,
			  const uint8_t raw[RAW_LEN])
{
	bool is_ours = false;

	for (size_t i = 0; i < keys->n; i++)
		is_ours |= token_is_by(keys->key[i], username, raw);
	return is_ours;
}

/* 80 characters of base64, which hold exactly the 60 bytes. */
static bool token_decode(const char *token, uint8_t raw[RAW_LEN])
{
	return strlen(token) == AUTH_TOKEN_LEN && auth_token_is(token) &&
	       !strpbrk(token + PREFIX_LEN, "= \t\r\n") &&
	       EVP_DecodeBlock(raw, (const uint8_t *)token + PREFIX_LEN,
			       AUTH_TOKEN_LEN - PREFIX_LEN) == RAW_LEN;
}

enum auth_verdict auth_token_check(const struct auth_keys *keys,
				   const struct auth_token_rules *rules,
				   const char *token, const char *username,
				   int64_t now, struct auth_session *session,
				   bool *is_empty_user)
{
	uint8_t raw[RAW_LEN];
	struct mem_reader rd;
	int64_t made;

	*is_empty_user = false;
	if (!token_decode(token, raw))
		return AUTH_INVALID;
	if (!token_is_ours(keys, username, raw)) {
		if (!token_is_ours(keys, "", raw))
			return AUTH_INVALID;
		*is_empty_user = true;
	}
	mem_reader_init(&rd, raw, sizeof(raw));
	mem_read_bytes(&rd, session->id, AUTH_SESSION_LEN);
	session->initial = (int64_t)mem_read_be64(&rd);
	made = (int64_t)mem_read_be64(&rd);
	/* all of these are ours, so that sums do not overflow */
	if (made < session->initial || now < made ||
	    now - made >= 2 * (int64_t)rules->renewal ||
	    (rules->lifetime &&
	     now - session->initial > (int64_t)rules->lifetime))
		return AUTH_EXPIRED;
	return AUTH_VALID;
}

const char *auth_session_format(const struct auth_session *session,
				char out[AUTH_SESSION_STRLEN])
{
	EVP_EncodeBlock((uint8_t *)out, session->id, AUTH_SESSION_LEN);
	return out;
}
