// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the management interface that show something. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mgmt/iface.h"

#define SHOW_TEST_MAX	1000000

void mgmt_show_version(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	mgmt_iface_say(iface, "OpenVPN Version: %s", mgmt_title());
	mgmt_iface_say(iface, "Management Version: %d", MGMT_IFACE_VERSION);
	mgmt_iface_say(iface, "END");
}

void mgmt_show_pid(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	mgmt_iface_say(iface, "SUCCESS: pid=%d", getpid());
}

static void show_lines(struct mgmt_iface *iface, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		mgmt_conn_write(&iface->conn, text, len);
		text += len;
		text += *text == '\n';
	}
}

void mgmt_show_status(struct mgmt_iface *iface, const char *const *w)
{
	int version = w[1] ? atoi(w[1]) : 0;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!mgmt_iface_is_ready(iface, "status"))
		return;
	if (!version)
		version = iface->status_version;
	if (iface->is_server && (version < 1 || version > 3)) {
		mgmt_iface_say(iface, "ERROR: bad status format version number");
		return;
	}
	out = open_memstream(&text, &len);
	if (!out)
		return;
	mgmt_status_print(iface->host, version, out);
	if (!fclose(out))
		show_lines(iface, text);
	free(text);
}

/* ---- what is kept --------------------------------------------------- */

enum shown {
	SHOWN_LOG,
	SHOWN_STATE,
	SHOWN_ECHO,
};

static const char *const shown_names[] = { "log", "state", "echo" };

static void show_last(struct mgmt_iface *iface, enum shown what,
		      unsigned int n)
{
	const struct mgmt_ring *ring = what == SHOWN_STATE ? &iface->states :
							     &iface->echoes;

	if (what == SHOWN_LOG) {
		mgmt_iface_log_show(iface, n);
		return;
	}
	if (!n || n > ring->n)
		n = ring->n;
	while (n)
		mgmt_iface_say(iface, "%s", mgmt_ring_get(ring, --n));
}

static void show_follow(struct mgmt_iface *iface, enum shown what, bool is_on)
{
	switch (what) {
	case SHOWN_LOG:
		iface->has_log = is_on;
		iface->log_next = log_history_end();
		break;
	case SHOWN_STATE:
		iface->has_states = is_on;
		break;
	case SHOWN_ECHO:
		iface->has_echoes = is_on;
		break;
	}
	mgmt_iface_say(iface, "SUCCESS: real-time %s notification set to %s",
		       shown_names[what], is_on ? "ON" : "OFF");
}

static void show_word(struct mgmt_iface *iface, enum shown what,
		      const char *word)
{
	int n = atoi(word);

	if (!strcmp(word, "on") || !strcmp(word, "off")) {
		show_follow(iface, what, word[1] == 'n');
	} else if (!strcmp(word, "all") || n > 0) {
		show_last(iface, what, strcmp(word, "all") ?
			  (unsigned int)n : 0);
		mgmt_iface_say(iface, "END");
	} else {
		mgmt_iface_say(iface, "ERROR: %s parameter must be 'on' or 'off' or some number n or 'all'",
			       shown_names[what]);
	}
}

static void show_words(struct mgmt_iface *iface, enum shown what,
		       const char *const *w)
{
	show_word(iface, what, w[1] ? w[1] : "1");
	if (w[1] && w[2])
		show_word(iface, what, w[2]);
}

void mgmt_show_state(struct mgmt_iface *iface, const char *const *w)
{
	show_words(iface, SHOWN_STATE, w);
}

void mgmt_show_log(struct mgmt_iface *iface, const char *const *w)
{
	show_words(iface, SHOWN_LOG, w);
}

void mgmt_show_echo(struct mgmt_iface *iface, const char *const *w)
{
	show_words(iface, SHOWN_ECHO, w);
}

/* ---- numbers -------------------------------------------------------- */

void mgmt_show_load(struct mgmt_iface *iface, const char *const *w)
{
	struct tunnel_totals totals;

	(void)w;
	tunnel_host_totals(iface->host, &totals);
	mgmt_iface_say(iface, "SUCCESS: nclients=%u,bytesin=%" PRIu64
		       ",bytesout=%" PRIu64,
		       iface->is_server ? totals.n_clients : 0,
		       totals.bytes_in, totals.bytes_out);
}

void mgmt_show_clients(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	if (!iface->is_server) {
		mgmt_command_unsupported(iface, "nclients");
		return;
	}
	if (mgmt_iface_is_ready(iface, "nclients"))
		mgmt_iface_say(iface, "SUCCESS: nclients=%u",
			       tunnel_host_clients(iface->host));
}

void mgmt_show_remote_count(struct mgmt_iface *iface, const char *const *w)
{
	unsigned int n = 0;

	if (iface->is_server) {
		mgmt_command_unsupported(iface, w[0]);
		return;
	}
	if (!mgmt_iface_is_ready(iface, w[0]))
		return;
	while (tunnel_host_remote(iface->host, n))
		n++;
	mgmt_iface_say(iface, "%u", n);
	mgmt_iface_say(iface, "END");
}

const char *mgmt_remote_proto(const struct config_remote *remote,
			      char out[MGMT_PROTO_STRLEN])
{
	sa_family_t family = config_proto_family(remote->proto);
	bool is_tcp = config_proto_is_tcp(remote->proto);

	snprintf(out, MGMT_PROTO_STRLEN, "%s%s%s", is_tcp ? "tcp" : "udp",
		 family == AF_INET ? "4" : family == AF_INET6 ? "6" : "",
		 is_tcp ? "-client" : "");
	return out;
}

static void show_remote(struct mgmt_iface *iface, unsigned int n,
			const struct config_remote *remote)
{
	char proto[MGMT_PROTO_STRLEN];

	mgmt_iface_say(iface, "%u,%s,%u,%s,enabled", n, remote->host,
		       remote->port, mgmt_remote_proto(remote, proto));
}

/* One, those from one up to another, or all */
void mgmt_show_remotes(struct mgmt_iface *iface, const char *const *w)
{
	unsigned int from = (unsigned int)atoi(w[1]);
	unsigned int to = w[2] ? (unsigned int)atoi(w[2]) : from + 1;
	const struct config_remote *remote;

	if (iface->is_server) {
		mgmt_command_unsupported(iface, w[0]);
		return;
	}
	if (!mgmt_iface_is_ready(iface, w[0]))
		return;
	if (!strcmp(w[1], "all")) {
		from = 0;
		to = UINT_MAX;
	}
	for (; from < to; from++) {
		remote = tunnel_host_remote(iface->host, from);
		if (!remote)
			break;
		show_remote(iface, from, remote);
	}
	mgmt_iface_say(iface, "END");
}

void mgmt_show_net(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	if (mgmt_iface_is_ready(iface, "net"))
		mgmt_iface_say(iface, "ERROR: Sorry, this command is currently only implemented on Windows");
}

void mgmt_show_test(struct mgmt_iface *iface, const char *const *w)
{
	int n = atoi(w[1]);

	for (int i = 0; i < n && i < SHOW_TEST_MAX && !iface->conn.is_broken;
	     i++)
		mgmt_iface_say(iface, "[%d] The purpose of this command is to generate large amounts of output.",
			       i);
}
