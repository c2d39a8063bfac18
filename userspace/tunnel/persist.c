// SPDX-License-Identifier: GPL-2.0-or-later
/* ifconfig-pool-persist: the pool's addresses in a file, over restarts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tunnel/private.h"

#define PERSIST_MAX (64u << 20)	/* 2^19 of the longest lines */

/**
 * struct tunnel_persist - a pool's file; between submit and done the worker's
 * @fd: opened with the first rights, for directories where we may not write
 *	later; -1: none
 * @host: NULL: dropped, frees itself when the worker is done
 * @text: what is written
 */
struct tunnel_persist {
	struct loop_job job;
	struct tunnel_host *host;
	struct loop_timer *timer;
	bool is_writing;
	int fd;
	int err;
	struct mem_buf text;
	char path[PATH_MAX];
};

static int write_all(int fd, const uint8_t *data, size_t len, off_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A file of its own that takes the name over: no reader sees a half of it. */
static int persist_replace(const struct tunnel_persist *persist)
{
	char path[PATH_MAX + 8];
	struct stat st;
	int fd, ret;

	snprintf(path, sizeof(path), "%s.new", persist->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, persist->text.data, persist->text.len, 0);
	if (!ret && !stat(persist->path, &st) &&
	    fchmod(fd, st.st_mode & 0777))
		ret = -errno;
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(path, persist->path))
		ret = -errno;
	if (ret)
		unlink(path);
	return ret;
}

static int persist_overwrite(const struct tunnel_persist *persist)
{
	int ret = write_all(persist->fd, persist->text.data,
			    persist->text.len, 0);

	if (!ret && ftruncate(persist->fd, (off_t)persist->text.len))
		ret = -errno;
	return ret;
}

/* Context: a thread of the file pool, or the loop's at the end. */
static void persist_work(struct loop_job *job)
{
	struct tunnel_persist *persist = (struct tunnel_persist *)job;

	persist->err = persist_replace(persist);
	if (persist->err && persist->fd >= 0)
		persist->err = persist_overwrite(persist);
}

static void persist_destroy(struct tunnel_persist *persist)
{
	if (persist->fd >= 0)
		close(persist->fd);
	mem_buf_reset(&persist->text);
	free(persist);
}

static void persist_done(struct loop_job *job, bool was_run)
{
	struct tunnel_persist *persist = (struct tunnel_persist *)job;

	persist->is_writing = false;
	mem_buf_reset(&persist->text);
	if (!persist->host) {
		persist_destroy(persist);
		return;
	}
	if (was_run && persist->err)
		log_error("ifconfig-pool-persist: cannot write \"%s\": %s",
			  persist->path, strerror(-persist->err));
	if (!was_run || persist->err)
		control_pool_touch(persist->host->server->pool);
}

/* Return: is there something to be written. */
static bool persist_fill(struct tunnel_persist *persist)
{
	struct control_pool *pool = persist->host->server->pool;

	if (persist->is_writing || !control_pool_is_changed(pool))
		return false;
	if (!control_pool_save(pool, &persist->text))
		return true;
	mem_buf_reset(&persist->text);
	log_error("ifconfig-pool-persist: out of memory");
	return false;
}

static void persist_timeout(struct loop_timer *timer, void *arg)
{
	struct tunnel_host *host = arg;
	struct tunnel_persist *persist = host->persist;

	loop_timer_start(timer, host->setup.cfg->pool_interval * 1000ull);
	if (!persist_fill(persist))
		return;
	persist->is_writing = true;
	if (loop_pool_submit(host->server->files, &persist->job))
		persist_done(&persist->job, false);
}

static int persist_read(struct tunnel_persist *persist)
{
	uint8_t block[4096];
	ssize_t n;
	int fd, ret = 0;

	fd = open(persist->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (n = read(fd, block, sizeof(block)))) {
		if (n > 0)
			ret = mem_buf_append(&persist->text, block, (size_t)n);
		else if (errno != EINTR)
			ret = -errno;
	}
	close(fd);
	return ret;
}

/**
 * tunnel_persist_open() - read the pool's file, and open it for writing
 * @host: a server's; gets @persist if ifconfig-pool-persist is configured
 * @err: one line for the operator
 * @err_len: its size
 *
 * Context: before privileges are dropped.
 * Return: 0 or -errno.
 */
int tunnel_persist_open(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	struct tunnel_persist *persist;
	int ret = -ENAMETOOLONG;

	if (!cfg->pool_path)
		return 0;
	persist = calloc(1, sizeof(*persist));
	if (!persist)
		return -ENOMEM;
	mem_buf_init(&persist->text, PERSIST_MAX);
	persist->host = host;
	persist->job.work = persist_work;
	persist->job.done = persist_done;
	persist->fd = -1;
	host->persist = persist;
	if (strlen(cfg->pool_path) < sizeof(persist->path)) {
		strcpy(persist->path, cfg->pool_path);
		ret = persist_read(persist);
	}
	if (!ret && cfg->pool_interval) {
		persist->fd = open(persist->path,
				   O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY,
				   0600);
		if (persist->fd < 0)
			ret = -errno;
	}
	if (ret)
		snprintf(err, err_len,
			 "ifconfig-pool-persist: \"%s\": %s; name a file that can be read and written, or write 0 as its second argument",
			 cfg->pool_path, strerror(-ret));
	return ret;
}

/** tunnel_persist_start() - give the pool what was read; 0 or -errno */
int tunnel_persist_start(struct tunnel_host *host)
{
	struct tunnel_persist *persist = host->persist;
	uint32_t interval = host->setup.cfg->pool_interval;
	int ret;

	if (!persist)
		return 0;
	ret = control_pool_load(host->server->pool,
				(const char *)persist->text.data,
				persist->text.len, !interval);
	mem_buf_reset(&persist->text);
	if (ret < 0)
		return ret;
	if (ret)
		log_warn("ifconfig-pool-persist: %d lines of \"%s\" do not give a name an address of the pool",
			 ret, persist->path);
	if (!interval)
		return 0;
	persist->timer = loop_timer_new(host->setup.loop, persist_timeout,
					host);
	if (!persist->timer)
		return -ENOMEM;
	loop_timer_start(persist->timer, interval * 1000ull);
	return 0;
}

/**
 * tunnel_persist_close() - write what has changed, and forget the file
 *
 * Context: the loop has ended. A file that is being written still, because its
 * file system hangs, is not waited for.
 */
void tunnel_persist_close(struct tunnel_host *host)
{
	struct tunnel_persist *persist = host->persist;

	if (!persist)
		return;
	host->persist = NULL;
	loop_timer_free(persist->timer);
	if (host->server && host->server->pool &&
	    host->setup.cfg->pool_interval && persist_fill(persist)) {
		persist_work(&persist->job);
		persist_done(&persist->job, true);
	}
	persist->host = NULL;
	if (!persist->is_writing)
		persist_destroy(persist);
}
