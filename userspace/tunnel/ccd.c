// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client-config-dir: the file of a client, read by a thread of its own, because
 * a file system may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tunnel/private.h"

#define CCD_MAX		65536
#define CCD_DEFAULT	"DEFAULT"

/**
 * struct tunnel_ccd - a file on its way; nothing of the host's is in it
 * @tunnel: NULL once that has no use for it; then it frees itself
 * @own, @other: the file, and what is read if there is none; "": none
 * @path: which of them it was
 * @err: 0, or why there is no text; -ENOENT: no such file
 */
struct tunnel_ccd {
	struct loop_job job;
	struct tunnel *tunnel;
	tunnel_ccd_fn *done;
	char own[PATH_MAX], other[PATH_MAX];
	const char *path;
	int err;
	size_t len;
	char text[CCD_MAX];
};

/**
 * tunnel_ccd_path() - the file of a client (section 11.5)
 * @dir: client-config-dir
 * @name: common name, as the client's certificate has it
 * @out: PATH_MAX bytes
 *
 * What is not printable, and a slash, becomes "_".
 *
 * Return: 0; -EINVAL for the names "", "." and ".."; -ENAMETOOLONG.
 */
int tunnel_ccd_path(const char *dir, const char *name, char *out)
{
	size_t at = strlen(dir), len = strlen(name);

	if (!len || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (len > NAME_MAX || at + len + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(out, dir, at);
	out[at++] = '/';
	for (size_t i = 0; i <= len; i++) {
		unsigned char c = (unsigned char)name[i];

		out[at + i] = (c && c < 0x20) || c == 0x7f || c == '/' ?
			      '_' : name[i];
	}
	return 0;
}

static int ccd_read_fd(struct tunnel_ccd *ccd, int fd)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (ccd->len < sizeof(ccd->text)) {
		n = read(fd, ccd->text + ccd->len,
			 sizeof(ccd->text) - ccd->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		ccd->len += (size_t)n;
	}
	return -EFBIG;
}

/* A FIFO would wait for somebody to write to it: it is not even opened. */
static int ccd_read(struct tunnel_ccd *ccd, const char *path)
{
	struct stat st;
	int fd, ret;

	ccd->path = path;
	if (!path[0])
		return -ENOENT;
	if (stat(path, &st))
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	ret = ccd_read_fd(ccd, fd);
	close(fd);
	return ret;
}

/* Context: a thread of the file pool. */
static void ccd_work(struct loop_job *job)
{
	struct tunnel_ccd *ccd = (struct tunnel_ccd *)job;

	ccd->err = ccd_read(ccd, ccd->own);
	if (ccd->err == -ENOENT)
		ccd->err = ccd_read(ccd, ccd->other);
}

static void ccd_done(struct loop_job *job, bool was_run)
{
	struct tunnel_ccd *ccd = (struct tunnel_ccd *)job;
	struct tunnel *tunnel = ccd->tunnel;

	if (tunnel) {
		tunnel->ccd = NULL;
		if (!was_run)
			ccd->err = -ECANCELED;
		ccd->done(tunnel, ccd->path, ccd->err, ccd->text, ccd->len);
	}
	free(ccd);
}

/**
 * tunnel_ccd_read() - have the client's file read
 * @tunnel: whose; its common name is known
 * @done: called from the loop, unless tunnel_ccd_drop() comes first
 *
 * Return: 0; -EINVAL the name cannot be one of a file; -EAGAIN too many files
 * are being read; -ENOMEM.
 */
int tunnel_ccd_read(struct tunnel *tunnel, tunnel_ccd_fn *done)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	const char *name = tunnel->common_name[0] ? tunnel->common_name :
						    "UNDEF";
	struct tunnel_ccd *ccd = calloc(1, sizeof(*ccd));
	int ret;

	if (!ccd)
		return -ENOMEM;
	ret = tunnel_ccd_path(cfg->ccd_path, name, ccd->own);
	/* such a client cannot have a file, but the others' */
	if (ret && !cfg->is_ccd_exclusive)
		ret = 0;
	if (!ret && cfg->is_ccd_exclusive && !strcmp(name, CCD_DEFAULT))
		ret = -EINVAL;
	if (!ret && !cfg->is_ccd_exclusive)
		ret = tunnel_ccd_path(cfg->ccd_path, CCD_DEFAULT, ccd->other);
	ccd->tunnel = tunnel;
	ccd->done = done;
	ccd->job.work = ccd_work;
	ccd->job.done = ccd_done;
	if (!ret)
		ret = loop_pool_submit(tunnel->host->server->files,
				       &ccd->job);
	if (ret)
		free(ccd);
	else
		tunnel->ccd = ccd;
	return ret;
}

/** tunnel_ccd_drop() - nobody waits for the file any more */
void tunnel_ccd_drop(struct tunnel *tunnel)
{
	if (tunnel->ccd)
		tunnel->ccd->tunnel = NULL;
	tunnel->ccd = NULL;
}
