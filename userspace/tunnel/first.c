// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's packets from sources without a session (section 2.6). What a
 * client has not proved costs no memory: its reset is answered with a cookie,
 * and only the packet that echoes it makes a session. On a connection it has
 * proved its address already, and the reset itself makes a session.
 */
#include <errno.h>
#include <string.h>

#include "tunnel/private.h"

#define DAY_S 86400

/**
 * struct first - a packet that no session has been found for
 * @pkt, @len: without the wrapped key at its end
 * @link: the connection that it came over; NULL for a datagram
 * @wrap: what it is wrapped with
 * @own: the same, if it came with the packet; NULL
 * @replay_id: for early negotiation
 * @parsed: its content, in @body
 */
struct first {
	const uint8_t *pkt;
	size_t len;
	struct tunnel_link *link;
	struct tunnel_way way;
	struct wrap_key *wrap;
	struct wrap_key *own;
	uint8_t metadata[WRAP_V2_METADATA_MAX];
	size_t metadata_len;
	uint32_t replay_id;
	uint8_t body[PROTO_PACKET_MAX];
	struct proto_control parsed;
};

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

/** tunnel_first_start() - be ready for strangers; 0 or -errno */
int tunnel_first_start(struct tunnel_host *host)
{
	uint32_t seed;
	int ret = host->env.random(&seed, sizeof(seed));

	if (ret)
		return ret;
	host->limits = tunnel_limits_new(seed);
	host->cookie = wrap_cookie_new(host->setup.cfg->hand_window);
	return host->limits && host->cookie ? 0 : -ENOMEM;
}

/** tunnel_first_free() - the end of it */
void tunnel_first_free(struct tunnel_host *host)
{
	wrap_cookie_free(host->cookie);
	tunnel_limits_free(host->limits);
	host->cookie = NULL;
	host->limits = NULL;
}

/* The parts of an address that every packet from there has in common. */
struct cookie_addr {
	uint16_t family;
	uint16_t port;
	uint8_t ip[16];
	uint32_t scope;
};

static void cookie_addr(const union net_addr *remote, struct cookie_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = remote->sa.sa_family;
	out->port = net_addr_port(remote);
	if (remote->sa.sa_family == AF_INET) {
		memcpy(out->ip, &remote->in4.sin_addr, 4);
	} else {
		memcpy(out->ip, &remote->in6.sin6_addr, 16);
		out->scope = remote->in6.sin6_scope_id;
	}
}

/* Answer a reset without keeping anything. */
static void stateless_reply(struct tunnel_host *host, const struct first *first)
{
	const struct tunnel_outer *outer = &host->setup.outer;
	struct proto_control reply = {
		.op = PROTO_CONTROL_HARD_RESET_SERVER_V2,
		.n_acks = 1,
		.remote_sid = first->parsed.sid,
	};
	uint8_t head[PROTO_HEAD_LEN], body[64], wire[256];
	uint8_t early[PROTO_EARLY_LEN];
	int64_t now = host->env.realtime();
	struct wrap_tx tx = { 0 };
	struct cookie_addr addr;
	size_t len;

	cookie_addr(first->way.remote, &addr);
	if (wrap_cookie_make(host->cookie, now, &addr, sizeof(addr),
			     &first->parsed.sid, &reply.sid))
		return;
	if (first->own) {
		/* the key is forgotten, too */
		proto_early_build(PROTO_EARLY_RESEND_WKC, early);
		reply.payload = early;
		reply.payload_len = sizeof(early);
	}
	proto_control_head(&reply, head);
	if (proto_control_body(&reply, body, sizeof(body), &len) ||
	    wrap_seal(first->wrap, &tx, now, head, body, len, wire,
		      sizeof(wire), &len))
		return;
	outer->send(outer->arg, &first->way, wire, len);
}

/* Does the packet echo a cookie made for its source, and nothing later? */
static bool cookie_is_valid(struct tunnel_host *host, const struct first *first)
{
	const struct proto_control *pkt = &first->parsed;
	struct cookie_addr addr;

	if (!pkt->n_acks || pkt->key_id)
		return false;
	for (unsigned int i = 0; i < pkt->n_acks; i++)
		if (pkt->acks[i] > 1)
			return false;
	if (pkt->op != PROTO_ACK_V1 && pkt->id > 1)
		return false;
	cookie_addr(first->way.remote, &addr);
	return wrap_cookie_check(host->cookie, host->env.realtime(),
				 &addr, sizeof(addr), &pkt->sid,
				 &pkt->remote_sid);
}

/* The tunnel that a new session belongs to; NULL: it may not begin. */
static struct tunnel *tunnel_for(struct tunnel_host *host,
				 const struct first *first)
{
	struct tunnel *tunnel = NULL;
	uint32_t peer_id;

	if (!first->link)
		tunnel = tunnel_registry_addr(&host->reg, first->way.remote,
					      first->way.sock);
	/* it comes without having been told to */
	if (tunnel && tunnel->is_farewell) {
		tunnel_close(tunnel, "the client comes anew");
		tunnel = NULL;
	}
	if (tunnel)
		return tunnel->state != TUNNEL_STATE_EXITING &&
		       tunnel_limits_again(host) ? tunnel : NULL;
	if (!tunnel_limits_open(host, first->way.remote) ||
	    tunnel_registry_id(&host->reg, &peer_id))
		return NULL;
	tunnel = tunnel_new(host, peer_id, &first->way);
	if (!tunnel)
		return NULL;
	if (first->link)
		tunnel_link_bind(tunnel, first->link);
	tunnel_set_deadline(tunnel, now_of(host) +
			    2000ull * host->setup.cfg->hand_window);
	return tunnel;
}

/* tls-crypt-v2-max-age (section 2.2) */
static bool key_is_young(struct tunnel_host *host, const struct first *first)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	uint32_t max_days = host->setup.cfg->tls_crypt_v2_max_age;
	char addr[NET_ADDR_STRLEN];
	struct mem_reader rd;
	int64_t age;
	uint8_t type;

	if (!first->own || !max_days)
		return true;
	mem_reader_init(&rd, first->metadata, first->metadata_len);
	type = mem_read_u8(&rd);
	age = host->env.realtime() - (int64_t)mem_read_be64(&rd);
	if (!rd.is_bad && type == WRAP_V2_METADATA_TIMESTAMP &&
	    age <= (int64_t)max_days * DAY_S)
		return true;
	log_limited(&limit, LOG_LEVEL_NOTICE,
		    "%s: refused: its tls-crypt-v2 key %s",
		    net_addr_format(first->way.remote, addr),
		    rd.is_bad || type != WRAP_V2_METADATA_TIMESTAMP ?
		    "does not say when it was made" :
		    "is older than tls-crypt-v2-max-age");
	return false;
}

/* Make the session that the packet begins, and give the packet to it. */
static int begin_session(struct tunnel_host *host, struct first *first,
			  bool has_cookie)
{
	struct control_origin origin = {
		.has_cookie = has_cookie,
		.local = first->parsed.remote_sid,
		.remote = first->parsed.sid,
		.wrap = first->own,
	};
	struct tunnel_session *ts;
	struct tunnel *tunnel;

	if (!key_is_young(host, first))
		return -EACCES;
	/* a completed exchange gives its share of the limit back */
	if (has_cookie &&
	    !tunnel_limits_return(host, &first->parsed.remote_sid))
		return -EBUSY;
	tunnel = tunnel_for(host, first);
	if (!tunnel)
		return -EBUSY;
	if (first->own && hook_has(host->setup.hook,
				   HOOK_TLS_CRYPT_V2_VERIFY)) {
		first->own = NULL;
		return tunnel_v2_ask(tunnel, &origin, first->metadata,
				     first->metadata_len, first->pkt,
				     first->len);
	}
	if (tunnel_session_open(tunnel, &origin))
		return -ENOMEM;
	first->own = NULL;
	ts = tunnel->untrusted ? tunnel->untrusted : tunnel->active;
	return control_session_input(ts->control, first->pkt, first->len);
}

static void first_reset(struct tunnel_host *host, struct first *first)
{
	bool is_stateless = !first->own || wrap_v2_is_early(first->replay_id);

	if (first->parsed.key_id ||
	    !tunnel_limits_answer(host, first->way.remote, is_stateless))
		return;
	if (is_stateless)
		stateless_reply(host, first);
	/* 2.5 cannot send its key twice, so that its session begins here */
	else if (!host->setup.cfg->is_cookie_forced)
		begin_session(host, first, false);
}

static void first_parsed(struct tunnel_host *host, struct first *first)
{
	switch (first->parsed.op) {
	case PROTO_CONTROL_HARD_RESET_CLIENT_V2:
	case PROTO_CONTROL_HARD_RESET_CLIENT_V3:
		first_reset(host, first);
		break;
	case PROTO_CONTROL_V1:
	case PROTO_CONTROL_WKC_V1:
	case PROTO_ACK_V1:
		if (cookie_is_valid(host, first))
			begin_session(host, first, true);
		break;
	case PROTO_CONTROL_HARD_RESET_CLIENT_V1:
	case PROTO_CONTROL_HARD_RESET_SERVER_V1:
	case PROTO_CONTROL_HARD_RESET_SERVER_V2:
	case PROTO_CONTROL_SOFT_RESET_V1:
	case PROTO_DATA_V1:
	case PROTO_DATA_V2:
		break;
	}
}

static bool opcode_has_wkc(unsigned int op)
{
	return op == PROTO_CONTROL_HARD_RESET_CLIENT_V3 ||
	       op == PROTO_CONTROL_WKC_V1;
}

/* What the packet is wrapped with: the server's key, or one that it brings. */
static int first_find_wrap(struct tunnel_host *host, struct first *first)
{
	uint8_t key[WRAP_STATIC_KEY_LEN];
	size_t wkc_len;
	int ret;

	if (!opcode_has_wkc(proto_byte_opcode(first->pkt[0]))) {
		first->wrap = host->wrap;
		return host->wrap ? 0 : -EPROTO;
	}
	if (!host->v2 || wrap_v2_split(first->pkt, first->len, &wkc_len))
		return -EPROTO;
	first->len -= wkc_len;
	ret = wrap_v2_open(host->v2, first->pkt + first->len, wkc_len, key,
			   first->metadata, &first->metadata_len);
	if (!ret)
		ret = wrap_key_new(WRAP_MODE_TLS_CRYPT, key,
				   WRAP_DIRECTION_NORMAL, NULL, &first->own);
	mem_wipe(key, sizeof(key));
	first->wrap = first->own;
	return ret;
}

/* The packet without its wrapping; 0 or -errno. */
static int first_open(struct tunnel_host *host, struct first *first)
{
	size_t body_len;
	int ret;

	first->own = NULL;
	ret = first_find_wrap(host, first);
	if (!ret)
		ret = wrap_open(first->wrap, NULL, now_of(host), first->pkt,
				first->len, first->body, sizeof(first->body),
				&body_len, &first->replay_id);
	if (!ret)
		ret = proto_control_parse(&first->parsed, first->pkt,
					  first->body, body_len);
	return ret;
}

static void first_packet(struct tunnel_host *host, const uint8_t *pkt,
			 size_t len, const struct tunnel_way *way)
{
	struct first first;

	first.pkt = pkt;
	first.len = len;
	first.link = NULL;
	first.way = *way;
	if (!first_open(host, &first))
		first_parsed(host, &first);
	wrap_key_free(first.own);
}

static struct tunnel_session *session_of(struct tunnel *tunnel,
					 const struct proto_sid *sid)
{
	struct tunnel_session *both[] = { tunnel->active, tunnel->untrusted };

	for (unsigned int i = 0; i < 2; i++)
		if (both[i] && proto_sid_is_equal(sid,
				control_session_remote(both[i]->control)))
			return both[i];
	return NULL;
}

/* A packet of a session: its key is known, a wrapped one is only in the way. */
static int session_packet(struct tunnel_session *ts, const uint8_t *pkt,
			  size_t len)
{
	size_t wkc_len = 0;

	if (opcode_has_wkc(proto_byte_opcode(pkt[0])) &&
	    wrap_v2_split(pkt, len, &wkc_len))
		return -EBADMSG;
	return control_session_input(ts->control, pkt, len - wkc_len);
}

/**
 * tunnel_first_input() - a control packet has come to the server
 * @host: the server
 * @pkt, @len: of PROTO_HEAD_LEN bytes at least
 * @way: where from, and where to
 */
void tunnel_first_input(struct tunnel_host *host, const uint8_t *pkt,
			size_t len, const struct tunnel_way *way)
{
	struct tunnel *tunnel = tunnel_registry_addr(&host->reg, way->remote,
						     way->sock);
	bool is_reset = proto_opcode_is_hard_reset(proto_byte_opcode(pkt[0]));
	struct tunnel_session *ts = NULL;
	struct proto_sid sid;

	memcpy(sid.b, pkt + 1, sizeof(sid.b));
	if (tunnel)
		ts = session_of(tunnel, &sid);
	/* a reset that comes again is answered without state, too */
	if (ts && !(is_reset && ts->has_cookie))
		session_packet(ts, pkt, len);
	else if (!host->is_stopping)
		first_packet(host, pkt, len, way);
}

static bool is_first_of_link(const struct proto_control *pkt)
{
	return !pkt->key_id && (pkt->op == PROTO_CONTROL_HARD_RESET_CLIENT_V2 ||
				pkt->op == PROTO_CONTROL_HARD_RESET_CLIENT_V3);
}

/* The reset with which a client begins makes the only session of its link. */
static int link_first(struct tunnel_host *host, struct tunnel_link *link,
		      const uint8_t *pkt, size_t len)
{
	struct first first;
	int ret;

	first.pkt = pkt;
	first.len = len;
	first.link = link;
	first.way = (struct tunnel_way){
		&link->remote, &link->local, link->sock,
	};
	ret = first_open(host, &first);
	if (!ret && !is_first_of_link(&first.parsed))
		ret = -EPROTO;
	if (!ret)
		ret = begin_session(host, &first, false);
	wrap_key_free(first.own);
	return ret;
}

/**
 * tunnel_first_link() - a control packet has come to the server on a connection
 * @host: the server
 * @link: the connection
 * @pkt, @len: of PROTO_HEAD_LEN bytes at least
 *
 * Return: 0, or -errno why the connection is of no more use.
 */
int tunnel_first_link(struct tunnel_host *host, struct tunnel_link *link,
		      const uint8_t *pkt, size_t len)
{
	struct tunnel_session *ts;
	struct proto_sid sid;
	int ret;

	if (!link->tunnel)
		return host->is_stopping ? -ESHUTDOWN :
					   link_first(host, link, pkt, len);
	memcpy(sid.b, pkt + 1, sizeof(sid.b));
	ts = session_of(link->tunnel, &sid);
	/* its reset has come again, as long as the answer is not known */
	if (!ts)
		return link->tunnel->v2 ? 0 : -EPROTO;
	ret = session_packet(ts, pkt, len);
	/* a late packet of an earlier exchange has done nothing wrong */
	return ret == -EBADMSG ? ret : 0;
}
