// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's records of a TCP stream: an answer never changes when more bytes
 * come, and a stream of them is cut without a step back or beyond its end.
 */
#include "fuzz.h"
#include "kmod/kmod.h"

#include "../../kmod/record.c"

static void check_record(const u8 *bytes, size_t len, enum dco_record kind,
			 size_t size)
{
	FUZZ_CHECK(size >= DCO_RECORD_MIN && size <= DCO_RECORD_MAX);
	FUZZ_CHECK(size == 2u + (bytes[0] << 8 | bytes[1]));
	FUZZ_CHECK(len >= DCO_RECORD_HEAD);
	FUZZ_CHECK((kind == DCO_RECORD_DATA) == (bytes[2] >> 3 == 9));
	FUZZ_CHECK((kind == DCO_RECORD_DATA_V1) == (bytes[2] >> 3 == 6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t record = 0, whole = 0, at = 0, len;
	enum dco_record kind, first;
	u8 *head;

	while (at < size) {
		first = DCO_RECORD_MORE;
		for (len = 0; len <= size - at && len <= 8; len++) {
			head = malloc(len ? len : 1);
			FUZZ_CHECK(head);
			memcpy(head, data + at, len);
			kind = dco_record_parse(head, len, &record);
			FUZZ_CHECK(first == DCO_RECORD_MORE || kind == first);
			if (first == DCO_RECORD_MORE)
				whole = record;
			first = kind;
			if (kind != DCO_RECORD_MORE &&
			    kind != DCO_RECORD_BAD) {
				check_record(head, len, kind, record);
				FUZZ_CHECK(record == whole);
			}
			free(head);
		}
		FUZZ_CHECK(len <= DCO_RECORD_HEAD || first != DCO_RECORD_MORE);
		if (first == DCO_RECORD_MORE || first == DCO_RECORD_BAD)
			break;
		at += whole;
	}
	return 0;
}
