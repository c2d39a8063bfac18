// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cipher lists: "LIST", or "LIST<newline>PEER-INFO". A normalised list does not
 * change when it is normalised again.
 */
#include "fuzz.h"
#include "proto/proto.h"

static void check_list(const char *list)
{
	char out[PROTO_CIPHER_LIST_MAX], again[PROTO_CIPHER_LIST_MAX];
	const char *bad;
	int ret = proto_cipher_list_normalise(list, out, &bad);

	if (ret) {
		FUZZ_CHECK(!bad || (bad >= list && bad <= list + strlen(list)));
		return;
	}
	FUZZ_CHECK(!bad);
	FUZZ_CHECK(strlen(out) < PROTO_CIPHER_LIST_MAX);
	FUZZ_CHECK(!proto_cipher_list_normalise(out, again, &bad));
	FUZZ_CHECK(!strcmp(out, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char server[] = "AES-256-GCM:AES-128-GCM:"
		"CHACHA20-POLY1305";
	char *text = fuzz_text(data, size);
	char *info = strchr(text, '\n');
	enum proto_cipher cipher;
	bool is_pushable;

	if (info)
		*info++ = '\0';
	else
		info = text + strlen(text);
	check_list(text);
	proto_cipher_list_has(text, "AES-256-GCM");
	cipher = proto_cipher_negotiate(server, info, text, NULL,
					&is_pushable);
	FUZZ_CHECK(cipher == PROTO_CIPHER_NONE ||
		   proto_cipher_list_has(server, proto_cipher_name(cipher)));
	free(text);
	return 0;
}
