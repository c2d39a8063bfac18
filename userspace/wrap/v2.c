// SPDX-License-Identifier: GPL-2.0-or-later
/* Section 2.2: a client's key, wrapped by a key that only its server has. */
#include "wrap/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

/* Where the keys stand in a server key file. */
#define V2_CIPHER_AT	0
#define V2_HMAC_AT	64
#define V2_KEY_LEN	32
#define V2_LEN_LEN	2
#define V2_PLAIN_MAX	(WRAP_STATIC_KEY_LEN + WRAP_V2_METADATA_MAX)

struct wrap_v2 {
	EVP_MAC_CTX *mac;
	EVP_CIPHER_CTX *ctr;
};

int wrap_v2_new(const uint8_t *server_key, struct wrap_v2 **out)
{
	struct wrap_v2 *v2 = calloc(1, sizeof(*v2));

	if (!v2)
		return -ENOMEM;
	v2->mac = wrap_mac_new("SHA256", server_key + V2_HMAC_AT, V2_KEY_LEN);
	v2->ctr = wrap_ctr_new(server_key + V2_CIPHER_AT);
	if (!v2->mac || !v2->ctr) {
		wrap_v2_free(v2);
		return -ENOMEM;
	}
	*out = v2;
	return 0;
}

void wrap_v2_free(struct wrap_v2 *v2)
{
	if (!v2)
		return;
	EVP_MAC_CTX_free(v2->mac);
	EVP_CIPHER_CTX_free(v2->ctr);
	free(v2);
}

/* The length is the first input although it is last on the wire. */
static int v2_tag(struct wrap_v2 *v2, const uint8_t *len_bytes,
		  const uint8_t *plain, size_t plain_len, uint8_t *tag)
{
	const struct wrap_span spans[] = {
		{ len_bytes, V2_LEN_LEN },
		{ plain, plain_len },
	};

	return wrap_mac(v2->mac, spans, 2, tag, WRAP_CRYPT_TAG_LEN);
}

int wrap_v2_seal(struct wrap_v2 *v2, struct wrap_v2_client *client,
		 const uint8_t *metadata, size_t metadata_len)
{
	size_t plain_len = WRAP_STATIC_KEY_LEN + metadata_len;
	uint8_t plain[V2_PLAIN_MAX];
	struct mem_writer wr;
	uint8_t *len_bytes;
	int ret;

	if (metadata_len > WRAP_V2_METADATA_MAX)
		return -EMSGSIZE;
	memcpy(plain, client->key, WRAP_STATIC_KEY_LEN);
	if (metadata_len)
		memcpy(plain + WRAP_STATIC_KEY_LEN, metadata, metadata_len);
	client->wkc_len = WRAP_CRYPT_TAG_LEN + plain_len + V2_LEN_LEN;
	len_bytes = client->wkc + client->wkc_len - V2_LEN_LEN;
	mem_writer_init(&wr, len_bytes, V2_LEN_LEN);
	mem_write_be16(&wr, (uint16_t)client->wkc_len);
	ret = v2_tag(v2, len_bytes, plain, plain_len, client->wkc);
	if (!ret)
		ret = wrap_ctr(v2->ctr, client->wkc, plain, plain_len,
			       client->wkc + WRAP_CRYPT_TAG_LEN);
	mem_wipe(plain, sizeof(plain));
	return ret;
}

/* What the last two bytes say, 0 when that cannot be. */
static size_t v2_claimed_len(const uint8_t *data, size_t len)
{
	struct mem_reader rd;
	size_t claimed;

	if (len < WRAP_V2_WKC_MIN)
		return 0;
	mem_reader_init(&rd, data + len - V2_LEN_LEN, V2_LEN_LEN);
	claimed = mem_read_be16(&rd);
	return claimed >= WRAP_V2_WKC_MIN && claimed <= WRAP_V2_WKC_MAX &&
	       claimed <= len ? claimed : 0;
}

int wrap_v2_split(const uint8_t *pkt, size_t len, size_t *wkc_len)
{
	if (len < PROTO_HEAD_LEN)
		return -EBADMSG;
	*wkc_len = v2_claimed_len(pkt + PROTO_HEAD_LEN, len - PROTO_HEAD_LEN);
	return *wkc_len ? 0 : -EBADMSG;
}

int wrap_v2_open(struct wrap_v2 *v2, const uint8_t *wkc, size_t wkc_len,
		 uint8_t *key, uint8_t *metadata, size_t *metadata_len)
{
	uint8_t plain[V2_PLAIN_MAX], tag[WRAP_CRYPT_TAG_LEN];
	size_t plain_len;
	int ret;

	if (!wkc_len || v2_claimed_len(wkc, wkc_len) != wkc_len)
		return -EBADMSG;
	plain_len = wkc_len - WRAP_CRYPT_TAG_LEN - V2_LEN_LEN;
	ret = wrap_ctr(v2->ctr, wkc, wkc + WRAP_CRYPT_TAG_LEN, plain_len,
		       plain);
	if (!ret)
		ret = v2_tag(v2, wkc + wkc_len - V2_LEN_LEN, plain, plain_len,
			     tag);
	if (!ret && !mem_equal(tag, wkc, sizeof(tag)))
		ret = -EBADMSG;
	if (!ret) {
		memcpy(key, plain, WRAP_STATIC_KEY_LEN);
		*metadata_len = plain_len - WRAP_STATIC_KEY_LEN;
		memcpy(metadata, plain + WRAP_STATIC_KEY_LEN, *metadata_len);
	}
	mem_wipe(plain, sizeof(plain));
	return ret ? -EBADMSG : 0;
}

bool wrap_v2_is_early(uint32_t replay_id)
{
	return (replay_id & WRAP_V2_EARLY_START) == WRAP_V2_EARLY_START;
}
