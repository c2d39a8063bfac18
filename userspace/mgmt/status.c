// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/log.h"
#include "mgmt/private.h"

struct mgmt_status {
	struct loop *loop;
	struct tunnel_host *host;
	struct loop_timer *timer;
	unsigned int interval;
	int version;
	int fd;			/* of the file as it was last replaced */
	bool has_failed;	/* said so already */
	char path[PATH_MAX];
};

static int status_write_all(int fd, const char *text, size_t len)
{
	ssize_t n;
	off_t at;

	for (at = 0; (size_t)at < len; at += n) {
		n = pwrite(fd, text + at, len - (size_t)at, at);
		if (n < 0 && errno == ESPIPE)
			n = write(fd, text + at, len - (size_t)at);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n ? -errno : -EIO;
	}
	/* -EINVAL: nothing that has a length. */
	return ftruncate(fd, (off_t)len) && errno != EINVAL ? -errno : 0;
}

/* As the file that it replaces: those who may read that go on. */
static int status_keep_mode(const struct mgmt_status *status, int fd)
{
	struct stat old, new;

	if (stat(status->path, &old))
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &new))
		return -errno;
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid))
		return -errno;
	return fchmod(fd, old.st_mode & 0777) ? -errno : 0;
}

/* A reader sees the old file or the new one, never a part. */
static int status_replace(struct mgmt_status *status, const char *text,
			  size_t len)
{
	char temp[PATH_MAX + 8];
	int fd, err;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", status->path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = status_write_all(fd, text, len);
	if (!err)
		err = status_keep_mode(status, fd);
	if (!err && rename(temp, status->path))
		err = -errno;
	if (err) {
		unlink(temp);
		close(fd);
		return err;
	}
	if (status->fd >= 0)
		close(status->fd);
	status->fd = fd;
	return 0;
}

/* Devices and pipes are written to; only a plain file can be replaced. */
static bool status_is_replaceable(const struct mgmt_status *status)
{
	struct stat st;

	return lstat(status->path, &st) ? errno == ENOENT :
					  S_ISREG(st.st_mode);
}

int mgmt_status_write(struct mgmt_status *status)
{
	char *text = NULL;
	size_t len = 0;
	int err = -EACCES;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return -errno;
	mgmt_status_print(status->host, status->version, out);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	if (status_is_replaceable(status))
		err = status_replace(status, text, len);
	if (err && status->fd >= 0)
		err = status_write_all(status->fd, text, len);
	free(text);
	if (err && !status->has_failed)
		log_warn("status file %s: %s", status->path, strerror(-err));
	status->has_failed = err;
	return err;
}

static void status_event(struct loop_timer *timer, void *arg)
{
	struct mgmt_status *status = arg;

	mgmt_status_write(status);
	loop_timer_start(timer, status->interval * 1000ull);
}

int mgmt_status_open(const struct mgmt_status_config *cfg,
		     struct mgmt_status **out)
{
	struct mgmt_status *status;
	int err;

	if (cfg->version < 1 || cfg->version > 3)
		return -EINVAL;
	if (strlen(cfg->path) >= sizeof(status->path))
		return -ENAMETOOLONG;
	status = calloc(1, sizeof(*status));
	if (!status)
		return -ENOMEM;
	status->loop = cfg->loop;
	status->host = cfg->host;
	status->version = cfg->version;
	status->interval = cfg->interval;
	memcpy(status->path, cfg->path, strlen(cfg->path));
	status->fd = open(cfg->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (status->fd < 0) {
		err = -errno;
		free(status);
		return err;
	}
	if (cfg->interval) {
		status->timer = loop_timer_new(cfg->loop, status_event,
					       status);
		if (!status->timer) {
			close(status->fd);
			free(status);
			return -ENOMEM;
		}
		loop_timer_start(status->timer, cfg->interval * 1000ull);
	}
	mgmt_status_write(status);
	*out = status;
	return 0;
}

void mgmt_status_close(struct mgmt_status *status)
{
	if (!status)
		return;
	mgmt_status_write(status);
	if (status->timer)
		loop_timer_free(status->timer);
	close(status->fd);
	free(status);
}
