// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client whose tunnel ended with an earlier process does not know that, and
 * would find out by its timeout. Nothing can be said in the TLS session that
 * it has, which is lost; so another key exchange begins, as it may at any time,
 * and in that the client is told to restart (section 8.10). It keeps its
 * password, or token: it is this end that has changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tunnel/private.h"

/* How often the last words may be lost once keys have been exchanged. */
#define HEARD_TRIES 2

/* How long the last words of a server take, and if it takes a key exchange. */
#define WORDS_MS 500
#define WORDS_KEY_MS 2000

static int farewell_begin(struct tunnel *tunnel,
			  const struct control_saved *saved)
{
	struct tunnel_session *ts = calloc(1, sizeof(*ts));
	int ret;

	if (!ts)
		return -ENOMEM;
	ts->tunnel = tunnel;
	ts->control = control_session_restore(&tunnel->host->env, saved, ts);
	if (!ts->control) {
		free(ts);
		return -EINVAL;
	}
	tunnel->active = ts;
	ret = control_session_renegotiate(ts->control);
	return ret ? ret : control_session_send(ts->control, "RESTART,[P]");
}

/**
 * tunnel_farewell() - have a client come again whose tunnel does not go on
 * @host: a server
 * @peer_id: that it had, which is not in use now
 * @way: to it
 * @common_name: for the log
 * @saved: its session
 *
 * The tunnel that is made for that has neither addresses nor a data path, and
 * ends when the client has been told, when it comes anew, or with hand-window.
 *
 * Return: 0 or -errno.
 */
int tunnel_farewell(struct tunnel_host *host, uint32_t peer_id,
		    const struct tunnel_way *way, const char *common_name,
		    const struct control_saved *saved)
{
	struct tunnel *tunnel;
	int ret;

	if (!net_addr_len(way->remote) ||
	    tunnel_registry_addr(&host->reg, way->remote, way->sock))
		return -EINVAL;
	tunnel = tunnel_new(host, peer_id, way);
	if (!tunnel)
		return -ENOMEM;
	tunnel->is_farewell = true;
	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%s",
		 common_name);
	ret = farewell_begin(tunnel, saved);
	if (ret)
		tunnel_close(tunnel, "cannot be told to connect again");
	else
		tunnel_close_later(tunnel, 1000ull *
				   host->setup.cfg->hand_window);
	return ret;
}

/** tunnel_farewell_heard() - keys are exchanged: the words are on their way */
void tunnel_farewell_heard(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;

	tunnel_set_deadline(tunnel, loop_now(host->setup.loop) + HEARD_TRIES *
			    1000ull * host->setup.cfg->tls_timeout);
}

/* Return: whether a key exchange has to end before it is said. */
static bool farewell_say(struct tunnel *tunnel, const char *text)
{
	struct control_session *session;
	enum control_state state;

	if (!tunnel->active)
		return false;
	session = tunnel->active->control;
	control_session_send(session, text);
	if (control_session_is_lost(session)) {
		tunnel->is_farewell = true;
		control_session_renegotiate(session);
		return true;
	}
	state = control_session_state(session);
	return tunnel->is_farewell ||
	       (tunnel->state == TUNNEL_STATE_CONNECTED &&
		state != CONTROL_STATE_ACTIVE &&
		state != CONTROL_STATE_GENERATED_KEYS);
}

/**
 * tunnel_farewell_all() - the last words to the clients of a server that ends
 * @host: the server
 *
 * With explicit-exit-notify 1 they come back to it, with 2 they go on to their
 * next server. Those that live in a session of an earlier process, or are about
 * to have another key, have to have that first.
 *
 * Return: ms that it takes; 0: nobody is told.
 */
uint32_t tunnel_farewell_all(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	const char *text = cfg->explicit_exit_notify == 2 ? "RESTART,[N]" :
							    "RESTART";
	bool is_long = false;

	if (!cfg->explicit_exit_notify || !host->reg.n_tunnels ||
	    !config_has_udp(cfg))
		return 0;
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i])
			is_long |= farewell_say(host->reg.by_id[i], text);
	return is_long ? WORDS_KEY_MS : WORDS_MS;
}
