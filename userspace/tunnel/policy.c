// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the administrator says about one client of a server, between the proof
 * of its identity and its addresses (section 9.5).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/** tunnel_cfg() - the configuration that counts for a tunnel */
const struct config *tunnel_cfg(const struct tunnel *tunnel)
{
	return tunnel->own_cfg ? tunnel->own_cfg : tunnel->host->setup.cfg;
}

static void report_line(void *arg, const char *err)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	const struct tunnel *tunnel = arg;
	char label[160];

	log_limited(&limit, LOG_LEVEL_ERROR, "%s: line left out: %s",
		    tunnel_label(tunnel, label, sizeof(label)), err);
}

/**
 * tunnel_policy_apply() - put lines of a client's file on top of what there is
 * @tunnel: the client
 * @name: of the file, for messages
 * @text: the lines
 * @len: bytes
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_policy_apply(struct tunnel *tunnel, const char *name,
			const char *text, size_t len)
{
	if (!tunnel->own_cfg)
		tunnel->own_cfg = config_client_begin(tunnel->host->setup.cfg);
	if (!tunnel->own_cfg)
		return -ENOMEM;
	return config_client_apply(tunnel->own_cfg, name, text, len,
				   report_line, tunnel);
}

static void refuse_line(struct tunnel *tunnel, const char *what,
			const char *why)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];

	log_limited(&limit, LOG_LEVEL_NOTICE, "%s: %s: %s",
		    tunnel_label(tunnel, label, sizeof(label)), what, why);
}

/* What the onlooker has said comes last (section 9.5). */
static void policy_admit(struct tunnel *tunnel, bool is_ok)
{
	const struct tunnel_session *ts = tunnel->active;

	if (is_ok && ts->lines_len)
		is_ok = !tunnel_policy_apply(tunnel, "client-auth", ts->lines,
					     ts->lines_len);
	tunnel_server_admitted(tunnel, is_ok);
}

/* It is not asked again when files are read again. Return: 0 or -ENOMEM. */
static int policy_said(struct tunnel *tunnel, const char *text, size_t len)
{
	free(tunnel->said);
	tunnel->said = malloc(len);
	if (!tunnel->said)
		return -ENOMEM;
	memcpy(tunnel->said, text, len);
	tunnel->said_len = len;
	return tunnel_policy_apply(tunnel, "client-connect", text, len);
}

static void policy_connected(void *arg, const struct hook_result *result)
{
	struct tunnel *tunnel = arg;
	bool is_ok = result->status == HOOK_OK;

	if (result->status == HOOK_DEFERRED)
		return;
	tunnel->job = NULL;
	if (tunnel->state != TUNNEL_STATE_ADMISSION)
		return;
	if (!is_ok)
		refuse_line(tunnel, "client-connect", result->why);
	else if (result->files[0].len)
		is_ok = !policy_said(tunnel, result->files[0].data,
				     result->files[0].len);
	tunnel->is_hooked = is_ok || tunnel->own_cfg;
	policy_admit(tunnel, is_ok);
}

/* Files have been read; programs come next, and see the client's addresses. */
static void policy_connect(struct tunnel *tunnel)
{
	const struct hook *hook = tunnel->host->setup.hook;

	if (!hook_has(hook, HOOK_CLIENT_CONNECT) ||
	    tunnel_cfg(tunnel)->is_disabled) {
		tunnel->is_hooked = hook_has(hook, HOOK_CLIENT_DISCONNECT) &&
				    !tunnel_cfg(tunnel)->is_disabled;
		policy_admit(tunnel, true);
		return;
	}
	if (tunnel_server_assign(tunnel) ||
	    tunnel_hook_connect(tunnel, policy_connected))
		tunnel_server_admitted(tunnel, false);
}

static void policy_ccd(struct tunnel *tunnel, const char *path, int err,
		       const char *text, size_t len)
{
	bool is_exclusive = tunnel->host->setup.cfg->is_ccd_exclusive;
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];

	if (tunnel->state != TUNNEL_STATE_ADMISSION)
		return;
	if (!err)
		err = tunnel_policy_apply(tunnel, path, text, len);
	else if (err == -ENOENT && !is_exclusive)
		err = 0;
	if (err)
		log_limited(&limit, err == -ENOENT ? LOG_LEVEL_NOTICE :
						     LOG_LEVEL_ERROR,
			    "%s: client-config-dir: %s: %s",
			    tunnel_label(tunnel, label, sizeof(label)), path,
			    err == -EINVAL ? "is not a file" :
			    err == -EFBIG ? "is longer than 65535 bytes" :
			    strerror(-err));
	if (err)
		tunnel_server_admitted(tunnel, false);
	else
		policy_connect(tunnel);
}

/**
 * tunnel_policy_address() - what learn-address is asked about
 * @tunnel: the client
 * @n: 0, 1, ...: its addresses, then the networks behind it
 * @out: the address
 *
 * Return: false behind the last one.
 */
bool tunnel_policy_address(const struct tunnel *tunnel, unsigned int n,
			   struct net_prefix *out)
{
	const struct config_route *in = tunnel_cfg(tunnel)->iroutes;

	if (tunnel->vpn4.family && !n--) {
		out->ip = *tunnel_address(tunnel, AF_INET);
		out->len = 32;
		return true;
	}
	if (tunnel->vpn6.family && !n--) {
		out->ip = *tunnel_address(tunnel, AF_INET6);
		out->len = 128;
		return true;
	}
	while (in && n--)
		in = in->next;
	if (in)
		*out = in->dst;
	return in != NULL;
}

/**
 * tunnel_policy_forget() - a network is not this client's
 * @tunnel: the client
 * @dst: from now on it is as if its file did not say so
 *
 * Return: false: there is no such network.
 */
bool tunnel_policy_forget(struct tunnel *tunnel, const struct net_prefix *dst)
{
	struct config_route **pos;

	if (!tunnel->own_cfg)
		return false;
	for (pos = &tunnel->own_cfg->iroutes; *pos; pos = &(*pos)->next) {
		if ((*pos)->dst.len != dst->len ||
		    !net_ip_is_equal(&(*pos)->dst.ip, &dst->ip))
			continue;
		*pos = (*pos)->next;
		return true;
	}
	return false;
}

static void policy_learned(void *arg, const struct hook_result *result)
{
	struct tunnel *tunnel = arg;
	char text[NET_PREFIX_STRLEN];
	struct net_prefix what;

	if (result->status == HOOK_DEFERRED)
		return;
	tunnel->job = NULL;
	if (tunnel->state != TUNNEL_STATE_ADMISSION ||
	    !tunnel_policy_address(tunnel, tunnel->n_learned, &what))
		return;
	if (result->status == HOOK_OK) {
		tunnel->n_learned++;
		tunnel_policy_learn(tunnel);
		return;
	}
	refuse_line(tunnel, "learn-address", result->why);
	refuse_line(tunnel, "not its address", net_prefix_format(&what, text));
	if (tunnel_policy_forget(tunnel, &what))
		tunnel_policy_learn(tunnel);
	else
		tunnel_server_learned(tunnel, false);
}

/**
 * tunnel_policy_learn() - ask learn-address about the addresses of a client
 * @tunnel: has got them; tunnel_server_learned() follows, perhaps from inside
 *	this call
 */
void tunnel_policy_learn(struct tunnel *tunnel)
{
	struct net_prefix what;

	if (!hook_has(tunnel->host->setup.hook, HOOK_LEARN_ADDRESS) ||
	    !tunnel_policy_address(tunnel, tunnel->n_learned, &what))
		tunnel_server_learned(tunnel, true);
	else if (tunnel_hook_learn(tunnel, &what, true, policy_learned))
		tunnel_server_learned(tunnel, false);
}

/**
 * tunnel_policy_start() - find out what applies to a client
 * @tunnel: whose identity is known; tunnel_server_admitted() follows, perhaps
 *	from inside this call
 */
void tunnel_policy_start(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	char label[160];
	int ret;

	tunnel_policy_drop(tunnel);
	/* programs are told the same time at the beginning and at the end */
	tunnel->connected_since = host->env.realtime();
	tunnel_enter_state(tunnel, TUNNEL_STATE_ADMISSION);
	tunnel_set_deadline(tunnel, loop_now(host->setup.loop) +
			    1000ull * host->setup.cfg->hand_window);
	if (!host->setup.cfg->ccd_path) {
		policy_connect(tunnel);
		return;
	}
	ret = tunnel_ccd_read(tunnel, policy_ccd);
	if (!ret)
		return;
	log_warn("%s: client-config-dir: %s",
		 tunnel_label(tunnel, label, sizeof(label)),
		 ret == -EAGAIN ? "too many files are being read" :
		 ret == -EINVAL ? "no file can have this common name" :
		 strerror(-ret));
	tunnel_server_admitted(tunnel, false);
}

/** tunnel_policy_drop() - forget what applied, and what was being asked */
void tunnel_policy_drop(struct tunnel *tunnel)
{
	tunnel_ccd_drop(tunnel);
	tunnel_hook_leave(tunnel);
	tunnel_iroutes_del(tunnel);
	config_free(tunnel->own_cfg);
	tunnel->own_cfg = NULL;
	free(tunnel->said);
	tunnel->said = NULL;
	tunnel->is_reread_wanted = false;
	tunnel->is_resumed = false;
}
