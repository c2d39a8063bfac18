// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "tls/internal.h"

#define DEFAULT_CIPHERS \
	"DEFAULT:!EXP:!LOW:!MEDIUM:!kDH:!kECDH:!DSS:!PSK:!SRP:!kRSA"
#define LIST_MAX	4096u

/* versions */

static const struct {
	const char *name;
	int version;
} versions[] = {
	{ "1.0", TLS1_VERSION },
	{ "1.1", TLS1_1_VERSION },
	{ "1.2", TLS1_2_VERSION },
	{ "1.3", TLS1_3_VERSION },
};

static int version_find(struct tls_build *build, const char *option,
			const char *name, int *version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (!strcmp(versions[i].name, name)) {
			*version = versions[i].version;
			return 0;
		}
	}
	return tls_build_fail(build, "%s: unknown version \"%s\", write 1.0, 1.1, 1.2 or 1.3",
			      option, name);
}

static int versions_apply(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	int min = TLS1_2_VERSION, max = 0;
	int ret = 0;

	if (cfg->version_min)
		ret = version_find(build, "tls-version-min", cfg->version_min,
				   &min);
	if (!ret && cfg->version_max)
		ret = version_find(build, "tls-version-max", cfg->version_max,
				   &max);
	if (ret)
		return ret;
	if (max && !cfg->version_min && max < min)
		min = max;
	if (max && max < min)
		return tls_build_fail(build, "tls-version-max %s is below tls-version-min %s",
				      cfg->version_max, cfg->version_min);
	if (!SSL_CTX_set_min_proto_version(build->ctx->ssl, min) ||
	    !SSL_CTX_set_max_proto_version(build->ctx->ssl, max))
		return tls_build_fail(build, "TLS versions are not supported by this OpenSSL: %s",
				      tls_error_reason());
	return 0;
}

/* lists of names separated by colons */

struct list {
	char text[LIST_MAX];
	size_t len;
};

static int list_add(struct list *list, const char *prefix, size_t prefix_len,
		    const char *name)
{
	size_t name_len = strlen(name);

	if (list->len + 1 + prefix_len + name_len + 1 > sizeof(list->text))
		return -E2BIG;
	if (list->len)
		list->text[list->len++] = ':';
	memcpy(list->text + list->len, prefix, prefix_len);
	list->len += prefix_len;
	memcpy(list->text + list->len, name, name_len + 1);
	list->len += name_len;
	return 0;
}

/* Next name of @list; false at its end or when the name is too long. */
static bool name_next(const char **list, char *name, size_t cap)
{
	size_t len;

	*list += strspn(*list, ":, ");
	len = strcspn(*list, ":, ");
	if (!len || len >= cap)
		return false;
	memcpy(name, *list, len);
	name[len] = '\0';
	*list += len;
	return true;
}

static void dashes_to_underscores(char *name)
{
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

/* ciphers */

/* TLS-ECDHE-RSA-WITH-… and TLS_ECDHE_RSA_WITH_… are both in use. */
static const char *cipher_translate(const char *name)
{
	const char *found;
	char iana[128];

	if (strncasecmp(name, "TLS-", 4) && strncasecmp(name, "TLS_", 4))
		return name;
	if (strlen(name) >= sizeof(iana))
		return NULL;
	strcpy(iana, name);
	dashes_to_underscores(iana);
	found = OPENSSL_cipher_name(iana);
	return found && strcmp(found, "(NONE)") ? found : NULL;
}

static int cipher_list_build(struct tls_build *build, const char *src,
			     struct list *out)
{
	char name[128];

	while (name_next(&src, name, sizeof(name))) {
		size_t prefix = strspn(name, "!-+");
		const char *cipher = cipher_translate(name + prefix);

		if (!cipher)
			return tls_build_fail(build, "tls-cipher: unknown cipher \"%s\"; \"openssl ciphers -stdname\" lists the known ones",
					      name + prefix);
		if (list_add(out, name, prefix, cipher))
			return tls_build_fail(build, "tls-cipher: list is too long");
	}
	if (*src)
		return tls_build_fail(build, "tls-cipher: name is too long: %.40s...",
				      src);
	return 0;
}

static int cipher_list_apply(struct tls_build *build)
{
	struct list list = { .len = 0 };
	const char *profile = build->cfg->cert_profile;
	const char *ciphers = DEFAULT_CIPHERS;
	int ret;

	if (profile && !strcmp(profile, "suiteb"))
		ciphers = "SUITEB128";
	if (build->cfg->cipher_list) {
		ret = cipher_list_build(build, build->cfg->cipher_list, &list);
		if (ret)
			return ret;
		ciphers = list.text;
	}
	if (SSL_CTX_set_cipher_list(build->ctx->ssl, ciphers) != 1)
		return tls_build_fail(build, "tls-cipher: none of \"%s\" is available in this OpenSSL",
				      ciphers);
	return 0;
}

static int ciphersuites_apply(struct tls_build *build)
{
	const char *src = build->cfg->ciphersuites;
	struct list list = { .len = 0 };
	char name[128];

	if (!src)
		return 0;
	while (name_next(&src, name, sizeof(name))) {
		dashes_to_underscores(name);
		if (list_add(&list, "", 0, name))
			break;
	}
	if (*src || !list.len ||
	    SSL_CTX_set_ciphersuites(build->ctx->ssl, list.text) != 1)
		return tls_build_fail(build, "tls-ciphersuites: \"%s\" has an unknown name; TLS 1.3 knows for example TLS_AES_256_GCM_SHA384",
				      build->cfg->ciphersuites);
	return 0;
}

/* groups */

/*
 * A group that this OpenSSL does not have is left out with a warning: one
 * configuration serves machines with different libraries.
 */
static int groups_apply(struct tls_build *build)
{
	const char *src = build->cfg->groups;
	struct list list = { .len = 0 };
	SSL_CTX *ssl = build->ctx->ssl;
	char name[64];

	if (!src || SSL_CTX_set1_groups_list(ssl, src) == 1)
		return 0;
	ERR_clear_error();
	while (name_next(&src, name, sizeof(name))) {
		if (SSL_CTX_set1_groups_list(ssl, name) != 1) {
			ERR_clear_error();
			tls_build_warn(build, "tls-groups: \"%s\" is unknown and left out",
				       name);
			continue;
		}
		if (list_add(&list, "", 0, name))
			break;
	}
	if (*src || !list.len || SSL_CTX_set1_groups_list(ssl, list.text) != 1)
		return tls_build_fail(build, "tls-groups: no usable group in \"%s\"; write for example X25519:secp256r1",
				      build->cfg->groups);
	return 0;
}

/* profile */

static const struct {
	const char *name;
	int level;
} profiles[] = {
	{ "insecure", 0 },
	{ "legacy", 1 },
	{ "preferred", 2 },
	{ "suiteb", 3 },
};

static int profile_apply(struct tls_build *build)
{
	const char *name = build->cfg->cert_profile;

	if (!name)
		name = "legacy";
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
		if (strcmp(profiles[i].name, name))
			continue;
		/* Needed before anything is loaded: loading checks it. */
		SSL_CTX_set_security_level(build->ctx->ssl, profiles[i].level);
		return 0;
	}
	return tls_build_fail(build, "tls-cert-profile: unknown profile \"%s\", write legacy, preferred, suiteb or insecure",
			      name);
}

/* Section 4.6: every key has a handshake of its own, nothing is resumed. */
static void options_apply(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
				 SSL_OP_NO_RENEGOTIATION |
				 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(ssl, 0);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
			      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

int tls_settings_apply(struct tls_build *build)
{
	int ret;

	options_apply(build->ctx->ssl);
	ret = profile_apply(build);
	if (!ret)
		ret = versions_apply(build);
	if (!ret)
		ret = cipher_list_apply(build);
	if (!ret)
		ret = ciphersuites_apply(build);
	if (!ret)
		ret = groups_apply(build);
	return ret;
}
