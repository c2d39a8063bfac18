// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ovpnctl/ctl.h"

struct ctl_reload_run {
	json_t *answers;
	bool has_failed;
};

static void reload_one(void *arg, const char *path)
{
	struct ctl_reload_run *run = arg;
	char err[256] = "";
	json_t *answer = ctl_daemon_reload(path, err, sizeof(err));

	if (!answer) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run->has_failed = true;
		return;
	}
	if (!json_is_true(json_object_get(answer, "reloaded")))
		run->has_failed = true;
	json_object_set_new(answer, "control", json_string(path));
	json_array_append_new(run->answers, answer);
}

static void print_change(const json_t *change)
{
	const char *file = json_string_value(json_object_get(change, "file"));
	json_int_t line = json_integer_value(json_object_get(change, "line"));

	printf("  %-10s %s", json_string_value(json_object_get(change,
							      "effect")),
	       json_string_value(json_object_get(change, "option")));
	if (file && line)
		printf(" (%s:%" JSON_INTEGER_FORMAT ")", file, line);
	putchar('\n');
}

static void print_answer(const json_t *answer)
{
	const char *path = json_string_value(json_object_get(answer,
							     "control"));
	const json_t *error = json_object_get(answer, "error"), *change;
	json_int_t n = json_integer_value(json_object_get(answer, "changed"));
	size_t i;

	if (error) {
		printf("%s: %s\n", path, json_string_value(error));
		return;
	}
	printf("%s: reloaded, %" JSON_INTEGER_FORMAT " option%s changed\n",
	       path, n, n == 1 ? "" : "s");
	json_array_foreach(json_object_get(answer, "changes"), i, change)
		print_change(change);
}

int ctl_reload(const struct ctl *ctl)
{
	struct ctl_reload_run run = { .answers = json_array() };
	char err[256] = "";
	json_t *answer;
	size_t i;

	if (!ctl_sockets(ctl, reload_one, &run, err, sizeof(err))) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run.has_failed = true;
	}
	if (ctl->is_json) {
		json_dumpf(run.answers, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		json_array_foreach(run.answers, i, answer)
			print_answer(answer);
	}
	json_decref(run.answers);
	return fflush(stdout) || run.has_failed;
}

static void restart_one(void *arg, const char *path)
{
	bool *has_failed = arg;
	char err[256] = "";
	json_t *answer = ctl_daemon_ask(path, "restart", err, sizeof(err));

	if (!answer)
		fprintf(stderr, "ovpnctl: %s\n", err);
	*has_failed |= !answer;
	json_decref(answer);
}

int ctl_restart(const struct ctl *ctl)
{
	bool has_failed = false;
	char err[256] = "";

	if (!ctl_sockets(ctl, restart_one, &has_failed, err, sizeof(err))) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		has_failed = true;
	}
	return has_failed;
}
