// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem/mem.h"

/*
 * A large secret has pages of its own and ends where its upper guard page
 * starts. Small ones, of which each peer has several, share guarded slabs:
 * a process may have only some 65000 mappings, and little locked memory.
 *
 *	large:	| guard | ...unused... | head | secret | guard |
 *	slab:	| guard | head | secret | head | secret | ... | guard |
 *
 * In a child process the pages read as zeros, heads and free lists included;
 * the code below only takes what is left in a slab for full then.
 */
#define SMALL_MAX	512u
#define SLAB_SIZE	16384u
#define N_CLASSES	4u

static const size_t class_size[N_CLASSES] = { 64, 128, 256, SMALL_MAX };

struct secret_slab {
	struct secret_slab *prev, *next;
	uint8_t *map;			/* with guard pages */
	size_t map_len;
	size_t size;			/* of the pages in between */
	size_t class;
	size_t carved;			/* bytes handed out at least once */
	size_t n_used;
	struct secret_head *free;
};

struct secret_head {
	alignas(max_align_t) struct secret_slab *slab;	/* NULL: large */
	struct secret_head *next_free;
	void *map;
	size_t map_len;
	size_t size;
};

/* @lock covers the slabs; a list holds those of a class that have room. */
static pthread_mutex_t slab_lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret_slab *slab_room[N_CLASSES];

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

/* Return: the first byte between the guard pages, NULL when out of memory. */
static uint8_t *pages_map(size_t size, uint8_t **map, size_t *map_len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*map_len = size + 2 * page;
	*map = mmap(NULL, *map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (*map == MAP_FAILED)
		return NULL;
	if (mprotect(*map + page, size, PROT_READ | PROT_WRITE)) {
		munmap(*map, *map_len);
		return NULL;
	}
	/* Best effort: a small RLIMIT_MEMLOCK must not stop the daemon. */
	(void)mlock(*map + page, size);
	(void)madvise(*map + page, size, MADV_DONTDUMP);
	(void)madvise(*map + page, size, MADV_WIPEONFORK);
	return *map + page;
}

/* large */

static void *large_alloc(size_t size)
{
	size_t padded = round_up(size, alignof(max_align_t));
	size_t inner = round_up(sizeof(struct secret_head) + padded,
				(size_t)sysconf(_SC_PAGESIZE));
	struct secret_head *head;
	uint8_t *map, *pages;
	size_t map_len;

	pages = pages_map(inner, &map, &map_len);
	if (!pages)
		return NULL;
	head = (void *)(pages + inner - padded - sizeof(*head));
	head->map = map;
	head->map_len = map_len;
	head->size = padded;
	return head + 1;
}

/* small: all with the lock held */

static size_t slab_stride(const struct secret_slab *slab)
{
	return sizeof(struct secret_head) + class_size[slab->class];
}

static bool slab_has_room(const struct secret_slab *slab)
{
	return slab->free || slab->carved + slab_stride(slab) <= slab->size;
}

static void slab_link(struct secret_slab *slab)
{
	struct secret_slab **list = &slab_room[slab->class];

	slab->prev = NULL;
	slab->next = *list;
	if (*list)
		(*list)->prev = slab;
	*list = slab;
}

static void slab_unlink(struct secret_slab *slab)
{
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		slab_room[slab->class] = slab->next;
	if (slab->next)
		slab->next->prev = slab->prev;
}

static struct secret_slab *slab_new(size_t class)
{
	struct secret_slab *slab = calloc(1, sizeof(*slab));

	if (!slab)
		return NULL;
	slab->class = class;
	slab->size = round_up(SLAB_SIZE, (size_t)sysconf(_SC_PAGESIZE));
	if (!pages_map(slab->size, &slab->map, &slab->map_len)) {
		free(slab);
		return NULL;
	}
	slab_link(slab);
	return slab;
}

static struct secret_head *slab_take(struct secret_slab *slab)
{
	struct secret_head *head = slab->free;
	size_t guard = (slab->map_len - slab->size) / 2;

	if (head) {
		slab->free = head->next_free;
	} else {
		head = (void *)(slab->map + guard + slab->carved);
		slab->carved += slab_stride(slab);
	}
	head->slab = slab;
	head->next_free = NULL;
	head->size = class_size[slab->class];
	slab->n_used++;
	if (!slab_has_room(slab))
		slab_unlink(slab);
	return head;
}

/* The last slab with room of a class stays, against mapping back and forth. */
static void slab_give(struct secret_slab *slab, struct secret_head *head)
{
	bool had_room = slab_has_room(slab);

	head->slab = NULL;
	head->next_free = slab->free;
	slab->free = head;
	slab->n_used--;
	if (!had_room)
		slab_link(slab);
	if (slab->n_used || (!slab->prev && !slab->next))
		return;
	slab_unlink(slab);
	munmap(slab->map, slab->map_len);
	free(slab);
}

static void *small_alloc(size_t size)
{
	struct secret_head *head = NULL;
	struct secret_slab *slab;
	size_t class = 0;

	while (class_size[class] < size)
		class++;
	pthread_mutex_lock(&slab_lock);
	slab = slab_room[class];
	if (!slab)
		slab = slab_new(class);
	if (slab)
		head = slab_take(slab);
	pthread_mutex_unlock(&slab_lock);
	return head ? head + 1 : NULL;
}

void *mem_secret_alloc(size_t size)
{
	if (size > SIZE_MAX / 4)
		return NULL;
	return size > SMALL_MAX ? large_alloc(size) : small_alloc(size);
}

void mem_secret_free(void *secret)
{
	struct secret_head *head;

	if (!secret)
		return;
	head = (struct secret_head *)secret - 1;
	/* Zero when fork() wiped it: nothing to protect, nothing to find. */
	mem_wipe(secret, head->size);
	if (head->slab) {
		pthread_mutex_lock(&slab_lock);
		slab_give(head->slab, head);
		pthread_mutex_unlock(&slab_lock);
	} else if (head->map) {
		munmap(head->map, head->map_len);
	}
}

void mem_wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}

bool mem_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *pa = a, *pb = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= pa[i] ^ pb[i];
	return !diff;
}
