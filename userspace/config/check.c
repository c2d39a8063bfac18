// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"
#include "proto/proto.h"

/* Checks that need more than one option. */

static const struct config_place *place_of(struct config_parse *ps,
					   const char *name)
{
	const struct config_place *place = config_place_of(ps, name);

	return place ? place : &ps->at;
}

/* Return: -EINVAL when a given option makes no sense in this role. */
static int role_needs(struct config_parse *ps, const char *const *names,
		      bool is_met, const char *what)
{
	size_t i;

	for (i = 0; !is_met && names[i]; i++) {
		if (config_place_of(ps, names[i]))
			return config_fail_at(ps, place_of(ps, names[i]),
					      "%s works only with %s", names[i],
					      what);
	}
	return 0;
}

static int check_role(struct config_parse *ps)
{
	static const char *const server_only[] = {
		"push", "ifconfig-pool", "ifconfig-ipv6-pool", "max-clients",
		"duplicate-cn", "sessions-per-user", "client-to-client", "connect-freq",
		"connect-freq-initial", "client-config-dir", "ccd-exclusive",
		"ifconfig-pool-persist",
		"client-connect", "client-disconnect", "learn-address",
		"auth-user-pass-verify", "auth-user-pass-optional",
		"username-as-common-name", "verify-client-cert",
		"client-cert-not-required", "auth-gen-token",
		"auth-gen-token-secret", "client-crresponse",
		"tls-crypt-v2-verify", "auth-pam", "restart-hold",
		"management-client-auth", "max-routes-per-client",
		"force-tls-key-material-export", "port-share", NULL
	};
	static const char *const pull_only[] = {
		"pull-filter", "route-nopull", "allow-pull-fqdn",
		"management-query-remote", "management-query-proxy", NULL
	};
	static const char *const not_server[] = {
		"remote", "nobind", "pull", "client", "shaper", "mtu-test",
		"auth-user-pass", "tls-client", "ipchange",
		"http-proxy", "http-proxy-user-pass", "http-proxy-option",
		"socks-proxy", NULL
	};
	/* who waits, also in a link of two */
	static const char *const not_waiting[] = {
		"nobind", "pull", "client", "auth-user-pass", "http-proxy",
		"http-proxy-user-pass", "http-proxy-option", "socks-proxy",
		NULL
	};
	const struct config *cfg = ps->cfg;
	bool is_server = cfg->mode == CONFIG_MODE_SERVER;

	if (!cfg->is_tls_server && !cfg->is_tls_client)
		return config_fail_at(ps, &ps->at, "the role is missing; add "
			"\"client\" or \"server NETWORK NETMASK\"");
	if (cfg->is_tls_server && ps->blocks)
		return config_fail_at(ps, &ps->blocks->place,
				      "<connection> works only with a client");
	if (role_needs(ps, server_only, is_server, "\"server\" or \"mode server\"") ||
	    role_needs(ps, pull_only, cfg->is_pull, "\"client\" or \"pull\"") ||
	    role_needs(ps, not_server, !is_server, "a client, not a server") ||
	    role_needs(ps, not_waiting, !cfg->is_tls_server, "\"tls-client\""))
		return -EINVAL;
	if (cfg->share_host && !config_has_tcp(cfg))
		return config_fail_at(ps, place_of(ps, "port-share"),
				      "port-share works only over TCP; add \"proto tcp\"");
	if (cfg->is_mtu_test && !config_has_udp(cfg))
		return config_fail_at(ps, place_of(ps, "mtu-test"),
				      "mtu-test works only over UDP; remove it");
	if (!cfg->dev)
		return config_fail_at(ps, &ps->at,
				      "the device is missing; add \"dev tun\"");
	if (cfg->has_bridge && !config_is_tap(cfg))
		return config_fail_at(ps, place_of(ps, "server-bridge"),
			"server-bridge works only with Ethernet; write dev tap");
	if (cfg->is_tls_client && !cfg->remotes)
		return config_fail_at(ps, &ps->at, "there is nothing to connect to; "
				      "add \"remote HOST PORT\"");
	return 0;
}

static int need_blob(struct config_parse *ps, const struct config_blob *blob,
		     const char *name, const char *role)
{
	if (blob->text)
		return 0;
	return config_fail_at(ps, &ps->at, "a %s needs \"%s FILE\" or a block "
			      "<%s>", role, name, name);
}

/* management-external-key and -cert stand in for key and cert. */
static int check_external(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;
	const char *name = cfg->key.text ? "key" : "pkcs12";

	if (cfg->has_external_key && (cfg->key.text || cfg->pkcs12.text))
		return config_fail_at(ps, place_of(ps, name),
			"%s and management-external-key exclude each other; keep one of them",
			name);
	name = cfg->cert.text ? "cert" : "pkcs12";
	if (cfg->management_cert && (cfg->cert.text || cfg->pkcs12.text))
		return config_fail_at(ps, place_of(ps, name),
			"%s and management-external-cert exclude each other; keep one of them",
			name);
	if (cfg->management_cert && !cfg->has_external_key)
		return config_fail_at(ps,
			place_of(ps, "management-external-cert"),
			"management-external-cert needs management-external-key");
	if (cfg->has_external_key && !cfg->cert.text && !cfg->management_cert)
		return config_fail_at(ps,
			place_of(ps, "management-external-key"),
			"management-external-key needs the certificate; add \"cert FILE\" or management-external-cert");
	return 0;
}

static int check_pair(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (cfg->pkcs12.text && (cfg->cert.text || cfg->key.text)) {
		const char *name = cfg->cert.text ? "cert" : "key";

		return config_fail_at(ps, place_of(ps, name),
			"%s and pkcs12 exclude each other; keep one of them",
			name);
	}
	if (check_external(ps))
		return -EINVAL;
	if (cfg->cert.text && !cfg->key.text && !cfg->has_external_key)
		return config_fail_at(ps, place_of(ps, "cert"),
				      "cert needs its private key; add \"key FILE\"");
	if (cfg->key.text && !cfg->cert.text)
		return config_fail_at(ps, place_of(ps, "key"),
				      "key needs its certificate; add \"cert FILE\"");
	if (cfg->tls_auth.text && cfg->tls_crypt.text) {
		char where[CONFIG_PLACE_STRLEN];

		return config_fail_at(ps, place_of(ps, "tls-crypt"),
			"tls-crypt and tls-auth (%s) exclude each other; keep one of them",
			config_place_format(place_of(ps, "tls-auth"), where));
	}
	if (cfg->tls_crypt_v2.text && !cfg->is_tls_server &&
	    (cfg->tls_auth.text || cfg->tls_crypt.text))
		return config_fail_at(ps, place_of(ps, "tls-crypt-v2"),
			"a client has one of tls-crypt-v2, tls-crypt and tls-auth; keep the one that the server has");
	if (cfg->tls_crypt_v2_max_age && !cfg->tls_crypt_v2.text)
		return config_fail_at(ps, place_of(ps, "tls-crypt-v2-max-age"),
			"tls-crypt-v2-max-age is about tls-crypt-v2 keys; add \"tls-crypt-v2 FILE\"");
	return 0;
}

static int check_keys(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;
	const char *role = cfg->is_tls_server ? "server" : "client";

	/*
	 * Fingerprints of certificates can do without a CA, of issuers not; a
	 * PKCS#12 file may have it.
	 */
	if (!cfg->ca_dir && !cfg->pkcs12.text &&
	    (!cfg->hashes || cfg->is_hash_of_issuer) &&
	    need_blob(ps, &cfg->ca, "ca", role))
		return -EINVAL;
	if (check_pair(ps))
		return -EINVAL;
	if (cfg->pkcs12.text || cfg->has_external_key)
		return 0;
	if (cfg->is_tls_server)
		return need_blob(ps, &cfg->cert, "cert", role) ||
		       need_blob(ps, &cfg->key, "key", role) ? -EINVAL : 0;
	if (!cfg->cert.text && !cfg->has_auth_user_pass)
		return config_fail_at(ps, &ps->at, "a client needs \"cert\" and "
				      "\"key\", or \"auth-user-pass\"");
	return 0;
}

static int check_tls_versions(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (!cfg->tls_version_min || !cfg->tls_version_max ||
	    strcmp(cfg->tls_version_min, cfg->tls_version_max) <= 0)
		return 0;
	return config_fail_at(ps, place_of(ps, "tls-version-max"),
			      "tls-version-max %s is below tls-version-min %s",
			      cfg->tls_version_max, cfg->tls_version_min);
}

/* Two lines, neither too long; the content never reaches a message. */
static int check_login(struct config_parse *ps, const struct config_blob *blob,
		       const char *name)
{
	const char *eol, *end, *second;

	if (!blob->text)
		return 0;
	end = blob->text + blob->len;
	eol = memchr(blob->text, '\n', blob->len);
	second = eol ? eol + 1 : end;
	if (!eol || eol == blob->text || second == end || *second == '\n')
		return config_fail_at(ps, place_of(ps, name),
			"%s: two lines are needed, user name and password",
			name);
	end = memchr(second, '\n', (size_t)(end - second)) ?: end;
	if (eol - blob->text >= PROTO_USER_PASS_MAX ||
	    end - second >= PROTO_USER_PASS_MAX)
		return config_fail_at(ps, place_of(ps, name),
			"%s: user name and password have at most %d bytes",
			name, PROTO_USER_PASS_MAX - 1);
	return 0;
}

static int check_logins(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (check_login(ps, &cfg->auth_user_pass, "auth-user-pass") ||
	    check_login(ps, &cfg->socks_login, "socks-proxy"))
		return -EINVAL;
	return check_login(ps, &cfg->http_login,
			   config_place_of(ps, "http-proxy-user-pass") ?
			   "http-proxy-user-pass" : "http-proxy");
}

/* What only userspace can do. */
static int check_data_path(struct config_parse *ps)
{
	static const char *const names[] = { "fragment", "comp-lzo", "compress" };
	const struct config *cfg = ps->cfg;
	char aead[PROTO_CIPHER_LIST_MAX];
	/* of a server's clients, userspace carries those that need it */
	bool is_server = cfg->mode == CONFIG_MODE_SERVER;
	bool is_framed = !is_server && (cfg->framing == PROTO_FRAMING_LZO ||
					cfg->framing == PROTO_FRAMING_SWAP);
	const bool is_used[] = {
		cfg->fragment && !is_server, is_framed, is_framed,
	};

	/* a server's clients over TCP have none */
	if (cfg->fragment && (is_server ? !config_has_udp(cfg) :
					  config_has_tcp(cfg)))
		return config_fail_at(ps, place_of(ps, "fragment"),
			"fragment works only over UDP; remove it");
	if (cfg->data_path != CONFIG_DATA_PATH_KERNEL)
		return 0;
	if (config_is_tap(cfg))
		return config_fail_at(ps, place_of(ps, "dev"),
			"dev tap: the kernel data path has no Ethernet; write data-path user");
	for (size_t i = 0; i < 3; i++)
		if (is_used[i] && config_place_of(ps, names[i]))
			return config_fail_at(ps, place_of(ps, names[i]),
				"%s: the kernel data path cannot do that; write data-path user, or remove the line on both sides",
				names[i]);
	proto_cipher_list_aead(cfg->data_ciphers, aead);
	if (!aead[0])
		return config_fail_at(ps, place_of(ps, "data-ciphers"),
			"data-ciphers: the kernel data path has AEAD ciphers only; add AES-256-GCM, or write data-path user");
	return 0;
}

static int warn_data(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;
	const char *name = config_place_of(ps, "comp-lzo") ? "comp-lzo" :
							     "compress";

	if (cfg->framing == PROTO_FRAMING_NONE)
		return 0;
	if (cfg->mode == CONFIG_MODE_SERVER)
		return config_warn_at(ps, place_of(ps, name),
			"%s: ignored: nothing is ever compressed", name);
	return config_warn_at(ps, place_of(ps, name),
		"%s: nothing is ever compressed, and what the peer compresses is dropped",
		name);
}

/* In OpenVPN the program fails each time, and with it what waits for it. */
static int check_scripts(struct config_parse *ps)
{
	static const char *const names[CONFIG_SCRIPTS] = {
		[CONFIG_SCRIPT_UP] = "up",
		[CONFIG_SCRIPT_DOWN] = "down",
		[CONFIG_SCRIPT_ROUTE_UP] = "route-up",
		[CONFIG_SCRIPT_ROUTE_PRE_DOWN] = "route-pre-down",
		[CONFIG_SCRIPT_IPCHANGE] = "ipchange",
		[CONFIG_SCRIPT_TLS_VERIFY] = "tls-verify",
		[CONFIG_SCRIPT_USER_PASS_VERIFY] = "auth-user-pass-verify",
		[CONFIG_SCRIPT_CLIENT_CONNECT] = "client-connect",
		[CONFIG_SCRIPT_CLIENT_DISCONNECT] = "client-disconnect",
		[CONFIG_SCRIPT_LEARN_ADDRESS] = "learn-address",
		[CONFIG_SCRIPT_CLIENT_CRRESPONSE] = "client-crresponse",
		[CONFIG_SCRIPT_TLS_CRYPT_V2_VERIFY] = "tls-crypt-v2-verify",
		[CONFIG_SCRIPT_DNS_UP] = "dns-updown",
		[CONFIG_SCRIPT_DNS_DOWN] = "dns-updown",
	};
	const struct config *cfg = ps->cfg;

	for (size_t i = 0; i < CONFIG_SCRIPTS && cfg->script_security < 2; i++)
		if (cfg->scripts[i])
			return config_fail_at(ps, place_of(ps, names[i]),
				"%s: programs are run only with script-security 2; add that line",
				names[i]);
	return 0;
}

static int check_dns(struct config_parse *ps)
{
	const struct config_dns_server *server = ps->cfg->dns_servers;

	for (; server; server = server->next)
		if (!server->n_addrs)
			return config_fail_at(ps, place_of(ps, "dns"),
				"dns server %d has no address; add \"dns server %d address ADDRESS\"",
				server->number, server->number);
	return 0;
}

/* What such a program is asked about would never happen. */
static int check_script_cause(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (cfg->scripts[CONFIG_SCRIPT_TLS_CRYPT_V2_VERIFY] &&
	    !cfg->tls_crypt_v2.text)
		return config_fail_at(ps, place_of(ps, "tls-crypt-v2-verify"),
			"tls-crypt-v2-verify is about tls-crypt-v2 keys; add \"tls-crypt-v2 FILE\"");
	return 0;
}

/* What is asked for anew each time cannot come from a file. */
static int check_challenge(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (!cfg->challenge)
		return 0;
	if (!cfg->has_auth_user_pass)
		return config_fail_at(ps, place_of(ps, "static-challenge"),
			"static-challenge goes with a password; add auth-user-pass");
	if (cfg->is_username_only)
		return config_fail_at(ps, place_of(ps, "static-challenge"),
			"static-challenge is answered with the password; remove username-only");
	if (cfg->auth_user_pass.text)
		return config_fail_at(ps, place_of(ps, "static-challenge"),
			"static-challenge: nobody is asked with auth-user-pass FILE; remove FILE");
	return 0;
}

/* Who comes in without a certificate must have something else to show. */
static int check_client_login(struct config_parse *ps)
{
	static const char *const names[] = {
		"auth-user-pass-optional", "username-as-common-name",
		"auth-gen-token", NULL
	};
	const struct config *cfg = ps->cfg;
	bool has_script = cfg->scripts[CONFIG_SCRIPT_USER_PASS_VERIFY];
	bool has_verify = has_script || cfg->n_plugins || cfg->pam ||
			  cfg->is_management_auth;
	const char *cert = config_place_of(ps, "verify-client-cert") ?
			   "verify-client-cert" : "client-cert-not-required";

	if (has_script && cfg->is_login_env && cfg->script_security < 3)
		return config_fail_at(ps, place_of(ps, "auth-user-pass-verify"),
			"auth-user-pass-verify: via-env needs script-security 3; write that, or via-file");
	if (role_needs(ps, names, has_verify,
		       "auth-user-pass-verify, auth-pam, plugin or management-client-auth"))
		return -EINVAL;
	if (cfg->verify_client_cert != CONFIG_CLIENT_CERT_REQUIRE &&
	    !has_verify)
		return config_fail_at(ps, place_of(ps, cert),
			"%s: anybody could come in; add auth-user-pass-verify, auth-pam or plugin, or require certificates",
			cert);
	if (cfg->token_secret.text && !cfg->has_auth_token)
		return config_fail_at(ps, place_of(ps, "auth-gen-token-secret"),
			"auth-gen-token-secret is for auth-gen-token; add that line");
	return 0;
}

static int check_management(struct config_parse *ps)
{
	static const char *const names[] = {
		"management-client-user", "management-client-group",
		"management-client-auth", "management-hold",
		"management-query-passwords", "management-forget-disconnect",
		"management-up-down", "management-query-remote",
		"management-query-proxy", "management-client",
		"management-signal", "management-external-key",
		"management-external-cert",
		"management-log-cache", NULL
	};
	const struct config *cfg = ps->cfg;
	const struct config_blob *pass = &cfg->management_pass;

	if (role_needs(ps, names, cfg->management_host, "management"))
		return -EINVAL;
	if (cfg->is_auth_interact && !cfg->is_management_query)
		return config_fail_at(ps, place_of(ps, "auth-retry"),
			"auth-retry: nobody can be asked while the daemon runs; write nointeract, or add management-query-passwords");
	if (cfg->management_port &&
	    (cfg->management_user || cfg->management_group))
		return config_fail_at(ps, place_of(ps, cfg->management_user ?
				      names[0] : names[1]),
			"%s works only with a local socket; write management PATH unix",
			cfg->management_user ? names[0] : names[1]);
	if (pass->text && (strchr("\r\n", pass->text[0]) ||
			   strcspn(pass->text, "\r\n") >= PROTO_USER_PASS_MAX))
		return config_fail_at(ps, place_of(ps, "management"),
			"management: the first line of \"%s\" has to be a password of 1 to %d bytes",
			pass->path, PROTO_USER_PASS_MAX - 1);
	return 0;
}

/* ---- odd, but not wrong -------------------------------------------- */

static int warn_server(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;
	uint32_t size;

	if (!cfg->ping_restart &&
	    config_warn_at(ps, &ps->at, "without \"keepalive\", clients that "
			   "vanish are not noticed; add keepalive 10 60"))
		return -ENOMEM;
	if (cfg->is_client_to_client && !config_is_tap(cfg) &&
	    config_warn_at(ps, place_of(ps, "client-to-client"),
			   "client-to-client: packets between clients take the "
			   "host's routing; it needs net.ipv4.ip_forward"))
		return -ENOMEM;
	if (!cfg->has_pool)
		return 0;
	size = ntohl(cfg->pool_end.in4.s_addr) -
	       ntohl(cfg->pool_start.in4.s_addr) + 1;
	if (cfg->topology == CONFIG_TOPOLOGY_NET30)
		size = (size + 3) / 4;
	if (size >= cfg->max_clients)
		return 0;
	return config_warn_at(ps, place_of(ps, cfg->has_bridge ?
					   "server-bridge" : "server"),
		"the pool has %u addresses for max-clients %u", size,
		cfg->max_clients);
}

static int warn_client(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (!cfg->is_tls_client || cfg->remote_cert_tls != CONFIG_PURPOSE_ANY ||
	    cfg->verify_name_type != CONFIG_NAME_NONE || cfg->ext_usage ||
	    (cfg->hashes && !cfg->is_hash_of_issuer))
		return 0;
	return config_warn_at(ps, &ps->at, "any certificate of the CA can pose as "
			      "the server; add remote-cert-tls server");
}

/* Of a link of two, the end that is found. */
static int warn_pair(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (!cfg->ping_restart && !cfg->ping_exit &&
	    config_warn_at(ps, &ps->at, "without \"keepalive\", it is not "
			   "noticed when the other end vanishes; add keepalive 10 60"))
		return -ENOMEM;
	if (!cfg->remotes)
		return 0;
	return config_warn_at(ps, place_of(ps, "remote"),
		"remote: the tls-server of a link of two waits for the other end, which may come from anywhere; its certificate decides");
}

/* OpenVPN lets everybody connect, too. */
static int warn_management(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;

	if (!cfg->management_host || cfg->management_pass.path ||
	    cfg->management_user || cfg->management_group)
		return 0;
	return config_warn_at(ps, place_of(ps, "management"),
			      cfg->management_port ?
		"management has no password: every program that can connect controls the daemon" :
		"every program that can reach management's socket controls the daemon; add management-client-user root");
}

static int check_warnings(struct config_parse *ps)
{
	const struct config *cfg = ps->cfg;
	int ret = 0;

	if (cfg->mode == CONFIG_MODE_SERVER)
		ret = warn_server(ps);
	else if (cfg->is_tls_server)
		ret = warn_pair(ps);
	if (!ret)
		ret = warn_client(ps);
	if (!ret)
		ret = warn_data(ps);
	if (!ret)
		ret = warn_management(ps);
	if (!ret && cfg->tls_auth.text && !strcmp(cfg->auth, "SHA1"))
		ret = config_warn_at(ps, place_of(ps, "tls-auth"),
			"tls-auth with SHA1; use auth SHA256 on both sides, or tls-crypt");
	if (!ret && !cfg->user)
		ret = config_warn_at(ps, &ps->at, "without \"user\" and \"group\" "
				     "the rights of the starting user are kept");
	return ret;
}

int config_check(struct config_parse *ps)
{
	if (check_role(ps) || check_keys(ps) ||
	    check_tls_versions(ps) || check_logins(ps) || check_data_path(ps) ||
	    check_scripts(ps) || check_script_cause(ps) ||
	    check_client_login(ps) || check_challenge(ps) ||
	    check_management(ps) || check_dns(ps))
		return -EINVAL;
	return check_warnings(ps);
}
