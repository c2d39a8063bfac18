// SPDX-License-Identifier: GPL-2.0-only
/* Needs nothing of the kernel, so that a fuzzer can run it. */
#include "record.h"
#include "wire.h"

/**
 * dco_record_parse() - how long and of which kind is a record?
 * @bytes: its first bytes
 * @len: how many are there; DCO_RECORD_HEAD suffice
 * @size: receives the record's size with its prefix, unless the answer is
 *	DCO_RECORD_MORE or DCO_RECORD_BAD
 *
 * Return: the kind.
 */
enum dco_record dco_record_parse(const u8 *bytes, size_t len, size_t *size)
{
	size_t total;

	if (len < DCO_RECORD_PREFIX)
		return DCO_RECORD_MORE;
	total = DCO_RECORD_PREFIX + (bytes[0] << 8 | bytes[1]);
	if (total < DCO_RECORD_MIN)
		return DCO_RECORD_BAD;
	if (len < DCO_RECORD_HEAD)
		return DCO_RECORD_MORE;

	*size = total;
	/* the opcode is the upper five bits */
	switch (bytes[DCO_RECORD_PREFIX] >> 3) {
	case DCO_OPCODE_DATA_V2:
		return DCO_RECORD_DATA;
	case DCO_OPCODE_DATA_V1:
		return DCO_RECORD_DATA_V1;
	}
	return DCO_RECORD_CONTROL;
}
