// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs are told of a peer's certificates and its TLS session. */
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

static void env_digest(struct hook_env *env, const char *name,
		       const uint8_t *digest, size_t len)
{
	char text[3 * TLS_HASH_SHA256_LEN];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 3 * i, 4, "%02x%s", digest[i],
			 i + 1 < len ? ":" : "");
	hook_env_set(env, name, text);
}

/* An attribute that comes again is counted: X509_0_OU, X509_0_OU_1. */
static void env_attributes(struct hook_env *env, const struct tls_cert *cert,
			   size_t depth)
{
	for (size_t i = 0; i < cert->n_attributes; i++) {
		const struct tls_attribute *it = &cert->attributes[i];
		unsigned int n = 0;
		char name[64];

		for (size_t k = 0; k < i; k++)
			n += !strcmp(cert->attributes[k].name, it->name);
		if (n)
			snprintf(name, sizeof(name), "X509_%zu_%s_%u", depth,
				 it->name, n);
		else
			snprintf(name, sizeof(name), "X509_%zu_%s", depth,
				 it->name);
		hook_env_set(env, name, it->value);
	}
}

static void env_track(struct hook_env *env, const struct tls_cert *cert,
		      size_t depth, const struct config_track *track)
{
	char name[64];
	size_t i;

	snprintf(name, sizeof(name), "X509_%zu_%s", depth, track->name);
	if (!strcmp(track->name, "SHA1")) {
		env_digest(env, name, cert->sha1, sizeof(cert->sha1));
		return;
	}
	if (!strcmp(track->name, "SHA256")) {
		env_digest(env, name, cert->sha256, sizeof(cert->sha256));
		return;
	}
	for (i = 0; i < cert->n_attributes; i++)
		if (!strcmp(cert->attributes[i].name, track->name))
			hook_env_set(env, name, cert->attributes[i].value);
}

static void env_cert(const struct config *cfg, struct hook_env *env,
		     const struct tls_cert *cert, size_t depth)
{
	const struct config_track *track = cfg->tracks;
	char name[64];

	if (!track)
		env_attributes(env, cert, depth);
	for (; track; track = track->next)
		if (track->is_of_chain || !depth)
			env_track(env, cert, depth, track);
	snprintf(name, sizeof(name), "tls_id_%zu", depth);
	hook_env_set(env, name, cert->subject);
	snprintf(name, sizeof(name), "tls_digest_%zu", depth);
	env_digest(env, name, cert->sha1, sizeof(cert->sha1));
	snprintf(name, sizeof(name), "tls_digest_sha256_%zu", depth);
	env_digest(env, name, cert->sha256, sizeof(cert->sha256));
	snprintf(name, sizeof(name), "tls_serial_%zu", depth);
	hook_env_set(env, name, cert->serial);
	snprintf(name, sizeof(name), "tls_serial_hex_%zu", depth);
	hook_env_set(env, name, cert->serial_hex);
}

/* Of a client that is there since an earlier process. */
static void env_identity(struct hook_env *env, const struct tls_peer *peer)
{
	hook_env_set(env, "tls_id_0", peer->subject);
	hook_env_set(env, "tls_serial_0", peer->serial);
	env_digest(env, "tls_digest_sha256_0", peer->fingerprint,
		   sizeof(peer->fingerprint));
}

/**
 * tunnel_hook_chain_env() - the variables of a peer's certificates
 * @env: gets them
 * @ts: of the peer
 * @lowest: depth of the last one, 0 for all
 */
void tunnel_hook_chain_env(struct hook_env *env,
			   const struct tunnel_session *ts, size_t lowest)
{
	const struct tls_chain *chain = control_session_chain(ts->control);

	for (size_t depth = chain ? chain->n : 0; depth-- > lowest; )
		env_cert(ts->tunnel->host->setup.cfg, env,
			 &chain->certs[depth], depth);
	if (!chain && ts->has_identity && ts->identity.has_cert)
		env_identity(env, &ts->identity);
}

/**
 * tunnel_hook_exported_env() - the secret of keying-material-exporter
 * @env: gets it
 * @ts: before its exchange is complete there is none
 */
void tunnel_hook_exported_env(struct hook_env *env,
			      const struct tunnel_session *ts)
{
	const struct config *cfg = ts->tunnel->host->setup.cfg;
	uint8_t *secret;
	char *text;

	if (!cfg->export_label || !ts->control)
		return;
	secret = mem_secret_alloc(cfg->export_len);
	text = mem_secret_alloc(2 * (size_t)cfg->export_len + 1);
	if (secret && text &&
	    !control_session_export(ts->control, cfg->export_label, secret,
				    cfg->export_len)) {
		for (uint32_t i = 0; i < cfg->export_len; i++)
			snprintf(text + 2 * i, 3, "%02X", secret[i]);
		hook_env_set(env, "exported_keying_material", text);
	}
	mem_secret_free(secret);
	mem_secret_free(text);
}
