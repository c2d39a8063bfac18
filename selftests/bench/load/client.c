// SPDX-License-Identifier: GPL-2.0-or-later
/* One client: its socket, its session, and what it says of itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/* What a 2.6 client says: it takes P_DATA_V2, is pushed to at once, ... */
#define PEER_INFO \
	"IV_VER=2.6.14\nIV_PLAT=linux\nIV_TCPNL=1\nIV_MTU=1600\n" \
	"IV_CIPHERS=AES-256-GCM\nIV_PROTO=990\n"
#define OCC \
	"V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4," \
	"cipher AES-256-GCM,auth [null-digest],keysize 256,key-method 2," \
	"tls-client"

static void client_event(struct load_client *client)
{
	if (client->load->on_event)
		client->load->on_event(client);
}

static void client_fail(struct load_client *client, const char *why)
{
	static unsigned int n_said;

	if (client->state == LOAD_STATE_FAILED)
		return;
	client->state = LOAD_STATE_FAILED;
	if (n_said++ < 5)
		load_say("a client failed: %s", why);
	client_event(client);
}

/* operations of the session */

static int client_send(void *arg, struct control_session *session,
		       const uint8_t *pkt, size_t len)
{
	struct load_client *client = arg;

	(void)session;
	return send(client->fd, pkt, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int client_own_km2(void *arg, struct control_session *session,
			  struct proto_km2 *km2)
{
	(void)arg;
	(void)session;
	km2->options = OCC;
	km2->peer_info = PEER_INFO;
	return 0;
}

static int client_peer_km2(void *arg, struct control_session *session,
			   const struct proto_km2 *km2)
{
	(void)arg;
	(void)session;
	(void)km2;
	return 0;
}

/* The first key waits for PUSH_REPLY, which says how it is derived. */
static void client_active(void *arg, struct control_session *session)
{
	struct load_client *client = arg;

	if (!control_session_key_id(session))
		return;
	if (load_data_key(client)) {
		client_fail(client, "no data key");
		return;
	}
	control_session_generated(session, UINT64_MAX);
	client_event(client);
}

static void client_push_option(struct load_client *client, char *option)
{
	unsigned int id;
	char addr[32];

	if (sscanf(option, "peer-id %u", &id) == 1)
		client->peer_id = id & PROTO_PEER_ID_NONE;
	else if (sscanf(option, "ifconfig %31s", addr) == 1)
		inet_pton(AF_INET, addr, &client->vpn4);
	else if (strstr(option, "tls-ekm"))
		client->is_ekm = true;
}

static void client_keep_alive(struct loop_timer *timer, void *arg)
{
	struct load_client *client = arg;

	load_data_send(client, proto_ping, PROTO_PING_LEN);
	loop_timer_start(timer, LOAD_PING_S * 1000);
}

static void client_pushed(struct load_client *client, const char *text)
{
	bool is_dynamic = strstr(text, "dyn-tls-crypt");
	char *copy = strdup(text), *save = NULL, *option;

	for (option = strtok_r(copy, ",", &save); option;
	     option = strtok_r(NULL, ",", &save))
		client_push_option(client, option);
	free(copy);
	/* more of it follows */
	if (strstr(text, "push-continuation 2"))
		return;
	if ((is_dynamic && control_session_dynamic_wrap(client->session)) ||
	    load_data_key(client)) {
		client_fail(client, "no keys");
		return;
	}
	client->done = load_now_ns();
	client->state = LOAD_STATE_UP;
	control_session_generated(client->session, UINT64_MAX);
	/* not all in the same moment */
	loop_timer_start(client->ping, 1000 + (uint64_t)rand() %
				       (LOAD_PING_S * 1000));
	client_event(client);
}

static void client_message(void *arg, struct control_session *session,
			   const char *text)
{
	struct load_client *client = arg;

	(void)session;
	if (!strncmp(text, "PUSH_REPLY", 10) &&
	    client->state == LOAD_STATE_CONNECTING)
		client_pushed(client, text);
	else if (!strncmp(text, "AUTH_FAILED", 11) ||
		 !strncmp(text, "RESTART", 7))
		client_fail(client, text);
}

static void client_failed(void *arg, struct control_session *session,
			  const char *reason)
{
	(void)session;
	client_fail(arg, reason);
}

const struct control_ops load_client_ops = {
	.send = client_send,
	.own_km2 = client_own_km2,
	.peer_km2 = client_peer_km2,
	.active = client_active,
	.message = client_message,
	.failed = client_failed,
};

static void client_readable(struct loop_io *io, unsigned int events, void *arg)
{
	struct load_client *client = arg;
	uint8_t pkt[PROTO_PACKET_MAX];
	ssize_t len;

	(void)io;
	(void)events;
	while ((len = recv(client->fd, pkt, sizeof(pkt), MSG_DONTWAIT)) > 0) {
		if (proto_byte_opcode(pkt[0]) == PROTO_DATA_V2)
			load_data_input(client, pkt, (size_t)len);
		else if (client->session)
			control_session_input(client->session, pkt,
					      (size_t)len);
	}
}

/* A socket at the next address of @load->from. */
static int client_socket(struct load *load)
{
	union net_addr local = { .in4.sin_family = AF_INET };
	struct net_ip ip;
	int fd;

	if (net_prefix_nth(&load->from, ++load->n_made, &ip) ||
	    ip.family != AF_INET)
		load_die("--from has no more IPv4 addresses");
	local.in4.sin_addr = ip.in4;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, &local.sa, net_addr_len(&local)) ||
	    connect(fd, &load->server.sa, net_addr_len(&load->server)))
		load_die("a client's socket: %s", strerror(errno));
	return fd;
}

/** load_client_new() - a client that begins to connect */
struct load_client *load_client_new(struct load *load)
{
	struct load_client *client = calloc(1, sizeof(*client));

	if (!client)
		load_die("out of memory");
	client->load = load;
	client->fd = client_socket(load);
	client->io = loop_io_new(load->loop, client->fd, LOOP_READABLE,
				 client_readable, client);
	client->ping = loop_timer_new(load->loop, client_keep_alive, client);
	client->begun = load_now_ns();
	client->session = control_session_new(&load->env, NULL, client);
	if (!client->io || !client->ping || !client->session)
		load_die("out of memory");
	return client;
}

void load_client_free(struct load_client *client)
{
	if (!client)
		return;
	control_session_free(client->session);
	loop_timer_free(client->ping);
	loop_io_free(client->io);
	load_data_wipe(client);
	close(client->fd);
	free(client);
}
