// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem/mem.h"

/*
 * A secret ends where its upper guard page starts, so that reading or writing
 * past the end faults at once:
 *
 *	| guard | ...unused... | head | secret | guard |
 *
 * In a child process the pages read as zeros, the head included.
 */
struct secret_head {
	alignas(max_align_t) void *map;
	size_t map_len;
	size_t size;
};

void *mem_secret_alloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t align = alignof(max_align_t);
	struct secret_head *head;
	size_t padded, inner;
	uint8_t *map, *secret;

	if (size > SIZE_MAX / 4)
		return NULL;
	padded = (size + align - 1) / align * align;
	inner = (sizeof(*head) + padded + page - 1) / page * page;

	map = mmap(NULL, inner + 2 * page, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map + page, inner, PROT_READ | PROT_WRITE)) {
		munmap(map, inner + 2 * page);
		return NULL;
	}
	/* Best effort: a small RLIMIT_MEMLOCK must not stop the daemon. */
	(void)mlock(map + page, inner);
	(void)madvise(map + page, inner, MADV_DONTDUMP);
	(void)madvise(map + page, inner, MADV_WIPEONFORK);

	secret = map + page + inner - padded;
	head = (void *)(secret - sizeof(*head));
	head->map = map;
	head->map_len = inner + 2 * page;
	head->size = padded;
	return secret;
}

void mem_secret_free(void *secret)
{
	struct secret_head *head;

	if (!secret)
		return;
	head = (void *)((uint8_t *)secret - sizeof(*head));
	/* Wiped by fork(): nothing to protect and no size to unmap. */
	if (!head->map)
		return;
	mem_wipe(secret, head->size);
	munmap(head->map, head->map_len);
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
