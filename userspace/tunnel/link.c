// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of a stream transport: what comes over them, and their end. */
#include <errno.h>

#include "tunnel/private.h"

/**
 * tunnel_link_bind() - let a tunnel live on a connection
 * @tunnel: new
 * @link: without a tunnel
 */
void tunnel_link_bind(struct tunnel *tunnel, struct tunnel_link *link)
{
	tunnel->link = link;
	link->tunnel = tunnel;
}

/**
 * tunnel_link_release() - give a tunnel's connection back, if it has one
 * @tunnel: its peer has left the data path
 */
void tunnel_link_release(struct tunnel *tunnel)
{
	struct tunnel_link *link = tunnel->link;

	if (!link)
		return;
	tunnel->link = NULL;
	link->tunnel = NULL;
	link->ops->close(link);
}

/* The connection says whose packet it is; what is written there must agree. */
static bool data_is_own(const struct tunnel *tunnel, const uint8_t *pkt,
			size_t len)
{
	struct mem_reader rd;

	if (tunnel->host->setup.cfg->mode != CONFIG_MODE_SERVER)
		return true;
	if (proto_byte_opcode(pkt[0]) == PROTO_DATA_V1)
		return true;
	mem_reader_init(&rd, pkt, len);
	return (mem_read_be32(&rd) & PROTO_PEER_ID_NONE) == tunnel->dp_id &&
	       !rd.is_bad;
}

static int link_data(struct tunnel *tunnel, const uint8_t *pkt, size_t len)
{
	if (!tunnel || !data_is_own(tunnel, pkt, len))
		return -EPROTO;
	/* it may have been on its way before the keys or after them */
	if (!tunnel->has_dp_peer)
		return 0;
	return dp_input_stream(tunnel->host->dp, tunnel->dp_id, pkt, len) ==
	       -EBADMSG ? -EBADMSG : 0;
}

int tunnel_link_input(struct tunnel_host *host, struct tunnel_link *link,
		      const uint8_t *pkt, size_t len)
{
	unsigned int op;

	if (!len || host->is_held || !host->is_started)
		return -EBADMSG;
	op = proto_byte_opcode(pkt[0]);
	if (op == PROTO_DATA_V2 || op == PROTO_DATA_V1)
		return link_data(link->tunnel, pkt, len);
	if (!proto_opcode_is_control(op) || len < PROTO_HEAD_LEN)
		return -EBADMSG;
	return host->role->link_input(host, link, pkt, len);
}

bool tunnel_host_hands_over(const struct tunnel_host *host)
{
	return dp_owns_stream(host->dp);
}

void tunnel_link_up(struct tunnel_host *host, struct tunnel_link *link)
{
	if (host->role->link_up)
		host->role->link_up(host, link);
}

void tunnel_link_down(struct tunnel_host *host, struct tunnel_link *link,
		      const char *why)
{
	if (link->tunnel)
		tunnel_close(link->tunnel, why);
	else if (host->role->link_down)
		host->role->link_down(host, link, why);
}

void tunnel_link_ready(struct tunnel_host *host, struct tunnel_link *link)
{
	if (link->tunnel && link->tunnel->has_dp_peer)
		dp_stream_ready(host->dp, link->tunnel->dp_id);
}
