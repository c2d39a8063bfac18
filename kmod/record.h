/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of a TCP stream: each packet follows its length.
 *
 *   | length 16 | packet as in a datagram |
 *
 * The length is big-endian and does not count itself.
 */
#ifndef DCO_RECORD_H
#define DCO_RECORD_H

#include <linux/types.h>

#define DCO_RECORD_PREFIX	2
/* what has to be seen of a record to know how long and of which kind it is */
#define DCO_RECORD_HEAD		3
/* the shortest packet: its first word */
#define DCO_RECORD_MIN		(DCO_RECORD_PREFIX + 4)
#define DCO_RECORD_MAX		(DCO_RECORD_PREFIX + 0xffff)

/**
 * enum dco_record - what a record is
 * @DCO_RECORD_MORE: cannot be said yet
 * @DCO_RECORD_DATA: DATA_V2
 * @DCO_RECORD_DATA_V1: what only userspace can open
 * @DCO_RECORD_CONTROL: for userspace
 * @DCO_RECORD_BAD: nobody sends this; where the next one begins is unknown
 */
enum dco_record {
	DCO_RECORD_MORE,
	DCO_RECORD_DATA,
	DCO_RECORD_DATA_V1,
	DCO_RECORD_CONTROL,
	DCO_RECORD_BAD,
};

enum dco_record dco_record_parse(const u8 *bytes, size_t len, size_t *size);

/* writes the prefix of a packet of @len bytes */
static inline void dco_record_prefix(u8 *prefix, size_t len)
{
	prefix[0] = len >> 8;
	prefix[1] = len;
}

#endif /* DCO_RECORD_H */
