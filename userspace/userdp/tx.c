// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed datagrams, sent in runs: neighbours of one size to one peer leave with
 * one trip through the kernel (UDP_SEGMENT), and several runs with one call.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "mem/mem.h"
#include "userdp/private.h"

#define TX_BATCH	64	/* messages in one call */
#define TX_TRIES	4	/* of a message that may pass next time */
#define TX_TAIL_MAX	128	/* more than a datagram that ends a run */

/* How many datagrams go alone before runs are tried again. */
#define TX_RUN_WAIT	65536

union tx_cmsg {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		 CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int))];
};

/**
 * struct tx_batch - what goes to sendmmsg()
 * @n_datagrams: in each message
 * @run: each belongs to
 * @no_local: the first one leaves from any address
 */
struct tx_batch {
	struct mmsghdr msgs[TX_BATCH];
	struct iovec iov[TX_BATCH];
	union net_addr names[TX_BATCH];
	union tx_cmsg cmsgs[TX_BATCH];
	unsigned int n_datagrams[TX_BATCH];
	struct userdp_run *run[TX_BATCH];
	unsigned int n;
	bool no_local;
};

/*
 * Linux 7.0 to 7.1-rc4 sends wrong lengths and checksums with some drivers when
 * all datagrams of a run have one size.
 */
bool userdp_tx_is_broken(const char *release)
{
	unsigned int major, minor, rc;
	const char *at;

	if (sscanf(release, "%u.%u", &major, &minor) != 2 || major != 7)
		return false;
	at = strstr(release, "-rc");
	return minor == 0 ||
	       (minor == 1 && at && sscanf(at, "-rc%u", &rc) == 1 && rc < 5);
}

int userdp_tx_init(struct userdp_tx *tx)
{
	struct utsname name;

	memset(tx, 0, sizeof(*tx));
	tx->buf = malloc(USERDP_TX_BYTES);
	if (!tx->buf)
		return -ENOMEM;
	tx->needs_tail = !uname(&name) && userdp_tx_is_broken(name.release);
	return 0;
}

void userdp_tx_free(struct userdp_tx *tx)
{
	free(tx->buf);
	tx->buf = NULL;
}

/* ---- collecting ------------------------------------------------------ */

static unsigned int tx_run_limit(const struct userdp_tx *tx)
{
	return USERDP_RUN_MAX - (tx->needs_tail ? 1 : 0);
}

bool userdp_tx_has_room(const struct userdp_tx *tx, unsigned int n,
			size_t size)
{
	size_t per_run = USERDP_RUN_BYTES / size, runs;

	if (per_run > tx_run_limit(tx))
		per_run = tx_run_limit(tx);
	if (!per_run)
		per_run = 1;
	runs = n / per_run + 2;
	return tx->n_runs + runs <= USERDP_RUNS &&
	       n * size + runs * TX_TAIL_MAX <= USERDP_TX_BYTES - tx->used;
}

uint8_t *userdp_tx_slot(struct userdp_tx *tx)
{
	return tx->buf + tx->used;
}

static struct userdp_run *tx_last(const struct userdp_tx *tx)
{
	const struct userdp_run *run;

	if (tx->n_runs == tx->first)
		return NULL;
	run = &tx->runs[tx->n_runs - 1];
	return run->is_closed ? NULL : (struct userdp_run *)run;
}

static bool tx_fits(const struct userdp_tx *tx, const struct userdp_run *run,
		    const struct userdp_dest *dest, size_t len, uint8_t class)
{
	return run->dest == dest && run->class == class &&
	       len <= run->size && run->n < tx_run_limit(tx) &&
	       run->len + len <= USERDP_RUN_BYTES;
}

const struct userdp_run *userdp_tx_wants_tail(const struct userdp_tx *tx,
					      size_t len,
					      const struct userdp_dest *next,
					      size_t next_len,
					      uint8_t next_class)
{
	const struct userdp_run *run = tx_last(tx);

	if (!tx->needs_tail || !run || !run->dest || run->dest->is_single ||
	    run->n < 2 || run->size <= len ||
	    (next && tx_fits(tx, run, next, next_len, next_class)))
		return NULL;
	return run;
}

/* The kernel needs a tail: it may be one more than a run has otherwise. */
static bool tx_is_tail(const struct userdp_tx *tx, const struct userdp_run *run,
		       const struct userdp_dest *dest, size_t len)
{
	return tx->needs_tail && run->dest == dest &&
	       run->class == tx->class && len < run->size &&
	       run->n < USERDP_RUN_MAX && len <= TX_TAIL_MAX;
}

void userdp_tx_commit(struct userdp_tx *tx, struct userdp_dest *dest,
		      size_t len)
{
	struct userdp_run *run = tx_last(tx);

	if (run && (tx_fits(tx, run, dest, len, tx->class) ||
		    tx_is_tail(tx, run, dest, len))) {
		run->is_closed = len < run->size;
	} else {
		run = &tx->runs[tx->n_runs++];
		*run = (struct userdp_run){
			.dest = dest,
			.data = tx->buf + tx->used,
			.size = len,
			.class = tx->class,
		};
	}
	run->len += len;
	run->n++;
	tx->used += len;
}

void userdp_tx_forget(struct userdp_tx *tx, const struct userdp_dest *dest)
{
	unsigned int i;

	for (i = tx->first; i < tx->n_runs; i++) {
		if (tx->runs[i].dest != dest)
			continue;
		tx->runs[i].dest = NULL;
		tx->lost += tx->runs[i].n;
	}
}

void userdp_tx_drop(struct userdp_tx *tx)
{
	for (; tx->first < tx->n_runs; tx->first++)
		tx->lost += tx->runs[tx->first].dest ?
			    tx->runs[tx->first].n : 0;
	tx->first = tx->n_runs = 0;
	tx->used = 0;
}

int userdp_tx_fd(const struct userdp_tx *tx)
{
	unsigned int i;

	for (i = tx->first; i < tx->n_runs; i++) {
		if (tx->runs[i].dest)
			return tx->runs[i].dest->fd;
	}
	return -1;
}

/* ---- sending --------------------------------------------------------- */

/* An IPv4 remote on a dual-stack socket has to look like IPv6. */
static void tx_name(const struct userdp_dest *dest, union net_addr *name)
{
	const struct sockaddr_in *in4 = &dest->remote.in4;

	*name = dest->remote;
	if (dest->family != AF_INET6 || name->sa.sa_family != AF_INET)
		return;
	memset(name, 0, sizeof(*name));
	name->in6.sin6_family = AF_INET6;
	name->in6.sin6_port = in4->sin_port;
	name->in6.sin6_addr.s6_addr[10] = 0xff;
	name->in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&name->in6.sin6_addr.s6_addr[12], &in4->sin_addr, 4);
}

static void tx_cmsg_put(struct msghdr *msg, union tx_cmsg *control, int level,
			int type, const void *data, size_t len)
{
	struct cmsghdr *cmsg;

	cmsg = (struct cmsghdr *)(control->buf + msg->msg_controllen);
	msg->msg_control = control->buf;
	msg->msg_controllen += CMSG_SPACE(len);
	memset(cmsg, 0, CMSG_SPACE(len));
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
}

/* The address that the peer knows us by; the kernel takes this for mapped
 * destinations, too. */
static void tx_local(const union net_addr *local, struct msghdr *msg,
		     union tx_cmsg *control)
{
	struct in_pktinfo info4 = { 0 };
	struct in6_pktinfo info6 = { 0 };

	if (local->sa.sa_family == AF_INET) {
		info4.ipi_spec_dst = local->in4.sin_addr;
		tx_cmsg_put(msg, control, IPPROTO_IP, IP_PKTINFO, &info4,
			    sizeof(info4));
		return;
	}
	info6.ipi6_addr = local->in6.sin6_addr;
	info6.ipi6_ifindex = local->in6.sin6_scope_id;
	tx_cmsg_put(msg, control, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
		    sizeof(info6));
}

static void tx_class(const struct userdp_run *run, struct msghdr *msg,
		     union tx_cmsg *control)
{
	bool is_ip4 = run->dest->remote.sa.sa_family == AF_INET;
	int class = run->class;

	tx_cmsg_put(msg, control, is_ip4 ? IPPROTO_IP : IPPROTO_IPV6,
		    is_ip4 ? IP_TOS : IPV6_TCLASS, &class, sizeof(class));
}

static bool tx_has_local(const struct userdp_dest *dest)
{
	return dest->local.sa.sa_family &&
	       dest->local.sa.sa_family == dest->remote.sa.sa_family;
}

static void tx_batch_add(struct tx_batch *batch, struct userdp_run *run,
			 uint8_t *data, size_t len, unsigned int n)
{
	unsigned int i = batch->n++;
	struct msghdr *msg = &batch->msgs[i].msg_hdr;
	uint16_t size = (uint16_t)run->size;

	tx_name(run->dest, &batch->names[i]);
	batch->iov[i] = (struct iovec){ data, len };
	*msg = (struct msghdr){
		.msg_name = &batch->names[i],
		.msg_namelen = net_addr_len(&batch->names[i]),
		.msg_iov = &batch->iov[i],
		.msg_iovlen = 1,
	};
	if (tx_has_local(run->dest) && !(batch->no_local && !i))
		tx_local(&run->dest->local, msg, &batch->cmsgs[i]);
	if (run->class)
		tx_class(run, msg, &batch->cmsgs[i]);
	if (n > 1)
		tx_cmsg_put(msg, &batch->cmsgs[i], SOL_UDP, UDP_SEGMENT, &size,
			    sizeof(size));
	batch->n_datagrams[i] = n;
	batch->run[i] = run;
}

static void tx_batch_add_run(struct tx_batch *batch, struct userdp_run *run)
{
	size_t left = run->len, len;
	uint8_t *data = run->data;

	if (run->n > 1 && run->size <= run->dest->run_max &&
	    !run->dest->is_single) {
		tx_batch_add(batch, run, data, left, run->n);
		return;
	}
	for (; left && batch->n < TX_BATCH; left -= len, data += len) {
		len = left < run->size ? left : run->size;
		tx_batch_add(batch, run, data, len, 1);
	}
}

static void tx_skip_forgotten(struct userdp_tx *tx)
{
	while (tx->first < tx->n_runs && !tx->runs[tx->first].dest)
		tx->first++;
}

static void tx_batch_fill(struct userdp_tx *tx, struct tx_batch *batch)
{
	int fd = tx->runs[tx->first].dest->fd;
	unsigned int i;

	batch->n = 0;
	for (i = tx->first; i < tx->n_runs && batch->n < TX_BATCH; i++) {
		if (!tx->runs[i].dest || tx->runs[i].dest->fd != fd)
			break;
		tx_batch_add_run(batch, &tx->runs[i]);
	}
}

/* The first @n datagrams of the first run are done with. */
static void tx_advance(struct userdp_tx *tx, size_t len, unsigned int n)
{
	struct userdp_run *run = &tx->runs[tx->first];

	run->data += len;
	run->len -= len;
	run->n -= n;
	if (!run->len)
		tx->first++;
}

static void tx_sent(struct userdp_tx *tx, const struct tx_batch *batch,
		    unsigned int i)
{
	struct userdp_dest *dest = batch->run[i]->dest;
	unsigned int n = batch->n_datagrams[i];
	size_t len = batch->iov[i].iov_len;

	/* Our address has gone: routing chooses another one from now on. */
	if (!i && batch->no_local) {
		memset(&dest->local, 0, sizeof(dest->local));
		dest->run_max = SIZE_MAX;
	}
	dest->packets += n;
	dest->bytes += len;
	if (dest->run_wait && !--dest->run_wait)
		dest->run_max = SIZE_MAX;
	tx_advance(tx, len, n);
}

/* A run that the kernel or the device does not want in one piece. */
static bool tx_is_run_error(int err)
{
	return err == EINVAL || err == EMSGSIZE || err == EIO ||
	       err == EOPNOTSUPP || err == ENOPROTOOPT;
}

static bool tx_is_local_error(int err)
{
	return err == EINVAL || err == EADDRNOTAVAIL || err == ENETUNREACH;
}

/* The first message failed: true when it is worth another try. */
static bool tx_failed(struct userdp_tx *tx, struct tx_batch *batch, int err)
{
	struct userdp_run *run = batch->run[0];

	if (batch->n_datagrams[0] > 1 && tx_is_run_error(err)) {
		run->dest->run_max = err == EIO ? 0 : run->size - 1;
		run->dest->run_wait = TX_RUN_WAIT;
		return true;
	}
	if (tx_has_local(run->dest) && !batch->no_local &&
	    tx_is_local_error(err)) {
		batch->no_local = true;
		return true;
	}
	/* A pending ICMP error of an earlier datagram is reported once. */
	if (err == ECONNREFUSED || err == EINTR)
		return true;
	tx->lost += batch->n_datagrams[0];
	tx_advance(tx, batch->iov[0].iov_len, batch->n_datagrams[0]);
	return false;
}

static int tx_send_some(struct userdp_tx *tx, struct tx_batch *batch)
{
	unsigned int tries = 0;
	int n, i;

	batch->no_local = false;
	for (;;) {
		tx_batch_fill(tx, batch);
		n = sendmmsg(batch->run[0]->dest->fd, batch->msgs, batch->n,
			     MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			break;
		if (errno == EAGAIN)
			return -EAGAIN;
		if (!tx_failed(tx, batch, errno))
			return 0;
		if (++tries == TX_TRIES) {
			tx->lost += batch->n_datagrams[0];
			tx_advance(tx, batch->iov[0].iov_len,
				   batch->n_datagrams[0]);
			return 0;
		}
	}
	for (i = 0; i < n; i++)
		tx_sent(tx, batch, (unsigned int)i);
	return 0;
}

int userdp_tx_flush(struct userdp_tx *tx)
{
	struct tx_batch batch;

	for (;;) {
		tx_skip_forgotten(tx);
		if (tx->first == tx->n_runs)
			break;
		if (tx_send_some(tx, &batch))
			return -EAGAIN;
	}
	tx->first = tx->n_runs = 0;
	tx->used = 0;
	return 0;
}
