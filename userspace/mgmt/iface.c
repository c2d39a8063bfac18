// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenVPN's management interface: its life, and what it says unasked. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/iface.h"

#define LINE_MAX_LEN	4096

/* ---- what is said --------------------------------------------------- */

static void iface_write(struct mgmt_iface *iface, const char *fmt,
			va_list args)
{
	char text[LINE_MAX_LEN];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	mgmt_conn_write(&iface->conn, text, (size_t)len);
	mem_wipe(text, (size_t)len);
}

void mgmt_iface_say(struct mgmt_iface *iface, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	iface_write(iface, fmt, args);
	va_end(args);
}

/* Is somebody there to be told something unasked, who also reads it? */
static bool iface_is_heard(struct mgmt_iface *iface)
{
	struct mgmt_conn *conn = &iface->conn;

	if (!iface->is_welcome || conn->fd < 0 || conn->is_broken)
		return false;
	if (conn->out.len - conn->sent <= MGMT_IFACE_BACKLOG)
		return true;
	log_warn("MANAGEMENT: the client does not read what it is told, closing");
	conn->is_broken = true;
	loop_timer_start(conn->kick, 0);
	return false;
}

void mgmt_iface_tell(struct mgmt_iface *iface, const char *fmt, ...)
{
	va_list args;

	if (!iface_is_heard(iface))
		return;
	va_start(args, fmt);
	iface_write(iface, fmt, args);
	va_end(args);
}

void mgmt_iface_tell_line(struct mgmt_iface *iface, const char *line)
{
	if (iface_is_heard(iface))
		mgmt_conn_write(&iface->conn, line, strlen(line));
}

static void iface_welcome(struct mgmt_iface *iface)
{
	iface->is_welcome = true;
	mgmt_iface_say(iface, ">INFO:OpenVPN Management Interface Version %d -- type 'help' for more info",
		       MGMT_IFACE_VERSION);
	if (iface->special)
		mgmt_iface_tell_line(iface, iface->special);
	if (iface->signature)
		mgmt_iface_tell_line(iface, iface->signature);
}

void mgmt_iface_wait_for(struct mgmt_iface *iface, const char *what)
{
	free(iface->special);
	iface->special = what ? strdup(what) : NULL;
	if (what)
		mgmt_iface_tell_line(iface, what);
}

/* ---- lines that belong together ------------------------------------- */

void mgmt_iface_extra_reset(struct mgmt_iface *iface)
{
	iface->extra_of = MGMT_EXTRA_NONE;
	iface->is_extra_full = false;
	mem_buf_reset(&iface->extra);
}

static void iface_extra(struct mgmt_iface *iface, const char *line)
{
	if (strcmp(line, "END")) {
		if (mem_buf_append(&iface->extra, line, strlen(line)) ||
		    mem_buf_append(&iface->extra, "\n", 1))
			iface->is_extra_full = true;
		return;
	}
	switch (iface->extra_of) {
	case MGMT_EXTRA_NONE:
		break;
	case MGMT_EXTRA_CLIENT_AUTH:
		mgmt_auth_finish(iface);
		break;
	case MGMT_EXTRA_SIGNATURE:
	case MGMT_EXTRA_CERTIFICATE:
		mgmt_identity_finish(iface, iface->extra_of);
		break;
	case MGMT_EXTRA_PASSWORD:
		mgmt_query_lines(iface);
		break;
	}
	mgmt_iface_extra_reset(iface);
}

/* ---- the program comes and goes ------------------------------------- */

void mgmt_iface_joined(struct mgmt_iface *iface)
{
	iface->is_welcome = false;
	iface->n_tries = 0;
	iface->has_states = false;
	iface->has_log = false;
	iface->has_echoes = false;
	iface->bytecount = 0;
	if (iface->password)
		mgmt_conn_prompt(&iface->conn, "ENTER PASSWORD:");
	else
		iface_welcome(iface);
}

void mgmt_iface_left(struct mgmt_iface *iface)
{
	iface->is_welcome = false;
	mgmt_iface_extra_reset(iface);
	loop_timer_stop(iface->bytecount_timer);
	if (iface->is_outgoing) {
		log_notice("MANAGEMENT: Triggering management exit");
		mgmt_iface_signal(iface, "management-exit");
		tunnel_host_stop(iface->host);
		return;
	}
	if (iface->is_forgetful)
		tunnel_host_forget(iface->host);
	if (iface->is_signal && !mgmt_iface_is_quiet(iface)) {
		log_info("MANAGEMENT: Triggering management signal");
		tunnel_host_restart(iface->host, "management-disconnect");
	}
}

bool mgmt_iface_is_ready(struct mgmt_iface *iface, const char *name)
{
	if (!tunnel_host_is_held(iface->host) && !iface->query->is_open)
		return true;
	mgmt_command_unsupported(iface, name);
	return false;
}

bool mgmt_iface_is_quiet(const struct mgmt_iface *iface)
{
	return tunnel_host_is_held(iface->host);
}

/* In a time that does not tell how much of it was right. */
static bool password_is(const struct mgmt_iface *iface, const char *line)
{
	const char *text = iface->password;
	char given[PROTO_USER_PASS_MAX] = "", wanted[PROTO_USER_PASS_MAX] = "";
	size_t len = strlen(text);
	bool is_right;

	if (strlen(line) >= sizeof(given) || len >= sizeof(wanted))
		return false;
	memcpy(given, line, strlen(line));
	memcpy(wanted, text, len);
	is_right = mem_equal(given, wanted, sizeof(given));
	mem_wipe(given, sizeof(given));
	mem_wipe(wanted, sizeof(wanted));
	return is_right;
}

static void iface_password(struct mgmt_iface *iface, const char *line)
{
	if (password_is(iface, line)) {
		mgmt_iface_say(iface, "SUCCESS: password is correct");
		iface_welcome(iface);
		return;
	}
	/* OpenVPN means to say something here, and says nothing */
	if (++iface->n_tries < MGMT_IFACE_TRIES)
		return;
	log_warn("MAN: client connection rejected after %d failed password attempts",
		 MGMT_IFACE_TRIES);
	iface->conn.is_closing = true;
}

void mgmt_iface_line(struct mgmt_iface *iface, const char *line)
{
	struct mgmt_words words;
	char err[MGMT_WORD_MAX + 128];

	if (!iface->is_welcome) {
		iface_password(iface, line);
		return;
	}
	if (iface->extra_of != MGMT_EXTRA_NONE) {
		iface_extra(iface, line);
		return;
	}
	if (mgmt_words_split(line, &words, err, sizeof(err)))
		mgmt_iface_say(iface, "%s", err);
	else if (words.n)
		mgmt_command_run(iface, &words);
	mem_wipe(&words, sizeof(words));
	mem_wipe(err, sizeof(err));
}

void mgmt_iface_again(struct mgmt_iface *iface)
{
	if (!iface->is_welcome)
		mgmt_conn_prompt(&iface->conn, "ENTER PASSWORD:");
}

/* ---- what the host tells -------------------------------------------- */

static const char *phase_name(enum tunnel_phase phase)
{
	switch (phase) {
	case TUNNEL_PHASE_CONNECTING:
		return "CONNECTING";
	case TUNNEL_PHASE_RESOLVE:
		return "RESOLVE";
	case TUNNEL_PHASE_TCP_CONNECT:
		return "TCP_CONNECT";
	case TUNNEL_PHASE_WAIT:
		return "WAIT";
	case TUNNEL_PHASE_AUTH:
		return "AUTH";
	case TUNNEL_PHASE_AUTH_PENDING:
		return "AUTH_PENDING";
	case TUNNEL_PHASE_GET_CONFIG:
		return "GET_CONFIG";
	case TUNNEL_PHASE_ASSIGN_IP:
		return "ASSIGN_IP";
	case TUNNEL_PHASE_ADD_ROUTES:
		return "ADD_ROUTES";
	case TUNNEL_PHASE_CONNECTED:
		return "CONNECTED";
	case TUNNEL_PHASE_RECONNECTING:
		return "RECONNECTING";
	case TUNNEL_PHASE_EXITING:
		return "EXITING";
	}
	return "?";
}

/* Two fields: address and port. */
static const char *phase_addr(const union net_addr *addr,
			      char out[NET_ADDR_STRLEN])
{
	char text[NET_PREFIX_STRLEN];
	union net_addr plain = *addr;
	struct net_ip ip = { 0 };

	net_addr_unmap(&plain);
	ip.family = plain.sa.sa_family;
	if (ip.family == AF_INET)
		ip.in4 = plain.in4.sin_addr;
	else if (ip.family == AF_INET6)
		ip.in6 = plain.in6.sin6_addr;
	else
		return ",";
	snprintf(out, NET_ADDR_STRLEN, "%s,%u", net_ip_format(&ip, text),
		 net_addr_port(&plain));
	return out;
}

static void on_phase(void *arg, const struct tunnel_event *event)
{
	char remote[NET_ADDR_STRLEN], local[NET_ADDR_STRLEN];
	char ip4[NET_PREFIX_STRLEN] = "", ip6[NET_PREFIX_STRLEN] = "";
	struct mgmt_iface *iface = arg;
	char line[512];

	/* it comes last, when everything else has been told */
	if (event->phase == TUNNEL_PHASE_EXITING && !iface->is_ending) {
		mgmt_iface_signal(iface, event->detail);
		return;
	}
	if (event->vpn4.family)
		net_ip_format(&event->vpn4, ip4);
	if (event->vpn6.family)
		net_ip_format(&event->vpn6, ip6);
	snprintf(line, sizeof(line), "%" PRIi64 ",%s,%s,%s,%s,%s%s%s",
		 loop_realtime(), phase_name(event->phase), event->detail, ip4,
		 phase_addr(&event->remote, remote),
		 phase_addr(&event->local, local), ip6[0] ? "," : "", ip6);
	mgmt_ring_add(&iface->states, line);
	if (iface->has_states)
		mgmt_iface_tell(iface, ">STATE:%s", line);
	if (event->phase == TUNNEL_PHASE_RECONNECTING)
		iface->is_released = false;
}

static bool on_hold(void *arg, uint32_t seconds)
{
	struct mgmt_iface *iface = arg;
	char text[64];

	if (!iface->is_hold || iface->is_released)
		return false;
	if (iface->conn.fd < 0)
		log_info("Need hold release from management interface, waiting...");
	snprintf(text, sizeof(text), ">HOLD:Waiting for hold release:%u",
		 seconds);
	mgmt_iface_wait_for(iface, text);
	return true;
}

static void on_echo(void *arg, const char *text)
{
	struct mgmt_iface *iface = arg;
	char line[LINE_MAX_LEN];

	snprintf(line, sizeof(line), "%" PRIi64 ",%s", loop_realtime(), text);
	mgmt_ring_add(&iface->echoes, line);
	if (iface->has_echoes)
		mgmt_iface_tell(iface, ">ECHO:%s", line);
}

struct env_lines {
	struct mgmt_iface *iface;
	const char *kind;
};

static void env_line(void *arg, const char *text)
{
	const struct env_lines *lines = arg;

	mgmt_iface_tell(lines->iface, ">%s:ENV,%s", lines->kind, text);
}

void mgmt_iface_env(struct mgmt_iface *iface, const char *kind,
		    const struct hook_env *env)
{
	struct env_lines lines = { iface, kind };

	hook_env_each(env, env_line, &lines);
	mgmt_iface_tell(iface, ">%s:ENV,END", kind);
}

static void on_updown(void *arg, bool is_up, const struct hook_env *env)
{
	const struct mgmt_iface *iface = arg;

	if (!iface->is_updown)
		return;
	mgmt_iface_tell(arg, ">UPDOWN:%s", is_up ? "UP" : "DOWN");
	mgmt_iface_env(arg, "UPDOWN", env);
}

static void on_info(void *arg, const char *text)
{
	mgmt_iface_tell(arg, ">INFOMSG:%s", text);
}

static void on_notify(void *arg, const char *what, const char *text)
{
	mgmt_iface_tell(arg, ">NOTIFY:info,%s,%s", what, text);
}

static void on_fatal(void *arg, const char *text)
{
	struct mgmt_iface *iface = arg;

	mgmt_iface_tell(iface, ">FATAL:%s", text);
	mgmt_conn_flush(&iface->conn);
}

static const struct tunnel_watch iface_watch = {
	.phase = on_phase,
	.hold = on_hold,
	.login = mgmt_client_login,
	.established = mgmt_client_established,
	.left = mgmt_client_left,
	.address = mgmt_client_address,
	.response = mgmt_client_response,
	.echo = on_echo,
	.need_login = mgmt_query_login,
	.need_passphrase = mgmt_query_passphrase,
	.passphrase_failed = mgmt_query_passphrase_failed,
	.need_certificate = mgmt_identity_certificate,
	.need_signature = mgmt_identity_signature,
	.need_remote = mgmt_query_server,
	.need_proxy = mgmt_query_way,
	.login_failed = mgmt_query_failed,
	.token = mgmt_query_token,
	.info = on_info,
	.notify = on_notify,
	.updown = on_updown,
	.fatal = on_fatal,
};

void mgmt_iface_signal(struct mgmt_iface *iface, const char *name)
{
	if (iface)
		snprintf(iface->exit_reason, sizeof(iface->exit_reason), "%s",
			 name);
}

void mgmt_iface_release(struct mgmt_iface *iface)
{
	iface->is_released = true;
	mgmt_iface_wait_for(iface, NULL);
	tunnel_host_release(iface->host);
}

/* ---- life ----------------------------------------------------------- */

static void bytecount_tick(struct loop_timer *timer, void *arg)
{
	struct mgmt_iface *iface = arg;

	mgmt_client_bytes(iface);
	loop_timer_start(timer, iface->bytecount * 1000ull);
}

/* The configuration may be another one later, what it said counts. */
static int iface_settings(struct mgmt_iface *iface, const struct config *cfg)
{
	const char *pass = cfg->management_pass.text;
	size_t len = pass ? strcspn(pass, "\r\n") : 0;

	iface->is_server = cfg->mode == CONFIG_MODE_SERVER;
	if (cfg->challenge)
		snprintf(iface->challenge, sizeof(iface->challenge),
			 " SC:%d,%s", cfg->is_challenge_echoed |
			 cfg->is_challenge_concat << 1, cfg->challenge);
	iface->is_hold = cfg->is_management_hold;
	iface->is_signal = cfg->is_management_signal;
	iface->is_forgetful = cfg->is_management_forget;
	iface->is_updown = cfg->is_management_updown;
	iface->is_outgoing = cfg->is_management_client;
	iface->is_username_only = cfg->is_username_only;
	iface->status_version = cfg->status_version;
	iface->verb = cfg->verb;
	iface->mute = (int)cfg->mute;
	iface->query = mem_secret_alloc(sizeof(*iface->query));
	if (!iface->query)
		return -ENOMEM;
	if (!pass)
		return 0;
	iface->password = mem_secret_alloc(len + 1);
	if (!iface->password)
		return -ENOMEM;
	memcpy(iface->password, pass, len);
	return 0;
}

int mgmt_iface_open(const struct mgmt_setup *setup, struct mgmt_iface **out,
		    char *err, size_t err_len)
{
	const struct tunnel_event begin = {
		.phase = TUNNEL_PHASE_CONNECTING, .detail = "",
	};
	struct mgmt_iface *iface = calloc(1, sizeof(*iface));
	const struct config_text *text;

	snprintf(err, err_len, "management: out of memory or descriptors");
	if (!iface)
		return -ENOMEM;
	*out = iface;
	iface->loop = setup->loop;
	iface->host = setup->host;
	iface->client_version = 1;
	iface->log_fd = -1;
	mem_buf_init(&iface->extra, MGMT_IFACE_EXTRA_MAX);
	iface->conn.fd = -1;
	iface->conn.listen_fd = -1;
	iface->conn.iface = iface;
	iface->bytecount_timer = loop_timer_new(iface->loop, bytecount_tick,
						iface);
	if (!iface->bytecount_timer || iface_settings(iface, setup->cfg) ||
	    mgmt_ring_init(&iface->states, MGMT_IFACE_HISTORY) ||
	    mgmt_ring_init(&iface->echoes, MGMT_IFACE_HISTORY) ||
	    mgmt_iface_log_open(iface, setup->cfg->management_log_cache))
		return -ENOMEM;
	tunnel_host_watch(iface->host, &iface_watch, iface);
	on_phase(iface, &begin);
	for (text = setup->cfg->echoes; text; text = text->next)
		on_echo(iface, text->text);
	return mgmt_conn_open(&iface->conn, setup->cfg, err, err_len);
}

void mgmt_iface_close(struct mgmt_iface *iface)
{
	struct tunnel_event end = { .phase = TUNNEL_PHASE_EXITING };

	if (!iface)
		return;
	iface->is_ending = true;
	end.detail = iface->exit_reason;
	if (end.detail[0])
		on_phase(iface, &end);
	mgmt_conn_close(&iface->conn);
	mgmt_iface_extra_reset(iface);
	mgmt_iface_log_close(iface);
	loop_timer_free(iface->bytecount_timer);
	mgmt_ring_fini(&iface->states);
	mgmt_ring_fini(&iface->echoes);
	mem_secret_free(iface->query);
	mem_secret_free(iface->password);
	free(iface->special);
	free(iface->signature);
	free(iface);
}
