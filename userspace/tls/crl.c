// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Revocation. Lists come from a file that is read again when it has changed, or
 * a directory has a file for each serial number that is revoked. Everything
 * here that touches the file system runs in a handshake, on a worker.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "log/log.h"
#include "tls/internal.h"

#define CRL_FILE_MAX	(4 << 20)
#define INLINE_PATH	"[inline]"

/**
 * struct tls_crl_list - what one reading has given; never changed afterwards
 */
struct tls_crl_list {
	atomic_uint refs;
	STACK_OF(X509_CRL) *crls;
};

/**
 * struct tls_crl - the lists of a context
 * @path: NULL: it cannot change, or there is none
 * @dir: of serial numbers; NULL: none
 * @lock: protects what follows
 * @now: the current lists; NULL: none
 * @seen: the file that @now was read from
 * @is_loading: one worker reads, the others go on with @now
 */
struct tls_crl {
	char *path;
	char *dir;
	pthread_mutex_t lock;
	struct tls_crl_list *now;
	struct stat seen;
	bool is_loading;
};

static void list_put(struct tls_crl_list *list)
{
	if (!list ||
	    atomic_fetch_sub_explicit(&list->refs, 1,
				      memory_order_acq_rel) > 1)
		return;
	sk_X509_CRL_pop_free(list->crls, X509_CRL_free);
	free(list);
}

static struct tls_crl_list *list_new(void)
{
	struct tls_crl_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	atomic_init(&list->refs, 1);
	list->crls = sk_X509_CRL_new_null();
	if (!list->crls) {
		free(list);
		return NULL;
	}
	return list;
}

static bool is_end_of_pem(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM &&
	       ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/**
 * list_read() - all lists of a PEM text
 * @bio: the text
 * @file: its name, for the message
 * @err: what is wrong, filled on failure
 *
 * Return: the lists, or NULL.
 */
static struct tls_crl_list *list_read(BIO *bio, const char *file, char *err,
				      size_t err_len)
{
	struct tls_crl_list *list = list_new();
	X509_CRL *crl;
	int count;

	snprintf(err, err_len, "%s: out of memory", file);
	if (!list)
		return NULL;
	ERR_clear_error();
	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		if (sk_X509_CRL_push(list->crls, crl) > 0)
			continue;
		X509_CRL_free(crl);
		list_put(list);
		return NULL;
	}
	count = sk_X509_CRL_num(list->crls);
	err[0] = '\0';
	if (!is_end_of_pem())
		snprintf(err, err_len, "%s: revocation list %d is damaged: %s",
			 file, count + 1, tls_error_reason());
	else if (!count)
		snprintf(err, err_len, "%s: no revocation list found; a PEM file with \"-----BEGIN X509 CRL-----\" is expected",
			 file);
	ERR_clear_error();
	if (!err[0])
		return list;
	list_put(list);
	return NULL;
}

static void list_warn(struct tls_build *build, const char *file,
		      const struct tls_crl_list *list)
{
	for (int i = 0; i < sk_X509_CRL_num(list->crls); i++)
		tls_expiry_warn(build, file, "revocation list",
				X509_CRL_get0_nextUpdate(
					sk_X509_CRL_value(list->crls, i)));
}

/* set-up */

static int file_load(struct tls_build *build, struct tls_crl *crl)
{
	const struct tls_blob *blob = &build->cfg->crl;
	const char *file = blob->path ? blob->path : "crl-verify";
	char why[TLS_ERROR_MAX];
	BIO *bio;

	if (blob->len > INT_MAX)
		return tls_build_fail(build, "%s: the file is too large", file);
	bio = BIO_new_mem_buf(blob->text, (int)blob->len);
	if (!bio)
		return -ENOMEM;
	crl->now = list_read(bio, file, why, sizeof(why));
	BIO_free(bio);
	if (!crl->now)
		return tls_build_fail(build, "%s", why);
	list_warn(build, file, crl->now);
	if (!blob->path || !strcmp(blob->path, INLINE_PATH))
		return 0;
	crl->path = strdup(blob->path);
	/* what cannot be looked at now is read at the first handshake */
	if (crl->path && stat(crl->path, &crl->seen))
		memset(&crl->seen, 0, sizeof(crl->seen));
	return crl->path ? 0 : -ENOMEM;
}

static int dir_load(struct tls_build *build, struct tls_crl *crl)
{
	const char *dir = build->cfg->crl_dir;
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return tls_build_fail(build, "crl-verify: \"%s\" is not a directory that can be read; make it, or write \"crl-verify FILE\" without \"dir\"",
				      dir);
	crl->dir = strdup(dir);
	return crl->dir ? 0 : -ENOMEM;
}

int tls_crl_load(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_crl *crl;

	if (!cfg->crl.text && !cfg->crl_dir)
		return 0;
	crl = calloc(1, sizeof(*crl));
	if (!crl)
		return -ENOMEM;
	if (pthread_mutex_init(&crl->lock, NULL)) {
		free(crl);
		return -ENOMEM;
	}
	build->ctx->crl = crl;
	if (cfg->crl_dir)
		return dir_load(build, crl);
	X509_STORE_set_flags(SSL_CTX_get_cert_store(build->ctx->ssl),
			     X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return file_load(build, crl);
}

void tls_crl_free(struct tls_crl *crl)
{
	if (!crl)
		return;
	pthread_mutex_destroy(&crl->lock);
	list_put(crl->now);
	free(crl->path);
	free(crl->dir);
	free(crl);
}

/* in a handshake */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void crl_complain(const char *why)
{
	static struct log_limit limit = { .burst = 2, .interval_ms = 60000 };

	log_limited(&limit, LOG_LEVEL_WARN,
		    "%s; the revocation list read before stays in force", why);
}

/*
 * Read the file again. One that is half written or gone does not open the door:
 * what was known is kept, and the next handshake tries again.
 */
static struct tls_crl_list *file_read(const char *path, struct stat *st)
{
	struct tls_crl_list *list;
	char why[TLS_ERROR_MAX];
	BIO *bio = NULL;

	if (!S_ISREG(st->st_mode) || st->st_size > CRL_FILE_MAX)
		snprintf(why, sizeof(why),
			 "%s: no file of at most 4 MiB any more", path);
	else if (!(bio = BIO_new_file(path, "r")))
		snprintf(why, sizeof(why), "%s: cannot be read again", path);
	ERR_clear_error();
	list = bio ? list_read(bio, path, why, sizeof(why)) : NULL;
	BIO_free(bio);
	if (!list)
		crl_complain(why);
	return list;
}

/* Context: @crl->lock is held, and is let go of while the file is read. */
static void crl_refresh(struct tls_crl *crl)
{
	struct tls_crl_list *list;
	struct stat st;

	if (!crl->path || crl->is_loading)
		return;
	crl->is_loading = true;
	pthread_mutex_unlock(&crl->lock);
	if (stat(crl->path, &st)) {
		crl_complain("crl-verify: the file cannot be looked at");
		st = crl->seen;
	}
	/* @seen is the loader's alone */
	list = is_same_file(&st, &crl->seen) ? NULL :
					       file_read(crl->path, &st);
	pthread_mutex_lock(&crl->lock);
	crl->is_loading = false;
	if (!list)
		return;
	list_put(crl->now);
	crl->now = list;
	crl->seen = st;
	log_info("%s: read again", crl->path);
}

static struct tls_crl_list *list_get(struct tls_crl *crl)
{
	struct tls_crl_list *list;

	pthread_mutex_lock(&crl->lock);
	crl_refresh(crl);
	list = crl->now;
	if (list)
		atomic_fetch_add_explicit(&list->refs, 1,
					  memory_order_relaxed);
	pthread_mutex_unlock(&crl->lock);
	return list;
}

int tls_crl_verify(struct tls_crl *crl, X509_STORE_CTX *store)
{
	struct tls_crl_list *list = crl ? list_get(crl) : NULL;
	int ret;

	if (list)
		X509_STORE_CTX_set0_crls(store, list->crls);
	ret = X509_verify_cert(store);
	X509_STORE_CTX_set0_crls(store, NULL);
	list_put(list);
	return ret;
}

/* crl-verify DIR dir: is there a file named as the serial number in decimal? */
bool tls_crl_dir_check(const struct tls_crl *crl, const X509 *cert,
		       const char **why)
{
	char path[PATH_MAX], serial[TLS_SERIAL_MAX];
	struct stat st;
	int len;

	if (!crl || !crl->dir)
		return true;
	tls_serial_get(cert, serial, sizeof(serial));
	len = snprintf(path, sizeof(path), "%s/%s", crl->dir, serial);
	*why = "its serial number cannot be looked up";
	if (!serial[0] || len < 0 || (size_t)len >= sizeof(path))
		return false;
	*why = "certificate revoked";
	if (!lstat(path, &st))
		return false;
	if (errno == ENOENT && !stat(crl->dir, &st) && S_ISDIR(st.st_mode))
		return true;
	*why = "the directory of revoked certificates cannot be read";
	return false;
}

const char *tls_crl_path(const struct tls_crl *crl)
{
	if (!crl)
		return "";
	return crl->dir ? crl->dir : crl->path ? crl->path : "crl-verify";
}

int64_t tls_crl_expiry(struct tls_crl *crl)
{
	int64_t first = 0;

	pthread_mutex_lock(&crl->lock);
	for (int i = 0; crl->now && i < sk_X509_CRL_num(crl->now->crls); i++) {
		int64_t at = tls_asn1_seconds(X509_CRL_get0_nextUpdate(
			sk_X509_CRL_value(crl->now->crls, i)));

		if (at && (!first || at < first))
			first = at;
	}
	pthread_mutex_unlock(&crl->lock);
	return first;
}
