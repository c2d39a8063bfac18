// SPDX-License-Identifier: GPL-2.0-or-later
/* Control socket: the sessions, and how to end a client. */
#include <string.h>

#include "mgmt/private.h"
#include "proto/proto.h"

#define KILL_TEXT_MAX 200u	/* far below what a control message may have */

/* ---- sessions ----------------------------------------------------------- */

static json_t *json_session_id(const uint8_t *id)
{
	static const uint8_t none[PROTO_SID_LEN];
	char text[2 * PROTO_SID_LEN + 1];

	if (!memcmp(id, none, sizeof(none)))
		return json_null();
	for (size_t i = 0; i < PROTO_SID_LEN; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
	return json_string(text);
}

static json_t *json_seconds(uint64_t ms)
{
	return ms == UINT64_MAX ? json_null() :
				  json_integer((json_int_t)(ms / 1000));
}

static int sessions_add(void *arg, const struct tunnel_session_info *info)
{
	return json_array_append_new(arg, json_pack(
		"{si sI so so so so so so ss ss si so so sb sb}",
		"id", (int)info->peer_id,
		"client_id", (json_int_t)info->cid,
		"common_name", mgmt_json_text(info->common_name),
		"username", mgmt_json_text(info->username),
		"remote", mgmt_json_addr(&info->remote),
		"vpn4", mgmt_json_ip(&info->vpn4),
		"vpn6", mgmt_json_ip(&info->vpn6),
		"session_id", json_session_id(info->remote_id),
		"state", info->state, "tls", info->tls,
		"key_id", (int)info->key_id,
		"age", json_seconds(info->age),
		"renegotiates_in", json_seconds(info->reneg_in),
		"is_proven", (int)info->is_proven,
		"is_restored", (int)info->is_lost));
}

json_t *mgmt_json_sessions(struct tunnel_host *host, uint64_t netns,
			   const json_t *request)
{
	json_t *sessions = json_array();

	(void)netns;
	(void)request;
	if (!sessions || tunnel_host_sessions(host, sessions_add, sessions)) {
		json_decref(sessions);
		return NULL;
	}
	return json_pack("{so}", "sessions", sessions);
}

/* ---- kill --------------------------------------------------------------- */

/**
 * struct kill - who is to go
 * @name: NULL: the one of the number @cid
 * @cids: of those who are called so
 */
struct kill {
	const char *name;
	json_t *cids;
};

static int kill_find(void *arg, const struct tunnel_info *info)
{
	struct kill *kill = arg;

	if (strcmp(info->common_name, kill->name))
		return 0;
	return json_array_append_new(kill->cids,
				     json_integer((json_int_t)info->cid));
}

/* RESTART or HALT, and what the client writes into its log. */
static const char *kill_text(const json_t *request)
{
	const json_t *wanted = json_object_get(request, "text");
	const char *text = wanted ? json_string_value(wanted) : "RESTART";
	size_t len = text ? strlen(text) : 0;

	if (!len || len > KILL_TEXT_MAX)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return NULL;
	if (!strcmp(text, "RESTART") || !strcmp(text, "HALT") ||
	    !strncmp(text, "RESTART,", 8) || !strncmp(text, "HALT,", 5))
		return text;
	return NULL;
}

/*
 * {"cmd":"kill","client":NUMBER or NAME}; "text" is "RESTART", after which a
 * client comes back at once, or "HALT", after which it ends, each also with a
 * reason behind a comma.
 */
json_t *mgmt_json_kill(struct tunnel_host *host, uint64_t netns,
		       const json_t *request)
{
	const json_t *client = json_object_get(request, "client");
	struct kill kill = { .name = json_string_value(client) };
	const char *text = kill_text(request);
	struct tunnel_host_info info;
	json_int_t n = 0;
	json_t *cid;
	size_t i;

	(void)netns;
	tunnel_host_info(host, &info);
	if (strcmp(info.role, "server"))
		return mgmt_json_error("only a server has clients");
	if (!text)
		return mgmt_json_error("\"text\" is neither RESTART nor HALT, with a reason or without");
	if (!kill.name && !json_is_integer(client))
		return mgmt_json_error("\"client\" is neither a number nor a name");
	kill.cids = json_array();
	if (kill.name && tunnel_host_list(host, kill_find, &kill)) {
		json_decref(kill.cids);
		return NULL;
	}
	if (!kill.name)
		json_array_append_new(kill.cids,
				      json_integer(json_integer_value(client)));
	json_array_foreach(kill.cids, i, cid)
		n += !tunnel_host_kill(host,
				       (uint64_t)json_integer_value(cid), text);
	json_decref(kill.cids);
	return n ? json_pack("{sI}", "killed", n) :
		   mgmt_json_error("there is no such client");
}
