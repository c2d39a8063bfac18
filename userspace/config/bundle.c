// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

/*
 * Entries one behind the other, all in memory for secrets: a file may be a
 * private key, or have one inside.
 *
 *	length of the path, of the text, error, mode (32 bits each)
 *	path and NUL, text and NUL
 */

#define BUNDLE_HEAD	16
#define BUNDLE_FIRST	65536
#define BUNDLE_MAX	(64u << 20)

/**
 * struct config_bundle - see config.h
 * @is_full: of config_bundle_take(): nothing is added
 */
struct config_bundle {
	uint8_t *data;
	size_t len, cap;
	bool is_full;
};

struct config_bundle *config_bundle_new(void)
{
	return calloc(1, sizeof(struct config_bundle));
}

struct config_bundle *config_bundle_take(void *data, size_t len)
{
	struct config_bundle *bundle = config_bundle_new();

	if (!bundle)
		return NULL;
	bundle->data = data;
	bundle->len = bundle->cap = len;
	bundle->is_full = true;
	return bundle;
}

const void *config_bundle_data(const struct config_bundle *bundle, size_t *len)
{
	*len = bundle->len;
	return bundle->data;
}

void config_bundle_free(struct config_bundle *bundle)
{
	if (!bundle)
		return;
	mem_secret_free(bundle->data);
	free(bundle);
}

bool config_bundle_is_full(const struct config_bundle *bundle)
{
	return bundle->is_full;
}

static int bundle_grow(struct config_bundle *bundle, size_t need)
{
	size_t cap = bundle->cap ? bundle->cap : BUNDLE_FIRST;
	uint8_t *data;

	while (cap - bundle->len < need)
		cap *= 2;
	if (cap == bundle->cap)
		return 0;
	data = cap <= BUNDLE_MAX ? mem_secret_alloc(cap) : NULL;
	if (!data)
		return -ENOMEM;
	if (bundle->len)
		memcpy(data, bundle->data, bundle->len);
	mem_secret_free(bundle->data);
	bundle->data = data;
	bundle->cap = cap;
	return 0;
}

int config_bundle_add(struct config_bundle *bundle,
		      const struct config_bundle_entry *entry)
{
	size_t path_len = strlen(entry->path) + 1;
	size_t need = BUNDLE_HEAD + path_len + entry->len + 1;
	struct mem_writer wr;
	int ret;

	ret = bundle_grow(bundle, need);
	if (ret)
		return ret;
	mem_writer_init(&wr, bundle->data + bundle->len, need);
	mem_write_be32(&wr, (uint32_t)path_len);
	mem_write_be32(&wr, (uint32_t)entry->len);
	mem_write_be32(&wr, (uint32_t)-entry->err);
	mem_write_be32(&wr, entry->mode);
	mem_write_bytes(&wr, entry->path, path_len);
	if (entry->len)
		mem_write_bytes(&wr, entry->text, entry->len);
	mem_write_u8(&wr, 0);
	bundle->len += need;
	return 0;
}

int config_bundle_find(const struct config_bundle *bundle, const char *path,
		       struct config_bundle_entry *out)
{
	struct mem_reader rd;
	size_t path_len;

	mem_reader_init(&rd, bundle->data, bundle->len);
	while (rd.left) {
		path_len = mem_read_be32(&rd);
		out->len = mem_read_be32(&rd);
		out->err = -(int)(mem_read_be32(&rd) & 0xffff);
		out->mode = mem_read_be32(&rd);
		out->path = (const char *)mem_read_ref(&rd, path_len);
		out->text = (const char *)mem_read_ref(&rd, out->len);
		if (mem_read_u8(&rd) || rd.is_bad || !path_len ||
		    out->path[path_len - 1])
			return -ENOENT;
		if (!strcmp(out->path, path))
			return 0;
	}
	return -ENOENT;
}
