/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEM_MEM_H
#define MEM_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory by lifetime: arenas that are freed whole, bounded readers and writers
 * for everything that comes from or goes to the network, and pages for secrets.
 */

/* arenas */

struct mem_arena;

/**
 * mem_arena_new() - make an empty arena
 * @name: what lives in it ("config", "tunnel"), for statistics; borrowed
 *
 * Return: the arena, owned by the caller until mem_arena_free(); NULL when out
 * of memory.
 */
struct mem_arena *mem_arena_new(const char *name);

/**
 * mem_arena_free() - run the cleanup hooks, newest first, and free everything
 * @arena: consumed; NULL is allowed
 */
void mem_arena_free(struct mem_arena *arena);

/**
 * mem_arena_alloc() - zeroed memory, aligned for any type
 * @arena: owner of the memory
 * @size: bytes
 *
 * Return: memory that lives as long as the arena, NULL when out of memory.
 */
void *mem_arena_alloc(struct mem_arena *arena, size_t size);

/** mem_arena_memdup() - copy @len bytes and append a NUL that is not counted */
void *mem_arena_memdup(struct mem_arena *arena, const void *src, size_t len);

/** mem_arena_strdup() - copy a string; NULL when out of memory */
char *mem_arena_strdup(struct mem_arena *arena, const char *str);

/** mem_arena_printf() - format into the arena; NULL when out of memory */
char *mem_arena_printf(struct mem_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * mem_arena_defer() - call a function when the arena is freed
 * @arena: the arena
 * @hook: called once with @arg, in reverse order of registration
 * @arg: passed to @hook
 *
 * Return: 0, or -ENOMEM (the hook is then not registered).
 */
int mem_arena_defer(struct mem_arena *arena, void (*hook)(void *arg),
		    void *arg);

/** mem_arena_size() - bytes handed out so far */
size_t mem_arena_size(const struct mem_arena *arena);

/* bounded reader: sticks at its first error, checked once */

struct mem_reader {
	const uint8_t *pos;
	size_t left;
	bool is_bad;
};

void mem_reader_init(struct mem_reader *rd, const void *data, size_t len);

/* Each returns 0 and marks the reader bad when fewer bytes are left. */
uint8_t mem_read_u8(struct mem_reader *rd);
uint16_t mem_read_be16(struct mem_reader *rd);
uint32_t mem_read_be32(struct mem_reader *rd);
uint64_t mem_read_be64(struct mem_reader *rd);

/**
 * mem_read_bytes() - copy @len bytes; @dst is zeroed when they are missing
 */
void mem_read_bytes(struct mem_reader *rd, void *dst, size_t len);

/**
 * mem_read_ref() - borrow @len bytes of the underlying data
 *
 * Return: pointer into the data, NULL (and the reader bad) when too short.
 */
const uint8_t *mem_read_ref(struct mem_reader *rd, size_t len);

/* bounded writer */

struct mem_writer {
	uint8_t *base;
	size_t cap;
	size_t len;
	bool is_bad;
};

void mem_writer_init(struct mem_writer *wr, void *dst, size_t cap);
void mem_write_u8(struct mem_writer *wr, uint8_t v);
void mem_write_be16(struct mem_writer *wr, uint16_t v);
void mem_write_be32(struct mem_writer *wr, uint32_t v);
void mem_write_be64(struct mem_writer *wr, uint64_t v);
void mem_write_bytes(struct mem_writer *wr, const void *src, size_t len);

/**
 * mem_write_reserve() - leave @len bytes to be filled in by the caller
 *
 * Return: where to write them, NULL (and the writer bad) when full.
 */
uint8_t *mem_write_reserve(struct mem_writer *wr, size_t len);

/* growing byte buffer (control data off the fast path) */

struct mem_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t limit;
};

/**
 * mem_buf_init() - empty buffer that never grows beyond @limit bytes
 */
void mem_buf_init(struct mem_buf *buf, size_t limit);

/**
 * mem_buf_append() - add bytes at the end
 *
 * Return: 0, -ENOMEM, or -ENOBUFS when @limit would be passed.
 */
int mem_buf_append(struct mem_buf *buf, const void *src, size_t len);

/** mem_buf_consume() - drop @len bytes (at most all) from the front */
void mem_buf_consume(struct mem_buf *buf, size_t len);

/** mem_buf_trim() - free the storage if nothing is in it */
void mem_buf_trim(struct mem_buf *buf);

/** mem_buf_reset() - wipe and free the storage; the buffer can be used again */
void mem_buf_reset(struct mem_buf *buf);

/* secrets */

/**
 * mem_secret_alloc() - zeroed memory for keys
 * @size: bytes
 *
 * Lives in guarded pages of secrets only: locked where RLIMIT_MEMLOCK allows
 * it, left out of core dumps, wiped by mem_secret_free() and not inherited by
 * children, which read zeros.
 *
 * Context: any thread.
 *
 * Return: the memory, NULL when out of memory.
 */
void *mem_secret_alloc(size_t size);

/** mem_secret_free() - wipe and free; NULL is allowed */
void mem_secret_free(void *secret);

/** mem_wipe() - overwrite with zeros in a way the compiler keeps */
void mem_wipe(void *data, size_t len);

/** mem_equal() - compare in constant time; true when equal */
bool mem_equal(const void *a, const void *b, size_t len);

#endif
