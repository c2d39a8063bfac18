// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is written about a client now, for one that is connected: when the files
 * are read again, networks behind it, what is pushed, timers and "disable" follow.
 * The rest counts when it connects again, and that is said.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

static bool is_network(const struct config_route *in,
		       const struct net_prefix *dst)
{
	return in->dst.len == dst->len &&
	       net_ip_is_equal(&in->dst.ip, &dst->ip);
}

static struct config_route **network_find(struct config_route **list,
					  const struct net_prefix *dst)
{
	while (*list && !is_network(*list, dst))
		list = &(*list)->next;
	return list;
}

static bool has_learn(const struct tunnel *tunnel)
{
	return hook_has(tunnel->host->setup.hook, HOOK_LEARN_ADDRESS);
}

/* Of who was connected before this process began, only files are known. */
static bool is_half_known(const struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;

	return tunnel->is_resumed &&
	       (host->setup.cfg->is_management_auth ||
		hook_has(host->setup.hook, HOOK_CLIENT_CONNECT));
}

static void say(const struct tunnel *tunnel, const char *what, const char *more)
{
	char label[160];

	log_notice("%s: %s%s", tunnel_label(tunnel, label, sizeof(label)), what,
		   more);
}

static void say_network(const struct tunnel *tunnel,
			const struct net_prefix *dst, const char *what)
{
	char text[NET_PREFIX_STRLEN + 64], name[NET_PREFIX_STRLEN];

	snprintf(text, sizeof(text), "network %s ",
		 net_prefix_format(dst, name));
	say(tunnel, text, what);
}

/* ---- networks behind it -------------------------------------------------- */

static void network_remove(struct tunnel *tunnel, const struct net_prefix *dst)
{
	say_network(tunnel, dst, "is not behind this client any more");
	tunnel_iroute_del(tunnel, dst);
	if (has_learn(tunnel) && tunnel->n_learned) {
		tunnel->n_learned--;
		tunnel_hook_learn(tunnel, dst, false, NULL);
	}
}

/*
 * In @fresh, those that the client has already come first, in the same order,
 * as learn-address knows of them; others go. Return: how many, or -ENOMEM.
 */
static int networks_keep(struct tunnel *tunnel, struct config *fresh)
{
	const struct config_route *in = tunnel_cfg(tunnel)->iroutes;
	struct config_route *kept = NULL, **tail = &kept, *node, **pos;
	bool is_kept = is_half_known(tunnel);
	int n = 0;

	for (; in; in = in->next) {
		pos = network_find(&fresh->iroutes, &in->dst);
		node = *pos;
		if (node) {
			*pos = node->next;
		} else if (is_kept) {
			node = mem_arena_memdup(fresh->arena, in, sizeof(*in));
			if (!node)
				return -ENOMEM;
		} else {
			network_remove(tunnel, &in->dst);
			n++;
			continue;
		}
		*tail = node;
		tail = &node->next;
	}
	*tail = fresh->iroutes;
	fresh->iroutes = kept;
	return n;
}

/* Return: the next one that nobody has said anything about yet; NULL: none */
static const struct net_prefix *network_next(struct tunnel *tunnel)
{
	const struct config_route *in = tunnel_cfg(tunnel)->iroutes;

	while (in && tunnel_iroute_has(tunnel, &in->dst))
		in = in->next;
	return in ? &in->dst : NULL;
}

/* Without memory it is as if the file did not say so. */
static void network_install(struct tunnel *tunnel, const struct net_prefix *in)
{
	const struct net_prefix dst = *in;

	say_network(tunnel, &dst, "is behind this client now");
	tunnel_iroute_add(tunnel, &dst);
	if (!tunnel_iroute_has(tunnel, &dst))
		tunnel_policy_forget(tunnel, &dst);
}

static void network_learned(void *arg, const struct hook_result *result);

/* Return: false: a program is being asked, and network_learned() goes on. */
static bool networks_add(struct tunnel *tunnel)
{
	const struct net_prefix *dst;

	while ((dst = network_next(tunnel))) {
		if (!has_learn(tunnel)) {
			network_install(tunnel, dst);
			continue;
		}
		if (!tunnel_hook_learn(tunnel, dst, true, network_learned))
			return false;
		say_network(tunnel, dst, "cannot be asked about");
		tunnel_policy_forget(tunnel, dst);
	}
	return true;
}

static void reread_end(struct tunnel *tunnel, bool is_changed)
{
	bool is_wanted = tunnel->is_reread_wanted;

	tunnel->is_reread_wanted = false;
	if (is_changed)
		tunnel_survive_save(tunnel);
	if (is_wanted)
		tunnel_reread(tunnel);
}

static void network_learned(void *arg, const struct hook_result *result)
{
	struct tunnel *tunnel = arg;
	const struct net_prefix *dst;

	if (result->status == HOOK_DEFERRED)
		return;
	tunnel->job = NULL;
	if (tunnel->state != TUNNEL_STATE_CONNECTED)
		return;
	dst = network_next(tunnel);
	if (dst && result->status == HOOK_OK) {
		tunnel->n_learned++;
		network_install(tunnel, dst);
	} else if (dst) {
		say_network(tunnel, dst, "is refused by learn-address");
		tunnel_policy_forget(tunnel, dst);
	}
	if (networks_add(tunnel))
		reread_end(tunnel, true);
}

/* ---- what is pushed ------------------------------------------------------ */

static const char later[] = "; it counts when the client connects again";

static void follow_push(struct tunnel *tunnel, const struct config *fresh)
{
	struct tunnel_push_changes changes;
	char label[160];

	if (tunnel_push_changes(tunnel_cfg(tunnel), fresh, &changes)) {
		log_error("%s: what is pushed stays as it is: out of memory",
			  tunnel_label(tunnel, label, sizeof(label)));
		return;
	}
	/* an update takes the place of lines that are not known */
	if (changes.options && (is_half_known(tunnel) ||
				!tunnel_push_update(tunnel, changes.options)))
		changes.has_others = true;
	if (changes.has_others)
		say(tunnel, "what is pushed has changed", later);
	free(changes.options);
}

/* ---- all of it ----------------------------------------------------------- */

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool is_same_address(const struct config *a, const struct config *b)
{
	return a->has_ifconfig_push == b->has_ifconfig_push &&
	       a->has_ifconfig6_push == b->has_ifconfig6_push &&
	       (!a->has_ifconfig_push ||
		(net_ip_is_equal(&a->ifconfig_push, &b->ifconfig_push) &&
		 net_ip_is_equal(&a->ifconfig_push_remote,
				 &b->ifconfig_push_remote))) &&
	       (!a->has_ifconfig6_push ||
		(a->ifconfig6_push.len == b->ifconfig6_push.len &&
		 net_ip_is_equal(&a->ifconfig6_push.ip,
				 &b->ifconfig6_push.ip)));
}

/* What cannot change while it is connected. */
static void say_later(const struct tunnel *tunnel, const struct config *fresh)
{
	const struct config *now = tunnel_cfg(tunnel);

	if (!is_same_address(now, fresh))
		say(tunnel, "its address has changed", later);
	if (!is_same_text(now->data_ciphers, fresh->data_ciphers) ||
	    !is_same_text(now->data_ciphers_fallback,
			  fresh->data_ciphers_fallback))
		say(tunnel, "its ciphers have changed", later);
	if (!is_same_text(now->override_username, fresh->override_username))
		say(tunnel, "its user name has changed", later);
}

static void follow_timers(struct tunnel *tunnel, const struct config *fresh)
{
	const struct config *now = tunnel_cfg(tunnel);
	char label[160];
	int ret;

	if (now->ping == fresh->ping &&
	    now->ping_restart == fresh->ping_restart &&
	    now->ping_exit == fresh->ping_exit)
		return;
	ret = tunnel_data_keepalive(tunnel, fresh);
	if (ret)
		log_error("%s: ping: %s",
			  tunnel_label(tunnel, label, sizeof(label)),
			  strerror(-ret));
}

/* Takes @fresh; @is_plain: nobody has said anything about the client. */
static void follow_take(struct tunnel *tunnel, struct config *fresh,
			bool is_plain)
{
	bool is_known = !is_half_known(tunnel);
	int n;

	/* of who was connected before this process began, it is not known */
	if (!tunnel->is_resumed)
		say_later(tunnel, fresh);
	if (!tunnel->is_resumed || !is_known)
		follow_push(tunnel, fresh);
	follow_timers(tunnel, fresh);
	n = networks_keep(tunnel, fresh);
	if (n < 0) {
		config_free(fresh);
		return;
	}
	tunnel->is_resumed = !is_known;
	config_free(tunnel->own_cfg);
	tunnel->own_cfg = fresh;
	if (is_plain && !fresh->iroutes) {
		config_free(fresh);
		tunnel->own_cfg = NULL;
	}
	n += network_next(tunnel) != NULL;
	if (networks_add(tunnel))
		reread_end(tunnel, n);
}

static void report_line(void *arg, const char *err)
{
	const struct tunnel *tunnel = arg;
	char label[160];

	log_warn("%s: line left out: %s",
		 tunnel_label(tunnel, label, sizeof(label)), err);
}

/*
 * The same steps as when it connected: its file, its program, who looks on.
 * Return: NULL when out of memory.
 */
static struct config *config_now(struct tunnel *tunnel, const char *path,
				 const char *text, size_t len)
{
	const struct tunnel_session *ts = tunnel->active;
	struct config *fresh = config_client_begin(tunnel->host->setup.cfg);
	int ret = fresh ? 0 : -ENOMEM;

	if (!ret && text)
		ret = config_client_apply(fresh, path, text, len, report_line,
					  tunnel);
	if (!ret && tunnel->said)
		ret = config_client_apply(fresh, "client-connect",
					  tunnel->said, tunnel->said_len,
					  report_line, tunnel);
	if (!ret && ts->lines_len)
		ret = config_client_apply(fresh, "client-auth", ts->lines,
					  ts->lines_len, report_line, tunnel);
	if (!ret)
		return fresh;
	config_free(fresh);
	return NULL;
}

static void follow(struct tunnel *tunnel, const char *path, const char *text,
		   size_t len)
{
	bool is_plain = !text && !tunnel->said && !tunnel->active->lines_len;
	struct config *fresh;
	char label[160];

	/* as it was before */
	if (is_plain && !tunnel->own_cfg)
		return;
	fresh = config_now(tunnel, path, text, len);
	if (!fresh) {
		log_error("%s: its configuration stays as it is: out of memory",
			  tunnel_label(tunnel, label, sizeof(label)));
	} else if (fresh->is_disabled) {
		config_free(fresh);
		tunnel_server_refuse(tunnel, "it is disabled now");
	} else {
		follow_take(tunnel, fresh, is_plain);
	}
}

static void reread_file(struct tunnel *tunnel, const char *path, int err,
			const char *text, size_t len)
{
	bool is_exclusive = tunnel->host->setup.cfg->is_ccd_exclusive;
	bool is_wanted = tunnel->is_reread_wanted;
	char label[160];

	tunnel->is_reread_wanted = false;
	if (tunnel->state != TUNNEL_STATE_CONNECTED)
		return;
	/* it may have been read before it was changed again */
	if (is_wanted)
		tunnel_reread(tunnel);
	else if (err == -ENOENT && is_exclusive)
		tunnel_server_refuse(tunnel, "it has no file any more");
	else if (err && err != -ENOENT)
		log_warn("%s: client-config-dir: %s: %s; what it said before still counts",
			 tunnel_label(tunnel, label, sizeof(label)), path,
			 strerror(-err));
	else
		follow(tunnel, path, err ? NULL : text, len);
}

/**
 * tunnel_reread() - what is written about a client now counts
 * @tunnel: any; only for a server's that is connected something is done
 *
 * Its file is read by a thread; while one of its programs runs, that waits.
 */
void tunnel_reread(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	char label[160];
	int ret;

	if (tunnel->state != TUNNEL_STATE_CONNECTED)
		return;
	if (tunnel->ccd || tunnel->job) {
		tunnel->is_reread_wanted = true;
		return;
	}
	if (!cfg->ccd_path) {
		follow(tunnel, NULL, NULL, 0);
		return;
	}
	ret = tunnel_ccd_read(tunnel, reread_file);
	if (ret)
		log_warn("%s: client-config-dir: its file is not read again: %s",
			 tunnel_label(tunnel, label, sizeof(label)),
			 strerror(-ret));
}
