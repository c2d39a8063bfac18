/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TUNNEL_CLIENT_H
#define TUNNEL_CLIENT_H

#include "tunnel/private.h"

/*
 * The client role: client_remote.c tries the remotes until one answers, by what
 * is said of them in client_choice.c; client.c is what follows.
 */

#define CLIENT_ADDRS_MAX	16	/* of one name */

struct client_lookup;

/**
 * enum client_state - of the connection as a whole
 */
enum client_state {
	CLIENT_STATE_IDLE,
	CLIENT_STATE_RESOLVE,
	CLIENT_STATE_TCP_CONNECT,
	CLIENT_STATE_WAIT,	/* handshake */
	CLIENT_STATE_GET_CONFIG,
	CLIENT_STATE_CONNECTED,
	CLIENT_STATE_RECONNECTING,	/* before the next try */
	CLIENT_STATE_EXITING,
};

/**
 * struct tunnel_client - see the states
 * @link: a connection that is being made; NULL otherwise
 * @relay: the one to a proxy that forwards the datagrams of @tunnel; NULL
 * @has_answer: something authentic has come from this remote
 * @pulled: configuration with the pushed options applied; NULL before
 * @pull: those options, for PUSH_UPDATE to change
 * @applied: the one that the device has now; NULL before
 * @addr: of the remote, or of the proxy in front of it
 * @addrs, @n_addrs: what the name of @remote, or of its proxy, stands for
 * @at_addr: the one in use; behind the first one they are tried in turn
 * @names: of routes in @pulled, that are being looked up before it is applied
 * @resolver, @name_resolver: of remotes, and of routes: a name server that is
 *	slow about the one is not waited for by the other
 * @push_deadline: ms, when PUSH_REPLY must have come
 * @n_tries: consecutive failures, for the back-off
 * @has_login: @username and @password are those to use
 * @is_choosing: in RECONNECTING, until it is said whether to take @remote
 * @is_choosing_proxy: likewise, through which proxy
 * @is_chosen: has said so
 * @changed: what he wants it to be, with @changed_host, or with @proxy
 * @origin: what it is otherwise; NULL: not known any more
 * @is_asking: in RECONNECTING, until they have been entered
 * @peer_info_base: its length without what tunnel_client_tell() adds
 * @peer_info_room: its greatest length, with NUL
 * @has_told: what has no room has been said in the log
 * @backoff: seconds that the server wants the next try to be away
 */
struct tunnel_client {
	enum client_state state;
	struct tunnel *tunnel;
	struct tunnel_link *link, *relay;
	bool has_answer;
	struct config *pulled, *applied;
	struct tunnel_pull pull;
	const struct config_remote *remote;
	union net_addr addr;
	union net_addr addrs[CLIENT_ADDRS_MAX];
	unsigned int n_addrs, at_addr;
	struct client_lookup *lookup;
	struct tunnel_route_names *names;
	struct loop_pool *resolver, *name_resolver;
	struct loop_timer *timer;
	uint64_t push_deadline;
	uint64_t exit_deadline;
	unsigned int n_tries;
	uint32_t backoff;
	bool has_login, is_asking;
	bool is_choosing, is_choosing_proxy, is_chosen;
	struct config_remote changed;
	const struct config_remote *origin;
	struct config_proxy proxy;
	char changed_host[256], proxy_host[256];
	bool has_requested;	/* has said PUSH_REQUEST */
	char peer_info[PROTO_KM2_MAX];
	size_t peer_info_base, peer_info_room;
	bool has_told;
	char username[PROTO_USER_PASS_MAX], password[PROTO_USER_PASS_MAX];
};

/** tunnel_client_enter_state() - the one way to another state */
void tunnel_client_enter_state(struct tunnel_client *client,
			       enum client_state state);

/** tunnel_client_connect() - try the remote whose turn it is */
void tunnel_client_connect(struct tunnel_host *host);

/**
 * tunnel_client_chooses() - ask about the remote whose turn it is, or its proxy
 *
 * Once for all addresses of a name: management-query-remote, or else
 * management-query-proxy.
 *
 * Return: is somebody asked, and has not answered yet?
 */
bool tunnel_client_chooses(struct tunnel_host *host);

/** tunnel_client_retry() - after a failure: wait, then try again */
void tunnel_client_retry(struct tunnel_host *host, const char *why);

/** tunnel_client_next_remote() - the next one is tried the next time */
void tunnel_client_next_remote(struct tunnel_host *host);

/** tunnel_client_next_address() - the next one of its name, if there is one */
void tunnel_client_next_address(struct tunnel_host *host);

/** tunnel_client_follow() - the server has said from @remote that it is it */
void tunnel_client_follow(struct tunnel_host *host,
			  const union net_addr *remote);

/** tunnel_client_drop_link() - forget a connection that is being made */
void tunnel_client_drop_link(struct tunnel_client *client);

/** tunnel_client_forget_lookup() - a name that is being looked up, too */
void tunnel_client_forget_lookup(struct tunnel_client *client);

/** tunnel_client_tell() - complete @peer_info (section 5.4, levels 2 and 3) */
void tunnel_client_tell(struct tunnel_host *host);

/* struct tunnel_role */
void tunnel_client_link_up(struct tunnel_host *host, struct tunnel_link *link);
void tunnel_client_link_down(struct tunnel_host *host,
			     struct tunnel_link *link, const char *why);

#endif
