// SPDX-License-Identifier: GPL-2.0-only
/* The two formats of a data packet, see wire.h. */
#include <linux/skbuff.h>

#include "epoch.h"
#include "key.h"
#include "packet.h"
#include "wire.h"

/* The tag comes last. Where there is no room for it behind the packet, the
 * packet moves to the front, where there always is: that costs less than to
 * allocate another one.
 */
static int dco_packet_seal_epoch(const struct dco_seal *seal,
				 struct sk_buff *skb, __be32 word)
{
	struct dco_wire_epoch_hdr *hdr;
	struct dco_aead_packet packet;
	size_t len = skb->len;

	if (skb_tailroom(skb) < DCO_TAG_SIZE) {
		hdr = __skb_push(skb, DCO_WIRE_EPOCH_OVERHEAD);
		memmove(hdr + 1, skb->data + DCO_WIRE_EPOCH_OVERHEAD, len);
	} else {
		hdr = __skb_push(skb, sizeof(*hdr));
		__skb_put(skb, DCO_TAG_SIZE);
	}
	hdr->word = word;
	hdr->id = cpu_to_be64((u64)seal->tx->epoch << DCO_EPOCH_SHIFT |
			      seal->id);
	packet.ad = hdr;
	packet.ad_len = sizeof(*hdr);
	packet.text = hdr + 1;
	packet.len = len;
	packet.tag = packet.text + len;
	packet.from = NULL;
	packet.id = hdr->id;
	return dco_aead_seal(&seal->tx->aead, &packet);
}

/* Behind the packet there is room: the parts stand as the crypto API wants them
 * while it works, with a copy of the associated data where the tag will be.
 */
static int dco_packet_seal_whole(const struct dco_seal *seal,
				 struct dco_wire_hdr *hdr,
				 struct dco_aead_packet *packet)
{
	int err;

	packet->ad = packet->text - DCO_AAD_SIZE;
	packet->tag = packet->text + packet->len;
	memcpy(packet->ad, hdr, DCO_AAD_SIZE);
	err = dco_aead_seal(&seal->tx->aead, packet);
	memcpy(hdr->tag, packet->tag, DCO_TAG_SIZE);
	return err;
}

/**
 * dco_packet_seal() - make a data packet of an IP packet
 * @seal: the batch that it belongs to
 * @skb: the packet: linear, private, with room for DCO_WIRE_EPOCH_OVERHEAD
 *	bytes in front of it
 * @peer_id: peer id to send
 *
 * Context: BH disabled, RCU read side.
 * Return: 0 or a negative errno. The packet id is used up in any case.
 */
int dco_packet_seal(struct dco_seal *seal, struct sk_buff *skb, u32 peer_id)
{
	__be32 word = cpu_to_be32(DCO_OPCODE_DATA_V2 << DCO_OPCODE_SHIFT |
				  seal->key->id << DCO_KEY_ID_SHIFT | peer_id);
	struct dco_aead_packet packet;
	struct dco_wire_hdr *hdr;
	size_t len = skb->len;
	int err;

	seal->usage += dco_usage(len);
	if (seal->tx->epoch) {
		err = dco_packet_seal_epoch(seal, skb, word);
		seal->id++;
		return err;
	}
	hdr = __skb_push(skb, sizeof(*hdr));
	hdr->word = word;
	hdr->packet_id = cpu_to_be32(seal->id);
	packet.ad = hdr;
	packet.ad_len = DCO_AAD_SIZE;
	packet.text = hdr + 1;
	packet.len = len;
	packet.tag = hdr->tag;
	packet.from = NULL;
	packet.id = cpu_to_be64(seal->id << 32);
	seal->id++;
	if (likely(skb_tailroom(skb) >= DCO_TAG_SIZE))
		return dco_packet_seal_whole(seal, hdr, &packet);
	return dco_aead_seal(&seal->tx->aead, &packet);
}

/* Moves the parts to where the crypto API wants them, if there is room behind
 * the packet: it takes longer to walk through a list of three.
 */
static void dco_packet_make_whole(struct sk_buff *skb,
				  struct dco_aead_packet *packet)
{
	struct dco_wire_hdr *hdr = packet->ad;

	if (unlikely(packet->from || skb_tailroom(skb) < DCO_TAG_SIZE))
		return;
	packet->tag = packet->text + packet->len;
	packet->ad = packet->text - DCO_AAD_SIZE;
	memcpy(packet->tag, hdr->tag, DCO_TAG_SIZE);
	memcpy(packet->ad, hdr, DCO_AAD_SIZE);
}

/* Finds the parts of a packet. Returns its id. */
static u64 dco_packet_map(struct sk_buff *skb, struct dco_aead_packet *packet)
{
	struct dco_wire_hdr *hdr = (struct dco_wire_hdr *)skb->data;
	u64 id = be32_to_cpu(hdr->packet_id);

	packet->ad = hdr;
	packet->ad_len = DCO_AAD_SIZE;
	packet->text = hdr + 1;
	packet->len = skb->len - sizeof(*hdr);
	packet->tag = hdr->tag;
	packet->id = cpu_to_be64(id << 32);
	return id;
}

static u64 dco_packet_map_epoch(struct sk_buff *skb,
				struct dco_aead_packet *packet)
{
	struct dco_wire_epoch_hdr *hdr = (void *)skb->data;

	packet->ad = hdr;
	packet->ad_len = sizeof(*hdr);
	packet->text = hdr + 1;
	packet->len = skb->len - DCO_WIRE_EPOCH_OVERHEAD;
	packet->tag = packet->text + packet->len;
	packet->id = hdr->id;
	return be64_to_cpu(hdr->id);
}

static void dco_packet_map_from(const struct sk_buff *skb,
				struct dco_aead_packet *packet,
				const struct dco_packet_from *from)
{
	packet->from = NULL;
	if (!from)
		return;
	packet->from = from->skb;
	packet->from_offset = from->offset + ((u8 *)packet->text - skb->data);
}

static enum dco_drop dco_packet_open_with(struct dco_key *key,
					  struct dco_key_rx *rx,
					  const struct dco_aead_packet *packet,
					  u64 id, struct dco_newest *newest)
{
	bool is_newest;
	int err;

	if (unlikely(dco_key_rx_is_spent(rx)))
		return DCO_DROP_RX_KEY_SPENT;
	err = dco_aead_open(&rx->aead, packet);
	if (unlikely(err)) {
		if (unlikely(err != -EBADMSG))
			return DCO_DROP_RX_CRYPTO;
		if (dco_key_rx_fail(rx))
			dco_key_rx_wear(key, rx);
		return DCO_DROP_RX_AUTH;
	}
	if (unlikely(!dco_key_rx_accept(rx, id, packet->len, &is_newest)))
		return DCO_DROP_RX_REPLAY;
	newest->key = key;
	newest->rx = is_newest ? rx : NULL;
	newest->id = id;
	if (unlikely(dco_key_rx_is_worn(rx)))
		dco_key_rx_wear(key, rx);
	return DCO_DROP_MAX;
}

static enum dco_drop dco_packet_open_epoch(struct dco_key *key,
					   struct sk_buff *skb,
					   struct dco_aead_packet *packet,
					   const struct dco_packet_from *from,
					   struct dco_newest *newest)
{
	struct dco_key_rx *rx;
	enum dco_drop cause;
	u64 id;

	if (unlikely(skb->len <= DCO_WIRE_EPOCH_OVERHEAD))
		return DCO_DROP_RX_SHORT;
	id = dco_packet_map_epoch(skb, packet);
	dco_packet_map_from(skb, packet, from);
	rx = dco_epoch_find(key->epoch, id >> DCO_EPOCH_SHIFT);
	if (unlikely(!rx))
		return DCO_DROP_RX_EPOCH;
	cause = dco_packet_open_with(key, rx, packet, id & DCO_COUNTER_MAX,
				     newest);
	/* nothing of an epoch that the peer has left is new */
	if (cause == DCO_DROP_MAX && !dco_epoch_heard(key->epoch, rx))
		newest->rx = NULL;
	return cause;
}

/**
 * dco_packet_open() - get the cleartext of a data packet
 * @key: the key that it names
 * @skb: the packet, linear and private, longer than DCO_WIRE_OVERHEAD; receives
 *	the cleartext
 * @from: NULL, or where the whole packet is; then @skb has the first
 *	DCO_WIRE_OVERHEAD bytes of it, the last DCO_TAG_SIZE, and room for what
 *	is between
 * @newest: receives the packet if it is accepted, and is the newest of the key
 *
 * Context: BH disabled, RCU read side.
 * Return: DCO_DROP_MAX, or why the packet is to be dropped.
 */
enum dco_drop dco_packet_open(struct dco_key *key, struct sk_buff *skb,
			      const struct dco_packet_from *from,
			      struct dco_newest *newest)
{
	struct dco_aead_packet packet;
	enum dco_drop cause;
	u64 id;

	if (key->epoch) {
		cause = dco_packet_open_epoch(key, skb, &packet, from, newest);
	} else {
		id = dco_packet_map(skb, &packet);
		dco_packet_map_from(skb, &packet, from);
		dco_packet_make_whole(skb, &packet);
		cause = dco_packet_open_with(key, rcu_dereference(key->rx[0]),
					     &packet, id, newest);
	}
	if (unlikely(cause != DCO_DROP_MAX))
		return cause;
	__skb_pull(skb, (u8 *)packet.text - skb->data);
	skb_trim(skb, packet.len);
	return DCO_DROP_MAX;
}

/**
 * dco_packet_is_newest() - is it still?
 * @newest: a packet that was the newest of its key
 *
 * Context: BH disabled, RCU read side.
 * Return: false if a newer one with this key has been accepted since, perhaps
 * by another CPU.
 */
bool dco_packet_is_newest(const struct dco_newest *newest)
{
	return dco_key_rx_is_highest(newest->rx, newest->id) &&
	       (!newest->key->epoch ||
		dco_epoch_heard(newest->key->epoch, newest->rx));
}
