// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnctl session show, ovpnctl peer kill */
#include <stdio.h>
#include <string.h>

#include "ovpnctl/ctl.h"

#define REASON_MAX 200

static const char *value(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_json(const char *name, json_t *list)
{
	json_t *json = json_pack("{sO}", name, list);

	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

/* ---- session show ------------------------------------------------------- */

struct session_run {
	const char *client;	/* NULL: all */
	json_t *found;
	bool has_failed;
};

static void session_ask(void *arg, const char *path)
{
	struct session_run *run = arg;
	json_t *status, *answer, *entry;
	char err[300] = "";
	size_t i;

	status = ctl_daemon_ask(path, "status", err, sizeof(err));
	answer = status ? ctl_daemon_ask(path, "sessions", err, sizeof(err)) :
			  NULL;
	if (!answer) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run->has_failed = true;
	}
	json_array_foreach(json_object_get(answer, "sessions"), i, entry) {
		if (run->client && !ctl_peer_is(entry, run->client))
			continue;
		json_object_set(entry, "dev",
				json_object_get(status, "device"));
		json_array_append(run->found, entry);
	}
	json_decref(answer);
	json_decref(status);
}

static void print_time(const char *title, const json_t *value)
{
	json_int_t s = json_integer_value(value);

	if (json_is_integer(value))
		printf("  %-11s %02lld:%02lld:%02lld\n", title,
		       (long long)(s / 3600), (long long)(s / 60 % 60),
		       (long long)(s % 60));
	else
		printf("  %-11s never\n", title);
}

static void print_session(const json_t *entry)
{
	const char *id = value(entry, "session_id");
	bool is_proven = json_is_true(json_object_get(entry, "is_proven"));

	printf("%s peer %" JSON_INTEGER_FORMAT " %s\n", value(entry, "dev"),
	       number(entry, "id"), value(entry, "common_name"));
	printf("  %-11s %s%s\n", "state", value(entry, "state"),
	       is_proven ? "" : " (has not proved itself yet)");
	printf("  %-11s %s\n", "remote", value(entry, "remote"));
	printf("  %-11s %s\n", "username", value(entry, "username"));
	printf("  %-11s %s%s\n", "session", id[0] ? id : "unknown",
	       json_is_true(json_object_get(entry, "is_restored")) ?
	       " (of the process before; TLS is renewed when it is due)" : "");
	printf("  %-11s %" JSON_INTEGER_FORMAT "\n", "key id",
	       number(entry, "key_id"));
	if (value(entry, "tls")[0])
		printf("  %-11s %s\n", "tls", value(entry, "tls"));
	print_time("key since", json_object_get(entry, "age"));
	print_time("renewed in", json_object_get(entry, "renegotiates_in"));
}

int ctl_session(const struct ctl *ctl, const char *client)
{
	struct session_run run = { .client = client, .found = json_array() };
	char err[300] = "";
	json_t *entry;
	size_t i;

	if (!ctl_sockets(ctl, session_ask, &run, err, sizeof(err))) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run.has_failed = true;
	}
	if (ctl->is_json) {
		print_json("sessions", run.found);
	} else {
		json_array_foreach(run.found, i, entry)
			print_session(entry);
	}
	if (client && !run.has_failed && !json_array_size(run.found)) {
		fprintf(stderr, "ovpnctl: no client with a session is called %s, or has this address or number\n",
			client);
		run.has_failed = true;
	}
	json_decref(run.found);
	return fflush(stdout) || run.has_failed;
}

/* ---- peer kill ---------------------------------------------------------- */

struct kill_run {
	const char *client;
	char text[REASON_MAX + 16];	/* "RESTART", "HALT,reason" */
	json_t *killed;
	bool has_failed;
};

static void kill_peer(struct kill_run *run, const char *path,
		      const json_t *status, const json_t *peer)
{
	json_t *request, *answer, *entry;
	char err[300] = "";

	request = json_pack("{ss sO ss}", "cmd", "kill", "client",
			    json_object_get(peer, "client_id"), "text",
			    run->text);
	answer = ctl_daemon_request(path, request, err, sizeof(err));
	json_decref(request);
	if (!answer) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run->has_failed = true;
		return;
	}
	json_decref(answer);
	entry = json_pack("{sO sO sO sO}",
			  "dev", json_object_get(status, "device"),
			  "id", json_object_get(peer, "id"),
			  "client_id", json_object_get(peer, "client_id"),
			  "common_name", json_object_get(peer, "common_name"));
	json_array_append_new(run->killed, entry);
}

static void kill_ask(void *arg, const char *path)
{
	struct kill_run *run = arg;
	json_t *status, *peers, *found, *peer;
	char err[300] = "";
	size_t i;

	status = ctl_daemon_ask(path, "status", err, sizeof(err));
	peers = status ? ctl_daemon_ask(path, "peers", err, sizeof(err)) : NULL;
	if (!peers) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run->has_failed = true;
	}
	found = ctl_peers_find(json_object_get(peers, "peers"), run->client);
	json_array_foreach(found, i, peer)
		kill_peer(run, path, status, peer);
	json_decref(found);
	json_decref(peers);
	json_decref(status);
}

static int kill_usage(const char *problem)
{
	fprintf(stderr, "ovpnctl: peer kill: %s\nTry ovpnctl --help.\n",
		problem);
	return 2;
}

/* Return: 0, or exit status. */
static int kill_parse(struct ctl *ctl, struct kill_run *run, char **words,
		      int n)
{
	const char *how = "RESTART", *reason = NULL;

	if (n >= 3 && !strcmp(words[n - 2], "dev")) {
		ctl->dev = words[n - 1];
		n -= 2;
	}
	if (!n)
		return kill_usage("which client");
	run->client = words[0];
	if (n > 1 && !strcmp(words[1], "halt"))
		how = "HALT";
	else if (n > 1 && strcmp(words[1], "restart"))
		return kill_usage("behind the client stands restart or halt");
	if (n > 3)
		return kill_usage("a reason of several words needs quotes");
	if (n == 3)
		reason = words[2];
	if (reason && strlen(reason) > REASON_MAX - 16)
		return kill_usage("the reason is too long");
	snprintf(run->text, sizeof(run->text), "%s%s%s", how,
		 reason ? "," : "", reason ? reason : "");
	return 0;
}

int ctl_kill(struct ctl *ctl, char **words, int n)
{
	struct kill_run run = { 0 };
	char err[300] = "";
	json_t *entry;
	size_t i;
	int ret;

	ret = kill_parse(ctl, &run, words, n);
	if (ret)
		return ret;
	run.killed = json_array();
	if (!ctl_sockets(ctl, kill_ask, &run, err, sizeof(err))) {
		fprintf(stderr, "ovpnctl: %s\n", err);
		run.has_failed = true;
	}
	if (ctl->is_json) {
		print_json("killed", run.killed);
	} else {
		json_array_foreach(run.killed, i, entry)
			printf("%s peer %" JSON_INTEGER_FORMAT " %s: ended\n",
			       value(entry, "dev"), number(entry, "id"),
			       value(entry, "common_name"));
	}
	if (!run.has_failed && !json_array_size(run.killed)) {
		fprintf(stderr, "ovpnctl: no client is called %s, or has this address or number\n",
			run.client);
		run.has_failed = true;
	}
	json_decref(run.killed);
	return fflush(stdout) || run.has_failed;
}
