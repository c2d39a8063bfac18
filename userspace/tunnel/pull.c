// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the server has pushed, as lines: PUSH_REPLY brings them, PUSH_UPDATE
 * changes them (sections 8.3 and 8.12). A configuration is made of the client's
 * own and the lines, anew each time, so that nothing of the past stays in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define LINES_MAX	4096
#define TOKEN		"auth-token"
#define TOKEN_USER	"auth-token-user"

/* What may change while the tunnel is up. */
static const char *const updatable[] = {
	"block-ipv6", "block-outside-dns", "dhcp-option", "dns", "ifconfig",
	"ifconfig-ipv6", "push-continuation", "redirect-gateway",
	"redirect-private", "route", "route-gateway", "route-ipv6",
	"route-metric", "topology", "tun-mtu", "keepalive",
};

void tunnel_pull_clear(struct tunnel_pull *pull)
{
	for (size_t i = 0; i < pull->n; i++)
		free(pull->lines[i]);
	free(pull->lines);
	memset(pull, 0, sizeof(*pull));
}

static bool has_name(const char *line, const char *name, size_t len)
{
	return !strncmp(line, name, len) &&
	       (!line[len] || line[len] == ' ' || line[len] == '\t');
}

/**
 * tunnel_pull_add() - one line of a PUSH_REPLY
 * @pull: keeps a copy, unless it is a secret
 * @line: the option
 *
 * Return: 0, -E2BIG or -ENOMEM.
 */
int tunnel_pull_add(struct tunnel_pull *pull, const char *line)
{
	char *copy;

	/* it lives in the configuration, where it is locked and wiped */
	if (has_name(line, TOKEN, strlen(TOKEN)) ||
	    has_name(line, TOKEN_USER, strlen(TOKEN_USER)))
		return 0;
	if (pull->n == LINES_MAX)
		return -E2BIG;
	if (pull->n == pull->cap) {
		size_t cap = pull->cap ? 2 * pull->cap : 32;
		char **lines = realloc(pull->lines, cap * sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		pull->lines = lines;
		pull->cap = cap;
	}
	copy = strdup(line);
	if (!copy)
		return -ENOMEM;
	pull->lines[pull->n++] = copy;
	return 0;
}

static void lines_remove(struct tunnel_pull *pull, const char *name, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < pull->n; i++) {
		if (has_name(pull->lines[i], name, len))
			free(pull->lines[i]);
		else
			pull->lines[kept++] = pull->lines[i];
	}
	pull->n = kept;
}

static int updatable_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(updatable) / sizeof(*updatable); i++)
		if (strlen(updatable[i]) == len &&
		    !memcmp(updatable[i], name, len))
			return (int)i;
	return -1;
}

/**
 * tunnel_pull_is_updatable() - may a PUSH_UPDATE have such an option?
 * @option: with its prefixes, up to @len bytes
 */
bool tunnel_pull_is_updatable(const char *option, size_t len)
{
	bool is_removed = len && *option == '-', is_optional;
	size_t skip = is_removed, name;

	is_optional = len > skip && option[skip] == '?';
	skip += is_optional;
	name = strcspn(option + skip, " \t,");
	if (skip + name > len || (is_removed && skip + name != len))
		return false;
	return updatable_find(option + skip, name) >= 0;
}

/**
 * tunnel_pull_update() - one option of a PUSH_UPDATE
 * @pull: the lines, changed
 * @option: with "-" in front it is removed, with "?" it may be unknown
 *
 * The first one of a name in a sequence of messages takes the place of all that
 * were there, the others are added.
 *
 * Return: 0; -EINVAL malformed; -EPERM may not be updated; -E2BIG, -ENOMEM.
 */
int tunnel_pull_update(struct tunnel_pull *pull, const char *option)
{
	bool is_removed = *option == '-', is_optional;
	size_t len;
	int index;

	option += is_removed;
	is_optional = *option == '?';
	option += is_optional;
	len = strcspn(option, " \t");
	if (!len || *option == '-' || *option == '?' ||
	    (is_removed && option[len]))
		return -EINVAL;
	index = updatable_find(option, len);
	if (index < 0)
		return is_optional ? 0 : -EPERM;
	if (is_removed || !(pull->replaced & 1u << index))
		lines_remove(pull, option, len);
	pull->replaced |= 1u << index;
	return is_removed ? 0 : tunnel_pull_add(pull, option);
}

/* Return: 0, or -ECANCELED when the connection must end. */
static int apply_line(struct config *cfg, const char *line)
{
	char err[256];
	int ret = config_apply_pushed(cfg, line, err, sizeof(err));

	if (ret == -ECANCELED)
		log_error("pushed option \"%s\" rejected: %s", line, err);
	else if (ret)
		log_warn("pushed option \"%s\" ignored: %s", line, err);
	return ret == -ECANCELED || ret == -ENOMEM ? ret : 0;
}

static int keep_token_user(struct config *cfg, const char *user)
{
	char line[sizeof(TOKEN_USER) + PROTO_USER_PASS_MAX * 4 / 3 + 8];
	int ret;

	memcpy(line, TOKEN_USER " ", sizeof(TOKEN_USER " "));
	ret = proto_base64(user, strlen(user), line + sizeof(TOKEN_USER),
			   sizeof(line) - sizeof(TOKEN_USER));
	return ret ? ret : config_apply_pushed(cfg, line, NULL, 0);
}

/* The token of before is still the password. */
static int keep_token(struct config *cfg, const struct config *before)
{
	char *line;
	int ret;

	if (!before || !before->auth_token)
		return 0;
	if (before->auth_token_user &&
	    keep_token_user(cfg, before->auth_token_user) == -ENOMEM)
		return -ENOMEM;
	line = mem_secret_alloc(sizeof(TOKEN) + 2 +
				strlen(before->auth_token));
	if (!line)
		return -ENOMEM;
	sprintf(line, TOKEN " %s", before->auth_token);
	ret = config_apply_pushed(cfg, line, NULL, 0);
	mem_secret_free(line);
	return ret == -ENOMEM ? ret : 0;
}

/**
 * tunnel_pull_config() - the configuration that the lines make
 * @pull: the lines
 * @own: the client's own configuration
 * @before: the one in force, or NULL
 * @out: freed by config_free()
 *
 * Return: 0; -ECANCELED when pull-filter rejects a line; -ENOMEM.
 */
int tunnel_pull_config(struct tunnel_pull *pull, const struct config *own,
		       const struct config *before, struct config **out)
{
	struct config *cfg = config_pull_begin(own);
	int ret = cfg ? 0 : -ENOMEM;

	*out = NULL;
	for (size_t i = 0; !ret && i < pull->n; i++)
		ret = apply_line(cfg, pull->lines[i]);
	if (!ret)
		ret = keep_token(cfg, before);
	if (ret) {
		config_free(cfg);
		return ret;
	}
	pull->replaced = 0;
	*out = cfg;
	return 0;
}

/* "push-continuation 2": another message follows. */
static bool is_continued(const char *option)
{
	return !strcmp(option, "push-continuation 2");
}

/**
 * tunnel_pull_message() - a whole PUSH_UPDATE
 * @pull: the lines, changed
 * @text: behind "PUSH_UPDATE"
 *
 * Return: 1 when the sequence is complete, 0 when another message follows, or
 * as tunnel_pull_update(), with the reason logged.
 */
int tunnel_pull_message(struct tunnel_pull *pull, const char *text)
{
	char option[PROTO_PUSH_OPTION_MAX * 2];
	bool is_last = true;

	while (proto_push_next(&text, option, sizeof(option))) {
		int ret;

		if (!strncmp(option, "push-continuation ", 18)) {
			is_last = !is_continued(option);
			continue;
		}
		ret = tunnel_pull_update(pull, option);
		if (ret) {
			log_error("PUSH_UPDATE: \"%s\" cannot be applied: %s",
				  option, ret == -EPERM ?
				  "it may not change while connected" :
				  strerror(-ret));
			return ret;
		}
	}
	return is_last;
}

/* what data packets look like (section 8.4) */

static bool may_use(const struct config *cfg, const char *cipher)
{
	return proto_cipher_list_has(cfg->data_ciphers, cipher) ||
	       (cfg->data_ciphers_fallback &&
		!strcmp(cfg->data_ciphers_fallback, cipher));
}

static enum proto_cipher pushed_cipher(const struct tunnel *tunnel,
				       const struct config *cfg)
{
	char name[64];

	if (cfg->has_pushed_cipher)
		return may_use(cfg, cfg->cipher) ?
		       proto_cipher_find(cfg->cipher) : PROTO_CIPHER_NONE;
	/* a server without negotiation says its cipher in the options string */
	if (proto_occ_get(tunnel->occ, "cipher", name, sizeof(name)) > 0 &&
	    proto_cipher_list_has(cfg->data_ciphers, name))
		return proto_cipher_find(name);
	if (cfg->data_ciphers_fallback)
		return proto_cipher_find(cfg->data_ciphers_fallback);
	return PROTO_CIPHER_NONE;
}

static int params_check_plain(const struct dp *dp, const struct config *cfg,
			      const struct control_params *params)
{
	const char *what = tunnel_data_special(dp, params);

	if (!what && cfg->nat)
		what = "client-nat";
	if (!what)
		return 0;
	log_error("the other end wants %s; the kernel data path cannot do that, add the line: data-path user",
		  what);
	return -EPROTO;
}

/**
 * tunnel_pull_params() - how data packets have to look
 * @ts: gets them
 * @cfg: with everything that was pushed
 * @peer_id: of packets sent
 *
 * Return: 0, or -EPROTO with the reason logged.
 */
int tunnel_pull_params(struct tunnel_session *ts, const struct config *cfg,
		       uint32_t *peer_id)
{
	struct control_params *params = &ts->params;
	const struct dp *dp = ts->tunnel->host->dp;

	params->is_v1 = !cfg->has_peer_id ||
			cfg->peer_id >= PROTO_PEER_ID_NONE;
	*peer_id = params->is_v1 ? 0 : cfg->peer_id;
	params->framing = cfg->framing;
	params->is_fragmented = cfg->fragment;
	params->cipher = pushed_cipher(ts->tunnel, cfg);
	params->is_ekm = cfg->is_tls_ekm;
	params->is_cc_exit = cfg->is_cc_exit;
	params->is_dyn_tls_crypt = cfg->is_dyn_tls_crypt;
	if (params->cipher == PROTO_CIPHER_NONE) {
		log_error("no common cipher: the server wants %s, data-ciphers has %s",
			  cfg->cipher ? cfg->cipher : "an unknown one",
			  cfg->data_ciphers);
		return -EPROTO;
	}
	params->is_epoch = cfg->is_aead_epoch;
	if (params->is_epoch &&
	    (params->is_v1 || !proto_cipher_is_aead(params->cipher))) {
		log_error("the server wants epoch data keys, but not with a peer-id and an AEAD cipher");
		return -EPROTO;
	}
	return dp && dp_is_plain(dp) ?
	       params_check_plain(dp, cfg, params) : 0;
}

/* data-ciphers-fallback, else cipher: of a peer that does not negotiate */
static const char *own_cipher(const struct config *cfg)
{
	return cfg->data_ciphers_fallback ? cfg->data_ciphers_fallback :
					    cfg->cipher;
}

/**
 * tunnel_pull_alone() - how data packets have to look in a link of two
 * @ts: gets them
 * @cfg: with nothing pushed
 * @peer_id: of packets sent
 *
 * Return: 0, or -errno with the reason logged.
 */
int tunnel_pull_alone(struct tunnel_session *ts, const struct config *cfg,
		      uint32_t *peer_id)
{
	const struct dp *dp = ts->tunnel->host->dp;
	const struct control_offer offer = {
		.data_ciphers = cfg->data_ciphers,
		.is_server = cfg->is_tls_server,
		.is_plain = dp_is_plain(dp),
		.has_epochs = dp_has_epochs(dp),
	};
	struct control_params *params = &ts->params;
	int ret;

	*peer_id = 0;
	ret = control_params_p2p(params, &offer, own_cipher(cfg),
				 ts->peer_info);
	if (ret) {
		log_error("no common cipher: data-ciphers has %s; for a peer that does not negotiate, add data-ciphers-fallback",
			  cfg->data_ciphers);
		return ret;
	}
	params->framing = cfg->framing;
	params->is_fragmented = cfg->fragment;
	if (!params->is_v1)
		ret = control_session_peer_id(ts->control, peer_id);
	if (ret) {
		log_error("the TLS library exports no peer id: %s",
			  strerror(-ret));
		return ret;
	}
	return offer.is_plain ? params_check_plain(dp, cfg, params) : 0;
}
