// SPDX-License-Identifier: GPL-2.0-or-later
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "live/private.h"
#include "log/log.h"

static const char *const effect_names[] = {
	[CONFIG_EFFECT_NOW] = "now",
	[CONFIG_EFFECT_HANDSHAKE] = "handshake",
	[CONFIG_EFFECT_RECONNECT] = "reconnect",
	[CONFIG_EFFECT_RESTART] = "restart",
};

static const char *const effect_texts[] = {
	[CONFIG_EFFECT_NOW] = "in use at once",
	[CONFIG_EFFECT_HANDSHAKE] = "in use from each next key exchange on",
	[CONFIG_EFFECT_RECONNECT] = "in use for clients that connect from now on",
	[CONFIG_EFFECT_RESTART] = "not in use before a restart",
};

void live_report_change(void *arg, const char *name, enum config_effect effect,
			const char *file, unsigned int line)
{
	struct live_report *report = arg;
	struct live_change *change;

	if (report->n++ >= LIVE_CHANGES_MAX)
		return;
	change = &report->changes[report->n - 1];
	snprintf(change->name, sizeof(change->name), "%s", name);
	snprintf(change->file, sizeof(change->file), "%s", file);
	change->effect = effect;
	change->line = line;
}

static unsigned int n_kept(const struct live_report *report)
{
	return report->n < LIVE_CHANGES_MAX ? report->n : LIVE_CHANGES_MAX;
}

static void log_effect(const struct live_report *report,
		       enum config_effect effect)
{
	char text[1024];
	size_t len = 0;

	for (unsigned int i = 0; i < n_kept(report); i++) {
		const struct live_change *change = &report->changes[i];
		int n;

		if (change->effect != effect)
			continue;
		if (change->line)
			n = snprintf(text + len, sizeof(text) - len,
				     "%s%s (%s:%u)", len ? ", " : "",
				     change->name, change->file, change->line);
		else
			n = snprintf(text + len, sizeof(text) - len, "%s%s",
				     len ? ", " : "", change->name);
		if (n < 0 || (size_t)n >= sizeof(text) - len)
			break;
		len += (size_t)n;
	}
	if (!len)
		return;
	text[len] = '\0';
	log_write(effect == CONFIG_EFFECT_RESTART ? LOG_LEVEL_WARN :
						    LOG_LEVEL_NOTICE,
		  "configuration: %s: %s", effect_texts[effect], text);
}

void live_report_log(const struct live_report *report)
{
	if (report->error[0]) {
		log_error("configuration not reloaded, the old one stays in use: %s",
			  report->error);
		return;
	}
	log_notice("configuration reloaded, %u options changed", report->n);
	for (enum config_effect effect = CONFIG_EFFECT_NOW;
	     effect <= CONFIG_EFFECT_RESTART; effect++)
		log_effect(report, effect);
}

static json_t *change_json(const struct live_change *change)
{
	return json_pack("{ss ss ss* si}", "option", change->name,
			 "effect", effect_names[change->effect],
			 "file", change->file[0] ? change->file : NULL,
			 "line", (int)change->line);
}

char *live_report_json(const struct live_report *report)
{
	json_t *list = json_array(), *json;
	char *text;

	if (report->error[0]) {
		json_decref(list);
		json = json_pack("{sb ss+}", "reloaded", 0, "error",
				 "configuration not reloaded: ",
				 report->error);
	} else {
		for (unsigned int i = 0; i < n_kept(report); i++)
			json_array_append_new(list,
				change_json(&report->changes[i]));
		json = json_pack("{sb si so}", "reloaded", 1, "changed",
				 (int)report->n, "changes", list);
	}
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return text;
}
