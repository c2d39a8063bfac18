// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

/*
 * Section 2.5: a server session id that proves, without any state, that its
 * bearer can receive at its address.
 */

#define COOKIE_KEY_LEN	32
#define COOKIE_MAC_LEN	32
#define COOKIE_SLOTS	3	/* this one and the two before */

struct wrap_cookie {
	EVP_MAC_CTX *mac;
	unsigned int slot_len;	/* seconds */
};

struct wrap_cookie *wrap_cookie_new_keyed(unsigned int hand_window,
					  const uint8_t *key)
{
	struct wrap_cookie *cookie;

	cookie = calloc(1, sizeof(*cookie));
	if (!cookie)
		return NULL;
	cookie->slot_len = hand_window / 2 + hand_window % 2;
	if (!cookie->slot_len)
		cookie->slot_len = 1;
	cookie->mac = wrap_mac_new("SHA256", key, COOKIE_KEY_LEN);
	if (!cookie->mac) {
		free(cookie);
		return NULL;
	}
	return cookie;
}

struct wrap_cookie *wrap_cookie_new(unsigned int hand_window)
{
	struct wrap_cookie *cookie = NULL;
	uint8_t key[COOKIE_KEY_LEN];

	if (RAND_priv_bytes(key, sizeof(key)) == 1)
		cookie = wrap_cookie_new_keyed(hand_window, key);
	mem_wipe(key, sizeof(key));
	return cookie;
}

void wrap_cookie_free(struct wrap_cookie *cookie)
{
	if (!cookie)
		return;
	EVP_MAC_CTX_free(cookie->mac);
	free(cookie);
}

static int cookie_compute(const struct wrap_cookie *cookie, uint32_t slot,
			  const void *addr, size_t addr_len,
			  const struct proto_sid *client, struct proto_sid *out)
{
	uint8_t mac[COOKIE_MAC_LEN], slot_be[4];
	const struct wrap_span spans[] = {
		{ slot_be, sizeof(slot_be) },
		{ addr, addr_len },
		{ client->b, PROTO_SID_LEN },
	};
	struct mem_writer wr;
	int ret;

	mem_writer_init(&wr, slot_be, sizeof(slot_be));
	mem_write_be32(&wr, slot);
	ret = wrap_mac(cookie->mac, spans, 3, mac, sizeof(mac));
	if (!ret)
		memcpy(out->b, mac, PROTO_SID_LEN);
	return ret;
}

static uint32_t cookie_slot(const struct wrap_cookie *cookie, int64_t now)
{
	return (uint32_t)(now / (int64_t)cookie->slot_len);
}

int wrap_cookie_make(const struct wrap_cookie *cookie, int64_t now,
		     const void *addr, size_t addr_len,
		     const struct proto_sid *client, struct proto_sid *out)
{
	return cookie_compute(cookie, cookie_slot(cookie, now), addr, addr_len,
			      client, out);
}

bool wrap_cookie_check(const struct wrap_cookie *cookie, int64_t now,
		       const void *addr, size_t addr_len,
		       const struct proto_sid *client,
		       const struct proto_sid *sid)
{
	uint32_t slot = cookie_slot(cookie, now);
	struct proto_sid expected;
	bool is_valid = false;
	uint32_t i;

	/* All slots, always: the time taken does not tell which one it was. */
	for (i = 0; i < COOKIE_SLOTS; i++) {
		if (!cookie_compute(cookie, slot - i, addr, addr_len, client,
				    &expected))
			is_valid |= proto_sid_is_equal(&expected, sid);
	}
	return is_valid;
}
