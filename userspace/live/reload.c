// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/private.h"
#include "log/log.h"
#include "mem/mem.h"

/* Until the files have been read; a file system may hang. */
#define READ_LIMIT_MS	30000

static void live_enter_state(struct live *live, enum live_state state)
{
	static const char *const names[] = {
		"idle", "reading", "late", "loading",
	};

	log_debug("reload: %s -> %s", names[live->state], names[state]);
	live->state = state;
}

static void live_again(struct live *live)
{
	bool is_again = live->is_again;

	live->is_again = false;
	if (is_again)
		live_reload(live);
}

static void live_finish(struct live *live)
{
	char *json = live_report_json(&live->report);

	live_report_log(&live->report);
	/* who has asked meanwhile means files that may be newer */
	if (!live->is_again)
		mgmt_reloaded(live->parts.mgmt, json ? json :
			      "{\"error\":\"out of memory\"}");
	free(json);
	live_again(live);
}

static void live_fail(struct live *live, const char *why)
{
	snprintf(live->report.error, sizeof(live->report.error), "%s", why);
	live_finish(live);
}

/* ---- the host has loaded it, or not ----------------------------------- */

static bool needs_reconnect(const struct live *live)
{
	for (unsigned int i = 0; i < live->report.n && i < LIVE_CHANGES_MAX;
	     i++)
		if (live->report.changes[i].effect == CONFIG_EFFECT_HANDSHAKE ||
		    live->report.changes[i].effect == CONFIG_EFFECT_RECONNECT)
			return true;
	return false;
}

static void live_loaded(void *arg, int err, const char *why)
{
	struct live *live = arg;
	struct config *old = *live->parts.cfg;
	bool is_for_client;

	live_enter_state(live, LIVE_STATE_IDLE);
	if (err) {
		config_free(live->next);
		live->next = NULL;
		/* at the end of the process there is nobody left to tell */
		if (err != -ECANCELED)
			live_fail(live, why);
		return;
	}
	*live->parts.cfg = live->next;
	live->next = NULL;
	extmux_set_config(live->parts.mux, *live->parts.cfg);
	config_free(old);
	config_log_warnings(*live->parts.cfg);
	/* a client has one connection, which shall be what is written now */
	is_for_client = (*live->parts.cfg)->mode != CONFIG_MODE_SERVER &&
			needs_reconnect(live);
	live_finish(live);
	if (is_for_client)
		tunnel_host_restart(live->parts.host, "configuration changed");
}

/* ---- the files have come ---------------------------------------------- */

/* Return: 0 and @next, which is NULL when nothing has changed. */
static int live_parse(struct live *live, char *err, size_t err_len)
{
	struct config_bundle *bundle;
	struct config *fresh = NULL;
	int ret;

	bundle = config_bundle_take(live->answer.data,
				    live->answer.head.len);
	snprintf(err, err_len, "out of memory");
	if (!bundle)
		return -ENOMEM;
	live->answer.data = NULL;
	ret = config_read(live->argc, live->argv, bundle, &fresh,
			  err, err_len);
	if (!ret)
		ret = config_merge(*live->parts.cfg, fresh, bundle,
				   live_report_change, &live->report,
				   &live->next, err, err_len);
	config_free(fresh);
	config_bundle_free(bundle);
	return ret;
}

static void live_answered(struct live *live)
{
	char err[LIVE_ERROR_MAX];
	int ret;

	loop_timer_stop(live->timer);
	if (live->state == LIVE_STATE_LATE) {
		live_answer_drop(&live->answer);
		live_enter_state(live, LIVE_STATE_IDLE);
		live_again(live);
		return;
	}
	live_enter_state(live, LIVE_STATE_IDLE);
	if (live->answer.head.is_bad) {
		snprintf(err, sizeof(err), "%s", live->answer.data);
		ret = -EINVAL;
	} else {
		ret = live_parse(live, err, sizeof(err));
	}
	live_answer_drop(&live->answer);
	if (!ret && !live->next) {
		ret = tunnel_host_reread(live->parts.host);
		if (ret)
			live_fail(live, strerror(-ret));
		else
			live_finish(live);
		return;
	}
	if (!ret) {
		live_enter_state(live, LIVE_STATE_LOADING);
		ret = tunnel_host_reload(live->parts.host, live->next,
					 live_loaded, live);
		if (!ret)
			return;
		live_enter_state(live, LIVE_STATE_IDLE);
		snprintf(err, sizeof(err), "%s", strerror(-ret));
	}
	config_free(live->next);
	live->next = NULL;
	live_fail(live, err);
}

static void live_reader_gone(struct live *live)
{
	bool was_waited_for = live->state == LIVE_STATE_READING;

	loop_io_free(live->io);
	live->io = NULL;
	loop_timer_stop(live->timer);
	live_answer_drop(&live->answer);
	live->is_again = false;
	if (live->state == LIVE_STATE_LATE || was_waited_for)
		live_enter_state(live, LIVE_STATE_IDLE);
	if (was_waited_for)
		live_fail(live, "the process that reads files has ended; restart ovpnd");
}

void live_reload_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct live *live = arg;
	int ret = live_answer_receive(&live->answer,
				      live_reader_fd(live->reader));

	(void)io;
	(void)events;
	if (ret < 0)
		live_reader_gone(live);
	else if (ret)
		live_answered(live);
}

void live_reload_timeout(struct loop_timer *timer, void *arg)
{
	struct live *live = arg;

	(void)timer;
	if (live->state != LIVE_STATE_READING)
		return;
	live_enter_state(live, LIVE_STATE_LATE);
	live_fail(live, "the files cannot be read within 30 s; does a file system hang?");
}

int live_reload(void *arg)
{
	struct live *live = arg;
	int ret;

	if (!live->io || !live->parts.host)
		return -EPIPE;
	if (live->state != LIVE_STATE_IDLE) {
		live->is_again = true;
		return 0;
	}
	memset(&live->report, 0, sizeof(live->report));
	ret = live_reader_ask(live->reader);
	if (ret)
		return ret;
	live_enter_state(live, LIVE_STATE_READING);
	loop_timer_start(live->timer, READ_LIMIT_MS);
	return 0;
}
