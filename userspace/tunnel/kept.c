// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's device outlives the process, for the next one: its number, its
 * addresses, what others have built on it. A TUN device is there as long as its
 * descriptor; a device of the kernel's as long as a descriptor that stands for
 * it, because peers alone do not always do: those of connections end with them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keep/keep.h"
#include "tunnel/private.h"

/* names of descriptors that are kept */
#define TUNNEL_KEEP_TUN		"tun"
#define TUNNEL_KEEP_LINK	"link"

static bool is_wanted(const struct tunnel_host *host, const char *name)
{
	const char *any = config_is_tap(host->setup.cfg) ? "tap" : "tun";
	const char *dev = host->setup.cfg->dev;

	return !strcmp(dev, any) || !strcmp(dev, name);
}

/* What was kept under a name is for nothing any more. */
static void tunnel_kept_drop(struct tunnel_host *host, const char *what)
{
	struct keep *keep = host->setup.keep;
	int fd = keep_fd_take(keep, what);

	if (fd >= 0)
		close(fd);
	keep_fd_drop(keep, what);
}

/**
 * tunnel_kept_tun() - take over the TUN device of an earlier process
 *
 * Return: 0 with host->link, or -ENOENT: there is none with this name.
 */
int tunnel_kept_tun(struct tunnel_host *host)
{
	int fd = keep_fd_take(host->setup.keep, TUNNEL_KEEP_TUN), ret;

	if (fd < 0)
		return -ENOENT;
	ret = priv_link_adopt(host->setup.priv, fd, &host->link);
	if (!ret && !is_wanted(host, host->link.name)) {
		priv_link_close(host->setup.priv, host->link.ifindex);
		ret = -ENOENT;
	}
	if (ret) {
		close(fd);
		keep_fd_drop(host->setup.keep, TUNNEL_KEEP_TUN);
	}
	return ret;
}

/**
 * tunnel_kept_name() - which device of the kernel's had an earlier process?
 * @name: gets it
 *
 * Return: 0, or -ENOENT: none, or another than is wanted now.
 */
int tunnel_kept_name(struct tunnel_host *host, char name[16])
{
	struct keep *keep = host->setup.keep;
	int fd = keep_fd_take(keep, TUNNEL_KEEP_LINK), ret;

	if (fd < 0)
		return -ENOENT;
	ret = priv_hold_name(fd, name);
	if (!ret && is_wanted(host, name))
		ret = keep_fd_put(keep, TUNNEL_KEEP_LINK, fd);
	else
		ret = -ENOENT;
	if (ret)
		keep_fd_drop(keep, TUNNEL_KEEP_LINK);
	close(fd);
	return ret;
}

/**
 * tunnel_kept_goes_on() - must the data path be that of an earlier process?
 *
 * A TUN device of that has clients, whose keys are there: a module that has
 * been loaded since is for another start.
 */
bool tunnel_kept_goes_on(struct tunnel_host *host)
{
	if (!keep_fd_has(host->setup.keep, TUNNEL_KEEP_TUN))
		return false;
	if (host->setup.cfg->data_path != CONFIG_DATA_PATH_KERNEL)
		return true;
	/* it would be in the way */
	tunnel_kept_drop(host, TUNNEL_KEEP_TUN);
	return false;
}

/** tunnel_keep_device() - from here on it outlives the process */
void tunnel_keep_device(struct tunnel_host *host)
{
	struct keep *keep = host->setup.keep;
	bool is_tun = host->link.fd >= 0;
	int fd = -1, ret;

	if (!keep || host->setup.cfg->mode != CONFIG_MODE_SERVER)
		return;
	if (is_tun)
		tunnel_kept_drop(host, TUNNEL_KEEP_LINK);
	ret = priv_link_hold(host->setup.priv, host->link.ifindex, &fd);
	if (!ret && is_tun)
		ret = keep_fd_put(keep, TUNNEL_KEEP_TUN, host->link.fd);
	else if (!ret && fd >= 0)
		ret = keep_fd_put(keep, TUNNEL_KEEP_LINK, fd);
	if (fd >= 0)
		close(fd);
	if (ret)
		log_warn("%s will not survive a restart of ovpnd: %s",
			 host->link.name, strerror(-ret));
}
