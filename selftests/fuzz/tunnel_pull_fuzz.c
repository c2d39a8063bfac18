// SPDX-License-Identifier: GPL-2.0-or-later
/* PUSH_UPDATE messages, one per line, on top of a PUSH_REPLY. */
#include "fuzz.h"
#include "tunnel/private.h"

static void check(const struct tunnel_pull *pull)
{
	FUZZ_CHECK(pull->n <= pull->cap && pull->n <= 4096);
	for (size_t i = 0; i < pull->n; i++) {
		FUZZ_CHECK(pull->lines[i][0]);
		FUZZ_CHECK(pull->lines[i][0] != '-');
		FUZZ_CHECK(strncmp(pull->lines[i], "auth-token ", 11));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *save = NULL, *line;
	struct tunnel_pull pull = { 0 };

	log_set_verb(0);
	FUZZ_CHECK(!tunnel_pull_add(&pull, "route 10.1.0.0 255.255.0.0"));
	FUZZ_CHECK(!tunnel_pull_add(&pull, "auth-token SECRET"));
	FUZZ_CHECK(!tunnel_pull_add(&pull, "peer-id 3"));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (tunnel_pull_message(&pull, line) == 1)
			pull.replaced = 0;
		check(&pull);
	}
	FUZZ_CHECK(pull.n && (!strcmp(pull.lines[0], "peer-id 3") ||
			      !strcmp(pull.lines[1], "peer-id 3")));
	tunnel_pull_clear(&pull);
	free(text);
	return 0;
}
