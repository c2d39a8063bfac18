// SPDX-License-Identifier: GPL-2.0-or-later
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log/log.h"
#include "priv/caps.h"
#include "priv/priv.h"

int priv_caps_reduce(void)
{
	bool has_net_admin, has_setpcap;

	if (capng_get_caps_process())
		return -EPERM;
	has_net_admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	has_setpcap = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_ALL);
	if (has_net_admin)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			     CAP_NET_ADMIN);
	/* The bounding set first: it needs a capability that goes next. */
	if (has_setpcap && capng_apply(CAPNG_SELECT_BOUNDS))
		return -EPERM;
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

struct priv_ids {
	bool has_uid, has_gid;
	uid_t uid;
	gid_t gid;
};

static int priv_ids_find(const char *user, const char *group,
			 struct priv_ids *ids, char *err, size_t err_len)
{
	const struct passwd *pw;
	const struct group *gr;

	memset(ids, 0, sizeof(*ids));
	if (user) {
		pw = getpwnam(user);
		if (!pw) {
			snprintf(err, err_len, "no such user: %s", user);
			return -ENOENT;
		}
		ids->has_uid = true;
		ids->uid = pw->pw_uid;
		ids->has_gid = true;
		ids->gid = pw->pw_gid;
	}
	if (group) {
		gr = getgrnam(group);
		if (!gr) {
			snprintf(err, err_len, "no such group: %s", group);
			return -ENOENT;
		}
		ids->has_gid = true;
		ids->gid = gr->gr_gid;
	}
	return 0;
}

static int priv_ids_apply(const struct priv_ids *ids, char *err,
			  size_t err_len)
{
	const char *what;

	what = "setgid";
	if (ids->has_gid &&
	    (setgroups(1, &ids->gid) ||
	     setresgid(ids->gid, ids->gid, ids->gid)))
		goto fail;
	/* Or the capabilities would go with the user id. */
	what = "prctl(PR_SET_KEEPCAPS)";
	if (ids->has_uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		goto fail;
	what = "setuid";
	if (ids->has_uid && setresuid(ids->uid, ids->uid, ids->uid))
		goto fail;
	return 0;
fail:
	snprintf(err, err_len, "%s: %s", what, strerror(errno));
	return -EPERM;
}

static int fail(char *err, size_t err_len, const char *what, const char *arg)
{
	int ret = -errno;

	snprintf(err, err_len, "%s %s: %s", what, arg, strerror(-ret));
	return ret;
}

/* setcon(): written by the thread itself, and there are no others yet */
static int context_set(const char *context)
{
	int fd = open("/proc/thread-self/attr/current", O_WRONLY | O_CLOEXEC);
	size_t len = strlen(context);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, context, len);
	close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

/* Without the right to lock, what is allocated later has to stay in a limit. */
#define MLOCK_ENOUGH	(256ul << 20)

static int mlock_flags(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) &&
	    !getrlimit(RLIMIT_MEMLOCK, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
	if (limit.rlim_cur >= MLOCK_ENOUGH)
		return MCL_CURRENT | MCL_FUTURE;
	log_warn("mlock: what is allocated from now on is not locked, but for keys; raise LimitMEMLOCK= of the unit");
	return MCL_CURRENT;
}

/*
 * /proc is needed for the context, so the root comes last. The service manager
 * is told what there is to tell from inside of it.
 */
static int priv_confine(const struct priv_limits *limits, char *err,
			size_t err_len)
{
	char text[16];

	log_notify_open();
	snprintf(text, sizeof(text), "%d", limits->nice);
	if (limits->nice && setpriority(PRIO_PROCESS, 0, limits->nice))
		return fail(err, err_len, "nice", text);
	if (limits->is_mlock && mlockall(mlock_flags()))
		return fail(err, err_len, "mlock",
			    "(raise LimitMEMLOCK= of the unit)");
	if (limits->context && context_set(limits->context))
		return fail(err, err_len, "setcon", limits->context);
	if (limits->chroot && (chroot(limits->chroot) || chdir("/")))
		return fail(err, err_len, "chroot", limits->chroot);
	return 0;
}

int priv_drop(const char *user, const char *group,
	      const struct priv_limits *limits, char *err, size_t err_len)
{
	const struct rlimit none = { 0, 0 };
	struct priv_ids ids;
	int ret;

	ret = priv_ids_find(user, group, &ids, err, err_len);
	if (ret)
		return ret;
	ret = priv_confine(limits, err, err_len);
	if (ret)
		return ret;
	ret = priv_ids_apply(&ids, err, err_len);
	if (ret)
		return ret;
	ret = priv_caps_reduce();
	if (ret) {
		snprintf(err, err_len, "cannot reduce capabilities: %s",
			 strerror(-ret));
		return ret;
	}
	/* Not PR_SET_DUMPABLE: that would take /proc/self away as well. */
	if (setrlimit(RLIMIT_CORE, &none)) {
		snprintf(err, err_len, "setrlimit: %s", strerror(errno));
		return -errno;
	}
	return 0;
}
