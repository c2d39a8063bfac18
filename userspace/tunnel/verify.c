// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs say about the certificates of a peer (tls-verify), before it is
 * heard, and about a client's answer to what it was asked (client-crresponse).
 */
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

static bool verify_next(struct tunnel_session *ts);

static const char *verify_key(const struct tunnel_session *ts,
			      const char *what, char out[64])
{
	snprintf(out, 64, "%s %llu", what,
		 (unsigned long long)ts->tunnel->cid);
	return out;
}

static void verify_done(void *arg, const struct hook_result *result)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	struct tunnel_session *ts = arg;
	char label[160];

	if (result->status == HOOK_DEFERRED)
		return;
	ts->job = NULL;
	if (ts->tunnel->state == TUNNEL_STATE_DEAD)
		return;
	if (result->status == HOOK_OK && !ts->verify_depth) {
		control_session_verified(ts->control, NULL);
		return;
	}
	if (result->status != HOOK_OK)
		log_limited(&limit, LOG_LEVEL_NOTICE,
			    "%s: tls-verify refuses the certificate of depth %zu: %s",
			    tunnel_label(ts->tunnel, label, sizeof(label)),
			    ts->verify_depth, result->why);
	else
		ts->verify_depth--;
	if (result->status != HOOK_OK || !verify_next(ts))
		control_session_verified(ts->control,
					 "tls-verify refuses the certificate");
}

/* Return: false when it cannot be run. */
static bool verify_next(struct tunnel_session *ts)
{
	const struct tls_chain *chain = control_session_chain(ts->control);
	const struct tls_peer *peer = control_session_peer(ts->control);
	const struct tunnel_host *host = ts->tunnel->host;
	const struct tls_cert *cert = &chain->certs[ts->verify_depth];
	struct hook_env *env = tunnel_hook_session_env(ts);
	char depth[16], key[64];
	const char *args[] = { depth, cert->subject };
	struct hook_run run = {
		.event = HOOK_TLS_VERIFY, .key = verify_key(ts, "login", key),
		.client = ts->tunnel->cid + 1,
		.args = args, .n_args = 2, .env = env,
		.files = { { .env = "peer_cert", .data = cert->pem,
			     .len = strlen(cert->pem),
			     .flags = HOOK_FILE_CERT } },
		.n_files = 1,
	};

	if (!env)
		return false;
	snprintf(depth, sizeof(depth), "%zu", ts->verify_depth);
	if (!ts->verify_depth && peer)
		hook_env_set(env, "common_name", peer->common_name);
	tunnel_hook_chain_env(env, ts, ts->verify_depth);
	ts->job = hook_run(host->setup.hook, &run, verify_done, ts);
	hook_env_free(env);
	return ts->job != NULL;
}

/**
 * tunnel_verify_start() - TLS has come to its end; ask about each certificate
 * @ts: the session; control_session_verified() follows
 *
 * Return: false when there is nothing to ask.
 */
bool tunnel_verify_start(struct tunnel_session *ts)
{
	const struct tls_chain *chain = control_session_chain(ts->control);

	if (!hook_has(ts->tunnel->host->setup.hook, HOOK_TLS_VERIFY) || !chain)
		return false;
	hook_job_drop(ts->job);
	ts->job = NULL;
	ts->verify_depth = chain->n - 1;
	if (!verify_next(ts))
		control_session_verified(ts->control,
					 "tls-verify cannot be run");
	return true;
}

static void answer_done(void *arg, const struct hook_result *result)
{
	struct tunnel_session *ts = arg;

	if (result->status == HOOK_DEFERRED)
		return;
	ts->answer_job = NULL;
	if (ts->tunnel->state == TUNNEL_STATE_DEAD ||
	    result->status == HOOK_OK ||
	    ts->verdict != TUNNEL_VERDICT_PENDING)
		return;
	tunnel_login_fail(ts, "client-crresponse refuses the answer");
}

/**
 * tunnel_verify_answer() - a client has answered a challenge (section 8.8)
 * @ts: its session
 * @text: the answer, in base64
 *
 * The program that promised to decide later is told where to, and one answer is
 * looked at at a time.
 */
void tunnel_verify_answer(struct tunnel_session *ts, const char *text)
{
	struct hook *hook = ts->tunnel->host->setup.hook;
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	struct hook_env *env, *plugin_env;
	char label[160], key[64], line[1200];
	struct hook_run run = {
		.event = HOOK_CLIENT_CRRESPONSE,
		.key = verify_key(ts, "answer", key),
		.client = ts->tunnel->cid + 1,
		.files = { { .data = line, .flags = HOOK_FILE_ARG |
						    HOOK_FILE_PROGRAM } },
		.n_files = 1, .ref = ts->job,
	};

	if (ts->verdict != TUNNEL_VERDICT_PENDING || ts->answer_job ||
	    !hook_has(hook, HOOK_CLIENT_CRRESPONSE)) {
		log_limited(&limit, LOG_LEVEL_INFO, "%s: an answer that nobody waits for",
			    tunnel_label(ts->tunnel, label, sizeof(label)));
		return;
	}
	run.files[0].len = (size_t)snprintf(line, sizeof(line), "%.1190s\n",
					    text);
	env = tunnel_login_env(ts);
	plugin_env = hook_env_new(env);
	hook_env_set(plugin_env, "crresponse", text);
	run.env = env;
	run.plugin_env = plugin_env;
	if (env && plugin_env)
		ts->answer_job = hook_run(hook, &run, answer_done, ts);
	hook_env_free(env);
	hook_env_free(plugin_env);
	mem_wipe(line, sizeof(line));
	if (!ts->answer_job)
		tunnel_login_fail(ts, "client-crresponse cannot be run");
}
