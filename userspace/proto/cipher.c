// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <string.h>

#include "proto/text.h"

/* Sections 6.6, 8.4 and 12.11: cipher names, lists and their negotiation. */

#define CIPHER_LIST_DEFAULT "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305"
#define CIPHER_NAME_MAX 32

static const struct cipher_row {
	const char *name;
	const char *alias;	/* OpenSSL's name */
	size_t key_len;
} ciphers[] = {
	[PROTO_CIPHER_NONE] = { "none", "[null-cipher]", 0 },
	[PROTO_CIPHER_AES_128_GCM] = { "AES-128-GCM", "id-aes128-GCM", 16 },
	[PROTO_CIPHER_AES_192_GCM] = { "AES-192-GCM", "id-aes192-GCM", 24 },
	[PROTO_CIPHER_AES_256_GCM] = { "AES-256-GCM", "id-aes256-GCM", 32 },
	[PROTO_CIPHER_CHACHA20_POLY1305] = {
		"CHACHA20-POLY1305", "ChaCha20-Poly1305", 32
	},
	[PROTO_CIPHER_AES_128_CBC] = { "AES-128-CBC", "AES-128-CBC", 16 },
	[PROTO_CIPHER_AES_192_CBC] = { "AES-192-CBC", "AES-192-CBC", 24 },
	[PROTO_CIPHER_AES_256_CBC] = { "AES-256-CBC", "AES-256-CBC", 32 },
};

#define CIPHER_COUNT (sizeof(ciphers) / sizeof(ciphers[0]))

/*
 * Ciphers that OpenVPN knows besides those: no data path here carries them,
 * but a list that names them is not wrong.
 */
static const char *const legacy_families[] = {
	"AES-128", "AES-192", "AES-256", "ARIA-128", "ARIA-192", "ARIA-256",
	"BF", "BLOWFISH", "CAMELLIA-128", "CAMELLIA-192", "CAMELLIA-256",
	"CAST5", "DES", "DES-EDE", "DES-EDE3", "DESX", "IDEA", "RC2", "SEED",
	"SM4",
};

static const char *const legacy_modes[] = {
	"CBC", "CFB", "CFB1", "CFB8", "CFB128", "OFB",
};

static enum proto_cipher cipher_find_span(struct proto_span name)
{
	size_t i;

	for (i = 0; i < CIPHER_COUNT; i++) {
		if (proto_span_is(name, ciphers[i].name) ||
		    proto_span_is(name, ciphers[i].alias))
			return (enum proto_cipher)i;
	}
	return PROTO_CIPHER_NONE;
}

enum proto_cipher proto_cipher_find(const char *name)
{
	struct proto_span span = { .at = name, .len = strlen(name) };

	return cipher_find_span(span);
}

const char *proto_cipher_name(enum proto_cipher cipher)
{
	return (size_t)cipher < CIPHER_COUNT ? ciphers[cipher].name : "none";
}

size_t proto_cipher_key_len(enum proto_cipher cipher)
{
	return (size_t)cipher < CIPHER_COUNT ? ciphers[cipher].key_len : 0;
}

bool proto_cipher_is_aead(enum proto_cipher cipher)
{
	return cipher != PROTO_CIPHER_NONE && cipher < PROTO_CIPHER_AES_128_CBC;
}

/* lists */

/* Return: index of the array's element that equals @name, -1 for none. */
static int cipher_span_index(struct proto_span name, const char *const *names,
			     size_t n_names)
{
	size_t i;

	for (i = 0; i < n_names; i++) {
		if (proto_span_is(name, names[i]))
			return (int)i;
	}
	return -1;
}

/*
 * FAMILY-MODE of a legacy cipher, with OpenVPN's translations of OpenSSL's
 * names: BLOWFISH is BF, CFB128 is CFB.
 */
static bool cipher_legacy_name(struct proto_span span,
			       struct proto_span *family,
			       struct proto_span *mode)
{
	const char *dash = memrchr(span.at, '-', span.len);
	int i, j;

	if (!dash)
		return false;
	family->at = span.at;
	family->len = (size_t)(dash - span.at);
	mode->at = dash + 1;
	mode->len = span.len - family->len - 1;
	i = cipher_span_index(*family, legacy_families,
			      sizeof(legacy_families) /
			      sizeof(legacy_families[0]));
	j = cipher_span_index(*mode, legacy_modes,
			      sizeof(legacy_modes) / sizeof(legacy_modes[0]));
	if (i < 0 || j < 0)
		return false;
	family->at = legacy_families[i];
	if (proto_span_is(*family, "BLOWFISH"))
		family->at = "BF";
	family->len = strlen(family->at);
	mode->at = legacy_modes[j];
	if (proto_span_is(*mode, "CFB128"))
		mode->at = "CFB";
	mode->len = strlen(mode->at);
	return true;
}

/* Return: true with the normalised name in @out, false if unknown. */
static bool cipher_normalise(struct proto_span span, char *out)
{
	enum proto_cipher cipher = cipher_find_span(span);
	struct proto_span family, mode;

	if (cipher != PROTO_CIPHER_NONE || proto_span_is(span, "none")) {
		strcpy(out, proto_cipher_name(cipher));
		return true;
	}
	if (!cipher_legacy_name(span, &family, &mode))
		return false;
	memcpy(out, family.at, family.len);
	out[family.len] = '-';
	memcpy(out + family.len + 1, mode.at, mode.len);
	out[family.len + 1 + mode.len] = '\0';
	return true;
}

static int cipher_list_append(char *list, const char *names)
{
	size_t len = strlen(list);
	size_t add = strlen(names);

	if (len + (len != 0) + add >= PROTO_CIPHER_LIST_MAX)
		return -E2BIG;
	if (len)
		list[len++] = ':';
	memcpy(list + len, names, add + 1);
	return 0;
}

static int cipher_list_add(char *list, struct proto_span element,
			   const char **bad)
{
	char name[CIPHER_NAME_MAX];
	struct proto_span span = element;
	bool is_optional = span.len && span.at[0] == '?';

	if (is_optional) {
		span.at++;
		span.len--;
	}
	if (!element.len)
		return 0;
	if (span.len == strlen("DEFAULT") &&
	    !memcmp(span.at, "DEFAULT", span.len))
		return cipher_list_append(list, CIPHER_LIST_DEFAULT);
	if (cipher_normalise(span, name))
		return cipher_list_append(list, name);
	if (is_optional)
		return 0;
	*bad = element.at;
	return -EINVAL;
}

int proto_cipher_list_normalise(const char *list, char *out, const char **bad)
{
	struct proto_span element;
	const char *pos = list;
	int ret;

	*bad = NULL;
	out[0] = '\0';
	while (proto_span_next(&pos, ':', &element)) {
		ret = cipher_list_add(out, element, bad);
		if (ret)
			return ret;
	}
	return out[0] ? 0 : -ENODATA;
}

static bool cipher_list_has_span(struct proto_span list, struct proto_span name)
{
	struct proto_span element;
	const char *end, *sep;

	if (!list.at || !name.at)
		return false;
	end = list.at + list.len;
	for (element.at = list.at; element.at <= end; element.at = sep + 1) {
		sep = memchr(element.at, ':', (size_t)(end - element.at));
		if (!sep)
			sep = end;
		element.len = (size_t)(sep - element.at);
		if (element.len && proto_span_is_equal(element, name))
			return true;
	}
	return false;
}

bool proto_cipher_list_has(const char *list, const char *name)
{
	struct proto_span all = { .at = list, .len = strlen(list) };
	struct proto_span one = { .at = name, .len = strlen(name) };

	return cipher_list_has_span(all, one);
}

void proto_cipher_list_aead(const char *list, char *out)
{
	struct proto_span element;
	const char *pos = list;
	size_t len = 0;

	out[0] = '\0';
	while (proto_span_next(&pos, ':', &element)) {
		if (!proto_cipher_is_aead(cipher_find_span(element)) ||
		    len + element.len + 2 > PROTO_CIPHER_LIST_MAX)
			continue;
		if (len)
			out[len++] = ':';
		memcpy(out + len, element.at, element.len);
		len += element.len;
		out[len] = '\0';
	}
}

/* negotiation (section 8.4) */

enum proto_cipher proto_cipher_negotiate(const char *server_list,
					 const char *peer_info, const char *occ,
					 const char *fallback,
					 bool *is_pushable)
{
	static const char ncp2_list[] = "AES-256-GCM:AES-128-GCM";
	struct proto_span client, remote = { NULL, 0 }, element;
	bool has_ncp2 = proto_peer_info_number(peer_info, "IV_NCP") >= 2;
	const char *pos = server_list;
	enum proto_cipher cipher;

	client = proto_peer_info_find(peer_info, "IV_CIPHERS");
	*is_pushable = client.at || has_ncp2;
	if (!client.at)
		remote = proto_occ_find(occ, "cipher");
	if (!client.at && has_ncp2) {
		client.at = ncp2_list;
		client.len = strlen(ncp2_list);
	}
	while (proto_span_next(&pos, ':', &element)) {
		cipher = cipher_find_span(element);
		if (cipher == PROTO_CIPHER_NONE)
			continue;
		if (cipher_list_has_span(client, element) ||
		    proto_span_is_equal(remote, element))
			return cipher;
	}
	/* For a peer that named nothing at all, not for one that disagrees. */
	if (client.at || remote.at || !fallback)
		return PROTO_CIPHER_NONE;
	return proto_cipher_find(fallback);
}
