// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Passwords that look like tokens, and key files. Nothing is accepted that was
 * not made with the key.
 */
#include "fuzz.h"
#include "auth/auth.h"

#define TIME 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct auth_token_rules rules = { .lifetime = 100,
						.renewal = 10 };
	const struct auth_session session = { .id = { 1, 2, 3 },
					      .initial = TIME };
	static struct auth_keys *keys;
	struct auth_keys *loaded = NULL;
	char *text = fuzz_text(data, size), own[AUTH_TOKEN_STRLEN];
	struct auth_session out;
	bool is_empty;

	if (!keys)
		FUZZ_CHECK(!auth_keys_load(NULL, 0, &keys));
	FUZZ_CHECK(!auth_token_make(keys, "name", &session, TIME, own));
	/* the key is another one in each run, so nothing fits but our own */
	FUZZ_CHECK(auth_token_check(keys, &rules, text, "name", TIME, &out,
				    &is_empty) == AUTH_INVALID ||
		   !strcmp(text, own));
	for (size_t i = 0; i + 1 < size && i < AUTH_TOKEN_LEN; i++)
		own[(size_t)data[i] % AUTH_TOKEN_LEN] = (char)data[i + 1];
	auth_token_check(keys, &rules, own, text, TIME, &out, &is_empty);
	if (!auth_keys_load(text, strlen(text), &loaded))
		auth_keys_free(loaded);
	free(text);
	return 0;
}
