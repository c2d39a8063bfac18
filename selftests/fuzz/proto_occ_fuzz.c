// SPDX-License-Identifier: GPL-2.0-or-later
/* Options strings of a stranger. */
#include "fuzz.h"
#include "proto/proto.h"

static void check_value(const char *occ, const char *name, size_t cap)
{
	char *out = malloc(cap);
	int len;

	FUZZ_CHECK(out);
	len = proto_occ_get(occ, name, out, cap);
	if (len >= 0) {
		FUZZ_CHECK((size_t)len < cap);
		FUZZ_CHECK(strlen(out) == (size_t)len);
		FUZZ_CHECK(!strpbrk(out, ",\n\r\t $(`\x7f"));
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"V4", "cipher", "auth", "link-mtu", "tls-auth", "",
	};
	char *occ = fuzz_text(data, size);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_value(occ, names[i], 128);
		check_value(occ, names[i], 4);
	}
	free(occ);
	return 0;
}
