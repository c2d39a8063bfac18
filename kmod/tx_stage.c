// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that sends one datagram after another, and waits for nothing in
 * between, is limited by how long each takes. Its datagrams wait here for each
 * other, and go together: one key, one route, one trip through UDP, IP and
 * queues for dozens of them. Whoever waits for an answer, or for the time of
 * the next packet, is served at once.
 *
 * Who sends what waits: the program itself, as soon as there are
 * DCO_STAGE_BATCH packets, and a timer, which is what the last ones of a flood
 * wait for, DCO_STAGE_NS at most.
 *
 * Order: from the first packet that waits until a whole period of the timer has
 * found nothing, whatever comes from such a socket joins the end of the queue,
 * and one CPU sends: where devices have a queue for each CPU, two would
 * overtake each other. A program that has moved to another CPU leaves its
 * packets to the timer, which stays. Only packets of UDP sockets come here, and
 * only from programs: a flow of TCP, which is also sent from softirqs and
 * timers, never does, nor does what is forwarded.
 *
 * Nothing is left behind: is_busy is turned on, and the timer started, by who
 * finds it off; only the timer turns it off, under the lock, with the queue
 * empty.
 *
 * Memory: packets are charged to their sockets all the time, which ends what a
 * program can have here.
 *
 * Depth: in a tunnel in a tunnel the inner packets' sender is in the middle of
 * sending: these packets go at once, and the kernel's limit of recursion holds
 * for them.
 */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
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
/* so many packets, a tick apart at most, make a program one that waits for
 * nothing; what sends fewer at once, as QUIC does, waits for answers to them
 */
#define DCO_STAGE_FROM		32
/* how long a packet waits, in nanoseconds */
#define DCO_STAGE_NS		(100 * NSEC_PER_USEC)
/* batches that the timer sends before others get the CPU */
#define DCO_STAGE_ROUNDS	4

/**
 * struct dco_stage_sender - who sends on a CPU
 * @task: compared, never followed
 * @waits: how often it has waited
 * @tick: when it has sent last, in jiffies
 * @packets: how many it has sent without waiting, a tick apart at most
 */
struct dco_stage_sender {
	const struct task_struct *task;
	unsigned long waits;
	unsigned long tick;
	unsigned int packets;
};

static DEFINE_PER_CPU(struct dco_stage_sender, dco_stage_sender);

static bool dco_stage_is_same(const struct sk_buff *a, const struct sk_buff *b)
{
	return !skb_is_gso(a) && !skb_is_gso(b) && a->sk == b->sk &&
	       a->priority == b->priority && dco_tx_tos(a) == dco_tx_tos(b);
}

/* Takes from the front what can travel together: datagrams of one socket, class
 * and priority, or one super-packet.
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
static unsigned int dco_stage_drain(struct dco_peer *peer)
{
	struct dco_stage *stage = &peer->stage;
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
		spin_unlock(&stage->queue.lock);
		sent += skb_is_gso(list) ? skb_shinfo(list)->gso_segs : n;
		dco_dev_batch_add(peer->dco, DCO_BATCH_TX_STAGED, n);
		dco_tx_send_list(peer, list);
		spin_lock(&stage->queue.lock);
	}
	stage->is_draining = false;
	spin_unlock(&stage->queue.lock);
	return sent;
}

/* Is it all over? Then others may send at once, and on another CPU. */
static bool dco_stage_end(struct dco_stage *stage)
{
	bool is_over;

	spin_lock(&stage->queue.lock);
	is_over = !stage->is_draining && skb_queue_empty(&stage->queue);
	if (is_over)
		WRITE_ONCE(stage->is_busy, false);
	spin_unlock(&stage->queue.lock);
	return is_over;
}

static enum hrtimer_restart dco_stage_fire(struct hrtimer *timer)
{
	struct dco_peer *peer = container_of(timer, struct dco_peer,
					     stage.timer);
	unsigned int i, n, sent = 0;
	bool is_over;

	rcu_read_lock();
	for (i = 0; i < DCO_STAGE_ROUNDS; i++) {
		n = dco_stage_drain(peer);
		if (!n)
			break;
		sent += n;
	}
	is_over = !sent && dco_stage_end(&peer->stage);
	rcu_read_unlock();
	if (is_over) {
		dco_peer_put(peer);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(DCO_STAGE_NS));
	return HRTIMER_RESTART;
}

/**
 * dco_stage_init() - begin with nothing
 * @peer: a new peer
 */
void dco_stage_init(struct dco_peer *peer)
{
	skb_queue_head_init(&peer->stage.queue);
	dco_compat_hrtimer_setup(&peer->stage.timer, dco_stage_fire);
}

/**
 * dco_stage_purge() - forget what waits
 * @peer: a peer that nobody sends to any more
 */
void dco_stage_purge(struct dco_peer *peer)
{
	__skb_queue_purge(&peer->stage.queue);
}

/* Has this program just sent without waiting since? It may have gone to another
 * CPU, and with PREEMPT_RT others send in between: then it is asked anew.
 */
static bool dco_stage_is_flood(void)
{
	struct dco_stage_sender *sender = this_cpu_ptr(&dco_stage_sender);
	unsigned long now = jiffies;

	if (sender->task != current || sender->waits != current->nvcsw ||
	    now - sender->tick > 1)
		sender->packets = 0;
	sender->task = current;
	sender->waits = current->nvcsw;
	sender->tick = now;
	if (sender->packets >= DCO_STAGE_FROM)
		return true;
	sender->packets++;
	return false;
}

/**
 * dco_stage_wants() - is a packet to wait for company?
 * @path: its way to the peer
 * @skb: an inner packet, as ndo_start_xmit receives it
 *
 * Context: BH disabled, RCU read side.
 * Return: true if it has to be given to dco_stage_add(), because others of its
 * sender wait, or others will follow soon.
 */
bool dco_stage_wants(const struct dco_path *path, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (!sk || !sk_fullsock(sk) || sk->sk_protocol != IPPROTO_UDP ||
	    skb->destructor != sock_wfree)
		return false;
	if (!in_task() || current->flags & PF_KTHREAD ||
	    dev_recursion_level() > 1)
		return false;
	if (path->dsk->transport != DCO_TRANSPORT_UDP)
		return false;
	if (READ_ONCE(path->peer->stage.is_busy))
		return true;
	return !skb_is_gso(skb) && dco_stage_is_flood();
}

/**
 * dco_stage_add() - let a packet wait
 * @peer: to whom it goes
 * @skb: an inner packet, ready to be split or sealed; consumed
 *
 * Context: BH disabled, RCU read side.
 */
void dco_stage_add(struct dco_peer *peer, struct sk_buff *skb)
{
	struct dco_stage *stage = &peer->stage;
	bool is_first = false, is_here;
	u32 n;

	spin_lock(&stage->queue.lock);
	n = skb_queue_len(&stage->queue);
	if (unlikely(n >= DCO_STAGE_LEN_MAX)) {
		spin_unlock(&stage->queue.lock);
		dco_peer_drop(peer, skb, DCO_DROP_TX_QUEUE);
		return;
	}
	__skb_queue_tail(&stage->queue, skb);
	if (!stage->is_busy) {
		WRITE_ONCE(stage->is_busy, true);
		stage->cpu = smp_processor_id();
		is_first = true;
	}
	is_here = stage->cpu == smp_processor_id();
	spin_unlock(&stage->queue.lock);

	/* without references it is about to be freed, with what waits for it */
	if (is_first && kref_get_unless_zero(&peer->ref))
		hrtimer_start(&stage->timer, ns_to_ktime(DCO_STAGE_NS),
			      HRTIMER_MODE_REL_PINNED_SOFT);
	else if (n + 1 >= DCO_STAGE_BATCH && is_here)
		dco_stage_drain(peer);
}
