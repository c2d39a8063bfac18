// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

#define ARENA_CHUNK	4096u
#define ARENA_FIRST	1024u
#define ARENA_ALIGN	alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t cap;
	size_t used;
	alignas(max_align_t) uint8_t data[];
};

struct arena_hook {
	struct arena_hook *next;
	void (*fn)(void *arg);
	void *arg;
};

/*
 * Owned by the caller of mem_arena_new(). Only the newest chunk is filled
 * further; a large request gets a chunk of its own behind it. Chunks double:
 * there are arenas by the ten thousand that stay small.
 */
struct mem_arena {
	const char *name;
	struct arena_chunk *chunks;
	struct arena_hook *hooks;
	size_t size;
};

struct mem_arena *mem_arena_new(const char *name)
{
	struct mem_arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->name = name;
	return arena;
}

void mem_arena_free(struct mem_arena *arena)
{
	struct arena_chunk *chunk;
	struct arena_hook *hook;

	if (!arena)
		return;
	/* A hook may register another one: take them off one by one. */
	while ((hook = arena->hooks)) {
		arena->hooks = hook->next;
		hook->fn(hook->arg);
	}
	while ((chunk = arena->chunks)) {
		arena->chunks = chunk->next;
		/* Inline keys and passwords of a configuration live here. */
		mem_wipe(chunk->data, chunk->used);
		free(chunk);
	}
	free(arena);
}

static struct arena_chunk *arena_chunk_new(size_t cap)
{
	struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + cap);

	if (chunk)
		chunk->cap = cap;
	return chunk;
}

static struct arena_chunk *arena_grow(struct mem_arena *arena, size_t size)
{
	struct arena_chunk *chunk, *head = arena->chunks;
	bool is_large = size > ARENA_CHUNK / 4;
	size_t cap = ARENA_FIRST;

	if (head && head->cap >= ARENA_CHUNK / 2)
		cap = ARENA_CHUNK;
	else if (head)
		cap = 2 * head->cap;
	chunk = arena_chunk_new(is_large ? size : cap);
	if (!chunk)
		return NULL;
	if (is_large && head) {
		chunk->next = head->next;
		head->next = chunk;
		return chunk;
	}
	chunk->next = head;
	arena->chunks = chunk;
	return chunk;
}

void *mem_arena_alloc(struct mem_arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t padded;
	void *mem;

	if (size > SIZE_MAX / 2)
		return NULL;
	/* Zero bytes give a valid and distinct address, too. */
	padded = size ? size : 1;
	padded = (padded + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

	if (!chunk || chunk->cap - chunk->used < padded) {
		chunk = arena_grow(arena, padded);
		if (!chunk)
			return NULL;
	}
	mem = chunk->data + chunk->used;
	chunk->used += padded;
	arena->size += size;
	return mem;
}

void *mem_arena_memdup(struct mem_arena *arena, const void *src, size_t len)
{
	uint8_t *copy;

	if (len > SIZE_MAX / 2)
		return NULL;
	copy = mem_arena_alloc(arena, len + 1);
	if (copy && len)
		memcpy(copy, src, len);
	return copy;
}

char *mem_arena_strdup(struct mem_arena *arena, const char *str)
{
	return mem_arena_memdup(arena, str, strlen(str));
}

char *mem_arena_printf(struct mem_arena *arena, const char *fmt, ...)
{
	va_list args;
	char *str;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return NULL;

	str = mem_arena_alloc(arena, (size_t)len + 1);
	if (!str)
		return NULL;
	va_start(args, fmt);
	vsnprintf(str, (size_t)len + 1, fmt, args);
	va_end(args);
	return str;
}

int mem_arena_defer(struct mem_arena *arena, void (*hook)(void *arg),
		    void *arg)
{
	struct arena_hook *entry = mem_arena_alloc(arena, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	entry->fn = hook;
	entry->arg = arg;
	entry->next = arena->hooks;
	arena->hooks = entry;
	return 0;
}

size_t mem_arena_size(const struct mem_arena *arena)
{
	return arena->size;
}
