// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates and TLS settings: from the configuration to a context. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"
#include "tunnel/private.h"

static struct tls_blob blob(const struct config_blob *in)
{
	return (struct tls_blob){ in->path, in->text, in->len };
}

static enum tls_purpose purpose(enum config_purpose in)
{
	switch (in) {
	case CONFIG_PURPOSE_ANY:
		return TLS_PURPOSE_ANY;
	case CONFIG_PURPOSE_SERVER:
		return TLS_PURPOSE_SERVER;
	case CONFIG_PURPOSE_CLIENT:
		return TLS_PURPOSE_CLIENT;
	}
	return TLS_PURPOSE_ANY;
}

static enum tls_peer_cert peer_cert(enum config_client_cert in)
{
	switch (in) {
	case CONFIG_CLIENT_CERT_REQUIRE:
		return TLS_PEER_CERT_REQUIRED;
	case CONFIG_CLIENT_CERT_OPTIONAL:
		return TLS_PEER_CERT_OPTIONAL;
	case CONFIG_CLIENT_CERT_NONE:
		return TLS_PEER_CERT_NONE;
	}
	return TLS_PEER_CERT_REQUIRED;
}

static enum tls_name_type name_type(enum config_name_type in)
{
	switch (in) {
	case CONFIG_NAME_NONE:
		return TLS_NAME_NONE;
	case CONFIG_NAME_SUBJECT:
		return TLS_NAME_SUBJECT;
	case CONFIG_NAME_NAME:
		return TLS_NAME_NAME;
	case CONFIG_NAME_PREFIX:
		return TLS_NAME_PREFIX;
	}
	return TLS_NAME_NONE;
}

/* Return: an array of @n, NULL when there is none or no memory. */
static struct tls_hash *hashes(const struct config *cfg, size_t *n)
{
	const struct config_hash *in;
	struct tls_hash *out;

	for (*n = 0, in = cfg->hashes; in; in = in->next)
		(*n)++;
	out = *n ? calloc(*n, sizeof(*out)) : NULL;
	for (*n = 0, in = cfg->hashes; out && in; in = in->next, (*n)++) {
		memcpy(out[*n].digest, in->bytes, in->len);
		out[*n].len = in->len;
	}
	return out;
}

/**
 * tunnel_tls_load() - certificates and settings to a TLS context
 * @host: receives it
 * @err: one line for the operator when it fails
 * @err_len: its size
 *
 * Return: 0; -ENODATA: the certificate is not known yet; or -errno of
 * tls_ctx_new().
 */
int tunnel_tls_load(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	struct tls_config tls = {
		.is_server = cfg->is_tls_server,
		.ca = blob(&cfg->ca),
		.cert = blob(&cfg->cert),
		.key = blob(&cfg->key),
		.key_pass = blob(&cfg->key_pass),
		.dh = blob(&cfg->dh),
		.extra_certs = blob(&cfg->extra_certs),
		.crl = blob(&cfg->crl),
		.pkcs12 = blob(&cfg->pkcs12),
		.version_min = cfg->tls_version_min,
		.version_max = cfg->tls_version_max,
		.cipher_list = cfg->tls_cipher,
		.ciphersuites = cfg->tls_ciphersuites,
		.providers = cfg->providers,
		.groups = cfg->tls_groups,
		.cert_profile = cfg->tls_cert_profile,
		.peer_cert = peer_cert(cfg->verify_client_cert),
		.peer_purpose = purpose(cfg->remote_cert_tls),
		.name_type = name_type(cfg->verify_name_type),
		.peer_name = cfg->verify_name,
		.ca_dir = cfg->ca_dir,
		.crl_dir = cfg->crl_dir,
		.is_hash_of_issuer = cfg->is_hash_of_issuer,
		.needs_key_usage = cfg->has_key_usage,
		.key_usages = cfg->key_usages,
		.n_key_usages = cfg->n_key_usages,
		.ext_usage = cfg->ext_usage,
		.username_fields = cfg->username_fields,
		.keeps_chain = host->setup.hook || cfg->management_host,
	};
	const struct tls_signer signer = {
		.sign = tunnel_sign,
		.arg = host->signer,
		.has_pkcs1 = cfg->is_external_pkcs1,
		.has_pss = cfg->is_external_pss,
		.has_none = cfg->is_external_nopadding,
		.has_digest = cfg->is_external_digest,
	};
	struct tls_hash *list;
	int ret = tunnel_identity_fill(host, &tls);

	if (ret)
		return ret;
	if (cfg->has_external_key)
		tls.signer = &signer;
	list = hashes(cfg, &tls.n_hashes);
	snprintf(err, err_len, "out of memory");
	if (cfg->hashes && !list)
		return -ENOMEM;
	tls.hashes = list;
	ret = tls_ctx_new(&tls, &host->tls, err, err_len);
	free(list);
	if (!ret && tls_ctx_warnings(host->tls)[0])
		log_warn("%s", tls_ctx_warnings(host->tls));
	return ret;
}
