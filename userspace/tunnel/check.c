// SPDX-License-Identifier: GPL-2.0-or-later
/* --check: would it start, and who would carry the packets? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tunnel/private.h"

/* The module may be there without being loaded: loading is for the start. */
static const char *module_state(void)
{
	if (!access("/sys/module/ovpn", F_OK) ||
	    !access("/sys/module/ovpn_own", F_OK))
		return "loaded";
	return "not loaded; it is asked for at start, by modprobe or by the kernel itself";
}

static bool has_cbc(const struct config *cfg)
{
	char aead[PROTO_CIPHER_LIST_MAX];

	proto_cipher_list_aead(cfg->data_ciphers, aead);
	return strcmp(aead, cfg->data_ciphers) != 0;
}

/* Each client of a server has the data path that it can have. */
static void print_server(const struct config *cfg)
{
	char aead[PROTO_CIPHER_LIST_MAX];

	proto_cipher_list_aead(cfg->data_ciphers, aead);
	printf("offloaded: clients with peer ids (OpenVPN 2.4 and later) that take one of %s\n",
	       aead);
	printf("not offloaded: clients without peer ids, and those that insist on compression framing\n");
	if (has_cbc(cfg))
		printf("not offloaded: clients that know none of these and get another one of %s\n",
		       cfg->data_ciphers);
	if (cfg->data_ciphers_fallback &&
	    !proto_cipher_list_has(aead, cfg->data_ciphers_fallback))
		printf("not offloaded: clients that cannot negotiate get %s\n",
		       cfg->data_ciphers_fallback);
}

static void print_sockets(const struct config *cfg)
{
	for (size_t i = 0; cfg->n_locals > 1 && i < cfg->n_locals; i++) {
		const struct config_local *local = &cfg->locals[i];
		sa_family_t family = config_proto_family(local->proto);

		printf("socket: %s%s at %s port %u\n",
		       config_proto_is_tcp(local->proto) ? "tcp" : "udp",
		       family == AF_INET ? "4" : family == AF_INET6 ? "6" : "",
		       local->host ? local->host : "*", local->port);
	}
}

static void print_path(const struct config *cfg)
{
	const char *why = tunnel_device_user_only(cfg);

	print_sockets(cfg);
	printf("kernel module: %s\n", module_state());
	if (why)
		printf("data path: userspace, nothing is offloaded: %s\n", why);
	else if (cfg->data_path == CONFIG_DATA_PATH_KERNEL)
		printf("data path: kernel, and no start without it\n");
	else
		printf("data path: kernel, or userspace where there is no module\n");
	if (cfg->data_path != CONFIG_DATA_PATH_KERNEL)
		printf("data threads: %u%s\n", tunnel_device_threads(cfg),
		       why ? "" : ", where userspace carries all of it");
	if (!why && cfg->mode == CONFIG_MODE_SERVER)
		print_server(cfg);
	else if (!why)
		printf("not offloaded: if the other end asks for compression framing, no peer id or a cipher without AEAD\n");
}

static int check_load(struct tunnel_host *host, char *err, size_t err_len)
{
	int ret = tunnel_tls_load(host, err, err_len);

	if (tunnel_identity_can_wait(host, ret))
		ret = 0;
	if (!ret)
		ret = tunnel_keys_load(host, err, err_len);
	if (!ret && host->setup.cfg->mode == CONFIG_MODE_SERVER)
		ret = tunnel_login_load(host, err, err_len);
	return ret;
}

int tunnel_check(struct config *cfg)
{
	struct tunnel_host *host = calloc(1, sizeof(*host));
	const struct config_text *it;
	char err[512] = "out of memory";
	int ret = -1;

	if (host) {
		host->setup.cfg = cfg;
		ret = check_load(host, err, sizeof(err));
	}
	if (ret) {
		fprintf(stderr, "%s\n", err);
	} else {
		for (it = cfg->warnings; it; it = it->next)
			printf("warning: %s\n", it->text);
		print_path(cfg);
		printf("%s: good\n", cfg->config_path ? cfg->config_path :
							 "command line");
	}
	if (host) {
		tls_ctx_free(host->tls);
		tunnel_keys_free(host);
		auth_keys_free(host->token_keys);
		mem_secret_free(host->token_seed);
		free(host);
	}
	config_free(cfg);
	return ret ? 1 : 0;
}
