/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_DP_KERNEL_RIG_H
#define UNIT_DP_KERNEL_RIG_H

#include "dp_rig.h"
#include "dp/mixed.h"
#include "nl/nl.h"

/*
 * The kernel data path as a server; the userspace one is its client. Where the
 * kernel has no link kind "ovpn", only its absence is tested, and everything
 * else is one skipped test, not a passed one.
 */

static struct rig rig;
static struct nl_rt *rt;
static bool has_ovpn;
static uint8_t pkt[RIG_PACKET_MAX];

static inline int probe(void)
{
	struct nl_link link;

	if (netns_enter())
		return -1;
	rt = nl_rt_open();
	if (!rt)
		return -1;
	has_ovpn = !nl_rt_link_add_ovpn(rt, "probe", NL_OVPN_MP);
	if (has_ovpn && !nl_rt_link_get(rt, "probe", &link))
		nl_rt_link_del(rt, link.ifindex);
	return 0;
}

static inline int cleanup(void **state)
{
	(void)state;
	nl_rt_close(rt);
	return 0;
}

/* A data path for the device of @end, whose peers may be there already. */
static inline void kernel_dp_open(struct rig_end *end, enum dp_mode mode)
{
	struct dp_config cfg = {
		.loop = rig.loop,
		.mode = mode,
		.ifindex = end->ifindex,
		.tun_fd = -1,
		.events = &rig_events,
		.arg = end,
	};

	assert_int_equal(dp_kernel_new(&cfg, &end->dp), 0);
}

static inline void kernel_end_open(struct rig_end *end, const char *name,
				   enum dp_mode mode)
{
	struct nl_link link;

	assert_int_equal(nl_rt_link_add_ovpn(rt, name, mode == DP_MODE_MP ?
					     NL_OVPN_MP : NL_OVPN_P2P), 0);
	assert_int_equal(nl_rt_link_get(rt, name, &link), 0);
	assert_int_equal(nl_rt_link_set(rt, link.ifindex, 0, 0, true), 0);
	end->rig = &rig;
	end->ifindex = link.ifindex;
	end->packet = rig_packet_socket(link.ifindex);
	end->tun = -1;
	kernel_dp_open(end, mode);
	rig_listen(end, "127.0.0.1");
}

/* The server's device in the eyes of another program. */
static inline struct dp *kernel_other(void)
{
	struct dp_config cfg = {
		.tun_fd = -1, .mode = DP_MODE_MP, .ifindex = rig.server.ifindex,
	};
	struct dp *other;

	assert_int_equal(dp_kernel_new(&cfg, &other), 0);
	return other;
}

/* Of a data path that is both, what is the kernel's. */
static inline struct dp_kernel *kernel_part(struct dp *dp)
{
	return kernel_get(dp_is_plain(dp) ? dp : mixed_kernel(dp));
}

static inline int setup(void **state)
{
	struct net_prefix own;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	if (netns_enter())
		return -1;
	nl_rt_close(rt);
	rt = nl_rt_open();
	rig_hush();
	rig.loop = loop_new();
	rig.guard = loop_timer_new(rig.loop, rig_late, &rig);
	kernel_end_open(&rig.server, "tun-s", DP_MODE_MP);
	net_prefix_parse("10.8.0.1/24", &own);
	if (nl_rt_addr(rt, true, rig.server.ifindex, &own, NULL))
		return -1;
	rig_end_open(&rig, &rig.client, "tun-c", DP_MODE_P2P, "127.0.0.1");
	rig_peers(&rig);
	rig_set_keys(&rig, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM, 0);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	nl_rt_link_del(rt, rig.server.ifindex);
	return 0;
}

static inline bool goes(struct rig_end *from, const char *src, const char *dst)
{
	struct rig_end *to = from == &rig.server ? &rig.client : &rig.server;
	static uint8_t mark;

	rig_inner(pkt, src, dst, 100, ++mark);
	rig_send(from, pkt, 100);
	return rig_arrives(&rig, to, pkt, 100, 5000);
}

static inline bool goes_both_ways(void)
{
	return goes(&rig.client, "10.8.0.2", "10.8.0.1") &&
	       goes(&rig.server, "10.8.0.1", "10.8.0.2");
}

static inline struct dp_peer_info info_of(struct rig_end *end)
{
	struct dp_peer_info info;

	assert_int_equal(dp_peer_get(end->dp, RIG_PEER_ID, &info), 0);
	return info;
}

#endif
