// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/parse.h"

const char *config_path_resolve(struct config *cfg, const char *path)
{
	if (!cfg->chdir || path[0] == '/')
		return path;
	return mem_arena_printf(cfg->arena, "%s/%s", cfg->chdir, path);
}

static char *secret_alloc(struct config *cfg, size_t size)
{
	char *mem = mem_secret_alloc(size);

	if (!mem)
		return NULL;
	if (mem_arena_defer(cfg->arena, mem_secret_free, mem)) {
		mem_secret_free(mem);
		return NULL;
	}
	return mem;
}

const char *config_secret_dup(struct config *cfg, const char *src, size_t len)
{
	char *mem = secret_alloc(cfg, len + 1);

	if (mem && len)
		memcpy(mem, src, len);
	return mem;
}

/* Read until the end of file or until @cap bytes are there. */
static int read_all(int fd, char *dst, size_t cap, size_t *len)
{
	*len = 0;
	while (*len < cap) {
		ssize_t n = read(fd, dst + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

/* Pipes and files of /proc have no size before they are read. */
#define UNSIZED_MAX 65536

static int read_fd(struct config *cfg, int fd, bool is_secret,
		   const char **text, size_t *len, uint32_t *mode)
{
	struct stat st;
	size_t size;
	char *mem;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	*mode = st.st_mode;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > CONFIG_FILE_MAX)
		return -EFBIG;
	size = st.st_size > 0 ? (size_t)st.st_size : UNSIZED_MAX;
	mem = is_secret ? secret_alloc(cfg, size + 1) :
		mem_arena_alloc(cfg->arena, size + 1);
	if (!mem)
		return -ENOMEM;
	ret = read_all(fd, mem, size, len);
	mem[*len] = '\0';
	*text = mem;
	return ret;
}

static int read_disk(struct config *cfg, const char *path, bool is_secret,
		     const char **text, size_t *len, uint32_t *mode)
{
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read_fd(cfg, fd, is_secret, text, len, mode);
	close(fd);
	return ret;
}

static int read_bundle(struct config *cfg, const char *path, bool is_secret,
		       const char **text, size_t *len)
{
	struct config_bundle_entry entry;
	int ret;

	ret = config_bundle_find(cfg->files, path, &entry);
	if (ret || entry.err)
		return ret ? ret : entry.err;
	*len = entry.len;
	*text = is_secret ? config_secret_dup(cfg, entry.text, entry.len) :
		mem_arena_memdup(cfg->arena, entry.text, entry.len);
	return *text ? 0 : -ENOMEM;
}

int config_file_read(struct config *cfg, const char *path, bool is_secret,
		     const char **text, size_t *len)
{
	struct config_bundle_entry entry = { .path = path };

	if (cfg->files && config_bundle_is_full(cfg->files))
		return read_bundle(cfg, path, is_secret, text, len);
	entry.err = read_disk(cfg, path, is_secret, text, len, &entry.mode);
	if (!cfg->files)
		return entry.err;
	if (!entry.err) {
		entry.text = *text;
		entry.len = *len;
	}
	return config_bundle_add(cfg->files, &entry) ? -ENOMEM : entry.err;
}

int config_dir_check(struct config *cfg, const char *path)
{
	struct config_bundle_entry entry = { .path = path };
	struct stat st;
	int ret;

	if (cfg->files && config_bundle_is_full(cfg->files)) {
		ret = config_bundle_find(cfg->files, path, &entry);
		return ret ? ret : entry.err;
	}
	if (stat(path, &st))
		entry.err = -errno;
	else if (!S_ISDIR(st.st_mode))
		entry.err = -ENOTDIR;
	ret = cfg->files ? config_bundle_add(cfg->files, &entry) : 0;
	return ret ? ret : entry.err;
}

static bool file_mode(struct config *cfg, const char *path, uint32_t *mode)
{
	struct config_bundle_entry entry;
	struct stat st;

	if (cfg->files) {
		if (config_bundle_find(cfg->files, path, &entry))
			return false;
		*mode = entry.mode;
		return true;
	}
	if (stat(path, &st))
		return false;
	*mode = st.st_mode;
	return true;
}

static const char *read_cure(int err)
{
	if (err == -ENOENT)
		return "check the name; relative names start at \"cd\" or at "
		       "the directory ovpnd was started in";
	if (err == -EACCES)
		return "make it readable for the user that starts ovpnd";
	if (err == -EISDIR)
		return "name a file in it";
	return "the file must be readable and at most 4 MiB";
}

static int secret_check(struct config_parse *ps,
			const struct config_place *place, const char *name,
			const char *path)
{
	uint32_t mode;

	if (!file_mode(ps->cfg, path, &mode) || !(mode & (S_IRWXG | S_IRWXO)))
		return 0;
	return config_warn_at(ps, place,
		"%s: \"%s\" is accessible by group or others; use chmod 600",
		name, path);
}

static int blob_load(struct config_parse *ps, const struct config_row *row,
		     struct config_blob *blob)
{
	const struct config_place *place = config_place_of(ps, row->name);
	const char *path;

	/* another option has named the file */
	place = place ? place : &ps->at;
	int ret;

	path = config_path_resolve(ps->cfg, blob->path);
	if (!path)
		return config_nomem(ps);
	ret = config_file_read(ps->cfg, path, row->lo, &blob->text, &blob->len);
	if (ret == -ENOMEM)
		return config_nomem(ps);
	if (ret)
		return config_fail_at(ps, place, "%s: cannot read \"%s\": %s; %s",
				      row->name, path, strerror(-ret),
				      read_cure(ret));
	if (!blob->len)
		return config_fail_at(ps, place, "%s: \"%s\" is empty",
				      row->name, path);
	blob->path = path;
	return row->lo ? secret_check(ps, place, row->name, path) : 0;
}

/* The one that stands behind other arguments. */
static int management_load(struct config_parse *ps)
{
	struct config_blob *blob = &ps->cfg->management_pass;

	return blob->path ? blob_load(ps, config_row_find("management"), blob) :
			    0;
}

int config_blobs_load(struct config_parse *ps)
{
	size_t i;
	int ret;

	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);
		struct config_blob *blob;

		if (!(row->scope & CONFIG_IN_BLOCK) || !row->off)
			continue;
		blob = (struct config_blob *)((char *)ps->cfg + row->off);
		if (!blob->path || blob->text)
			continue;
		ret = blob_load(ps, row, blob);
		if (ret)
			return ret;
	}
	ret = management_load(ps);
	if (ret)
		return ret;
	/* an argument of an option that is no file itself */
	if (!ps->cfg->socks_login.path)
		return 0;
	return blob_load(ps, config_row_find("socks-proxy"),
			 &ps->cfg->socks_login);
}
