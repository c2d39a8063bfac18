// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnctl push: PUSH_UPDATE to a server's clients. */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/mgmt.h"
#include "ovpnctl/ctl.h"

#define OPTIONS_MAX 32768

/* All digits: a client id, as "peer show" prints it; else a common name. */
static json_t *push_client(const char *client)
{
	const char *at = client;

	while (isdigit((unsigned char)*at))
		at++;
	return *client && !*at ? json_integer(strtoll(client, NULL, 10)) :
				 json_string(client);
}

/* Return: the request; NULL when the words are wrong. */
static json_t *push_request(struct ctl *ctl, char **words, int n)
{
	json_t *request = json_pack("{ss}", "cmd", "push-update");
	char options[OPTIONS_MAX] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		bool has_next = i + 1 < n;

		if (!strcmp(words[i], "to") && has_next)
			json_object_set_new(request, "client",
					    push_client(words[++i]));
		else if (!strcmp(words[i], "dev") && has_next)
			ctl->dev = words[++i];
		else if (len + strlen(words[i]) + 2 > sizeof(options))
			break;
		else
			len += (size_t)sprintf(options + len, "%s%s",
					       len ? "," : "", words[i]);
	}
	if (i < n || !len) {
		fprintf(stderr, "ovpnctl: push: %s\nTry ovpnctl --help.\n",
			len ? "too many options" : "no option is given");
		json_decref(request);
		return NULL;
	}
	json_object_set_new(request, "options", json_string(options));
	return request;
}

/* The only socket that there is, when none is named. */
static int push_socket(const struct ctl *ctl, char *path, size_t cap)
{
	glob_t found;
	int ret = 0;

	if (ctl->control) {
		snprintf(path, cap, "%s", ctl->control);
		return 0;
	}
	if (ctl->dev) {
		snprintf(path, cap, MGMT_RUN_DIR "/%s.sock", ctl->dev);
		return 0;
	}
	if (glob(MGMT_RUN_DIR "/*.sock", 0, NULL, &found)) {
		fprintf(stderr, "ovpnctl: no daemon has a socket in "
			MGMT_RUN_DIR "\n");
		return 1;
	}
	if (found.gl_pathc > 1) {
		fprintf(stderr, "ovpnctl: there are several daemons; name one with: dev DEV\n");
		ret = 1;
	}
	snprintf(path, cap, "%s", found.gl_pathv[0]);
	globfree(&found);
	return ret;
}

static void push_print(const struct ctl *ctl, const json_t *answer)
{
	json_int_t sent = json_integer_value(json_object_get(answer, "sent"));
	json_int_t unable = json_integer_value(json_object_get(answer,
							       "unable"));

	if (ctl->is_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	printf("sent to %lld client%s\n", (long long)sent, sent == 1 ? "" : "s");
	if (unable)
		printf("%lld cannot be changed while connected (before 2.7)\n",
		       (long long)unable);
}

int ctl_push(struct ctl *ctl, char **words, int n)
{
	json_t *request = push_request(ctl, words, n), *answer;
	char path[MGMT_PATH_MAX], err[600] = "";

	if (!request)
		return 2;
	answer = push_socket(ctl, path, sizeof(path)) ? NULL :
		 ctl_daemon_request(path, request, err, sizeof(err));
	json_decref(request);
	if (!answer) {
		if (err[0])
			fprintf(stderr, "ovpnctl: %s\n", err);
		return 1;
	}
	push_print(ctl, answer);
	json_decref(answer);
	return fflush(stdout) ? 1 : 0;
}
