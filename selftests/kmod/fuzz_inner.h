/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_INNER_H
#define FUZZ_INNER_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_INNER_MAX 4096

/* struct fuzz_random - a sequence that its seed repeats; @state is not 0 */
struct fuzz_random {
	uint64_t state;
};

/**
 * fuzz_below() - a number from 0 to @limit - 1
 */
size_t fuzz_below(struct fuzz_random *r, size_t limit);

/**
 * fuzz_mutate() - damage some bytes
 * @r: source of chance
 * @data: what to damage
 * @len: bytes at @data
 * @size: room at @data
 * Return: how many bytes there are now
 */
size_t fuzz_mutate(struct fuzz_random *r, uint8_t *data, size_t len,
		   size_t size);

/**
 * fuzz_inner() - an IP packet, or what is left of one
 * @r: source of chance
 * @out: receives it; FUZZ_INNER_MAX bytes
 * Return: its length, from 0
 */
size_t fuzz_inner(struct fuzz_random *r, uint8_t *out);

#endif
