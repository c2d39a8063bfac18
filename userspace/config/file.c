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
		   const char **text, size_t *len)
{
	struct stat st;
	size_t size;
	char *mem;
	int ret;

	if (fstat(fd, &st))
		return -errno;
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

int config_file_read(struct config *cfg, const char *path, bool is_secret,
		     const char **text, size_t *len)
{
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read_fd(cfg, fd, is_secret, text, len);
	close(fd);
	return ret;
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
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & (S_IRWXG | S_IRWXO)))
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
	return 0;
}
