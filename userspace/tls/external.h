/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_EXTERNAL_H
#define TLS_EXTERNAL_H

#include <openssl/core_dispatch.h>

#include "tls/internal.h"

/*
 * A private key that is not here, as a provider of OpenSSL's: its keys know the
 * public half, which the certificate has, and whom to ask for a signature. It
 * lives in a library context of its own, so that nothing else can come upon it.
 */

/* Known nowhere else, so that a key of ours is signed with by us. */
#define TLS_EXTERNAL_SIGNATURE	"ovpn-external"

/* Of EVP_PKEY_fromdata(): the address of a struct tls_external_source */
#define TLS_EXTERNAL_PARAM	"ovpn-source"

/* struct tls_external_source - what a key is made of; borrowed for the call */
struct tls_external_source {
	EVP_PKEY *public;
	const struct tls_signer *signer;
};

/**
 * struct tls_external_key - the library's handle of a key
 * @type: its name in OpenSSL
 * @public: NULL as long as it is empty
 * @has_private: @signer is set; otherwise it is there to be compared with
 */
struct tls_external_key {
	const char *type;
	EVP_PKEY *public;
	bool has_private;
	struct tls_signer signer;
};

extern const OSSL_ALGORITHM tls_external_keys[], tls_external_signatures[];

#endif
