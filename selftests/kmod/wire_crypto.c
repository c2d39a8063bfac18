// SPDX-License-Identifier: GPL-2.0-or-later
/* Data channel packets by OpenSSL. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
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

static void wire_nonce(const struct wire_key *key, const uint8_t *packet,
		       uint8_t nonce[12])
{
	memcpy(nonce, packet + 4, 4);
	memcpy(nonce + 4, key->tail, 8);
}

int wire_seal(const struct wire_key *key, const struct wire_head *head,
	      const uint8_t *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *cipher = out + WIRE_OVERHEAD, nonce[12];
	uint32_t word;
	int n, err = -EINVAL;

	word = htonl((uint32_t)head->opcode << 27 |
		     (uint32_t)head->key_id << 24 | head->peer_id);
	memcpy(out, &word, 4);
	word = htonl(head->packet_id);
	memcpy(out + 4, &word, 4);
	wire_nonce(key, out, nonce);
	if (ctx &&
	    EVP_EncryptInit_ex(ctx, wire_cipher(key), NULL, key->key, nonce) &&
	    EVP_EncryptUpdate(ctx, NULL, &n, out, WIRE_HEAD) &&
	    EVP_EncryptUpdate(ctx, cipher, &n, plain, (int)len) &&
	    EVP_EncryptFinal_ex(ctx, cipher + n, &n) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, WIRE_TAG,
				out + WIRE_HEAD))
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

void wire_head_get(const uint8_t *packet, struct wire_head *head)
{
	uint32_t word;

	memcpy(&word, packet, 4);
	word = ntohl(word);
	head->opcode = (uint8_t)(word >> 27);
	head->key_id = word >> 24 & 7;
	head->peer_id = word & 0xffffff;
	memcpy(&word, packet + 4, 4);
	head->packet_id = ntohl(word);
}

int wire_open(const struct wire_key *key, const uint8_t *packet, size_t len,
	      uint8_t *plain)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t nonce[12];
	int n, err = -EBADMSG;

	if (len <= WIRE_OVERHEAD)
		return -EINVAL;
	ctx = EVP_CIPHER_CTX_new();
	wire_nonce(key, packet, nonce);
	if (ctx &&
	    EVP_DecryptInit_ex(ctx, wire_cipher(key), NULL, key->key, nonce) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WIRE_TAG,
				(void *)(packet + WIRE_HEAD)) &&
	    EVP_DecryptUpdate(ctx, NULL, &n, packet, WIRE_HEAD) &&
	    EVP_DecryptUpdate(ctx, plain, &n, packet + WIRE_OVERHEAD,
			      (int)(len - WIRE_OVERHEAD)) &&
	    EVP_DecryptFinal_ex(ctx, plain + n, &n) > 0)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

struct wire_vector {
	const char *name;
	enum wire_alg alg;
	const char *packet;
};

static const char wire_vector_key[] =
	"616361676163616f3838383838383838515351575153515f72726f7874787073";
static const char wire_vector_tail[] = "212321272123212f";
static const char wire_vector_plain[] =
	"The quick little fox jumps over the bureaucratic hurdles";

static const struct wire_vector wire_vectors[] = {
	{ "AES-256-GCM", WIRE_AES_GCM,
	  "48000017000000014b25c6606449c0e04c573546d802e2612262f977d6bb2118fa0e"
	  "a82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f68794cb0b82c3d33389b6"
	  "1622b3281598e2ff6d5cc38b" },
	{ "ChaCha20-Poly1305", WIRE_CHACHA20_POLY1305,
	  "4800001700000001f2c9320d1ed7eb8a24d70ccb6f0da0981e9df44cbc61e8e65b60"
	  "6504faaf107f3b94da1fa1c9b860fbdff86ad8ae6b5fbe762ba5beb3f09ad395efd7"
	  "b47656ec824bbd83a44bbed5" },
};

static bool vector_opens(const struct wire_key *key, uint8_t *packet,
			 size_t len)
{
	uint8_t plain[128];

	if (wire_open(key, packet, len, plain) ||
	    memcmp(plain, wire_vector_plain, len - WIRE_OVERHEAD))
		return false;
	packet[3] ^= 1;
	return wire_open(key, packet, len, plain) == -EBADMSG;
}

int wire_kat(void)
{
	const struct wire_head head = { WIRE_DATA_V2, 0, 0x17, 1 };
	const size_t size = sizeof(wire_vector_plain) - 1;
	const size_t count = sizeof(wire_vectors) / sizeof(wire_vectors[0]);
	uint8_t packet[128], mine[128];
	unsigned int n = 0, failed = 0;
	struct wire_key key = { .len = 32 };
	size_t i;

	printf("1..%zu\n", 2 * count);
	ovpn_sock_hex(wire_vector_key, key.key, sizeof(key.key));
	ovpn_sock_hex(wire_vector_tail, key.tail, sizeof(key.tail));
	for (i = 0; i < count; i++) {
		int len = ovpn_sock_hex(wire_vectors[i].packet, packet,
					sizeof(packet));
		bool is_ok;

		key.alg = wire_vectors[i].alg;
		is_ok = !wire_seal(&key, &head,
				   (const uint8_t *)wire_vector_plain, size,
				   mine) &&
			(size_t)len == size + WIRE_OVERHEAD &&
			!memcmp(mine, packet, (size_t)len);
		failed += !is_ok;
		printf("%s %u seal %s\n", is_ok ? "ok" : "not ok", ++n,
		       wire_vectors[i].name);
		is_ok = vector_opens(&key, packet, (size_t)len);
		failed += !is_ok;
		printf("%s %u open %s\n", is_ok ? "ok" : "not ok", ++n,
		       wire_vectors[i].name);
	}
	return (int)failed;
}
