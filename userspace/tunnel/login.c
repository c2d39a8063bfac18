// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User names and passwords of a server's clients (sections 8.7 to 8.9, 8.13).
 * Each key exchange brings them; the answer decides about the exchange, and may
 * come later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "tunnel/private.h"

#define FIRST_KID 1u
#define REASON_MAX 959	/* of a message below 1024 (section 8.7) */
#define UCN_MAX 64	/* a user name that is to be a common name */

/** struct login - what is checked; in secret memory, for the call only */
struct login {
	char username[PROTO_USER_PASS_MAX];
	char password[PROTO_PASSWORD_MAX];
	char both[PROTO_USER_PASS_MAX + PROTO_PASSWORD_MAX + 2];
};

/* Section 11.5: what is not printable becomes "_". */
static void clean_copy(char *out, size_t cap, const char *in)
{
	size_t i;

	for (i = 0; in && in[i] && i < cap - 1; i++)
		out[i] = (unsigned char)in[i] < 0x20 || in[i] == 0x7f ?
			 '_' : in[i];
	out[i] = '\0';
}

static void login_refuse(struct tunnel_session *ts, const char *for_client,
			 const char *for_log)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];
	size_t len;

	ts->verdict = TUNNEL_VERDICT_REFUSED;
	len = strcspn(for_client, "\r\n");
	free(ts->reason);
	ts->reason = strndup(for_client, len < REASON_MAX ? len : REASON_MAX);
	log_limited(&limit, LOG_LEVEL_NOTICE, "%s: login of \"%s\" refused: %s",
		    tunnel_label(ts->tunnel, label, sizeof(label)),
		    ts->username, for_log);
}

/* Accepted: tokens of this login have a session id from now on. */
static void login_accept(struct tunnel_session *ts)
{
	const struct tunnel_host *host = ts->tunnel->host;
	char label[160];

	ts->verdict = TUNNEL_VERDICT_OK;
	log_info("%s: login of \"%s\" accepted",
		 tunnel_label(ts->tunnel, label, sizeof(label)), ts->username);
	if (!host->token_keys || ts->has_token)
		return;
	ts->token.initial = host->env.realtime();
	ts->has_token = !host->env.random(ts->token.id, sizeof(ts->token.id));
}

/* ---- deferred -------------------------------------------------------- */

/* The seconds that a client may still take (section 8.8). */
static uint32_t pending_limit(const struct tunnel_session *ts, uint32_t wanted)
{
	const struct tunnel_host *host = ts->tunnel->host;
	const struct config *cfg = host->setup.cfg;
	uint32_t most = cfg->reneg_sec / 2 > cfg->hand_window ?
			cfg->reneg_sec / 2 : cfg->hand_window;
	uint64_t elapsed = (loop_now(host->setup.loop) -
			    control_session_started(ts->control)) / 1000;

	if (elapsed >= most)
		return 0;
	most -= (uint32_t)elapsed;
	return wanted < most ? wanted : most;
}

/* IV_SSO names the methods that a client knows, separated by commas. */
static bool client_knows(const struct tunnel_session *ts, const char *method)
{
	char list[256], *save = NULL, *word;

	if (proto_peer_info_get(ts->peer_info, "IV_SSO", list,
				sizeof(list)) < 0)
		return false;
	for (word = strtok_r(list, ",", &save); word;
	     word = strtok_r(NULL, ",", &save))
		if (!strcmp(word, method))
			return true;
	return false;
}

/* Tell the client what to do; the exchange has to be complete for that. */
static void pending_send(struct tunnel_session *ts)
{
	unsigned long iv = proto_peer_info_number(ts->peer_info, "IV_PROTO");
	struct tunnel *tunnel = ts->tunnel;
	uint32_t limit = pending_limit(ts, ts->pending_timeout);
	char text[TUNNEL_PENDING_MAX + 16];

	if (!ts->pending || !limit)
		return;
	if (iv & PROTO_IV_AUTH_PENDING_KW)
		snprintf(text, sizeof(text), "AUTH_PENDING,timeout %u", limit);
	else
		snprintf(text, sizeof(text), "AUTH_PENDING");
	control_session_send(ts->control, text);
	snprintf(text, sizeof(text), "INFO_PRE,%s", ts->pending);
	control_session_send(ts->control, text);
	free(ts->pending);
	ts->pending = NULL;
	if (tunnel->active == ts && tunnel->state == TUNNEL_STATE_HANDSHAKE)
		tunnel_set_deadline(tunnel, loop_now(tunnel->host->setup.loop) +
				    1000ull * limit);
}

/* auth_pending_file: seconds, method, and what it is about, a line each */
static void pending_parse(struct tunnel_session *ts, const char *text)
{
	char seconds[16], method[64], extra[TUNNEL_PENDING_MAX];
	char *lines[] = { seconds, method, extra };
	const size_t sizes[] = { sizeof(seconds), sizeof(method),
				 sizeof(extra) };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strcspn(text, "\n");

		if (!len || len >= sizes[i])
			return;
		snprintf(lines[i], sizes[i], "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
	if (!client_knows(ts, method)) {
		login_refuse(ts, "", "the client does not support the method that it should use to log in");
		hook_job_drop(ts->job);
		ts->job = NULL;
		return;
	}
	free(ts->pending);
	ts->pending = strdup(extra);
	ts->pending_timeout = (uint32_t)strtoul(seconds, NULL, 10);
	if (ts->is_held)
		pending_send(ts);
}

/** tunnel_login_hold() - the exchange is complete, the answer still to come */
void tunnel_login_hold(struct tunnel_session *ts)
{
	ts->is_held = true;
	pending_send(ts);
}

/* ---- the program ----------------------------------------------------- */

/* All who were asked have said yes, or one has said no. */
static void login_settle(struct tunnel_session *ts)
{
	if (ts->verdict == TUNNEL_VERDICT_PENDING && !ts->job && !ts->is_asked)
		login_accept(ts);
	if (ts->verdict != TUNNEL_VERDICT_PENDING && ts->is_held) {
		ts->is_held = false;
		tunnel_session_proceed(ts);
	}
}

static void answer_timeout(struct loop_timer *timer, void *arg)
{
	struct tunnel_session *ts = arg;

	(void)timer;
	if (ts->tunnel->state != TUNNEL_STATE_DEAD)
		login_settle(ts);
}

/**
 * tunnel_login_answer() - the onlooker has decided (management-client-auth)
 * @ts: it was asked about
 * @why: NULL: let it in
 * @for_client: why not; ""
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_login_answer(struct tunnel_session *ts, const char *why,
			const char *for_client)
{
	if (!ts->answer_timer)
		ts->answer_timer = loop_timer_new(ts->tunnel->host->setup.loop,
						  answer_timeout, ts);
	if (!ts->answer_timer)
		return -ENOMEM;
	ts->is_asked = false;
	if (why && ts->verdict == TUNNEL_VERDICT_PENDING) {
		hook_job_drop(ts->job);
		ts->job = NULL;
		login_refuse(ts, for_client, why);
	}
	loop_timer_start(ts->answer_timer, 0);
	return 0;
}

/**
 * tunnel_login_wait_for() - the onlooker wants the client to do something first
 * @ts: it was asked about
 * @text: INFO_PRE (section 8.8)
 * @timeout: seconds
 *
 * Return: 0, -EMSGSIZE or -ENOMEM.
 */
int tunnel_login_wait_for(struct tunnel_session *ts, const char *text,
			  uint32_t timeout)
{
	if (strlen(text) >= TUNNEL_PENDING_MAX)
		return -EMSGSIZE;
	free(ts->pending);
	ts->pending = strdup(text);
	if (!ts->pending)
		return -ENOMEM;
	ts->pending_timeout = timeout;
	if (ts->is_held)
		pending_send(ts);
	return 0;
}

enum {
	FILE_CONTROL,
	FILE_PENDING,
	FILE_REASON,
	FILE_BOTH,
};

static void login_done(void *arg, const struct hook_result *result)
{
	struct tunnel_session *ts = arg;

	if (result->status == HOOK_DEFERRED)
		pending_parse(ts, result->files[FILE_PENDING].data);
	if (ts->tunnel->state == TUNNEL_STATE_DEAD)
		return;
	if (result->status != HOOK_DEFERRED) {
		ts->job = NULL;
		if (result->status != HOOK_OK)
			login_refuse(ts, result->files[FILE_REASON].data,
				       result->why);
	}
	login_settle(ts);
}

/**
 * tunnel_login_fail() - a client that is being asked about is not to come in
 * @ts: its @verdict is pending
 * @why: for the log
 */
void tunnel_login_fail(struct tunnel_session *ts, const char *why)
{
	hook_job_drop(ts->job);
	ts->job = NULL;
	ts->is_asked = false;
	login_refuse(ts, "", why);
	if (!ts->is_held)
		return;
	ts->is_held = false;
	tunnel_session_proceed(ts);
}

/**
 * tunnel_login_env() - the variables of an exchange, without the password
 * @ts: whose client need not be who it says
 *
 * Return: of the caller; NULL when out of memory.
 */
struct hook_env *tunnel_login_env(struct tunnel_session *ts)
{
	const struct config *cfg = ts->tunnel->host->setup.cfg;
	struct hook_env *env = tunnel_hook_session_env(ts);
	char text[AUTH_SESSION_STRLEN];

	if (!env)
		return NULL;
	hook_env_set(env, "username", ts->username);
	if (!cfg->has_auth_token)
		return env;
	hook_env_set(env, "session_state", ts->token_state);
	if (ts->has_token)
		hook_env_set(env, "session_id",
			     auth_session_format(&ts->token, text));
	return env;
}

/* management-client-auth: the onlooker hears the password in any case */
static bool login_tell(struct tunnel_session *ts, const struct login *login)
{
	struct hook_env *env = tunnel_login_env(ts);

	if (!env)
		return false;
	hook_env_set(env, "password", login->password);
	tunnel_watch_login(ts, env);
	hook_env_free(env);
	return true;
}

static bool login_ask(struct tunnel_session *ts, struct login *login)
{
	const struct tunnel_host *host = ts->tunnel->host;
	const struct config *cfg = host->setup.cfg;
	struct hook_env *env = tunnel_login_env(ts), *plugin_env;
	char key[64];
	struct hook_run run = {
		.event = HOOK_USER_PASS_VERIFY, .key = key, .env = env,
		.client = ts->tunnel->cid + 1,
		.files = {
			[FILE_CONTROL] = { .env = "auth_control_file",
					   .flags = HOOK_FILE_CONTROL },
			[FILE_PENDING] = { .env = "auth_pending_file",
					   .flags = HOOK_FILE_EARLY },
			[FILE_REASON] = { .env = "auth_failed_reason_file",
					  .flags = HOOK_FILE_RESULT },
			[FILE_BOTH] = { .data = login->both,
					.flags = HOOK_FILE_ARG |
						 HOOK_FILE_PROGRAM },
		},
		.n_files = cfg->is_login_env ? 3 : 4,
		.defer = HOOK_DEFER_STATUS,
		.defer_timeout = pending_limit(ts, UINT32_MAX),
	};

	plugin_env = hook_env_new(env);
	hook_env_set(plugin_env, "password", login->password);
	run.plugin_env = plugin_env;
	if (cfg->is_login_env)
		hook_env_set(env, "password", login->password);
	snprintf(key, sizeof(key), "login %llu",
		 (unsigned long long)ts->tunnel->cid);
	snprintf(login->both, sizeof(login->both), "%s\n%s\n", login->username,
		 login->password);
	run.files[FILE_BOTH].len = strlen(login->both);
	if (env && plugin_env)
		ts->job = hook_run(host->setup.hook, &run, login_done, ts);
	hook_env_free(env);
	hook_env_free(plugin_env);
	return ts->job != NULL;
}

/* ---- tokens ---------------------------------------------------------- */

/* Return: is there nothing left to ask. */
static bool token_decides(struct tunnel_session *ts, const struct login *login)
{
	const struct tunnel_host *host = ts->tunnel->host;
	const struct config *cfg = host->setup.cfg;
	const struct auth_token_rules rules = {
		.lifetime = cfg->token_lifetime,
		.renewal = cfg->token_renewal ? cfg->token_renewal :
						cfg->reneg_sec,
	};
	struct auth_session session;
	enum auth_verdict verdict;
	bool is_empty;

	ts->token_state = "Initial";
	if (!host->token_keys || !auth_token_is(login->password))
		return false;
	verdict = auth_token_check(host->token_keys, &rules, login->password,
				   login->username, host->env.realtime(),
				   &session, &is_empty);
	/* within a connection there is one login */
	if (verdict == AUTH_VALID && ts->has_token &&
	    memcmp(session.id, ts->token.id, sizeof(session.id)))
		verdict = AUTH_INVALID;
	if (verdict == AUTH_VALID) {
		ts->token = session;
		ts->has_token = true;
		ts->token_state = is_empty ? "AuthenticatedEmptyUser" :
					     "Authenticated";
	} else if (verdict == AUTH_EXPIRED) {
		ts->token_state = is_empty ? "ExpiredEmptyUser" : "Expired";
	} else {
		ts->token_state = "Invalid";
	}
	if (cfg->is_token_external)
		return false;
	if (verdict == AUTH_VALID)
		login_accept(ts);
	else if (verdict == AUTH_EXPIRED)
		login_refuse(ts, "SESSION: token expired", "its token has expired");
	else
		login_refuse(ts, "", "its token is not one of ours");
	return true;
}

/**
 * tunnel_login_token() - a new token for a client that has logged in
 * @ts: its session
 * @out: "auth-token TOKEN"
 *
 * Return: false when there are no tokens.
 */
bool tunnel_login_token(struct tunnel_session *ts,
			char out[TUNNEL_TOKEN_LINE_MAX])
{
	const struct tunnel_host *host = ts->tunnel->host;
	char token[AUTH_TOKEN_STRLEN];
	bool is_ok;

	if (!host->token_keys || !ts->has_token)
		return false;
	is_ok = !auth_token_make(host->token_keys, ts->tunnel->login_name ?
				 ts->tunnel->username : ts->username,
				 &ts->token,
				 host->env.realtime(), token);
	if (is_ok)
		snprintf(out, TUNNEL_TOKEN_LINE_MAX, "auth-token %s", token);
	mem_wipe(token, sizeof(token));
	return is_ok;
}

/**
 * tunnel_login_override() - a client goes on under another name
 * @ts: its session
 * @name: of override-username
 */
void tunnel_login_override(struct tunnel_session *ts, const char *name)
{
	struct tunnel *tunnel = ts->tunnel;

	if (!tunnel->has_username || !strcmp(tunnel->username, name))
		return;
	if (!tunnel->login_name)
		tunnel->login_name = mem_arena_strdup(tunnel->arena,
						      tunnel->username);
	snprintf(tunnel->username, sizeof(tunnel->username), "%s", name);
	if (tunnel->hook_env)
		hook_env_set(tunnel->hook_env, "username", name);
}

/**
 * tunnel_login_user() - tell a client with a token which name goes with it
 * @ts: its session
 * @out: "auth-token-user BASE64"
 *
 * Return: false when it is the one that it has.
 */
bool tunnel_login_user(const struct tunnel_session *ts,
		       char out[TUNNEL_USER_LINE_MAX])
{
	const struct tunnel *tunnel = ts->tunnel;
	char text[TUNNEL_USER_LINE_MAX - 16];

	if (!tunnel->login_name ||
	    proto_base64(tunnel->username, strlen(tunnel->username), text,
			 sizeof(text)))
		return false;
	snprintf(out, TUNNEL_USER_LINE_MAX, "auth-token-user %s", text);
	return true;
}

static void token_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	tunnel_login_renew(arg);
}

/* The next one, unless a renegotiation brings it before. */
void tunnel_login_arm(struct tunnel_session *ts)
{
	const struct tunnel_host *host = ts->tunnel->host;
	uint32_t renewal = host->setup.cfg->token_renewal;

	if (!host->token_keys || !ts->has_token || !renewal)
		return;
	if (!ts->token_timer)
		ts->token_timer = loop_timer_new(host->setup.loop,
						 token_timeout, ts);
	if (ts->token_timer)
		loop_timer_start(ts->token_timer, renewal * 1000ull);
}

/** tunnel_login_renew() - send a new token to a client that has one */
void tunnel_login_renew(struct tunnel_session *ts)
{
	char line[TUNNEL_TOKEN_LINE_MAX];
	char text[TUNNEL_TOKEN_LINE_MAX + 16];

	if (ts->tunnel->state != TUNNEL_STATE_CONNECTED ||
	    !tunnel_login_token(ts, line))
		return;
	snprintf(text, sizeof(text), "PUSH_REPLY,%s", line);
	control_session_send(ts->control, text);
	mem_wipe(line, sizeof(line));
	mem_wipe(text, sizeof(text));
	tunnel_login_arm(ts);
}

/** tunnel_login_load() - the keys of tokens; 0, or -errno and @err */
int tunnel_login_load(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	int ret;

	if (cfg->is_tls_server &&
	    cfg->verify_client_cert != CONFIG_CLIENT_CERT_REQUIRE &&
	    !tunnel_login_is_on(host)) {
		snprintf(err, err_len, "verify-client-cert: anybody could come in: no plugin asks for passwords; add auth-user-pass-verify, or require certificates");
		return -EINVAL;
	}
	if (!cfg->has_auth_token)
		return 0;
	/* tokens stay good over a reload and a restart */
	if (!cfg->token_secret.text && host->token_seed)
		return auth_keys_new(host->token_seed, &host->token_keys);
	ret = auth_keys_load(cfg->token_secret.text, cfg->token_secret.len,
			     &host->token_keys);
	if (ret)
		snprintf(err, err_len, "auth-gen-token-secret: \"%s\" has no key; make one with ovpnd --genkey auth-token FILE",
			 cfg->token_secret.path ? cfg->token_secret.path : "");
	return ret;
}

/* ---- one exchange ---------------------------------------------------- */

/**
 * tunnel_login_name_fits() - is it short enough for what it is for
 *
 * Which it may be since a reload, while somebody was being asked.
 */
bool tunnel_login_name_fits(const struct tunnel_session *ts)
{
	return !ts->tunnel->host->setup.cfg->is_username_cn ||
	       strlen(ts->username) <= UCN_MAX;
}

/* Rules that need neither program nor token; NULL: none is broken. */
static const char *rule_broken(const struct tunnel_session *ts,
			       const struct proto_km2 *km2)
{
	const struct tunnel *tunnel = ts->tunnel;
	const struct config *cfg = tunnel->host->setup.cfg;

	if (km2->is_userpass_too_long)
		return "user name or password is too long";
	if ((!km2->username || !km2->username[0] || !km2->password) &&
	    !cfg->is_login_optional)
		return "the client sent no user name and password";
	if (!tunnel_login_name_fits(ts))
		return "the user name is too long for a common name";
	if (tunnel->has_username && strcmp(tunnel->username, ts->username) &&
	    (!tunnel->login_name || strcmp(tunnel->login_name, ts->username)))
		return "the user name has changed within the tunnel";
	return NULL;
}

/** tunnel_login_is_on() - somebody is asked about logins */
bool tunnel_login_is_on(const struct tunnel_host *host)
{
	return host->setup.cfg->is_management_auth ||
	       hook_has(host->setup.hook, HOOK_USER_PASS_VERIFY);
}

static bool login_begin(struct tunnel_session *ts, struct login *login)
{
	const struct tunnel_host *host = ts->tunnel->host;

	if (host->setup.cfg->is_management_auth && !login_tell(ts, login))
		return false;
	return !hook_has(host->setup.hook, HOOK_USER_PASS_VERIFY) ||
	       login_ask(ts, login);
}

/**
 * tunnel_login_check() - user name and password of a key exchange
 * @ts: gets @verdict; if it is pending, tunnel_session_proceed() comes later
 * @km2: the client's message
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_login_check(struct tunnel_session *ts, const struct proto_km2 *km2)
{
	const struct tunnel_host *host = ts->tunnel->host;
	const char *broken;
	struct login *login;

	hook_job_drop(ts->job);
	ts->job = NULL;
	ts->is_held = false;
	ts->is_asked = false;
	ts->kid = ts->tunnel->next_kid;
	/* OpenVPN counts the key state that waits for a new session, too */
	ts->tunnel->next_kid += ts->kid == FIRST_KID ? 2 : 1;
	ts->verdict = TUNNEL_VERDICT_OK;
	if (!tunnel_login_is_on(host))
		return 0;
	login = mem_secret_alloc(sizeof(*login));
	if (!login)
		return -ENOMEM;
	clean_copy(login->username, sizeof(login->username), km2->username);
	clean_copy(login->password, sizeof(login->password), km2->password);
	memcpy(ts->username, login->username, sizeof(ts->username));
	ts->verdict = TUNNEL_VERDICT_PENDING;
	broken = rule_broken(ts, km2);
	if (broken)
		login_refuse(ts, "", broken);
	else if (!token_decides(ts, login) && !login_begin(ts, login))
		login_refuse(ts, "", "nobody can be asked");
	mem_secret_free(login);
	return 0;
}

/* ---- a client's side ------------------------------------------------- */

/**
 * tunnel_login_wait() - the server waits for somebody, and so does its client
 * @cfg: the client's
 * @text: AUTH_PENDING (section 8.8)
 *
 * Return: for how long, in ms.
 */
uint64_t tunnel_login_wait(const struct config *cfg, const char *text)
{
	unsigned long limit = cfg->reneg_sec / 2 > cfg->hand_window ?
			      cfg->reneg_sec / 2 : cfg->hand_window;
	unsigned long wanted = cfg->hand_window;

	sscanf(text, "AUTH_PENDING,timeout %9lu", &wanted);
	if (wanted > limit)
		wanted = limit;
	log_notice("the server has not decided about the login; waiting up to %lu s",
		   wanted);
	return 1000ull * wanted;
}

static bool has_name(const char *option, const char *name)
{
	return !strncmp(option, name, strlen(name));
}

/**
 * tunnel_login_pushed() - what comes behind the first reply is the next token
 * @applied: the client's configuration, as pushed before
 * @text: PUSH_REPLY (section 8.9)
 */
void tunnel_login_pushed(struct config *applied, const char *text)
{
	const char *pos = text + strlen("PUSH_REPLY");
	char option[PROTO_PUSH_OPTION_MAX * 2], err[256];

	while (proto_push_next(&pos, option, sizeof(option)))
		if ((has_name(option, "auth-token ") ||
		     has_name(option, "auth-token-user ")) &&
		    config_apply_pushed(applied, option, err, sizeof(err)))
			log_warn("pushed auth-token ignored: %s", err);
	mem_wipe(option, sizeof(option));
}
