/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The entry point that libFuzzer calls; each *_fuzz.c defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the code under test; it holds in any build, unlike assert. */
#define FUZZ_CHECK(claim) do { \
	if (!(claim)) \
		abort(); \
} while (0)

/**
 * fuzz_text() - the input as a string, on the heap for the sanitizer to guard
 *
 * Return: string to be freed by the caller; it ends at the first NUL of @data.
 */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	FUZZ_CHECK(text);
	return text;
}

#endif
