// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's replay window against one that remembers every packet id. The
 * input is a state to start from and steps to other ids.
 */
#include "fuzz.h"
#include "kmod/kmod.h"

#include "../../kmod/replay.c"

#define IDS_MAX		2048
#define SEEN_MAX	1100
#define ID_LIMIT	(1ULL << 48)

struct model {
	u64 start;
	u64 highest;
	const u8 *seen;
	size_t seen_len;
	u64 ids[IDS_MAX];
	size_t n;
};

static bool model_has(const struct model *model, u64 id)
{
	u64 behind = model->start - id;
	size_t i;

	for (i = 0; i < model->n; i++)
		if (model->ids[i] == id)
			return true;
	if (id > model->start)
		return false;
	if (behind / 8 < model->seen_len)
		return model->seen[behind / 8] >> behind % 8 & 1;
	return true;
}

static bool model_accept(struct model *model, u64 id, bool *is_newest)
{
	*is_newest = id > model->highest;
	if (!id || model_has(model, id))
		return false;
	if (*is_newest)
		model->highest = id;
	else if (model->highest - id >= DCO_REPLAY_WINDOW)
		return false;
	model->ids[model->n++] = id;
	return true;
}

static u64 take(const u8 **data, size_t *size, size_t n)
{
	u64 value = 0;

	for (; n && *size; n--, (*size)--)
		value = value << 8 | *(*data)++;
	return value;
}

/* A step: a little or a lot, forwards or backwards, and the window's edges */
static u64 next_id(u64 highest, const u8 **data, size_t *size)
{
	u8 kind = (u8)take(data, size, 1);
	u64 way = kind >> 3;

	switch (kind & 7) {
	case 0: return highest + way;
	case 1: return highest - way;
	case 2: return highest + take(data, size, 2);
	case 3: return highest - take(data, size, 2);
	case 4: return highest - DCO_REPLAY_WINDOW + way;
	case 5: return highest - DCO_REPLAY_WINDOW - way;
	case 6: return highest + DCO_REPLAY_BITS - 16 + way;
	default: return take(data, size, 6);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dco_replay replay;
	static struct model model;
	bool is_newest, should_be_newest, ok;
	u8 *seen;
	u64 id;

	model = (struct model){ 0 };
	if (take(&data, &size, 1) & 1)
		model.start = take(&data, &size, 6);
	model.highest = model.start;
	if (model.start)
		model.seen_len = (size_t)take(&data, &size, 2) % SEEN_MAX;
	if (model.seen_len > size)
		model.seen_len = size;
	seen = malloc(model.seen_len ? model.seen_len : 1);
	FUZZ_CHECK(seen);
	memcpy(seen, data, model.seen_len);
	model.seen = seen;
	data += model.seen_len;
	size -= model.seen_len;

	dco_replay_init(&replay, model.start, seen, model.seen_len);
	while (size && model.n < IDS_MAX) {
		id = next_id(model.highest, &data, &size);
		if (id >= ID_LIMIT)
			continue;
		ok = dco_replay_accept(&replay, id, &is_newest);
		FUZZ_CHECK(ok == model_accept(&model, id, &should_be_newest));
		FUZZ_CHECK(!ok || is_newest == should_be_newest);
		FUZZ_CHECK(ok || !is_newest);
	}
	free(seen);
	return 0;
}
