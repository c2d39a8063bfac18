// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wrapped packets. The first byte chooses the wrapping. The rest is opened as
 * it is, which gets through without a wrapping only, and then sealed as a body,
 * opened, and opened again.
 */
#include <errno.h>

#include "fuzz.h"
#include "wrap/wrap.h"

#define N_KEYS 4

static struct wrap_key *senders[N_KEYS], *receivers[N_KEYS];

static struct wrap_key *key_new(size_t which, enum wrap_direction direction)
{
	static const enum wrap_mode modes[N_KEYS] = {
		WRAP_MODE_NONE, WRAP_MODE_TLS_AUTH, WRAP_MODE_TLS_AUTH,
		WRAP_MODE_TLS_CRYPT,
	};
	static const char *const digests[N_KEYS] = {
		NULL, "SHA1", "SHA512", NULL,
	};
	uint8_t static_key[WRAP_STATIC_KEY_LEN];
	struct wrap_key *key;
	size_t i;

	for (i = 0; i < sizeof(static_key); i++)
		static_key[i] = (uint8_t)(i * 5 + 1);
	FUZZ_CHECK(!wrap_key_new(modes[which], static_key, direction,
				 digests[which], &key));
	return key;
}

static void keys_init(void)
{
	size_t i;

	for (i = 0; i < N_KEYS && !senders[i]; i++) {
		senders[i] = key_new(i, WRAP_DIRECTION_INVERSE);
		receivers[i] = key_new(i, WRAP_DIRECTION_NORMAL);
	}
}

static void check_raw(struct wrap_key *key, const uint8_t *pkt,
		      size_t len)
{
	size_t cap = len > 16 ? len - 16 : 0;
	uint8_t *body = malloc(cap + 1);
	struct wrap_rx rx = { 0 };
	size_t body_len = 0;
	int ret;

	FUZZ_CHECK(body);
	ret = wrap_open(key, &rx, 0, pkt, len, body, cap, &body_len, NULL);
	FUZZ_CHECK(ret == 0 || ret == -EBADMSG || ret == -ENOBUFS);
	FUZZ_CHECK(ret || body_len <= cap);
	FUZZ_CHECK(ret || wrap_key_mode(key) == WRAP_MODE_NONE);
	free(body);
}

static void check_sealed(size_t which, const uint8_t *data, size_t len)
{
	static uint8_t pkt[8192], body[8192];
	static const uint8_t head[PROTO_HEAD_LEN] = { 0x20, 1 };
	struct wrap_tx tx = { 0 };
	struct wrap_rx rx = { 0 };
	size_t pkt_len, body_len;
	bool is_plain = wrap_key_mode(senders[which]) == WRAP_MODE_NONE;

	if (len > sizeof(pkt) - PROTO_HEAD_LEN - 128)
		return;
	FUZZ_CHECK(!wrap_seal(senders[which], &tx, 1, head, data, len, pkt,
			      sizeof(pkt), &pkt_len));
	FUZZ_CHECK(!wrap_open(receivers[which], &rx, 1, pkt, pkt_len, body,
			      sizeof(body), &body_len, NULL));
	FUZZ_CHECK(body_len == len && (!len || !memcmp(body, data, len)));
	FUZZ_CHECK(wrap_open(receivers[which], &rx, 1, pkt, pkt_len, body,
			     sizeof(body), &body_len, NULL) ==
		   (is_plain ? 0 : -EALREADY));
	if (is_plain)
		return;
	pkt[len % pkt_len] ^= 1;
	FUZZ_CHECK(wrap_open(receivers[which], NULL, 1, pkt, pkt_len, body,
			     sizeof(body), &body_len, NULL) == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t which;

	if (!size)
		return 0;
	keys_init();
	which = data[0] % N_KEYS;
	check_raw(receivers[which], data + 1, size - 1);
	check_sealed(which, data + 1, size - 1);
	return 0;
}
