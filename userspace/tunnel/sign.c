// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * management-external-key: signatures that somebody else makes. Threads that
 * step TLS sessions wait here, and the onlooker is asked, for one signature
 * after the other: its answers do not say what they are about.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tls/tls.h"
#include "tunnel/private.h"

#define ALGORITHM_MAX 128

enum sign_state {
	SIGN_STATE_WAITING,
	SIGN_STATE_ASKED,
	SIGN_STATE_ANSWERED,	/* its thread looks at the answer */
};

/* struct sign_wait - a thread that waits, on that thread's stack */
struct sign_wait {
	struct sign_wait *next;
	enum sign_state state;
	const char *text;		/* base64 */
	const char *algorithm;
	uint8_t sig[TLS_SIGN_MAX];
	size_t sig_len;
};

/**
 * struct tunnel_signer - @lock covers all but @host, @event_fd and @io
 * @first: whoever is asked about is the first
 * @n: of them
 * @is_told: the onlooker has been told of the first one
 * @n_owed: answers that are still to come to those who have given up
 * @limit_s: how long one waits
 */
struct tunnel_signer {
	struct tunnel_host *host;
	int event_fd;
	struct loop_io *io;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct sign_wait *first;
	unsigned int n;
	bool is_told, is_closed;
	unsigned int n_owed;
	uint32_t limit_s;
	struct log_limit log;
};

/* The loop has to look whom to ask. */
static void sign_kick(const struct tunnel_signer *signer)
{
	const uint64_t one = 1;

	if (write(signer->event_fd, &one, sizeof(one)) < 0)
		return;	/* full: it is awake */
}

/* ---- on the thread that steps the session ------------------------------- */

/* As OpenVPN 2.6 has it (section 10.3). */
static void algorithm_format(const struct tls_sign *what,
			     char out[ALGORITHM_MAX])
{
	static const char *const names[] = {
		[TLS_SIGN_RSA_PKCS1] = "RSA_PKCS1_PADDING",
		[TLS_SIGN_RSA_PSS] = "RSA_PKCS1_PSS_PADDING",
		[TLS_SIGN_RSA_NONE] = "RSA_NO_PADDING",
		[TLS_SIGN_ECDSA] = "ECDSA",
		[TLS_SIGN_ED25519] = "ED25519",
		[TLS_SIGN_ED448] = "ED448",
	};
	bool is_pss = what->scheme == TLS_SIGN_RSA_PSS;
	bool has_hash = what->digest && (is_pss || what->is_message);

	snprintf(out, ALGORITHM_MAX, "%s%s%s%s%s", names[what->scheme],
		 has_hash ? ",hashalg=" : "", has_hash ? what->digest : "",
		 is_pss ? ",saltlen=digest" : "",
		 what->is_message ? ",data=message" : "");
}

/* Return: 0, or -EBUSY: enough wait already. */
static int sign_join(struct tunnel_signer *signer, struct sign_wait *wait)
{
	struct sign_wait **at = &signer->first;

	if (signer->is_closed)
		return -ECANCELED;
	if (signer->n == TUNNEL_SIGN_WAITERS)
		return -EBUSY;
	while (*at)
		at = &(*at)->next;
	*at = wait;
	signer->n++;
	return 0;
}

static void sign_leave(struct tunnel_signer *signer, struct sign_wait *wait)
{
	struct sign_wait **at = &signer->first;

	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	signer->n--;
	if (wait->state == SIGN_STATE_WAITING)
		return;
	signer->is_told = false;
	/* what comes now is not for the next one */
	if (wait->state == SIGN_STATE_ASKED)
		signer->n_owed++;
}

/* Return: 0 or -errno; without the lock while an answer is checked. */
static int sign_wait(struct tunnel_signer *signer, struct sign_wait *wait,
		     const struct tls_sign *what, const struct timespec *end)
{
	bool is_good;

	for (;;) {
		while (wait->state != SIGN_STATE_ANSWERED) {
			if (signer->is_closed)
				return -ECANCELED;
			if (pthread_cond_clockwait(&signer->wake,
						   &signer->lock,
						   CLOCK_MONOTONIC, end) &&
			    wait->state != SIGN_STATE_ANSWERED)
				return -ETIMEDOUT;
		}
		pthread_mutex_unlock(&signer->lock);
		is_good = what->is_good(what, wait->sig, wait->sig_len);
		pthread_mutex_lock(&signer->lock);
		if (is_good)
			return 0;
		if (!signer->n_owed)
			return -EKEYREJECTED;
		/* it was late, and for somebody who does not wait any more */
		signer->n_owed--;
		wait->state = SIGN_STATE_ASKED;
	}
}

/* With the lock: the limit is everybody's. */
static void sign_complain(struct tunnel_signer *signer, int err)
{
	if (err == -ETIMEDOUT)
		log_limited(&signer->log, LOG_LEVEL_WARN,
			    "management-external-key: no signature within %u s",
			    signer->limit_s);
	else if (err == -EKEYREJECTED)
		log_limited(&signer->log, LOG_LEVEL_WARN,
			    "management-external-key: the signature is not by the certificate's key, or in another way than asked for");
	else if (err == -EBUSY)
		log_limited(&signer->log, LOG_LEVEL_WARN,
			    "management-external-key: %d handshakes wait for a signature, another one fails",
			    TUNNEL_SIGN_WAITERS);
}

static int sign_ask(struct tunnel_signer *signer, struct sign_wait *wait,
		    const struct tls_sign *what)
{
	struct timespec end;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &end);
	pthread_mutex_lock(&signer->lock);
	end.tv_sec += signer->limit_s;
	ret = sign_join(signer, wait);
	if (!ret) {
		sign_kick(signer);
		ret = sign_wait(signer, wait, what, &end);
		sign_leave(signer, wait);
		sign_kick(signer);
	}
	sign_complain(signer, ret);
	pthread_mutex_unlock(&signer->lock);
	return ret;
}

/**
 * tunnel_sign() - struct tls_signer
 * @arg: the signer
 * @what: is to be signed
 * @out: of TLS_SIGN_MAX bytes
 * @len: of the signature
 *
 * Context: a thread that steps a session.
 * Return: 0 or -errno, then the log says why.
 */
int tunnel_sign(void *arg, const struct tls_sign *what, uint8_t *out,
		size_t *len)
{
	struct tunnel_signer *signer = arg;
	size_t cap = (what->len + 2) / 3 * 4 + 1;
	struct sign_wait wait = { .state = SIGN_STATE_WAITING };
	char algorithm[ALGORITHM_MAX];
	char *text = malloc(cap);
	int ret;

	if (!text)
		return -ENOMEM;
	algorithm_format(what, algorithm);
	wait.text = text;
	wait.algorithm = algorithm;
	ret = proto_base64(what->data, what->len, text, cap);
	if (!ret)
		ret = sign_ask(signer, &wait, what);
	if (!ret) {
		memcpy(out, wait.sig, wait.sig_len);
		*len = wait.sig_len;
	}
	free(text);
	return ret;
}

/* ---- on the loop ----------------------------------------------------- */

/* Tell the onlooker of the first one, or that nobody waits any more. */
static void sign_look(struct loop_io *io, unsigned int events, void *arg)
{
	struct tunnel_signer *signer = arg;
	const struct tunnel_watch *watch = signer->host->watch;
	char *text = NULL, *algorithm = NULL;
	bool is_new = false, is_none;
	uint64_t count;

	(void)io;
	(void)events;
	if (read(signer->event_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&signer->lock);
	is_none = !signer->first;
	if (signer->first && !signer->is_told) {
		text = strdup(signer->first->text);
		algorithm = strdup(signer->first->algorithm);
		is_new = text && algorithm;
		signer->first->state = SIGN_STATE_ASKED;
		signer->is_told = true;
	}
	pthread_mutex_unlock(&signer->lock);
	if (watch->need_signature && (is_new || is_none))
		watch->need_signature(signer->host->watch_arg, text, algorithm);
	free(text);
	free(algorithm);
}

bool tunnel_host_signs(struct tunnel_host *host)
{
	struct tunnel_signer *signer = host->signer;
	bool is_asked;

	if (!signer)
		return false;
	pthread_mutex_lock(&signer->lock);
	is_asked = signer->first && signer->first->state == SIGN_STATE_ASKED;
	pthread_mutex_unlock(&signer->lock);
	return is_asked;
}

int tunnel_host_signature(struct tunnel_host *host, const char *base64)
{
	struct tunnel_signer *signer = host->signer;
	struct sign_wait *wait;
	int ret = -ENOENT;

	if (!signer)
		return ret;
	pthread_mutex_lock(&signer->lock);
	wait = signer->first;
	if (wait && wait->state == SIGN_STATE_ASKED) {
		ret = proto_base64_decode(base64, strlen(base64), wait->sig,
					  sizeof(wait->sig), &wait->sig_len);
		/* what is none at all is no good one */
		if (ret)
			wait->sig_len = 0;
		wait->state = SIGN_STATE_ANSWERED;
		pthread_cond_broadcast(&signer->wake);
	}
	pthread_mutex_unlock(&signer->lock);
	return ret;
}

/* ---- life ------------------------------------------------------------ */

/**
 * tunnel_sign_open() - the host's signer, if its key is somebody else's
 * @host: gets it
 *
 * Return: 0 or -errno.
 */
int tunnel_sign_open(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	struct tunnel_signer *signer;

	if (!cfg->has_external_key)
		return 0;
	signer = calloc(1, sizeof(*signer));
	if (!signer)
		return -ENOMEM;
	pthread_mutex_init(&signer->lock, NULL);
	pthread_cond_init(&signer->wake, NULL);
	signer->host = host;
	signer->limit_s = cfg->hand_window;
	signer->log = (struct log_limit){ .burst = 5, .interval_ms = 10000 };
	host->signer = signer;
	signer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (signer->event_fd < 0)
		return -errno;
	signer->io = loop_io_new(host->setup.loop, signer->event_fd,
				 LOOP_READABLE, sign_look, signer);
	return signer->io ? 0 : -ENOMEM;
}

/**
 * tunnel_sign_close() - nobody is asked any more, who waits does not
 * @host: its worker threads still run
 */
void tunnel_sign_close(struct tunnel_host *host)
{
	struct tunnel_signer *signer = host->signer;

	if (!signer)
		return;
	pthread_mutex_lock(&signer->lock);
	signer->is_closed = true;
	pthread_cond_broadcast(&signer->wake);
	pthread_mutex_unlock(&signer->lock);
}

/**
 * tunnel_sign_free() - the rest
 * @host: its worker threads have ended
 */
void tunnel_sign_free(struct tunnel_host *host)
{
	struct tunnel_signer *signer = host->signer;

	if (!signer)
		return;
	loop_io_free(signer->io);
	if (signer->event_fd >= 0)
		close(signer->event_fd);
	pthread_cond_destroy(&signer->wake);
	pthread_mutex_destroy(&signer->lock);
	free(signer);
	host->signer = NULL;
}
