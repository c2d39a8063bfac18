// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ovpnctl/ctl.h"

/* Why a client is offloaded, or is not. */

static const char *value(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *explain_why(const json_t *peer)
{
	const char *path = value(peer, "data_path");
	const char *state = value(peer, "state");

	if (!strcmp(state, "adopted"))
		return "it goes on in the kernel, whose daemon was started again without its session";
	if (!path[0] && !strcmp(state, "handshake"))
		return "its key exchange is not complete";
	if (!path[0] && !strcmp(state, "admission"))
		return "the administrator's files and programs have not decided yet";
	if (!path[0])
		return "it has no peer in a data path now";
	return value(peer, "reason");
}

static json_t *explain_one(const json_t *device, const json_t *peer)
{
	bool is_kernel = !strcmp(value(peer, "data_path"), "kernel");

	return json_pack("{ss sO ss sb ss ss ss ss}",
			 "dev", value(device, "device"),
			 "id", json_object_get(peer, "id"),
			 "common_name", value(peer, "common_name"),
			 "offloaded", is_kernel,
			 "data_path", value(peer, "data_path"),
			 "state", value(peer, "state"),
			 "transport", value(peer, "transport"),
			 "why", explain_why(peer));
}

static void explain_print(const json_t *entry)
{
	const char *transport = value(entry, "transport");

	printf("%s peer %" JSON_INTEGER_FORMAT " %s: %s%s%s%s: %s\n",
	       value(entry, "dev"),
	       json_integer_value(json_object_get(entry, "id")),
	       value(entry, "common_name"),
	       json_is_true(json_object_get(entry, "offloaded")) ?
	       "offloaded" : "not offloaded",
	       transport[0] ? " (" : "", transport, transport[0] ? ")" : "",
	       value(entry, "why"));
}

int ctl_explain(const struct ctl *ctl, const char *client)
{
	json_t *devices, *device, *peer, *found = json_array(), *json;
	char err[600] = "";
	bool is_found;
	size_t i, j;

	devices = ctl_collect(ctl, err, sizeof(err));
	if (err[0])
		fprintf(stderr, "ovpnctl: %s\n", err);
	json_array_foreach(devices, i, device)
		json_array_foreach(json_object_get(device, "peers"), j, peer)
			if (ctl_peer_is(peer, client))
				json_array_append_new(found,
					explain_one(device, peer));
	is_found = json_array_size(found);
	if (ctl->is_json) {
		json = json_pack("{sO}", "peers", found);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		json_array_foreach(found, i, peer)
			explain_print(peer);
	}
	if (devices && !is_found)
		fprintf(stderr, "ovpnctl: no client is called %s, or has this address or number\n",
			client);
	json_decref(found);
	json_decref(devices);
	return fflush(stdout) || !is_found;
}
