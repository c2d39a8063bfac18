// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs say at the management interface, up to its words. */
#include "fuzz.h"
#include "mgmt/iface.h"

static void check_words(const char *line)
{
	static struct mgmt_words words;
	char err[MGMT_WORD_MAX + 128] = "";
	int ret = mgmt_words_split(line, &words, err, sizeof(err));

	FUZZ_CHECK(words.n >= 0 && words.n <= MGMT_WORDS);
	FUZZ_CHECK(!words.word[words.n]);
	FUZZ_CHECK(!ret == !err[0]);
	FUZZ_CHECK(!ret || !words.n);
	for (int i = 0; i < words.n; i++) {
		FUZZ_CHECK(words.word[i] >= words.buf);
		FUZZ_CHECK(words.word[i] + strlen(words.word[i]) <
			   words.buf + sizeof(words.buf));
		FUZZ_CHECK(strlen(words.word[i]) <= MGMT_WORD_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mgmt_line line;

	memset(&line, 0, sizeof(line));
	for (size_t i = 0; i < size; i++) {
		if (!mgmt_line_feed(&line, data[i]))
			continue;
		FUZZ_CHECK(strlen(line.text) == line.len);
		FUZZ_CHECK(line.len <= MGMT_LINE_MAX_LEN);
		check_words(line.text);
	}
	FUZZ_CHECK(line.len <= MGMT_LINE_MAX_LEN);
	return 0;
}
