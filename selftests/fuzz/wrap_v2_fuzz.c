// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls-crypt-v2: packets with a wrapped key at their end, and key files. The
 * input is also sealed as metadata, and has to come out as it went in.
 */
#include <errno.h>

#include "fuzz.h"
#include "wrap/wrap.h"

static struct wrap_v2 *server;

static void check_packet(const uint8_t *pkt, size_t len)
{
	uint8_t key[WRAP_STATIC_KEY_LEN], metadata[WRAP_V2_METADATA_MAX];
	size_t wkc_len = 0, n = 0;
	int ret;

	ret = wrap_v2_split(pkt, len, &wkc_len);
	FUZZ_CHECK(ret == 0 || ret == -EBADMSG);
	if (ret)
		return;
	FUZZ_CHECK(wkc_len + PROTO_HEAD_LEN <= len);
	FUZZ_CHECK(wrap_v2_open(server, pkt + len - wkc_len, wkc_len, key,
				metadata, &n) == -EBADMSG);
}

static void check_metadata(const uint8_t *data, size_t len)
{
	uint8_t key[WRAP_STATIC_KEY_LEN], metadata[WRAP_V2_METADATA_MAX];
	struct wrap_v2_client client = { .key = { 1, 2, 3 } };
	size_t n = 0;
	int ret;

	ret = wrap_v2_seal(server, &client, data, len);
	FUZZ_CHECK(ret == (len > WRAP_V2_METADATA_MAX ? -EMSGSIZE : 0));
	if (ret)
		return;
	FUZZ_CHECK(!wrap_v2_open(server, client.wkc, client.wkc_len, key,
				 metadata, &n));
	FUZZ_CHECK(n == len && (!len || !memcmp(metadata, data, len)));
	FUZZ_CHECK(!memcmp(key, client.key, sizeof(key)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t key[WRAP_V2_SERVER_KEY_LEN] = { 9 };
	struct wrap_v2_client client;

	if (!server)
		FUZZ_CHECK(!wrap_v2_new(key, &server));
	check_packet(data, len);
	check_metadata(data, len);
	wrap_v2_server_parse((const char *)data, len, key);
	if (!wrap_v2_client_parse((const char *)data, len, &client))
		FUZZ_CHECK(client.wkc_len <= sizeof(client.wkc));
	return 0;
}
