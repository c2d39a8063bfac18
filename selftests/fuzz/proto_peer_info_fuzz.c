// SPDX-License-Identifier: GPL-2.0-or-later
/* Peer-info of a stranger: values are found, bounded and safe to print. */
#include "fuzz.h"
#include "proto/proto.h"

static void check_value(const char *info, const char *name, size_t cap)
{
	char *out = malloc(cap);
	int len;

	FUZZ_CHECK(out);
	len = proto_peer_info_get(info, name, out, cap);
	if (len >= 0) {
		FUZZ_CHECK((size_t)len < cap);
		FUZZ_CHECK(strlen(out) == (size_t)len);
		FUZZ_CHECK(!strpbrk(out, "\n\r\t $(`\x7f"));
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"IV_VER", "IV_PROTO", "IV_CIPHERS", "IV_NCP", "UV_X", "",
	};
	char *info = fuzz_text(data, size);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_value(info, names[i], 256);
		check_value(info, names[i], 4);
		proto_peer_info_number(info, names[i]);
	}
	free(info);
	return 0;
}
