// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep/private.h"
#include "mem/mem.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Where the slots begin. */
static size_t slots_at(uint32_t n_slots)
{
	return sizeof(struct keep_head) +
	       ((size_t)n_slots + KEEP_PAGE - 1) / KEEP_PAGE * KEEP_PAGE;
}

static size_t store_size(uint32_t n_slots)
{
	return slots_at(n_slots) + (size_t)n_slots * sizeof(struct keep_slot);
}

static int store_map(struct keep_store *store, int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	/* Best effort, as for other secrets; only pages that are used. */
	(void)mlock2(map, size, MLOCK_ONFAULT);
	(void)madvise(map, size, MADV_DONTDUMP);
	(void)madvise(map, size, MADV_DONTFORK);
	store->fd = fd;
	store->map = map;
	store->size = size;
	return 0;
}

int keep_store_new(struct keep_store *store, uint32_t n_slots)
{
	size_t size = store_size(n_slots);
	struct keep_head *head;
	int fd, ret = 0;

	fd = memfd_create("ovpnd-keep", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, SEALS))
		ret = -errno;
	if (!ret)
		ret = store_map(store, fd, size);
	if (ret) {
		close(fd);
		return ret;
	}
	head = (struct keep_head *)store->map;
	head->version = KEEP_VERSION;
	head->slot_size = sizeof(struct keep_slot);
	head->n_slots = n_slots;
	head->magic = KEEP_MAGIC;
	store->n_slots = n_slots;
	return 0;
}

int keep_store_open(struct keep_store *store, int fd)
{
	const struct keep_head *head;
	struct stat st;
	int ret;

	/* what can still shrink would be a bus error */
	if (fstat(fd, &st) || fcntl(fd, F_GET_SEALS) != SEALS ||
	    st.st_size < (off_t)sizeof(*head))
		return -EBADMSG;
	ret = store_map(store, fd, (size_t)st.st_size);
	if (ret)
		return ret;
	head = (const struct keep_head *)store->map;
	if (head->magic == KEEP_MAGIC && head->version == KEEP_VERSION &&
	    head->slot_size == sizeof(struct keep_slot) &&
	    store_size(head->n_slots) == (size_t)st.st_size) {
		store->n_slots = head->n_slots;
		return 0;
	}
	munmap(store->map, store->size);
	memset(store, 0, sizeof(*store));
	store->fd = -1;
	return -EBADMSG;
}

void keep_store_close(struct keep_store *store)
{
	if (!store->map)
		return;
	for (uint32_t id = 0; id < store->n_slots; id++)
		keep_store_wipe(store, id);
	keep_store_leave(store);
}

void keep_store_leave(struct keep_store *store)
{
	if (!store->map)
		return;
	munmap(store->map, store->size);
	close(store->fd);
	memset(store, 0, sizeof(*store));
	store->fd = -1;
}

static uint8_t *used_of(const struct keep_store *store, uint32_t id)
{
	return store->map + sizeof(struct keep_head) + id;
}

static struct keep_slot *slot_of(const struct keep_store *store, uint32_t id)
{
	return (struct keep_slot *)(store->map + slots_at(store->n_slots)) + id;
}

struct keep_slot *keep_store_slot(const struct keep_store *store, uint32_t id)
{
	return id < store->n_slots && *used_of(store, id) ?
	       slot_of(store, id) : NULL;
}

struct keep_slot *keep_store_use(const struct keep_store *store, uint32_t id)
{
	if (id >= store->n_slots)
		return NULL;
	*used_of(store, id) = 1;
	return slot_of(store, id);
}

void keep_store_wipe(const struct keep_store *store, uint32_t id)
{
	struct keep_slot *slot = keep_store_slot(store, id);

	if (!slot)
		return;
	mem_wipe(slot, sizeof(*slot));
	*used_of(store, id) = 0;
}
