/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NL_MUTATE_H
#define NL_MUTATE_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz_inner.h"

#define NL_MUTATE_MAX	8192	/* bytes of a message */
#define NL_MUTATE_ATTRS	256

/**
 * struct nl_mutate - a generic netlink message being damaged
 * @data: the message, with struct nlmsghdr
 * @len: bytes at @data, whatever its header says
 * @attr: where attributes begin, those in nests behind their nest
 * @end: where they end
 * @n: how many there are
 */
struct nl_mutate {
	_Alignas(8) uint8_t data[NL_MUTATE_MAX];
	size_t len;
	uint16_t attr[NL_MUTATE_ATTRS];
	uint16_t end[NL_MUTATE_ATTRS];
	size_t n;
};

/**
 * nl_mutate() - damage a message
 * @m: @data and @len are set
 * @other: whose attributes may get into it
 * @r: source of chance
 *
 * Its type stays, and so do NLM_F_REQUEST and NLM_F_ACK.
 */
void nl_mutate(struct nl_mutate *m, const struct nl_mutate *other,
	       struct fuzz_random *r);

#endif
