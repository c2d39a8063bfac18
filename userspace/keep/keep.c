// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "keep/private.h"
#include "log/log.h"
#include "mem/mem.h"

#define STORE_NAME	"records"
#define BUSY_MS		20
#define BUSY_TRIES	50

/**
 * struct keep - see keep.h
 * @sock: to the process that keeps; -1: systemd does
 * @is_used: an earlier process has left records
 * @names: of what systemd has of ours
 * @names_max: of what its store has room for
 */
struct keep {
	int sock;
	bool is_used;
	char names[KEEP_FDS_MAX][KEEP_NAME_MAX];
	size_t n_names, names_max;
	struct keep_fd fds[KEEP_FDS_MAX];
	size_t n_fds;
	struct keep_store store;
};

/* ---- who keeps -------------------------------------------------------- */

static size_t name_find(const struct keep *keep, const char *name)
{
	size_t i = 0;

	while (i < keep->n_names && strcmp(keep->names[i], name))
		i++;
	return i;
}

/* Return: 0, or -ENOSPC: systemd has no room for one more. */
static int name_add(struct keep *keep, const char *name)
{
	size_t i = name_find(keep, name);

	if (i < keep->n_names)
		return 0;
	if (i >= keep->names_max)
		return -ENOSPC;
	snprintf(keep->names[i], sizeof(keep->names[i]), "%s", name);
	keep->n_names++;
	return 0;
}

static void name_del(struct keep *keep, const char *name)
{
	size_t i = name_find(keep, name);

	if (i < keep->n_names)
		memcpy(keep->names[i], keep->names[--keep->n_names],
		       sizeof(keep->names[i]));
}

/* Newer systemd says how much room there is. */
static size_t systemd_room(void)
{
	const char *text = getenv("FDSTORE");
	int room = text ? atoi(text) : KEEP_FDS_MAX;

	return room < KEEP_FDS_MAX && room > 0 ? (size_t)room : KEEP_FDS_MAX;
}

/* What systemd hands back has the names that we gave it. */
static void take_from_systemd(struct keep *keep)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names);

	keep->names_max = systemd_room();
	for (int i = 0; i < n; i++) {
		struct keep_fd *entry = &keep->fds[keep->n_fds];
		bool is_ours = !strncmp(names[i], "ovpnd-", 6);

		if (is_ours && keep->n_fds < KEEP_FDS_MAX) {
			snprintf(entry->name, sizeof(entry->name), "%s",
				 names[i] + 6);
			entry->fd = fcntl(SD_LISTEN_FDS_START + i,
					  F_DUPFD_CLOEXEC, 3);
			name_add(keep, names[i] + 6);
			keep->n_fds += entry->fd >= 0;
			close(SD_LISTEN_FDS_START + i);
		}
		free(names[i]);
	}
	free(names);
}

/*
 * Newer systemd says what the unit's store has room for, if there is one. Where
 * that is not known, what is configured counts, and otherwise trying does no
 * harm.
 */
static bool systemd_keeps(const struct keep_setup *setup)
{
	const char *room = getenv("FDSTORE");

	if (!getenv("NOTIFY_SOCKET"))
		return false;
	return room ? strcmp(room, "0") :
		      !setup->is_storeless && !setup->hold_s;
}

/* One that is told to end, or whose daemon has just died, takes a moment. */
static int find_holder(struct keep *keep, const struct keep_setup *setup)
{
	const struct timespec pause = { .tv_nsec = BUSY_MS * 1000 * 1000 };
	int sock;

	for (int tries = 0; tries < BUSY_TRIES; tries++) {
		sock = keep_holder_join(setup->id, keep->fds, &keep->n_fds);
		if (sock == -ENOENT)
			sock = keep_holder_start(setup->id, setup->hold_s);
		if (sock != -EBUSY && sock != -EADDRINUSE)
			break;
		nanosleep(&pause, NULL);
	}
	if (sock < 0)
		return sock == -EADDRINUSE ? -EBUSY : sock;
	keep->sock = sock;
	return 0;
}

/* ---- records of an earlier process ------------------------------------- */

static void records_move(struct keep_store *from, struct keep_store *to)
{
	for (uint32_t id = 0; id < from->n_slots && id < to->n_slots; id++) {
		const struct keep_slot *slot = keep_store_slot(from, id);

		if (slot)
			memcpy(keep_store_use(to, id), slot, sizeof(*slot));
	}
}

static int records_open(struct keep *keep, uint32_t n_slots)
{
	struct keep_store old = { .fd = -1 };
	int fd = keep_fd_take(keep, STORE_NAME), ret;

	if (fd >= 0 && keep_store_open(&old, fd)) {
		log_warn("what an earlier ovpnd has left is of another version, clients have to come again");
		close(fd);
		fd = -1;
	}
	keep->is_used = fd >= 0;
	if (fd >= 0 && old.n_slots == n_slots) {
		keep->store = old;
		return 0;
	}
	ret = keep_store_new(&keep->store, n_slots);
	if (!ret && fd >= 0) {
		records_move(&old, &keep->store);
		keep_fd_drop(keep, STORE_NAME);
	}
	keep_store_close(&old);
	return ret ? ret : keep_fd_put(keep, STORE_NAME, keep->store.fd);
}

int keep_open(const struct keep_setup *setup, struct keep **out)
{
	struct keep *keep = calloc(1, sizeof(*keep));
	int ret = 0;

	*out = NULL;
	if (!keep)
		return -ENOMEM;
	keep->sock = -1;
	keep->store.fd = -1;
	if (systemd_keeps(setup)) {
		take_from_systemd(keep);
	} else if (setup->hold_s) {
		ret = find_holder(keep, setup);
	} else {
		free(keep);
		return 0;
	}
	if (!ret)
		ret = records_open(keep, setup->n_records + 1);
	if (ret)
		keep_close(keep);
	else
		*out = keep;
	return ret;
}

static void keep_free(struct keep *keep)
{
	for (size_t i = 0; i < keep->n_fds; i++)
		if (keep->fds[i].fd >= 0)
			close(keep->fds[i].fd);
	free(keep);
}

void keep_close(struct keep *keep)
{
	char name[KEEP_NAME_MAX];

	if (!keep)
		return;
	keep_store_close(&keep->store);
	while (keep->n_names) {
		memcpy(name, keep->names[0], sizeof(name));
		keep_fd_drop(keep, name);
	}
	if (keep->sock >= 0)
		keep_holder_bye(keep->sock);
	keep_free(keep);
}

void keep_leave(struct keep *keep)
{
	if (!keep)
		return;
	keep_store_leave(&keep->store);
	if (keep->sock >= 0)
		close(keep->sock);
	keep_free(keep);
}

bool keep_is_used(const struct keep *keep)
{
	return keep && keep->is_used;
}

bool keep_is_systemd(const struct keep *keep)
{
	return keep && keep->sock < 0;
}

const char *keep_by(const struct keep *keep)
{
	return keep_is_systemd(keep) ? "systemd" : "ovpnd-keep";
}

/* ---- descriptors ------------------------------------------------------- */

const char *keep_fd_name(const char *name, unsigned int n,
			 char out[KEEP_NAME_MAX])
{
	if (n)
		snprintf(out, KEEP_NAME_MAX, "%s-%u", name, n);
	else
		snprintf(out, KEEP_NAME_MAX, "%s", name);
	return out;
}

int keep_fd_take(struct keep *keep, const char *name)
{
	struct stat st;
	int fd = -1;

	for (size_t i = 0; keep && i < keep->n_fds; i++) {
		struct keep_fd *entry = &keep->fds[i];

		if (strcmp(entry->name, name) || entry->fd < 0)
			continue;
		/* of two, the later one is what was put last */
		if (fd >= 0)
			close(fd);
		fd = entry->fd;
		entry->fd = -1;
		if (!fstat(fd, &st)) {
			entry->dev = st.st_dev;
			entry->ino = st.st_ino;
		}
	}
	return fd;
}

/* What has come from there is there still. */
static bool is_kept(const struct keep *keep, const char *name, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	for (size_t i = 0; i < keep->n_fds; i++)
		if (!strcmp(keep->fds[i].name, name) && keep->fds[i].ino &&
		    keep->fds[i].dev == st.st_dev &&
		    keep->fds[i].ino == st.st_ino)
			return true;
	return false;
}

static void forget(struct keep *keep, const char *name)
{
	for (size_t i = 0; i < keep->n_fds; i++)
		if (!strcmp(keep->fds[i].name, name))
			keep->fds[i].ino = 0;
}

bool keep_fd_has(const struct keep *keep, const char *name)
{
	for (size_t i = 0; keep && i < keep->n_fds; i++)
		if (!strcmp(keep->fds[i].name, name) && keep->fds[i].fd >= 0)
			return true;
	return false;
}

int keep_fd_put(struct keep *keep, const char *name, int fd)
{
	char text[KEEP_NAME_MAX + 64];
	int ret;

	if (!keep)
		return -ENOENT;
	/* or there would be a moment without it */
	if (is_kept(keep, name, fd))
		return 0;
	if (keep->sock >= 0)
		return keep_holder_put(keep->sock, name, fd);
	/* what is there under the name is another one, or the same one */
	keep_fd_drop(keep, name);
	ret = name_add(keep, name);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=ovpnd-%s",
		 name);
	ret = log_notify(text, fd);
	return ret < 0 ? ret : ret ? 0 : -ENOENT;
}

void keep_fd_drop(struct keep *keep, const char *name)
{
	char text[KEEP_NAME_MAX + 64];

	if (!keep)
		return;
	forget(keep, name);
	if (keep->sock >= 0) {
		keep_holder_drop(keep->sock, name);
		return;
	}
	name_del(keep, name);
	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=ovpnd-%s", name);
	log_notify(text, -1);
}

/* ---- records ----------------------------------------------------------- */

static uint64_t half_sum(const struct keep_half *half)
{
	uint64_t sum = 14695981039346656037ull;	/* FNV-1a */

	sum = (sum ^ half->seq) * 1099511628211ull;
	sum = (sum ^ half->len) * 1099511628211ull;
	for (uint32_t i = 0; i < half->len; i++)
		sum = (sum ^ half->data[i]) * 1099511628211ull;
	return sum;
}

static bool half_is_good(const struct keep_half *half)
{
	return half->seq && half->len && half->len <= sizeof(half->data) &&
	       half->sum == half_sum(half);
}

/* The half that counts; -1: none. */
static int slot_at(const struct keep_slot *slot)
{
	bool is_good[2];

	for (int i = 0; i < 2; i++)
		is_good[i] = half_is_good(&slot->halves[i].half);
	if (is_good[0] && is_good[1])
		return slot->halves[1].half.seq > slot->halves[0].half.seq;
	return is_good[0] ? 0 : is_good[1] ? 1 : -1;
}

/* The first slot is the host's. */
static uint32_t slot_no(uint32_t id)
{
	return id + 1;
}

size_t keep_read(const struct keep *keep, uint32_t id, void *out, size_t cap)
{
	const struct keep_slot *slot = NULL;
	const struct keep_half *half;
	int at = -1;

	if (keep)
		slot = keep_store_slot(&keep->store, slot_no(id));
	if (slot)
		at = slot_at(slot);
	if (at < 0)
		return 0;
	half = &slot->halves[at].half;
	if (half->len > cap)
		return 0;
	memcpy(out, half->data, half->len);
	return half->len;
}

int keep_write(struct keep *keep, uint32_t id, const void *data, size_t len)
{
	struct keep_slot *slot = NULL;
	struct keep_half *half;
	uint64_t seq = 0;
	int at;

	if (keep && len && len <= KEEP_RECORD_MAX)
		slot = keep_store_use(&keep->store, slot_no(id));
	if (!slot)
		return -EINVAL;
	at = slot_at(slot);
	if (at >= 0)
		seq = slot->halves[at].half.seq;
	half = &slot->halves[at == 0].half;
	half->seq = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(half->data, data, len);
	half->len = (uint32_t)len;
	half->seq = seq + 1;
	half->sum = half_sum(half);
	/* nothing of an older state stays longer than it has to */
	if (at >= 0)
		mem_wipe(&slot->halves[at], sizeof(slot->halves[at]));
	return 0;
}

void keep_erase(struct keep *keep, uint32_t id)
{
	if (keep)
		keep_store_wipe(&keep->store, slot_no(id));
}

void *keep_counter(struct keep *keep, uint32_t id, unsigned int key_id)
{
	struct keep_slot *slot = NULL;

	if (keep)
		slot = keep_store_use(&keep->store, slot_no(id));
	return slot ? &slot->counters[key_id % KEEP_KEYS] : NULL;
}

uint32_t keep_n_records(const struct keep *keep)
{
	return keep ? keep->store.n_slots - 1 : 0;
}
