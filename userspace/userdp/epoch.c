// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Epoch data keys (sections 6.5 and 7.3):
 *
 *   header | epoch, 16 bits | counter, 48 bits | ciphertext | tag
 *
 * Each direction has a chain of secrets, one for each epoch, of which key and
 * IV are derived. The sender moves on when an epoch is used up, or when it
 * hears the other in a later one. What opens the EPOCH_AHEAD next epochs is
 * there before their first packet comes, so that a forgery costs one attempt to
 * open it and changes nothing.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "mem/mem.h"
#include "userdp/private.h"

#define EPOCH_AHEAD	16
#define EPOCH_MAX	0xffffu
#define EPOCH_SOFT	0xf000u
#define EPOCH_RESUMED	4096u	/* some 20 ms of deriving */
#define COUNTER_BITS	USERDP_COUNTER_BITS
#define COUNTER_MAX	USERDP_COUNTER_MAX

struct epoch_key {
	uint8_t key[32];
	uint8_t iv[PROTO_AEAD_NONCE_LEN];
};

/**
 * struct epoch_use - an epoch whose key is in use
 * @number: 0: there is none
 * @usage: blocks and packets
 * @forged: packets that were not authentic
 */
struct epoch_use {
	uint32_t number;
	EVP_CIPHER_CTX *ctx;
	uint8_t iv[PROTO_AEAD_NONCE_LEN];
	uint64_t usage, forged;
};

/**
 * struct epoch_secrets - in memory for secrets
 * @tx: of the epoch behind the one that is sent in
 * @ahead: the epochs behind the current one
 * @rx: of the epoch behind @ahead
 */
struct epoch_secrets {
	uint8_t tx[USERDP_EPOCH_SECRET];
	uint8_t rx[USERDP_EPOCH_SECRET];
	struct epoch_key ahead[EPOCH_AHEAD];
};

/**
 * struct userdp_epoch - both directions of a key
 * @tx_wanted: the epoch to send in, which is heard
 * @rx: the current epoch and the one before it, by @at
 * @trial: for an epoch that nothing has been heard of yet
 */
struct userdp_epoch {
	enum proto_cipher cipher;
	const EVP_CIPHER *evp;
	EVP_KDF *kdf;
	bool is_limited;
	uint32_t tx_wanted;
	struct epoch_use tx;
	struct epoch_use rx[2];
	unsigned int at;
	EVP_CIPHER_CTX *trial;
	struct epoch_secrets *secrets;
};

/* ---- secrets ---------------------------------------------------------- */

int userdp_expand_label(EVP_KDF *kdf, const uint8_t *secret,
			const char *label, uint8_t *out, size_t len)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t info[64];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
						  (void *)secret,
						  USERDP_EPOCH_SECRET),
		OSSL_PARAM_END, OSSL_PARAM_END,
	};
	struct mem_writer wr;
	EVP_KDF_CTX *ctx;
	int ret = -EIO;

	mem_writer_init(&wr, info, sizeof(info));
	mem_write_be16(&wr, (uint16_t)len);
	mem_write_u8(&wr, (uint8_t)(strlen("ovpn ") + strlen(label)));
	mem_write_bytes(&wr, "ovpn ", strlen("ovpn "));
	mem_write_bytes(&wr, label, strlen(label));
	mem_write_u8(&wr, 0);
	if (wr.is_bad)
		return -EINVAL;
	params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						      info, wr.len);
	ctx = EVP_KDF_CTX_new(kdf);
	if (ctx && EVP_KDF_derive(ctx, out, len, params) == 1)
		ret = 0;
	else
		ERR_clear_error();
	EVP_KDF_CTX_free(ctx);
	return ret;
}

/* The key of the epoch that @secret is of; @secret becomes that of the next. */
static int epoch_derive(struct userdp_epoch *epoch, uint8_t *secret,
			struct epoch_key *key)
{
	uint8_t next[USERDP_EPOCH_SECRET];
	int err;

	err = userdp_expand_label(epoch->kdf, secret, "data_key", key->key,
				  proto_cipher_key_len(epoch->cipher));
	if (!err)
		err = userdp_expand_label(epoch->kdf, secret, "data_iv",
					  key->iv, sizeof(key->iv));
	if (!err)
		err = userdp_expand_label(epoch->kdf, secret, "datakey upd",
					  next, sizeof(next));
	if (!err)
		memcpy(secret, next, sizeof(next));
	mem_wipe(next, sizeof(next));
	return err;
}

static int epoch_use(struct userdp_epoch *epoch, struct epoch_use *use,
		     uint32_t number, const struct epoch_key *key, int is_seal)
{
	if (!use->ctx)
		use->ctx = EVP_CIPHER_CTX_new();
	if (!use->ctx)
		return -ENOMEM;
	if (EVP_CipherInit_ex(use->ctx, epoch->evp, NULL, key->key, NULL,
			      is_seal) != 1)
		return -EIO;
	memcpy(use->iv, key->iv, sizeof(use->iv));
	use->number = number;
	use->usage = use->forged = 0;
	return 0;
}

/* ---- packets ---------------------------------------------------------- */

static bool epoch_start(EVP_CIPHER_CTX *ctx, const uint8_t *iv,
			const uint8_t *head)
{
	uint8_t nonce[PROTO_AEAD_NONCE_LEN];
	int n;

	memcpy(nonce, iv, sizeof(nonce));
	for (size_t i = 0; i < USERDP_EPOCH_ID; i++)
		nonce[i] ^= head[USERDP_HEAD_V2 + i];
	return EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, -1) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, head,
				USERDP_HEAD_V2 + USERDP_EPOCH_ID) == 1;
}

static OSSL_PARAM epoch_tag(const uint8_t *tag)
{
	return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						 (void *)tag,
						 PROTO_AEAD_TAG_LEN);
}

/* Is it time for another epoch? @next: the packet that comes */
static uint32_t epoch_target(const struct userdp_epoch *epoch, uint64_t next)
{
	const struct epoch_use *rx = &epoch->rx[epoch->at];
	uint32_t now = epoch->tx.number;
	bool is_worn;

	if (epoch->tx_wanted > now)
		return epoch->tx_wanted;
	is_worn = (next & COUNTER_MAX) == COUNTER_MAX ||
		  (epoch->is_limited && epoch->tx.usage > USERDP_USAGE_MAX) ||
		  (rx->number == now &&
		   ((epoch->is_limited && rx->usage > USERDP_USAGE_MAX) ||
		    rx->forged > USERDP_FORGED_SOFT));
	return is_worn && now < EPOCH_MAX ? now + 1 : now;
}

static int epoch_send_in(struct userdp_epoch *epoch, uint32_t number)
{
	struct epoch_key key = { 0 };
	uint32_t at = epoch->tx.number;
	int err = 0;

	while (!err && at < number) {
		err = epoch_derive(epoch, epoch->secrets->tx, &key);
		at++;
	}
	if (!err)
		err = epoch_use(epoch, &epoch->tx, number, &key, 1);
	mem_wipe(&key, sizeof(key));
	return err;
}

static ssize_t epoch_seal(struct userdp_codec *codec, uint8_t *wire,
			  const uint8_t *src, size_t len)
{
	struct userdp_epoch *epoch = codec->epoch;
	size_t head = USERDP_HEAD_V2 + USERDP_EPOCH_ID;
	uint8_t *dst = wire + head;
	OSSL_PARAM params[] = { epoch_tag(dst + len), OSSL_PARAM_END };
	uint32_t target = epoch_target(epoch, codec->next);
	int n;

	if (target != epoch->tx.number) {
		if (epoch_send_in(epoch, target))
			return -EIO;
		codec->next = (uint64_t)target << COUNTER_BITS | 1;
	}
	put32(wire + USERDP_HEAD_V2, (uint32_t)(codec->next >> 32));
	put32(wire + USERDP_HEAD_V2 + 4, (uint32_t)codec->next);
	codec->next++;
	if (len > INT_MAX || !epoch_start(epoch->tx.ctx, epoch->tx.iv, wire) ||
	    EVP_CipherUpdate(epoch->tx.ctx, dst, &n, src, (int)len) != 1 ||
	    EVP_CipherFinal_ex(epoch->tx.ctx, dst + n, &n) != 1 ||
	    EVP_CIPHER_CTX_get_params(epoch->tx.ctx, params) != 1)
		return -EIO;
	epoch->tx.usage += userdp_usage(len);
	return (ssize_t)(head + len + PROTO_AEAD_TAG_LEN);
}

static bool epoch_open_with(EVP_CIPHER_CTX *ctx, const uint8_t *iv,
			    const uint8_t *pkt, size_t len, uint8_t *dst)
{
	const uint8_t *src = pkt + USERDP_HEAD_V2 + USERDP_EPOCH_ID;
	OSSL_PARAM params[] = { epoch_tag(src + len), OSSL_PARAM_END };
	int n;

	if (epoch_start(ctx, iv, pkt) &&
	    EVP_CIPHER_CTX_set_params(ctx, params) == 1 &&
	    EVP_CipherUpdate(ctx, dst, &n, src, (int)len) == 1 &&
	    EVP_CipherFinal_ex(ctx, dst + n, &n) == 1)
		return true;
	ERR_clear_error();
	return false;
}

/* The current epoch is @number now, @steps behind what it was. */
static int epoch_move(struct userdp_epoch *epoch, uint32_t number,
		      uint32_t steps)
{
	struct epoch_key *ahead = epoch->secrets->ahead;
	int err;

	err = epoch_use(epoch, &epoch->rx[epoch->at ^ 1], number,
			&ahead[steps - 1], 0);
	if (err)
		return err;
	epoch->at ^= 1;
	if (epoch->tx_wanted < number)
		epoch->tx_wanted = number;
	memmove(ahead, ahead + steps, (EPOCH_AHEAD - steps) * sizeof(*ahead));
	for (size_t i = EPOCH_AHEAD - steps; i < EPOCH_AHEAD && !err; i++)
		err = epoch_derive(epoch, epoch->secrets->rx, &ahead[i]);
	return err;
}

/* A later epoch: tried first, and believed when it is authentic. */
static ssize_t epoch_open_ahead(struct userdp_epoch *epoch, const uint8_t *pkt,
				size_t len, uint8_t *dst, uint32_t number,
				struct userdp_id *id)
{
	uint32_t steps = number - epoch->rx[epoch->at].number;
	const struct epoch_key *key;

	if (steps > EPOCH_AHEAD || number > EPOCH_MAX - EPOCH_AHEAD - 1)
		return -EBADMSG;
	key = &epoch->secrets->ahead[steps - 1];
	if (EVP_CipherInit_ex(epoch->trial, epoch->evp, NULL, key->key, NULL,
			      0) != 1 ||
	    !epoch_open_with(epoch->trial, key->iv, pkt, len, dst) ||
	    epoch_move(epoch, number, steps))
		return -EBADMSG;
	epoch->rx[epoch->at].usage += userdp_usage(len);
	id->is_fresh = true;
	id->window = epoch->at;
	return (ssize_t)len;
}

static ssize_t epoch_open(struct userdp_codec *codec, const uint8_t *pkt,
			  size_t head_len, size_t len, uint8_t *dst,
			  struct userdp_id *id)
{
	struct userdp_epoch *epoch = codec->epoch;
	size_t head = USERDP_HEAD_V2 + USERDP_EPOCH_ID;
	struct epoch_use *use = &epoch->rx[epoch->at];
	uint32_t number;

	if (head_len != USERDP_HEAD_V2 || len > INT_MAX ||
	    len <= head + PROTO_AEAD_TAG_LEN)
		return -EINVAL;
	len -= head + PROTO_AEAD_TAG_LEN;
	number = get16(pkt + USERDP_HEAD_V2);
	id->epoch = number;
	id->number = (uint64_t)get16(pkt + USERDP_HEAD_V2 + 2) << 32 |
		     get32(pkt + USERDP_HEAD_V2 + 4);
	if (number > use->number)
		return epoch_open_ahead(epoch, pkt, len, dst, number, id);
	if (number < use->number)
		use = &epoch->rx[epoch->at ^ 1];
	if (!number || number != use->number || use->forged > USERDP_FORGED_MAX)
		return -EBADMSG;
	if (!epoch_open_with(use->ctx, use->iv, pkt, len, dst)) {
		use->forged++;
		return -EBADMSG;
	}
	use->usage += userdp_usage(len);
	id->window = (unsigned int)(use - epoch->rx);
	id->is_late = id->window != epoch->at;
	return (ssize_t)len;
}

/* ---- life -------------------------------------------------------------- */

static void epoch_free(struct userdp_epoch *epoch)
{
	if (!epoch)
		return;
	EVP_CIPHER_CTX_free(epoch->tx.ctx);
	EVP_CIPHER_CTX_free(epoch->rx[0].ctx);
	EVP_CIPHER_CTX_free(epoch->rx[1].ctx);
	EVP_CIPHER_CTX_free(epoch->trial);
	EVP_KDF_free(epoch->kdf);
	mem_secret_free(epoch->secrets);
	free(epoch);
}

static void epoch_wipe_seal(struct userdp_codec *codec)
{
	epoch_free(codec->epoch);
	codec->epoch = NULL;
}

/* Both directions have one state, which goes with the sealing one. */
static void epoch_wipe_open(struct userdp_codec *codec)
{
	codec->epoch = NULL;
}

static const struct userdp_codec_ops epoch_seal_ops = {
	.seal = epoch_seal,
	.wipe = epoch_wipe_seal,
};

static const struct userdp_codec_ops epoch_open_ops = {
	.open = epoch_open,
	.wipe = epoch_wipe_open,
};

bool userdp_epoch_numbers(const struct userdp_codec *seal, unsigned int *tx,
			  unsigned int *rx)
{
	if (seal->ops != &epoch_seal_ops)
		return false;
	*tx = seal->epoch->tx.number;
	*rx = seal->epoch->rx[seal->epoch->at].number;
	return true;
}

/* As if packets had led there. */
static int epoch_receive_in(struct userdp_epoch *epoch, uint32_t number)
{
	int err = 0;

	while (!err && epoch->rx[epoch->at].number < number) {
		uint32_t at = epoch->rx[epoch->at].number;
		uint32_t steps = number - at < EPOCH_AHEAD ? number - at :
							     EPOCH_AHEAD;

		err = epoch_move(epoch, at + steps, steps);
	}
	/* nobody knows which packets of the one before have come */
	epoch->rx[epoch->at ^ 1].number = 0;
	return err;
}

int userdp_epoch_resume(struct userdp_codec *seal, uint64_t next,
			uint64_t highest)
{
	struct userdp_epoch *epoch = seal->epoch;
	uint64_t tx = next >> COUNTER_BITS, rx = highest >> COUNTER_BITS;
	int err;

	if (tx > EPOCH_RESUMED || rx > EPOCH_RESUMED)
		return -ERANGE;
	if ((next & COUNTER_MAX) > 1)
		tx++;
	err = epoch_receive_in(epoch, (uint32_t)rx);
	if (!err && tx > epoch->tx.number) {
		err = epoch_send_in(epoch, (uint32_t)tx);
		seal->next = tx << COUNTER_BITS | 1;
	}
	epoch->rx[epoch->at].usage = userdp_usage_of(highest & COUNTER_MAX);
	return err ? err : (int)epoch->at;
}

static int epoch_init(struct userdp_epoch *epoch)
{
	struct epoch_secrets *secrets = epoch->secrets;
	struct epoch_key key = { 0 };
	int err;

	epoch->kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	epoch->trial = EVP_CIPHER_CTX_new();
	if (!epoch->kdf || !epoch->trial)
		return -ENOMEM;
	epoch->is_limited = epoch->cipher != PROTO_CIPHER_CHACHA20_POLY1305;
	err = epoch_send_in(epoch, 1);
	if (!err)
		err = epoch_derive(epoch, secrets->rx, &key);
	if (!err)
		err = epoch_use(epoch, &epoch->rx[0], 1, &key, 0);
	for (size_t i = 0; i < EPOCH_AHEAD && !err; i++)
		err = epoch_derive(epoch, secrets->rx, &secrets->ahead[i]);
	mem_wipe(&key, sizeof(key));
	return err;
}

int userdp_epoch_init(struct userdp_codec *seal, struct userdp_codec *open,
		      enum proto_cipher cipher, const uint8_t *send,
		      const uint8_t *recv)
{
	struct userdp_epoch *epoch;
	int err;

	memset(seal, 0, sizeof(*seal));
	memset(open, 0, sizeof(*open));
	if (!proto_cipher_is_aead(cipher))
		return -EINVAL;
	epoch = calloc(1, sizeof(*epoch));
	if (!epoch)
		return -ENOMEM;
	epoch->cipher = cipher;
	epoch->evp = userdp_aead_cipher(cipher);
	epoch->secrets = mem_secret_alloc(sizeof(*epoch->secrets));
	err = epoch->secrets ? 0 : -ENOMEM;
	if (!err) {
		memcpy(epoch->secrets->tx, send, USERDP_EPOCH_SECRET);
		memcpy(epoch->secrets->rx, recv, USERDP_EPOCH_SECRET);
		err = epoch_init(epoch);
	}
	if (err) {
		epoch_free(epoch);
		return err;
	}
	seal->ops = &epoch_seal_ops;
	seal->epoch = epoch;
	seal->head_len = USERDP_HEAD_V2;
	seal->fixed = USERDP_HEAD_V2 + USERDP_EPOCH_ID + PROTO_AEAD_TAG_LEN;
	seal->mask = SIZE_MAX;
	seal->next = UINT64_C(1) << COUNTER_BITS | 1;
	seal->soft = (uint64_t)EPOCH_SOFT << COUNTER_BITS;
	seal->end = UINT64_MAX;
	open->ops = &epoch_open_ops;
	open->epoch = epoch;
	return 0;
}
