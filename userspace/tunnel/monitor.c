// SPDX-License-Identifier: GPL-2.0-or-later
/* Who looks on is told of changes, and sees the control sessions. */
#include <string.h>

#include "tunnel/private.h"

void tunnel_host_monitor(struct tunnel_host *host, tunnel_monitor_fn *fn,
			 void *arg)
{
	host->monitor = fn;
	host->monitor_arg = arg;
}

/**
 * tunnel_monitor_tell() - something has changed at a tunnel
 * @tunnel: as it is now
 * @change: what has
 * @why: of TUNNEL_CHANGE_GONE; else ""
 */
void tunnel_monitor_tell(struct tunnel *tunnel, enum tunnel_change change,
			 const char *why)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_info info;

	if (!host->monitor)
		return;
	tunnel_info_fill(tunnel, &info);
	host->monitor(host->monitor_arg, change, &info, why);
}

static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

/* What an untrusted session says of itself is not shown: anybody can. */
static void session_fill(struct tunnel *tunnel, struct tunnel_session *ts,
			 struct tunnel_session_info *out)
{
	uint64_t reneg_at = control_session_reneg_at(ts->control);
	uint64_t now = loop_now(tunnel->host->setup.loop);
	bool is_proven = ts == tunnel->active;

	*out = (struct tunnel_session_info){
		.peer_id = tunnel->dp_id,
		.cid = tunnel->cid,
		.common_name = "UNDEF",
		.username = "UNDEF",
		.remote = tunnel->remote,
		.remote_id = control_session_remote(ts->control)->b,
		.state = control_state_name(control_session_state(ts->control)),
		.tls = control_session_tls(ts->control),
		.key_id = control_session_key_id(ts->control),
		.age = since(control_session_started(ts->control), now),
		.reneg_in = reneg_at == UINT64_MAX ? UINT64_MAX :
						     since(now, reneg_at),
		.is_proven = is_proven,
		.is_lost = control_session_is_lost(ts->control),
	};
	if (is_proven) {
		out->vpn4 = *tunnel_address(tunnel, AF_INET);
		out->vpn6 = *tunnel_address(tunnel, AF_INET6);
	}
	if (is_proven && tunnel->common_name[0])
		out->common_name = tunnel->common_name;
	if (is_proven && tunnel->has_username && tunnel->username[0])
		out->username = tunnel->username;
}

int tunnel_host_sessions(struct tunnel_host *host,
			 int (*fn)(void *arg,
				   const struct tunnel_session_info *info),
			 void *arg)
{
	struct tunnel_session_info info;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < host->reg.max_tunnels; i++) {
		struct tunnel *tunnel = host->reg.by_id[i];

		if (tunnel && tunnel->active) {
			session_fill(tunnel, tunnel->active, &info);
			ret = fn(arg, &info);
		}
		if (tunnel && tunnel->untrusted && !ret) {
			session_fill(tunnel, tunnel->untrusted, &info);
			ret = fn(arg, &info);
		}
	}
	return ret;
}
