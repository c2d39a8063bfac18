/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/control.h"
#include "net/net.h"
#include "userdp/userdp.h"

/*
 * Many clients in one process, which speak the protocol to a server of any
 * make: control sessions of the project's own library, each with a socket and a
 * source address of its own, and as much of the data channel as keeps them
 * alive and lets them ping.
 */

#define LOAD_PIDS_MAX	16
#define LOAD_PING_S	10	/* pings that keep a client alive */

struct load_client;

/**
 * struct load - what all clients share
 * @from: their addresses, one after the other
 * @spoofed: sources of forged packets
 * @pids: processes of the server, whose time and memory are measured
 * @key: the static key of tls-crypt
 * @cert, @cert_key: paths; those of the clients
 * @peer_cert, @peer_key: paths; those of the server, for OpenSSL alone
 * @n_made: clients so far, for their addresses
 * @on_event: a client has come up, has a new key, or has failed
 * @on_data: a packet has come out of a client's tunnel
 */
struct load {
	struct loop *loop;
	struct loop_pool *pool;
	struct tls_ctx *tls;
	struct wrap_key *wrap;
	struct control_env env;
	union net_addr server;
	struct net_prefix from;
	struct net_prefix spoofed;
	pid_t pids[LOAD_PIDS_MAX];
	size_t n_pids;
	uint8_t key[WRAP_STATIC_KEY_LEN];
	const char *ca, *cert, *cert_key, *peer_cert, *peer_key;
	uint32_t tls_timeout;
	uint64_t n_made;
	void (*on_event)(struct load_client *client);
	void (*on_data)(struct load_client *client, const uint8_t *pkt,
			size_t len);
};

enum load_state {
	LOAD_STATE_CONNECTING,
	LOAD_STATE_UP,
	LOAD_STATE_FAILED,
};

/**
 * struct load_client - one client
 * @begun, @done: ns, its first packet and its PUSH_REPLY
 * @is_pending: connects or exchanges keys; the scenario's own note
 * @n_keys: data keys so far
 * @next_pid: of the data channel
 */
struct load_client {
	struct load *load;
	int fd;
	struct loop_io *io;
	struct loop_timer *ping;
	struct control_session *session;
	enum load_state state;
	uint64_t begun, done;
	bool is_pending;
	bool is_ekm;
	uint32_t peer_id;
	struct in_addr vpn4;
	unsigned int n_keys;
	uint8_t key_id;
	uint32_t next_pid;
	struct userdp_aead seal, open;
};

/* client.c */
extern const struct control_ops load_client_ops;
struct load_client *load_client_new(struct load *load);
void load_client_free(struct load_client *client);

/* data.c */
int load_data_key(struct load_client *client);
void load_data_wipe(struct load_client *client);
int load_data_send(struct load_client *client, const uint8_t *pkt, size_t len);
void load_data_input(struct load_client *client, const uint8_t *pkt,
		     size_t len);

/* ping.c */
int load_ping(struct load *load, unsigned int count);

/* crowd.c */
int load_handshakes(struct load *load, unsigned int count, unsigned int width);
int load_memory(struct load *load, unsigned int count, unsigned int width);
int load_storm(struct load *load, unsigned int rate, unsigned int seconds);

/* spoof.c */
struct load_flood;
struct load_flood *load_flood_start(const struct load *load,
				    unsigned int rate);
uint64_t load_flood_stop(struct load_flood *flood);

/* alone.c */
int load_alone(const struct load *load, unsigned int count);

/* measure.c */
uint64_t load_now_ns(void);
double load_cpu(const struct load *load);
double load_rss(const struct load *load);
void load_result(const char *what, double value, const char *unit);
double load_quantile(double *values, size_t n, double q);
void load_die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
void load_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
