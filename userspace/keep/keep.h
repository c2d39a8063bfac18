/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KEEP_KEEP_H
#define KEEP_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What outlives the process, so that the next one goes on where it ended, also
 * when it was killed: descriptors, and a record for each tunnel.
 *
 * Descriptors are kept by systemd (FileDescriptorStoreMax in the unit), or by a
 * small process of ours, "ovpnd-keep", which ends by itself when nobody comes
 * for them. Records lie in a memory file, one of the descriptors: no disk ever
 * sees them. It is of fixed size (sealed), locked, left out of core dumps and
 * of children, and a record is wiped when its tunnel ends.
 *
 * Each record is there twice, and only the older one is written to: whenever
 * the process dies, one of both is whole. Counters, which change with each
 * packet, are written in place.
 */

struct keep;

#define KEEP_NAME_MAX	32
#define KEEP_FDS_MAX	72	/* 64 sockets, and what else there is */
#define KEEP_RECORD_MAX	4000u
#define KEEP_HOST	UINT32_MAX	/* id of what all tunnels share */
#define KEEP_KEYS	8	/* ids of data channel keys */

#define KEEP_COUNTER_LEN 16	/* of one key */

/**
 * struct keep_setup - borrowed for the call
 * @id: who we are, for the process that keeps; the same after a restart
 * @n_records: tunnels at most
 * @hold_s: how long that process waits for the next daemon; 0: no process, so
 *	that only systemd keeps anything
 * @is_storeless: the unit is known to have no store; false: nobody knows
 */
struct keep_setup {
	const char *id;
	uint32_t n_records;
	unsigned int hold_s;
	bool is_storeless;
};

/**
 * keep_open() - take what an earlier process has left
 * @out: NULL when nobody would keep anything
 *
 * Context: with the first rights, before there are threads or a loop.
 * Return: 0 or -errno.
 */
int keep_open(const struct keep_setup *setup, struct keep **out);

/**
 * keep_fd_name() - of the @n-th of several: NAME, NAME-1, NAME-2
 *
 * Return: @out.
 */
const char *keep_fd_name(const char *name, unsigned int n,
			 char out[KEEP_NAME_MAX]);

/** keep_close() - the process ends here: nothing is to be kept any more */
void keep_close(struct keep *keep);

/** keep_leave() - the process ends here, and the next one goes on */
void keep_leave(struct keep *keep);

/** keep_is_used() - by an earlier process; NULL is allowed, everywhere here */
bool keep_is_used(const struct keep *keep);

/** keep_by() - "systemd", "ovpnd-keep" */
const char *keep_by(const struct keep *keep);

/** keep_is_systemd() - is it systemd who keeps? */
bool keep_is_systemd(const struct keep *keep);

/** keep_fd_take() - a descriptor of an earlier process, the caller's; or -1 */
int keep_fd_take(struct keep *keep, const char *name);

/** keep_fd_has() - is there one to be taken? */
bool keep_fd_has(const struct keep *keep, const char *name);

/** keep_fd_put() - let a copy outlive the process; 0 or -errno */
int keep_fd_put(struct keep *keep, const char *name, int fd);

/** keep_fd_drop() - not any more */
void keep_fd_drop(struct keep *keep, const char *name);

/* records */

/** keep_read() - Return: bytes of the record, 0 when there is none */
size_t keep_read(const struct keep *keep, uint32_t id, void *out, size_t cap);

/** keep_write() - replace it as a whole; 0, -EINVAL (no such id, too long) */
int keep_write(struct keep *keep, uint32_t id, const void *data, size_t len);

/** keep_erase() - wipe it */
void keep_erase(struct keep *keep, uint32_t id);

/**
 * keep_counter() - KEEP_COUNTER_LEN bytes, aligned, to be written in place
 * @key_id: 0 to 7
 *
 * Return: NULL when nothing is kept of this id.
 */
void *keep_counter(struct keep *keep, uint32_t id, unsigned int key_id);
uint32_t keep_n_records(const struct keep *keep);

#endif
