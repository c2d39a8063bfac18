// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* How clients of a server log in. */

#define IN_MAIN CONFIG_IN_MAIN
#define DAYS_MAX (365u * 86400u)

static CONFIG_SETTER(set_verify)
{
	static const char *const names[] = { "via-env", "via-file", NULL };
	int choice = config_choice(ps, arg[1], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->is_login_env = !choice;
	return config_script_set(ps, CONFIG_SCRIPT_USER_PASS_VERIFY, arg[0]);
}

static CONFIG_SETTER(set_client_cert)
{
	static const char *const names[] = {
		"require", "optional", "none", NULL
	};
	int choice = n ? config_choice(ps, arg[0], names) : 0;

	(void)row;
	if (choice < 0)
		return choice;
	ps->cfg->verify_client_cert = (enum config_client_cert)choice;
	return 0;
}

static CONFIG_SETTER(set_no_client_cert)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->cfg->verify_client_cert = CONFIG_CLIENT_CERT_NONE;
	return config_warn(ps, "is outdated and taken as verify-client-cert none");
}

static CONFIG_SETTER(set_token)
{
	struct config *cfg = ps->cfg;
	uint32_t *const numbers[] = { &cfg->token_lifetime,
				      &cfg->token_renewal };
	int used = 0;

	(void)row;
	cfg->has_auth_token = true;
	for (int i = 0; i < n; i++) {
		if (!strcmp(arg[i], "external-auth")) {
			cfg->is_token_external = true;
			continue;
		}
		if (used == 2)
			return config_fail(ps, "\"%s\" is unknown; write external-auth, or nothing",
					   arg[i]);
		if (config_number(ps, arg[i], used, DAYS_MAX, numbers[used]))
			return -EINVAL;
		used++;
	}
	return 0;
}

static const struct config_row login_rows[] = {
	CONFIG_SPECIAL("auth-user-pass-verify", 2, 2, IN_MAIN, set_verify,
		"COMMAND via-env|via-file",
		"Ask COMMAND about user name and password of each client.\nIt "
		"finds them in the variables username and password, which needs "
		"script-security 3, or in the two lines of a file named by its "
		"last argument. Exit status 0 accepts, 2 promises an answer in "
		"the file named by auth_control_file (1 or 0), anything else "
		"refuses. It may write a reason for the client to "
		"auth_failed_reason_file and, before it exits with 2, a number of "
		"seconds, a method and what the client shall do to "
		"auth_pending_file, a line each. It is asked again at each "
		"renegotiation; data go on with the old key meanwhile."),
	CONFIG_FLAG("auth-user-pass-optional", IN_MAIN, is_login_optional,
		"Ask also about clients that send no user name: it is empty then."),
	CONFIG_FLAG("username-as-common-name", IN_MAIN, is_username_cn,
		"Know clients by their user name, of 64 bytes at most, instead of "
		"the certificate's."),
	CONFIG_SPECIAL("verify-client-cert", 0, 1, IN_MAIN, set_client_cert,
		"require|optional|none",
		"Say whether clients must show a certificate; default require.\n"
		"The other two need auth-user-pass-verify."),
	CONFIG_SPECIAL("client-cert-not-required", 0, 0, IN_MAIN,
		set_no_client_cert, NULL,
		"Old form of --verify-client-cert none."),
	CONFIG_SPECIAL("auth-gen-token", 0, 3, IN_MAIN, set_token,
		"[LIFETIME [RENEWAL]] [external-auth]",
		"Send a token to clients that have logged in; it stands for the "
		"password from then on.\nLIFETIME is counted in seconds from the "
		"login, 0 (the default) for no end. A new one is sent every RENEWAL "
		"seconds, default reneg-sec, and at each renegotiation, and is good "
		"for twice this time. With external-auth COMMAND of "
		"auth-user-pass-verify is asked about tokens, too, and finds in "
		"session_state what they are worth."),
	CONFIG_BLOB("auth-gen-token-secret", token_secret, 1, "FILE",
		"Make tokens with the key in FILE, of --genkey auth-token.\nThey "
		"then outlive a restart. FILE may have several keys: tokens are "
		"made with the first, and accepted by any."),
};

CONFIG_TABLE(login, "Logins at a server");
