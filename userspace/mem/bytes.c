// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "mem/mem.h"

void mem_reader_init(struct mem_reader *rd, const void *data, size_t len)
{
	rd->pos = data;
	rd->left = len;
	rd->is_bad = false;
}

const uint8_t *mem_read_ref(struct mem_reader *rd, size_t len)
{
	const uint8_t *ref = rd->pos;

	if (rd->is_bad || len > rd->left) {
		rd->is_bad = true;
		return NULL;
	}
	if (len)
		rd->pos += len;
	rd->left -= len;
	return ref;
}

static uint64_t read_be(struct mem_reader *rd, size_t len)
{
	const uint8_t *src = mem_read_ref(rd, len);
	uint64_t v = 0;

	if (!src)
		return 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | src[i];
	return v;
}

uint8_t mem_read_u8(struct mem_reader *rd)
{
	return (uint8_t)read_be(rd, 1);
}

uint16_t mem_read_be16(struct mem_reader *rd)
{
	return (uint16_t)read_be(rd, 2);
}

uint32_t mem_read_be32(struct mem_reader *rd)
{
	return (uint32_t)read_be(rd, 4);
}

uint64_t mem_read_be64(struct mem_reader *rd)
{
	return read_be(rd, 8);
}

void mem_read_bytes(struct mem_reader *rd, void *dst, size_t len)
{
	const uint8_t *src = mem_read_ref(rd, len);

	if (!len)
		return;
	if (src)
		memcpy(dst, src, len);
	else
		memset(dst, 0, len);
}

void mem_writer_init(struct mem_writer *wr, void *dst, size_t cap)
{
	wr->base = dst;
	wr->cap = cap;
	wr->len = 0;
	wr->is_bad = false;
}

uint8_t *mem_write_reserve(struct mem_writer *wr, size_t len)
{
	uint8_t *dst;

	if (wr->is_bad || len > wr->cap - wr->len) {
		wr->is_bad = true;
		return NULL;
	}
	dst = wr->len ? wr->base + wr->len : wr->base;
	wr->len += len;
	return dst;
}

static void write_be(struct mem_writer *wr, uint64_t v, size_t len)
{
	uint8_t *dst = mem_write_reserve(wr, len);

	if (!dst)
		return;
	for (size_t i = len; i-- > 0; v >>= 8)
		dst[i] = (uint8_t)v;
}

void mem_write_u8(struct mem_writer *wr, uint8_t v)
{
	write_be(wr, v, 1);
}

void mem_write_be16(struct mem_writer *wr, uint16_t v)
{
	write_be(wr, v, 2);
}

void mem_write_be32(struct mem_writer *wr, uint32_t v)
{
	write_be(wr, v, 4);
}

void mem_write_be64(struct mem_writer *wr, uint64_t v)
{
	write_be(wr, v, 8);
}

void mem_write_bytes(struct mem_writer *wr, const void *src, size_t len)
{
	uint8_t *dst = mem_write_reserve(wr, len);

	if (dst && len)
		memcpy(dst, src, len);
}
