// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPV6_ADDRFORM, while a socket becomes a peer's. The one that has found the
 * socket as it was, and waits for its lock while we take it, gets through. So
 * somebody holds the lock nearly all the time (filters of many instructions are
 * checked under it) until both wait for it, PEER_NEW and IPV6_ADDRFORM. Who of
 * the two is first is a matter of chance.
 *
 * Prints how often the socket stayed what it was ("refused"), changed before
 * ("early") or after it was taken ("late"), and of the last how many got our
 * functions back with the next peer ("mended"), and without ("healed"); how many
 * peers were left when the socket was closed ("left"). In a few of the late
 * rounds UDP_ENCAP is 0 before ("freed"); then the peers may take some seconds to
 * leave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fire.h"
#include "ovpn_sock.h"

/* how long to wait for somebody to wait, in seconds */
#define FORM_PATIENCE 0.05
/* how long the module may take to see what nobody tells it */
#define FORM_SECONDS 20
/* rounds that take so long, of each kind */
#define FORM_LONG 2
#define PEER(id, sock)							\
	"PEER_NEW ifindex=@tun peer{id=%u socket=%d "			\
	"remote-ipv4=127.0.0.2 remote-port=7009 vpn-ipv4=10.8.0.%u}",	\
	id, sock, 10 + (id)

struct form {
	struct ovpn_nl *nl;
	int fd;
	atomic_bool is_over;
	bool is_freed;
	unsigned int refused, early, late, mended, healed, freed, left, broken;
};

/* A thread that does one thing with the socket */
struct form_thread {
	struct form *form;
	int (*fn)(struct form *f);
	pthread_t thread;
	atomic_int tid;
	atomic_bool is_done;
	int err;
};

static int form_hold(struct form *f)
{
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog prog = { .len = BPF_MAXINSNS, .filter = code };
	size_t i;

	for (i = 0; i < BPF_MAXINSNS; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ~0u);
	/* that there may be no room for it does not matter */
	while (!f->is_over)
		(void)!setsockopt(f->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				  sizeof(prog));
	return 0;
}

static int form_peer(struct form *f)
{
	return fire_call(f->nl, PEER(1u, f->fd));
}

static int form_change(struct form *f)
{
	int family = AF_INET;

	return setsockopt(f->fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family,
			  sizeof(family)) ? -errno : 0;
}

/* Does this thread wait for something that no signal ends? */
static bool is_waiting(int tid)
{
	char path[64], text[512] = "", *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] == 'D';
}

static void *form_run(void *data)
{
	struct form_thread *t = data;

	t->tid = (int)syscall(SYS_gettid);
	t->err = t->fn(t->form);
	t->is_done = true;
	return NULL;
}

/* Starts a thread; returns when it waits, or has ended, or takes long. */
static void form_start(struct form_thread *t)
{
	double end = fire_now() + FORM_PATIENCE;

	if (pthread_create(&t->thread, NULL, form_run, t))
		abort();
	while (!t->is_done && !(t->tid && is_waiting(t->tid)) &&
	       fire_now() < end)
		usleep(50);
}

static int form_socket(void)
{
	struct sockaddr_storage to;
	socklen_t len;
	int fd = ovpn_sock_udp("[::]:7100");

	if (fd < 0 || ovpn_sock_address("[::ffff:127.0.0.2]:7009", &to, &len) ||
	    connect(fd, (void *)&to, len))
		return -1;
	return fd;
}

/* Both at once; returns what came of IPV6_ADDRFORM */
static int form_race(struct form *f)
{
	struct form_thread hold = { .form = f, .fn = form_hold };
	struct form_thread peer = { .form = f, .fn = form_peer };
	struct form_thread change = { .form = f, .fn = form_change };

	f->is_over = false;
	if (pthread_create(&hold.thread, NULL, form_run, &hold))
		abort();
	usleep(100);
	form_start(&peer);
	form_start(&change);
	f->is_over = true;
	pthread_join(peer.thread, NULL);
	pthread_join(change.thread, NULL);
	pthread_join(hold.thread, NULL);
	f->broken += !!peer.err;
	return change.err;
}

static void form_next(struct form *f)
{
	if (fire_call(f->nl, PEER(2u, f->fd)))
		f->broken++;
	else if (form_change(f) == -EBUSY)
		f->mended++;
}

/* UDP calls nobody any more, neither for packets nor at the end */
static void form_free(struct form *f)
{
	int none = 0;

	if (setsockopt(f->fd, IPPROTO_UDP, UDP_ENCAP, &none, sizeof(none)))
		f->broken++;
	f->freed++;
	f->is_freed = true;
}

static void form_heal(struct form *f)
{
	double end = fire_now() + FORM_SECONDS;

	while (form_change(f) != -EBUSY) {
		if (fire_now() > end)
			return;
		usleep(10000);
	}
	f->healed++;
}

/* The socket has become one of IPv4; when? UDP's own functions do not know the
 * option, ours refuse it.
 */
static void form_changed(struct form *f)
{
	if (form_change(f) != -ENOPROTOOPT) {
		f->early++;
		return;
	}
	f->late++;
	switch (f->late % 4) {
	case 0:
		if (f->freed < FORM_LONG)
			form_free(f);
		break;
	case 1:
		form_next(f);
		break;
	case 2:
		if (f->healed < FORM_LONG)
			form_heal(f);
		break;
	}
}

static bool form_has_peer(struct form *f, unsigned int id)
{
	double end = fire_now() + (f->is_freed ? FORM_SECONDS : 0);
	int err;

	do {
		err = fire_call(f->nl, "PEER_GET ifindex=@tun peer{id=%u}", id);
		if (err == -ENOENT)
			return false;
		usleep(1000);
	} while (fire_now() < end);
	return true;
}

static void form_end(struct form *f)
{
	unsigned int id;

	close(f->fd);
	for (id = 1; id < 3; id++) {
		if (!form_has_peer(f, id))
			continue;
		f->left++;
		fire_call(f->nl, "PEER_DEL ifindex=@tun peer{id=%u}", id);
	}
	f->is_freed = false;
}

static int form_round(struct form *f)
{
	int err;

	f->fd = form_socket();
	if (f->fd < 0)
		return -errno;
	err = form_race(f);
	if (err && err != -EBUSY)
		f->broken++;
	else if (err)
		f->refused++;
	else
		form_changed(f);
	form_end(f);
	return 0;
}

int fire_form(int argc, char **argv)
{
	unsigned int n, rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 100;
	struct ovpn_nl nl;
	struct form f = { .nl = &nl };
	int err;

	err = ovpn_nl_open(&nl);
	for (n = 0; !err && n < rounds; n++)
		err = form_round(&f);
	printf("rounds=%u refused=%u early=%u late=%u mended=%u healed=%u "
	       "freed=%u left=%u broken=%u\n", n, f.refused, f.early, f.late,
	       f.mended, f.healed, f.freed, f.left, f.broken);
	return err || f.broken ? 1 : 0;
}
