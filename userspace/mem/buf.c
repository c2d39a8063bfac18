// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

#define BUF_FIRST_CAP	256u

void mem_buf_init(struct mem_buf *buf, size_t limit)
{
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
	buf->limit = limit;
}

/* realloc() would leave the old storage, and the keys in it, behind. */
static int buf_grow(struct mem_buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : BUF_FIRST_CAP;
	uint8_t *data;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > buf->limit)
		cap = buf->limit;

	data = malloc(cap);
	if (!data)
		return -ENOMEM;
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		mem_wipe(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int mem_buf_append(struct mem_buf *buf, const void *src, size_t len)
{
	int ret;

	if (!len)
		return 0;
	if (buf->len > buf->limit || len > buf->limit - buf->len)
		return -ENOBUFS;
	if (len > buf->cap - buf->len) {
		ret = buf_grow(buf, buf->len + len);
		if (ret)
			return ret;
	}
	memcpy(buf->data + buf->len, src, len);
	buf->len += len;
	return 0;
}

void mem_buf_consume(struct mem_buf *buf, size_t len)
{
	size_t left;

	if (len > buf->len)
		len = buf->len;
	if (!len)
		return;
	left = buf->len - len;
	memmove(buf->data, buf->data + len, left);
	mem_wipe(buf->data + left, len);
	buf->len = left;
}

void mem_buf_trim(struct mem_buf *buf)
{
	/* what was consumed has been wiped */
	if (buf->len)
		return;
	free(buf->data);
	buf->data = NULL;
	buf->cap = 0;
}

void mem_buf_reset(struct mem_buf *buf)
{
	/* Never written beyond the highest len, but that one is not known. */
	if (buf->data)
		mem_wipe(buf->data, buf->cap);
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
}
