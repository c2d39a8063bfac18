// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sends one datagram after another, and waits for nothing in between, is
 * limited by how long each takes. These datagrams wait here for each other, and
 * go together: one key, one route, one trip through UDP, IP and queues for
 * dozens of them. Whoever waits for an answer, or for the time of the next
 * packet, is served at once.
 *
 * Who waits: the scheduler knows of a program, and of forwarded packets it is
 * seen by those of one flow that come in a row. Some wait without telling,
 * because they ask again and again whether something has come. Their packets
 * stay alone, and each time that a packet has waited alone, twice as many have
 * to come in a row before the next one waits.
 *
 * Who sends what waits: the sender itself, as soon as there are DCO_STAGE_BATCH
 * packets or its socket takes no more, and a timer, which is what the last ones
 * of a flood wait for.
 *
 * Order: a stage has one owner, a socket or a flow. From its first packet until
 * a whole period of the timer has found nothing, all packets of the owner join
 * the end of the queue, whatever they are, and none of others does. One CPU
 * sends, which is where the owner was when it began: where devices have a
 * queue for each CPU, two would overtake each other. A program that has moved
 * to another CPU leaves its packets to the timer, which stays. A flow of TCP,
 * which is also sent from softirqs and timers, has no stage.
 *
 * Nothing is left behind: the owner is set, and the timer started, by who finds
 * none; only the timer ends that, under the lock, with the queue empty. Until
 * it has ended it would stay on its CPU, so nobody becomes the owner meanwhile.
 *
 * Memory: packets are charged to their sockets all the time, which ends what a
 * program can have here. An owner is only compared, never followed.
 *
 * Depth: in a tunnel in a tunnel the inner packets' sender is in the middle of
 * sending: these packets go at once, and the kernel's limit of recursion holds
 * for them.
 */
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/sock.h>

#include "compat/compat.h"
#include "device.h"
#include "drop.h"
#include "path.h"
#include "peer.h"
#include "sock.h"
#include "stats.h"
#include "tx.h"
#include "tx_stage.h"

/* what a UDP GSO packet takes */
#define DCO_STAGE_BATCH		64
/* what may wait if somebody sends too slowly */
#define DCO_STAGE_LEN_MAX	4096
/* so many packets, a tick apart at most, or as long as one may wait, make a
 * sender one that waits for nothing; what sends fewer at once, as QUIC does,
 * waits for answers to them
 */
#define DCO_STAGE_FROM		32
/* and so many if waiting has brought nothing, again and again */
#define DCO_STAGE_FROM_MAX	65536
/* batches that the timer sends before others get the CPU */
#define DCO_STAGE_ROUNDS	4
/* stages of a peer, as a power of two */
#define DCO_STAGE_BITS		3

/**
 * struct dco_stage - datagrams to a peer that wait for company
 * @queue: cleartext packets; its lock protects the other fields
 * @timer: sends what waits; runs, and holds a reference to the peer, as long as
 *	there is an @owner
 * @peer: the peer, which owns this
 * @owner: whose packets wait, or may still be on their way: see
 *	dco_stage_owner(); 0: nobody's; read without lock
 * @from: how many in a row make an owner; read without lock
 * @cpu: the only one that sends, as long as there is an @owner
 * @is_draining: somebody sends
 * @had_company: packets have gone together since the timer ran
 */
struct dco_stage {
	struct sk_buff_head queue;
	struct hrtimer timer;
	struct dco_peer *peer;
	unsigned long owner;
	unsigned int from;
	int cpu;
	bool is_draining;
	bool had_company;
} ____cacheline_aligned_in_smp;

/**
 * struct dco_stage_row - packets that a CPU sends in a row
 * @who: their sender; compared, never followed
 * @since: changes when the sender waits, or sends to somebody else
 * @tick: when the last one came, in jiffies
 * @packets: how many
 */
struct dco_stage_row {
	unsigned long who;
	unsigned long since;
	unsigned long tick;
	unsigned int packets;
};

/* With PREEMPT_RT others send in between: then the row begins anew. */
static DEFINE_PER_CPU(struct dco_stage_row, dco_stage_program_row);
static DEFINE_PER_CPU(struct dco_stage_row, dco_stage_flow_row);

/* May it travel as a part of something? */
static bool dco_stage_is_plain(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && !skb->tstamp &&
	       !(skb_shinfo(skb)->tx_flags & SKBTX_ANY_TSTAMP);
}

static bool dco_stage_is_same(const struct sk_buff *a, const struct sk_buff *b)
{
	return a->sk == b->sk && a->hash == b->hash &&
	       a->priority == b->priority && dco_tx_tos(a) == dco_tx_tos(b) &&
	       dco_stage_is_plain(a) && dco_stage_is_plain(b);
}

/* Takes from the front what can travel together: datagrams of one socket, flow,
 * class and priority, or a packet that goes alone.
 */
static struct sk_buff *dco_stage_take(struct dco_stage *stage, unsigned int *n)
{
	struct sk_buff *first, **tail = &first, *skb;

	lockdep_assert_held(&stage->queue.lock);
	for (*n = 0; *n < DCO_STAGE_BATCH; (*n)++) {
		skb = skb_peek(&stage->queue);
		if (!skb || (*n && !dco_stage_is_same(first, skb)))
			break;
		__skb_unlink(skb, &stage->queue);
		*tail = skb;
		tail = &skb->next;
	}
	*tail = NULL;
	return first;
}

/* Sends what waits, two batches at most. Returns how many packets it took; 0
 * also if somebody else is at it.
 *
 * Context: BH disabled, RCU read side.
 */
static unsigned int dco_stage_drain(struct dco_stage *stage)
{
	unsigned int n, sent = 0;
	struct sk_buff *list;

	spin_lock(&stage->queue.lock);
	if (unlikely(stage->is_draining)) {
		spin_unlock(&stage->queue.lock);
		return 0;
	}
	stage->is_draining = true;
	while (sent < DCO_STAGE_BATCH) {
		list = dco_stage_take(stage, &n);
		if (!n)
			break;
		stage->had_company |= n > 1;
		spin_unlock(&stage->queue.lock);
		sent += skb_is_gso(list) ? skb_shinfo(list)->gso_segs : n;
		dco_tx_send_list(stage->peer, list);
		spin_lock(&stage->queue.lock);
	}
	stage->is_draining = false;
	spin_unlock(&stage->queue.lock);
	return sent;
}

/* What the timer makes of it that it has sent something: was it worth waiting?
 * If it has sent nothing: is it all over? Then the owner may send at once, and
 * on another CPU.
 */
static bool dco_stage_judge(struct dco_stage *stage, bool has_sent)
{
	bool is_over = false;

	spin_lock(&stage->queue.lock);
	if (!has_sent) {
		is_over = !stage->is_draining &&
			  skb_queue_empty(&stage->queue);
	} else if (stage->had_company) {
		WRITE_ONCE(stage->from, DCO_STAGE_FROM);
	} else {
		WRITE_ONCE(stage->from,
			   min(2 * stage->from, DCO_STAGE_FROM_MAX));
	}
	stage->had_company = false;
	if (is_over)
		WRITE_ONCE(stage->owner, 0);
	spin_unlock(&stage->queue.lock);
	return is_over;
}

static ktime_t dco_stage_period(const struct dco_stage *stage)
{
	u32 usecs = READ_ONCE(stage->peer->dco->stage_usecs);

	return ns_to_ktime((usecs ?: DCO_STAGE_USECS) * (u64)NSEC_PER_USEC);
}

static enum hrtimer_restart dco_stage_fire(struct hrtimer *timer)
{
	struct dco_stage *stage = container_of(timer, struct dco_stage, timer);
	unsigned int i, n, sent = 0;
	bool is_over;

	rcu_read_lock();
	for (i = 0; i < DCO_STAGE_ROUNDS; i++) {
		n = dco_stage_drain(stage);
		if (!n)
			break;
		sent += n;
	}
	is_over = dco_stage_judge(stage, sent);
	rcu_read_unlock();
	if (is_over) {
		dco_peer_put(stage->peer);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, dco_stage_period(stage));
	return HRTIMER_RESTART;
}

/* Gives a peer stages, which few ever need. */
static struct dco_stage *dco_stage_new(struct dco_peer *peer)
{
	struct dco_stage *stages, *others;
	int i;

	stages = kcalloc(1 << DCO_STAGE_BITS, sizeof(*stages),
			 GFP_ATOMIC | __GFP_NOWARN);
	if (!stages)
		return NULL;
	for (i = 0; i < 1 << DCO_STAGE_BITS; i++) {
		skb_queue_head_init(&stages[i].queue);
		dco_compat_hrtimer_setup(&stages[i].timer, dco_stage_fire);
		stages[i].peer = peer;
		stages[i].from = DCO_STAGE_FROM;
	}
	others = cmpxchg(&peer->stages, NULL, stages);
	if (likely(!others))
		return stages;
	kfree(stages);
	return others;
}

/**
 * dco_stage_set_usecs() - say how long packets may wait
 * @dco: the device
 * @usecs: for so many microseconds, DCO_STAGE_USECS_MAX at most; 0: none waits
 */
void dco_stage_set_usecs(struct dco_dev *dco, u32 usecs)
{
	WRITE_ONCE(dco->stage_usecs, usecs);
	WRITE_ONCE(dco->stage_ticks, usecs_to_jiffies(usecs));
}

/**
 * dco_stage_free() - free the stages of a peer
 * @peer: a peer to which nobody has a reference any more, so that nothing waits
 */
void dco_stage_free(struct dco_peer *peer)
{
	kfree(peer->stages);
}

static bool dco_stage_is_of_program(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return sk_fullsock(sk) && sk->sk_type == SOCK_DGRAM &&
	       sk->sk_protocol == IPPROTO_UDP &&
	       skb->destructor == sock_wfree;
}

static bool dco_stage_is_forwarded(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (!skb->skb_iif)
		return false;
	if (skb->protocol == htons(ETH_P_IP))
		return iph->protocol == IPPROTO_UDP && !ip_is_fragment(iph);
	return ipv6_hdr(skb)->nexthdr == IPPROTO_UDP;
}

/* Whose packets keep their order: those of a program's socket, or of a flow
 * that is forwarded, whose number is odd as no address is. 0: it cannot wait.
 */
static unsigned long dco_stage_owner(const struct sk_buff *skb)
{
	if (skb->sk)
		return dco_stage_is_of_program(skb) ? (unsigned long)skb->sk :
						      0;
	return dco_stage_is_forwarded(skb) ? skb->hash | 1UL : 0;
}

/* Returns how many packets the sender of this one had sent in a row before. A
 * queue of the device (tc) may let go a program's packet when others run.
 */
static unsigned int dco_stage_count(const struct dco_peer *peer,
				    const struct sk_buff *skb,
				    unsigned long owner)
{
	unsigned long who, since, now = jiffies;
	struct dco_stage_row *row;

	if (skb->sk && (!in_task() || current->flags & PF_KTHREAD))
		return 0;
	if (skb->sk) {
		row = this_cpu_ptr(&dco_stage_program_row);
		who = (unsigned long)current;
		since = current->nvcsw;
	} else {
		row = this_cpu_ptr(&dco_stage_flow_row);
		who = owner;
		since = (unsigned long)peer;
	}
	if (row->who != who || row->since != since ||
	    now - row->tick > READ_ONCE(peer->dco->stage_ticks))
		row->packets = 0;
	row->who = who;
	row->since = since;
	row->tick = now;
	if (row->packets >= DCO_STAGE_FROM_MAX)
		return DCO_STAGE_FROM_MAX;
	return row->packets++;
}

static struct dco_stage *dco_stage_find(struct dco_peer *peer,
					unsigned long owner, unsigned int row)
{
	/* pairs with cmpxchg() in dco_stage_new() */
	struct dco_stage *stages = smp_load_acquire(&peer->stages);

	if (!stages && row >= DCO_STAGE_FROM)
		stages = dco_stage_new(peer);
	return stages ? &stages[hash_long(owner, DCO_STAGE_BITS)] : NULL;
}

/* Becomes the owner's stage, if it can. */
static bool dco_stage_claim(struct dco_stage *stage, unsigned long owner)
{
	lockdep_assert_held(&stage->queue.lock);
	if (stage->owner)
		return stage->owner == owner;
	/* a timer that is about to end would stay on its CPU */
	if (hrtimer_active(&stage->timer))
		return false;
	/* without references the peer is about to be freed */
	if (!kref_get_unless_zero(&stage->peer->ref))
		return false;
	stage->cpu = smp_processor_id();
	stage->had_company = false;
	WRITE_ONCE(stage->owner, owner);
	hrtimer_start(&stage->timer, dco_stage_period(stage),
		      HRTIMER_MODE_REL_PINNED_SOFT);
	return true;
}

/* Would the socket make its program wait before the next packet? */
static bool dco_stage_is_full(const struct sock *sk)
{
	return sk && sk_wmem_alloc_get(sk) >= READ_ONCE(sk->sk_sndbuf);
}

/* @is_flood: whether others will follow soon. Returns whether the packet has
 * been taken.
 */
static bool dco_stage_join(struct dco_stage *stage, struct sk_buff *skb,
			   unsigned long owner, bool is_flood)
{
	struct dco_peer *peer = stage->peer;
	bool is_mine, is_due;
	u32 n;

	spin_lock(&stage->queue.lock);
	is_mine = is_flood ? dco_stage_claim(stage, owner) :
			     stage->owner == owner;
	n = skb_queue_len(&stage->queue);
	if (unlikely(!is_mine || n >= DCO_STAGE_LEN_MAX)) {
		spin_unlock(&stage->queue.lock);
		if (is_mine)
			dco_peer_drop(peer, skb, DCO_DROP_TX_QUEUE);
		return is_mine;
	}
	__skb_queue_tail(&stage->queue, skb);
	is_due = stage->cpu == smp_processor_id() &&
		 (!is_flood || n + 1 >= DCO_STAGE_BATCH ||
		  dco_stage_is_full(skb->sk));
	spin_unlock(&stage->queue.lock);

	if (is_flood)
		dco_dev_batch_add(peer->dco, DCO_BATCH_TX_STAGED, 1);
	if (is_due)
		dco_stage_drain(stage);
	return true;
}

/**
 * dco_stage_add() - let a packet wait for company, if it should
 * @path: its way to the peer
 * @skb: an inner packet, as ndo_start_xmit receives it, with its hash; consumed
 *	if this takes it
 *
 * Context: BH disabled, RCU read side.
 * Return: true if it has been taken, because others of its sender wait, or
 * others will follow soon; false if it has to be sent at once.
 */
bool dco_stage_add(const struct dco_path *path, struct sk_buff *skb)
{
	struct dco_peer *peer = path->peer;
	struct dco_stage *stage;
	unsigned long owner;
	unsigned int row;
	bool is_flood;

	owner = dco_stage_owner(skb);
	if (!owner || path->dsk->transport != DCO_TRANSPORT_UDP ||
	    dev_recursion_level() > 1)
		return false;
	row = dco_stage_count(peer, skb, owner);
	stage = dco_stage_find(peer, owner, row);
	if (!stage)
		return false;
	is_flood = row >= READ_ONCE(stage->from) && dco_stage_is_plain(skb) &&
		   READ_ONCE(peer->dco->stage_usecs);
	if (!is_flood && READ_ONCE(stage->owner) != owner)
		return false;
	return dco_stage_join(stage, skb, owner, is_flood);
}
