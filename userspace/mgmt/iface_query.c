// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked for at the management interface: logins, a passphrase. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/iface.h"

#define AUTH	"Auth"
#define KEY	"Private Key"
#define TEXT_MAX 512

/* ---- what is told ----------------------------------------------------- */

static void query_open(struct mgmt_iface *iface, const char *type,
		       const char *what, const char *more)
{
	char text[TEXT_MAX];

	mem_wipe(iface->query, sizeof(*iface->query));
	iface->query->is_open = true;
	iface->query->type = type;
	if (iface->conn.fd < 0)
		log_info("Need password(s) from management interface, waiting...");
	snprintf(text, sizeof(text), ">PASSWORD:Need '%s' %s%s", type, what,
		 more);
	mgmt_iface_wait_for(iface, text);
}

void mgmt_query_login(void *arg)
{
	const struct mgmt_iface *iface = arg;

	query_open(arg, AUTH, "username/password", iface->challenge);
}

void mgmt_query_passphrase(void *arg)
{
	query_open(arg, KEY, "password", "");
}

void mgmt_query_passphrase_failed(void *arg)
{
	mgmt_iface_tell(arg, ">PASSWORD:Verification Failed: '" KEY "'");
}

void mgmt_query_server(void *arg, const struct config_remote *remote)
{
	char text[TEXT_MAX];
	char proto[MGMT_PROTO_STRLEN];

	snprintf(text, sizeof(text), ">REMOTE:%s,%u,%s", remote->host,
		 remote->port, mgmt_remote_proto(remote, proto));
	mgmt_iface_wait_for(arg, text);
}

void mgmt_query_failed(void *arg, const char *reason)
{
	if (reason[0])
		mgmt_iface_tell(arg, ">PASSWORD:Verification Failed: '" AUTH "' ['%s']",
				reason);
	else
		mgmt_iface_tell(arg, ">PASSWORD:Verification Failed: '" AUTH "'");
}

void mgmt_query_token(void *arg, const char *token)
{
	mgmt_iface_tell(arg, ">PASSWORD:Auth-Token:%s", token);
}

/* ---- what is asked ---------------------------------------------------- */

static bool is_passphrase(const struct mgmt_query *query)
{
	return query->is_open && !strcmp(query->type, KEY);
}

/* All is there: go on with it. */
static void query_finish(struct mgmt_iface *iface)
{
	struct mgmt_query *query = iface->query;

	if ((!query->username[0] && !is_passphrase(query)) ||
	    !query->has_password)
		return;
	mgmt_iface_wait_for(iface, NULL);
	if (is_passphrase(query))
		tunnel_host_passphrase(iface->host, query->password);
	else
		tunnel_host_login(iface->host, query->username,
				  query->password);
	mem_wipe(query, sizeof(*query));
}

static void query_enter(struct mgmt_iface *iface, const char *const *w,
			const char *what, char out[PROTO_USER_PASS_MAX])
{
	const struct mgmt_query *query = iface->query;

	if (!query->is_open ||
	    (is_passphrase(query) && out == query->username)) {
		mgmt_iface_say(iface, "ERROR: no %s is currently needed at this time",
			       what);
		return;
	}
	if (strcmp(w[1], query->type)) {
		mgmt_iface_say(iface, "ERROR: %s of type '%s' entered, but we need one of type '%s'",
			       what, w[1], query->type);
		return;
	}
	snprintf(out, PROTO_USER_PASS_MAX, "%s", w[2]);
	iface->query->has_password |= out == iface->query->password;
	mgmt_iface_say(iface, "SUCCESS: '%s' %s entered, but not yet verified",
		       w[1], what);
	query_finish(iface);
}

void mgmt_query_username(struct mgmt_iface *iface, const char *const *w)
{
	query_enter(iface, w, "username", iface->query->username);
}

void mgmt_query_password(struct mgmt_iface *iface, const char *const *w)
{
	query_enter(iface, w, "password", iface->query->password);
}

/* Return: 0 or -EINVAL. */
static int query_choose(struct mgmt_iface *iface, const char *const *w)
{
	int port = w[2] && w[3] ? atoi(w[3]) : 0;

	if (!strcmp(w[1], "ACCEPT"))
		return tunnel_host_choose(iface->host, TUNNEL_CHOICE_ACCEPT,
					  NULL, 0);
	if (!strcmp(w[1], "SKIP"))
		return tunnel_host_choose(iface->host, TUNNEL_CHOICE_SKIP,
					  NULL, 0);
	if (strcmp(w[1], "MOD") || port < 1 || port > 65535)
		return -EINVAL;
	return tunnel_host_choose(iface->host, TUNNEL_CHOICE_CHANGE, w[2],
				  (uint16_t)port);
}

void mgmt_query_remote(struct mgmt_iface *iface, const char *const *w)
{
	if (iface->is_server) {
		mgmt_command_unsupported(iface, w[0]);
		return;
	}
	if (!mgmt_iface_is_ready(iface, w[0]))
		return;
	if (query_choose(iface, w)) {
		mgmt_iface_say(iface, "ERROR: remote command failed");
		return;
	}
	mgmt_iface_wait_for(iface, NULL);
	mgmt_iface_say(iface, "SUCCESS: remote command succeeded");
}

void mgmt_query_forget(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	tunnel_host_forget(iface->host);
	mgmt_iface_say(iface, "SUCCESS: Passwords were forgotten");
}

void mgmt_query_retry(struct mgmt_iface *iface, const char *const *w)
{
	static const char *const names[] = {
		[TUNNEL_RETRY_NONE] = "none",
		[TUNNEL_RETRY_NOINTERACT] = "nointeract",
		[TUNNEL_RETRY_INTERACT] = "interact",
	};

	if (!w[1]) {
		mgmt_iface_say(iface, "SUCCESS: auth-retry=%s",
			       names[tunnel_host_retry(iface->host)]);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(w[1], names[i]))
			continue;
		tunnel_host_set_retry(iface->host, (enum tunnel_retry)i);
		mgmt_iface_say(iface, "SUCCESS: auth-retry parameter changed");
		return;
	}
	mgmt_iface_say(iface, "--auth-retry method must be 'interact', 'nointeract', or 'none'");
	mgmt_iface_say(iface, "ERROR: bad auth-retry parameter");
}

void mgmt_query_respond(struct mgmt_iface *iface, const char *const *w)
{
	int ret = tunnel_host_respond(iface->host, w[1]);

	/* OpenVPN spells it so */
	if (ret == -EOPNOTSUPP)
		mgmt_command_unsupported(iface, "cr-repsonse");
	else if (ret)
		mgmt_iface_say(iface, "ERROR: command failed");
	else
		mgmt_iface_say(iface, "SUCCESS: command succeeded");
}
