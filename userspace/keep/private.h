/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KEEP_PRIVATE_H
#define KEEP_PRIVATE_H

#include <sys/types.h>

#include "keep/keep.h"

/*
 *	keep.c		life; descriptors by name
 *	store.c		the memory file
 *	holder.c	the process that keeps, and talking to it
 */

/* struct keep_fd - @fd: -1 when it has been taken; @dev, @ino: which it was */
struct keep_fd {
	char name[KEEP_NAME_MAX];
	int fd;
	dev_t dev;
	ino_t ino;
};

/* store.c */

#define KEEP_HALF	4032u
#define KEEP_MAGIC	0x6f76706e6b656570ull
#define KEEP_VERSION	1u

/**
 * struct keep_half - one of the two records of a tunnel
 * @seq: the higher one counts; 0: nothing here
 * @sum: over the rest and @data
 */
struct keep_half {
	uint64_t seq;
	uint64_t sum;
	uint32_t len;
	uint8_t data[KEEP_RECORD_MAX];
};

union keep_half_room {
	struct keep_half half;
	uint8_t room[KEEP_HALF];
};

struct keep_slot {
	union keep_half_room halves[2];
	uint64_t counters[KEEP_KEYS][KEEP_COUNTER_LEN / sizeof(uint64_t)];
};

_Static_assert(sizeof(struct keep_half) <= KEEP_HALF, "a record must fit");
_Static_assert(sizeof(struct keep_slot) == 8192, "slots are pages");

/* Behind it: a byte for each slot, whether it was ever written to; slots. */
struct keep_head {
	uint64_t magic;
	uint32_t version;
	uint32_t slot_size;
	uint32_t n_slots;
	uint8_t room[4096 - 20 - 4];
};

struct keep_store {
	int fd;
	uint8_t *map;
	size_t size;
	uint32_t n_slots;
};

#define KEEP_PAGE	4096u

int keep_store_new(struct keep_store *store, uint32_t n_slots);

/* 0, or -EBADMSG when @fd is none of ours, or of another version */
int keep_store_open(struct keep_store *store, int fd);

/* with everything in it, or as it is */
void keep_store_close(struct keep_store *store);
void keep_store_leave(struct keep_store *store);

/* The slot, if it is in use; NULL: it is not, and no page is made for it. */
struct keep_slot *keep_store_slot(const struct keep_store *store, uint32_t id);

/* The same, in use from now on; NULL: there is none of that number. */
struct keep_slot *keep_store_use(const struct keep_store *store, uint32_t id);
void keep_store_wipe(const struct keep_store *store, uint32_t id);

/* holder.c: the daemon's end of the socket, or -errno */
int keep_holder_join(const char *id, struct keep_fd *fds, size_t *n_fds);
int keep_holder_start(const char *id, unsigned int hold_s);
int keep_holder_put(int sock, const char *name, int fd);
int keep_holder_drop(int sock, const char *name);
void keep_holder_bye(int sock);

#endif
