// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* What only a server can say. */

static CONFIG_SETTER(set_peer_id)
{
	(void)n;
	ps->cfg->has_peer_id = true;
	return config_set_u32(ps, row, arg, n);
}

static CONFIG_SETTER(set_auth_token)
{
	(void)row;
	(void)n;
	ps->cfg->auth_token = config_secret_dup(ps->cfg, arg[0],
						strlen(arg[0]));
	return ps->cfg->auth_token ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_auth_token_user)
{
	char name[PROTO_USER_PASS_MAX];
	size_t len;

	(void)row;
	(void)n;
	if (proto_base64_decode(arg[0], strlen(arg[0]), name, sizeof(name) - 1,
				&len) || !len || memchr(name, '\0', len))
		return config_fail(ps, "\"%s\" is no user name in base64",
				   arg[0]);
	ps->cfg->auth_token_user = config_secret_dup(ps->cfg, name, len);
	mem_wipe(name, sizeof(name));
	return ps->cfg->auth_token_user ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_key_derivation)
{
	(void)row;
	(void)n;
	if (strcmp(arg[0], "tls-ekm"))
		return config_fail(ps, "\"%s\" is unknown", arg[0]);
	ps->cfg->is_tls_ekm = true;
	return 0;
}

/* Unknown flags are passed over. */
static CONFIG_SETTER(set_protocol_flags)
{
	struct config *cfg = ps->cfg;
	int i;

	(void)row;
	for (i = 0; i < n; i++) {
		if (!strcmp(arg[i], "tls-ekm"))
			cfg->is_tls_ekm = true;
		else if (!strcmp(arg[i], "cc-exit"))
			cfg->is_cc_exit = true;
		else if (!strcmp(arg[i], "dyn-tls-crypt"))
			cfg->is_dyn_tls_crypt = true;
		else if (!strcmp(arg[i], "aead-epoch"))
			cfg->is_aead_epoch = true;
	}
	return 0;
}

static CONFIG_SETTER(set_continuation)
{
	uint32_t value;
	int ret;

	(void)row;
	(void)n;
	ret = config_number(ps, arg[0], 0, 2, &value);
	if (!ret)
		ps->cfg->push_continuation = (int)value;
	return ret;
}

#define IN_PUSH CONFIG_IN_PUSH

static const struct config_row pushed_rows[] = {
	{ "peer-id", 1, 1, CONFIG_KIND_APPLY, IN_PUSH, set_peer_id,
	  CONFIG_FIELD(peer_id), 0, 0xffffff, "N",
	  "Number of this client in data packets." },
	CONFIG_SPECIAL("auth-token", 1, 1, IN_PUSH, set_auth_token, "TOKEN",
		"Replaces the password from now on."),
	CONFIG_SPECIAL("auth-token-user", 1, 1, IN_PUSH, set_auth_token_user,
		"BASE64", "User name that goes with --auth-token."),
	CONFIG_SPECIAL("key-derivation", 1, 1, IN_PUSH, set_key_derivation,
		"tls-ekm", "Keys come from the TLS exporter."),
	CONFIG_SPECIAL("protocol-flags", 1, 16, IN_PUSH, set_protocol_flags,
		"FLAG ...", "What both sides agreed to use."),
	CONFIG_SPECIAL("push-continuation", 1, 1, IN_PUSH, set_continuation,
		"0|1|2", "Whether more messages follow."),
};

CONFIG_TABLE(pushed, "Pushed by a server only");
