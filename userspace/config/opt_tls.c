// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"
#include "proto/proto.h"

#define IN_MAIN CONFIG_IN_MAIN

static const char *const digests[] = {
	"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA512-224",
	"SHA512-256", "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
	"BLAKE2s256", "BLAKE2b512", "RIPEMD160", "MD5", "SM3",
};

const char *config_digest_at(size_t index)
{
	return index < sizeof(digests) / sizeof(digests[0]) ? digests[index] :
		NULL;
}

/* "SHA-256", "SHA2-256" and "RSA-SHA256" are other names of SHA256. */
const char *config_digest_find(const char *name)
{
	char plain[24];
	size_t i;

	if (!strncasecmp(name, "RSA-", 4))
		name += 4;
	snprintf(plain, sizeof(plain), "%s", name);
	if (!strncasecmp(name, "SHA-", 4))
		snprintf(plain, sizeof(plain), "SHA%s", name + 4);
	else if (!strncasecmp(name, "SHA2-", 5))
		snprintf(plain, sizeof(plain), "SHA%s", name + 5);
	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (!strcasecmp(digests[i], plain))
			return digests[i];
	}
	return NULL;
}

static CONFIG_SETTER(set_auth)
{
	(void)row;
	(void)n;
	if (!strcasecmp(arg[0], "none"))
		return config_fail(ps, "\"none\" leaves packets unauthenticated; "
				   "write SHA256");
	ps->cfg->auth = config_digest_find(arg[0]);
	if (!ps->cfg->auth)
		return config_fail(ps, "\"%s\" is not a digest; see ovpnd "
				   "--show-digests", arg[0]);
	return 0;
}

/* ---- ciphers ------------------------------------------------------- */

/* Known to OpenVPN, but without authentication built in. */
static bool cipher_is_legacy(const char *name)
{
	static const char *const modes[] = {
		"-CBC", "-CFB", "-CFB1", "-CFB8", "-OFB", "-CCM", "-CTR", "-ECB",
	};
	const char *mode;
	size_t i;

	mode = strrchr(name, '-');
	for (i = 0; mode && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcasecmp(mode, modes[i]))
			return true;
	}
	return false;
}

static int cipher_none(struct config_parse *ps)
{
	return config_fail(ps, "\"none\" would leave the tunnel unencrypted; write "
			   "AES-256-GCM or CHACHA20-POLY1305");
}

/* Whose blocks of 64 bits repeat within some gigabytes (CVE-2016-2183). */
static bool cipher_is_short(const char *name)
{
	static const char *const families[] = {
		"BF-", "BLOWFISH-", "CAST5-", "DES-", "DESX-", "IDEA-", "RC2-",
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strncasecmp(name, families[i], strlen(families[i])))
			return true;
	return false;
}

static int cipher_left_out(struct config_parse *ps, const char *name)
{
	return config_warn(ps, cipher_is_short(name) ?
		"%s is left out: its blocks of 64 bits are too short; write AES-256-GCM, or AES-256-CBC for a peer that has nothing better" :
		"%s is left out: there are AES-GCM, ChaCha20-Poly1305 and AES-CBC",
		name);
}

/* Return: 1 usable, 0 to be left out, or -errno. */
static int cipher_judge(struct config_parse *ps, const char *name)
{
	bool is_optional = name[0] == '?';
	int ret;

	name += is_optional;
	if (!strcasecmp(name, "DEFAULT") ||
	    proto_cipher_find(name) != PROTO_CIPHER_NONE)
		return 1;
	if (!strcasecmp(name, "none"))
		return cipher_none(ps);
	if (is_optional)
		return 0;
	if (!cipher_is_legacy(name))
		return config_fail(ps, "\"%s\" is not a cipher; see ovpnd "
				   "--show-ciphers", name);
	ret = cipher_left_out(ps, name);
	return ret ? ret : 0;
}

static int cipher_list_filter(struct config_parse *ps, const char *list,
			      char *out, size_t cap)
{
	char name[64];
	size_t len, used = 0;

	for (out[0] = '\0'; *list; list += len + (list[len] == ':')) {
		int ret;

		len = strcspn(list, ":");
		if (len >= sizeof(name))
			return config_fail(ps, "the name of a cipher is too long");
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		ret = len ? cipher_judge(ps, name) : 0;
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		if (used + len + 2 > cap)
			return config_fail(ps, "the list of ciphers is too long");
		used += (size_t)snprintf(out + used, cap - used, "%s%s",
					 used ? ":" : "", name);
	}
	return 0;
}

static CONFIG_SETTER(set_data_ciphers)
{
	char list[PROTO_CIPHER_LIST_MAX * 2], out[PROTO_CIPHER_LIST_MAX];
	const char *bad;
	int ret;

	(void)row;
	(void)n;
	/* The server chooses; what it pushes here does not concern a client. */
	if (ps->scope == CONFIG_IN_PUSH)
		return 0;
	ret = cipher_list_filter(ps, arg[0], list, sizeof(list));
	if (ret)
		return ret;
	if (!list[0])
		return config_fail(ps, "no usable cipher in \"%s\"; write "
				   "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305",
				   arg[0]);
	if (proto_cipher_list_normalise(list, out, &bad))
		return config_fail(ps, "the list \"%s\" is not usable; it has at most "
				   "127 characters", arg[0]);
	ps->cfg->data_ciphers = mem_arena_strdup(ps->cfg->arena, out);
	return ps->cfg->data_ciphers ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_fallback)
{
	enum proto_cipher cipher = proto_cipher_find(arg[0]);

	(void)row;
	(void)n;
	if (!strcasecmp(arg[0], "none"))
		return cipher_none(ps);
	if (cipher != PROTO_CIPHER_NONE) {
		ps->cfg->data_ciphers_fallback = proto_cipher_name(cipher);
		return 0;
	}
	if (!cipher_is_legacy(arg[0]))
		return config_fail(ps, "\"%s\" is not a cipher; see ovpnd "
				   "--show-ciphers", arg[0]);
	ps->cfg->data_ciphers_fallback = NULL;
	return cipher_left_out(ps, arg[0]);
}

/* Pushed, it decides; configured, it is only what is told to the other side. */
static CONFIG_SETTER(set_cipher)
{
	enum proto_cipher cipher = proto_cipher_find(arg[0]);
	struct config *cfg = ps->cfg;
	const char *name;

	(void)row;
	(void)n;
	if (!strcasecmp(arg[0], "none"))
		return cipher_none(ps);
	if (ps->scope != CONFIG_IN_PUSH) {
		if (cipher == PROTO_CIPHER_NONE && !cipher_is_legacy(arg[0]))
			return config_fail(ps, "\"%s\" is not a cipher; see ovpnd "
					   "--show-ciphers", arg[0]);
		cfg->cipher = mem_arena_strdup(cfg->arena, arg[0]);
		return cfg->cipher ? 0 : config_nomem(ps);
	}
	name = cipher == PROTO_CIPHER_NONE ?
		mem_arena_strdup(cfg->arena, arg[0]) :
		proto_cipher_name(cipher);
	if (!name)
		return config_nomem(ps);
	/* Set in any case: what the server uses is not what was configured. */
	cfg->cipher = name;
	cfg->has_pushed_cipher = true;
	if (proto_cipher_list_has(cfg->data_ciphers, name) ||
	    (cfg->data_ciphers_fallback &&
	     !strcmp(cfg->data_ciphers_fallback, name)))
		return 0;
	return config_fail(ps, "%s is not in data-ciphers (%s)", name,
			   cfg->data_ciphers);
}

/* ---- TLS ----------------------------------------------------------- */

static int tls_version(struct config_parse *ps, const char *text,
		       const char **out)
{
	static const char *const names[] = { "1.0", "1.1", "1.2", "1.3", NULL };
	int choice = config_choice(ps, text, names);

	if (choice < 0)
		return choice;
	if (choice < 2)
		return config_fail(ps, "TLS %s is refused by the policy of the TLS "
				   "library; write 1.2", names[choice]);
	*out = names[choice];
	return 0;
}

static CONFIG_SETTER(set_tls_version_min)
{
	(void)row;
	if (n > 1 && strcmp(arg[1], "or-highest"))
		return config_fail(ps, "\"%s\" is unknown; write or-highest, or "
				   "nothing", arg[1]);
	return tls_version(ps, arg[0], &ps->cfg->tls_version_min);
}

static CONFIG_SETTER(set_tls_version_max)
{
	(void)row;
	(void)n;
	return tls_version(ps, arg[0], &ps->cfg->tls_version_max);
}

static CONFIG_SETTER(set_askpass)
{
	ps->cfg->has_askpass = true;
	return n ? config_set_blob(ps, row, arg, n) : 0;
}

static CONFIG_SETTER(set_providers)
{
	struct config *cfg = ps->cfg;

	(void)row;
	for (int i = 0; i < n; i++) {
		cfg->providers[i] = mem_arena_strdup(cfg->arena, arg[i]);
		if (!cfg->providers[i])
			return config_nomem(ps);
	}
	cfg->providers[n] = NULL;
	return 0;
}

/* As OpenVPN: labels of its own are not for others, others begin so. */
static CONFIG_SETTER(set_exporter)
{
	struct config *cfg = ps->cfg;

	(void)row;
	(void)n;
	if (strncmp(arg[0], "EXPORTER", 8))
		return config_fail(ps, "\"%s\": a label begins with EXPORTER",
				   arg[0]);
	if (!strncmp(arg[0], "EXPORTER-OpenVPN", 16))
		return config_fail(ps, "\"%s\" is for data keys; take another label",
				   arg[0]);
	if (config_number(ps, arg[1], 16, 4095, &cfg->export_len))
		return -EINVAL;
	cfg->export_label = mem_arena_strdup(cfg->arena, arg[0]);
	return cfg->export_label ? 0 : config_nomem(ps);
}

/* What old versions had instead; tls-groups wins. */
static CONFIG_SETTER(set_curve)
{
	(void)row;
	(void)n;
	if (config_place_of(ps, "tls-groups"))
		return config_warn(ps, "has no effect beside tls-groups");
	ps->cfg->tls_groups = mem_arena_strdup(ps->cfg->arena, arg[0]);
	return ps->cfg->tls_groups ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_cert_profile)
{
	static const char *const names[] = {
		"legacy", "insecure", "preferred", "suiteb", NULL
	};
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->tls_cert_profile = names[choice];
	return 0;
}

static CONFIG_SETTER(set_remote_cert_tls)
{
	static const char *const names[] = { "server", "client", NULL };
	int choice = config_choice(ps, arg[0], names);

	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->remote_cert_tls = choice ? CONFIG_PURPOSE_CLIENT :
		CONFIG_PURPOSE_SERVER;
	if (!strcmp(row->name, "ns-cert-type"))
		return config_warn(ps, "is outdated and taken as remote-cert-tls %s",
				   names[choice]);
	return 0;
}

static CONFIG_SETTER(set_verify_name)
{
	static const char *const names[] = {
		"subject", "name", "name-prefix", NULL
	};
	static const enum config_name_type types[] = {
		CONFIG_NAME_SUBJECT, CONFIG_NAME_NAME, CONFIG_NAME_PREFIX,
	};
	int choice = n > 1 ? config_choice(ps, arg[1], names) : 0;

	if (choice < 0)
		return choice;
	ps->cfg->verify_name_type = types[choice];
	return config_set_string(ps, row, arg, n);
}

static CONFIG_SETTER(set_tls_remote)
{
	ps->cfg->verify_name_type = CONFIG_NAME_NAME;
	if (config_set_string(ps, row, arg, n))
		return -EINVAL;
	return config_warn(ps, "is outdated and taken as verify-x509-name %s name",
			   arg[0]);
}

static int key_direction(struct config_parse *ps, const char *text)
{
	uint32_t value;
	int ret;

	ret = config_number(ps, text, 0, 1, &value);
	if (!ret)
		ps->cfg->key_direction = (int)value;
	return ret;
}

static CONFIG_SETTER(set_key_direction)
{
	(void)row;
	(void)n;
	return key_direction(ps, arg[0]);
}

static CONFIG_SETTER(set_tls_auth)
{
	if (n > 1 && key_direction(ps, arg[1]))
		return -EINVAL;
	return config_set_blob(ps, row, arg, 1);
}

/* "none" is how to say that only elliptic curves are used. */
static CONFIG_SETTER(set_dh)
{
	if (!ps->inline_text && !strcmp(arg[0], "none")) {
		memset(&ps->cfg->dh, 0, sizeof(ps->cfg->dh));
		return 0;
	}
	return config_set_blob(ps, row, arg, n);
}

static CONFIG_SETTER(set_tls_crypt_v2)
{
	if (n > 1) {
		ps->cfg->is_cookie_forced = !strcmp(arg[1], "force-cookie");
		if (!ps->cfg->is_cookie_forced &&
		    strcmp(arg[1], "allow-noncookie"))
			return config_fail(ps, "\"%s\" is neither allow-noncookie nor "
					   "force-cookie", arg[1]);
	}
	return config_set_blob(ps, row, arg, n);
}

#define BLOB(name, max, set, field, is_secret, args, doc) \
	{ name, 1, max, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_BLOCK, set, \
	  CONFIG_FIELD(field), is_secret, 0, args, doc }
#define STRING(name, set, min, max, field, args, doc) \
	{ name, min, max, CONFIG_KIND_APPLY, IN_MAIN, set, \
	  CONFIG_FIELD(field), 0, 0, args, doc }

static const struct config_row tls_rows[] = {
	CONFIG_FLAG("tls-server", IN_MAIN, is_tls_server,
		"Take the server's part in the TLS handshake.\nWithout --mode "
		"server or --server this is one end of a link of two, the "
		"one that waits: the other end, with --tls-client, connects "
		"to it, over TCP as well. Nothing is pushed, both ends have "
		"their addresses from --ifconfig, and what they do not have "
		"in common they find out from each other. The other end may "
		"come from any address; who has the same common name in its "
		"certificate takes its place, anybody else is sent away as "
		"long as the link is up."),
	CONFIG_FLAG("tls-client", IN_MAIN, is_tls_client,
		"Take the client's part in the TLS handshake.\nWithout --pull "
		"this is one end of a link of two: nothing is pushed, and "
		"both ends have their addresses from --ifconfig. The other "
		"end is an OpenVPN with --tls-server. With a peer that "
		"negotiates no cipher, that of --data-ciphers-fallback or "
		"--cipher is used."),
	CONFIG_BLOB("ca", ca, 0, "FILE",
		"Trust the certificate authorities in FILE (PEM)."),
	CONFIG_BLOB("cert", cert, 0, "FILE",
		"Show the certificate in FILE (PEM) to the other side."),
	CONFIG_BLOB("key", key, 1, "FILE",
		"Use the private key in FILE (PEM, not encrypted)."),
	CONFIG_BLOB("pkcs12", pkcs12, 1, "FILE",
		"Use certificate, private key and CA in FILE (PKCS#12).\nIt has "
		"no passphrase; a block has it in base64. It takes the place of "
		"--cert and --key. If --ca is given, too, further certificates "
		"in FILE are not trusted but sent along with the own one."),
	CONFIG_BLOB("extra-certs", extra_certs, 0, "FILE",
		"Send the certificates in FILE along with --cert."),
	BLOB("dh", 1, set_dh, dh, 0, "FILE|none",
		"Use these Diffie-Hellman parameters.\nnone, the default, uses "
		"elliptic curves only."),
	BLOB("tls-auth", 2, set_tls_auth, tls_auth, 1, "FILE [0|1]",
		"Authenticate control packets with the static key in FILE.\nThe "
		"number is that of --key-direction; by custom 0 on the server "
		"and 1 on clients."),
	/* A second argument, meant for tls-auth, is common and harmless. */
	BLOB("tls-crypt", 2, config_set_blob, tls_crypt, 1, "FILE",
		"Encrypt control packets with the static key in FILE."),
	BLOB("tls-crypt-v2", 2, set_tls_crypt_v2, tls_crypt_v2, 1,
		"FILE [allow-noncookie|force-cookie]",
		"Encrypt control packets with a key of the client's own.\nFILE is "
		"the server's key, or the key that was made with it for this "
		"client. Clients before 2.6 need memory on the server before "
		"they have shown that their address is theirs; force-cookie "
		"refuses them."),
	CONFIG_NUMBER("tls-crypt-v2-max-age", IN_MAIN, tls_crypt_v2_max_age, 1,
		36500, "DAYS",
		"Refuse tls-crypt-v2 client keys that were made earlier."),
	CONFIG_SPECIAL("key-direction", 1, 1, IN_MAIN, set_key_direction,
		"0|1", "Use the two halves of the tls-auth key this way round."),
	CONFIG_SPECIAL("auth", 1, 1, IN_MAIN, set_auth, "DIGEST",
		"Use DIGEST for --tls-auth and with AES-CBC; default SHA1.\nThe "
		"other ciphers of the data channel authenticate by themselves."),
	CONFIG_SPECIAL("data-ciphers", 1, 1,
		IN_MAIN | CONFIG_IN_PUSH | CONFIG_IN_CLIENT,
		set_data_ciphers, "LIST",
		"Allow these ciphers, separated by colons, best first.\nThe "
		"default is DEFAULT, which stands for AES-256-GCM, AES-128-GCM "
		"and CHACHA20-POLY1305. A name behind a question mark is left "
		"out if it is unknown. AES-256-CBC and its shorter keys, with "
		"--auth, are for old peers: only userspace carries them, and "
		"the kernel data path leaves them out."),
	CONFIG_SPECIAL("ncp-ciphers", 1, 1, IN_MAIN | CONFIG_IN_PUSH,
		set_data_ciphers, "LIST", "Old name of --data-ciphers."),
	CONFIG_SPECIAL("data-ciphers-fallback", 1, 1,
		IN_MAIN | CONFIG_IN_CLIENT, set_fallback, "CIPHER",
		"Use CIPHER with a peer that cannot negotiate."),
	CONFIG_SPECIAL("cipher", 1, 1, IN_MAIN | CONFIG_IN_PUSH, set_cipher,
		"CIPHER",
		"Tell peers that cannot negotiate that this cipher is used.\nIt "
		"does not restrict --data-ciphers."),
	CONFIG_SPECIAL("tls-version-min", 1, 2, IN_MAIN, set_tls_version_min,
		"1.2|1.3 [or-highest]",
		"Require this TLS version or a later one; default 1.2."),
	CONFIG_SPECIAL("tls-version-max", 1, 1, IN_MAIN, set_tls_version_max,
		"1.2|1.3", "Use no TLS version later than this."),
	CONFIG_STRING("tls-cipher", IN_MAIN, tls_cipher, "LIST",
		"Allow these cipher suites with TLS 1.2.\nNames of IANA or of "
		"OpenSSL, and OpenSSL's policy strings."),
	CONFIG_STRING("tls-ciphersuites", IN_MAIN, tls_ciphersuites, "LIST",
		"Allow these cipher suites with TLS 1.3."),
	CONFIG_STRING("tls-groups", IN_MAIN, tls_groups, "LIST",
		"Allow these groups for the key exchange.\nNames are separated by "
		"colons; what this OpenSSL does not know is left out with a "
		"warning. By default OpenSSL chooses, from version 3.5 on "
		"X25519MLKEM768, which quantum computers do not break either, if "
		"the other end knows it. The log says which group was used."),
	{ "askpass", 0, 1, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_BLOCK,
	  set_askpass, CONFIG_FIELD(key_pass), 1, 0, "[FILE]",
	  "Take the passphrase of --key or --pkcs12 from the first line of FILE.\n"
	  "Without FILE it is asked for at start, on the terminal, by "
	  "systemd-ask-password, or as --management-query-passwords says; then the key cannot be read again on SIGHUP." },
	CONFIG_SPECIAL("ecdh-curve", 1, 1, IN_MAIN, set_curve, "NAME",
		"Old form of --tls-groups with one group."),
	CONFIG_SPECIAL("providers", 1, CONFIG_PROVIDERS_MAX, IN_MAIN,
		set_providers, "NAME ...",
		"Load these providers of OpenSSL.\nName \"default\", too, if its "
		"algorithms are to stay."),
	CONFIG_SPECIAL("keying-material-exporter", 2, 2, IN_MAIN,
		set_exporter, "LABEL LENGTH",
		"Tell programs a secret that both ends have from TLS (RFC 5705)."
		"\nIt is in exported_keying_material, in hexadecimal, of programs "
		"that run when the key exchange is complete. LABEL begins with "
		"EXPORTER; LENGTH is 16 to 4095 bytes."),
	CONFIG_SPECIAL("tls-cert-profile", 1, 1, IN_MAIN, set_cert_profile,
		"legacy|preferred|suiteb|insecure",
		"Set how strong certificates must be; default legacy."),
	CONFIG_FLAG("tls-exit", IN_MAIN, is_tls_exit,
		"End when a TLS handshake fails.\nA client otherwise tries "
		"again. A server goes on without the one client."),
	CONFIG_SPECIAL("remote-cert-tls", 1, 1, IN_MAIN, set_remote_cert_tls,
		"server|client",
		"Require that the peer's certificate is made for this use."),
	CONFIG_SPECIAL("ns-cert-type", 1, 1, IN_MAIN, set_remote_cert_tls,
		"server|client", "Taken as --remote-cert-tls."),
	STRING("verify-x509-name", set_verify_name, 1, 2, verify_name,
		"NAME [subject|name|name-prefix]",
		"Require that the peer's certificate has this name.\nsubject, the "
		"default, compares the whole subject, the others the common "
		"name or its beginning."),
	STRING("tls-remote", set_tls_remote, 1, 1, verify_name, "NAME",
		"Taken as --verify-x509-name NAME name."),
	CONFIG_ONLY("key-method", "2",
		"Accepted for old files; method 1 was removed long ago."),
	CONFIG_NUMBER("max-packet-size", IN_MAIN, max_packet_size, 154, 2048,
		"BYTES",
		"Limit the size of control packets; default 1250."),
};

CONFIG_TABLE(tls, "Keys, certificates and TLS");
