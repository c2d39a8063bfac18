// SPDX-License-Identifier: GPL-2.0-or-later
/* What status output says of a host and its tunnels. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* A question for each of a hundred thousand peers would take seconds, in which
 * no handshake goes on. So the data path is asked once for all of them.
 */
struct peer_seen {
	uint32_t id;
	unsigned int thread;
	const char *path;
	struct dp_stats stats;
};

/* in the order of their ids */
struct peer_survey {
	struct peer_seen *seen;
	size_t n, cap;
};

static int survey_add(void *arg, const struct dp_peer_info *info)
{
	struct peer_survey *survey = arg;
	size_t cap = survey->cap ? 2 * survey->cap : 64;
	struct peer_seen *seen;

	if (survey->n == survey->cap) {
		seen = realloc(survey->seen, cap * sizeof(*seen));
		if (!seen)
			return -ENOMEM;
		survey->seen = seen;
		survey->cap = cap;
	}
	survey->seen[survey->n++] = (struct peer_seen){
		.id = info->id, .thread = info->thread, .path = info->path,
		.stats = info->stats,
	};
	return 0;
}

static int seen_compare(const void *a, const void *b)
{
	uint32_t left = ((const struct peer_seen *)a)->id;
	uint32_t right = ((const struct peer_seen *)b)->id;

	return left < right ? -1 : left > right;
}

/* Empty if the data path does not tell. */
static void survey_take(struct tunnel_host *host, struct peer_survey *survey)
{
	*survey = (struct peer_survey){ 0 };
	if (dp_peer_list(host->dp, survey_add, survey))
		survey->n = 0;
	if (survey->n)
		qsort(survey->seen, survey->n, sizeof(survey->seen[0]),
		      seen_compare);
}

static const struct peer_seen *survey_find(const struct peer_survey *survey,
					   uint32_t id)
{
	struct peer_seen key = { .id = id };

	return survey->n ? bsearch(&key, survey->seen, survey->n, sizeof(key),
				   seen_compare) : NULL;
}

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

/* without what the data path knows */
static void info_fill(const struct tunnel *tunnel, struct tunnel_info *out)
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
	out->vpn4 = *tunnel_address(tunnel, AF_INET);
	out->vpn6 = *tunnel_address(tunnel, AF_INET6);
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
}

/** tunnel_info_fill() - see struct tunnel_info */
void tunnel_info_fill(struct tunnel *tunnel, struct tunnel_info *out)
{
	info_fill(tunnel, out);
	if (tunnel->has_dp_peer &&
	    !dp_peer_get(tunnel->host->dp, tunnel->dp_id, &out->dp))
		out->data_path = out->dp.path;
}

static void info_fill_seen(const struct tunnel *tunnel,
			   const struct peer_survey *survey,
			   struct tunnel_info *out)
{
	const struct peer_seen *seen;

	info_fill(tunnel, out);
	seen = tunnel->has_dp_peer ? survey_find(survey, tunnel->dp_id) : NULL;
	if (!seen)
		return;
	out->data_path = seen->path;
	out->dp.id = seen->id;
	out->dp.path = seen->path;
	out->dp.thread = seen->thread;
	out->dp.stats = seen->stats;
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
	struct peer_survey survey;

	*out = (struct tunnel_totals){
		.n_clients = tunnel_host_clients(host),
		.bytes_in = host->past.link_rx_bytes,
		.bytes_out = host->past.link_tx_bytes,
	};
	survey_take(host, &survey);
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		const struct tunnel *tunnel = host->reg.by_id[i];
		const struct peer_seen *seen;

		seen = tunnel && tunnel->has_dp_peer ?
			survey_find(&survey, tunnel->dp_id) : NULL;
		if (!seen)
			continue;
		out->bytes_in += seen->stats.link_rx_bytes;
		out->bytes_out += seen->stats.link_tx_bytes;
	}
	free(survey.seen);
}

int tunnel_host_list(struct tunnel_host *host,
		     int (*fn)(void *arg, const struct tunnel_info *info),
		     void *arg)
{
	struct peer_survey survey;
	struct tunnel_info info;
	int ret = 0;

	survey_take(host, &survey);
	for (uint32_t i = 0; !ret && i < host->reg.max_tunnels; i++) {
		if (!host->reg.by_id[i])
			continue;
		info_fill_seen(host->reg.by_id[i], &survey, &info);
		ret = fn(arg, &info);
	}
	free(survey.seen);
	return ret;
}

int tunnel_host_list_keys(struct tunnel_host *host,
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
