// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnctl push: PUSH_UPDATE to a server's clients. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/mgmt.h"
#include "ovpnctl/ctl.h"

#define OPTIONS_MAX 32768

/*
 * Return: the request; NULL when the words are wrong.
 * @to: receives who is meant; NULL: all
 */
static json_t *push_request(struct ctl *ctl, char **words, int n,
			    const char **to)
{
	json_t *request = json_pack("{ss}", "cmd", "push-update");
	char options[OPTIONS_MAX] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		bool has_next = i + 1 < n;

		if (!strcmp(words[i], "to") && has_next)
			*to = words[++i];
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

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void push_print(const struct ctl *ctl, const json_t *answer)
{
	json_int_t sent = number(answer, "sent");
	json_int_t unable = number(answer, "unable");

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

/* To all who are called so, one by one. NULL: none, see @err */
static json_t *push_to(const char *path, json_t *request, const char *to,
		       char *err, size_t err_len)
{
	json_int_t sent = 0, unable = 0;
	json_t *peers, *found, *peer, *answer;
	size_t i;

	peers = ctl_daemon_ask(path, "peers", err, err_len);
	if (!peers)
		return NULL;
	found = ctl_peers_find(json_object_get(peers, "peers"), to);
	if (!json_array_size(found))
		snprintf(err, err_len,
			 "no client is called %s, or has this address or number",
			 to);
	json_array_foreach(found, i, peer) {
		json_object_set(request, "client",
				json_object_get(peer, "client_id"));
		answer = ctl_daemon_request(path, request, err, err_len);
		sent += number(answer, "sent");
		unable += number(answer, "unable");
		json_decref(answer);
	}
	json_decref(found);
	json_decref(peers);
	return err[0] ? NULL :
			json_pack("{sI sI}", "sent", sent, "unable", unable);
}

int ctl_push(struct ctl *ctl, char **words, int n)
{
	char path[MGMT_PATH_MAX], err[600] = "";
	json_t *request, *answer = NULL;
	const char *to = NULL;

	request = push_request(ctl, words, n, &to);
	if (!request)
		return 2;
	if (push_socket(ctl, path, sizeof(path)))
		answer = NULL;
	else if (to)
		answer = push_to(path, request, to, err, sizeof(err));
	else
		answer = ctl_daemon_request(path, request, err, sizeof(err));
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
