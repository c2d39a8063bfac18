// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What strangers may cost a server: answers to first packets, new tunnels, and
 * tunnels of clients that have not yet shown who they are. A flood must be
 * bounded, and must not keep others out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define SOURCES		(1u << 20)	/* bits, one per address */
#define SOURCES_MS	1000	/* how long they are remembered */
#define STALE_MS	10000	/* a handshake takes one or two seconds */
#define RETURNS		(1u << 16)	/* bits, one per cookie */

/**
 * struct tunnel_limits - see the functions
 * @answers_since, @opens_since: ms, start of the interval
 * @answers, @opens: used of it
 * @sources_since: ms
 * @sources: who has had an answer since then; an address is a bit
 * @returns_since, @repeats_since: ms
 * @returns: cookies whose answer has been given back since then
 * @repeats: cookies that have come again
 */
struct tunnel_limits {
	uint64_t answers_since, opens_since, sources_since, returns_since;
	uint64_t repeats_since;
	uint32_t answers, opens, repeats;
	uint32_t seed;
	uint8_t sources[SOURCES / 8];
	uint8_t returns[RETURNS / 8];
};

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

struct tunnel_limits *tunnel_limits_new(uint32_t seed)
{
	struct tunnel_limits *limits = calloc(1, sizeof(*limits));

	if (limits)
		limits->seed = seed;
	return limits;
}

void tunnel_limits_free(struct tunnel_limits *limits)
{
	free(limits);
}

/* What one client can have as many of as it likes is left out. */
static void source_of(const union net_addr *remote, union net_addr *out)
{
	union net_addr addr = *remote;

	net_addr_unmap(&addr);
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = addr.sa.sa_family;
	if (addr.sa.sa_family == AF_INET)
		out->in4.sin_addr = addr.in4.sin_addr;
	else	/* a network of 64 bits */
		memcpy(&out->in6.sin6_addr, &addr.in6.sin6_addr, 8);
}

/* Return: false when the bit was set already. */
static bool bit_mark(uint8_t *bits, uint32_t at)
{
	uint8_t bit = (uint8_t)(1u << at % 8);

	if (bits[at / 8] & bit)
		return false;
	bits[at / 8] |= bit;
	return true;
}

/*
 * A flood from forged addresses sets a bit with nearly every packet. So that it
 * does not use them up, and with them the answers of others, they are forgotten
 * soon: 20,000 in a second then keep 2 of 100 others from an answer at most.
 *
 * Return: false when the address had its answer already.
 */
static bool source_mark(struct tunnel_limits *limits, uint64_t now,
			const union net_addr *remote)
{
	union net_addr source;

	if (now - limits->sources_since >= SOURCES_MS) {
		limits->sources_since = now;
		memset(limits->sources, 0, sizeof(limits->sources));
	}
	source_of(remote, &source);
	return bit_mark(limits->sources,
			net_addr_hash(&source, limits->seed) % SOURCES);
}

/**
 * tunnel_limits_answer() - connect-freq-initial: is a first packet answered
 * @host: the server
 * @remote: where it came from, which may be a lie
 * @is_stateless: the answer is all; otherwise a tunnel is made
 *
 * Beyond the limit each address gets one answer in a second, if that keeps
 * nothing: it is no weapon against whoever lives there, and lets others in
 * during a flood.
 *
 * Return: true if so.
 */
bool tunnel_limits_answer(struct tunnel_host *host,
			  const union net_addr *remote, bool is_stateless)
{
	const struct config *cfg = host->setup.cfg;
	struct tunnel_limits *limits = host->limits;
	uint64_t window = cfg->connect_freq_initial_sec * 1000ull;
	bool is_new;

	if (!cfg->connect_freq_initial_n)
		return true;
	if (now_of(host) - limits->answers_since >= window) {
		limits->answers_since = now_of(host);
		limits->answers = 0;
	}
	is_new = source_mark(limits, now_of(host), remote);
	if (limits->answers >= cfg->connect_freq_initial_n)
		return is_new && is_stateless;
	limits->answers++;
	return true;
}

/**
 * tunnel_limits_return() - an answer got to its address: may a session begin
 * @host: the server; the answer does not count any more
 * @cookie: that the answer was made of; it gives back once, however often it
 *	comes again, and not at all when it shares its bit with another one
 *
 * What comes again has a limit of its own, that of answers: who may come can
 * otherwise have sessions made as fast as it sends.
 *
 * Return: true if so.
 */
bool tunnel_limits_return(struct tunnel_host *host,
			  const struct proto_sid *cookie)
{
	const struct config *cfg = host->setup.cfg;
	struct tunnel_limits *limits = host->limits;
	/* longer than a cookie is good for */
	uint64_t window = 2000ull * cfg->hand_window;
	uint16_t at;

	if (now_of(host) - limits->returns_since >= window) {
		limits->returns_since = now_of(host);
		memset(limits->returns, 0, sizeof(limits->returns));
	}
	/* nobody can choose it, every part of it is as good as another */
	memcpy(&at, cookie->b, sizeof(at));
	if (bit_mark(limits->returns, at % RETURNS)) {
		if (limits->answers)
			limits->answers--;
		return true;
	}
	if (now_of(host) - limits->repeats_since >=
	    cfg->connect_freq_initial_sec * 1000ull) {
		limits->repeats_since = now_of(host);
		limits->repeats = 0;
	}
	return !cfg->connect_freq_initial_n ||
	       limits->repeats++ < cfg->connect_freq_initial_n;
}

/* connect-freq: tunnels, and further sessions of tunnels, in an interval */
static bool open_allowed(struct tunnel_host *host)
{
	static struct log_limit limit = { .burst = 2, .interval_ms = 10000 };
	const struct config *cfg = host->setup.cfg;
	struct tunnel_limits *limits = host->limits;

	if (!cfg->connect_freq_n)
		return true;
	if (now_of(host) - limits->opens_since >=
	    cfg->connect_freq_sec * 1000ull) {
		limits->opens_since = now_of(host);
		limits->opens = 0;
	}
	if (limits->opens >= cfg->connect_freq_n) {
		log_limited(&limit, LOG_LEVEL_WARN,
			    "connect-freq (%u in %u s) reached, new clients have to wait",
			    cfg->connect_freq_n, cfg->connect_freq_sec);
		return false;
	}
	limits->opens++;
	return true;
}

/**
 * tunnel_limits_again() - may a tunnel that is there have another session
 * @host: the server
 *
 * A client that has started anew comes again at its address. It costs as much
 * as one that comes for the first time.
 *
 * Return: true if so.
 */
bool tunnel_limits_again(struct tunnel_host *host)
{
	return open_allowed(host);
}

static bool is_same_source(const union net_addr *a, const union net_addr *b)
{
	union net_addr x, y;

	source_of(a, &x);
	source_of(b, &y);
	return !memcmp(&x, &y, sizeof(x));
}

/**
 * struct half_open - tunnels without a completed handshake
 * @oldest: NULL: none is older than STALE_MS
 * @n_same: from the address that wants another one
 */
struct half_open {
	struct tunnel *oldest;
	uint32_t n_same;
};

static struct half_open half_open_count(struct tunnel_host *host,
					const union net_addr *remote)
{
	const struct tunnel_registry *reg = &host->reg;
	uint64_t now = now_of(host);
	uint64_t opened_before = now > STALE_MS ? now - STALE_MS : 0;
	struct half_open found = { 0 };

	for (uint32_t i = 0; i < reg->max_tunnels; i++) {
		struct tunnel *tunnel = reg->by_id[i];

		if (!tunnel || tunnel->state != TUNNEL_STATE_HANDSHAKE)
			continue;
		if (is_same_source(&tunnel->remote, remote))
			found.n_same++;
		if (tunnel->opened_at <= opened_before) {
			opened_before = tunnel->opened_at;
			found.oldest = tunnel;
		}
	}
	return found;
}

/**
 * tunnel_limits_open() - may a client that has proved its address have a tunnel
 * @host: the server
 * @remote: the address
 *
 * When the last quarter of max-clients is touched, one address gets only a
 * part of it for handshakes; and when nothing is left, the oldest handshake
 * that is not getting anywhere makes room.
 *
 * Return: true if so; there is a free id then.
 */
bool tunnel_limits_open(struct tunnel_host *host, const union net_addr *remote)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	const struct tunnel_registry *reg = &host->reg;
	uint32_t max = host->setup.cfg->max_clients;
	struct half_open found;

	if (reg->n_tunnels >= max - max / 4) {
		found = half_open_count(host, remote);
		if (found.n_same > max / 16) {
			log_limited(&limit, LOG_LEVEL_WARN,
				    "max-clients (%u) is near, and one address has %u handshakes running: more have to wait",
				    max, found.n_same);
			return false;
		}
		if (reg->n_tunnels >= max && found.oldest)
			tunnel_close(found.oldest, "its handshake goes on for too long, others wait");
	}
	if (reg->n_tunnels >= max) {
		log_limited(&limit, LOG_LEVEL_WARN,
			    "max-clients (%u) reached, new clients are refused",
			    max);
		return false;
	}
	return open_allowed(host);
}
