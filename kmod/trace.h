/* SPDX-License-Identifier: GPL-2.0-only */
/* Events in /sys/kernel/tracing/events/ovpn; Documentation/observability.rst */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ovpn

#if !defined(DCO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DCO_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "peer.h"

#define DCO_TRACE_CAUSE_LEN	32

TRACE_EVENT(dco_drop,
	TP_PROTO(const struct dco_dev *dco, const struct dco_peer *peer,
		 const struct sk_buff *skb, enum dco_drop cause),
	TP_ARGS(dco, peer, skb, cause),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__field(u32, len)
		__array(char, cause, DCO_TRACE_CAUSE_LEN)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dco->dev->name, IFNAMSIZ);
		__entry->peer = peer ? (s32)peer->id : -1;
		__entry->len = skb->len;
		strscpy(__entry->cause, dco_drop_name(cause),
			DCO_TRACE_CAUSE_LEN);
	),
	TP_printk("dev=%s peer=%d cause=%s len=%u", __entry->dev,
		  __entry->peer, __entry->cause, __entry->len)
);

TRACE_EVENT(dco_tx_batch,
	TP_PROTO(const struct dco_peer *peer, u32 packets, u32 bytes,
		 u32 outer, u32 segs),
	TP_ARGS(peer, packets, bytes, outer, segs),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__field(u32, packets)
		__field(u32, bytes)
		__field(u32, outer)
		__field(u32, segs)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
		__entry->packets = packets;
		__entry->bytes = bytes;
		__entry->outer = outer;
		__entry->segs = segs;
	),
	TP_printk("dev=%s peer=%d packets=%u bytes=%u outer=%u segs=%u",
		  __entry->dev, __entry->peer, __entry->packets,
		  __entry->bytes, __entry->outer, __entry->segs)
);

TRACE_EVENT(dco_rx_batch,
	TP_PROTO(const struct dco_peer *peer, u32 packets, u32 bytes),
	TP_ARGS(peer, packets, bytes),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__field(u32, packets)
		__field(u32, bytes)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
		__entry->packets = packets;
		__entry->bytes = bytes;
	),
	TP_printk("dev=%s peer=%d packets=%u bytes=%u", __entry->dev,
		  __entry->peer, __entry->packets, __entry->bytes)
);

TRACE_EVENT(dco_peer_float,
	TP_PROTO(const struct dco_peer *peer,
		 const struct dco_remote *remote),
	TP_ARGS(peer, remote),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__array(u8, addr, sizeof(struct in6_addr))
		__field(u16, port)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
		memcpy(__entry->addr, &remote->addr, sizeof(remote->addr));
		__entry->port = be16_to_cpu(remote->port);
	),
	TP_printk("dev=%s peer=%d addr=%pI6c port=%u", __entry->dev,
		  __entry->peer, __entry->addr, __entry->port)
);

TRACE_EVENT(dco_peer_add,
	TP_PROTO(const struct dco_peer *peer),
	TP_ARGS(peer),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
	),
	TP_printk("dev=%s peer=%d", __entry->dev, __entry->peer)
);

/* reason: enum ovpn_del_peer_reason */
TRACE_EVENT(dco_peer_del,
	TP_PROTO(const struct dco_peer *peer),
	TP_ARGS(peer),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__field(u32, reason)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
		__entry->reason = peer->del_reason;
	),
	TP_printk("dev=%s peer=%d reason=%u", __entry->dev, __entry->peer,
		  __entry->reason)
);

/* slot: enum ovpn_key_slot, -1: whichever; key_id: -1: none */
DECLARE_EVENT_CLASS(dco_key,
	TP_PROTO(const struct dco_peer *peer, int slot, int key_id),
	TP_ARGS(peer, slot, key_id),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(s32, peer)
		__field(s8, slot)
		__field(s8, key_id)
	),
	TP_fast_assign(
		strscpy(__entry->dev, peer->dco->dev->name, IFNAMSIZ);
		__entry->peer = peer->id;
		__entry->slot = slot;
		__entry->key_id = key_id;
	),
	TP_printk("dev=%s peer=%d slot=%d key_id=%d", __entry->dev,
		  __entry->peer, __entry->slot, __entry->key_id)
);

DEFINE_EVENT(dco_key, dco_key_install,
	TP_PROTO(const struct dco_peer *peer, int slot, int key_id),
	TP_ARGS(peer, slot, key_id));

/* key_id: of the new primary key */
DEFINE_EVENT(dco_key, dco_key_swap,
	TP_PROTO(const struct dco_peer *peer, int slot, int key_id),
	TP_ARGS(peer, slot, key_id));

DEFINE_EVENT(dco_key, dco_key_del,
	TP_PROTO(const struct dco_peer *peer, int slot, int key_id),
	TP_ARGS(peer, slot, key_id));

/* the data path removed it */
DEFINE_EVENT(dco_key, dco_key_kill,
	TP_PROTO(const struct dco_peer *peer, int slot, int key_id),
	TP_ARGS(peer, slot, key_id));

#endif /* DCO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
