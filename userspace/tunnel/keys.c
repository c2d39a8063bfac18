// SPDX-License-Identifier: GPL-2.0-or-later
/* How control packets are wrapped: from the configuration to keys. */
#include <errno.h>
#include <stdio.h>

#include "tunnel/private.h"

static int load_static(struct tunnel_host *host, enum wrap_mode mode,
		       const struct config_blob *in,
		       enum wrap_direction direction, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	uint8_t key[WRAP_STATIC_KEY_LEN];
	unsigned int line = 0;
	int ret;

	ret = wrap_static_key_parse(in->text, in->len, key, &line);
	if (ret) {
		snprintf(err, err_len,
			 "%s:%u: not an OpenVPN static key; make one with: ovpnd --genkey secret FILE",
			 in->path, line);
		return ret;
	}
	ret = wrap_key_new(mode, key, direction, cfg->auth, &host->wrap);
	mem_wipe(key, sizeof(key));
	if (ret)
		snprintf(err, err_len,
			 "auth %s: the crypto library has no such digest",
			 cfg->auth);
	return ret;
}

static int load_v2_server(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config_blob *in = &host->setup.cfg->tls_crypt_v2;
	uint8_t key[WRAP_V2_SERVER_KEY_LEN];
	int ret;

	ret = wrap_v2_server_parse(in->text, in->len, key);
	if (ret)
		snprintf(err, err_len,
			 "%s: not a tls-crypt-v2 server key; make one with: ovpnd --genkey tls-crypt-v2-server FILE",
			 in->path);
	else
		ret = wrap_v2_new(key, &host->v2);
	mem_wipe(key, sizeof(key));
	return ret;
}

static int load_v2_client(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config_blob *in = &host->setup.cfg->tls_crypt_v2;
	int ret;

	host->v2_client = mem_secret_alloc(sizeof(*host->v2_client));
	if (!host->v2_client)
		return -ENOMEM;
	ret = wrap_v2_client_parse(in->text, in->len, host->v2_client);
	if (ret) {
		snprintf(err, err_len,
			 "%s: not a tls-crypt-v2 client key; the server's administrator makes one with: ovpnd --tls-crypt-v2 SERVER-KEY --genkey tls-crypt-v2-client FILE",
			 in->path);
		return ret;
	}
	return wrap_key_new(WRAP_MODE_TLS_CRYPT, host->v2_client->key,
			    WRAP_DIRECTION_INVERSE, NULL, &host->wrap);
}

/**
 * tunnel_keys_load() - read the key files of tls-auth, tls-crypt, tls-crypt-v2
 * @host: receives the keys
 * @err: one line for the operator when it fails
 *
 * A server may have tls-crypt-v2 beside one of the others, for clients that
 * have no key of their own; but none goes unwrapped then.
 *
 * Return: 0 or -errno.
 */
int tunnel_keys_load(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	enum wrap_direction direction = cfg->is_tls_server ?
		WRAP_DIRECTION_NORMAL : WRAP_DIRECTION_INVERSE;
	int ret = 0;

	snprintf(err, err_len, "out of memory");
	if (cfg->tls_crypt_v2.text && !cfg->is_tls_server)
		return load_v2_client(host, err, err_len);
	if (cfg->tls_crypt_v2.text)
		ret = load_v2_server(host, err, err_len);
	if (ret)
		return ret;
	if (cfg->tls_crypt.text)
		return load_static(host, WRAP_MODE_TLS_CRYPT, &cfg->tls_crypt,
				   direction, err, err_len);
	if (cfg->tls_auth.text) {
		direction = cfg->key_direction < 0 ? WRAP_DIRECTION_NONE :
			    (enum wrap_direction)cfg->key_direction;
		return load_static(host, WRAP_MODE_TLS_AUTH, &cfg->tls_auth,
				   direction, err, err_len);
	}
	if (cfg->tls_crypt_v2.text)
		return 0;
	return wrap_key_new(WRAP_MODE_NONE, NULL, WRAP_DIRECTION_NONE, NULL,
			    &host->wrap);
}

void tunnel_keys_free(struct tunnel_host *host)
{
	wrap_key_free(host->wrap);
	wrap_v2_free(host->v2);
	mem_secret_free(host->v2_client);
}
