// SPDX-License-Identifier: GPL-2.0-or-later
/* The client role: who sits there says where to connect, and through what. */
#include <errno.h>
#include <string.h>

#include "tunnel/client.h"

/* What is configured is asked about, not what was answered last time. */
static void choice_begin(struct tunnel_client *client)
{
	if (client->remote == &client->changed && client->origin)
		client->remote = client->origin;
	client->origin = NULL;
}

/* From now on the remote is a copy that may differ. */
static struct config_remote *choice_change(struct tunnel_client *client)
{
	client->origin = client->remote;
	client->changed = *client->remote;
	client->remote = &client->changed;
	client->n_addrs = 0;
	return &client->changed;
}

static unsigned int remote_number(const struct tunnel_host *host)
{
	const struct config_remote *at = host->setup.cfg->remotes;
	unsigned int n = 1;

	for (; at && at != host->client->remote; at = at->next)
		n++;
	return n;
}

bool tunnel_client_chooses(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;
	bool is_asked = !client->is_chosen && !client->at_addr;

	client->is_choosing = is_asked && cfg->is_management_remote;
	client->is_choosing_proxy = is_asked && cfg->is_management_proxy &&
				    !cfg->is_management_remote;
	if (!client->is_choosing && !client->is_choosing_proxy)
		return false;
	choice_begin(client);
	tunnel_client_enter_state(client, CLIENT_STATE_RECONNECTING);
	if (client->is_choosing && host->watch->need_remote)
		host->watch->need_remote(host->watch_arg, client->remote);
	if (client->is_choosing_proxy && host->watch->need_proxy)
		host->watch->need_proxy(host->watch_arg, remote_number(host),
					client->remote);
	return true;
}

static void choice_made(struct tunnel_client *client, bool is_chosen)
{
	client->is_choosing = false;
	client->is_choosing_proxy = false;
	client->is_chosen = is_chosen;
	loop_timer_start(client->timer, 0);
}

int tunnel_host_choose(struct tunnel_host *host, enum tunnel_choice choice,
		       const char *name, uint16_t port)
{
	struct tunnel_client *client = host->client;
	struct config_remote *changed;

	if (!client || !client->is_choosing)
		return -EINVAL;
	switch (choice) {
	case TUNNEL_CHOICE_ACCEPT:
		break;
	case TUNNEL_CHOICE_SKIP:
		tunnel_client_next_remote(host);
		break;
	case TUNNEL_CHOICE_CHANGE:
		if (!name[0] || strlen(name) >= sizeof(client->changed_host))
			return -EINVAL;
		strcpy(client->changed_host, name);
		changed = choice_change(client);
		changed->host = client->changed_host;
		changed->port = port;
		break;
	}
	choice_made(client, choice != TUNNEL_CHOICE_SKIP);
	return 0;
}

int tunnel_host_proxy(struct tunnel_host *host,
		      const struct config_proxy *proxy)
{
	struct tunnel_client *client = host->client;

	if (!client)
		return 0;
	if (proxy && !proxy->is_socks &&
	    !config_proto_is_tcp(client->remote->proto)) {
		log_warn("HTTP proxy support only works for TCP based connections");
		return -EINVAL;
	}
	if (proxy && (!proxy->host[0] ||
		      strlen(proxy->host) >= sizeof(client->proxy_host)))
		return -EINVAL;
	if (!client->is_choosing_proxy)
		return 0;
	if (proxy) {
		strcpy(client->proxy_host, proxy->host);
		client->proxy = *proxy;
		client->proxy.host = client->proxy_host;
		choice_change(client)->proxy = &client->proxy;
	}
	choice_made(client, true);
	return 0;
}
