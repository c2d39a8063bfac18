// SPDX-License-Identifier: GPL-2.0-or-later
/* Data channel packets by OpenSSL. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "ovpn_sock.h"
#include "wire.h"

static const EVP_CIPHER *wire_cipher(const struct wire_key *key)
{
	switch (key->alg) {
	case WIRE_AES_GCM:
		return key->len == 16 ? EVP_aes_128_gcm() :
		       key->len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	case WIRE_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	}
	return NULL;
}

/* OVPN-Expand-Label with a result of at most one hash. */
static void wire_expand(const uint8_t *secret, const char *label, uint8_t *out,
			size_t len)
{
	uint8_t info[64], digest[32];
	unsigned int size = sizeof(digest);
	int n;

	info[0] = 0;
	info[1] = (uint8_t)len;
	n = snprintf((char *)info + 3, sizeof(info) - 5, "ovpn %s", label);
	info[2] = (uint8_t)n;
	info[n + 3] = 0;
	info[n + 4] = 1;
	HMAC(EVP_sha256(), secret, 32, info, (size_t)n + 5, digest, &size);
	memcpy(out, digest, len);
}

static void wire_epoch_key(const struct wire_key *key, uint16_t epoch,
			   uint8_t *cipher, uint8_t *iv)
{
	uint8_t secret[32], next[32];
	unsigned int i;

	memcpy(secret, key->key, sizeof(secret));
	for (i = 1; i < epoch; i++) {
		wire_expand(secret, "datakey upd", next, sizeof(next));
		memcpy(secret, next, sizeof(secret));
	}
	wire_expand(secret, "data_key", cipher, key->len);
	wire_expand(secret, "data_iv", iv, 12);
}

/* Key and nonce of a packet whose header is written. */
static void wire_prepare(const struct wire_key *key, const uint8_t *packet,
			 uint8_t *cipher, uint8_t *nonce)
{
	struct wire_head head;
	int i;

	if (!key->has_epochs) {
		memcpy(cipher, key->key, key->len);
		memcpy(nonce, packet + 4, 4);
		memcpy(nonce + 4, key->tail, 8);
		return;
	}
	wire_head_get(key, packet, &head);
	wire_epoch_key(key, head.epoch, cipher, nonce);
	for (i = 0; i < 8; i++)
		nonce[i] ^= packet[4 + i];
}

static void wire_head_put(const struct wire_key *key,
			  const struct wire_head *head, uint8_t *packet)
{
	uint32_t word;
	int i;

	word = htonl((uint32_t)head->opcode << 27 |
		     (uint32_t)head->key_id << 24 | head->peer_id);
	memcpy(packet, &word, 4);
	if (!key->has_epochs) {
		word = htonl((uint32_t)head->packet_id);
		memcpy(packet + 4, &word, 4);
		return;
	}
	packet[4] = (uint8_t)(head->epoch >> 8);
	packet[5] = (uint8_t)head->epoch;
	for (i = 0; i < 6; i++)
		packet[6 + i] = (uint8_t)(head->packet_id >> (40 - 8 * i));
}

int wire_seal(const struct wire_key *key, const struct wire_head *head,
	      const uint8_t *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *cipher = out + WIRE_OVERHEAD, *tag = out + WIRE_HEAD;
	uint8_t bytes[32], nonce[12];
	int n, ad = WIRE_HEAD, err = -EINVAL;

	if (key->has_epochs) {
		ad = WIRE_EPOCH_HEAD;
		cipher = out + ad;
		tag = cipher + len;
	}
	wire_head_put(key, head, out);
	wire_prepare(key, out, bytes, nonce);
	if (ctx &&
	    EVP_EncryptInit_ex(ctx, wire_cipher(key), NULL, bytes, nonce) &&
	    EVP_EncryptUpdate(ctx, NULL, &n, out, ad) &&
	    EVP_EncryptUpdate(ctx, cipher, &n, plain, (int)len) &&
	    EVP_EncryptFinal_ex(ctx, cipher + n, &n) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, WIRE_TAG, tag))
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

void wire_head_get(const struct wire_key *key, const uint8_t *packet,
		   struct wire_head *head)
{
	uint32_t word;
	int i;

	memcpy(&word, packet, 4);
	word = ntohl(word);
	head->opcode = (uint8_t)(word >> 27);
	head->key_id = word >> 24 & 7;
	head->peer_id = word & 0xffffff;
	head->epoch = 0;
	memcpy(&word, packet + 4, 4);
	head->packet_id = ntohl(word);
	if (!key->has_epochs)
		return;
	head->epoch = (uint16_t)(packet[4] << 8 | packet[5]);
	head->packet_id = 0;
	for (i = 6; i < WIRE_EPOCH_HEAD; i++)
		head->packet_id = head->packet_id << 8 | packet[i];
}

int wire_open(const struct wire_key *key, const uint8_t *packet, size_t len,
	      uint8_t *plain)
{
	const uint8_t *cipher = packet + WIRE_OVERHEAD;
	const uint8_t *tag = packet + WIRE_HEAD;
	uint8_t bytes[32], nonce[12];
	int n, ad = WIRE_HEAD, err = -EBADMSG;
	EVP_CIPHER_CTX *ctx;
	size_t size;

	if (len <= wire_overhead(key))
		return -EINVAL;
	size = len - wire_overhead(key);
	if (key->has_epochs) {
		ad = WIRE_EPOCH_HEAD;
		cipher = packet + ad;
		tag = cipher + size;
	}
	ctx = EVP_CIPHER_CTX_new();
	wire_prepare(key, packet, bytes, nonce);
	if (ctx &&
	    EVP_DecryptInit_ex(ctx, wire_cipher(key), NULL, bytes, nonce) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WIRE_TAG,
				(void *)tag) &&
	    EVP_DecryptUpdate(ctx, NULL, &n, packet, ad) &&
	    EVP_DecryptUpdate(ctx, plain, &n, cipher, (int)size) &&
	    EVP_DecryptFinal_ex(ctx, plain + n, &n) > 0)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

struct wire_vector {
	const char *name;
	enum wire_alg alg;
	struct wire_head head;
	const char *packet;
};

static const char wire_vector_key[] =
	"616361676163616f3838383838383838515351575153515f72726f7874787073";
static const char wire_vector_tail[] = "212321272123212f";
static const char wire_vector_plain[] =
	"The quick little fox jumps over the bureaucratic hurdles";

static const struct wire_vector wire_vectors[] = {
	{ "AES-256-GCM", WIRE_AES_GCM,
	  { WIRE_DATA_V2, 0, 0x17, 1, 0 },
	  "48000017000000014b25c6606449c0e04c573546d802e2612262f977d6bb2118fa0e"
	  "a82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f68794cb0b82c3d33389b6"
	  "1622b3281598e2ff6d5cc38b" },
	{ "ChaCha20-Poly1305", WIRE_CHACHA20_POLY1305,
	  { WIRE_DATA_V2, 0, 0x17, 1, 0 },
	  "4800001700000001f2c9320d1ed7eb8a24d70ccb6f0da0981e9df44cbc61e8e65b60"
	  "6504faaf107f3b94da1fa1c9b860fbdff86ad8ae6b5fbe762ba5beb3f09ad395efd7"
	  "b47656ec824bbd83a44bbed5" },
	{ "AES-256-GCM, epoch 1", WIRE_AES_GCM,
	  { WIRE_DATA_V2, 0, 0x17, 1, 1 },
	  "4800001700010000000000013d98ba5b55f68e455addd90eb573e51852f4b555cdef"
	  "aa5aa3fa246166df411deba23d2bebe44484376cfb5a61417c9ff450169758a93820"
	  "892fcea7b6bba311c92eace529faabb1" },
	/* published with another opcode */
	{ "AES-256-GCM, epoch 4", WIRE_AES_GCM,
	  { 0, 7, 0x17, 1, 4 },
	  "0700001700040000000000016eacea349ca836aab4d49ce685399a9bab964526e9cd"
	  "11ece8cb7d77bdbc5c6ac4f49f36ea02e9c1f5d97644afa9118ba9f9a892623f1a13"
	  "0ffff5913d39d75b18573b5748589a7d" },
};

static bool vector_opens(const struct wire_key *key, uint8_t *packet,
			 size_t len)
{
	uint8_t plain[128];

	if (wire_open(key, packet, len, plain) ||
	    memcmp(plain, wire_vector_plain, len - wire_overhead(key)))
		return false;
	packet[3] ^= 1;
	return wire_open(key, packet, len, plain) == -EBADMSG;
}

static bool vector_seals(const struct wire_key *key,
			 const struct wire_head *head, const uint8_t *packet,
			 size_t len)
{
	const size_t size = sizeof(wire_vector_plain) - 1;
	uint8_t mine[128];

	return len == size + wire_overhead(key) &&
	       !wire_seal(key, head, (const uint8_t *)wire_vector_plain, size,
			  mine) &&
	       !memcmp(mine, packet, len);
}

/* The published key and IV of an epoch, for another length of key. */
static bool kat_epoch_key(void)
{
	struct wire_key key = { .len = 24, .key = { 0x13, 0x0c } };
	uint8_t cipher[32], iv[12], want[36];

	ovpn_sock_hex("ed8533db1c28ace418e9006ab29c17417d60ebe6cd90bf0a"
		      "86890aabf032cb59f4cfa34e", want, sizeof(want));
	wire_epoch_key(&key, 1, cipher, iv);
	return !memcmp(cipher, want, 24) && !memcmp(iv, want + 24, 12);
}

static unsigned int kat_line(unsigned int n, bool is_ok, const char *verb,
			     const char *name)
{
	printf("%s %u %s %s\n", is_ok ? "ok" : "not ok", n, verb, name);
	return !is_ok;
}

int wire_kat(void)
{
	const size_t count = sizeof(wire_vectors) / sizeof(wire_vectors[0]);
	struct wire_key key = { .len = 32 };
	unsigned int n = 0, failed = 0;
	uint8_t packet[128];
	size_t i;

	printf("1..%zu\n", 2 * count + 1);
	ovpn_sock_hex(wire_vector_key, key.key, sizeof(key.key));
	ovpn_sock_hex(wire_vector_tail, key.tail, sizeof(key.tail));
	for (i = 0; i < count; i++) {
		const struct wire_vector *row = &wire_vectors[i];
		int len = ovpn_sock_hex(row->packet, packet, sizeof(packet));

		key.alg = row->alg;
		key.has_epochs = row->head.epoch;
		failed += kat_line(++n, vector_seals(&key, &row->head, packet,
						     (size_t)len),
				   "seal", row->name);
		failed += kat_line(++n, vector_opens(&key, packet, (size_t)len),
				   "open", row->name);
	}
	failed += kat_line(++n, kat_epoch_key(), "derive", "AES-192-GCM");
	return (int)failed;
}
