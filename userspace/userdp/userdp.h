/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef USERDP_USERDP_H
#define USERDP_USERDP_H

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "net/net.h"
#include "proto/proto.h"

/*
 * What moves packets in bulk for the userspace data path. It knows no peers
 * and no keys' life; dp/user*.c puts the parts together.
 *
 *   aead.c cbc.c	the two kinds of ciphers
 *   epoch.c	keys that follow one from the other
 *   codec.c	one key in one direction, of any kind
 *   framing.c	what stands where compression could be
 *   fragment.c	payloads in several packets
 *   tun.c	the TUN device and what its kernel can do
 *   steer.c	by which queue of it packets come
 *   frame.c	a frame that was read: one packet, or a super-packet to be cut
 *   ether.c	what stands in front of a packet on Ethernet
 *   rx.c	datagrams as they come
 *   tx.c	sealed datagrams, sent in runs of equal size
 *   merge.c	opened packets, written as few super-packets
 *   sum.c	checksums
 *   mss.c	the segment size that TCP announces
 *
 * Nothing here allocates after it was initialised.
 */

/* ---- sealing --------------------------------------------------------- */

/*
 * Data packets sealed as in section 7.2. The associated data is the header up
 * to and including the packet id, whose four bytes also begin the nonce.
 */

enum userdp_aead_dir {
	USERDP_AEAD_OPEN,
	USERDP_AEAD_SEAL,
};

/** struct userdp_aead - one key in one direction */
struct userdp_aead {
	EVP_CIPHER_CTX *ctx;
	uint8_t tail[PROTO_NONCE_TAIL_LEN];
};

/** userdp_aead_init() - 0, -EINVAL (cipher), -ENOMEM, or -EIO (library) */
int userdp_aead_init(struct userdp_aead *aead, enum proto_cipher cipher,
		     const uint8_t *key, const uint8_t *tail,
		     enum userdp_aead_dir dir);
void userdp_aead_wipe(struct userdp_aead *aead);

/**
 * userdp_aead_seal() - encrypt
 * @ad: header ‖ packet id, @ad_len bytes
 * @tag: PROTO_AEAD_TAG_LEN bytes, written
 *
 * Return: 0 or -EIO.
 */
int userdp_aead_seal(struct userdp_aead *aead, const uint8_t *ad,
		     size_t ad_len, const uint8_t *src, size_t len,
		     uint8_t *tag, uint8_t *dst);

/** userdp_aead_open() - decrypt. Return: 0, -EBADMSG when not authentic */
int userdp_aead_open(struct userdp_aead *aead, const uint8_t *ad,
		     size_t ad_len, const uint8_t *src, size_t len,
		     const uint8_t *tag, uint8_t *dst);

#define USERDP_MAC_MAX		64
#define USERDP_CBC_BLOCK	16

/** struct userdp_cbc - a key of CBC mode with its HMAC, in one direction */
struct userdp_cbc {
	EVP_CIPHER_CTX *ctx;
	EVP_MAC_CTX *mac;
	size_t mac_len;
};

/**
 * userdp_cbc_init() - a key
 * @digest: of OpenSSL's names; @mac_key has as many bytes as its result
 *
 * Return: 0, -EINVAL (cipher, digest), -ENOMEM, or -EIO (library).
 */
int userdp_cbc_init(struct userdp_cbc *cbc, enum proto_cipher cipher,
		    const uint8_t *key, const char *digest,
		    const uint8_t *mac_key, enum userdp_aead_dir dir);
void userdp_cbc_wipe(struct userdp_cbc *cbc);

/**
 * userdp_cbc_seal() - encrypt, then authenticate
 * @dst: what follows the header
 *
 * Return: bytes written or -EIO.
 */
ssize_t userdp_cbc_seal(struct userdp_cbc *cbc, uint32_t pid,
			const uint8_t *src, size_t len, uint8_t *dst);

/**
 * userdp_cbc_open() - check, then decrypt
 * @src, @len: what follows the header
 * @dst: has room for @len bytes
 *
 * Return: length of the payload, more than 0, or -EBADMSG.
 */
ssize_t userdp_cbc_open(struct userdp_cbc *cbc, const uint8_t *src, size_t len,
			uint8_t *dst, uint32_t *pid);

/* of the headers of DATA_V1 and DATA_V2 */
#define USERDP_HEAD_V1		1
#define USERDP_HEAD_V2		4

/* Section 7.2: ask for a new key here, and never use the id behind the last. */
#define USERDP_PID_SOFT		0xff000000u
#define USERDP_PID_END		0x100000000u

/*
 * Sections 4.4 and 6.5. Of AES-GCM, in each direction: blocks and packets with
 * one key, and when to ask for another; of every AEAD cipher: forgeries.
 */
#define USERDP_USAGE_MAX	((UINT64_C(1) << 36) - 1)
#define USERDP_USAGE_SOFT	(USERDP_USAGE_MAX * 7 / 8)
#define USERDP_FORGED_SOFT	(UINT64_C(1) << 35)
#define USERDP_FORGED_MAX	(UINT64_C(1) << 36)

struct userdp_codec;

/**
 * struct userdp_id - what the replay window looks at; zero before
 * @epoch: that @number belongs to; 0: keys of this kind have none
 * @window: in which of two windows
 * @is_fresh: that begins anew with this packet
 * @is_late: this is not the latest epoch any more
 */
struct userdp_id {
	uint64_t number;
	uint32_t epoch;
	unsigned int window;
	bool is_fresh, is_late;
};

#define USERDP_COUNTER_BITS	48	/* below them, with epochs */
#define USERDP_COUNTER_MAX	((UINT64_C(1) << USERDP_COUNTER_BITS) - 1)

/**
 * struct userdp_codec_ops - what differs between kinds of keys
 * @seal: @wire begins with the header. Return: length of the packet, or -EIO
 * @open: a packet of @len bytes with a header of @head_len; @dst has room for
 *	@len. Return: length of the payload, more than 0; -EINVAL too short;
 *	-EBADMSG not authentic
 */
struct userdp_codec_ops {
	ssize_t (*seal)(struct userdp_codec *codec, uint8_t *wire,
			const uint8_t *src, size_t len);
	ssize_t (*open)(struct userdp_codec *codec, const uint8_t *pkt,
			size_t head_len, size_t len, uint8_t *dst,
			struct userdp_id *id);
	void (*wipe)(struct userdp_codec *codec);
};

/**
 * struct userdp_codec - one key in one direction
 * @next: id of the next packet sealed
 * @soft, @end: of @next: time for another key; none is left
 * @usage: blocks and packets, with @is_limited; keys with epochs have their own
 * @forged: packets that were not authentic
 * @head_len: of the headers of packets sealed
 * @fixed, @add, @mask: see userdp_codec_wire()
 */
struct userdp_codec {
	const struct userdp_codec_ops *ops;
	uint64_t next, soft, end;
	uint64_t usage, forged;
	bool is_limited;
	size_t head_len, fixed, add, mask;
	union {
		struct userdp_aead aead;
		struct userdp_cbc cbc;
		struct userdp_epoch *epoch;
	};
};

/**
 * struct userdp_secret - what a codec is made from; borrowed
 * @tail: AEAD; @digest, @mac_key: the others
 */
struct userdp_secret {
	enum proto_cipher cipher;
	const uint8_t *key;
	const uint8_t *tail;
	const char *digest;
	const uint8_t *mac_key;
};

/** userdp_codec_init() - 0, or -errno; to be wiped in any case */
int userdp_codec_init(struct userdp_codec *codec,
		      const struct userdp_secret *secret, size_t head_len,
		      enum userdp_aead_dir dir);
void userdp_codec_wipe(struct userdp_codec *codec);

/** userdp_codec_is_worn() - is it time for another key? */
static inline bool userdp_codec_is_worn(const struct userdp_codec *codec)
{
	return codec->next > codec->soft ||
	       codec->forged > USERDP_FORGED_SOFT ||
	       (codec->is_limited && codec->usage > USERDP_USAGE_SOFT);
}

/** userdp_codec_is_spent() - nothing may be sealed any more */
static inline bool userdp_codec_is_spent(const struct userdp_codec *codec)
{
	return codec->next >= codec->end ||
	       (codec->is_limited && codec->usage > USERDP_USAGE_MAX);
}

/**
 * userdp_codec_resume() - a key that another process has used
 * @n: packets; how long they were is not known, so that they count as long, but
 *	not as so many that another key is not asked for first
 */
void userdp_codec_resume(struct userdp_codec *codec, uint64_t n);

#define USERDP_EPOCH_SECRET	32
#define USERDP_EPOCH_ID		8	/* epoch and counter on the wire */

/**
 * userdp_epoch_init() - both directions of a key with epochs (section 6.5)
 * @send, @recv: USERDP_EPOCH_SECRET bytes, the secrets of epoch 1
 *
 * They share their state, so both have to be wiped before either is used again.
 * Sent packets are of DATA_V2.
 *
 * Return: 0; -EINVAL not an AEAD cipher; -ENOMEM; -EIO.
 */
int userdp_epoch_init(struct userdp_codec *seal, struct userdp_codec *open,
		      enum proto_cipher cipher, const uint8_t *send,
		      const uint8_t *recv);

/**
 * userdp_epoch_resume() - a key that another process has used
 * @seal: just made
 * @next: of the packet that it would have sealed next, 0: none
 * @highest: that it has opened in the latest epoch, which stands above; 0
 *
 * A fresh epoch is sealed in, as nobody knows how much has been in the last;
 * packets of one before that of @highest are not opened any more.
 *
 * Return: the window that goes on at @highest; -ERANGE: too many epochs; -EIO.
 */
int userdp_epoch_resume(struct userdp_codec *seal, uint64_t next,
			uint64_t highest);

/**
 * userdp_epoch_numbers() - which epochs a key has got to
 * @seal: of any kind
 *
 * Return: false: keys of this kind have none, and nothing is written.
 */
bool userdp_epoch_numbers(const struct userdp_codec *seal, unsigned int *tx,
			  unsigned int *rx);

/** userdp_expand_label() - OVPN-Expand-Label, without a context; 0 or -errno */
int userdp_expand_label(EVP_KDF *kdf, const uint8_t *secret,
			const char *label, uint8_t *out, size_t len);

/** userdp_codec_wire() - how long a payload of @len bytes gets */
static inline size_t userdp_codec_wire(const struct userdp_codec *codec,
				       size_t len)
{
	return codec->fixed + ((len + codec->add) & codec->mask);
}

/**
 * userdp_codec_payload() - the longest payload of a packet of @size bytes
 *
 * Section 7.10: CBC has its padding and its packet id, too. 0: there is none.
 */
size_t userdp_codec_payload(const struct userdp_codec *codec, size_t size);

/* ---- layers between a payload and its sealing ------------------------- */

#define USERDP_FRAMING_MAX	2	/* bytes that it adds */

/**
 * userdp_framing_add() - frame a payload that is not compressed (section 7.8)
 * @dst: room for @len and USERDP_FRAMING_MAX bytes, not overlapping
 *
 * Return: bytes written.
 */
size_t userdp_framing_add(enum proto_framing framing, uint8_t *dst,
			  const uint8_t *src, size_t len);

/**
 * userdp_framing_strip() - take a frame's payload out, in its place
 *
 * Return: its length, more than 0; -EPROTONOSUPPORT it is compressed; -EBADMSG.
 */
ssize_t userdp_framing_strip(enum proto_framing framing, uint8_t *buf,
			     size_t len);

#define USERDP_FRAGMENT_HEAD	4
#define USERDP_FRAGMENTS_MAX	32	/* of one payload */

/**
 * userdp_fragment_size() - into what pieces a payload is cut (section 7.9)
 * @max: longest piece
 *
 * Return: length of all pieces but the last; 0 when it stays whole.
 */
size_t userdp_fragment_size(size_t len, size_t max);

/** userdp_fragment_whole() - the header of what stays whole */
void userdp_fragment_whole(uint8_t *at);

/** userdp_fragment_head() - the header of piece @n of those of @size bytes */
void userdp_fragment_head(uint8_t *at, bool is_last, uint8_t seq,
			  unsigned int n, size_t size);

struct userdp_join;

/**
 * userdp_join_new() - where fragments wait for each other
 * @cap: longest payload that is put together
 */
struct userdp_join *userdp_join_new(size_t cap);
void userdp_join_free(struct userdp_join *join);

/**
 * userdp_join_add() - take a packet with a header for fragments
 * @join: NULL: only what is whole
 * @out: the payload, in @buf or in @join, until the next call
 *
 * Return: length of the payload; 0 when pieces are missing; -ENOBUFS without
 * @join; -EBADMSG.
 */
ssize_t userdp_join_add(struct userdp_join *join, uint8_t *buf, size_t len,
			uint64_t now_ms, uint8_t **out);

/* ---- the TUN device -------------------------------------------------- */

/* Of the header that stands before a packet, and of the largest packet. */
#define USERDP_VNET_LEN		10
#define USERDP_PACKET_MAX	65575	/* IPv6 with a full payload */

/* Of struct ovpnx_packet, which stands before packets of a kernel device. */
#define USERDP_PEER_LEN		8

/**
 * struct userdp_tun - a TUN device
 * @has_vnet: frames begin with an offload header (IFF_VNET_HDR)
 * @has_uso: super-packets of UDP are understood, in both directions
 * @has_peers: it is the file of a kernel device instead, and frames begin with
 *	the id of a peer
 * @is_ether: a TAP device: its packets are frames of Ethernet
 */
struct userdp_tun {
	int fd;
	bool has_vnet;
	bool has_uso;
	bool has_peers;
	bool is_ether;
};

/**
 * userdp_tun_init() - find out what a device can do, and ask for all of it
 * @fd: borrowed; anything that is not a TUN device works as one without offload
 */
void userdp_tun_init(struct userdp_tun *tun, int fd);

/** userdp_tun_set_segments() - may the device hand out super-packets? */
void userdp_tun_set_segments(struct userdp_tun *tun, bool may);

/** userdp_tun_init_carried() - for the file of a kernel device, borrowed */
void userdp_tun_init_carried(struct userdp_tun *tun, int fd);

/**
 * userdp_tun_fini() - ask for nothing any more, before the device is closed
 *
 * A persistent device would hand super-packets to whoever opens it next.
 */
void userdp_tun_fini(const struct userdp_tun *tun);

/**
 * userdp_tun_queue() - one more queue of a device
 * @fd: of another one
 *
 * Return: its descriptor, the caller's; -EOPNOTSUPP: the device has only one;
 * or another -errno.
 */
int userdp_tun_queue(int fd);

/*
 * Packets of a device with several queues come by that of their destination, of
 * the longest prefix that has one, and otherwise by the first one. Queues count
 * from 0, in the order in which they were made.
 */

/**
 * userdp_steer_open() - begin with that
 * @tun_fd: a queue of the device
 *
 * Return: a table, the caller's; -EPERM: this process may not; or -errno.
 */
int userdp_steer_open(int tun_fd);

/** userdp_steer_close() - the kernel chooses again; @table may be -1 */
void userdp_steer_close(int table, int tun_fd);
int userdp_steer_set(int table, const struct net_prefix *dst, uint32_t queue);
void userdp_steer_drop(int table, const struct net_prefix *dst);

/* ---- Ethernet --------------------------------------------------------- */

#define USERDP_MAC_LEN		6
#define USERDP_ETHER_LEN	14	/* without tags */
#define USERDP_ETHER_MAX	22	/* with two of them */

/** userdp_ether_dst() - the address that a frame is for; the source follows */
static inline const uint8_t *userdp_ether_dst(const uint8_t *frame)
{
	return frame;
}

static inline const uint8_t *userdp_ether_src(const uint8_t *frame)
{
	return frame + USERDP_MAC_LEN;
}

/** userdp_ether_is_group() - for many: multicast or broadcast */
static inline bool userdp_ether_is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/**
 * userdp_ether_ip() - where IP begins in a frame
 *
 * Behind up to two tags of VLANs. Return: its offset, or 0: there is none.
 */
size_t userdp_ether_ip(const uint8_t *frame, size_t len);

/** userdp_ether_own() - the address of a TAP device; 0 or -errno */
int userdp_ether_own(int fd, uint8_t *mac);

/* ---- frames from the device ------------------------------------------ */

enum userdp_gso {
	USERDP_GSO_NONE,
	USERDP_GSO_TCP,
	USERDP_GSO_UDP,
};

/* The longest headers of a super-packet that are understood. */
#define USERDP_HEAD_MAX		256

/**
 * struct userdp_frame - a packet, or a super-packet while it is cut
 * @pkt, @len: the IP packet as it was read; of Ethernet, the frame if it is not
 *	to be cut
 * @ether: what stood in front of it, @ether_len bytes
 * @l4, @head_len: offsets in it: of TCP or UDP, of their payload
 * @size: of a full segment's payload
 * @n_segs: packets that come of it
 * @pos: of the payload that is next
 * @peer_id: whose it is, if the device says so
 * @head: the headers as they were read
 * @ip_sum, @l4_sum: of what is the same in all headers
 */
struct userdp_frame {
	uint8_t *pkt;
	size_t len;
	enum userdp_gso gso;
	size_t l4, head_len;
	size_t size;
	unsigned int n_segs;
	size_t pos;
	uint32_t peer_id;
	uint64_t ip_sum, l4_sum;
	size_t ether_len;
	uint8_t ether[USERDP_ETHER_MAX];
	uint8_t head[USERDP_HEAD_MAX];
	uint8_t buf[64 + USERDP_ETHER_MAX + USERDP_PACKET_MAX];
};

/**
 * userdp_frame_read() - the next frame of a device
 * @frame: overwritten
 *
 * Return: 1; 0 nothing there now; -EBADMSG a frame that makes no sense, which
 * is gone; -ENODEV no device any more; another -errno of it.
 */
int userdp_frame_read(struct userdp_frame *frame, const struct userdp_tun *tun);

/**
 * userdp_frame_parse() - make sense of @len bytes at @data
 * @tun: of what kind of device they are
 * @data: changed while the frame is cut; must live as long
 *
 * A packet whose checksum was left to us gets it here. Return: 0 or -EBADMSG.
 */
int userdp_frame_parse(struct userdp_frame *frame,
		       const struct userdp_tun *tun, uint8_t *data, size_t len);

/**
 * userdp_frame_next() - the next packet of a frame
 *
 * It is complete, and valid until the next call: a segment's headers are
 * written over the payload that came before it.
 *
 * Return: the packet and its length, NULL at the end.
 */
uint8_t *userdp_frame_next(struct userdp_frame *frame, size_t *len);

/**
 * userdp_frame_head() - the first packet's headers, at any time
 *
 * Of Ethernet, what stands in front of a super-packet is in @ether instead.
 */
const uint8_t *userdp_frame_head(const struct userdp_frame *frame,
				 size_t *len);

static inline bool userdp_frame_has_more(const struct userdp_frame *frame)
{
	return frame->pos < frame->len;
}

/** userdp_frame_longest() - of the packets that come of a frame */
static inline size_t userdp_frame_longest(const struct userdp_frame *frame)
{
	return frame->gso == USERDP_GSO_NONE ?
	       frame->len : frame->ether_len + frame->head_len + frame->size;
}

/* ---- datagrams from the network --------------------------------------- */

#define USERDP_RX_BATCH		64	/* of one call */
#define USERDP_RX_ROUNDS	8	/* calls of one wake-up */
#define USERDP_RX_BYTES		(256 * 1024)	/* enough for one wake-up */

/** struct userdp_rx - where datagrams come to; few of it is ever touched */
struct userdp_rx {
	uint8_t *bufs;
};

/**
 * struct userdp_datagram - a datagram, or a run of them that the kernel merged
 * @data: until the next call
 * @size: of each, only the last one may be shorter
 * @local: where it came to; AF_UNSPEC: not known
 */
struct userdp_datagram {
	const uint8_t *data;
	size_t len, size;
	union net_addr from, local;
};

int userdp_rx_init(struct userdp_rx *rx);
void userdp_rx_free(struct userdp_rx *rx);

/**
 * userdp_rx_receive() - take what is there
 * @port: of the socket, for @local
 * @batch: at most so many, up to USERDP_RX_BATCH
 *
 * Return: how many, or less than 0 with errno.
 */
int userdp_rx_receive(struct userdp_rx *rx, int fd, uint16_t port,
		      unsigned int batch, struct userdp_datagram *out);

/**
 * userdp_rx_batch() - what to ask for next, when the last call had @n
 *
 * Runs are long, datagrams are many: either way a batch is some 100 KiB.
 */
unsigned int userdp_rx_batch(unsigned int batch, int n, size_t n_bytes);

/* ---- datagrams to the network ---------------------------------------- */

#define USERDP_RUN_MAX		64	/* datagrams, as old kernels allow */
#define USERDP_RUN_BYTES	65000	/* of UDP's 65507, with some to spare */
#define USERDP_RUNS		128
#define USERDP_TX_BYTES		(256 * 1024)

/**
 * struct userdp_dest - where the datagrams of a peer go
 * @fd: borrowed UDP socket; @family its family
 * @local: source address; AF_UNSPEC: chosen by routing
 * @run_max: datagrams above this size cannot be sent in runs
 * @run_wait: datagrams until that is tried again
 * @is_single: no runs at all, because no datagram may be added to end them
 * @packets, @bytes: sent so far
 */
struct userdp_dest {
	int fd;
	sa_family_t family;
	union net_addr remote, local;
	size_t run_max;
	unsigned int run_wait;
	bool is_single;
	uint64_t packets, bytes;
};

/** userdp_dest_init() - with a socket and both addresses; 0 or -ENOTSOCK */
int userdp_dest_init(struct userdp_dest *dest, int fd,
		     const union net_addr *remote,
		     const union net_addr *local);
void userdp_dest_set_remote(struct userdp_dest *dest,
			    const union net_addr *remote,
			    const union net_addr *local);
void userdp_dest_set_local(struct userdp_dest *dest,
			   const union net_addr *local);

/** userdp_dest_set_fd() - another socket; not a UDP socket: nothing changes */
int userdp_dest_set_fd(struct userdp_dest *dest, int fd);

/** userdp_dest_mtu() - of the way to a peer; 0 when it is not known */
unsigned int userdp_dest_mtu(const struct userdp_dest *dest);

/**
 * struct userdp_run - datagrams of one size, of which the last may be shorter
 * @dest: NULL: its peer is gone
 * @len: bytes; @size: of a datagram; @n: how many
 * @class: TOS or traffic class outside, 0: the socket's
 */
struct userdp_run {
	struct userdp_dest *dest;
	uint8_t *data;
	size_t len;
	size_t size;
	unsigned int n;
	uint8_t class;
	bool is_closed;
};

/**
 * struct userdp_tx - datagrams that wait to be sent
 * @runs: [@first, @n_runs) wait
 * @class: of the datagrams that come next
 * @needs_tail: this kernel breaks runs whose datagrams all have one size
 * @lost: datagrams that could not be sent
 */
struct userdp_tx {
	uint8_t *buf;
	size_t used;
	struct userdp_run runs[USERDP_RUNS];
	unsigned int first, n_runs;
	uint8_t class;
	bool needs_tail;
	uint64_t lost;
};

int userdp_tx_init(struct userdp_tx *tx);
void userdp_tx_free(struct userdp_tx *tx);

/** userdp_tx_has_room() - for @n datagrams of at most @size bytes */
bool userdp_tx_has_room(const struct userdp_tx *tx, unsigned int n,
			size_t size);

/** userdp_tx_slot() - where to write the next datagram; there must be room */
uint8_t *userdp_tx_slot(struct userdp_tx *tx);

/** userdp_tx_commit() - @len bytes were written there */
void userdp_tx_commit(struct userdp_tx *tx, struct userdp_dest *dest,
		      size_t len);

/**
 * userdp_tx_wants_tail() - must a short datagram end the last run?
 * @len: of that datagram
 * @next: who gets the next datagram; NULL: there is none
 * @next_len, @next_class: of that one
 *
 * Return: the run, whose class the short one has to have; NULL: no.
 */
const struct userdp_run *userdp_tx_wants_tail(const struct userdp_tx *tx,
					      size_t len,
					      const struct userdp_dest *next,
					      size_t next_len,
					      uint8_t next_class);

/**
 * userdp_tx_flush() - send
 *
 * Return: 0 when nothing is left, -EAGAIN when the socket of the first run
 * takes no more now. Everything else that goes wrong loses datagrams.
 */
int userdp_tx_flush(struct userdp_tx *tx);

/** userdp_tx_drop() - all that waits is lost */
void userdp_tx_drop(struct userdp_tx *tx);

/** userdp_tx_fd() - the socket that has to become writable, -1 for none */
int userdp_tx_fd(const struct userdp_tx *tx);

/** userdp_tx_forget() - datagrams to @dest are dropped */
void userdp_tx_forget(struct userdp_tx *tx, const struct userdp_dest *dest);

/** userdp_tx_is_broken() - does this kernel release need a tail for runs? */
bool userdp_tx_is_broken(const char *release);

/* ---- packets to the device ------------------------------------------- */

#define USERDP_MERGE_BYTES	(256 * 1024)
#define USERDP_MERGE_PACKETS	512
#define USERDP_MERGE_FLOWS	8

/**
 * struct userdp_super - a packet, or several in one
 * @pkt, @len: the first, with its headers
 * @total: length of all together
 * @n: packets in it
 * @first, @last: of the payloads behind the first packet, in @extra; none: 0
 * @is_open: another one may follow
 * @l4, @head_len, @size: as in struct userdp_frame
 * @peer_id: who sent it
 * @seq, @ip_id: expected next (TCP; IPv4)
 * @id_step: by which the IPv4 ids grow
 */
struct userdp_super {
	uint8_t *pkt;
	size_t len, total;
	unsigned int n;
	unsigned int first, last;
	enum userdp_gso gso;
	bool is_open;
	uint8_t l4, head_len;
	size_t size;
	uint32_t peer_id;
	uint32_t seq;
	uint16_t ip_id, id_step;
};

struct userdp_extra {
	struct iovec iov;
	unsigned int next;
};

/**
 * struct userdp_merge - opened packets on their way to the device
 * @supers: in the order of their first packets
 * @open: those that may grow, a bounded number; @next_open replaces the oldest
 * @n_extra: used of @extra, whose index 0 stands for none
 * @lost: packets that the device did not take
 */
struct userdp_merge {
	const struct userdp_tun *tun;
	uint8_t *buf;
	size_t used;
	struct userdp_super supers[USERDP_MERGE_PACKETS];
	unsigned int n_supers;
	struct userdp_super *open[USERDP_MERGE_FLOWS];
	unsigned int next_open;
	struct userdp_extra extra[USERDP_MERGE_PACKETS + 1];
	unsigned int n_extra;
	struct iovec iov[USERDP_MERGE_PACKETS + 2];
	uint64_t lost;
};

int userdp_merge_init(struct userdp_merge *merge,
		      const struct userdp_tun *tun);
void userdp_merge_free(struct userdp_merge *merge);

/**
 * userdp_merge_slot() - where to put a packet of at most @len bytes
 *
 * Writes what there is to the device when there is no room otherwise.
 */
uint8_t *userdp_merge_slot(struct userdp_merge *merge, size_t len);

/** userdp_merge_add() - an IP packet of @peer_id, @len bytes, more than 0 */
void userdp_merge_add(struct userdp_merge *merge, uint32_t peer_id,
		      size_t len);

/** userdp_merge_flush() - write everything to the device */
void userdp_merge_flush(struct userdp_merge *merge);

/* ---- small things ---------------------------------------------------- */

/** userdp_mss_is_syn() - cheap test before userdp_mss_clamp() */
bool userdp_mss_is_syn(const uint8_t *pkt, size_t len);

/**
 * userdp_mss_clamp() - lower the segment size that a SYN announces
 * @pkt: an IP packet with complete checksums
 * @max: length of the longest IP packet that may come back
 *
 * Return: true when it was changed.
 */
bool userdp_mss_clamp(uint8_t *pkt, size_t len, size_t max);

#endif
