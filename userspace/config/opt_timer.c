// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_PULL (CONFIG_IN_MAIN | CONFIG_IN_PUSH)
#define IN_PING (IN_PULL | CONFIG_IN_CLIENT)
#define DAYS_MAX (365u * 86400u)

static CONFIG_SETTER(set_keepalive)
{
	(void)row;
	(void)n;
	if (config_number(ps, arg[0], 0, DAYS_MAX, &ps->keepalive_ping) ||
	    config_number(ps, arg[1], 0, DAYS_MAX, &ps->keepalive_restart))
		return -EINVAL;
	if (ps->keepalive_restart < 2 * ps->keepalive_ping)
		return config_fail(ps, "the second number must be at least twice the "
				   "first; write keepalive %s %u", arg[0],
				   2 * ps->keepalive_ping);
	ps->has_keepalive = true;
	return 0;
}

/* The later one of the two wins, as upstream. */
static CONFIG_SETTER(set_ping_restart)
{
	ps->cfg->ping_exit = 0;
	return config_set_u32(ps, row, arg, n);
}

static CONFIG_SETTER(set_ping_exit)
{
	ps->cfg->ping_restart = 0;
	return config_set_u32(ps, row, arg, n);
}

static CONFIG_SETTER(set_reneg_sec)
{
	struct config *cfg = ps->cfg;

	(void)row;
	if (config_number(ps, arg[0], 0, DAYS_MAX, &cfg->reneg_sec))
		return -EINVAL;
	ps->has_reneg_min = n > 1;
	if (n < 2)
		return 0;
	return config_number(ps, arg[1], 0, cfg->reneg_sec,
			     &cfg->reneg_sec_min);
}

/* Up to 2^63; a negative number is how OpenVPN says "off". */
static int count(struct config_parse *ps, const char *text, uint64_t *out)
{
	unsigned long long value;
	char *end;

	*out = 0;
	if (!strcmp(text, "-1"))
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno ||
	    value > INT64_MAX)
		return config_fail(ps, "\"%s\" is not a number; write how many, or 0 for no limit",
				   text);
	*out = value;
	return 0;
}

static CONFIG_SETTER(set_reneg_bytes)
{
	(void)row;
	(void)n;
	return count(ps, arg[0], &ps->cfg->reneg_bytes);
}

static CONFIG_SETTER(set_reneg_pkts)
{
	(void)row;
	(void)n;
	return count(ps, arg[0], &ps->cfg->reneg_pkts);
}

static CONFIG_SETTER(set_inactive)
{
	struct config *cfg = ps->cfg;

	(void)row;
	cfg->inactive_bytes = 0;
	if (config_number(ps, arg[0], 0, DAYS_MAX, &cfg->inactive))
		return -EINVAL;
	return n > 1 ? count(ps, arg[1], &cfg->inactive_bytes) : 0;
}

static CONFIG_SETTER(set_exit_notify)
{
	ps->cfg->explicit_exit_notify = 1;
	return n ? config_set_u32(ps, row, arg, n) : 0;
}

#define SECONDS(name, set, scope, field, lo, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, scope, set, CONFIG_FIELD(field), lo, \
	  DAYS_MAX, "SECONDS", doc }

static const struct config_row timer_rows[] = {
	CONFIG_SPECIAL("keepalive", 2, 2, IN_MAIN, set_keepalive,
		"PING RESTART",
		"Keep the tunnel alive, and notice when the peer is gone.\nShort "
		"for --ping and --ping-restart. A server pushes both to its "
		"clients and waits twice as long itself."),
	SECONDS("ping", config_set_u32, IN_PING, ping, 0,
		"Send a ping when nothing was sent for SECONDS."),
	SECONDS("ping-restart", set_ping_restart, IN_PING, ping_restart, 0,
		"Restart when nothing was received for SECONDS.\nClients default "
		"to 120. On a server only the one client is dropped."),
	SECONDS("ping-exit", set_ping_exit, IN_PING, ping_exit, 0,
		"Exit when nothing was received for SECONDS."),
	CONFIG_SPECIAL("inactive", 1, 2, IN_PING, set_inactive,
		"SECONDS [BYTES]",
		"End when less than BYTES went through the tunnel in SECONDS; 0 "
		"is off.\nBoth directions count together; what the daemons say to "
		"each other does not. Without BYTES any packet counts. A client "
		"exits; of a server only the one client is dropped. Can be "
		"pushed, and stand in a client's file."),
	SECONDS("session-timeout", config_set_u32, IN_PING, session_timeout, 0,
		"End a connection SECONDS after it was made; 0 is off.\nA client "
		"exits; of a server only the one client is dropped. Can be "
		"pushed, and stand in a client's file."),
	CONFIG_SPECIAL("reneg-sec", 1, 2, IN_MAIN, set_reneg_sec,
		"SECONDS [MIN]",
		"Change keys after this time at the latest; default 3600.\nWith "
		"MIN the time is chosen at random between the two; without it a "
		"server takes up to a tenth off. 0 leaves it to the other side."),
	SECONDS("hand-window", config_set_u32, IN_MAIN, hand_window, 1,
		"Give a key exchange SECONDS to finish; default 60."),
	SECONDS("tran-window", config_set_u32, IN_MAIN, tran_window, 1,
		"Accept an old key for SECONDS after a new one; default 3600."),
	SECONDS("tls-timeout", config_set_u32, IN_MAIN, tls_timeout, 1,
		"Send a control packet again after SECONDS; default 2."),
	{ "explicit-exit-notify", 0, 1, CONFIG_KIND_APPLY, IN_PULL,
	  set_exit_notify, CONFIG_FIELD(explicit_exit_notify), 0, 100, "[N]",
	  "Tell the other side when exiting, up to N times; default 1.\nOver TCP "
	  "the end of the connection says it." },
	CONFIG_SPECIAL("reneg-bytes", 1, 1, IN_MAIN, set_reneg_bytes, "N",
		"Change keys after N bytes, both ways together.\nThe default, 0, "
		"is no limit: the data path asks for a new key before a cipher's "
		"own limit is reached."),
	CONFIG_SPECIAL("reneg-pkts", 1, 1, IN_MAIN, set_reneg_pkts, "N",
		"Change keys after N packets, both ways together; default no limit."),
};

CONFIG_TABLE(timer, "Timers");
