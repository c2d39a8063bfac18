// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file that knows the crypto API.
 *
 * Packets are sealed in place and opened there or elsewhere, synchronously,
 * with a request that belongs to the CPU, so that a packet costs no
 * allocation. A transform that returned -EINPROGRESS would write into that
 * request after its next user has taken it. So a transform is used only if it
 * cannot do that:
 *
 * - one that is not marked CRYPTO_ALG_ASYNC;
 * - the SIMD wrapper (crypto/simd.c), as long as SIMD may be used. It is
 *   marked asynchronous because it queues a request that comes where SIMD may
 *   not be used, and any later one while such a request waits. Ours never come
 *   there: the fallback takes them. x86 kernels before AES-GCM was registered
 *   synchronously have nothing else that is fast.
 */
#include <crypto/aead.h>
#include <crypto/internal/simd.h>
#include <asm/simd.h>
#include <linux/err.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "aead.h"
#include "compat/compat.h"

/* generous: gcm and rfc7539 need less than half of it */
#define DCO_AEAD_REQUEST_SIZE	2048

/* 64 KB in pages, with associated data and tag, and some more */
#define DCO_AEAD_PIECES		24

/**
 * struct dco_aead_scratch - what one CPU needs to seal or open a packet
 * @whole: all of a packet, where its parts follow one another; marked as the
 *	end once for all
 * @sg: associated data, payload, tag; its end is marked likewise
 * @to: associated data, and where the cleartext goes if not in place; its end
 *	is marked likewise
 * @from: as @sg, where the payload is in pieces; between uses only its own
 *	end is marked, beyond which nothing is written
 * @nonce: the nonce
 * @request: the request and the transform's context in it; without callback
 *
 * Not itself per-CPU memory: transforms map parts of the request, which
 * has to be in the linear mapping therefore.
 */
struct dco_aead_scratch {
	struct scatterlist whole[1];
	struct scatterlist sg[3];
	struct scatterlist to[2];
	struct scatterlist from[DCO_AEAD_PIECES];
	u8 nonce[DCO_NONCE_SIZE];
	u8 request[DCO_AEAD_REQUEST_SIZE] CRYPTO_MINALIGN_ATTR;
};

struct dco_aead_cpu {
	local_lock_t lock;	/* protects *scratch */
	struct dco_aead_scratch *scratch;
};

static DEFINE_PER_CPU(struct dco_aead_cpu, dco_aead_cpu) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

static const char *dco_aead_name(enum ovpn_cipher_alg alg)
{
	switch (alg) {
	case OVPN_CIPHER_ALG_AES_GCM:
		return "gcm(aes)";
	case OVPN_CIPHER_ALG_CHACHA20_POLY1305:
		return "rfc7539(chacha20,poly1305)";
	case OVPN_CIPHER_ALG_NONE:
		break;
	}
	return NULL;
}

static bool dco_aead_is_async(struct crypto_aead *tfm)
{
	return crypto_aead_alg(tfm)->base.cra_flags & CRYPTO_ALG_ASYNC;
}

/* The SIMD wrapper of the best internal implementation of @name, or an error.
 * The wrapper of internal driver "__x" is driver "x".
 */
static struct crypto_aead *dco_aead_alloc_simd(const char *name)
{
	char internal[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *inner, *tfm;
	const char *driver;

	if (snprintf(internal, sizeof(internal), "__%s", name) >=
	    sizeof(internal))
		return ERR_PTR(-ENAMETOOLONG);
	inner = crypto_alloc_aead(internal, CRYPTO_ALG_INTERNAL,
				  CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
	if (IS_ERR(inner))
		return inner;

	driver = crypto_aead_alg(inner)->base.cra_driver_name;
	if (strncmp(driver, "__", 2))
		tfm = ERR_PTR(-ENOENT);
	else
		tfm = crypto_alloc_aead(driver + 2, 0, 0);
	crypto_free_aead(inner);
	return tfm;
}

static int dco_aead_alloc(struct dco_aead *aead, const char *name)
{
	struct crypto_aead *tfm;

	tfm = crypto_alloc_aead(name, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	if (!dco_aead_is_async(tfm)) {
		aead->tfm = tfm;
		return 0;
	}
	crypto_free_aead(tfm);

	tfm = crypto_alloc_aead(name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	aead->tfm = tfm;

	tfm = dco_aead_alloc_simd(name);
	if (IS_ERR(tfm))
		return 0;
	aead->fallback = aead->tfm;
	aead->tfm = tfm;
	return 0;
}

static int dco_aead_setup(struct crypto_aead *tfm, const u8 *key,
			  size_t key_len)
{
	int err;

	if (sizeof(struct aead_request) + crypto_aead_reqsize(tfm) >
	    DCO_AEAD_REQUEST_SIZE || crypto_aead_ivsize(tfm) != DCO_NONCE_SIZE)
		return -EOPNOTSUPP;

	err = crypto_aead_setauthsize(tfm, DCO_TAG_SIZE);
	if (err)
		return err;
	return crypto_aead_setkey(tfm, key, key_len);
}

/**
 * dco_aead_init() - prepare one direction of a key
 * @aead: zeroed; to be given to dco_aead_exit() if this succeeds
 * @alg: cipher
 * @key: cipher key
 * @key_len: its length in bytes
 * @iv: DCO_NONCE_SIZE bytes
 *
 * Context: process, may sleep and load modules.
 * Return: 0, or a negative errno: -EINVAL for a length that the cipher does not
 * have, -ENOENT for a cipher that the kernel does not have.
 */
int dco_aead_init(struct dco_aead *aead, enum ovpn_cipher_alg alg,
		  const u8 *key, size_t key_len, const u8 *iv)
{
	const char *name = dco_aead_name(alg);
	int err;

	if (!name)
		return -EOPNOTSUPP;

	err = dco_aead_alloc(aead, name);
	if (err)
		return err;

	err = dco_aead_setup(aead->tfm, key, key_len);
	if (!err && aead->fallback)
		err = dco_aead_setup(aead->fallback, key, key_len);
	if (err) {
		dco_aead_exit(aead);
		return err;
	}
	memcpy(aead->iv, iv, DCO_NONCE_SIZE);
	return 0;
}

/**
 * dco_aead_exit() - forget a direction of a key
 * @aead: what dco_aead_init() prepared, or zeroed memory
 *
 * Context: process, may sleep.
 */
void dco_aead_exit(struct dco_aead *aead)
{
	crypto_free_aead(aead->fallback);
	crypto_free_aead(aead->tfm);
	memzero_explicit(aead, sizeof(*aead));
}

/**
 * dco_aead_driver() - which implementation works for a key
 * @aead: what dco_aead_init() prepared
 *
 * Return: its driver name, as in /proc/crypto; lives as long as @aead.
 */
const char *dco_aead_driver(const struct dco_aead *aead)
{
	return crypto_aead_driver_name(aead->tfm);
}

static void dco_aead_nonce(const struct dco_aead *aead, __be64 id, u8 *nonce)
{
	u64 front;

	memcpy(&front, aead->iv, sizeof(front));
	front ^= (__force u64)id;
	memcpy(nonce, &front, sizeof(front));
	memcpy(nonce + sizeof(front), aead->iv + sizeof(front),
	       DCO_NONCE_SIZE - sizeof(front));
}

/* Are the parts where the crypto API wants them? It takes fewer steps then,
 * because it walks through the list for each part.
 */
static bool dco_aead_is_whole(const struct dco_aead_packet *packet)
{
	return packet->ad + packet->ad_len == packet->text &&
	       packet->text + packet->len == packet->tag;
}

/* The parts are in one piece of memory, so one look for its page is enough. The
 * tag is last for the crypto API, wherever it is on the wire.
 */
static struct scatterlist *
dco_aead_set_sg(struct dco_aead_scratch *scratch,
		const struct dco_aead_packet *packet)
{
	struct page *page = virt_to_page(packet->ad);
	unsigned int at = offset_in_page(packet->ad);
	struct scatterlist *sg = scratch->sg;

	if (likely(!packet->from && dco_aead_is_whole(packet))) {
		sg_set_page(scratch->whole, page, packet->ad_len + packet->len +
			    DCO_TAG_SIZE, at);
		return scratch->whole;
	}
	sg_set_page(&sg[0], page, packet->ad_len, at);
	sg_set_page(&sg[1], page, packet->len,
		    at + (packet->text - packet->ad));
	sg_set_page(&sg[2], page, DCO_TAG_SIZE,
		    at + (packet->tag - packet->ad));
	return sg;
}

static struct aead_request *
dco_aead_prepare(const struct dco_aead *aead, struct dco_aead_scratch *scratch,
		 const struct dco_aead_packet *packet, size_t crypt_len)
{
	struct aead_request *req = (void *)scratch->request;
	struct crypto_aead *tfm = aead->tfm;
	struct scatterlist *sg;

	/* does not change before the request is done: softirqs are off, and
	 * what runs below us has either begun its use of SIMD or not
	 */
	if (aead->fallback && !crypto_simd_usable())
		tfm = aead->fallback;

	dco_aead_nonce(aead, packet->id, scratch->nonce);

	sg = dco_aead_set_sg(scratch, packet);

	aead_request_set_tfm(req, tfm);
	aead_request_set_ad(req, packet->ad_len);
	aead_request_set_crypt(req, sg, sg, crypt_len, scratch->nonce);
	return req;
}

/**
 * dco_aead_seal() - encrypt and authenticate a packet in place
 * @aead: sending direction of a key
 * @packet: its parts; associated data and cleartext are set, the tag is written
 *
 * Context: BH disabled.
 * Return: 0 or a negative errno.
 */
int dco_aead_seal(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet)
{
	struct dco_aead_scratch *scratch;
	int err;

	dco_compat_local_lock_bh(&dco_aead_cpu.lock);
	scratch = this_cpu_read(dco_aead_cpu.scratch);
	err = crypto_aead_encrypt(dco_aead_prepare(aead, scratch, packet,
						   packet->len));
	dco_compat_local_unlock_bh(&dco_aead_cpu.lock);
	return err;
}

/* Makes a request read the ciphertext from where it is. If that is in too many
 * pieces, it is copied and the request stays as it is. Returns the piece whose
 * mark is to be taken away again, or NULL.
 */
static struct scatterlist *
dco_aead_read_from(struct aead_request *req, struct dco_aead_scratch *scratch,
		   const struct dco_aead_packet *packet)
{
	struct scatterlist *sg = scratch->from;
	int n;

	sg_set_buf(sg, packet->ad, packet->ad_len);
	n = skb_to_sgvec_nomark(packet->from, sg + 1, packet->from_offset,
				packet->len);
	if (unlikely(n < 0 || n + 2 > DCO_AEAD_PIECES)) {
		skb_copy_bits(packet->from, packet->from_offset, packet->text,
			      packet->len);
		return NULL;
	}
	aead_request_set_crypt(req, sg, scratch->sg, req->cryptlen, req->iv);
	sg += 1 + n;
	sg_set_buf(sg, packet->tag, DCO_TAG_SIZE);
	if (unlikely(sg_is_last(sg)))
		return NULL;
	sg_mark_end(sg);
	return sg;
}

/* Makes a request write the cleartext to where it belongs. */
static void dco_aead_write_to(struct aead_request *req,
			      struct dco_aead_scratch *scratch,
			      const struct dco_aead_packet *packet)
{
	sg_set_page(&scratch->to[0], sg_page(req->src), packet->ad_len,
		    req->src->offset);
	sg_set_buf(&scratch->to[1], packet->to, packet->len);
	req->dst = scratch->to;
}

/**
 * dco_aead_open() - authenticate and decrypt a packet
 * @aead: receiving direction of a key
 * @packet: its parts
 *
 * Context: BH disabled.
 * Return: 0, -EBADMSG if the packet is not authentic, or another negative
 * errno.
 */
int dco_aead_open(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet)
{
	struct dco_aead_scratch *scratch;
	struct scatterlist *end = NULL;
	struct aead_request *req;
	int err;

	dco_compat_local_lock_bh(&dco_aead_cpu.lock);
	scratch = this_cpu_read(dco_aead_cpu.scratch);
	req = dco_aead_prepare(aead, scratch, packet,
			       packet->len + DCO_TAG_SIZE);
	if (packet->to)
		dco_aead_write_to(req, scratch, packet);
	else if (packet->from)
		end = dco_aead_read_from(req, scratch, packet);
	err = crypto_aead_decrypt(req);
	if (end)
		sg_unmark_end(end);
	dco_compat_local_unlock_bh(&dco_aead_cpu.lock);
	return err;
}

/**
 * dco_aead_module_init() - allocate the scratch memory of all CPUs
 *
 * Return: 0 or -ENOMEM.
 */
int dco_aead_module_init(void)
{
	struct dco_aead_scratch *scratch;
	int cpu;

	for_each_possible_cpu(cpu) {
		scratch = kzalloc_node(sizeof(*scratch), GFP_KERNEL,
				       cpu_to_node(cpu));
		if (!scratch) {
			dco_aead_module_exit();
			return -ENOMEM;
		}
		sg_init_table(scratch->whole, ARRAY_SIZE(scratch->whole));
		sg_init_table(scratch->sg, ARRAY_SIZE(scratch->sg));
		sg_init_table(scratch->to, ARRAY_SIZE(scratch->to));
		sg_init_table(scratch->from, ARRAY_SIZE(scratch->from));
		per_cpu(dco_aead_cpu, cpu).scratch = scratch;
	}
	return 0;
}

/**
 * dco_aead_module_exit() - free the scratch memory of all CPUs
 *
 * No key may exist any more.
 */
void dco_aead_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kfree_sensitive(per_cpu(dco_aead_cpu, cpu).scratch);
}
