// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's two formats of a data packet, with all of a receiving direction,
 * against the ones that its tests are written with (selftests/kmod/wire.h). The
 * input begins with a key and where memory is free; then packets follow. What
 * the module seals is what the other one seals, and what is opened is what the
 * other one opens, in place, to elsewhere, or from memory that it must not
 * write to.
 */
#include "fuzz.h"
#include "kmod/kmod.h"
#include "kmod/skb.h"
#include "kmod/sync.h"

#include "../kmod/wire_crypto.c"

#include "../../kmod/replay.c"
#include "../../kmod/key_dir.c"
#include "../../kmod/packet.c"

#include "kmod/aead_openssl.h"

#define EPOCHS		3
#define PLAIN_MAX	1600
#define PACKET_MAX	(PLAIN_MAX + WIRE_EPOCH_OVERHEAD)
#define ROOM_MAX	28

enum how {
	HOW_SEAL	= 1 << 0,	/* the module seals it, too */
	HOW_CHANGE	= 1 << 1,	/* place and bits follow */
	HOW_CUT		= 1 << 2,	/* by so many bytes */
	HOW_AWAY	= 1 << 3,	/* to be opened from elsewhere */
	HOW_PIECES	= 1 << 4,	/* that is in two pieces */
	HOW_AGAIN	= 1 << 5,	/* has the id of the last one */
	HOW_JUMP	= 1 << 6,	/* its id is far from that */
	HOW_EPOCH	= 1 << 7,	/* is of another epoch */
};

/* a stand-in for epoch.c: some epochs from the first on, all with keys */
struct dco_epoch {
	struct dco_key_rx *rx[EPOCHS];
	u16 heard;
};

struct input {
	const u8 *data;
	size_t len;
};

static struct wire_key wire;
static struct crypto_aead tfm[EPOCHS];
static struct dco_epoch epochs;
static struct dco_key key;
static struct dco_key_tx *tx[EPOCHS];

static unsigned int take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->data++;
}

struct dco_key_rx *dco_epoch_find(const struct dco_epoch *epoch, u16 number)
{
	return number && number <= EPOCHS ? epoch->rx[number - 1] : NULL;
}

bool dco_epoch_heard(struct dco_epoch *epoch, const struct dco_key_rx *rx)
{
	if (rx->epoch > epoch->heard)
		epoch->heard = rx->epoch;
	return rx->epoch == epoch->heard;
}

unsigned int dco_key_overhead(const struct dco_key *one)
{
	return one->epoch ? DCO_WIRE_EPOCH_OVERHEAD : DCO_WIRE_OVERHEAD;
}

void dco_key_rx_wear(struct dco_key *worn, struct dco_key_rx *rx)
{
	FUZZ_CHECK(worn == &key);
	set_bit(0, &rx->is_worn);
}

/* key and IV of a direction, by the other's derivation */
static void set_cipher(struct dco_aead *aead, size_t n)
{
	aead->tfm = &tfm[n];
	tfm[n].cipher = wire_cipher(&wire);
	if (wire.has_epochs) {
		wire_epoch_key(&wire, (u16)(n + 1), tfm[n].key, aead->iv);
		return;
	}
	memcpy(tfm[n].key, wire.key, wire.len);
	memset(aead->iv, 0, 4);
	memcpy(aead->iv + 4, wire.tail, sizeof(wire.tail));
}

static void make_key(struct input *in)
{
	static const size_t lens[] = { 16, 24, 32 };
	const struct dco_key_state new_state = { 0 };
	unsigned int kind = take(in);
	size_t n;

	memset(&wire, 0, sizeof(wire));
	wire.has_epochs = kind & 1;
	wire.alg = kind & 2 ? WIRE_CHACHA20_POLY1305 : WIRE_AES_GCM;
	wire.len = wire.alg == WIRE_AES_GCM ? lens[kind / 4 % 3] : 32;
	memset(wire.key, (int)take(in), sizeof(wire.key));
	memset(wire.tail, (int)take(in), sizeof(wire.tail));
	memset(&key, 0, sizeof(key));
	key.id = kind >> 5;
	key.epoch = wire.has_epochs ? &epochs : NULL;
	epochs.heard = 1;
	for (n = 0; n < EPOCHS; n++) {
		u16 epoch = wire.has_epochs ? (u16)(n + 1) : 0;

		tx[n] = dco_key_tx_new(epoch, &new_state, U64_MAX);
		epochs.rx[n] = dco_key_rx_new(epoch, &new_state, U64_MAX);
		FUZZ_CHECK(tx[n] && epochs.rx[n]);
		set_cipher(&tx[n]->aead, n);
		set_cipher(&epochs.rx[n]->aead, n);
	}
	key.rx[0] = epochs.rx[0];
}

static void free_key(void)
{
	size_t n;

	for (n = 0; n < EPOCHS; n++) {
		dco_key_tx_free(tx[n]);
		dco_key_rx_free(epochs.rx[n]);
	}
}

/* The same packet by the module, with memory free behind it or not. */
static void check_seal(const struct wire_head *head, const u8 *plain,
		       size_t len, const u8 *packet, unsigned int room)
{
	struct dco_seal seal = {
		.key = &key, .tx = tx[wire.has_epochs ? head->epoch - 1 : 0],
		.id = head->packet_id,
	};
	struct sk_buff *skb = skb_of(plain, (unsigned int)len,
				     DCO_WIRE_EPOCH_OVERHEAD, room,
				     (unsigned int)len);

	FUZZ_CHECK(!dco_packet_seal(&seal, skb, head->peer_id));
	FUZZ_CHECK(seal.id == head->packet_id + 1);
	FUZZ_CHECK(seal.usage == 1 + (len + 15) / 16);
	FUZZ_CHECK(skb->len == len + wire_overhead(&wire));
	FUZZ_CHECK(!memcmp(skb->data, packet, skb->len));
	kfree_skb(skb);
}

/* It twice, the second time in a fragment. */
static void check_seal_pack(const struct wire_head *head, const u8 *plain,
			    size_t len, const u8 *packet)
{
	struct dco_seal seal = {
		.key = &key, .tx = tx[wire.has_epochs ? head->epoch - 1 : 0],
		.id = head->packet_id,
	};
	size_t whole = len + wire_overhead(&wire);
	struct wire_head next = *head;
	u8 second[PACKET_MAX];
	struct skb_frag *frag;
	struct sk_buff *skb;

	next.packet_id++;
	FUZZ_CHECK(!wire_seal(&wire, &next, plain, len, second));
	skb = skb_of(plain, (unsigned int)len, DCO_WIRE_EPOCH_OVERHEAD,
		     DCO_TAG_SIZE, (unsigned int)len);
	frag = &skb->shinfo.frags[skb->shinfo.nr_frags++];
	frag->memory = frag->data = calloc(1, whole + DCO_TAG_SIZE);
	FUZZ_CHECK(frag->memory);
	frag->len = (unsigned int)whole;
	memcpy(frag->data + dco_packet_front(&key), plain, len);
	skb->data_len = frag->len;
	skb->len += frag->len;
	skb->shinfo.gso_size = (u16)whole;
	FUZZ_CHECK(!dco_packet_seal_pack(&seal, skb, head->peer_id));
	FUZZ_CHECK(seal.id == head->packet_id + 2);
	FUZZ_CHECK(seal.usage == 2 * (1 + (len + 15) / 16));
	FUZZ_CHECK(skb->len == 2 * whole && skb_headlen(skb) == whole);
	FUZZ_CHECK(!memcmp(skb->data, packet, whole));
	FUZZ_CHECK(!memcmp(frag->data, second, whole));
	kfree_skb(skb);
}

/* A packet to be opened, and where it is, if elsewhere. */
static struct sk_buff *received(const u8 *packet, size_t len, unsigned int how,
				unsigned int room, struct dco_packet_from *from)
{
	u8 ends[PACKET_MAX + ROOM_MAX] = { 0 };

	from->skb = NULL;
	if (!(how & HOW_AWAY))
		return skb_of(packet, (unsigned int)len, 0, room,
			      (unsigned int)len);
	/* bytes of others are in front */
	from->offset = room;
	memcpy(ends + room, packet, len);
	from->skb = skb_of(ends, (unsigned int)len + room, 0, 0,
			   how & HOW_PIECES ? room + (unsigned int)len / 2 :
			   (unsigned int)len + room);
	memset(ends, 0, sizeof(ends));
	memcpy(ends, packet, DCO_WIRE_OVERHEAD);
	memcpy(ends + len - DCO_TAG_SIZE, packet + len - DCO_TAG_SIZE,
	       DCO_TAG_SIZE);
	return skb_of(ends, (unsigned int)len, 0, room, (unsigned int)len);
}

static void check_from(const struct dco_packet_from *from, const u8 *packet,
		       size_t len)
{
	u8 data[PACKET_MAX];

	if (!from->skb)
		return;
	skb_copy_bits(from->skb, from->offset, data, (unsigned int)len);
	FUZZ_CHECK(!memcmp(data, packet, len));
	kfree_skb(from->skb);
}

/* Returns what has to come of it, and in @plain what is in it. */
static enum dco_drop predict(const u8 *packet, size_t len, u8 *plain,
			     const struct dco_replay *replay)
{
	struct dco_replay copy = *replay;
	struct wire_head head;
	bool is_newest;

	if (len <= wire_overhead(&wire))
		return DCO_DROP_RX_SHORT;
	wire_head_get(&wire, packet, &head);
	if (wire.has_epochs && (!head.epoch || head.epoch > EPOCHS))
		return DCO_DROP_RX_EPOCH;
	if (wire_open(&wire, packet, len, plain))
		return DCO_DROP_RX_AUTH;
	return dco_replay_accept(&copy, head.packet_id, &is_newest) ?
		DCO_DROP_MAX : DCO_DROP_RX_REPLAY;
}

/* from memory that it must not write to; @plain: what has to come of it */
static void check_open_to(const u8 *packet, size_t len, enum dco_drop want,
			  const u8 *plain)
{
	u8 *to = malloc(len - DCO_WIRE_OVERHEAD), *from = malloc(len);
	struct dco_newest newest = { 0 };
	unsigned int n = (unsigned int)len;

	FUZZ_CHECK(to && from);
	memcpy(from, packet, len);
	FUZZ_CHECK(dco_packet_open_to(&key, from, &n, to, &newest) == want);
	FUZZ_CHECK(!memcmp(from, packet, len));
	if (want == DCO_DROP_MAX) {
		FUZZ_CHECK(n == len - wire_overhead(&wire));
		FUZZ_CHECK(!memcmp(to, plain, n));
		FUZZ_CHECK(!newest.rx || dco_packet_is_newest(&newest));
	}
	free(to);
	free(from);
}

static void check_open(const u8 *packet, size_t len, unsigned int how,
		       unsigned int room)
{
	struct dco_newest newest = { 0 };
	struct dco_packet_from from;
	enum dco_drop want, got;
	struct wire_head head;
	u8 plain[PACKET_MAX];
	struct sk_buff *skb;
	u8 *to = NULL;
	size_t n = 0;

	/* so much has been looked at before */
	if (len <= DCO_WIRE_OVERHEAD)
		return;
	wire_head_get(&wire, packet, &head);
	if (wire.has_epochs && head.epoch && head.epoch <= EPOCHS)
		n = head.epoch - 1u;
	want = predict(packet, len, plain, &epochs.rx[n]->replay);
	if (room % 4 == 3 && !(how & HOW_AWAY)) {
		check_open_to(packet, len, want, plain);
		return;
	}
	skb = received(packet, len, how, room, &from);
	/* the sanitizer sees what is written beyond it */
	if (!from.skb && room % 2)
		to = malloc(len - DCO_WIRE_OVERHEAD);
	got = dco_packet_open(&key, skb, from.skb ? &from : NULL, to, &newest);
	FUZZ_CHECK(got == want);
	if (got == DCO_DROP_MAX) {
		FUZZ_CHECK(skb->len == len - wire_overhead(&wire));
		FUZZ_CHECK(!memcmp(to ? to : skb->data, plain, skb->len));
		FUZZ_CHECK(newest.id == head.packet_id);
		FUZZ_CHECK(!newest.rx || dco_packet_is_newest(&newest));
	}
	check_from(&from, packet, len);
	kfree_skb(skb);
	free(to);
}

static void next_id(struct wire_head *head, unsigned int how, struct input *in)
{
	u64 limit = wire.has_epochs ? DCO_COUNTER_MAX : DCO_PACKET_ID_MAX;

	if (how & HOW_EPOCH)
		head->epoch = (u16)(1 + take(in) % (EPOCHS + 2));
	if (how & HOW_JUMP)
		head->packet_id += (u64)(take(in) << 8 | take(in)) <<
			take(in) % 40;
	else if (!(how & HOW_AGAIN))
		head->packet_id++;
	head->packet_id &= limit;
}

static size_t make_packet(const struct wire_head *head, unsigned int how,
			  unsigned int room, struct input *in, u8 *packet)
{
	size_t len = take(in), i;
	u8 plain[PLAIN_MAX];

	len = 1 + (len << 8 | take(in)) % (PLAIN_MAX - 1);
	for (i = 0; i < len; i++)
		plain[i] = (u8)(take(in) + i);
	FUZZ_CHECK(!wire_seal(&wire, head, plain, len, packet));
	if (how & HOW_SEAL && (!wire.has_epochs || head->epoch <= EPOCHS) &&
	    head->packet_id) {
		check_seal(head, plain, len, packet, room);
		if (room % 3 == 0 && head->packet_id <
		    (wire.has_epochs ? DCO_COUNTER_MAX : DCO_PACKET_ID_MAX))
			check_seal_pack(head, plain, len, packet);
	}
	len += wire_overhead(&wire);
	if (how & HOW_CHANGE) {
		i = take(in) << 8;
		i |= take(in);
		packet[i % len] ^= (u8)take(in);
	}
	if (how & HOW_CUT)
		len -= min(len, (size_t)take(in));
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct wire_head head = { .opcode = WIRE_DATA_V2, .epoch = 1 };
	u8 packet[PACKET_MAX];
	unsigned int how, room, n;
	size_t len;

	make_key(&in);
	head.key_id = key.id;
	head.peer_id = take(&in) << 16 | take(&in);
	/* each may be as long as the input */
	for (n = 0; in.len && n < 32; n++) {
		how = take(&in);
		room = take(&in) % ROOM_MAX;
		next_id(&head, how, &in);
		len = make_packet(&head, how, room, &in, packet);
		check_open(packet, len, how, room);
	}
	free_key();
	return 0;
}
