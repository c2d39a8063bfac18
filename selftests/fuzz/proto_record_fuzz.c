// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of a stranger's stream: whatever the pieces in which it comes, the
 * same packets are found, and nothing behind what has come is looked at.
 *
 * Input: the longest packet (2 bytes), a seed for the pieces, the stream.
 */
#include <errno.h>

#include "fuzz.h"
#include "proto/proto.h"

/**
 * struct cut - what was found
 * @at: where the next record begins
 * @ret: what stopped it: -EAGAIN or -EBADMSG
 * @hash: of the packets' places
 */
struct cut {
	size_t at;
	int ret;
	unsigned int n;
	uint32_t hash;
};

static void cut_more(struct cut *cut, const uint8_t *stream, size_t len,
		     size_t max)
{
	size_t left = len - cut->at, size = 0;
	uint8_t prefix[PROTO_RECORD_PREFIX];
	/* of its own, so that the sanitizer sees a step beyond its end */
	uint8_t *have = malloc(left ? left : 1);
	size_t at = 0;

	FUZZ_CHECK(have);
	memcpy(have, stream + cut->at, left);
	for (;;) {
		cut->ret = proto_record_next(have + at, left - at, max, &size);
		if (cut->ret)
			break;
		FUZZ_CHECK(size > PROTO_RECORD_PREFIX && size <= left - at);
		FUZZ_CHECK(size - PROTO_RECORD_PREFIX <= max);
		proto_record_prefix(size - PROTO_RECORD_PREFIX, prefix);
		FUZZ_CHECK(!memcmp(prefix, have + at, sizeof(prefix)));
		cut->hash = cut->hash * 31 + (uint32_t)(cut->at + at) + 1;
		cut->n++;
		at += size;
	}
	FUZZ_CHECK(cut->ret == -EAGAIN || cut->ret == -EBADMSG);
	/* what is asked for is what makes the next call say more */
	FUZZ_CHECK(cut->ret == -EBADMSG || size > left - at);
	cut->at += at;
	free(have);
}

/* What has been said of a stream stays true, and three bytes are enough. */
static void stream_more(const uint8_t *data, size_t size)
{
	enum proto_stream now, before = PROTO_STREAM_UNKNOWN;

	for (size_t len = 0; len <= size && len <= 4; len++) {
		uint8_t *have = malloc(len ? len : 1);

		FUZZ_CHECK(have);
		memcpy(have, data, len);
		now = proto_record_stream(have, len);
		free(have);
		FUZZ_CHECK(before == PROTO_STREAM_UNKNOWN || now == before);
		FUZZ_CHECK(len < 3 || now != PROTO_STREAM_UNKNOWN);
		before = now;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut whole = { 0 }, pieces = { 0 };
	uint32_t x;
	size_t max, len;

	if (size < 3)
		return 0;
	max = (size_t)data[0] << 8 | data[1];
	x = data[2];
	data += 3;
	size -= 3;
	stream_more(data, size);
	cut_more(&whole, data, size, max);
	for (len = 0; len < size && pieces.ret != -EBADMSG;) {
		x = x * 1664525u + 1013904223u;
		len += 1 + (x >> 24) % 61;
		if (len > size)
			len = size;
		cut_more(&pieces, data, len, max);
	}
	if (!size)
		return 0;
	FUZZ_CHECK(whole.ret == pieces.ret && whole.at == pieces.at);
	FUZZ_CHECK(whole.n == pieces.n && whole.hash == pieces.hash);
	return 0;
}
