// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "config/config.h"
#include "mgmt/private.h"

/** mgmt_json_text() - what a peer calls itself need not be UTF-8 */
json_t *mgmt_json_text(const char *str)
{
	json_t *value = json_string(str);
	char clean[256];
	size_t i;

	if (value)
		return value;
	for (i = 0; str[i] && i < sizeof(clean) - 1; i++)
		clean[i] = str[i] >= ' ' && str[i] <= '~' ? str[i] : '?';
	clean[i] = '\0';
	return json_string(clean);
}

json_t *mgmt_json_error(const char *text)
{
	return json_pack("{so}", "error", mgmt_json_text(text));
}

json_t *mgmt_json_addr(const union net_addr *addr)
{
	char text[NET_ADDR_STRLEN];

	if (!net_addr_len(addr))
		return json_null();
	return json_string(net_addr_format(addr, text));
}

json_t *mgmt_json_ip(const struct net_ip *ip)
{
	char text[NET_PREFIX_STRLEN];

	return ip->family ? json_string(net_ip_format(ip, text)) : json_null();
}

static json_t *json_key_id(int key_id)
{
	return key_id < 0 ? json_null() : json_integer(key_id);
}

/* null: packets without epochs */
static json_t *json_epoch(unsigned int epoch)
{
	return epoch ? json_integer((json_int_t)epoch) : json_null();
}

static json_t *json_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* seconds since 1970 */
static json_t *json_time(int64_t when)
{
	return when ? json_integer(when) : json_null();
}

static json_t *json_stats(const struct dp_stats *s)
{
	return json_pack("{so so so so so so so so}",
			 "vpn_rx_bytes", json_count(s->vpn_rx_bytes),
			 "vpn_rx_packets", json_count(s->vpn_rx_packets),
			 "vpn_tx_bytes", json_count(s->vpn_tx_bytes),
			 "vpn_tx_packets", json_count(s->vpn_tx_packets),
			 "link_rx_bytes", json_count(s->link_rx_bytes),
			 "link_rx_packets", json_count(s->link_rx_packets),
			 "link_tx_bytes", json_count(s->link_tx_bytes),
			 "link_tx_packets", json_count(s->link_tx_packets));
}

static json_t *json_thread(unsigned int thread)
{
	return thread ? json_count(thread) : json_null();
}

json_t *mgmt_json_peer(const struct tunnel_info *info)
{
	bool has_dp = info->data_path[0];

	return json_pack("{so so so so so so so so so so so so so so so so so "
			 "so so so so so}",
			 "id", json_count(info->peer_id),
			 "tx_id", has_dp ? json_count(info->dp.tx_id) :
					   json_null(),
			 "client_id", json_count(info->cid),
			 "common_name", mgmt_json_text(info->common_name),
			 "state", mgmt_json_text(info->state),
			 "cipher", mgmt_json_text(info->cipher),
			 "tls", mgmt_json_text(info->tls),
			 "data_path", mgmt_json_text(info->data_path),
			 "data_thread", json_thread(info->dp.thread),
			 "reason", mgmt_json_text(info->reason),
			 "remote", mgmt_json_addr(&info->remote),
			 "local", mgmt_json_addr(&info->local),
			 "transport", mgmt_json_text(info->is_tcp ? "tcp" : "udp"),
			 "vpn4", mgmt_json_ip(&info->vpn4),
			 "vpn6", mgmt_json_ip(&info->vpn6),
			 "since", json_integer(info->connected_since),
			 "keepalive",
			 json_pack("{si si}", "interval",
				   (int)info->dp.keepalive_interval, "timeout",
				   (int)info->dp.keepalive_timeout),
			 "primary_key", json_key_id(info->dp.primary_key),
			 "secondary_key", json_key_id(info->dp.secondary_key),
			 "tx_epoch", json_epoch(info->dp.tx_epoch),
			 "rx_epoch", json_epoch(info->dp.rx_epoch),
			 "stats", json_stats(&info->dp.stats));
}

static int json_peers_add(void *arg, const struct tunnel_info *info)
{
	return json_array_append_new(arg, mgmt_json_peer(info));
}

static json_t *json_peers(struct tunnel_host *host, uint64_t netns,
			  const json_t *request)
{
	json_t *peers = json_array();

	(void)netns;
	(void)request;
	if (!peers || tunnel_host_list_keys(host, json_peers_add, peers)) {
		json_decref(peers);
		return NULL;
	}
	return json_pack("{so}", "peers", peers);
}

static json_t *json_sockets(struct tunnel_host *host)
{
	struct tunnel_socket_info sock;
	json_t *sockets = json_array();

	for (unsigned int i = 0; tunnel_host_socket(host, i, &sock); i++)
		json_array_append_new(sockets, json_pack("{so so so}",
			"transport", mgmt_json_text(sock.is_tcp ? "tcp" : "udp"),
			"local", mgmt_json_addr(&sock.local),
			"peers", json_count(sock.n_tunnels)));
	return sockets;
}

static json_t *json_status(struct tunnel_host *host, uint64_t netns,
			   const json_t *request)
{
	struct tunnel_host_info info;

	(void)request;
	tunnel_host_info(host, &info);
	return json_pack("{so so so so so so so so so so so so so so so so so}",
			 "version", mgmt_json_text(config_version()),
			 "role", mgmt_json_text(info.role),
			 "state", mgmt_json_text(info.state),
			 "device", mgmt_json_text(info.ifname),
			 "netns", json_count(netns),
			 "data_path", mgmt_json_text(info.data_path),
			 "reason", mgmt_json_text(info.data_path_reason),
			 "local", mgmt_json_addr(&info.local),
			 "sockets", json_sockets(host),
			 "since", json_integer(info.started),
			 "max_peers", json_count(info.max_tunnels),
			 "tun_mtu", json_count(info.tun_mtu),
			 "cert_from", json_time(info.cert_from),
			 "cert_until", json_time(info.cert_until),
			 "ca_until", json_time(info.ca_until),
			 "crl_until", json_time(info.crl_until),
			 "peers", json_count(info.n_tunnels));
}

/* "client" is a client id (number) or a common name; without it, all. */
static json_t *json_push_update(struct tunnel_host *host, uint64_t netns,
				const json_t *request)
{
	const json_t *client = json_object_get(request, "client");
	struct tunnel_push push = {
		.options = json_string_value(json_object_get(request,
							     "options")),
		.common_name = json_string_value(client),
		.has_cid = json_is_integer(client),
		.cid = (uint64_t)json_integer_value(client),
	};
	struct tunnel_push_result result;
	char err[200];

	(void)netns;
	if (!push.options)
		return mgmt_json_error("no \"options\"");
	if (client && !push.common_name && !push.has_cid)
		return mgmt_json_error("\"client\" is neither a number nor a name");
	if (tunnel_host_push(host, &push, &result, err, sizeof(err)))
		return mgmt_json_error(err);
	return json_pack("{so so}", "sent", json_count(result.n_sent),
			 "unable", json_count(result.n_unable));
}

static const struct {
	const char *name;
	json_t *(*answer)(struct tunnel_host *host, uint64_t netns,
			  const json_t *request);
} mgmt_commands[] = {
	{ "push-update", json_push_update },
	{ "kill", mgmt_json_kill },
	{ "sessions", mgmt_json_sessions },
	{ "status", json_status },
	{ "peers", json_peers },
};

bool mgmt_json_is(const char *cmd, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *have = json_string_value(json_object_get(request, "cmd"));
	bool is_it = have && !strcmp(have, cmd);

	json_decref(request);
	return is_it;
}

json_t *mgmt_json_answer(struct tunnel_host *host, uint64_t netns,
			 const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *cmd = json_string_value(json_object_get(request, "cmd"));
	json_t *answer = NULL;
	bool is_known = false;
	size_t i;

	for (i = 0; cmd && i < sizeof(mgmt_commands) / sizeof(*mgmt_commands);
	     i++) {
		if (strcmp(cmd, mgmt_commands[i].name))
			continue;
		is_known = true;
		answer = mgmt_commands[i].answer(host, netns, request);
	}
	if (!request)
		answer = mgmt_json_error("not a JSON object");
	else if (!cmd)
		answer = mgmt_json_error("no \"cmd\"");
	else if (!is_known)
		answer = mgmt_json_error("unknown command");
	json_decref(request);
	return answer;
}
