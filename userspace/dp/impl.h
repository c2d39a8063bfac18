/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_IMPL_H
#define DP_IMPL_H

#include "dp/dp.h"

/* What the two data paths share. Private to dp/. */

struct dp_ops {
	const char *name;
	bool owns_stream;
	bool is_plain;
	bool is_apart;
	void (*free)(struct dp *dp);
	int (*peer_add)(struct dp *dp, const struct dp_peer *peer);
	int (*peer_set_remote)(struct dp *dp, uint32_t peer_id,
			       const union net_addr *remote,
			       const union net_addr *local);
	int (*peer_set_keepalive)(struct dp *dp, uint32_t peer_id,
				  unsigned int interval, unsigned int timeout);
	int (*peer_del)(struct dp *dp, uint32_t peer_id);
	/* NULL: the host's routes say it */
	int (*prefix_add)(struct dp *dp, uint32_t peer_id,
			  const struct net_prefix *dst);
	int (*prefix_del)(struct dp *dp, uint32_t peer_id,
			  const struct net_prefix *dst);
	int (*key_set)(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		       const struct dp_key *key);
	int (*key_swap)(struct dp *dp, uint32_t peer_id);
	int (*key_del)(struct dp *dp, uint32_t peer_id, enum dp_slot slot);
	int (*peer_get)(struct dp *dp, uint32_t peer_id,
			struct dp_peer_info *out);
	int (*peer_list)(struct dp *dp,
			 int (*fn)(void *arg, const struct dp_peer_info *info),
			 void *arg);
	int (*input)(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
		     const union net_addr *remote,
		     const union net_addr *local);
	int (*input_stream)(struct dp *dp, uint32_t peer_id,
			    const uint8_t *pkt, size_t len);
	/* NULL where packets do not come through dp_input() */
	void (*batch_end)(struct dp *dp);
	int (*send_occ)(struct dp *dp, uint32_t peer_id, enum proto_occ_op op);
	void (*stream_ready)(struct dp *dp, uint32_t peer_id);
	/* NULL without threads */
	unsigned int (*threads)(const struct dp *dp);
	int (*start)(struct dp *dp);
	void (*stop)(struct dp *dp);
	int (*sockets_add)(struct dp *dp, int main_fd, const int *fds);
	void (*sockets_del)(struct dp *dp, int main_fd);
};

/**
 * struct dp - the first member of both implementations
 * @depth: of callbacks that are running; dp_free() waits for them
 * @batches: of dp_batch_begin() that have not ended
 * @is_dead: dp_free() was called meanwhile; no events, do nothing more
 * @is_ether: see struct dp_config
 * @has_epochs: see dp_has_epochs()
 * @has_kernel: see dp_has_kernel()
 */
struct dp {
	const struct dp_ops *ops;
	struct loop *loop;
	enum dp_mode mode;
	int ifindex;
	const struct dp_events *events;
	void *arg;
	unsigned int depth, batches;
	bool is_dead;
	bool is_ether;
	bool has_epochs;
	bool has_kernel;
};

void dp_init(struct dp *dp, const struct dp_ops *ops,
	     const struct dp_config *cfg);

/* Can the kernel carry this peer? */
bool dp_peer_is_plain(const struct dp *kernel, const struct dp_peer *peer);

/* Around everything that can end in an event. */
void dp_enter(struct dp *dp);
void dp_leave(struct dp *dp);

/* Each does nothing when nobody listens. */
void dp_emit_deleted(struct dp *dp, uint32_t peer_id,
		     enum dp_del_reason reason);
void dp_emit_floated(struct dp *dp, uint32_t peer_id, int fd,
		     const union net_addr *remote);
void dp_emit_exhausted(struct dp *dp, uint32_t peer_id, uint8_t key_id);
void dp_emit_exit(struct dp *dp, uint32_t peer_id);
void dp_emit_resync(struct dp *dp);
void dp_emit_control(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
		     const union net_addr *remote,
		     const union net_addr *local);

#endif
