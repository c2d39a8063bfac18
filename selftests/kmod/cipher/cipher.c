// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of gcm(aes) that goes before all others, does its work by the best
 * of these, and fails when it is told to.
 *
 * mode=	sync: what CPUs with instructions for it have
 *		async: an accelerator: every request is completed later
 *		simd: a pair as crypto/simd.c makes of them, of which the outer
 *		one completes a request later where SIMD may not be used
 *		none: no driver
 * nested=IF, where CPUs have SIMD: see nested.c
 * unreadable=IF, unreadable_stream=...: see unreadable.c, stream.c
 * fail_seal=N	each Nth packet that is encrypted fails
 * fail_open=N	each Nth packet that is decrypted fails
 * error=N	how, an errno
 *
 * Counters, in /sys/module/ovt_cipher/parameters: packets that were asked for
 * (seals, opens), that failed on purpose (failed), that were completed later
 * (late), and nonces that have encrypted more than once with a key (reused).
 */
#include <crypto/aead.h>
#include <crypto/internal/aead.h>
#include <crypto/internal/simd.h>
#include <asm/simd.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bottom_half.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "stream.h"

#define CIPHER_NAME	"gcm(aes)"
#define CIPHER_DRIVER	"gcm-aes-ovt"
#define CIPHER_PRIORITY	10000
/* packet ids of a key that are told apart */
#define CIPHER_IDS	65536

struct cipher_tfm {
	struct crypto_aead *base;
	unsigned long *seen;
};

/* a request that is done later */
struct cipher_job {
	struct work_struct work;
	struct aead_request *req;
	bool is_seal;
};

static char *cipher_mode = "sync";
module_param_named(mode, cipher_mode, charp, 0444);
static unsigned int cipher_fail_seal;
module_param_named(fail_seal, cipher_fail_seal, uint, 0644);
static unsigned int cipher_fail_open;
module_param_named(fail_open, cipher_fail_open, uint, 0644);
static unsigned int cipher_error = EIO;
module_param_named(error, cipher_error, uint, 0644);

static atomic_t cipher_seals, cipher_opens, cipher_failed, cipher_late,
		cipher_reused;

static int cipher_count_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(param->arg));
}

static const struct kernel_param_ops cipher_count_ops = {
	.get = cipher_count_get,
};

module_param_cb(seals, &cipher_count_ops, &cipher_seals, 0444);
module_param_cb(opens, &cipher_count_ops, &cipher_opens, 0444);
module_param_cb(failed, &cipher_count_ops, &cipher_failed, 0444);
module_param_cb(late, &cipher_count_ops, &cipher_late, 0444);
module_param_cb(reused, &cipher_count_ops, &cipher_reused, 0444);

/* who does the work; looked up before we are there */
static char cipher_base[CRYPTO_MAX_ALG_NAME];
static struct workqueue_struct *cipher_wq;

static int cipher_init(struct crypto_aead *tfm)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(tfm);

	ctx->seen = bitmap_zalloc(CIPHER_IDS, GFP_KERNEL);
	if (!ctx->seen)
		return -ENOMEM;
	ctx->base = crypto_alloc_aead(cipher_base, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(ctx->base)) {
		bitmap_free(ctx->seen);
		return PTR_ERR(ctx->base);
	}
	crypto_aead_set_reqsize(tfm, sizeof(struct aead_request) +
				crypto_aead_reqsize(ctx->base));
	return 0;
}

static void cipher_exit(struct crypto_aead *tfm)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(tfm);

	crypto_free_aead(ctx->base);
	bitmap_free(ctx->seen);
}

static int cipher_setkey(struct crypto_aead *tfm, const u8 *key,
			 unsigned int len)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(tfm);

	bitmap_zero(ctx->seen, CIPHER_IDS);
	return crypto_aead_setkey(ctx->base, key, len);
}

static int cipher_setauthsize(struct crypto_aead *tfm, unsigned int size)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setauthsize(ctx->base, size);
}

static int cipher_do(struct aead_request *req, bool is_seal)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));
	struct aead_request *base = aead_request_ctx(req);

	aead_request_set_tfm(base, ctx->base);
	aead_request_set_callback(base, aead_request_flags(req), NULL, NULL);
	aead_request_set_ad(base, req->assoclen);
	aead_request_set_crypt(base, req->src, req->dst, req->cryptlen,
			       req->iv);
	return is_seal ? crypto_aead_encrypt(base) : crypto_aead_decrypt(base);
}

static bool cipher_is_due(unsigned int every, unsigned int n)
{
	if (!every || n % every)
		return false;
	atomic_inc(&cipher_failed);
	return true;
}

static int cipher_seal(struct aead_request *req)
{
	struct cipher_tfm *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));
	unsigned int n = atomic_inc_return(&cipher_seals);
	__be32 word;
	u32 id;

	memcpy(&word, req->iv, sizeof(word));
	id = be32_to_cpu(word);
	if (id < CIPHER_IDS && test_and_set_bit(id, ctx->seen))
		atomic_inc(&cipher_reused);
	if (cipher_is_due(READ_ONCE(cipher_fail_seal), n))
		return -(int)READ_ONCE(cipher_error);
	return cipher_do(req, true);
}

static int cipher_open(struct aead_request *req)
{
	unsigned int n = atomic_inc_return(&cipher_opens);

	if (cipher_is_due(READ_ONCE(cipher_fail_open), n))
		return -(int)READ_ONCE(cipher_error);
	return cipher_do(req, false);
}

static void cipher_work(struct work_struct *work)
{
	struct cipher_job *job = container_of(work, struct cipher_job, work);
	int err;

	local_bh_disable();
	err = job->is_seal ? cipher_seal(job->req) : cipher_open(job->req);
	aead_request_complete(job->req, err);
	local_bh_enable();
	kfree(job);
}

static int cipher_later(struct aead_request *req, bool is_seal)
{
	struct cipher_job *job = kmalloc(sizeof(*job), GFP_ATOMIC);

	if (!job)
		return -ENOMEM;
	INIT_WORK(&job->work, cipher_work);
	job->req = req;
	job->is_seal = is_seal;
	atomic_inc(&cipher_late);
	queue_work(cipher_wq, &job->work);
	return -EINPROGRESS;
}

static int cipher_seal_later(struct aead_request *req)
{
	return cipher_later(req, true);
}

static int cipher_open_later(struct aead_request *req)
{
	return cipher_later(req, false);
}

static int cipher_seal_simd(struct aead_request *req)
{
	return crypto_simd_usable() ? cipher_seal(req) :
				      cipher_later(req, true);
}

static int cipher_open_simd(struct aead_request *req)
{
	return crypto_simd_usable() ? cipher_open(req) :
				      cipher_later(req, false);
}

#define CIPHER_ALG(prefix, flags, seal, open)				\
{									\
	.base = {							\
		.cra_name		= prefix CIPHER_NAME,		\
		.cra_driver_name	= prefix CIPHER_DRIVER,		\
		.cra_priority		= CIPHER_PRIORITY,		\
		.cra_flags		= flags,			\
		.cra_blocksize		= 1,				\
		.cra_ctxsize		= sizeof(struct cipher_tfm),	\
		.cra_module		= THIS_MODULE,			\
	},								\
	.init		= cipher_init,					\
	.exit		= cipher_exit,					\
	.setkey		= cipher_setkey,				\
	.setauthsize	= cipher_setauthsize,				\
	.encrypt	= seal,						\
	.decrypt	= open,						\
	.ivsize		= 12,						\
	.maxauthsize	= 16,						\
}

static struct aead_alg cipher_sync[] = {
	CIPHER_ALG("", 0, cipher_seal, cipher_open),
};

static struct aead_alg cipher_async[] = {
	CIPHER_ALG("", CRYPTO_ALG_ASYNC, cipher_seal_later, cipher_open_later),
};

static struct aead_alg cipher_simd[] = {
	CIPHER_ALG("__", CRYPTO_ALG_INTERNAL, cipher_seal, cipher_open),
	CIPHER_ALG("", CRYPTO_ALG_ASYNC, cipher_seal_simd, cipher_open_simd),
};

static struct aead_alg *cipher_algs;
static int cipher_count;

static int cipher_choose(void)
{
	if (!strcmp(cipher_mode, "sync")) {
		cipher_algs = cipher_sync;
		cipher_count = ARRAY_SIZE(cipher_sync);
	} else if (!strcmp(cipher_mode, "async")) {
		cipher_algs = cipher_async;
		cipher_count = ARRAY_SIZE(cipher_async);
	} else if (!strcmp(cipher_mode, "simd")) {
		cipher_algs = cipher_simd;
		cipher_count = ARRAY_SIZE(cipher_simd);
	} else if (strcmp(cipher_mode, "none")) {
		return -EINVAL;
	}
	return 0;
}

static int cipher_find_base(void)
{
	struct crypto_aead *tfm;

	tfm = crypto_alloc_aead(CIPHER_NAME, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	strscpy(cipher_base, crypto_aead_driver_name(tfm),
		sizeof(cipher_base));
	crypto_free_aead(tfm);
	return 0;
}

static int __init cipher_module_init(void)
{
	int err;

	err = cipher_choose() ?: cipher_find_base();
	if (err)
		return err;
	cipher_wq = alloc_workqueue("ovt_cipher", WQ_UNBOUND, 0);
	if (!cipher_wq)
		return -ENOMEM;
	err = crypto_register_aeads(cipher_algs, cipher_count);
	if (err)
		goto err_wq;
	err = ovt_stream_begin();
	if (err)
		goto err_aeads;
	return 0;

err_aeads:
	crypto_unregister_aeads(cipher_algs, cipher_count);
err_wq:
	destroy_workqueue(cipher_wq);
	return err;
}

static void __exit cipher_module_exit(void)
{
	ovt_stream_end();
	crypto_unregister_aeads(cipher_algs, cipher_count);
	destroy_workqueue(cipher_wq);
}

module_init(cipher_module_init);
module_exit(cipher_module_exit);
MODULE_DESCRIPTION("gcm(aes) that fails when it is told to");
MODULE_LICENSE("GPL");
