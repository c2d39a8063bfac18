// SPDX-License-Identifier: GPL-2.0-or-later
/* Static key files. */
#include "fuzz.h"
#include "wrap/wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[WRAP_STATIC_KEY_LEN];
	uint8_t key[WRAP_STATIC_KEY_LEN];
	unsigned int line = 0;
	size_t i, n_lines = 1;

	if (!wrap_static_key_parse((const char *)data, size, key, &line))
		return 0;
	for (i = 0; i < size; i++)
		n_lines += data[i] == '\n';
	FUZZ_CHECK(line >= 1 && line <= n_lines);
	FUZZ_CHECK(!memcmp(key, zero, sizeof(key)));
	return 0;
}
