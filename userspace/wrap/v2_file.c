// SPDX-License-Identifier: GPL-2.0-or-later
/* Section 2.1: key files of tls-crypt-v2. */
#include "wrap/wrap.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <string.h>

#include "mem/mem.h"

#define SERVER_NAME "OpenVPN tls-crypt-v2 server key"
#define CLIENT_NAME "OpenVPN tls-crypt-v2 client key"
#define TOKEN_NAME  "OpenVPN auth-token server key"
#define BODY_MAX    (WRAP_STATIC_KEY_LEN + WRAP_V2_WKC_MAX)

/* The first PEM block of the text; it has to have this name and size. */
static int file_parse(const char *text, size_t len, const char *want,
		      uint8_t *body, size_t min, size_t max, size_t *body_len)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	int ret = -EBADMSG;
	long data_len = 0;
	BIO *bio;

	if (len > INT_MAX)
		return -EBADMSG;
	bio = BIO_new_mem_buf(text, (int)len);
	if (!bio)
		return -ENOMEM;
	if (PEM_read_bio(bio, &name, &header, &data, &data_len) == 1 &&
	    !strcmp(name, want) && (size_t)data_len >= min &&
	    (size_t)data_len <= max) {
		memcpy(body, data, (size_t)data_len);
		*body_len = (size_t)data_len;
		ret = 0;
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, data ? (size_t)data_len : 0);
	BIO_free(bio);
	return ret;
}

static int file_format(const char *name, const uint8_t *body, size_t len,
		       char *text)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	const char *out;
	long out_len;
	int ret = -ENOMEM;

	if (bio && PEM_write_bio(bio, name, "", body, (long)len) > 0) {
		out_len = BIO_get_mem_data(bio, &out);
		if (out_len > 0 && out_len < WRAP_FILE_MAX) {
			memcpy(text, out, (size_t)out_len);
			text[out_len] = '\0';
			ret = 0;
		}
	}
	BIO_free(bio);
	return ret;
}

int wrap_v2_server_parse(const char *text, size_t len,
			 uint8_t key[WRAP_V2_SERVER_KEY_LEN])
{
	size_t n;

	return file_parse(text, len, SERVER_NAME, key, WRAP_V2_SERVER_KEY_LEN,
			  WRAP_V2_SERVER_KEY_LEN, &n);
}

int wrap_v2_client_parse(const char *text, size_t len,
			 struct wrap_v2_client *client)
{
	uint8_t body[BODY_MAX];
	size_t n = 0;
	int ret;

	ret = file_parse(text, len, CLIENT_NAME, body,
			 WRAP_STATIC_KEY_LEN + WRAP_V2_WKC_MIN, BODY_MAX, &n);
	if (!ret) {
		memcpy(client->key, body, WRAP_STATIC_KEY_LEN);
		client->wkc_len = n - WRAP_STATIC_KEY_LEN;
		memcpy(client->wkc, body + WRAP_STATIC_KEY_LEN,
		       client->wkc_len);
	}
	mem_wipe(body, sizeof(body));
	return ret;
}

int wrap_v2_server_format(const uint8_t key[WRAP_V2_SERVER_KEY_LEN], char *text)
{
	return file_format(SERVER_NAME, key, WRAP_V2_SERVER_KEY_LEN, text);
}

int wrap_token_key_format(const uint8_t key[WRAP_V2_SERVER_KEY_LEN], char *text)
{
	return file_format(TOKEN_NAME, key, WRAP_V2_SERVER_KEY_LEN, text);
}

int wrap_v2_client_format(const struct wrap_v2_client *client, char *text)
{
	uint8_t body[BODY_MAX];
	int ret;

	memcpy(body, client->key, WRAP_STATIC_KEY_LEN);
	memcpy(body + WRAP_STATIC_KEY_LEN, client->wkc, client->wkc_len);
	ret = file_format(CLIENT_NAME, body,
			  WRAP_STATIC_KEY_LEN + client->wkc_len, text);
	mem_wipe(body, sizeof(body));
	return ret;
}
