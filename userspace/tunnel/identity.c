// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host has to be told before it can show who it is: its certificate
 * (management-external-cert), or the passphrase of its private key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"
#include "tunnel/private.h"

enum identity_asked {
	IDENTITY_ASKED_NOTHING,
	IDENTITY_ASKED_CERTIFICATE,
	IDENTITY_ASKED_PASSPHRASE,
};

/**
 * struct tunnel_identity - in secret memory
 * @timer: the answer is taken outside of the call that brings it
 * @cert: PEM; NULL: not known yet
 * @passphrase: "": not known
 * @asked: what the onlooker has been asked for
 */
struct tunnel_identity {
	struct loop_timer *timer;
	char *cert;
	char passphrase[PROTO_USER_PASS_MAX];
	enum identity_asked asked;
};

/* The end: nobody can be what he has to be. */
static void identity_fail(struct tunnel_host *host, const char *why)
{
	log_error("%s", why);
	if (host->watch->fatal)
		host->watch->fatal(host->watch_arg, why);
	tunnel_host_finish(host, 1);
}

static void ask_passphrase(struct tunnel_host *host)
{
	host->identity->asked = IDENTITY_ASKED_PASSPHRASE;
	if (host->watch->need_passphrase)
		host->watch->need_passphrase(host->watch_arg);
}

/**
 * tunnel_identity_ask() - what is missing; the host starts when it is known
 * @host: without a TLS context
 */
void tunnel_identity_ask(struct tunnel_host *host)
{
	const char *hint = host->setup.cfg->management_cert;

	if (!hint || host->identity->cert) {
		ask_passphrase(host);
		return;
	}
	host->identity->asked = IDENTITY_ASKED_CERTIFICATE;
	if (host->watch->need_certificate)
		host->watch->need_certificate(host->watch_arg, hint);
}

/* As OpenVPN: auth-retry says what a wrong answer means. */
static void passphrase_is_wrong(struct tunnel_host *host, const char *err)
{
	mem_wipe(host->identity->passphrase,
		 sizeof(host->identity->passphrase));
	if (host->watch->passphrase_failed)
		host->watch->passphrase_failed(host->watch_arg);
	log_warn("%s", err);
	if (host->retry == TUNNEL_RETRY_NONE)
		identity_fail(host, "Error: private key password verification failed");
	else
		ask_passphrase(host);
}

static void identity_take(struct loop_timer *timer, void *arg)
{
	struct tunnel_host *host = arg;
	char err[512];
	int ret;

	(void)timer;
	if (host->is_stopping)
		return;
	ret = tunnel_tls_load(host, err, sizeof(err));
	if (ret == -EKEYREJECTED) {
		passphrase_is_wrong(host, err);
		return;
	}
	if (ret == -ENOKEY && host->setup.cfg->is_management_query) {
		ask_passphrase(host);
		return;
	}
	if (!ret) {
		tunnel_host_env(host);
		ret = tunnel_host_start(host, err, sizeof(err));
	}
	if (ret)
		identity_fail(host, err);
}

static int answer(struct tunnel_host *host)
{
	host->identity->asked = IDENTITY_ASKED_NOTHING;
	loop_timer_start(host->identity->timer, 0);
	return 0;
}

int tunnel_host_certificate(struct tunnel_host *host, const char *pem)
{
	struct tunnel_identity *identity = host->identity;

	if (!identity || identity->asked != IDENTITY_ASKED_CERTIFICATE)
		return -ENOENT;
	free(identity->cert);
	identity->cert = strdup(pem);
	return identity->cert ? answer(host) : -ENOMEM;
}

int tunnel_host_passphrase(struct tunnel_host *host, const char *text)
{
	struct tunnel_identity *identity = host->identity;

	if (!identity || identity->asked != IDENTITY_ASKED_PASSPHRASE)
		return -ENOENT;
	snprintf(identity->passphrase, sizeof(identity->passphrase), "%s",
		 text);
	return answer(host);
}

/**
 * tunnel_identity_forget() - what was entered
 * @host: goes on with what it has made of it
 */
void tunnel_identity_forget(struct tunnel_host *host)
{
	if (host->identity)
		mem_wipe(host->identity->passphrase,
			 sizeof(host->identity->passphrase));
}

/**
 * tunnel_identity_fill() - what has been answered, for a context
 * @host: has been told, or another one with the same
 * @tls: gets it
 *
 * Return: 0; -ENODATA: the certificate is not known yet.
 */
int tunnel_identity_fill(const struct tunnel_host *host,
			 struct tls_config *tls)
{
	const struct tunnel_identity *identity = host->identity;
	const struct config *cfg = host->setup.cfg;

	if (cfg->management_cert && (!identity || !identity->cert))
		return -ENODATA;
	if (cfg->management_cert)
		tls->cert = (struct tls_blob){
			"management-external-cert", identity->cert,
			strlen(identity->cert)
		};
	if (identity && identity->passphrase[0])
		tls->key_pass = (struct tls_blob){
			"management", identity->passphrase,
			strlen(identity->passphrase)
		};
	return 0;
}

/**
 * tunnel_identity_can_wait() - a context was not made, but may be later
 * @host: the host
 * @err: why
 *
 * Return: true when somebody can be asked for what is missing.
 */
bool tunnel_identity_can_wait(const struct tunnel_host *host, int err)
{
	return err == -ENODATA ||
	       (err == -ENOKEY && host->setup.cfg->is_management_query);
}

/**
 * tunnel_identity_open() - somebody may be asked
 * @host: gets what he answers
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_identity_open(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	if (!cfg->management_cert && !cfg->is_management_query)
		return 0;
	host->identity = mem_secret_alloc(sizeof(*host->identity));
	if (!host->identity)
		return -ENOMEM;
	host->identity->timer = loop_timer_new(host->setup.loop,
					       identity_take, host);
	return host->identity->timer ? 0 : -ENOMEM;
}

/**
 * tunnel_identity_copy() - for a worker that loads another configuration
 * @host: has been told
 * @next: gets a copy; it is not asked
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_identity_copy(const struct tunnel_host *host,
			 struct tunnel_host *next)
{
	const struct tunnel_identity *from = host->identity;

	if (!from)
		return 0;
	next->identity = mem_secret_alloc(sizeof(*next->identity));
	if (!next->identity)
		return -ENOMEM;
	memcpy(next->identity->passphrase, from->passphrase,
	       sizeof(from->passphrase));
	if (!from->cert)
		return 0;
	next->identity->cert = strdup(from->cert);
	return next->identity->cert ? 0 : -ENOMEM;
}

/**
 * tunnel_identity_free() - forget all of it
 * @host: its worker threads have ended
 */
void tunnel_identity_free(struct tunnel_host *host)
{
	struct tunnel_identity *identity = host->identity;

	if (!identity)
		return;
	loop_timer_free(identity->timer);
	free(identity->cert);
	mem_secret_free(identity);
	host->identity = NULL;
}
