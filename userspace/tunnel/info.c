// SPDX-License-Identifier: GPL-2.0-or-later
/* What status output says of a host and its tunnels. */
#include <string.h>

#include "tunnel/private.h"

void tunnel_host_info(const struct tunnel_host *host,
		      struct tunnel_host_info *out)
{
	struct tunnel_socket_info sock;
	struct tls_expiry expiry = { 0 };

	memset(out, 0, sizeof(*out));
	out->role = host->role->name;
	out->state = host->is_stopping ? "stopping" : "running";
	out->ifname = host->link.name;
	out->data_path = dp_name(host->dp);
	out->data_path_reason = host->dp_reason;
	out->started = host->started;
	out->n_tunnels = host->reg.n_tunnels;
	out->max_tunnels = host->server ? host->setup.cfg->max_clients : 1;
	out->tun_mtu = host->setup.cfg->tun_mtu;
	if (host->tls)
		tls_ctx_expiry(host->tls, &expiry);
	out->cert_until = expiry.cert;
	out->cert_from = expiry.cert_from;
	out->ca_until = expiry.ca;
	out->crl_until = expiry.crl;
	if (tunnel_host_socket(host, 0, &sock))
		out->local = sock.local;
}

/** tunnel_info_fill() - see struct tunnel_info */
void tunnel_info_fill(struct tunnel *tunnel, struct tunnel_info *out)
{
	const struct tunnel_host *host = tunnel->host;
	const struct tunnel_session *ts = tunnel->active;

	memset(out, 0, sizeof(*out));
	out->peer_id = tunnel->dp_id;
	out->cid = tunnel->cid;
	out->common_name = tunnel->common_name[0] ? tunnel->common_name :
						    "UNDEF";
	out->username = tunnel->has_username && tunnel->username[0] ?
			tunnel->username : "UNDEF";
	out->state = tunnel_state_name(tunnel->state);
	out->cipher = "";
	out->tls = "";
	out->data_path = "";
	out->reason = host->dp_reason;
	out->is_tcp = tunnel->link;
	out->tunnel = tunnel;
	out->remote = tunnel->remote;
	out->local = tunnel->local;
	out->sock = tunnel->sock;
	out->vpn4 = tunnel->vpn4;
	out->vpn6 = tunnel->vpn6;
	out->connected_since = tunnel->connected_since;
	out->dp.primary_key = -1;
	out->dp.secondary_key = -1;
	if (ts && ts->params.cipher != PROTO_CIPHER_NONE)
		out->cipher = proto_cipher_name(ts->params.cipher);
	if (ts)
		out->tls = control_session_tls(ts->control);
	if (!tunnel->has_dp_peer)
		return;
	out->data_path = dp_name(host->dp);
	if (tunnel->dp_why[0])
		out->reason = tunnel->dp_why;
	if (!dp_peer_get(host->dp, tunnel->dp_id, &out->dp))
		out->data_path = out->dp.path;
}

bool tunnel_info_route(const struct tunnel_info *info, unsigned int n,
		       struct net_prefix *out)
{
	enum tunnel_state state = info->tunnel->state;

	if (state != TUNNEL_STATE_CONNECTED &&
	    state != TUNNEL_STATE_LAME_DUCK && state != TUNNEL_STATE_ADOPTED)
		return false;
	return tunnel_policy_address(info->tunnel, n, out);
}

static bool is_client(const struct tunnel *tunnel)
{
	return tunnel->state == TUNNEL_STATE_CONNECTED ||
	       tunnel->state == TUNNEL_STATE_LAME_DUCK;
}

unsigned int tunnel_host_clients(const struct tunnel_host *host)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		n += host->reg.by_id[i] && is_client(host->reg.by_id[i]);
	return n;
}

void tunnel_host_totals(struct tunnel_host *host, struct tunnel_totals *out)
{
	struct dp_peer_info info;

	*out = (struct tunnel_totals){
		.n_clients = tunnel_host_clients(host),
		.bytes_in = host->past.link_rx_bytes,
		.bytes_out = host->past.link_tx_bytes,
	};
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		const struct tunnel *tunnel = host->reg.by_id[i];

		if (!tunnel || !tunnel->has_dp_peer ||
		    dp_peer_get(host->dp, tunnel->dp_id, &info))
			continue;
		out->bytes_in += info.stats.link_rx_bytes;
		out->bytes_out += info.stats.link_tx_bytes;
	}
}

int tunnel_host_list(struct tunnel_host *host,
		     int (*fn)(void *arg, const struct tunnel_info *info),
		     void *arg)
{
	struct tunnel_info info;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < host->reg.max_tunnels; i++) {
		if (!host->reg.by_id[i])
			continue;
		tunnel_info_fill(host->reg.by_id[i], &info);
		ret = fn(arg, &info);
	}
	return ret;
}
