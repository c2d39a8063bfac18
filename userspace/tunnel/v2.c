// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls-crypt-v2-verify: what a program of the administrator's says about the key
 * that a client brings (section 2.2). Until then nothing of TLS is reached; the
 * packet that began is kept, and what comes after it is sent again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/**
 * struct tunnel_v2 - what begins when the program agrees
 * @origin: owns its wrapping
 * @pkt, @len: the first packet, without the wrapped key
 */
struct tunnel_v2 {
	struct hook_job *job;
	struct control_origin origin;
	size_t len;
	uint8_t pkt[];
};

void tunnel_v2_drop(struct tunnel *tunnel)
{
	if (!tunnel->v2)
		return;
	hook_job_drop(tunnel->v2->job);
	wrap_key_free(tunnel->v2->origin.wrap);
	free(tunnel->v2);
	tunnel->v2 = NULL;
}

/* The session that has had to wait. */
static int v2_begin(struct tunnel *tunnel)
{
	struct tunnel_v2 *v2 = tunnel->v2;
	struct tunnel_session *ts;

	if (tunnel_session_open(tunnel, &v2->origin))
		return -ENOMEM;
	v2->origin.wrap = NULL;
	ts = tunnel->untrusted ? tunnel->untrusted : tunnel->active;
	return control_session_input(ts->control, v2->pkt, v2->len);
}

static void v2_done(void *arg, const struct hook_result *result)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	struct tunnel *tunnel = arg;
	bool is_ok = result->status == HOOK_OK;
	char label[160];

	if (result->status == HOOK_DEFERRED)
		return;
	tunnel->v2->job = NULL;
	if (tunnel->state == TUNNEL_STATE_DEAD)
		return;
	if (!is_ok)
		log_limited(&limit, LOG_LEVEL_NOTICE,
			    "%s: tls-crypt-v2-verify refuses its key: %s",
			    tunnel_label(tunnel, label, sizeof(label)),
			    result->why);
	else if (tunnel->state != TUNNEL_STATE_EXITING)
		is_ok = !v2_begin(tunnel);
	tunnel_v2_drop(tunnel);
	if (!is_ok && !tunnel->active)
		tunnel_close(tunnel, "its tls-crypt-v2 key is not accepted");
}

/**
 * tunnel_v2_ask() - begin a session, if the program agrees
 * @tunnel: that it belongs to
 * @origin: its wrapping is taken, also when this fails
 * @metadata: of the key, type first
 * @metadata_len: 0 when there is none
 * @pkt: the packet that the session begins with
 * @len: its length
 *
 * Return: 0, also when one is waiting already; -errno.
 */
int tunnel_v2_ask(struct tunnel *tunnel, struct control_origin *origin,
		  const uint8_t *metadata, size_t metadata_len,
		  const uint8_t *pkt, size_t len)
{
	struct hook *hook = tunnel->host->setup.hook;
	struct hook_env *env = hook_env_new(NULL);
	struct tunnel_v2 *v2 = NULL;
	char key[64];
	struct hook_run run = {
		.event = HOOK_TLS_CRYPT_V2_VERIFY, .key = key, .env = env,
		.files = { { .env = "metadata_file" } }, .n_files = 1,
	};

	if (!tunnel->v2 && env)
		v2 = calloc(1, sizeof(*v2) + len);
	if (!v2) {
		wrap_key_free(origin->wrap);
		hook_env_free(env);
		return tunnel->v2 ? 0 : -ENOMEM;
	}
	v2->origin = *origin;
	v2->len = len;
	memcpy(v2->pkt, pkt, len);
	snprintf(key, sizeof(key), "key %llu",
		 (unsigned long long)tunnel->cid);
	if (metadata_len) {
		hook_env_setf(env, "metadata_type", "%u", metadata[0]);
		run.files[0].data = (const char *)metadata + 1;
		run.files[0].len = metadata_len - 1;
	}
	tunnel->v2 = v2;
	v2->job = hook_run(hook, &run, v2_done, tunnel);
	hook_env_free(env);
	if (v2->job)
		return 0;
	tunnel_v2_drop(tunnel);
	return -EACCES;
}
