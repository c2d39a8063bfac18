// SPDX-License-Identifier: GPL-2.0-or-later
/* A tunnel in the data path: its peer, its keys, and what is reported of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

/* The longest time that the kernel takes. */
#define KEEPALIVE_MAX_S 86400u

static uint64_t now_of(const struct tunnel *tunnel)
{
	return loop_now(tunnel->host->setup.loop);
}

/**
 * tunnel_data_install() - a key into the data path
 * @tunnel: its peer is there
 * @slot: where to
 * @key_id: of the key
 * @pair: it
 * @live: see struct dp_key
 *
 * Return: 0 or -errno.
 */
int tunnel_data_install(struct tunnel *tunnel, enum dp_slot slot,
			uint8_t key_id, const struct keygen_pair *pair,
			struct dp_counter *live)
{
	const struct tunnel_session *ts = tunnel->active;
	const struct config *cfg = tunnel->host->setup.cfg;
	const struct dp_key key = {
		.key_id = key_id,
		.live = live,
		.cipher = ts->params.cipher,
		.digest = cfg->auth,
		.is_epoch = ts->params.is_epoch,
		.has_window = cfg->has_replay_window,
		.replay_window = cfg->replay_window,
		.replay_time = cfg->replay_time,
		.send = {
			.cipher_key = pair->send.cipher_key,
			.cipher_key_len = pair->send.cipher_key_len,
			.nonce_tail = pair->send.nonce_tail,
			.hmac_key = pair->send.hmac_key,
			.epoch_secret = pair->send.epoch_secret,
		},
		.recv = {
			.cipher_key = pair->recv.cipher_key,
			.cipher_key_len = pair->recv.cipher_key_len,
			.nonce_tail = pair->recv.nonce_tail,
			.hmac_key = pair->recv.hmac_key,
			.epoch_secret = pair->recv.epoch_secret,
		},
	};

	return dp_key_set(tunnel->host->dp, tunnel->dp_id, slot, &key);
}

/* When this side begins to send with the key just negotiated (section 4.5). */
static uint64_t data_usable_at(const struct tunnel *tunnel)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	uint32_t wait = cfg->hand_window;

	if (cfg->reneg_sec && cfg->reneg_sec / 2 < wait)
		wait = cfg->reneg_sec / 2;
	return control_session_started(tunnel->active->control) +
	       wait * 1000ull;
}

static int data_key(struct tunnel *tunnel, bool is_first)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	const struct tunnel_session *ts = tunnel->active;
	uint64_t now = now_of(tunnel);
	struct keygen_pair *pair = mem_secret_alloc(sizeof(*pair));
	uint8_t *key2 = mem_secret_alloc(KEYGEN_KEY2_LEN);
	uint8_t key_id = control_session_key_id(ts->control);
	int ret = pair && key2 ? 0 : -ENOMEM;
	int slot;

	if (!ret)
		ret = control_session_key2(ts->control, ts->params.is_ekm,
					   key2);
	/* a key that still waits must not be overwritten */
	if (!ret && keygen_rotation_make_room(&tunnel->rotation) ==
		    KEYGEN_ACTION_SWAP)
		ret = dp_key_swap(tunnel->host->dp, tunnel->dp_id);
	if (!ret) {
		keygen_split(key2, ts->params.cipher, cfg->is_tls_server,
			     pair);
		slot = keygen_rotation_add(&tunnel->rotation, key_id,
				is_first ? now : data_usable_at(tunnel),
				now + cfg->tran_window * 1000ull);
		ret = tunnel_data_install(tunnel, slot ? DP_SLOT_SECONDARY :
					  DP_SLOT_PRIMARY, key_id, pair,
					  tunnel_survive_key(tunnel, key_id,
							     pair));
	}
	mem_secret_free(key2);
	mem_secret_free(pair);
	return ret;
}

/*
 * The data path wants both times or none; what is not configured is then so
 * long that it does not matter.
 */
int tunnel_data_keepalive(struct tunnel *tunnel, const struct config *cfg)
{
	uint32_t timeout = cfg->ping_restart ? cfg->ping_restart :
					       cfg->ping_exit;

	if (!cfg->ping && !timeout)
		return dp_peer_set_keepalive(tunnel->host->dp, tunnel->dp_id,
					     0, 0);
	return dp_peer_set_keepalive(tunnel->host->dp, tunnel->dp_id,
				     cfg->ping ? cfg->ping : KEEPALIVE_MAX_S,
				     timeout ? timeout : KEEPALIVE_MAX_S);
}

static void data_generated(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	uint32_t random = 0;

	tunnel->host->env.random(&random, sizeof(random));
	control_session_generated(tunnel->active->control,
			keygen_reneg_delay(cfg->reneg_sec, cfg->reneg_sec_min,
					   random));
	tunnel_usage_begin(tunnel);
	tunnel_set_deadline(tunnel, tunnel->deadline);
}

static int data_stream_send(void *arg, const uint8_t *pkt, size_t len)
{
	const struct tunnel *tunnel = arg;

	return tunnel->link->ops->send(tunnel->link, pkt, len, true);
}

/**
 * tunnel_data_is_apart() - is it a peer apart from the kernel's?
 * @tunnel: with an active session
 */
bool tunnel_data_is_apart(const struct tunnel *tunnel)
{
	const struct dp *dp = tunnel->host->dp;

	return dp_is_apart(dp) &&
	       tunnel_data_special(dp, &tunnel->active->params);
}

/**
 * tunnel_data_wire_id() - what a client calls its peer id, and packets have
 * @tunnel: a server's, with an active session
 */
uint32_t tunnel_data_wire_id(const struct tunnel *tunnel)
{
	bool is_marked = tunnel_data_is_apart(tunnel) && !tunnel->link;

	return tunnel->peer_id | (is_marked ? DP_ID_APART : 0);
}

/* What the data path has to know about the tunnel's connection. */
static int data_stream(struct tunnel *tunnel, struct dp_peer *peer)
{
	struct tunnel_link *link = tunnel->link;

	peer->fd = link->ops->fd(link);
	peer->is_tcp = true;
	peer->stream.send = data_stream_send;
	peer->stream.arg = tunnel;
	if (!dp_owns_stream(tunnel->host->dp))
		return 0;
	if (!tunnel_data_is_apart(tunnel))
		return link->ops->hand_over(link);
	link->ops->keep(link);
	return 0;
}

/* With mssfix not given, as OpenVPN has it for the usual MTU (section 7.10). */
#define MSSFIX_USUAL_MTU 1500
#define MSSFIX_USUAL 1492

static void data_mss(const struct config *cfg, struct dp_format *format)
{
	format->mss_size = (uint16_t)cfg->mssfix;
	switch (cfg->mssfix_kind) {
	case CONFIG_MSSFIX_DEFAULT:
		break;
	case CONFIG_MSSFIX_LINK:
		format->mss = DP_MSS_LINK;
		return;
	case CONFIG_MSSFIX_MTU:
		format->mss = DP_MSS_MTU;
		return;
	case CONFIG_MSSFIX_FIXED:
		format->mss = DP_MSS_FIXED;
		return;
	case CONFIG_MSSFIX_OFF:
		format->mss = DP_MSS_OFF;
		return;
	}
	format->mss = DP_MSS_ROUTE;
	format->mss_size = cfg->tun_mtu == MSSFIX_USUAL_MTU ? MSSFIX_USUAL : 0;
	if (format->fragment) {
		format->mss = format->is_fragment_mtu ? DP_MSS_MTU :
							DP_MSS_LINK;
		format->mss_size = format->fragment;
	}
}

/**
 * tunnel_data_special() - what of a peer's packets only userspace can carry
 * @dp: the data path; kernels differ in what they can do
 * @params: as negotiated
 *
 * Return: the first such thing, for a message; NULL: there is none.
 */
const char *tunnel_data_special(const struct dp *dp,
				const struct control_params *params)
{
	if (params->is_epoch && !(dp_has_kernel(dp) && dp_has_epochs(dp)))
		return "epoch data keys";
	if (params->is_v1)
		return "packets without a peer id";
	if (params->framing == PROTO_FRAMING_LZO ||
	    params->framing == PROTO_FRAMING_SWAP)
		return "compression framing";
	if (params->is_fragmented)
		return "fragments";
	return proto_cipher_is_aead(params->cipher) ?
	       NULL : proto_cipher_name(params->cipher);
}

#define IP4_LEN		20u
#define IP6_LEN		40u
#define UDP_LEN		8u
#define TCP_LEN		20u
/* beside what is sealed in a datagram, of the longer format: with epochs */
#define SEALED_OVERHEAD	28u

/* Of IP and the transport, of clients over IPv6 if there can be any. */
static uint32_t data_outer_len(const struct config *cfg)
{
	bool is_ip4 = config_proto_family(cfg->proto) == AF_INET;

	return (is_ip4 ? IP4_LEN : IP6_LEN) +
	       (config_has_tcp(cfg) ? TCP_LEN : UDP_LEN);
}

/**
 * tunnel_data_mss() - mssfix for a device of the kernel's (section 7.10)
 *
 * That has one number for all peers, so it is the least of what they need.
 *
 * Return: as in struct dp_config.
 */
uint16_t tunnel_data_mss(const struct config *cfg)
{
	uint32_t less = IP4_LEN + TCP_LEN, size = cfg->mssfix;

	switch (cfg->mssfix_kind) {
	case CONFIG_MSSFIX_DEFAULT:
		return 0;
	case CONFIG_MSSFIX_OFF:
		return DP_MSS_ANY;
	case CONFIG_MSSFIX_FIXED:
		break;
	case CONFIG_MSSFIX_MTU:
		less += data_outer_len(cfg);
		/* fallthrough */
	case CONFIG_MSSFIX_LINK:
		less += SEALED_OVERHEAD;
		if (config_has_tcp(cfg))
			less += PROTO_RECORD_PREFIX;
		break;
	}
	/* below what any TCP takes is as if it was 1 */
	return size > less ? (uint16_t)(size - less) : 1;
}

static void data_format(const struct tunnel *tunnel, const struct config *cfg,
			struct dp_format *format)
{
	const struct control_params *params = &tunnel->active->params;

	format->cipher = params->cipher;
	format->is_epoch = params->is_epoch;
	format->is_v1 = params->is_v1;
	format->framing = params->framing;
	format->has_class = cfg->is_passtos;
	if (params->is_fragmented && !tunnel->link) {
		format->fragment = (uint16_t)cfg->fragment;
		format->is_fragment_mtu = cfg->is_fragment_mtu;
		format->join_max = cfg->tun_mtu;
	}
	data_mss(cfg, format);
}

static size_t data_nat(const struct config *cfg, struct dp_nat *out)
{
	const struct config_nat *rule;
	size_t n = 0;

	for (rule = cfg->nat; rule && n < DP_NAT_MAX; rule = rule->next) {
		unsigned int bits = 32 - rule->network.len;

		out[n++] = (struct dp_nat){
			.is_dst = rule->is_dst,
			.network = rule->network.ip.in4.s_addr,
			.mask = htonl((uint32_t)(~0ull << bits)),
			.alias = rule->alias.in4.s_addr,
		};
	}
	return n;
}

/**
 * tunnel_data_peer() - the tunnel's peer in the data path
 * @tunnel: with an active session
 * @tx_id: peer id in packets sent
 * @cfg: sizes
 *
 * Return: 0 or -errno.
 */
int tunnel_data_peer(struct tunnel *tunnel, uint32_t tx_id,
		     const struct config *cfg)
{
	struct tunnel_host *host = tunnel->host;
	struct dp_peer peer = {
		.id = tunnel->dp_id,
		.tx_id = tx_id,
		.vpn4 = tunnel->vpn4,
		.vpn6 = tunnel->vpn6,
		.max_macs = cfg->max_routes_per_client,
		.occ = tunnel_occ(tunnel, tunnel->active->params.framing),
	};
	struct dp_nat nat[DP_NAT_MAX];
	int ret = 0;

	if (cfg->shaper && dp_is_plain(host->dp))
		log_warn("shaper has no effect on the kernel data path; add the line: data-path user");
	/* only one that is configured; what is pushed comes too late for it */
	peer.rate = host->server ? 0 : cfg->shaper;
	peer.has_mtu_test = cfg->is_mtu_test && !tunnel->link;
	peer.nat = nat;
	peer.n_nat = host->server ? 0 : data_nat(cfg, nat);
	data_format(tunnel, cfg, &peer.format);
	if (tunnel_data_is_apart(tunnel))
		ret = tunnel_device_apart(host);
	if (ret)
		return ret;
	if (tunnel->link) {
		ret = data_stream(tunnel, &peer);
	} else {
		peer.fd = tunnel_sock_fd(host, tunnel->sock);
		peer.remote = tunnel->remote;
		peer.local = tunnel->local;
	}
	return ret ? ret : dp_peer_add(host->dp, &peer);
}

/**
 * tunnel_data_connect() - the tunnel's peer and first key in the data path
 * @tunnel: with an active session whose first exchange is complete
 * @tx_id: peer id in packets sent
 * @cfg: ping times and sizes, as configured or pushed
 *
 * A peer that is there already, of an earlier session, is replaced.
 *
 * Return: 0 or -errno; then no peer is left.
 */
int tunnel_data_connect(struct tunnel *tunnel, uint32_t tx_id,
			const struct config *cfg)
{
	const char *what;
	int ret;

	tunnel_data_disconnect(tunnel);
	ret = tunnel_data_peer(tunnel, tx_id, cfg);
	if (ret)
		return ret;
	tunnel->has_dp_peer = true;
	what = tunnel_data_special(tunnel->host->dp, &tunnel->active->params);
	snprintf(tunnel->dp_why, sizeof(tunnel->dp_why), "%s%s",
		 what ? "only userspace carries " : "", what ? what : "");
	keygen_rotation_init(&tunnel->rotation);
	ret = data_key(tunnel, true);
	if (!ret && (cfg->ping || cfg->ping_restart || cfg->ping_exit))
		ret = tunnel_data_keepalive(tunnel, cfg);
	if (!ret && tunnel->active->params.is_dyn_tls_crypt)
		ret = control_session_dynamic_wrap(tunnel->active->control);
	if (ret) {
		tunnel_data_disconnect(tunnel);
		return ret;
	}
	data_generated(tunnel);
	return 0;
}

/** tunnel_data_rekey() - install the key of a renegotiation; 0 or -errno */
int tunnel_data_rekey(struct tunnel *tunnel)
{
	int ret = data_key(tunnel, false);

	if (ret)
		return ret;
	data_generated(tunnel);
	tunnel_survive_save(tunnel);
	return 0;
}

/**
 * tunnel_data_next_key() - another key exchange begins
 * @tunnel: the peer forgets what was sent with before the newest key, which
 *	sends from now on, though its time has not come
 */
void tunnel_data_next_key(struct tunnel *tunnel)
{
	char label[160];
	int ret;

	if (!tunnel->has_dp_peer ||
	    keygen_rotation_make_room(&tunnel->rotation) != KEYGEN_ACTION_SWAP)
		return;
	ret = dp_key_swap(tunnel->host->dp, tunnel->dp_id);
	if (ret)
		log_warn("%s: key rotation: %s",
			 tunnel_label(tunnel, label, sizeof(label)),
			 strerror(-ret));
	tunnel_survive_save(tunnel);
}

void tunnel_data_disconnect(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	struct dp_peer_info info;

	if (!tunnel->has_dp_peer)
		return;
	tunnel->has_dp_peer = false;
	if ((tunnel->is_hooked || host->watch->phase) &&
	    !dp_peer_get(host->dp, tunnel->dp_id, &info)) {
		tunnel->stats = info.stats;
		host->past.link_rx_bytes += info.stats.link_rx_bytes;
		host->past.link_tx_bytes += info.stats.link_tx_bytes;
	}
	dp_peer_del(host->dp, tunnel->dp_id);
	keygen_rotation_init(&tunnel->rotation);
}

/* Swap and delete keys when their time has come. */
void tunnel_data_step(struct tunnel *tunnel)
{
	struct dp *dp = tunnel->host->dp;
	enum keygen_action action;
	bool is_changed = false;
	char label[160];
	int ret;

	do {
		ret = 0;
		action = keygen_rotation_step(&tunnel->rotation,
					      now_of(tunnel));
		switch (action) {
		case KEYGEN_ACTION_SWAP:
			ret = dp_key_swap(dp, tunnel->dp_id);
			break;
		case KEYGEN_ACTION_DELETE_SECONDARY:
			ret = dp_key_del(dp, tunnel->dp_id, DP_SLOT_SECONDARY);
			break;
		case KEYGEN_ACTION_NONE:
			break;
		}
		if (ret)
			log_warn("%s: key rotation: %s",
				 tunnel_label(tunnel, label, sizeof(label)),
				 strerror(-ret));
		is_changed |= action != KEYGEN_ACTION_NONE;
	} while (action != KEYGEN_ACTION_NONE);
	if (is_changed)
		tunnel_survive_save(tunnel);
}

/* events */

static struct tunnel *find(struct tunnel_host *host, uint32_t dp_id)
{
	return host->role->find(host, dp_id);
}

static const char *reason_text(enum dp_del_reason reason)
{
	switch (reason) {
	case DP_DEL_TEARDOWN:
		return "device teardown";
	case DP_DEL_USERSPACE:
		return "deleted by another program";
	case DP_DEL_EXPIRED:
		return "ping-restart";
	case DP_DEL_TRANSPORT_ERROR:
		return "transport error";
	case DP_DEL_TRANSPORT_DISCONNECT:
		return "transport closed";
	}
	return "unknown";
}

static void event_deleted(void *arg, uint32_t peer_id,
			  enum dp_del_reason reason)
{
	struct tunnel *tunnel = find(arg, peer_id);
	char label[160];

	if (!tunnel || !tunnel->has_dp_peer)
		return;
	tunnel->has_dp_peer = false;
	tunnel->is_expired = reason == DP_DEL_EXPIRED;
	if (tunnel->is_expired)
		log_notice("%s: Inactivity timeout (--ping-restart)",
			   tunnel_label(tunnel, label, sizeof(label)));
	tunnel_close(tunnel, reason_text(reason));
}

/*
 * An authentic packet came from an address where there is a tunnel already. Its
 * sender may have written anybody's address into it, so that only the holder of
 * the same certificate has left there for certain; and who has not proved to be
 * anybody yet makes room (section 9.3).
 */
static bool may_take_over(const struct tunnel *tunnel,
			  const struct tunnel *other)
{
	const struct tunnel_session *own = tunnel->active;
	const struct tunnel_session *theirs = other->active;

	if (other->state == TUNNEL_STATE_ADOPTED)
		return false;
	if (!theirs || !theirs->has_identity)
		return true;
	return own && own->has_identity && own->identity.has_cert &&
	       theirs->identity.has_cert &&
	       !memcmp(own->identity.fingerprint, theirs->identity.fingerprint,
		       sizeof(own->identity.fingerprint));
}

static void event_floated(void *arg, uint32_t peer_id, int fd,
			  const union net_addr *remote)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	/* a peer can do it with each packet; many do when a network moves */
	static struct log_limit moves = { .burst = 100, .interval_ms = 10000 };
	struct tunnel_host *host = arg;
	struct tunnel *tunnel = find(host, peer_id), *other;
	char from[NET_ADDR_STRLEN], to[NET_ADDR_STRLEN], label[160];
	unsigned int sock;

	if (!tunnel)
		return;
	sock = tunnel->sock;
	tunnel_sock_of_fd(host, fd, &sock);
	other = tunnel_registry_addr(&host->reg, remote, sock);
	if (other == tunnel)
		return;
	if (other && !may_take_over(tunnel, other)) {
		log_limited(&limit, LOG_LEVEL_NOTICE,
			    "peer %u sends from the address of %s, which keeps it",
			    peer_id, tunnel_label(other, label, sizeof(label)));
		return;
	}
	if (other)
		tunnel_close(other, "address taken over by another peer");
	log_limited(&moves, LOG_LEVEL_NOTICE,
		    "peer %u (%s) floated from %s to %s%s", peer_id,
		    tunnel->common_name[0] ? tunnel->common_name : "UNDEF",
		    net_addr_format(&tunnel->remote, from),
		    net_addr_format(remote, to),
		    sock != tunnel->sock ? ", by another socket" : "");
	/* the address that it came to was the other socket's */
	if (sock != tunnel->sock)
		tunnel->local = (union net_addr){ .sa.sa_family = AF_UNSPEC };
	tunnel_registry_move(&host->reg, tunnel, remote, sock);
	tunnel_monitor_tell(tunnel, TUNNEL_CHANGE_REMOTE, "");
	tunnel_survive_save(tunnel);
}

static void event_exhausted(void *arg, uint32_t peer_id, uint8_t key_id)
{
	struct tunnel *tunnel = find(arg, peer_id);

	if (!tunnel || !tunnel->active)
		return;
	log_info("peer %u: key %u is nearly used up, renegotiating", peer_id,
		 key_id);
	control_session_renegotiate(tunnel->active->control);
}

static void event_exit(void *arg, uint32_t peer_id)
{
	struct tunnel *tunnel = find(arg, peer_id);

	if (tunnel)
		tunnel_close(tunnel, "remote-exit");
}

static int resync_one(void *arg, const struct dp_peer_info *info)
{
	struct tunnel *tunnel = find(arg, info->id);

	if (tunnel && tunnel->has_dp_peer &&
	    info->remote.sa.sa_family != AF_UNSPEC &&
	    !net_addr_is_equal(&tunnel->remote, &info->remote))
		event_floated(arg, info->id, -1, &info->remote);
	return 0;
}

/* Notifications were lost: look at each peer, and close tunnels without one. */
static void event_resync(void *arg)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 60000 };
	struct tunnel_host *host = arg;
	struct dp_peer_info info;

	log_limited(&limit, LOG_LEVEL_WARN,
		    "data path: notifications were lost, comparing peer tables");
	dp_peer_list(host->dp, resync_one, host);
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		struct tunnel *tunnel = host->reg.by_id[i];

		if (tunnel && tunnel->has_dp_peer &&
		    dp_peer_get(host->dp, tunnel->dp_id, &info) == -ENOENT)
			event_deleted(host, tunnel->dp_id, DP_DEL_EXPIRED);
	}
}

static void event_control(void *arg, int fd, const uint8_t *pkt, size_t len,
			  const union net_addr *remote,
			  const union net_addr *local)
{
	struct tunnel_way way = { .remote = remote, .local = local };

	if (tunnel_sock_of_fd(arg, fd, &way.sock))
		tunnel_host_input(arg, pkt, len, &way);
}

const struct dp_events tunnel_data_events = {
	.peer_deleted = event_deleted,
	.peer_floated = event_floated,
	.key_exhausted = event_exhausted,
	.peer_exit = event_exit,
	.resync = event_resync,
	.control = event_control,
};
