/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_HEX_H
#define UNIT_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/**
 * hex_bytes() - test vector in hexadecimal to bytes; stops at what is not hex
 *
 * Return: number of bytes written to @out.
 */
static inline size_t hex_bytes(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (n < cap && sscanf(hex + 2 * n, "%2hhx", &out[n]) == 1)
		n++;
	return n;
}

#endif
