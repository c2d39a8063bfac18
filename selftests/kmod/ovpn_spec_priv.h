/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_SPEC_PRIV_H
#define OVPN_SPEC_PRIV_H

#include "ovpn_spec.h"

enum spec_kind {
	SPEC_U8,
	SPEC_U32,
	SPEC_U64,
	SPEC_S32,
	SPEC_UINT,
	SPEC_BE16,
	SPEC_IPV4,
	SPEC_IPV6,
	SPEC_STR,
	SPEC_BIN,
	SPEC_NEST,
};

/**
 * struct spec_attr - one attribute; a set ends with a NULL name
 * @name: in texts
 * @type: number on the wire
 * @kind: type of its payload
 * @nest: the set inside, for SPEC_NEST
 * @values: names of the numbers 0, 1, ..., or NULL
 */
struct spec_attr {
	const char *name;
	uint16_t type;
	enum spec_kind kind;
	const struct spec_attr *nest;
	const char *const *values;
};

struct spec_command {
	const char *name;
	uint8_t number;
};

/**
 * struct spec_family - a generic netlink family
 * @suffix: with the name of the link kind before it, its name
 * @group: its multicast group
 * @top: attributes
 * @commands: commands; ends with a NULL name
 */
struct spec_family {
	const char *suffix;
	const char *group;
	const struct spec_attr *top;
	const struct spec_command *commands;
};

#endif
