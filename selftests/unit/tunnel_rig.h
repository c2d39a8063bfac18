/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_TUNNEL_RIG_H
#define UNIT_TUNNEL_RIG_H

/*
 * A server's tunnel host, its certificates, and an outer network that keeps the
 * last packet. Each test calls begin() and end().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"
#include "netns.h"
#include "tls_pki.h"
#include "tunnel/private.h"

static struct loop *loop;
static struct priv *priv;
static struct config *cfg;
static struct tunnel_host *host;
static struct hook *rig_hook;		/* if the configuration has programs */
static struct hook *rig_hook_ready;	/* for the next begin_config() */
static struct wrap_key *wrap_client;	/* begin() makes an empty one */
static struct wrap_tx tx_client;
static const struct wrap_v2_client *v2_client;	/* appended to V3 and WKC_V1 */
static const char *source = "192.0.2.2";	/* of input() */
static unsigned int input_sock;		/* likewise: the socket */
static unsigned int n_sent;
static uint8_t last[PROTO_PACKET_MAX];
static size_t last_len;
static unsigned int last_sock;
static struct pki_cert rig_ca;	/* of begin(), to end() */
/* what else happens to a packet of the server; NULL: nothing */
static void (*on_sent)(const union net_addr *remote, const uint8_t *pkt,
		       size_t len);

/* the outer network */

static inline int outer_send(void *arg, const struct tunnel_way *way,
			     const uint8_t *pkt, size_t len)
{
	(void)arg;
	last_sock = way->sock;
	assert_true(len <= sizeof(last));
	memcpy(last, pkt, len);
	last_len = len;
	n_sent++;
	if (on_sent)
		on_sent(way->remote, pkt, len);
	return 0;
}

static int rig_fd = -1;	/* only a data path needs one */

static int rig_fd2 = -1;	/* likewise: of a second socket */
static unsigned int rig_socks = 1;

static inline int outer_fd(void *arg, unsigned int sock)
{
	(void)arg;
	if (sock >= rig_socks)
		return -ENOENT;
	return sock ? rig_fd2 : rig_fd;
}

/* A configuration with certificates; @role: the lines of its role. */
static inline char *config_text_as(const char *role, const char *usage,
				   const char *more)
{
	const struct pki_spec spec_ca = {
		.cn = "Test CA", .is_ca = true,
		.key_usage = "keyCertSign,cRLSign",
	};
	const struct pki_spec spec = {
		.cn = "test", .key_usage = "digitalSignature",
		.ext_usage = usage, .serial = 2,
	};
	struct pki_cert cert;
	char *text;

	/* of a configuration before, where a test has several */
	pki_free(&rig_ca);
	rig_ca = pki_make(&spec_ca, NULL);
	cert = pki_make(&spec, &rig_ca);

	assert_true(asprintf(&text,
		"dev tun\n%s\nverb 0\ndata-path user\n%s\n"
		"<ca>\n%s</ca>\n<cert>\n%s</cert>\n<key>\n%s</key>\n",
		role, more, rig_ca.cert_pem, cert.cert_pem, cert.key_pem) > 0);
	pki_free(&cert);
	return text;
}

static inline char *config_text(const char *more)
{
	return config_text_as("server 10.8.0.0 255.255.255.0\n"
			      "topology subnet\ndh none", "serverAuth", more);
}

/* Everything but the host, which needs an outer network. */
static inline void begin_config(char *text)
{
	char err[512] = "";

	alarm(60);
	log_set_verb(0);
	n_sent = 0;
	tx_client = (struct wrap_tx){ 0 };
	assert_int_equal(netns_enter(), 0);
	assert_int_equal(priv_start(&priv), 0);
	if (config_parse("test", text, strlen(text), false, &cfg, err,
			 sizeof(err)) ||
	    (!rig_hook_ready &&
	     tunnel_hook_start(cfg, &rig_hook, err, sizeof(err))))
		fail_msg("%s", err);
	if (rig_hook_ready)
		rig_hook = rig_hook_ready;
	rig_hook_ready = NULL;
	free(text);
	loop = loop_new();
	assert_non_null(loop);
}

static inline void begin_host(const struct tunnel_outer *outer)
{
	struct tunnel_host_setup setup = {
		.loop = loop, .cfg = cfg, .priv = priv, .outer = *outer,
		.hook = rig_hook,
	};
	char err[512] = "";

	if (tunnel_host_new(&setup, &host, err, sizeof(err)))
		fail_msg("%s", err);
	if (tunnel_host_start(host, err, sizeof(err)))
		fail_msg("%s", err);
	if (!wrap_client)
		assert_int_equal(wrap_key_new(WRAP_MODE_NONE, NULL,
					      WRAP_DIRECTION_NONE, NULL,
					      &wrap_client), 0);
}

static inline void begin(const char *more)
{
	const struct tunnel_outer outer = {
		.send = outer_send, .fd = outer_fd,
	};

	begin_config(config_text(more));
	begin_host(&outer);
}

/* What begin_config() made. */
static inline void end_config(void)
{
	hook_free(rig_hook);
	rig_hook = NULL;
	loop_free(loop);
	priv_stop(priv);
	config_free(cfg);
	wrap_key_free(wrap_client);
	wrap_client = NULL;
	pki_free(&rig_ca);
}

static inline void end(void)
{
	tunnel_host_free(host);
	end_config();
}

static inline union net_addr addr_of(uint16_t port)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse(source, port, &addr), 0);
	return addr;
}

static const struct proto_sid client_sid = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

/* The packet as it goes over the wire: its length. */
static inline size_t wire_of(const struct proto_control *pkt,
			     uint8_t wire[PROTO_PACKET_MAX])
{
	uint8_t head[PROTO_HEAD_LEN], body[1536];
	size_t len;

	proto_control_head(pkt, head);
	assert_int_equal(proto_control_body(pkt, body, sizeof(body), &len), 0);
	assert_int_equal(wrap_seal(wrap_client, &tx_client, 1, head, body, len,
				   wire, PROTO_PACKET_MAX, &len), 0);
	if (v2_client && (pkt->op == PROTO_CONTROL_HARD_RESET_CLIENT_V3 ||
			  pkt->op == PROTO_CONTROL_WKC_V1)) {
		memcpy(wire + len, v2_client->wkc, v2_client->wkc_len);
		len += v2_client->wkc_len;
	}
	return len;
}

static inline void input(const struct proto_control *pkt, uint16_t port)
{
	union net_addr remote = addr_of(port), local = addr_of(1194);
	uint8_t wire[PROTO_PACKET_MAX];
	size_t len = wire_of(pkt, wire);

	tunnel_host_input(host, wire, len, &(struct tunnel_way){
		&remote, &local, input_sock,
	});
}

static inline unsigned int n_tunnels(void)
{
	struct tunnel_host_info info;

	tunnel_host_info(host, &info);
	return info.n_tunnels;
}

#endif
