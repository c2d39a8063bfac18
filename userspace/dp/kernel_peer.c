// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "dp/kernel.h"

/* ---- structs to attributes ------------------------------------------- */

static int kernel_put_in6(struct nl_msg *msg, int type,
			  const struct in6_addr *addr)
{
	return nla_put(msg, type, sizeof(*addr), addr);
}

int kernel_peer_put_remote(struct nl_msg *msg, const union net_addr *remote,
			   const union net_addr *local)
{
	union net_addr to = *remote, from = { 0 };
	bool has_local;
	int err;

	if (local)
		from = *local;
	net_addr_unmap(&to);
	net_addr_unmap(&from);
	has_local = from.sa.sa_family == to.sa.sa_family;
	if (to.sa.sa_family == AF_INET) {
		err = nla_put_u32(msg, OVPN_A_PEER_REMOTE_IPV4,
				  to.in4.sin_addr.s_addr);
		if (!err && has_local)
			err = nla_put_u32(msg, OVPN_A_PEER_LOCAL_IPV4,
					  from.in4.sin_addr.s_addr);
		if (!err)
			err = nla_put_u16(msg, OVPN_A_PEER_REMOTE_PORT,
					  to.in4.sin_port);
		return err;
	}
	if (to.sa.sa_family != AF_INET6)
		return -EINVAL;
	err = kernel_put_in6(msg, OVPN_A_PEER_REMOTE_IPV6, &to.in6.sin6_addr);
	if (!err && to.in6.sin6_scope_id)
		err = nla_put_u32(msg, OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID,
				  to.in6.sin6_scope_id);
	if (!err && has_local)
		err = kernel_put_in6(msg, OVPN_A_PEER_LOCAL_IPV6,
				     &from.in6.sin6_addr);
	if (!err)
		err = nla_put_u16(msg, OVPN_A_PEER_REMOTE_PORT,
				  to.in6.sin6_port);
	return err;
}

/* In P2P mode the kernel refuses VPN addresses, on TCP remote addresses. */
int kernel_peer_put(struct nl_msg *msg, const struct dp_kernel *kernel,
		    const struct dp_peer *peer)
{
	bool is_mp = kernel->base.mode == DP_MODE_MP;
	int err;

	err = nla_put_u32(msg, OVPN_A_PEER_ID, peer->id);
	if (!err)
		err = nla_put_u32(msg, OVPN_A_PEER_SOCKET, (uint32_t)peer->fd);
	/* Left out when it is the default: older kernels do not know it. */
	if (!err && peer->tx_id != peer->id)
		err = nla_put_u32(msg, OVPN_A_PEER_TX_ID, peer->tx_id);
	if (!err && !peer->is_tcp)
		err = kernel_peer_put_remote(msg, &peer->remote, &peer->local);
	if (!err && is_mp && peer->vpn4.family == AF_INET)
		err = nla_put_u32(msg, OVPN_A_PEER_VPN_IPV4,
				  peer->vpn4.in4.s_addr);
	if (!err && is_mp && peer->vpn6.family == AF_INET6)
		err = kernel_put_in6(msg, OVPN_A_PEER_VPN_IPV6,
				     &peer->vpn6.in6);
	return err ? -EINVAL : 0;
}

/* ---- attributes to structs ------------------------------------------- */

int kernel_u32_parse(struct nlattr *attr, uint32_t *out)
{
	if (!attr || nla_len(attr) != sizeof(*out))
		return -EBADMSG;
	*out = nla_get_u32(attr);
	return 0;
}

static uint16_t kernel_u16(struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(uint16_t) ? nla_get_u16(attr) :
							   0;
}

uint64_t kernel_uint(struct nlattr *attr)
{
	if (attr && nla_len(attr) == sizeof(uint64_t))
		return nla_get_u64(attr);
	if (attr && nla_len(attr) == sizeof(uint32_t))
		return nla_get_u32(attr);
	return 0;
}

static void kernel_addr_parse(struct nlattr *v4, struct nlattr *v6,
			      uint16_t port, uint32_t scope,
			      union net_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (v4 && nla_len(v4) == sizeof(struct in_addr)) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = port;
		out->in4.sin_addr.s_addr = nla_get_u32(v4);
	} else if (v6 && nla_len(v6) == sizeof(struct in6_addr)) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = port;
		out->in6.sin6_scope_id = scope;
		memcpy(&out->in6.sin6_addr, nla_data(v6),
		       sizeof(out->in6.sin6_addr));
	}
}

void kernel_remote_parse(struct nlattr **attrs, union net_addr *out)
{
	uint32_t scope = 0;

	kernel_u32_parse(attrs[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID], &scope);
	kernel_addr_parse(attrs[OVPN_A_PEER_REMOTE_IPV4],
			  attrs[OVPN_A_PEER_REMOTE_IPV6],
			  kernel_u16(attrs[OVPN_A_PEER_REMOTE_PORT]), scope,
			  out);
}

static void kernel_ip_parse(struct nlattr *attr, sa_family_t family,
			    struct net_ip *out)
{
	int len = family == AF_INET ? (int)sizeof(out->in4) :
				      (int)sizeof(out->in6);

	if (!attr || nla_len(attr) != len)
		return;
	out->family = family;
	memcpy(&out->in6, nla_data(attr), (size_t)len);
}

static void kernel_stats_parse(struct nlattr **attrs, struct dp_stats *out)
{
	out->vpn_rx_bytes = kernel_uint(attrs[OVPN_A_PEER_VPN_RX_BYTES]);
	out->vpn_tx_bytes = kernel_uint(attrs[OVPN_A_PEER_VPN_TX_BYTES]);
	out->vpn_rx_packets = kernel_uint(attrs[OVPN_A_PEER_VPN_RX_PACKETS]);
	out->vpn_tx_packets = kernel_uint(attrs[OVPN_A_PEER_VPN_TX_PACKETS]);
	out->link_rx_bytes = kernel_uint(attrs[OVPN_A_PEER_LINK_RX_BYTES]);
	out->link_tx_bytes = kernel_uint(attrs[OVPN_A_PEER_LINK_TX_BYTES]);
	out->link_rx_packets = kernel_uint(attrs[OVPN_A_PEER_LINK_RX_PACKETS]);
	out->link_tx_packets = kernel_uint(attrs[OVPN_A_PEER_LINK_TX_PACKETS]);
}

int kernel_peer_parse(struct nlattr *nest, struct dp_peer_info *out)
{
	struct nlattr *attrs[OVPN_A_PEER_MAX + 1];
	uint32_t v = 0;

	if (!nest || nla_parse_nested(attrs, OVPN_A_PEER_MAX, nest, NULL) ||
	    kernel_u32_parse(attrs[OVPN_A_PEER_ID], &out->id))
		return -EBADMSG;
	out->tx_id = out->id;
	kernel_u32_parse(attrs[OVPN_A_PEER_TX_ID], &out->tx_id);
	kernel_remote_parse(attrs, &out->remote);
	kernel_addr_parse(attrs[OVPN_A_PEER_LOCAL_IPV4],
			  attrs[OVPN_A_PEER_LOCAL_IPV6],
			  kernel_u16(attrs[OVPN_A_PEER_LOCAL_PORT]), 0,
			  &out->local);
	kernel_ip_parse(attrs[OVPN_A_PEER_VPN_IPV4], AF_INET, &out->vpn4);
	kernel_ip_parse(attrs[OVPN_A_PEER_VPN_IPV6], AF_INET6, &out->vpn6);
	if (!kernel_u32_parse(attrs[OVPN_A_PEER_KEEPALIVE_INTERVAL], &v))
		out->keepalive_interval = v;
	if (!kernel_u32_parse(attrs[OVPN_A_PEER_KEEPALIVE_TIMEOUT], &v))
		out->keepalive_timeout = v;
	kernel_stats_parse(attrs, &out->stats);
	return 0;
}
