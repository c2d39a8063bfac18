// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "priv/helper.h"

#define PRIV_NAME_ANY	"tun"
#define PRIV_NAME_TRIES	256

static bool priv_is_tun(enum priv_link_kind kind)
{
	return kind == PRIV_LINK_TUN || kind == PRIV_LINK_TAP;
}

/* An existing link: 0 adopt, 1 make anew, or -errno. */
static int priv_ovpn_judge(struct priv_helper *helper,
			   const struct nl_link *link, enum nl_ovpn_mode mode)
{
	int err;

	if (strcmp(link->kind, nl_ovpn_name()))
		return -EEXIST;
	if (strcmp(link->alias, PRIV_ALIAS))
		return link->mode == mode ? 0 : -EEXIST;
	err = nl_ovpn_has_peers(link->ifindex);
	if (err < 0)
		return err;
	if (err || priv_link_is_held(link->name))
		return link->mode == mode ? 0 : -EEXIST;
	err = nl_rt_link_del(helper->rt, link->ifindex);
	return err && err != -ENODEV ? err : 1;
}

static int priv_ovpn_create(struct priv_helper *helper, const char *name,
			    enum nl_ovpn_mode mode, struct nl_link *link)
{
	int err;

	err = nl_rt_link_add_ovpn(helper->rt, name, mode);
	if (err)
		return err;
	err = nl_rt_link_get(helper->rt, name, link);
	if (!err)
		err = nl_rt_link_set_alias(helper->rt, link->ifindex,
					   PRIV_ALIAS);
	if (err && link->ifindex)
		nl_rt_link_del(helper->rt, link->ifindex);
	return err;
}

/* With the name locked: create or adopt. */
static int priv_ovpn_open_locked(struct priv_helper *helper, const char *name,
				 struct priv_device *dev,
				 struct priv_reply *reply)
{
	enum nl_ovpn_mode mode = dev->kind == PRIV_LINK_OVPN_MP ? NL_OVPN_MP :
								  NL_OVPN_P2P;
	struct nl_link link;
	int err;

	err = nl_rt_link_get(helper->rt, name, &link);
	if (!err) {
		err = priv_ovpn_judge(helper, &link, mode);
		reply->link.is_adopted = err == 0;
	} else if (err == -ENODEV) {
		err = 1;
	}
	if (err == 1)
		err = priv_ovpn_create(helper, name, mode, &link);
	if (err)
		return err;
	dev->ifindex = link.ifindex;
	dev->is_ours = !strcmp(link.alias, PRIV_ALIAS) ||
		       !reply->link.is_adopted;
	dev->is_takeover = dev->is_ours && reply->link.is_adopted;
	memcpy(reply->link.name, link.name, sizeof(reply->link.name));
	return 0;
}

static int priv_ovpn_open(struct priv_helper *helper, const char *name,
			  struct priv_device *dev, struct priv_reply *reply)
{
	char lock[PRIV_LOCK_LEN];
	int err;

	dev->lock_fd = priv_lock(priv_lock_link(name, lock));
	if (dev->lock_fd < 0) {
		priv_reply_text(reply, "%s is in use by another ovpnd", name);
		return dev->lock_fd;
	}
	err = priv_ovpn_open_locked(helper, name, dev, reply);
	if (err) {
		priv_reply_text(reply, "%s", nl_rt_error(helper->rt));
		if (err == -EEXIST)
			priv_reply_text(reply,
					"%s exists with another type or mode",
					name);
		close(dev->lock_fd);
	}
	return err;
}

/* "tun": the first name that is free, without waiting for those in use. */
static int priv_ovpn_open_any(struct priv_helper *helper,
			      struct priv_device *dev,
			      struct priv_reply *reply)
{
	char name[IFNAMSIZ];
	struct nl_link link;
	int i, err;

	for (i = 0; i < PRIV_NAME_TRIES; i++) {
		snprintf(name, sizeof(name), PRIV_NAME_ANY "%d", i);
		err = nl_rt_link_get(helper->rt, name, &link);
		if (!err)
			continue;
		if (err != -ENODEV)
			return err;
		err = priv_ovpn_open(helper, name, dev, reply);
		if (err != -EEXIST && err != -EBUSY)
			return err;
	}
	return -ENFILE;
}

/* One that persists may have been made with one queue. */
static int priv_tun_attach(int fd, struct ifreq *ifr)
{
	if (!ioctl(fd, TUNSETIFF, ifr))
		return 0;
	if (errno != EINVAL || !(ifr->ifr_flags & IFF_MULTI_QUEUE))
		return -errno;
	ifr->ifr_flags &= ~IFF_MULTI_QUEUE;
	return ioctl(fd, TUNSETIFF, ifr) ? -errno : 0;
}

/*
 * The kernel lets in one at a time, so the lock is for those who look on; but
 * with several queues it would let in another daemon, too.
 */
static int priv_tun_lock(const struct nl_link *link, bool is_many,
			 struct priv_device *dev)
{
	char lock[PRIV_LOCK_LEN];

	dev->lock_fd = -1;
	if (link->is_persistent || is_many)
		dev->lock_fd = priv_lock(priv_lock_link(link->name, lock));
	return is_many && dev->lock_fd < 0 ? dev->lock_fd : 0;
}

static int priv_tun_set_up(struct priv_helper *helper, const char *name,
			   struct priv_device *dev, struct ifreq *ifr, int fd,
			   struct priv_reply *reply)
{
	bool is_many = ifr->ifr_flags & IFF_MULTI_QUEUE;
	struct nl_link link = { 0 };
	int err = 0;

	if (reply->link.is_adopted && is_many) {
		snprintf(link.name, sizeof(link.name), "%s", name);
		err = priv_tun_lock(&link, true, dev);
	}
	if (!err)
		err = priv_tun_attach(fd, ifr);
	if (err) {
		priv_reply_text(reply, "cannot open %s device %s: %s",
				ifr->ifr_flags & IFF_TAP ? "TAP" : "TUN", name,
				strerror(-err));
		return err;
	}
	err = nl_rt_link_get(helper->rt, ifr->ifr_name, &link);
	if (err)
		return err;
	dev->ifindex = link.ifindex;
	memcpy(reply->link.name, link.name, sizeof(reply->link.name));
	return dev->lock_fd >= 0 ? 0 : priv_tun_lock(&link, is_many, dev);
}

static int priv_tun_open(struct priv_helper *helper, const char *name,
			 struct priv_device *dev, struct priv_reply *reply)
{
	bool is_tap = dev->kind == PRIV_LINK_TAP;
	const char *any = is_tap ? "tap%d" : PRIV_NAME_ANY "%d";
	bool is_any = !strncmp(any, name, 3) && !name[3];
	struct ifreq ifr = {
		.ifr_flags = (is_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI |
			     IFF_VNET_HDR,
	};
	struct nl_link link;
	int fd, err;

	if (dev->kind == PRIV_LINK_TUN_QUEUES)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (!is_tap)
		dev->kind = PRIV_LINK_TUN;
	reply->link.is_adopted = !is_any &&
				 !nl_rt_link_get(helper->rt, name, &link);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		priv_reply_text(reply, "/dev/net/tun: %s", strerror(-err));
		return err == -ENOENT ? -EOPNOTSUPP : err;
	}
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", is_any ? any : name);
	err = priv_tun_set_up(helper, name, dev, &ifr, fd, reply);
	if (!err) {
		reply->link.fd = fd;
		return 0;
	}
	close(fd);
	if (dev->lock_fd >= 0)
		close(dev->lock_fd);
	return err;
}

static int priv_link_name_check(const struct priv_request *req)
{
	const char *p;

	if (!req->name[0] || req->name[sizeof(req->name) - 1] ||
	    !strcmp(req->name, ".") || !strcmp(req->name, ".."))
		return -EINVAL;
	for (p = req->name; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr("/:%", *p))
			return -EINVAL;
	}
	return 0;
}

static int priv_kind_open(struct priv_helper *helper,
			  const struct priv_request *req,
			  struct priv_device *dev, struct priv_reply *reply)
{
	switch (dev->kind) {
	case PRIV_LINK_OVPN_P2P:
	case PRIV_LINK_OVPN_MP:
		if (!strcmp(req->name, PRIV_NAME_ANY))
			return priv_ovpn_open_any(helper, dev, reply);
		return priv_ovpn_open(helper, req->name, dev, reply);
	case PRIV_LINK_TUN:
	case PRIV_LINK_TAP:
	case PRIV_LINK_TUN_QUEUES:
		return priv_tun_open(helper, req->name, dev, reply);
	}
	return -EINVAL;
}

/* Once, when the first link is ours: what is on it is known then, too. */
static void priv_sweep(struct priv_helper *helper, struct priv_reply *reply)
{
	if (!helper->is_swept)
		reply->link.n_leftover = priv_leftover_clear(helper);
	helper->is_swept = true;
}

int priv_do_link_open(struct priv_helper *helper,
		      const struct priv_request *req,
		      struct priv_reply *reply)
{
	struct priv_device dev = { .kind = req->kind, .lock_fd = -1 };
	struct priv_device *entry = priv_device_find(helper, 0);
	int err;

	if (priv_link_name_check(req)) {
		priv_reply_text(reply, "illegal device name");
		return -EINVAL;
	}
	if (!entry)
		return -ENOSPC;
	err = priv_kind_open(helper, req, &dev, reply);
	if (err)
		return err;
	*entry = dev;
	reply->link.ifindex = dev.ifindex;
	priv_sweep(helper, reply);
	return 0;
}

/*
 * That the daemon has its descriptor is not seen here, so it must be of TUN.
 * Who had it before has let go of the lock, see priv_locks_release().
 */
int priv_do_link_adopt(struct priv_helper *helper,
		       const struct priv_request *req,
		       struct priv_reply *reply)
{
	struct priv_device dev = { .kind = PRIV_LINK_TUN, .is_takeover = true };
	struct priv_device *entry = priv_device_find(helper, 0);
	struct nl_link link;
	int err;

	if (priv_link_name_check(req)) {
		priv_reply_text(reply, "illegal device name");
		return -EINVAL;
	}
	if (!entry)
		return -ENOSPC;
	err = nl_rt_link_get(helper->rt, req->name, &link);
	if (err)
		return err;
	if (strcmp(link.kind, "tun")) {
		priv_reply_text(reply, "%s is no TUN device", req->name);
		return -EPERM;
	}
	err = priv_tun_lock(&link, req->kind == PRIV_LINK_TUN_QUEUES, &dev);
	if (err) {
		priv_reply_text(reply, "%s is in use by another ovpnd",
				link.name);
		return err;
	}
	dev.ifindex = link.ifindex;
	*entry = dev;
	reply->link.ifindex = link.ifindex;
	reply->link.is_adopted = true;
	memcpy(reply->link.name, link.name, sizeof(reply->link.name));
	priv_sweep(helper, reply);
	return 0;
}

static int find_link(void *arg, const struct nl_link *link)
{
	struct priv_device *dev = arg;

	if (link->ifindex != dev->ifindex)
		return 0;
	memcpy(dev->held, link->name, sizeof(dev->held));
	return 1;
}

int priv_do_link_hold(struct priv_helper *helper,
		      const struct priv_request *req,
		      struct priv_reply *reply)
{
	struct priv_device *dev = NULL;
	char lock[PRIV_LOCK_LEN];
	int ret;

	if (req->ifindex > 0)
		dev = priv_device_find(helper, req->ifindex);
	if (!dev) {
		priv_reply_text(reply, "no device of ours");
		return -EPERM;
	}
	/* somebody else's stays, whatever happens */
	if (!priv_is_tun(dev->kind) && !dev->is_ours)
		return 0;
	ret = nl_rt_link_list(helper->rt, find_link, dev);
	if (ret != 1)
		return ret ? ret : -ENODEV;
	if (priv_is_tun(dev->kind))
		return 0;
	ret = priv_lock_try(priv_lock_hold(dev->held, lock));
	/* then the daemon has it from the one before */
	if (ret == -EBUSY)
		return 0;
	if (ret < 0) {
		dev->held[0] = '\0';
		return ret;
	}
	reply->link.fd = ret;
	return 0;
}

bool priv_link_is_held(const char *name)
{
	char lock[PRIV_LOCK_LEN];

	return !priv_lock_is_free(priv_lock_hold(name, lock));
}

bool priv_device_is_held(struct priv_helper *helper,
			 const struct priv_device *dev)
{
	struct nl_link link;

	return dev->ifindex && dev->held[0] &&
	       !nl_rt_link_get(helper->rt, dev->held, &link) &&
	       link.ifindex == dev->ifindex &&
	       (priv_is_tun(dev->kind) || priv_link_is_held(dev->held));
}

void priv_locks_release(struct priv_helper *helper)
{
	for (size_t i = 0; i < PRIV_LINKS_MAX; i++) {
		struct priv_device *dev = &helper->devices[i];

		if (!dev->ifindex || !dev->held[0] || !priv_is_tun(dev->kind) ||
		    dev->lock_fd < 0)
			continue;
		close(dev->lock_fd);
		dev->lock_fd = -1;
	}
}

void priv_device_close(struct priv_helper *helper, struct priv_device *dev)
{
	priv_undo_run(helper, dev->ifindex);
	if (dev->is_ours)
		nl_rt_link_del(helper->rt, dev->ifindex);
	if (dev->lock_fd >= 0)
		close(dev->lock_fd);
	memset(dev, 0, sizeof(*dev));
	dev->lock_fd = -1;
}
