// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/*
 * A configuration, then what a server pushes: everything behind a line
 * "PUSH_REPLY" is applied, an option per line, to a small client if the text
 * itself does not load. No file is read.
 */

#define SPLIT "\nPUSH_REPLY\n"

static const char client[] =
	"client\ndev tun\nremote 192.0.2.1\npull-filter ignore ping\n"
	"pull-filter reject verb\nroute 10.0.0.0 255.0.0.0\n"
	"<ca>\nCA\n</ca>\n<cert>\nC\n</cert>\n<key>\nK\n</key>\n";

/* An error without a reason, or a reason that breaks a line, is a bug. */
static void check_error(int ret, const char *err, size_t cap)
{
	size_t len = strnlen(err, cap);

	if (len == cap || (ret && !len) || memchr(err, '\n', len))
		abort();
}

static struct config *parse(const char *text, size_t len)
{
	struct config *cfg;
	char err[300];
	int ret;

	ret = config_parse("fuzz", text, len, false, &cfg, err, sizeof(err));
	if (!ret != !!cfg)
		abort();
	if (ret)
		check_error(ret, err, sizeof(err));
	return cfg;
}

static void push_all(struct config *cfg, char *text)
{
	struct config *pulled = config_pull_begin(cfg);
	char err[120], *save = NULL, *option;

	if (!pulled)
		abort();
	for (option = strtok_r(text, "\n", &save); option;
	     option = strtok_r(NULL, "\n", &save))
		check_error(config_apply_pushed(pulled, option, err,
						sizeof(err)),
			    err, sizeof(err));
	config_free(pulled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *cfg;
	char *text, *pushed;

	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	pushed = memmem(text, size, SPLIT, strlen(SPLIT));
	cfg = parse(text, pushed ? (size_t)(pushed - text) : size);
	if (!cfg)
		cfg = parse(client, strlen(client));
	if (pushed && cfg)
		push_all(cfg, pushed + strlen(SPLIT));
	config_free(cfg);
	free(text);
	return 0;
}
