// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the next process has to know of a server's tunnels, so that they go on
 * when this one is gone: their records, and how they come back. Of those that
 * cannot, it knows enough to tell them so (farewell.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "keep/keep.h"
#include "tunnel/private.h"

#define SURVIVE_HEAD		1u	/* older versions read it, too */
#define SURVIVE_VERSION		5u
#define SURVIVE_IROUTES		24
#define SURVIVE_PEER_INFO	1000

/**
 * struct survive_key - a data channel key
 * @is_set: @pair is there; with the kernel's data path it never is
 */
struct survive_key {
	bool is_set;
	uint8_t key_id;
	struct keygen_pair pair;
};

/**
 * struct survive_head - how to reach a client; all that is left of some
 * @size: of this struct, so that another layout is not read
 * @is_link: it lived on a connection, which has ended with the process
 * @sock: tunnel_sock_id()
 * @control: not with @is_link
 *
 * It changes less often than the rest of a record: a process of another version
 * has clients come again by it, which would else wait for their timeout.
 */
struct survive_head {
	uint32_t size, version;
	uint32_t peer_id;
	bool is_link;
	uint64_t sock;
	union net_addr remote, local;
	struct net_ip vpn4, vpn6;
	char common_name[65];
	struct control_saved control;
};

/**
 * struct survive_record - one tunnel
 * @size: as @head's
 * @login_name: "": there is none
 * @n_learned: what learn-address knows of
 * @kid: of the exchange before @next_kid
 * @peer_info: as many whole lines as there is room for
 */
struct survive_record {
	struct survive_head head;
	uint32_t size, version;
	uint64_t cid;
	struct net_ip later4, later6;
	char username[PROTO_USER_PASS_MAX], login_name[PROTO_USER_PASS_MAX];
	bool has_username, has_identity, has_token, is_hooked, is_kernel;
	bool is_watched;
	uint32_t n_learned, kid, next_kid;
	int64_t connected_since;
	struct tunnel_limit limit;
	struct tls_peer identity;
	struct auth_session token;
	struct control_params params;
	struct keygen_rotation rotation;
	struct survive_key keys[2];
	uint32_t ping, ping_timeout;
	uint32_t n_iroutes;
	struct tunnel_iroute_saved iroutes[SURVIVE_IROUTES];
	char peer_info[SURVIVE_PEER_INFO];
};

_Static_assert(sizeof(struct survive_record) <= KEEP_RECORD_MAX,
	       "a record must fit");

#define SURVIVE_HOST 1u		/* tokens outlive what a record is */

/* struct survive_host - what all tunnels share */
struct survive_host {
	uint32_t size, version;
	uint8_t token_seed[AUTH_KEY_LEN];
};

/**
 * tunnel_survive_seed() - a key for tokens, of an earlier process or a new one
 * @host: gets @token_seed
 *
 * Return: 0, -ENOMEM or -EIO.
 */
int tunnel_survive_seed(struct tunnel_host *host)
{
	struct survive_host *rec = mem_secret_alloc(sizeof(*rec));
	struct keep *keep = host->setup.keep;
	int ret = rec ? 0 : -ENOMEM;
	size_t len;

	host->token_seed = mem_secret_alloc(AUTH_KEY_LEN);
	if (ret || !host->token_seed) {
		mem_secret_free(rec);
		return -ENOMEM;
	}
	len = keep_read(keep, KEEP_HOST, rec, sizeof(*rec));
	if (len != sizeof(*rec) || rec->size != sizeof(*rec) ||
	    rec->version != SURVIVE_HOST) {
		rec->size = sizeof(*rec);
		rec->version = SURVIVE_HOST;
		ret = keygen_random(rec->token_seed, sizeof(rec->token_seed));
		if (!ret && keep)
			keep_write(keep, KEEP_HOST, rec, sizeof(*rec));
	}
	memcpy(host->token_seed, rec->token_seed, AUTH_KEY_LEN);
	mem_secret_free(rec);
	return ret;
}

/* ---- to the record ----------------------------------------------------- */

static bool is_head(const struct survive_head *head, size_t len, uint32_t id)
{
	return len >= sizeof(*head) && head->size == sizeof(*head) &&
	       head->version == SURVIVE_HEAD && head->peer_id == id;
}

static bool is_record(const struct survive_record *rec, size_t len,
		      uint32_t id)
{
	return is_head(&rec->head, len, id) && len == sizeof(*rec) &&
	       rec->size == sizeof(*rec) && rec->version == SURVIVE_VERSION;
}

static struct survive_record *record_get(const struct tunnel_host *host,
					 uint32_t id)
{
	struct survive_record *rec = mem_secret_alloc(sizeof(*rec));
	size_t len;

	if (!rec)
		return NULL;
	len = keep_read(host->setup.keep, id, rec, sizeof(*rec));
	if (is_record(rec, len, id))
		return rec;
	mem_wipe(rec, sizeof(*rec));
	return rec;
}

/*
 * Which format of packets is not kept? None where userspace carries all of
 * them; beside a kernel, what that does not carry.
 */
static const char *unkept(const struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;

	return host->link.fd >= 0 ? NULL :
	       tunnel_data_special(host->dp, &tunnel->active->params);
}

static bool has_key(const struct keygen_slot *slot, uint8_t key_id)
{
	return slot->is_used && slot->key_id == key_id;
}

/* Keys that are in no slot any more. */
static void record_prune(struct survive_record *rec,
			 const struct keygen_rotation *rot)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct survive_key *key = &rec->keys[i];

		if (key->is_set && !has_key(&rot->primary, key->key_id) &&
		    !has_key(&rot->secondary, key->key_id))
			mem_wipe(key, sizeof(*key));
	}
}

static void record_peer_info(struct survive_record *rec, const char *info)
{
	char *end;

	snprintf(rec->peer_info, sizeof(rec->peer_info), "%s",
		 info ? info : "");
	if (!info || strlen(info) < sizeof(rec->peer_info))
		return;
	end = strrchr(rec->peer_info, '\n');
	*(end ? end + 1 : rec->peer_info) = '\0';
}

static void record_session(struct survive_record *rec,
			   const struct tunnel_session *ts)
{
	record_peer_info(rec, ts->peer_info);
	rec->kid = ts->kid;
	rec->params = ts->params;
	rec->identity = ts->identity;
	rec->has_identity = ts->has_identity;
	rec->token = ts->token;
	rec->has_token = ts->has_token;
}

static void record_name(struct survive_record *rec, uint32_t peer_id)
{
	rec->head.size = sizeof(rec->head);
	rec->head.version = SURVIVE_HEAD;
	rec->head.peer_id = peer_id;
	rec->size = sizeof(*rec);
	rec->version = SURVIVE_VERSION;
}

/* Return: 0 or -EBUSY. */
static int record_head(struct survive_head *head, const struct tunnel *tunnel)
{
	head->is_link = tunnel->link;
	head->vpn4 = tunnel->vpn4;
	head->vpn6 = tunnel->vpn6;
	memcpy(head->common_name, tunnel->common_name,
	       sizeof(head->common_name));
	if (head->is_link)
		return 0;
	head->remote = tunnel->remote;
	head->local = tunnel->local;
	head->sock = tunnel_sock_id(tunnel->host, tunnel->sock);
	return control_session_save(tunnel->active->control, &head->control);
}

/* Return: 0 or -errno. */
static int record_fill(struct survive_record *rec, const struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	struct dp_peer_info info;
	int n;

	if (unkept(tunnel))
		return -EOPNOTSUPP;
	if (dp_peer_get(host->dp, tunnel->dp_id, &info))
		return -EBUSY;
	n = tunnel_iroutes_save(tunnel, rec->iroutes, SURVIVE_IROUTES);
	if (n < 0)
		return n;
	rec->cid = tunnel->cid;
	rec->later4 = tunnel->later4;
	rec->later6 = tunnel->later6;
	memcpy(rec->username, tunnel->username, sizeof(rec->username));
	snprintf(rec->login_name, sizeof(rec->login_name), "%s",
		 tunnel->login_name ? tunnel->login_name : "");
	rec->has_username = tunnel->has_username;
	rec->is_hooked = tunnel->is_hooked;
	rec->is_watched = tunnel->is_watched;
	rec->n_learned = tunnel->n_learned;
	rec->next_kid = tunnel->next_kid;
	rec->is_kernel = host->link.fd < 0;
	rec->connected_since = tunnel->connected_since;
	rec->limit = tunnel->lifetime.limit;
	record_session(rec, tunnel->active);
	rec->rotation = tunnel->rotation;
	record_prune(rec, &tunnel->rotation);
	rec->ping = info.keepalive_interval;
	rec->ping_timeout = info.keepalive_timeout;
	rec->n_iroutes = (uint32_t)n;
	return 0;
}

static void say_unkept(const struct tunnel *tunnel, int err)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 60000 };
	char label[160];

	log_limited(&limit, LOG_LEVEL_INFO,
		    "%s: has to connect again after a restart of ovpnd: %s",
		    tunnel_label(tunnel, label, sizeof(label)),
		    err == -E2BIG ? "more networks behind it than are kept" :
		    err == -EOPNOTSUPP ? unkept(tunnel) :
		    err == -EINVAL ? "max-clients was much lower when ovpnd began" :
		    strerror(-err));
}

/* What cannot be kept as a whole is kept as its head. Return: 0 or -errno. */
static int record_write(struct survive_record *rec, const struct tunnel *tunnel)
{
	struct keep *keep = tunnel->host->setup.keep;
	int ret = record_head(&rec->head, tunnel);
	size_t len = sizeof(*rec);

	if (ret || rec->head.is_link) {
		len = sizeof(rec->head);
	} else {
		ret = record_fill(rec, tunnel);
		if (ret && ret != -EBUSY) {
			say_unkept(tunnel, ret);
			len = sizeof(rec->head);
			ret = 0;
		}
	}
	if (ret)
		return ret;
	record_name(rec, tunnel->peer_id);
	return keep_write(keep, tunnel->peer_id, rec, len);
}

/**
 * tunnel_survive_save() - bring the record of a tunnel up to date
 * @tunnel: any; only a server's that is connected has one
 *
 * While a key exchange is running the record stays as it was before.
 */
void tunnel_survive_save(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	struct survive_record *rec;
	int ret;

	if (!host->setup.keep || !host->server ||
	    tunnel->state != TUNNEL_STATE_CONNECTED || !tunnel->has_dp_peer)
		return;
	rec = record_get(host, tunnel->peer_id);
	if (!rec)
		return;
	ret = record_write(rec, tunnel);
	mem_secret_free(rec);
	if (!ret || ret == -EBUSY)
		return;
	keep_erase(host->setup.keep, tunnel->peer_id);
	say_unkept(tunnel, ret);
}

/** tunnel_survive_end() - the tunnel ends: nothing of it is left */
void tunnel_survive_end(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;

	if (host->setup.keep && host->server && !host->is_left)
		keep_erase(host->setup.keep, tunnel->peer_id);
}

/**
 * tunnel_survive_key() - a data channel key that is about to be installed
 * @tunnel: the tunnel
 * @key_id: of the key
 * @pair: it
 *
 * Return: where the data path counts its packets, NULL: by itself.
 */
struct dp_counter *tunnel_survive_key(struct tunnel *tunnel, uint8_t key_id,
				      const struct keygen_pair *pair)
{
	struct tunnel_host *host = tunnel->host;
	struct survive_record *rec;
	struct survive_key *key;
	void *counter;
	int ret;

	if (!host->setup.keep || !host->server || host->link.fd < 0 ||
	    tunnel->link || unkept(tunnel))
		return NULL;
	counter = keep_counter(host->setup.keep, tunnel->peer_id, key_id);
	rec = counter ? record_get(host, tunnel->peer_id) : NULL;
	if (!rec)
		return NULL;
	record_prune(rec, &tunnel->rotation);
	key = rec->keys[0].is_set && rec->keys[0].key_id != key_id ?
	      &rec->keys[1] : &rec->keys[0];
	key->is_set = true;
	key->key_id = key_id;
	key->pair = *pair;
	record_name(rec, tunnel->peer_id);
	ret = keep_write(host->setup.keep, tunnel->peer_id, rec, sizeof(*rec));
	mem_secret_free(rec);
	if (ret)
		return NULL;
	/* only now: the record before may have had another key of this id */
	memset(counter, 0, KEEP_COUNTER_LEN);
	return counter;
}

/* ---- and back ----------------------------------------------------------- */

static int restore_key(struct tunnel *tunnel, enum dp_slot slot,
		       const struct keygen_slot *wanted,
		       const struct survive_record *rec)
{
	const struct survive_key *from = &rec->keys[0];

	if (!wanted->is_used)
		return 0;
	if (!from->is_set || from->key_id != wanted->key_id)
		from++;
	if (!from->is_set || from->key_id != wanted->key_id)
		return -ENOKEY;
	return tunnel_data_install(tunnel, slot, from->key_id, &from->pair,
				   keep_counter(tunnel->host->setup.keep,
						rec->head.peer_id,
						from->key_id));
}

/* The userspace data path has forgotten everything. */
static int restore_user(struct tunnel *tunnel, const struct survive_record *rec)
{
	struct dp *dp = tunnel->host->dp;
	int ret = tunnel_data_peer(tunnel, rec->head.peer_id,
				   tunnel_cfg(tunnel));

	if (ret)
		return ret;
	tunnel->has_dp_peer = true;
	ret = restore_key(tunnel, DP_SLOT_PRIMARY, &rec->rotation.primary, rec);
	if (!ret)
		ret = restore_key(tunnel, DP_SLOT_SECONDARY,
				  &rec->rotation.secondary, rec);
	if (!ret && rec->ping)
		ret = dp_peer_set_keepalive(dp, tunnel->dp_id, rec->ping,
					    rec->ping_timeout);
	return ret;
}

static bool slot_matches(const struct keygen_slot *slot, int key_id)
{
	return slot->is_used ? slot->key_id == key_id : key_id < 0;
}

static bool rotation_matches(const struct keygen_rotation *rot,
			     const struct dp_peer_info *info)
{
	return slot_matches(&rot->primary, info->primary_key) &&
	       slot_matches(&rot->secondary, info->secondary_key);
}

/*
 * While keys are exchanged a record is not written, but rotation goes on: keys
 * may have been swapped since, or the one that was to die has died.
 */
static bool rotation_follow(struct keygen_rotation *rot,
			    const struct dp_peer_info *info)
{
	struct keygen_slot primary = rot->primary;

	if (rotation_matches(rot, info))
		return true;
	rot->primary = rot->secondary;
	rot->secondary = primary;
	if (rotation_matches(rot, info))
		return true;
	if (!slot_matches(&rot->primary, info->primary_key)) {
		rot->secondary = rot->primary;
		rot->primary = primary;
	}
	memset(&rot->secondary, 0, sizeof(rot->secondary));
	return rotation_matches(rot, info);
}

/* The kernel has gone on; is it the peer that the record speaks of? */
static int restore_kernel(struct tunnel *tunnel,
			  const struct survive_record *rec)
{
	struct dp_peer_info info;
	int ret = dp_peer_get(tunnel->host->dp, rec->head.peer_id, &info);

	if (ret)
		return ret;
	if ((info.vpn4.family &&
	     !net_ip_is_equal(&info.vpn4, &rec->head.vpn4)) ||
	    (info.vpn6.family &&
	     !net_ip_is_equal(&info.vpn6, &rec->head.vpn6)) ||
	    !rotation_follow(&tunnel->rotation, &info))
		return -ESTALE;
	tunnel->has_dp_peer = true;
	/* it may have moved meanwhile */
	if (info.remote.sa.sa_family != AF_UNSPEC)
		tunnel_registry_move(&tunnel->host->reg, tunnel, &info.remote,
				     tunnel->sock);
	return 0;
}

static struct tunnel_session *restore_session(struct tunnel *tunnel,
					      const struct survive_record *rec)
{
	struct tunnel_session *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	ts->tunnel = tunnel;
	ts->params = rec->params;
	ts->identity = rec->identity;
	ts->has_identity = rec->has_identity;
	ts->token = rec->token;
	ts->has_token = rec->has_token;
	memcpy(ts->username, rec->username, sizeof(ts->username));
	ts->kid = rec->kid;
	ts->peer_info = strndup(rec->peer_info, sizeof(rec->peer_info) - 1);
	if (ts->peer_info)
		ts->control = control_session_restore(&tunnel->host->env,
						      &rec->head.control, ts);
	if (ts->control)
		return ts;
	free(ts->peer_info);
	free(ts);
	return NULL;
}

static void restore_pool(struct tunnel_host *host,
			 const struct survive_head *head)
{
	control_pool_restore(host->server->pool,
			     host->setup.cfg->is_duplicate_cn ?
			     NULL : head->common_name, &head->vpn4,
			     &head->vpn6);
}

static int restore_fields(struct tunnel *tunnel,
			  const struct survive_record *rec)
{
	struct tunnel_host *host = tunnel->host;

	tunnel->cid = rec->cid;
	if (host->next_cid <= rec->cid)
		host->next_cid = rec->cid + 1;
	memcpy(tunnel->common_name, rec->head.common_name,
	       sizeof(tunnel->common_name));
	memcpy(tunnel->username, rec->username, sizeof(tunnel->username));
	tunnel->has_username = rec->has_username;
	tunnel->connected_since = rec->connected_since;
	tunnel->rotation = rec->rotation;
	tunnel->vpn4 = rec->head.vpn4;
	tunnel->vpn6 = rec->head.vpn6;
	tunnel->later4 = rec->later4;
	tunnel->later6 = rec->later6;
	if (control_pool_reserve(host->server->pool, &rec->later4) ||
	    control_pool_reserve(host->server->pool, &rec->later6))
		return -ENOMEM;
	tunnel->has_pool_address = true;
	restore_pool(host, &rec->head);
	if (!rec->login_name[0])
		return 0;
	tunnel->login_name = mem_arena_strdup(tunnel->arena, rec->login_name);
	return tunnel->login_name ? 0 : -ENOMEM;
}

/* Its addresses wait for it, as those of who has just left do. */
static void restore_addresses(struct tunnel_host *host,
			      const struct survive_head *head)
{
	restore_pool(host, head);
	control_pool_put(host->server->pool, &head->vpn4, &head->vpn6);
}

/* What programs and the management interface have been told of it. */
static void restore_told(struct tunnel *tunnel,
			 const struct survive_record *rec)
{
	unsigned int n = 0;
	struct net_prefix what;

	tunnel->is_hooked = rec->is_hooked;
	tunnel->is_watched = rec->is_watched;
	tunnel->is_established = true;
	tunnel->is_resumed = true;
	tunnel->next_kid = rec->next_kid;
	if (tunnel_iroutes_restore(tunnel, rec->iroutes, rec->n_iroutes))
		log_warn("%s: its networks will not be shown",
			 tunnel->common_name);
	/* a network that another client has taken is not this one's to lose */
	while (n < rec->n_learned && tunnel_policy_address(tunnel, n, &what))
		n++;
	tunnel->n_learned = n;
}

static int restore_one(struct tunnel_host *host,
		       const struct survive_record *rec)
{
	struct tunnel_way way = { &rec->head.remote, &rec->head.local, 0 };
	struct tunnel *tunnel;
	int ret;

	/* what it was reached by is not there any more */
	if (!tunnel_sock_of_id(host, rec->head.sock, &way.sock))
		return -ENOTCONN;
	if (rec->is_kernel != (host->link.fd < 0))
		return -EXDEV;
	if (rec->n_iroutes > SURVIVE_IROUTES ||
	    !net_addr_len(&rec->head.remote) ||
	    tunnel_registry_addr(&host->reg, &rec->head.remote, way.sock))
		return -EINVAL;
	tunnel = tunnel_new(host, rec->head.peer_id, &way);
	if (!tunnel)
		return -ENOMEM;
	ret = restore_fields(tunnel, rec);
	tunnel->active = ret ? NULL : restore_session(tunnel, rec);
	if (!ret && !tunnel->active)
		ret = -EINVAL;
	if (!ret)
		ret = rec->is_kernel ? restore_kernel(tunnel, rec) :
				       restore_user(tunnel, rec);
	if (ret) {
		tunnel_close(tunnel, "cannot be restored");
		return ret;
	}
	restore_told(tunnel, rec);
	tunnel_enter_state(tunnel, TUNNEL_STATE_CONNECTED);
	tunnel_usage_begin(tunnel);
	tunnel_lifetime_resume(tunnel, &rec->limit);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	tunnel_login_arm(tunnel->active);
	tunnel_survive_save(tunnel);
	return 0;
}

/* struct unknown - peers without a tunnel, as many as are deleted at a time */
struct unknown {
	struct tunnel_host *host;
	uint32_t ids[64];
	unsigned int n;
};

static int find_unknown(void *arg, const struct dp_peer_info *info)
{
	struct unknown *unknown = arg;
	const struct tunnel *tunnel;

	tunnel = tunnel_registry_peer(&unknown->host->reg, info->id);
	if (!tunnel || tunnel->is_farewell)
		unknown->ids[unknown->n++] = info->id;
	return unknown->n == sizeof(unknown->ids) / sizeof(*unknown->ids);
}

static void drop_unknown(struct tunnel_host *host)
{
	struct unknown unknown = { .host = host };
	int ret;

	do {
		unknown.n = 0;
		dp_peer_list(host->dp, find_unknown, &unknown);
		ret = 0;
		for (unsigned int i = 0; i < unknown.n; i++) {
			log_info("peer %u of an earlier run is not known, deleted",
				 unknown.ids[i]);
			ret |= dp_peer_del(host->dp, unknown.ids[i]);
		}
	} while (unknown.n && !ret);
}

static const char *restore_why(int err)
{
	switch (err) {
	case -EBADMSG:
		return "another version of ovpnd has left it";
	case -EOPNOTSUPP:
		return "it could not be kept";
	case -ECONNRESET:
		return "its TCP connection has ended with the process";
	case -ENOTCONN:
		return "the socket that it came by is not there any more";
	case -ESTALE:
		return "the kernel's peer is another one";
	case -ENOKEY:
		return "its key was on its way when the process ended";
	case -EXDEV:
		return "the data path is another one";
	default:
		return strerror(-err);
	}
}

/* The client of a record that does not lead to a tunnel. */
static void restore_not(struct tunnel_host *host, uint32_t id,
			struct survive_head *head, int err)
{
	struct tunnel_way way = { &head->remote, &head->local, 0 };
	struct keep *keep = host->setup.keep;
	bool is_told = false;

	restore_addresses(host, head);
	if (!head->is_link && tunnel_sock_of_id(host, head->sock, &way.sock))
		is_told = !tunnel_farewell(host, id, &way, head->common_name,
					   &head->control);
	log_notice("%s: has to connect again%s: %s", head->common_name,
		   is_told ? ", and is told so" : "", restore_why(err));
	if (!is_told) {
		keep_erase(keep, id);
		return;
	}
	/*
	 * Until it has been told, a process that follows does that. Its
	 * addresses may be another one's then.
	 */
	memset(&head->vpn4, 0, sizeof(head->vpn4));
	memset(&head->vpn6, 0, sizeof(head->vpn6));
	keep_write(keep, id, head, sizeof(*head));
}

static int restore_whole(struct tunnel_host *host,
			 const struct survive_record *rec)
{
	/* a key was on its way when the process ended */
	if (!rec->rotation.primary.is_used)
		return -ENOKEY;
	return restore_one(host, rec);
}

static bool restore_id(struct tunnel_host *host, uint32_t id,
		       struct survive_record *rec)
{
	struct keep *keep = host->setup.keep;
	size_t len = keep_read(keep, id, rec, KEEP_RECORD_MAX);
	int ret;

	if (!len)
		return false;
	if (!is_head(&rec->head, len, id)) {
		log_notice("a client has to connect again: %s",
			   restore_why(-EBADMSG));
		keep_erase(keep, id);
		return false;
	}
	if (is_record(rec, len, id))
		ret = restore_whole(host, rec);
	else if (rec->head.is_link)
		ret = -ECONNRESET;
	else
		ret = len == sizeof(rec->head) ? -EOPNOTSUPP : -EBADMSG;
	if (ret)
		restore_not(host, id, &rec->head, ret);
	return !ret;
}

/**
 * tunnel_survive_restore() - have the tunnels of an earlier process go on
 * @host: a server with device, data path and pool
 *
 * Clients of others are told to come again. Peers in the data path of which
 * there is no record are deleted.
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_survive_restore(struct tunnel_host *host)
{
	uint32_t max = host->reg.max_tunnels;
	uint32_t n_records = keep_n_records(host->setup.keep);
	struct survive_record *rec = mem_secret_alloc(KEEP_RECORD_MAX);
	unsigned int n = 0;

	/* a limit that has become lower ends nobody (reload.c) */
	if (!rec || (n_records > max &&
		     tunnel_registry_resize(&host->reg, n_records))) {
		mem_secret_free(rec);
		return -ENOMEM;
	}
	for (uint32_t id = 0; id < n_records; id++)
		n += restore_id(host, id, rec);
	mem_secret_free(rec);
	/* if not, there is room for more than may come */
	if (n_records > max)
		(void)tunnel_registry_resize(&host->reg, max);
	drop_unknown(host);
	if (n)
		log_notice("%u peers of an earlier run go on", n);
	return 0;
}
