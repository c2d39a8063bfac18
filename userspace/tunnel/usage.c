// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reneg-bytes and reneg-pkts (section 4.4): a key that has carried so much is
 * followed by the next one. The data path counts; it is asked now and then.
 */
#include <string.h>

#include "tunnel/private.h"

#define LOOK_MS	1000

static uint64_t now_of(const struct tunnel *tunnel)
{
	return loop_now(tunnel->host->setup.loop);
}

static bool is_limited(const struct config *cfg)
{
	return cfg->reneg_bytes || cfg->reneg_pkts;
}

/* Both directions, as they are on the outer network. */
static bool usage_get(const struct tunnel *tunnel, struct tunnel_usage *out)
{
	struct dp_peer_info info;

	if (dp_peer_get(tunnel->host->dp, tunnel->dp_id, &info))
		return false;
	out->bytes = info.stats.link_rx_bytes + info.stats.link_tx_bytes;
	out->packets = info.stats.link_rx_packets + info.stats.link_tx_packets;
	return true;
}

/**
 * tunnel_usage_begin() - a new key is in the data path, count from here
 * @tunnel: with a peer there
 */
void tunnel_usage_begin(struct tunnel *tunnel)
{
	struct tunnel_usage *usage = &tunnel->usage;

	memset(usage, 0, sizeof(*usage));
	usage->look_at = UINT64_MAX;
	if (is_limited(tunnel->host->setup.cfg) && usage_get(tunnel, usage))
		usage->look_at = now_of(tunnel) + LOOK_MS;
}

/** tunnel_usage_step() - look, if it is time, and renegotiate if it is much */
void tunnel_usage_step(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	struct tunnel_usage *usage = &tunnel->usage;
	struct tunnel_usage now;
	uint8_t key_id;
	char label[160];

	if (usage->look_at > now_of(tunnel))
		return;
	usage->look_at = now_of(tunnel) + LOOK_MS;
	if (tunnel->state != TUNNEL_STATE_CONNECTED || !tunnel->active ||
	    !usage_get(tunnel, &now))
		return;
	if (!(cfg->reneg_bytes &&
	      now.bytes - usage->bytes >= cfg->reneg_bytes) &&
	    !(cfg->reneg_pkts &&
	      now.packets - usage->packets >= cfg->reneg_pkts))
		return;
	key_id = control_session_key_id(tunnel->active->control);
	/* busy: somebody has begun already */
	if (!control_session_renegotiate(tunnel->active->control))
		log_info("%s: key %u has carried %llu bytes in %llu packets, renegotiating",
			 tunnel_label(tunnel, label, sizeof(label)),
			 key_id,
			 (unsigned long long)(now.bytes - usage->bytes),
			 (unsigned long long)(now.packets - usage->packets));
}
