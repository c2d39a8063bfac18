// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

/*
 * Section 2.5: a server session id that proves, without any state, that its
 * bearer can receive at its address. The key is a new one every hour: each slot
 * of time belongs to one key, and a key is wiped when the last of its slots
 * cannot be valid any more. So whoever reads the process's memory learns
 * nothing of earlier cookies, and the validity of one never depends on when the
 * key changed.
 */

#define COOKIE_KEY_LEN	32
#define COOKIE_MAC_LEN	32
#define COOKIE_SLOTS	3	/* this one and the two before */
#define COOKIE_KEY_LIFE	3600	/* seconds */

/**
 * struct cookie_key - the key of some slots
 * @mac: NULL: there is none
 * @epoch: number of the slots' group
 */
struct cookie_key {
	EVP_MAC_CTX *mac;
	uint32_t epoch;
};

/**
 * struct wrap_cookie - see wrap.h
 * @keys: the newest, and the one before it
 * @has_epoch: the newest has been used
 */
struct wrap_cookie {
	struct cookie_key keys[2];
	bool has_epoch;
	unsigned int slot_len;	/* seconds */
	uint32_t slots_per_key;
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
	cookie->slots_per_key = COOKIE_KEY_LIFE / cookie->slot_len;
	if (cookie->slots_per_key < COOKIE_SLOTS)
		cookie->slots_per_key = COOKIE_SLOTS;
	cookie->keys[0].mac = wrap_mac_new("SHA256", key, COOKIE_KEY_LEN);
	if (!cookie->keys[0].mac) {
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

static void cookie_key_drop(struct cookie_key *key)
{
	EVP_MAC_CTX_free(key->mac);
	key->mac = NULL;
}

void wrap_cookie_free(struct wrap_cookie *cookie)
{
	if (!cookie)
		return;
	cookie_key_drop(&cookie->keys[0]);
	cookie_key_drop(&cookie->keys[1]);
	free(cookie);
}

/* The key for a new group of slots. After a jump of the clock it is alone. */
static int cookie_rotate(struct wrap_cookie *cookie, uint32_t epoch)
{
	uint8_t key[COOKIE_KEY_LEN];
	EVP_MAC_CTX *mac = NULL;

	if (RAND_priv_bytes(key, sizeof(key)) == 1)
		mac = wrap_mac_new("SHA256", key, sizeof(key));
	mem_wipe(key, sizeof(key));
	if (!mac)
		return -ENOMEM;
	cookie_key_drop(&cookie->keys[1]);
	if (epoch == cookie->keys[0].epoch + 1)
		cookie->keys[1] = cookie->keys[0];
	else
		cookie_key_drop(&cookie->keys[0]);
	cookie->keys[0] = (struct cookie_key){ mac, epoch };
	return 0;
}

/* The keys as they have to be in @slot; 0 or -ENOMEM. */
static int cookie_turn(struct wrap_cookie *cookie, uint32_t slot)
{
	uint32_t epoch = slot / cookie->slots_per_key;

	if (!cookie->has_epoch) {
		cookie->has_epoch = true;
		cookie->keys[0].epoch = epoch;
	}
	if (epoch == cookie->keys[0].epoch &&
	    slot % cookie->slots_per_key >= COOKIE_SLOTS - 1)
		cookie_key_drop(&cookie->keys[1]);
	return epoch == cookie->keys[0].epoch ? 0 :
						cookie_rotate(cookie, epoch);
}

static EVP_MAC_CTX *cookie_mac(const struct wrap_cookie *cookie, uint32_t slot)
{
	uint32_t epoch = slot / cookie->slots_per_key;

	for (size_t i = 0; i < 2; i++)
		if (cookie->keys[i].mac && cookie->keys[i].epoch == epoch)
			return cookie->keys[i].mac;
	return NULL;
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
	EVP_MAC_CTX *ctx = cookie_mac(cookie, slot);
	struct mem_writer wr;
	int ret;

	if (!ctx)
		return -ENOKEY;
	mem_writer_init(&wr, slot_be, sizeof(slot_be));
	mem_write_be32(&wr, slot);
	ret = wrap_mac(ctx, spans, 3, mac, sizeof(mac));
	if (!ret)
		memcpy(out->b, mac, PROTO_SID_LEN);
	return ret;
}

static uint32_t cookie_slot(const struct wrap_cookie *cookie, int64_t now)
{
	return (uint32_t)(now / (int64_t)cookie->slot_len);
}

int wrap_cookie_make(struct wrap_cookie *cookie, int64_t now,
		     const void *addr, size_t addr_len,
		     const struct proto_sid *client, struct proto_sid *out)
{
	uint32_t slot = cookie_slot(cookie, now);
	int ret = cookie_turn(cookie, slot);

	return ret ? ret : cookie_compute(cookie, slot, addr, addr_len, client,
					  out);
}

bool wrap_cookie_check(struct wrap_cookie *cookie, int64_t now,
		       const void *addr, size_t addr_len,
		       const struct proto_sid *client,
		       const struct proto_sid *sid)
{
	uint32_t slot = cookie_slot(cookie, now);
	struct proto_sid expected;
	bool is_valid = false;
	uint32_t i;

	if (cookie_turn(cookie, slot))
		return false;
	/* All slots, always: the time taken does not tell which one it was. */
	for (i = 0; i < COOKIE_SLOTS; i++) {
		if (!cookie_compute(cookie, slot - i, addr, addr_len, client,
				    &expected))
			is_valid |= proto_sid_is_equal(&expected, sid);
	}
	return is_valid;
}
