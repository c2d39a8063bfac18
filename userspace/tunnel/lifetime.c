// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inactive and session-timeout: connections that end because nothing happens,
 * or because they are old.
 */
#include <string.h>

#include "tunnel/client.h"

#define GOODBYE_MS	2000
/* inactive without a number of bytes: any packet will do */
#define ANYTHING	1

static uint64_t now_of(const struct tunnel *tunnel)
{
	return loop_now(tunnel->host->setup.loop);
}

/* What counts: a client's own configuration with what was pushed to it. */
static const struct config *cfg_of(const struct tunnel *tunnel)
{
	const struct tunnel_client *client = tunnel->host->client;

	return client && client->applied ? client->applied :
					   tunnel_cfg(tunnel);
}

/* Payload of both directions; -1: it cannot be told now. */
static int64_t carried(const struct tunnel *tunnel)
{
	struct dp_peer_info info;

	if (dp_peer_get(tunnel->host->dp, tunnel->dp_id, &info))
		return -1;
	return (int64_t)(info.stats.vpn_rx_bytes + info.stats.vpn_tx_bytes);
}

/* session-timeout counts from the connect, also over a restart of ovpnd. */
static uint64_t session_end(const struct tunnel *tunnel, uint32_t timeout)
{
	int64_t left = tunnel->connected_since + timeout -
		       tunnel->host->env.realtime();

	if (!timeout)
		return UINT64_MAX;
	return now_of(tunnel) + (left > 0 ? 1000ull * (uint64_t)left : 0);
}

/**
 * tunnel_lifetime_begin() - a tunnel is connected, count from here
 * @tunnel: with a peer in the data path, and @connected_since
 */
void tunnel_lifetime_begin(struct tunnel *tunnel)
{
	const struct config *cfg = cfg_of(tunnel);
	const struct tunnel_limit limit = {
		.timeout = cfg->session_timeout, .inactive = cfg->inactive,
		.bytes = cfg->inactive_bytes,
	};

	tunnel_lifetime_resume(tunnel, &limit);
}

/**
 * tunnel_lifetime_resume() - go on where an earlier process has been
 * @tunnel: likewise
 * @limit: that of @tunnel->lifetime there
 */
void tunnel_lifetime_resume(struct tunnel *tunnel,
			    const struct tunnel_limit *limit)
{
	struct tunnel_lifetime *life = &tunnel->lifetime;
	int64_t bytes = carried(tunnel);

	life->limit = *limit;
	life->ends_at = session_end(tunnel, limit->timeout);
	life->look_at = limit->inactive ? now_of(tunnel) +
			1000ull * limit->inactive : UINT64_MAX;
	life->bytes = bytes < 0 ? 0 : (uint64_t)bytes;
}

/**
 * tunnel_lifetime_deadline() - when the next look is due
 * @tunnel: any; what is not connected ends for other reasons
 *
 * Return: ms, UINT64_MAX: never.
 */
uint64_t tunnel_lifetime_deadline(const struct tunnel *tunnel)
{
	const struct tunnel_lifetime *life = &tunnel->lifetime;

	if (tunnel->state != TUNNEL_STATE_CONNECTED)
		return UINT64_MAX;
	return life->ends_at < life->look_at ? life->ends_at : life->look_at;
}

/* As OpenVPN: a client ends, a server sends the one client away. */
static void lifetime_end(struct tunnel *tunnel, const char *why)
{
	struct tunnel_host *host = tunnel->host;
	char label[160];

	log_notice("%s: %s", tunnel_label(tunnel, label, sizeof(label)), why);
	tunnel->lifetime.ends_at = UINT64_MAX;
	tunnel->lifetime.look_at = UINT64_MAX;
	if (host->role == &tunnel_client_role) {
		tunnel_host_stop(host);
		return;
	}
	if (!tunnel->active ||
	    control_session_send(tunnel->active->control, "HALT")) {
		tunnel_close(tunnel, why);
		return;
	}
	tunnel_data_disconnect(tunnel);
	tunnel_close_later(tunnel, GOODBYE_MS);
}

/* Return: has too little gone through since the last look? */
static bool is_inactive(struct tunnel *tunnel)
{
	struct tunnel_lifetime *life = &tunnel->lifetime;
	uint64_t least = life->limit.bytes ? life->limit.bytes : ANYTHING;
	int64_t bytes = carried(tunnel);
	bool is_idle;

	if (bytes < 0)
		return false;
	/* another peer in the data path counts from the beginning */
	if ((uint64_t)bytes < life->bytes)
		life->bytes = 0;
	is_idle = (uint64_t)bytes - life->bytes < least;
	life->bytes = (uint64_t)bytes;
	return is_idle;
}

/** tunnel_lifetime_step() - look, if it is time, and end the tunnel if so */
void tunnel_lifetime_step(struct tunnel *tunnel)
{
	struct tunnel_lifetime *life = &tunnel->lifetime;
	uint64_t now = now_of(tunnel);

	if (tunnel_lifetime_deadline(tunnel) > now)
		return;
	if (life->ends_at <= now) {
		lifetime_end(tunnel, "Session timeout, exiting (--session-timeout)");
		return;
	}
	life->look_at = now + 1000ull * life->limit.inactive;
	if (is_inactive(tunnel))
		lifetime_end(tunnel, "Inactivity timeout (--inactive), exiting");
}
