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

/* What programs of later versions know. */
#define VERSION_USERNAME	4
#define VERSION_LINES		5

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
	struct mgmt_iface *iface = arg;

	if (iface->is_username_only &&
	    iface->client_version >= VERSION_USERNAME)
		query_open(arg, AUTH, "username", "");
	else
		query_open(arg, AUTH, "username/password", iface->challenge);
	iface->query->has_no_password = iface->is_username_only;
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

void mgmt_query_way(void *arg, unsigned int n,
		    const struct config_remote *remote)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), ">PROXY:%u,%s,%s", n,
		 config_proto_is_tcp(remote->proto) ? "TCP" : "UDP",
		 remote->host);
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
	    (!query->has_password && !query->has_no_password))
		return;
	mgmt_iface_wait_for(iface, NULL);
	if (is_passphrase(query))
		tunnel_host_passphrase(iface->host, query->password);
	else
		tunnel_host_login(iface->host, query->username,
				  query->password);
	mem_wipe(query, sizeof(*query));
}

/* Is it asked for? If not, that is said. */
static bool query_wants(struct mgmt_iface *iface, const char *type,
			const char *what)
{
	const struct mgmt_query *query = iface->query;
	bool is_username = what[0] == 'u';

	if (!query->is_open || (is_passphrase(query) && is_username) ||
	    (query->has_no_password && !is_username)) {
		mgmt_iface_say(iface, "ERROR: no %s is currently needed at this time",
			       what);
		return false;
	}
	if (!strcmp(type, query->type))
		return true;
	mgmt_iface_say(iface, "ERROR: %s of type '%s' entered, but we need one of type '%s'",
		       what, type, query->type);
	return false;
}

static void query_entered(struct mgmt_iface *iface, const char *what)
{
	mgmt_iface_say(iface, "SUCCESS: '%s' %s entered, but not yet verified",
		       iface->query->type, what);
	query_finish(iface);
}

static void query_enter(struct mgmt_iface *iface, const char *const *w,
			const char *what, char out[PROTO_USER_PASS_MAX])
{
	if (!query_wants(iface, w[1], what))
		return;
	snprintf(out, PROTO_USER_PASS_MAX, "%s", w[2]);
	iface->query->has_password |= out == iface->query->password;
	query_entered(iface, what);
}

void mgmt_query_username(struct mgmt_iface *iface, const char *const *w)
{
	query_enter(iface, w, "username", iface->query->username);
}

/* In one word, or in lines of base64, into which any password fits. */
void mgmt_query_password(struct mgmt_iface *iface, const char *const *w)
{
	if (w[1] && w[2]) {
		query_enter(iface, w, "password", iface->query->password);
	} else if (iface->client_version < VERSION_LINES) {
		mgmt_iface_say(iface, "ERROR: the 'password' command requires 2 parameters");
	} else if (!w[1]) {
		mgmt_iface_say(iface, "ERROR: the 'password' command requires at least 1 parameter");
	} else if (query_wants(iface, w[1], "password")) {
		iface->extra_of = MGMT_EXTRA_PASSWORD;
		iface->query->has_lines = true;
	}
}

/* Lines of base64 are one. */
static size_t lines_join(struct mem_buf *lines)
{
	size_t len = 0;

	for (size_t i = 0; i < lines->len; i++)
		if (lines->data[i] != '\n')
			lines->data[len++] = lines->data[i];
	return len;
}

void mgmt_query_lines(struct mgmt_iface *iface)
{
	size_t len = lines_join(&iface->extra), n = 0;
	char text[PROTO_USER_PASS_MAX] = "";
	int ret = -ENOBUFS;

	/* nobody wants it any more, or something else was asked meanwhile */
	if (!iface->query->has_lines) {
		mgmt_iface_say(iface, "ERROR: no password is currently needed at this time");
		return;
	}
	iface->query->has_lines = false;
	if (!iface->is_extra_full)
		ret = proto_base64_decode((const char *)iface->extra.data, len,
					  text, sizeof(text) - 1, &n);
	if (!ret && memchr(text, '\0', n))
		ret = -EINVAL;
	if (ret == -ENOBUFS) {
		mgmt_iface_say(iface, "ERROR: password too long");
	} else if (ret) {
		mgmt_iface_say(iface, "ERROR: could not base64-decode password");
	} else {
		text[n] = '\0';
		memcpy(iface->query->password, text, sizeof(text));
		iface->query->has_password = true;
		query_entered(iface, "password");
	}
	mem_wipe(text, sizeof(text));
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

/* Return: 0, or -EINVAL: then it is asked for still. */
static int query_way(struct mgmt_iface *iface, const char *const *w)
{
	int port = w[2] && w[3] ? atoi(w[3]) : 0;
	struct config_proxy proxy = { .is_socks = !strcmp(w[1], "SOCKS") };

	if (!strcmp(w[1], "NONE"))
		return tunnel_host_proxy(iface->host, NULL);
	if ((!proxy.is_socks && strcmp(w[1], "HTTP")) || port < 1 ||
	    port > 65535)
		return -EINVAL;
	proxy.is_no_clear = w[4] && !strcmp(w[4], "nct");
	proxy.host = w[2];
	proxy.port = (uint16_t)port;
	return tunnel_host_proxy(iface->host, &proxy);
}

void mgmt_query_proxy(struct mgmt_iface *iface, const char *const *w)
{
	static const char asked[] = ">PROXY:";

	if (iface->is_server) {
		mgmt_command_unsupported(iface, w[0]);
		return;
	}
	if (!mgmt_iface_is_ready(iface, w[0]))
		return;
	if (query_way(iface, w)) {
		mgmt_iface_say(iface, "ERROR: proxy command failed");
		return;
	}
	if (iface->special && !strncmp(iface->special, asked, strlen(asked)))
		mgmt_iface_wait_for(iface, NULL);
	mgmt_iface_say(iface, "SUCCESS: proxy command succeeded");
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
