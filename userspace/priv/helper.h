/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PRIV_HELPER_H
#define PRIV_HELPER_H

#include <sys/types.h>

#include "nl/nl.h"
#include "priv/message.h"

/* Inside the helper process. */

#define PRIV_LINKS_MAX	8
#define PRIV_UNDO_MAX	16384
#define PRIV_ALIAS	"ovpnd"

/**
 * struct priv_device - a link that this helper opened
 * @lock_fd: holds the name against other helpers; -1 for a TUN device that ends
 *	with its descriptor
 * @is_ours: delete it at the end
 * @is_takeover: addresses and routes on it may be left over from us
 * @held: the name of a device that outlives the daemon, as long as a descriptor
 *	does: of a TUN device its own, of another one a lock; "": none
 */
struct priv_device {
	int ifindex;		/* 0: free entry */
	enum priv_link_kind kind;
	int lock_fd;
	bool is_ours;
	bool is_takeover;
	char held[16];
};

enum priv_undo_kind {
	PRIV_UNDO_ADDR,
	PRIV_UNDO_ROUTE,
};

/* One thing that was done, on a stack. Links come last and are not in it. */
struct priv_undo {
	struct priv_undo *next;
	enum priv_undo_kind kind;
	int ifindex;
	struct net_prefix addr;
	struct net_ip peer;
	struct nl_route route;
	int lock_fd;		/* of a route that is on no link of ours; -1 */
};

/* A socket file; it is removed if it is still this one. */
struct priv_file {
	char path[PRIV_PATH_LEN];	/* "": none */
	dev_t dev;
	ino_t ino;
};

struct priv_helper {
	struct nl_rt *rt;
	struct priv_device devices[PRIV_LINKS_MAX];
	struct priv_undo *undo;
	unsigned int n_undo;
	struct priv_file socket;
	bool is_swept;		/* leftovers have been looked for */
};

/** priv_handle() - look up the request in the table and run it */
void priv_handle(struct priv_helper *helper, const struct priv_request *req,
		 struct priv_reply *reply);

struct priv_device *priv_device_find(struct priv_helper *helper, int ifindex);
void priv_reply_text(struct priv_reply *reply, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* link.c */
int priv_do_link_open(struct priv_helper *helper,
		      const struct priv_request *req,
		      struct priv_reply *reply);
int priv_do_link_adopt(struct priv_helper *helper,
		       const struct priv_request *req,
		       struct priv_reply *reply);
int priv_do_link_hold(struct priv_helper *helper,
		      const struct priv_request *req,
		      struct priv_reply *reply);
/* does a link of ours stay for the next daemon, though it has no peers? */
bool priv_link_is_held(const char *name);
/* is there still a descriptor for it that outlives the daemon? */
bool priv_device_is_held(struct priv_helper *helper,
			 const struct priv_device *dev);
/* a TUN device goes on with another daemon, which need not wait for this one */
void priv_locks_release(struct priv_helper *helper);
void priv_device_close(struct priv_helper *helper, struct priv_device *dev);

/* undo.c; add: -ENOMEM or -ENOSPC, before the thing itself is done */
int priv_undo_add(struct priv_helper *helper, const struct priv_undo *what);
/* take the entry of the same thing out, into @what; false when there is none */
bool priv_undo_forget(struct priv_helper *helper, struct priv_undo *what);
/* @ifindex: only what was done on this link, 0 for everything */
void priv_undo_run(struct priv_helper *helper, int ifindex);

/* lock.c: the descriptor, or -EBUSY when another helper has it, or -errno */
#define PRIV_LOCK_LEN 96
int priv_lock_try(const char *name);
int priv_lock(const char *name);	/* waits for a helper that ends */
bool priv_lock_is_free(const char *name);
/* names of locks; each returns @out */
const char *priv_lock_link(const char *link, char out[PRIV_LOCK_LEN]);
const char *priv_lock_hold(const char *link, char out[PRIV_LOCK_LEN]);
const char *priv_lock_route(const struct nl_route *route,
			    char out[PRIV_LOCK_LEN]);

/* leftover.c: number of things that nobody has any more, and are removed */
unsigned int priv_leftover_clear(struct priv_helper *helper);

/* file.c */
int priv_do_socket(struct priv_helper *helper, const struct priv_request *req,
		   struct priv_reply *reply);
void priv_socket_remove(struct priv_helper *helper);

/* filter.c: 0 or -errno */
int priv_filter_install(void);

/* helper.c: the process itself */
void priv_helper_main(int sock) __attribute__((noreturn));

#endif
