// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

/* Sections 5.2 and 5.3: the options string that peers compare. */

#define OCC_NULL_DIGEST "[null-digest]"

static const struct occ_digest {
	const char *name;
	unsigned int len;
} digests[] = {
	{ "MD5", 16 },		{ "SHA1", 20 },		{ "SHA224", 28 },
	{ "SHA256", 32 },	{ "SHA384", 48 },	{ "SHA512", 64 },
	{ "SHA512-256", 32 },	{ "SHA3-224", 28 },	{ "SHA3-256", 32 },
	{ "SHA3-384", 48 },	{ "SHA3-512", 64 },	{ "RIPEMD160", 20 },
	{ "BLAKE2s256", 32 },	{ "BLAKE2b512", 64 },	{ "SM3", 32 },
	{ "whirlpool", 64 },
};

static unsigned int occ_digest_len(const char *auth)
{
	struct proto_span name = { .at = auth, .len = strlen(auth) };
	size_t i;

	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (proto_span_is(name, digests[i].name))
			return digests[i].len;
	}
	return 0;
}

static bool occ_has_suffix(const char *str, const char *suffix)
{
	size_t len = strlen(str);
	size_t n = strlen(suffix);

	return len >= n && !strcmp(str + len - n, suffix);
}

/*
 * Bytes of the data channel's encryption as OpenVPN has always counted them,
 * which is not what goes over the wire (section 5.3).
 */
static unsigned int occ_crypto_overhead(const struct proto_occ *occ)
{
	const unsigned int pid = 4, long_pid = 8;
	unsigned int md = occ_digest_len(occ->auth);
	const char *cipher = occ->cipher;
	unsigned int block;

	/* Left out: an AEAD cipher or, by default, BF-CBC. */
	if (!cipher)
		cipher = strcmp(occ->auth, OCC_NULL_DIGEST) ? "BF-CBC" :
							      "AES-256-GCM";
	if (proto_cipher_is_aead(proto_cipher_find(cipher)))
		return pid + 16 + 12 + 16;
	if (!strcmp(cipher, "BF-CBC"))
		return pid + md + 16;
	block = strncmp(cipher, "DES", 3) ? 16 : 8;
	if (occ_has_suffix(cipher, "-CBC"))
		return pid + 2 * block + md;
	if (strstr(cipher, "-CFB") || strstr(cipher, "-OFB"))
		return long_pid + 2 * block + md;
	return pid + md;
}

/* Of Ethernet, as OpenVPN counts it. */
static unsigned int occ_extra(const struct proto_occ *occ)
{
	return occ->is_tap ? 32 : 0;
}

static unsigned int occ_link_mtu(const struct proto_occ *occ)
{
	const unsigned int op = 1;

	if (occ->link_mtu)
		return occ->link_mtu;
	return occ->tun_mtu + occ_extra(occ) + op + (occ->is_tcp ? 2 : 0) +
	       (occ->has_framing ? 1 : 0) + (occ->has_fragment ? 4 : 0) +
	       occ_crypto_overhead(occ);
}

struct occ_out {
	char *at;
	size_t cap;
	size_t len;
	bool is_bad;
};

__attribute__((format(printf, 2, 3)))
static void occ_print(struct occ_out *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (out->is_bad)
		return;
	va_start(ap, fmt);
	n = vsnprintf(out->at + out->len, out->cap - out->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= out->cap - out->len)
		out->is_bad = true;
	else
		out->len += (size_t)n;
}

static const char *occ_proto_name(const struct proto_occ *occ)
{
	if (!occ->is_tcp)
		return "UDPv4";
	return occ->is_server ? "TCPv4_SERVER" : "TCPv4_CLIENT";
}

int proto_occ_build(const struct proto_occ *occ, char *out, size_t cap)
{
	struct occ_out text = { .at = out, .cap = cap };

	occ_print(&text, "V4,dev-type %s,link-mtu %u,tun-mtu %u,proto %s",
		  occ->is_tap ? "tap" : "tun", occ_link_mtu(occ),
		  occ->tun_mtu + occ_extra(occ), occ_proto_name(occ));
	if (occ->has_framing)
		occ_print(&text, ",comp-lzo");
	if (occ->has_fragment)
		occ_print(&text, ",mtu-dynamic");
	if (occ->key_direction >= 0)
		occ_print(&text, ",keydir %d", occ->key_direction);
	if (occ->cipher)
		occ_print(&text, ",cipher %s", occ->cipher);
	occ_print(&text, ",auth %s,keysize %u", occ->auth, occ->keysize);
	if (occ->has_tls_auth)
		occ_print(&text, ",tls-auth");
	occ_print(&text, ",key-method 2,%s",
		  occ->is_server ? "tls-server" : "tls-client");
	return text.is_bad ? -ENOBUFS : 0;
}

struct proto_span proto_occ_find(const char *occ, const char *name)
{
	struct proto_span item, value = { NULL, 0 };
	size_t len = strlen(name);
	const char *pos = occ;

	while (proto_span_next(&pos, ',', &item)) {
		if (item.len < len || memcmp(item.at, name, len) != 0)
			continue;
		if (item.len > len && item.at[len] != ' ')
			continue;
		value.at = item.at + len + (item.len > len);
		value.len = item.len - len - (item.len > len);
		break;
	}
	return value;
}

bool proto_occ_has(const char *occ, const char *name)
{
	return proto_occ_find(occ, name).at != NULL;
}

int proto_occ_get(const char *occ, const char *name, char *out, size_t cap)
{
	return proto_span_copy(proto_occ_find(occ, name), out, cap);
}
