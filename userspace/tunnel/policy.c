// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the administrator says about one client of a server, between the proof
 * of its identity and its addresses (section 9.5).
 */
#include <errno.h>
#include <string.h>

#include "tunnel/private.h"

/** tunnel_cfg() - the configuration that counts for a tunnel */
const struct config *tunnel_cfg(const struct tunnel *tunnel)
{
	return tunnel->own_cfg ? tunnel->own_cfg : tunnel->host->setup.cfg;
}

static void report_line(void *arg, const char *err)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	const struct tunnel *tunnel = arg;
	char label[160];

	log_limited(&limit, LOG_LEVEL_ERROR, "%s: line left out: %s",
		    tunnel_label(tunnel, label, sizeof(label)), err);
}

/**
 * tunnel_policy_apply() - put lines of a client's file on top of what there is
 * @tunnel: the client
 * @name: of the file, for messages
 * @text: the lines
 * @len: bytes
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_policy_apply(struct tunnel *tunnel, const char *name,
			const char *text, size_t len)
{
	if (!tunnel->own_cfg)
		tunnel->own_cfg = config_client_begin(tunnel->host->setup.cfg);
	if (!tunnel->own_cfg)
		return -ENOMEM;
	return config_client_apply(tunnel->own_cfg, name, text, len,
				   report_line, tunnel);
}

static void policy_ccd(struct tunnel *tunnel, const char *path, int err,
		       const char *text, size_t len)
{
	bool is_exclusive = tunnel->host->setup.cfg->is_ccd_exclusive;
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];

	if (tunnel->state != TUNNEL_STATE_ADMISSION)
		return;
	if (!err)
		err = tunnel_policy_apply(tunnel, path, text, len);
	else if (err == -ENOENT && !is_exclusive)
		err = 0;
	if (err)
		log_limited(&limit, err == -ENOENT ? LOG_LEVEL_NOTICE :
						     LOG_LEVEL_ERROR,
			    "%s: client-config-dir: %s: %s",
			    tunnel_label(tunnel, label, sizeof(label)), path,
			    err == -EINVAL ? "is not a file" :
			    err == -EFBIG ? "is longer than 65535 bytes" :
			    strerror(-err));
	tunnel_server_admitted(tunnel, !err);
}

/**
 * tunnel_policy_start() - find out what applies to a client
 * @tunnel: whose identity is known; tunnel_server_admitted() follows, perhaps
 *	from inside this call
 */
void tunnel_policy_start(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	char label[160];
	int ret;

	tunnel_policy_drop(tunnel);
	tunnel_enter_state(tunnel, TUNNEL_STATE_ADMISSION);
	tunnel_set_deadline(tunnel, loop_now(host->setup.loop) +
			    1000ull * host->setup.cfg->hand_window);
	if (!host->setup.cfg->ccd_path) {
		tunnel_server_admitted(tunnel, true);
		return;
	}
	ret = tunnel_ccd_read(tunnel, policy_ccd);
	if (!ret)
		return;
	log_warn("%s: client-config-dir: %s",
		 tunnel_label(tunnel, label, sizeof(label)),
		 ret == -EAGAIN ? "too many files are being read" :
		 ret == -EINVAL ? "no file can have this common name" :
		 strerror(-ret));
	tunnel_server_admitted(tunnel, false);
}

/** tunnel_policy_drop() - forget what applied, and what was being asked */
void tunnel_policy_drop(struct tunnel *tunnel)
{
	tunnel_ccd_drop(tunnel);
	tunnel_iroutes_del(tunnel);
	config_free(tunnel->own_cfg);
	tunnel->own_cfg = NULL;
}
