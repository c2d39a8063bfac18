/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TCP_H
#define DCO_TCP_H

#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/transp_v6.h>

#include "record.h"

struct dco_path;
struct dco_peer;
struct dco_sock;
struct dco_tcp;

/* records that one send to TCP takes at most */
#define DCO_TCP_TX_BATCH	64

/**
 * enum dco_tcp_rx_next - how to go on after reading
 * @DCO_TCP_RX_WAIT: something will happen
 * @DCO_TCP_RX_MORE: read again, after others had their turn
 * @DCO_TCP_RX_BAD: the stream is no sequence of records
 * @DCO_TCP_RX_END: nothing more comes, and userspace has read everything
 */
enum dco_tcp_rx_next {
	DCO_TCP_RX_WAIT,
	DCO_TCP_RX_MORE,
	DCO_TCP_RX_BAD,
	DCO_TCP_RX_END,
};

/**
 * struct dco_tcp_rx - from the stream to records
 * @head: first bytes of a record that is not whole in one buffer
 * @head_len: how many are there
 * @part: such a record while it is put together, or NULL
 * @part_left: bytes that it lacks
 * @skip: bytes to come of a record that could not be kept
 * @is_bad: the stream is no sequence of records, or cannot be read; final
 * @is_eof: everything has been read, and nothing more comes; final
 * @is_paused: a control packet waits in the stream for room in @ctrl
 * @ctrl: control packets for userspace, with their prefixes
 * @ctrl_bytes: memory that they use
 *
 * Fields from @is_eof on are under @ctrl.lock, the others belong to whoever has
 * locked the socket.
 */
struct dco_tcp_rx {
	u8 head[DCO_RECORD_HEAD];
	u8 head_len;
	struct sk_buff *part;
	size_t part_left;
	size_t skip;
	bool is_bad;
	bool is_eof;
	bool is_paused;
	struct sk_buff_head ctrl;
	size_t ctrl_bytes;
};

/**
 * struct dco_tcp_tx - from records to the stream
 * @lock: protects the following, up to @is_closed
 * @ctrl: control packets of userspace, with their prefixes
 * @data: data packets, with their prefixes
 * @ctrl_bytes: memory of what @ctrl had that TCP does not have yet
 * @data_bytes: memory of what @data had that TCP does not have yet
 * @is_closed: nothing may be added any more; final
 * @part: the record that TCP has a part of, or NULL
 * @part_sent: how much of it TCP has
 * @vec: what is given to TCP
 *
 * The last three belong to whoever has locked the socket, and only he takes
 * records out of the lists. So he may use the first records without @lock.
 */
struct dco_tcp_tx {
	spinlock_t lock;	/* see above */
	struct sk_buff_head ctrl;
	struct sk_buff_head data;
	size_t ctrl_bytes;
	size_t data_bytes;
	bool is_closed;

	struct sk_buff *part;
	size_t part_sent;
	struct kvec vec[DCO_TCP_TX_BATCH];
};

/**
 * struct dco_tcp_saved - what a socket had before
 * @ops: socket->ops
 * @data_ready: sk_data_ready
 * @write_space: sk_write_space
 * @state_change: sk_state_change
 * @is_nodelay: did it have TCP_NODELAY?
 */
struct dco_tcp_saved {
	const struct proto_ops *ops;
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	bool is_nodelay;
};

/**
 * struct dco_tcp - what a socket has if it is TCP
 * @dsk: the socket; owns this
 * @peer: its peer while that is in the table; written under the table's lock
 * @is_attached: do we have the socket? Under lock_sock()
 * @work: reads and writes; has a reference to @dsk while it is queued
 * @retry: queues @work later; has a reference to @dsk while it is queued
 * @saved: what to restore
 * @rx: receiving
 * @tx: sending
 */
struct dco_tcp {
	struct dco_sock *dsk;
	struct dco_peer __rcu *peer;
	bool is_attached;
	struct work_struct work;
	struct delayed_work retry;
	struct dco_tcp_saved saved;

	struct dco_tcp_rx rx ____cacheline_aligned_in_smp;
	struct dco_tcp_tx tx ____cacheline_aligned_in_smp;
};

int dco_tcp_module_init(void);
void dco_tcp_module_exit(void);

/* tcp.c */
bool dco_tcp_is_free(const struct sock *sk);
int dco_tcp_attach(struct dco_sock *dsk);
void dco_tcp_detach(struct dco_sock *dsk);
void dco_tcp_free(struct dco_tcp *tcp);
void dco_tcp_link(struct dco_tcp *tcp, struct dco_peer *peer);
void dco_tcp_unlink(struct dco_tcp *tcp);
void dco_tcp_kick(struct dco_tcp *tcp);

/* tcp_ops.c */
extern struct tcp_ulp_ops dco_tcp_ulp;
void dco_tcp_ops_install(struct sock *sk);
void dco_tcp_ops_remove(struct sock *sk, const struct proto_ops *ops);
bool dco_tcp_ops_are_ours(const struct sock *sk);
void dco_tcp_ops_wait(void);

/* tcp_rx.c */
void dco_tcp_rx_init(struct dco_tcp_rx *rx);
enum dco_tcp_rx_next dco_tcp_rx_read(struct dco_tcp *tcp);
void dco_tcp_rx_purge(struct dco_tcp_rx *rx);
int dco_tcp_rx_recv(struct dco_tcp *tcp, struct msghdr *msg, size_t len,
		    int flags);

/* tcp_tx.c */
void dco_tcp_tx_init(struct dco_tcp_tx *tx);
int dco_tcp_tx_flush(struct dco_tcp *tcp, bool *is_unfinished);
void dco_tcp_tx_close(struct dco_tcp *tcp);
bool dco_tcp_tx_has_ctrl_room(const struct dco_tcp_tx *tx);
int dco_tcp_tx_write(struct dco_tcp *tcp, struct msghdr *msg, size_t len);
int dco_tcp_find_path(const struct dco_path *path);
int dco_tcp_send(const struct dco_path *path, struct sk_buff *list);

#endif /* DCO_TCP_H */
