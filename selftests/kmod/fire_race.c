// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests about the same few peers of "tun" from several threads at once, as
 * fast as they go. Errors are expected: what a thread needs another one takes
 * away. That nothing else happens is seen in the kernel log.
 *
 * The device is there, and a UDP socket of the process that is given by its
 * PID; with "tcp" each peer has a connection of its own. Over UDP peer 1 has the
 * key that outside packets are sealed with, so that it floats. Where there is a
 * family "ovpnx", its requests are among them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fire.h"
#include "ovpn_sock.h"

#define RACE_PEERS 4
#define RACE_THREADS 7

struct race {
	double end;
	int sock;
	char key[256];
	atomic_ulong calls;
	atomic_ulong refused;
	atomic_ulong calls_x;
	atomic_ulong refused_x;
	atomic_int broken;
};

typedef int race_fn(struct race *race, struct ovpn_nl *nl, unsigned int *seed);

struct race_thread {
	struct race *race;
	race_fn *fn;
	bool is_x;
	pthread_t thread;
	unsigned int seed;
};

static unsigned int race_id(unsigned int *seed)
{
	return (unsigned int)rand_r(seed) % RACE_PEERS + 1;
}

/* Half of the peers live long enough to float and to expire. */
static int race_come_and_go(struct race *race, struct ovpn_nl *nl,
			    unsigned int *seed)
{
	unsigned int id = race_id(seed), often = id % 2 ? 100 : 2;

	if (!(rand_r(seed) % often))
		return fire_call(nl, "PEER_DEL ifindex=@tun peer{id=%u}", id);
	return fire_call(nl, "PEER_NEW ifindex=@tun peer{id=%u socket=%d "
			 "remote-ipv4=10.99.0.1 remote-port=710%u "
			 "vpn-ipv4=10.8.0.1%u vpn-ipv6=fd08::1%u}", id,
			 race->sock, id, id, id);
}

static int race_stream(struct race *race, struct ovpn_nl *nl,
		       unsigned int *seed)
{
	(void)race;
	return fire_stream(nl, race_id(seed), seed);
}

/* Nothing moves a TCP peer. */
static int race_set_tcp(struct race *race, struct ovpn_nl *nl,
			unsigned int *seed)
{
	(void)race;
	return fire_call(nl, "PEER_SET ifindex=@tun peer{id=%u "
			 "vpn-ipv4=10.8.0.1%u vpn-ipv6=fd08::1%u tx-id=%u "
			 "keepalive-interval=1 keepalive-timeout=%d}",
			 race_id(seed), race_id(seed), race_id(seed),
			 race_id(seed), rand_r(seed) % 2);
}

static int race_set(struct race *race, struct ovpn_nl *nl, unsigned int *seed)
{
	unsigned int id = race_id(seed), n = (unsigned int)rand_r(seed);

	(void)race;
	/* the clocks start anew, so not often */
	if (!(n % 64))
		return fire_call(nl, "PEER_SET ifindex=@tun peer{id=%u "
				 "keepalive-interval=1 keepalive-timeout=%u}",
				 id, n / 64 % 3);
	return fire_call(nl, "PEER_SET ifindex=@tun peer{id=%u "
			 "remote-ipv4=10.99.0.%u remote-port=%u "
			 "vpn-ipv4=10.8.0.1%u vpn-ipv6=fd08::1%u tx-id=%u}",
			 id, n % 2 + 1, n % 9 + 7100, race_id(seed),
			 race_id(seed), n % 5);
}

static int race_get(struct race *race, struct ovpn_nl *nl, unsigned int *seed)
{
	char text[16384];

	(void)race;
	if (rand_r(seed) % 2)
		return fire_ask(nl, "PEER_GET ifindex=@tun", true, text,
				sizeof(text));
	return fire_call(nl, "PEER_GET ifindex=@tun peer{id=%u}",
			 race_id(seed));
}

static int race_keys(struct race *race, struct ovpn_nl *nl, unsigned int *seed)
{
	unsigned int id = race_id(seed), slot = (unsigned int)rand_r(seed) % 2;

	switch (rand_r(seed) % 4) {
	case 0:
		return fire_call(nl, "KEY_SWAP ifindex=@tun "
				 "keyconf{peer-id=%u}", id);
	case 1:
		return fire_call(nl, "KEY_DEL ifindex=@tun "
				 "keyconf{peer-id=%u slot=%u}", id, slot);
	case 2:
		return fire_call(nl, "KEY_GET ifindex=@tun "
				 "keyconf{peer-id=%u slot=%u}", id, slot);
	}
	return fire_call(nl, "KEY_NEW ifindex=@tun keyconf{peer-id=%u slot=%u "
			 "key-id=0 cipher-alg=aes-gcm %s}", id, slot,
			 race->key);
}

/* Prefixes go from one peer to the other. */
static int race_prefixes(struct race *race, struct ovpn_nl *nl,
			 unsigned int *seed)
{
	static const char *const commands[] = {
		"PREFIX_ADD", "PREFIX_ADD", "PREFIX_DEL", "PREFIX_SET",
	};
	unsigned int id = race_id(seed), n = (unsigned int)rand_r(seed);

	(void)race;
	if (!(n % 8))
		return fire_call(nl, "PREFIX_GET ifindex=@tun peer{id=%u}", id);
	if (!(n % 7))
		return fire_call(nl, "PREFIX_SET ifindex=@tun peer{id=%u}", id);
	return fire_call(nl, "%s ifindex=@tun peer{id=%u "
			 "prefix{ipv4=10.8.0.1%u len=32} "
			 "prefix{ipv4=10.8.0.%u len=29} "
			 "prefix{ipv6=fd08::%u:0 len=112}}", commands[n % 4],
			 id, race_id(seed), n % 3 * 8, n % 5);
}

/* The file of the device, for a moment. */
static int race_open(struct ovpn_nl *nl)
{
	char text[512], *at;
	int err;

	err = fire_ask(nl, "DEV_OPEN ifindex=@tun", false, text, sizeof(text));
	at = strstr(text, "fd=");
	if (!err && at)
		close(atoi(at + 3));
	return err;
}

static int race_x(struct race *race, struct ovpn_nl *nl, unsigned int *seed)
{
	unsigned int id = race_id(seed), n = (unsigned int)rand_r(seed);
	char text[16384];

	(void)race;
	switch (n % 8) {
	case 0:
		return fire_ask(nl, "PEER_GET ifindex=@tun", true, text,
				sizeof(text));
	case 1:
		return fire_call(nl, "DEV_SET ifindex=@tun dev{mss=%u}",
				 n / 8 % 2 * 1300);
	case 2:
		return race_open(nl);
	case 3:
		return fire_call(nl, "KEY_GET ifindex=@tun "
				 "keyconf{peer-id=%u slot=%u}", id, n / 8 % 2);
	case 4:
		return fire_call(nl, "PEER_GET ifindex=@tun peer{id=%u}", id);
	case 5:
		return fire_call(nl, "KEY_NEW ifindex=@tun keyconf{peer-id=%u "
				 "slot=1 key-id=1 cipher-alg=aes-gcm "
				 "cipher-len=32 usage-max=1024 "
				 "encrypt{secret=32*a0 epoch=%u} "
				 "decrypt{secret=32*b0 epoch=%u}}", id,
				 n / 8 % 4 + 1, n / 32 % 4 + 1);
	}
	/* a peer of userspace does not float, so not often */
	return fire_call(nl, "PEER_SET ifindex=@tun peer{id=%u flags=%u}", id,
			 !(n / 8 % 8));
}

static int race_open_family(const struct race_thread *thread,
			    struct ovpn_nl *nl)
{
	return ovpn_nl_open_as(nl, thread->is_x ? &spec_ovpnx : &spec_ovpn);
}

static void *race_run(void *data)
{
	struct race_thread *thread = data;
	struct race *race = thread->race;
	struct ovpn_nl nl;
	int err;

	err = race_open_family(thread, &nl);
	/* another driver */
	if (err == -ENOENT && thread->is_x)
		return NULL;
	while (!err && fire_now() < race->end) {
		err = thread->fn(race, &nl, &thread->seed);
		atomic_fetch_add(thread->is_x ? &race->calls_x : &race->calls,
				 1);
		if (err)
			atomic_fetch_add(thread->is_x ? &race->refused_x :
					 &race->refused, 1);
		/* what cannot come of a race between peers */
		switch (err) {
		case -ENOENT:
		case -EEXIST:
		case -EADDRINUSE:
		case -EINVAL:
		case -EBUSY:
			err = 0;
		}
	}
	if (err)
		atomic_store(&race->broken, err);
	return NULL;
}

static int race_all(struct race *race, race_fn *const *fns)
{
	struct race_thread threads[RACE_THREADS];
	size_t i;

	for (i = 0; i < RACE_THREADS; i++) {
		threads[i].race = race;
		threads[i].fn = fns[i];
		threads[i].is_x = fns[i] == race_x || fns[i] == race_prefixes;
		threads[i].seed = (unsigned int)i + 1;
		if (pthread_create(&threads[i].thread, NULL, race_run,
				   &threads[i]))
			return -EAGAIN;
	}
	for (i = 0; i < RACE_THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	return race->broken;
}

/* race SECONDS PID|tcp KEYS: prints how many requests there were */
int fire_race(int argc, char **argv)
{
	static race_fn *const udp[RACE_THREADS] = {
		race_come_and_go, race_come_and_go, race_set, race_get,
		race_keys, race_prefixes, race_x,
	};
	static race_fn *const tcp[RACE_THREADS] = {
		race_stream, race_stream, race_set_tcp, race_get, race_keys,
		race_prefixes, race_x,
	};
	struct race race = { .sock = -1 };
	bool is_tcp;
	int err;

	if (argc < 4)
		return 2;
	is_tcp = !strcmp(argv[2], "tcp");
	race.end = fire_now() + atof(argv[1]);
	if (!is_tcp)
		race.sock = ovpn_sock_borrow(atoi(argv[2]));
	snprintf(race.key, sizeof(race.key), "%s", argv[3]);
	err = race_all(&race, is_tcp ? tcp : udp);
	printf("calls=%lu refused=%lu x-calls=%lu x-refused=%lu %s\n",
	       race.calls, race.refused, race.calls_x, race.refused_x,
	       ovpn_nl_error_name(err));
	if (!is_tcp)
		close(race.sock);
	return err ? 1 : 0;
}
