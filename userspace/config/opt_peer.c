// SPDX-License-Identifier: GPL-2.0-or-later
/* Which certificates of the other side are accepted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN

/* ---- fingerprints -------------------------------------------------- */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Pairs of digits with or without colons between. Return: bytes, 0: wrong. */
static size_t hash_decode(const char *text, size_t len, uint8_t *out)
{
	size_t n = 0, i = 0;

	while (i + 1 < len && n < CONFIG_HASH_MAX) {
		int hi = hex_digit(text[i]), lo = hex_digit(text[i + 1]);

		if (hi < 0 || lo < 0)
			return 0;
		out[n++] = (uint8_t)(hi << 4 | lo);
		i += 2;
		if (i < len && text[i] == ':' && i + 1 < len)
			i++;
	}
	return i == len ? n : 0;
}

/* @size: bytes of the digest, 0: SHA-1 or SHA-256, as it comes */
static int hash_add(struct config_parse *ps, const char *text, size_t len,
		    size_t size)
{
	struct config_hash *hash, **tail = &ps->cfg->hashes;

	hash = mem_arena_alloc(ps->cfg->arena, sizeof(*hash));
	if (!hash)
		return config_nomem(ps);
	hash->len = hash_decode(text, len, hash->bytes);
	if ((hash->len != CONFIG_HASH_SHA1 && hash->len != CONFIG_HASH_MAX) ||
	    (size && hash->len != size))
		return config_fail(ps, "\"%.*s\" is not a fingerprint; write what this prints behind the equals sign: openssl x509 -noout -fingerprint -sha256 -in FILE",
				   len > 100 ? 100 : (int)len, text);
	while (*tail)
		tail = &(*tail)->next;
	*tail = hash;
	return 0;
}

/* One in each line of a block; empty lines and comments are passed over. */
static int hash_block(struct config_parse *ps, size_t size)
{
	const char *pos = ps->inline_text, *end = pos + ps->inline_len;
	int ret = 0;

	while (!ret && pos < end) {
		const char *eol = memchr(pos, '\n', (size_t)(end - pos)) ?: end;
		const char *last = eol;

		while (pos < last && strchr(" \t\r", *pos))
			pos++;
		while (pos < last && strchr(" \t\r", last[-1]))
			last--;
		if (pos < last && *pos != '#' && *pos != ';')
			ret = hash_add(ps, pos, (size_t)(last - pos), size);
		pos = eol + 1;
	}
	/* or everybody of the CA would be accepted */
	if (!ret && !ps->cfg->hashes)
		return config_fail(ps, "there is no fingerprint in the block");
	return ret;
}

static int hashes_add(struct config_parse *ps, const char *text, size_t size)
{
	if (ps->inline_text)
		return hash_block(ps, size);
	return hash_add(ps, text, strlen(text), size);
}

static CONFIG_SETTER(set_peer_fingerprint)
{
	(void)row;
	(void)n;
	if (config_place_of(ps, "verify-hash"))
		return config_fail(ps, "verify-hash is given, too; keep peer-fingerprint");
	return hashes_add(ps, arg[0], CONFIG_HASH_MAX);
}

static CONFIG_SETTER(set_verify_hash)
{
	static const char *const names[] = { "SHA256", "SHA1", NULL };
	static const size_t sizes[] = { CONFIG_HASH_MAX, CONFIG_HASH_SHA1 };
	int choice = n > 1 ? config_choice(ps, arg[1], names) : 0;

	(void)row;
	if (choice < 0)
		return choice;
	if (config_place_of(ps, "peer-fingerprint"))
		return config_fail(ps, "peer-fingerprint is given, too; keep that");
	ps->cfg->is_hash_of_issuer = true;
	return hashes_add(ps, arg[0], n > 1 ? sizes[choice] : 0);
}

/* ---- key usage ----------------------------------------------------- */

static CONFIG_SETTER(set_key_usage)
{
	struct config *cfg = ps->cfg;

	(void)row;
	cfg->has_key_usage = true;
	cfg->n_key_usages = 0;
	for (int i = 0; i < n; i++) {
		char *end;
		unsigned long value = strtoul(arg[i], &end, 16);

		if (hex_digit(arg[i][0]) < 0 || *end || !value ||
		    value > 0xffff)
			return config_fail(ps, "\"%s\" is not a key usage; write a hexadecimal number like a0",
					   arg[i]);
		cfg->key_usages[cfg->n_key_usages++] = (unsigned int)value;
	}
	return 0;
}

/* ---- names --------------------------------------------------------- */

static CONFIG_SETTER(set_username_field)
{
	struct config *cfg = ps->cfg;

	(void)row;
	for (int i = 0; i < n; i++) {
		cfg->username_fields[i] = mem_arena_strdup(cfg->arena, arg[i]);
		if (!cfg->username_fields[i])
			return config_nomem(ps);
	}
	cfg->username_fields[n] = NULL;
	return 0;
}

/* "+NAME": of all certificates */
static CONFIG_SETTER(set_track)
{
	struct config_track *track, **tail = &ps->cfg->tracks;
	const char *name = arg[0] + (arg[0][0] == '+');

	(void)row;
	(void)n;
	if (!name[0] || strlen(name) > 40 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_-.") != strlen(name))
		return config_fail(ps, "\"%s\" is not an attribute; write for example CN, or +CN for all certificates",
				   arg[0]);
	track = mem_arena_alloc(ps->cfg->arena, sizeof(*track));
	if (!track)
		return config_nomem(ps);
	track->is_of_chain = arg[0][0] == '+';
	track->name = mem_arena_strdup(ps->cfg->arena, name);
	if (!track->name)
		return config_nomem(ps);
	while (*tail)
		tail = &(*tail)->next;
	*tail = track;
	return 0;
}

/* ---- directories --------------------------------------------------- */

static int set_dir(struct config_parse *ps, const char *text, const char **out)
{
	if (!text[0])
		return config_fail(ps, "the name of the directory is empty");
	if (!ps->has_files)
		return config_fail(ps, "directories cannot be read here");
	*out = mem_arena_strdup(ps->cfg->arena, text);
	return *out ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_ca_dir)
{
	(void)row;
	(void)n;
	return set_dir(ps, arg[0], &ps->cfg->ca_dir);
}

static CONFIG_SETTER(set_crl)
{
	struct config *cfg = ps->cfg;

	if (n < 2) {
		cfg->crl_dir = NULL;
		return config_set_blob(ps, row, arg, n);
	}
	if (strcmp(arg[1], "dir"))
		return config_fail(ps, "\"%s\" is unknown; write crl-verify FILE, or crl-verify DIR dir",
				   arg[1]);
	memset(&cfg->crl, 0, sizeof(cfg->crl));
	return set_dir(ps, arg[0], &cfg->crl_dir);
}

static const struct config_row peer_rows[] = {
	CONFIG_SPECIAL("capath", 1, 1, IN_MAIN, set_ca_dir, "DIR",
		"Trust the certificate authorities in DIR, too.\nThe files are "
		"named as \"openssl rehash\" does. Lists of revoked "
		"certificates there are heeded. DIR is read while the daemon "
		"runs, with the rights of --user."),
	{ "crl-verify", 1, 2, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_BLOCK,
	  set_crl, CONFIG_FIELD(crl), 0, 0, "FILE|DIR dir",
	  "Refuse certificates revoked in FILE (PEM).\nFILE is read again when it "
	  "has changed, with the rights of --user; if that fails, what was read "
	  "before stays in force. A list that has ended (nextUpdate) lets nobody "
	  "in until there is another one. With dir, a certificate is revoked "
	  "when DIR has a file named after its serial number in decimal. New "
	  "connections and renegotiations are checked." },
	CONFIG_SPECIAL("peer-fingerprint", 1, 1, IN_MAIN | CONFIG_IN_BLOCK,
		set_peer_fingerprint, "FINGERPRINT",
		"Accept only certificates with this SHA-256 fingerprint.\nCan be "
		"given several times; a block has one in each line. Without --ca "
		"nothing else is asked of a certificate, not even that it has "
		"not expired."),
	CONFIG_SPECIAL("verify-hash", 1, 2, IN_MAIN | CONFIG_IN_BLOCK,
		set_verify_hash, "FINGERPRINT [SHA256|SHA1]",
		"Accept only certificates signed by the one with this fingerprint."),
	CONFIG_SPECIAL("remote-cert-ku", 0, CONFIG_KEY_USAGES_MAX, IN_MAIN,
		set_key_usage, "[BITS ...]",
		"Require a key usage with all bits of one of these numbers.\nThey "
		"are hexadecimal. Without any, some key usage must be there."),
	CONFIG_STRING("remote-cert-eku", IN_MAIN, ext_usage, "OID",
		"Require this extended key usage, by number or by name."),
	CONFIG_SPECIAL("x509-track", 1, 1, IN_MAIN, set_track, "[+]ATTRIBUTE",
		"Tell programs this attribute of the peer's certificate.\nIt is "
		"one of the subject's, or SHA1 or SHA256 for a fingerprint; with + "
		"in front, of all certificates of the chain. Only what is "
		"named so is told, in X509_DEPTH_ATTRIBUTE, instead of the "
		"whole subject. Can be given several times."),
	CONFIG_SPECIAL("x509-username-field", 1, CONFIG_USERNAME_FIELDS_MAX,
		IN_MAIN, set_username_field, "FIELD ...",
		"Take a client's name from here, not from the common name.\nA "
		"FIELD is one of the subject's, serialNumber, which is that of "
		"the certificate, or ext:subjectAltName for the mail address "
		"there. Several are joined by underscores."),
};

CONFIG_TABLE(peer, "Certificates of the other side");
