// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that sets name servers: at systemd-resolved, or by the program
 * resolvconf. It may wait for them. What it has set goes when the daemon has
 * gone, however that was.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/run.h"
#include "log/log.h"
#include "net/net.h"

#define SERVERS_MAX	32
#define PROGRAM_MAX_S	10

enum dns_way {
	DNS_WAY_NONE,
	DNS_WAY_RESOLVED,
	DNS_WAY_RESOLVCONF,
};

/* What is set, to be undone. One device has one. */
static struct {
	enum dns_way way;
	char dev[IF_NAMESIZE];
	int ifindex;
} dns_now;

static __attribute__((format(printf, 2, 3)))
void dns_log(enum log_level level, const char *fmt, ...)
{
	struct hook_reply reply = {
		.id = HOOK_ID_LOG, .code = (int32_t)level, .n_files = 1,
	};
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply.files[0].data = text;
	reply.files[0].len = strlen(text);
	runner_reply(&reply);
}

/* ---- resolvconf --------------------------------------------------------- */

static const char *resolvconf_path(void)
{
	static const char *const paths[] = {
		"/sbin/resolvconf", "/usr/sbin/resolvconf",
		"/usr/bin/resolvconf", NULL,
	};

	for (size_t i = 0; paths[i]; i++)
		if (!access(paths[i], X_OK))
			return paths[i];
	return NULL;
}

static void resolvconf_child(const char *path, const char *flag, int input)
{
	static const char *const env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL,
	};
	const char *const argv[] = { path, flag, dns_now.dev, NULL };

	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(input, STDIN_FILENO) < 0)
		_exit(126);
	alarm(PROGRAM_MAX_S);
	execve(path, (char *const *)argv, (char *const *)env);
	_exit(127);
}

/* The text is short enough for a pipe to take it at once. */
static int resolvconf_run(const char *path, const char *flag, const char *text)
{
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		resolvconf_child(path, flag, fds[0]);
	close(fds[0]);
	n = pid > 0 ? write(fds[1], text, strlen(text)) : -1;
	close(fds[1]);
	if (pid < 0)
		return -EAGAIN;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return n == (ssize_t)strlen(text) && WIFEXITED(status) &&
	       !WEXITSTATUS(status) ? 0 : -EIO;
}

static int resolvconf_set(const char *path, const struct net_dns *dns)
{
	char text[2048];
	int ret = net_dns_resolv_conf(dns, text, sizeof(text));

	return ret ? ret : resolvconf_run(path, "-a", text);
}

/* ---- up and down -------------------------------------------------------- */

static const char *request_env(void *arg, const char *name)
{
	const struct hook_request *req = arg;
	size_t len = strlen(name);

	for (size_t i = 0; i < req->n_env; i++)
		if (!strncmp(req->env[i], name, len) &&
		    req->env[i][len] == '=')
			return req->env[i] + len + 1;
	return NULL;
}

static bool is_usable(const struct net_dns *dns, enum dns_way way)
{
	return way == DNS_WAY_RESOLVED ?
	       dns->transport != NET_DNS_TRANSPORT_HTTPS :
	       net_dns_is_simple(dns);
}

/* The first one that the way knows how to set; 0 or -errno. */
static int dns_choose(struct net_dns *dns, enum dns_way way,
		      const struct hook_request *req)
{
	int ret = -ENOENT;

	for (unsigned int n = 1; n <= SERVERS_MAX; n++) {
		ret = net_dns_from_env(dns, n, request_env, (void *)req);
		if (ret || is_usable(dns, way))
			break;
	}
	return ret;
}

static void dns_undo(void)
{
	const char *path = resolvconf_path();

	switch (dns_now.way) {
	case DNS_WAY_NONE:
		break;
	case DNS_WAY_RESOLVED:
		/* with the device, all has gone that was said about it */
		if (if_nametoindex(dns_now.dev) == (unsigned)dns_now.ifindex)
			net_resolved_unset(dns_now.ifindex);
		break;
	case DNS_WAY_RESOLVCONF:
		if (path)
			resolvconf_run(path, "-d", "");
		break;
	}
	dns_now.way = DNS_WAY_NONE;
}

static int dns_set(enum dns_way way, const char *path,
		   const struct net_dns *dns)
{
	char first[NET_PREFIX_STRLEN];
	int ret;

	if (way == DNS_WAY_RESOLVED)
		ret = net_resolved_set(dns_now.ifindex, dns);
	else
		ret = resolvconf_set(path, dns);
	if (ret) {
		dns_log(LOG_LEVEL_WARN, "%s does not take the name server: %s",
			way == DNS_WAY_RESOLVED ? "systemd-resolved" : path,
			strerror(-ret));
		return ret;
	}
	dns_now.way = way;
	dns_log(LOG_LEVEL_NOTICE, "%s, %zu address%s, set by %s",
		net_ip_format(&dns->addrs[0].ip, first), dns->n_addrs,
		dns->n_addrs == 1 ? "" : "es",
		way == DNS_WAY_RESOLVED ? "systemd-resolved" : path);
	return 0;
}

static int dns_up(const struct hook_request *req)
{
	const char *dev = request_env((void *)req, "dev");
	const char *path = resolvconf_path();
	enum dns_way way = DNS_WAY_RESOLVED;
	struct net_dns dns;
	int ret;

	dns_undo();
	snprintf(dns_now.dev, sizeof(dns_now.dev), "%s", dev ? dev : "");
	dns_now.ifindex = (int)if_nametoindex(dns_now.dev);
	if (!dns_now.ifindex)
		return -ENODEV;
	if (!net_resolved_runs()) {
		way = DNS_WAY_RESOLVCONF;
		if (!path) {
			dns_log(LOG_LEVEL_WARN,
				"there is neither systemd-resolved nor resolvconf: not set");
			return 0;
		}
	}
	ret = dns_choose(&dns, way, req);
	if (ret) {
		dns_log(LOG_LEVEL_WARN, "none of them can be used with %s",
			way == DNS_WAY_RESOLVED ? "systemd-resolved" : path);
		return ret;
	}
	return dns_set(way, path, &dns);
}

static int dns_start(struct run *run, const struct hook_request *req)
{
	int ret = 0;

	if (req->event == HOOK_DNS_UP)
		ret = dns_up(req);
	else
		dns_undo();
	if (!ret)
		run_ended(run, 0, 0);
	return ret;
}

static void dns_end(struct runner *runner)
{
	(void)runner;
	dns_undo();
}

const struct runner_kind runner_dns = {
	.start = dns_start,
	.end = dns_end,
};
