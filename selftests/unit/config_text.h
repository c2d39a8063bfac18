/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdio.h>
#include <string.h>

#include "config/config.h"

/* Texts that the tests of config/ begin with; none needs a file. */

#define TEXT_CA "<ca>\nCA\n</ca>\n"
#define TEXT_PAIR "<cert>\nCERT\n</cert>\n<key>\nKEY\n</key>\n"
#define TEXT_KEYS TEXT_CA TEXT_PAIR

/* 11 lines each, so that what follows is on line 12. */
#define TEXT_SERVER TEXT_KEYS "dev tun\nserver 10.8.0.0 255.255.255.0\n"
#define TEXT_CLIENT TEXT_KEYS "dev tun\nclient\n"
#define TEXT_REMOTE "remote 192.0.2.1\n"

/* Return: as config_parse(); @err is "" on success. */
static inline int text_parse(const char *text, bool has_files,
			     struct config **out, char err[512])
{
	int ret = config_parse("t", text, strlen(text), has_files, out, err,
			       512);

	if (!ret)
		err[0] = '\0';
	return ret;
}

/* The parsed text, or NULL with the error printed. */
static inline struct config *text_config(const char *text)
{
	struct config *cfg;
	char err[512];

	if (text_parse(text, false, &cfg, err))
		print_error("unexpected: %s\n", err);
	return cfg;
}

/* Is @needle in a warning of @cfg. */
static inline bool text_warns(const struct config *cfg, const char *needle)
{
	const struct config_text *node;

	for (node = cfg->warnings; node; node = node->next) {
		if (strstr(node->text, needle))
			return true;
	}
	return false;
}

/* The pushed lines, joined by '|'. */
static inline const char *text_pushes(const struct config *cfg)
{
	static char out[1024];
	const struct config_text *node;

	out[0] = '\0';
	for (node = cfg->push; node; node = node->next) {
		if (strlen(out) + strlen(node->text) + 2 > sizeof(out))
			break;
		strcat(strcat(out, out[0] ? "|" : ""), node->text);
	}
	return out;
}

#endif
