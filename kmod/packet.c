// SPDX-License-Identifier: GPL-2.0-only
/* The two formats of a data packet, see wire.h. */
#include <linux/skbuff.h>

#include "epoch.h"
#include "key.h"
#include "packet.h"
#include "wire.h"

static __be32 dco_packet_word(const struct dco_seal *seal, u32 peer_id)
{
	return cpu_to_be32(DCO_OPCODE_DATA_V2 << DCO_OPCODE_SHIFT |
			   seal->key->id << DCO_KEY_ID_SHIFT | peer_id);
}

/* The header is in front of the text, and the tag behind it. */
static int dco_packet_seal_epoch(struct dco_seal *seal, u8 *text, size_t len,
				 __be32 word)
{
	struct dco_wire_epoch_hdr *hdr = (struct dco_wire_epoch_hdr *)text - 1;
	struct dco_aead_packet packet = {
		.ad = hdr, .ad_len = sizeof(*hdr), .text = text, .len = len,
		.tag = text + len,
	};

	hdr->word = word;
	hdr->id = cpu_to_be64((u64)seal->tx->epoch << DCO_EPOCH_SHIFT |
			      seal->id++);
	packet.id = hdr->id;
	return dco_aead_seal(&seal->tx->aead, &packet);
}

/* Behind the packet there is room: the parts stand as the crypto API wants them
 * while it works, with the associated data where the tag will be.
 */
static int dco_packet_seal_whole(struct dco_seal *seal, u8 *text, size_t len,
				 __be32 word)
{
	struct dco_wire_hdr *hdr = (struct dco_wire_hdr *)text - 1;
	__be32 *ad = (__be32 *)(text - DCO_AAD_SIZE);
	struct dco_aead_packet packet = {
		.ad = ad, .ad_len = DCO_AAD_SIZE, .text = text, .len = len,
		.tag = text + len, .id = cpu_to_be64(seal->id << 32),
	};
	__be32 id = cpu_to_be32(seal->id++);
	int err;

	ad[0] = word;
	ad[1] = id;
	err = dco_aead_seal(&seal->tx->aead, &packet);
	hdr->word = word;
	hdr->packet_id = id;
	memcpy(hdr->tag, packet.tag, DCO_TAG_SIZE);
	return err;
}

/* There is no room for the tag but where it belongs. */
static int dco_packet_seal_apart(struct dco_seal *seal, u8 *text, size_t len,
				 __be32 word)
{
	struct dco_wire_hdr *hdr = (struct dco_wire_hdr *)text - 1;
	struct dco_aead_packet packet = {
		.ad = hdr, .ad_len = DCO_AAD_SIZE, .text = text, .len = len,
		.tag = hdr->tag, .id = cpu_to_be64(seal->id << 32),
	};

	hdr->word = word;
	hdr->packet_id = cpu_to_be32(seal->id++);
	return dco_aead_seal(&seal->tx->aead, &packet);
}

/**
 * dco_packet_seal() - make a data packet of an IP packet
 * @seal: the batch that it belongs to
 * @skb: the packet: linear, private, with room for DCO_WIRE_EPOCH_OVERHEAD
 *	bytes in front of it
 * @peer_id: peer id to send
 *
 * With epochs the tag comes last. Where there is no room for it behind the
 * packet, the packet moves to the front, where there always is: that costs less
 * than to allocate another one.
 *
 * Context: BH disabled, RCU read side.
 * Return: 0 or a negative errno. The packet id is used up in any case.
 */
int dco_packet_seal(struct dco_seal *seal, struct sk_buff *skb, u32 peer_id)
{
	bool has_room = skb_tailroom(skb) >= DCO_TAG_SIZE;
	__be32 word = dco_packet_word(seal, peer_id);
	size_t len = skb->len;
	u8 *text = skb->data;

	seal->usage += dco_usage(len);
	if (!seal->tx->epoch) {
		__skb_push(skb, DCO_WIRE_HDR_SIZE);
		if (likely(has_room))
			return dco_packet_seal_whole(seal, text, len, word);
		return dco_packet_seal_apart(seal, text, len, word);
	}
	if (likely(has_room)) {
		__skb_push(skb, DCO_WIRE_EPOCH_HDR_SIZE);
		__skb_put(skb, DCO_TAG_SIZE);
	} else {
		__skb_push(skb, DCO_WIRE_EPOCH_OVERHEAD);
		text = memmove(skb->data + DCO_WIRE_EPOCH_HDR_SIZE, text, len);
	}
	return dco_packet_seal_epoch(seal, text, len, word);
}

/* Seals what has room in front of it and behind it. */
static int dco_packet_seal_one(struct dco_seal *seal, u8 *text, size_t len,
			       __be32 word)
{
	if (seal->tx->epoch)
		return dco_packet_seal_epoch(seal, text, len, word);
	return dco_packet_seal_whole(seal, text, len, word);
}

/**
 * dco_packet_front() - what sealing puts in front of a packet
 * @key: the key
 *
 * The rest of dco_key_overhead() comes behind it.
 *
 * Return: its length in bytes.
 */
unsigned int dco_packet_front(const struct dco_key *key)
{
	return key->epoch ? DCO_WIRE_EPOCH_HDR_SIZE : DCO_WIRE_HDR_SIZE;
}

/**
 * dco_packet_seal_pack() - make data packets of packed IP packets
 * @seal: the batch that they belong to
 * @skb: the packets, 64 at most, as dco_split_pack() makes them, with room for
 *	what sealing adds; those before it in memory have been sealed
 * @peer_id: peer id to send
 *
 * Context: BH disabled, RCU read side.
 * Return: which have not been sealed, the first by the lowest bit; their ids
 * are used up, too.
 */
u64 dco_packet_seal_pack(struct dco_seal *seal, struct sk_buff *skb,
			 u32 peer_id)
{
	unsigned int i, left, len, front = dco_packet_front(seal->key);
	unsigned int back = dco_key_overhead(seal->key) - front;
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	__be32 word = dco_packet_word(seal, peer_id);
	u64 bit = 1, failed = 0;
	u8 *at;

	seal->usage += dco_usage(skb_headlen(skb));
	if (unlikely(dco_packet_seal_one(seal, skb->data, skb_headlen(skb),
					 word)))
		failed = bit;
	__skb_push(skb, front);
	skb->tail += back;
	skb->len += back;
	for (i = 0; i < shinfo->nr_frags; i++) {
		at = skb_frag_address(&shinfo->frags[i]);
		left = skb_frag_size(&shinfo->frags[i]);
		for (; left; left -= len, at += len) {
			bit <<= 1;
			len = min_t(unsigned int, left, shinfo->gso_size);
			seal->usage += dco_usage(len - front - back);
			if (unlikely(dco_packet_seal_one(seal, at + front, len -
							 front - back, word)))
				failed |= bit;
		}
	}
	return failed;
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

static u64 dco_packet_map_plain(u8 *data, size_t len,
				struct dco_aead_packet *packet)
{
	struct dco_wire_hdr *hdr = (struct dco_wire_hdr *)data;
	u64 id = be32_to_cpu(hdr->packet_id);

	packet->ad = hdr;
	packet->ad_len = DCO_AAD_SIZE;
	packet->text = hdr + 1;
	packet->len = len - sizeof(*hdr);
	packet->tag = hdr->tag;
	packet->id = cpu_to_be64(id << 32);
	return id;
}

static u64 dco_packet_map_epoch(u8 *data, size_t len,
				struct dco_aead_packet *packet)
{
	struct dco_wire_epoch_hdr *hdr = (struct dco_wire_epoch_hdr *)data;

	packet->ad = hdr;
	packet->ad_len = sizeof(*hdr);
	packet->text = hdr + 1;
	packet->len = len - DCO_WIRE_EPOCH_OVERHEAD;
	packet->tag = packet->text + packet->len;
	packet->id = hdr->id;
	return be64_to_cpu(hdr->id);
}

/* Finds the parts of a packet of more than DCO_WIRE_OVERHEAD bytes, and its id.
 * Returns false if it is too short for its format.
 */
static bool dco_packet_map(const struct dco_key *key, u8 *data, size_t len,
			   struct dco_aead_packet *packet, u64 *id)
{
	if (!key->epoch)
		*id = dco_packet_map_plain(data, len, packet);
	else if (likely(len > DCO_WIRE_EPOCH_OVERHEAD))
		*id = dco_packet_map_epoch(data, len, packet);
	else
		return false;
	return true;
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

/* @packet has been mapped, and has the id */
static enum dco_drop dco_packet_open_epoch(struct dco_key *key,
					   const struct dco_aead_packet *packet,
					   u64 id, struct dco_newest *newest)
{
	struct dco_key_rx *rx;
	enum dco_drop cause;

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

/* @packet has been mapped, and has the id */
static enum dco_drop
dco_packet_open_mapped(struct dco_key *key,
		       const struct dco_aead_packet *packet, u64 id,
		       struct dco_newest *newest)
{
	if (key->epoch)
		return dco_packet_open_epoch(key, packet, id, newest);
	return dco_packet_open_with(key, rcu_dereference(key->rx[0]), packet,
				    id, newest);
}

/**
 * dco_packet_open() - get the cleartext of a data packet
 * @key: the key that it names
 * @skb: the packet, linear and private, longer than DCO_WIRE_OVERHEAD; receives
 *	the cleartext
 * @from: NULL, or where the whole packet is; then @skb has the first
 *	DCO_WIRE_OVERHEAD bytes of it, the last DCO_TAG_SIZE, and room for what
 *	is between
 * @to: NULL, or where the cleartext goes, with room for all but
 *	DCO_WIRE_OVERHEAD bytes of @skb; not with @from. It belongs to where
 *	@skb's data is afterwards, and has its length.
 * @newest: receives the packet if it is accepted, and is the newest of the key
 *
 * Context: BH disabled, RCU read side.
 * Return: DCO_DROP_MAX, or why the packet is to be dropped; then what is at @to
 * means nothing.
 */
enum dco_drop dco_packet_open(struct dco_key *key, struct sk_buff *skb,
			      const struct dco_packet_from *from, void *to,
			      struct dco_newest *newest)
{
	struct dco_aead_packet packet = { .to = to };
	enum dco_drop cause;
	u64 id;

	if (unlikely(!dco_packet_map(key, skb->data, skb->len, &packet, &id)))
		return DCO_DROP_RX_SHORT;
	if (from) {
		packet.from = from->skb;
		packet.from_offset = from->offset +
				     ((u8 *)packet.text - skb->data);
	}
	if (!key->epoch)
		dco_packet_make_whole(skb, &packet);
	cause = dco_packet_open_mapped(key, &packet, id, newest);
	if (unlikely(cause != DCO_DROP_MAX))
		return cause;
	__skb_pull(skb, (u8 *)packet.text - skb->data);
	skb_trim(skb, packet.len);
	return DCO_DROP_MAX;
}

/**
 * dco_packet_open_to() - get the cleartext of a data packet that stays
 * @key: the key that it names
 * @data: the packet, in one piece of the linear mapping; is not written to
 * @len: its length in bytes, more than DCO_WIRE_OVERHEAD; receives that of the
 *	cleartext
 * @to: where the cleartext goes, with room for all but DCO_WIRE_OVERHEAD bytes
 * @newest: receives the packet if it is accepted, and is the newest of the key
 *
 * Context: BH disabled, RCU read side.
 * Return: DCO_DROP_MAX, or why the packet is to be dropped; then what is at @to
 * means nothing.
 */
enum dco_drop dco_packet_open_to(struct dco_key *key, const u8 *data,
				 unsigned int *len, void *to,
				 struct dco_newest *newest)
{
	struct dco_aead_packet packet = { .to = to };
	u64 id;

	if (unlikely(!dco_packet_map(key, (u8 *)data, *len, &packet, &id)))
		return DCO_DROP_RX_SHORT;
	*len = packet.len;
	return dco_packet_open_mapped(key, &packet, id, newest);
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
