// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "keygen/keygen.h"

#define NEVER		UINT64_MAX
#define KEY_ID_MASK	7u

void keygen_rotation_init(struct keygen_rotation *rot)
{
	memset(rot, 0, sizeof(*rot));
}

/* The secondary holds a new key that waits to send, or an old one to die. */
static bool is_waiting(const struct keygen_slot *slot)
{
	return slot->is_used && slot->must_die == NEVER;
}

static bool is_retired(const struct keygen_slot *slot)
{
	return slot->is_used && slot->must_die != NEVER;
}

static void swap(struct keygen_rotation *rot)
{
	struct keygen_slot old = rot->primary;

	rot->primary = rot->secondary;
	rot->secondary = old;
}

enum keygen_action keygen_rotation_make_room(struct keygen_rotation *rot)
{
	if (!is_waiting(&rot->secondary))
		return KEYGEN_ACTION_NONE;
	swap(rot);
	return KEYGEN_ACTION_SWAP;
}

int keygen_rotation_add(struct keygen_rotation *rot, uint8_t key_id,
			uint64_t usable_at, uint64_t old_must_die)
{
	struct keygen_slot key = {
		.is_used = true,
		.key_id = key_id,
		.usable_at = usable_at,
		.must_die = NEVER,
	};

	if (!rot->primary.is_used) {
		rot->primary = key;
		return 0;
	}
	/* NEVER marks a key that waits: a retired one dies a little earlier. */
	rot->primary.must_die = old_must_die == NEVER ? NEVER - 1 :
							old_must_die;
	rot->secondary = key;
	return 1;
}

/* A transition window shorter than the wait for the peer ends the wait. */
static uint64_t swap_due(const struct keygen_rotation *rot)
{
	uint64_t usable_at = rot->secondary.usable_at;
	uint64_t must_die = rot->primary.must_die;

	return usable_at < must_die ? usable_at : must_die;
}

enum keygen_action keygen_rotation_step(struct keygen_rotation *rot,
					uint64_t now)
{
	if (is_waiting(&rot->secondary) && now >= swap_due(rot)) {
		swap(rot);
		return KEYGEN_ACTION_SWAP;
	}
	if (is_retired(&rot->secondary) && now >= rot->secondary.must_die) {
		memset(&rot->secondary, 0, sizeof(rot->secondary));
		return KEYGEN_ACTION_DELETE_SECONDARY;
	}
	return KEYGEN_ACTION_NONE;
}

uint64_t keygen_rotation_deadline(const struct keygen_rotation *rot)
{
	uint64_t due = NEVER;

	if (is_waiting(&rot->secondary))
		due = swap_due(rot);
	else if (is_retired(&rot->secondary))
		due = rot->secondary.must_die;
	return due == NEVER - 1 ? NEVER : due;
}

uint8_t keygen_next_key_id(uint8_t key_id)
{
	uint8_t next = (key_id + 1) & KEY_ID_MASK;

	return next ? next : 1;
}

uint64_t keygen_reneg_delay(uint32_t reneg_sec, uint32_t reneg_sec_min,
			    uint32_t random)
{
	uint32_t spread = reneg_sec > reneg_sec_min ?
			  reneg_sec - reneg_sec_min : 1;

	if (!reneg_sec)
		return NEVER;
	return (uint64_t)(reneg_sec - random % spread) * 1000;
}
