// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "netns.h"
#include "nl/nl.h"
#include "priv/message.h"
#include "priv/priv.h"

#define PERSISTENT	"keep0"

static struct nl_rt *rt;
static int keep;	/* a TUN device that is there before and after */

/* Everything is done in namespaces: nothing of it is left on the machine. */
static int group_setup(void **state)
{
	int fd;

	(void)state;
	if (netns_enter() || unshare(CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL))
		return -1;
	fd = netns_tun(PERSISTENT, &keep);
	if (fd < 0 || ioctl(fd, TUNSETPERSIST, 1))
		return -1;
	close(fd);
	rt = nl_rt_open();
	return rt ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	nl_rt_close(rt);
	return 0;
}

static struct priv *start(void)
{
	struct priv *priv = NULL;

	assert_int_equal(priv_start(&priv), 0);
	return priv;
}

static struct net_prefix prefix(const char *str)
{
	struct net_prefix out;

	assert_int_equal(net_prefix_parse(str, &out), 0);
	return out;
}

static struct net_ip ip(const char *str)
{
	struct net_ip out;

	assert_int_equal(net_ip_parse(str, &out), 0);
	return out;
}

/* The interface that @host is reached through, 0 when it is not. */
static int way_to(const char *host)
{
	struct net_ip dst = ip(host);
	struct nl_route route;

	return nl_rt_route_get(rt, &dst, &route) ? 0 : route.ifindex;
}

static bool has_link(const char *name)
{
	struct nl_link link;

	return !nl_rt_link_get(rt, name, &link);
}

/* Add it and take it away again: works only when it was not there. */
static bool has_addr(int ifindex, const char *addr)
{
	struct net_prefix own = prefix(addr);

	if (nl_rt_addr(rt, true, ifindex, &own, NULL) == -EEXIST)
		return true;
	nl_rt_addr(rt, false, ifindex, &own, NULL);
	return false;
}

/* ---- links ----------------------------------------------------------- */

static const struct priv_limits plain, context = { .context = "a:b:c:s0" };

static void test_tun(void **state)
{
	struct priv_link first, second, named;
	struct priv *priv = start();
	struct nl_link link;
	char byte;

	(void)state;
	assert_int_equal(priv_link_open(priv, PRIV_LINK_TUN, "tun", &first),
			 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_TUN, "tun", &second),
			 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_TUN, "vpn-x", &named),
			 0);
	assert_string_equal(first.name, "tun0");
	assert_string_equal(second.name, "tun1");
	assert_string_equal(named.name, "vpn-x");
	assert_false(first.is_adopted);
	assert_int_equal(read(first.fd, &byte, 1), -1);
	assert_true(fcntl(first.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(first.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(priv_link_up(priv, first.ifindex, 1340, 300), 0);
	assert_int_equal(nl_rt_link_get(rt, "tun0", &link), 0);
	assert_int_equal(link.mtu, 1340);
	assert_true(link.is_up);
	/* in use: by us, here */
	assert_true(priv_link_open(priv, PRIV_LINK_TUN, "tun0", &named) < 0);
	assert_string_not_equal(priv_error(priv), "");
	priv_stop(priv);
	close(first.fd);
	close(second.fd);
	close(named.fd);
	assert_false(has_link("tun0"));
	assert_false(has_link("vpn-x"));
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "a b", "a:b", "tun%d", "t\n",
		"0123456789abcdef", "0123456789abcdef0",
	};
	struct priv *priv = start();
	struct priv_link link;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(priv_link_open(priv, PRIV_LINK_TUN, bad[i],
						&link), -EINVAL);
		assert_string_not_equal(priv_error(priv), "");
	}
	assert_int_equal(priv_link_open(priv, (enum priv_link_kind)9, "t",
					&link), -EINVAL);
	priv_stop(priv);
}

/* Nothing is done to links that were not opened here. */
static void test_foreign(void **state)
{
	struct net_prefix addr = prefix("10.8.0.1/24");
	struct priv_route route = { .dst = prefix("192.0.2.0/24") };
	struct priv *priv = start();

	(void)state;
	assert_int_equal(priv_link_up(priv, keep, 1300, 0), -EPERM);
	assert_int_equal(priv_link_close(priv, keep), -EPERM);
	assert_int_equal(priv_link_close(priv, 0), -EPERM);
	assert_int_equal(priv_addr_add(priv, keep, &addr, NULL), -EPERM);
	assert_int_equal(priv_addr_del(priv, keep, &addr), -EPERM);
	route.ifindex = keep;
	assert_int_equal(priv_route_add(priv, &route), -EPERM);
	assert_string_equal(priv_error(priv),
			    "route on a link that is not ours");
	assert_int_equal(priv_route_del(priv, &route), -ESRCH);
	/* a way to a host outside of the tunnel is permitted */
	route.dst = prefix("192.0.2.1/32");
	assert_int_equal(priv_route_add(priv, &route), 0);
	assert_int_equal(way_to("192.0.2.1"), keep);
	assert_int_equal(priv_route_del(priv, &route), 0);
	assert_int_equal(way_to("192.0.2.1"), 0);
	/* but it does not remove what it did not add */
	assert_int_equal(priv_route_del(priv, &route), -ESRCH);
	priv_stop(priv);
}

/* ---- undo ------------------------------------------------------------ */

static void do_things(struct priv *priv)
{
	struct net_prefix v4 = prefix("10.8.0.1/24");
	struct net_prefix v6 = prefix("fd00::1/64");
	struct net_prefix p2p = prefix("10.7.0.1/32");
	struct net_ip peer = ip("10.7.0.2");
	struct priv_route route = { .dst = prefix("192.0.2.0/24") };
	struct priv_route got;
	struct priv_link link;
	struct net_ip dst = ip("192.0.2.3");

	assert_int_equal(priv_link_open(priv, PRIV_LINK_TUN, PERSISTENT,
					&link), 0);
	assert_true(link.is_adopted);
	assert_int_equal(link.ifindex, keep);
	assert_int_equal(priv_link_up(priv, keep, 0, 0), 0);
	assert_int_equal(priv_addr_add(priv, keep, &v4, NULL), 0);
	assert_int_equal(priv_addr_add(priv, keep, &v4, NULL), -EEXIST);
	assert_int_equal(priv_addr_add(priv, keep, &v6, NULL), 0);
	assert_int_equal(priv_addr_add(priv, keep, &p2p, &peer), 0);
	route.ifindex = keep;
	assert_int_equal(priv_route_add(priv, &route), 0);
	assert_int_equal(priv_route_add(priv, &route), -EEXIST);
	assert_int_equal(priv_route_get(priv, &dst, &got), 0);
	assert_int_equal(got.ifindex, keep);
	route.dst = prefix("198.51.100.0/24");
	route.gateway = ip("10.8.0.9");
	assert_int_equal(priv_route_add(priv, &route), 0);
	close(link.fd);
}

static bool is_done(void)
{
	return way_to("192.0.2.3") && way_to("198.51.100.1") &&
	       has_addr(keep, "10.8.0.1/24") && has_addr(keep, "fd00::1/64");
}

static bool is_undone(void)
{
	return !way_to("192.0.2.3") && !way_to("198.51.100.1") &&
	       !has_addr(keep, "10.8.0.1/24") &&
	       !has_addr(keep, "fd00::1/64") && !way_to("10.7.0.2") &&
	       has_link(PERSISTENT);
}

static void test_undo(void **state)
{
	struct priv *priv = start();

	(void)state;
	assert_true(is_undone());
	do_things(priv);
	assert_true(is_done());
	priv_stop(priv);
	assert_true(is_undone());
}

static void test_close_undoes(void **state)
{
	struct priv *priv = start();

	(void)state;
	do_things(priv);
	assert_int_equal(priv_link_close(priv, keep), 0);
	assert_true(is_undone());
	assert_int_equal(priv_link_up(priv, keep, 0, 0), -EPERM);
	priv_stop(priv);
}

static void test_delete(void **state)
{
	struct net_prefix addr = prefix("10.7.0.1/32");
	struct net_prefix other = prefix("10.99.0.1/32");
	struct priv *priv = start();

	(void)state;
	do_things(priv);
	/* with its peer, which the caller does not name */
	assert_int_equal(priv_addr_del(priv, keep, &addr), 0);
	assert_int_equal(way_to("10.7.0.2"), 0);
	assert_int_equal(priv_addr_del(priv, keep, &other), -EADDRNOTAVAIL);
	priv_stop(priv);
	assert_true(is_undone());
}

static int wait_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* kill -9 of the daemon, which cannot say goodbye */
static void test_undo_after_kill(void **state)
{
	int i, status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		do_things(start());
		if (!is_done())
			_exit(1);
		raise(SIGKILL);
	}
	status = wait_child(pid);
	assert_true(WIFSIGNALED(status));
	for (i = 0; i < 300 && !is_undone(); i++)
		usleep(10000);
	assert_true(is_undone());
}

/* Ctrl-C reaches the whole process group: the helper must outlive it. */
static void test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct priv *priv;
	pid_t pid;
	size_t i;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setpgid(0, 0);
		priv = start();
		for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
			signal(signals[i], SIG_IGN);
			kill(0, signals[i]);
		}
		do_things(priv);
		priv_stop(priv);
		_exit(is_undone() ? 0 : 1);
	}
	assert_int_equal(wait_child(pid), 0);
}

/* ---- a daemon that was taken over ------------------------------------ */

/* The daemon's end of the socket pair: the only one of its type here. */
static int helper_socket(void)
{
	socklen_t len = sizeof(int);
	int fd, type;

	for (fd = 3; fd < 64; fd++) {
		len = sizeof(type);
		if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
		    type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

static void test_short_request(void **state)
{
	struct priv *priv = start();

	(void)state;
	do_things(priv);
	/* not a request: the helper gives up on such a daemon, and undoes */
	assert_int_equal(write(helper_socket(), "hello", 5), 5);
	assert_int_equal(priv_link_up(priv, keep, 1400, 0), -EPIPE);
	assert_string_equal(priv_error(priv),
			    "the privileged helper has ended");
	priv_stop(priv);
	assert_true(is_undone());
}

static void random_request(struct priv_request *req, unsigned int *seed)
{
	static const char *const names[] = { "lo", "tun", PERSISTENT, "r0" };
	uint8_t *bytes = (uint8_t *)req;
	size_t i;

	for (i = 0; i < sizeof(*req); i++)
		bytes[i] = (uint8_t)(rand_r(seed) % 5 ? 0 : rand_r(seed));
	req->op = (uint32_t)rand_r(seed) % 11;
	if (req->op == PRIV_OP_BYE)
		req->op = 77;
	req->ifindex = rand_r(seed) % 4;
	req->kind = (uint32_t)rand_r(seed) % 4;
	req->route.ifindex = rand_r(seed) % 4;
	req->addr.ip.family = rand_r(seed) % 2 ? AF_INET : AF_INET6;
	req->route.dst.ip.family = rand_r(seed) % 2 ? AF_INET : AF_INET6;
	if (rand_r(seed) % 2)
		strcpy(req->name, names[rand_r(seed) % 4]);
}

/* Whatever is asked, the helper answers, and other links stay as they are. */
static void test_random_requests(void **state)
{
	struct priv *priv = start();
	struct priv_request req;
	struct priv_reply reply;
	struct nl_link before, after;
	unsigned int seed = 1, i;
	int sock = helper_socket();

	(void)state;
	assert_int_equal(nl_rt_link_get(rt, "lo", &before), 0);
	for (i = 0; i < 20000; i++) {
		random_request(&req, &seed);
		assert_int_equal(write(sock, &req, sizeof(req)), sizeof(req));
		/* without room for it a descriptor is not passed */
		assert_int_equal(read(sock, &reply, sizeof(reply)),
				 sizeof(reply));
		assert_true(reply.err <= 0);
		if (!req.op || req.op > PRIV_OP_BYE)
			assert_int_equal(reply.err, -EPERM);
	}
	assert_int_equal(nl_rt_link_get(rt, "lo", &after), 0);
	assert_int_equal(before.mtu, after.mtu);
	assert_true(after.is_up);
	assert_false(has_addr(after.ifindex, "10.8.0.1/24"));
	priv_stop(priv);
	assert_true(is_undone());
}

/* ---- the control socket ----------------------------------------------- */

static int make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void test_socket(void **state)
{
	struct priv *priv = start();
	int fd, other;

	(void)state;
	assert_int_equal(mkdir("/run/ovpnd", 0755), 0);
	fd = make_socket("/run/ovpnd/a.sock");
	other = make_socket("/run/other.sock");
	assert_int_equal(symlink("/run/other.sock", "/run/ovpnd/l.sock"), 0);
	assert_int_equal(priv_socket_remove_later(priv, "/run/other.sock"),
			 -EPERM);
	assert_int_equal(priv_socket_remove_later(priv,
						  "/run/ovpnd/../other.sock"),
			 -EPERM);
	assert_int_equal(priv_socket_remove_later(priv, "/run/ovpnd/l.sock"),
			 -EPERM);
	assert_int_equal(priv_socket_remove_later(priv, "/run/ovpnd/"),
			 -EPERM);
	assert_int_equal(priv_socket_remove_later(priv, "/run/ovpnd/b.sock"),
			 -EPERM);
	assert_int_equal(priv_socket_remove_later(priv, "/run/ovpnd/a.sock"),
			 0);
	assert_int_equal(unlink("/run/ovpnd/l.sock"), 0);
	priv_stop(priv);
	assert_int_equal(access("/run/ovpnd", F_OK), -1);
	assert_int_equal(access("/run/other.sock", F_OK), 0);
	close(fd);
	close(other);
}

/* ---- giving up rights -------------------------------------------------- */

static unsigned long long status_hex(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = ~0ull;
	char line[256];
	size_t len = strlen(name);

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, len) && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 16);
	}
	if (file)
		fclose(file);
	return value;
}

#define NET_ADMIN	(1ull << 12)

/* In a process of its own; the exit status is the line that failed. */
#define CHECK(what) do { if (!(what)) _exit(__LINE__ % 250 + 1); } while (0)

static void check_dropped(const char *user, const char *group)
{
	const struct passwd *pw = user ? getpwnam(user) : NULL;
	uid_t uid = pw ? pw->pw_uid : getuid();
	struct rlimit core;
	char err[128] = "";

	CHECK(!user || pw);
	CHECK(!priv_drop(user, group, &plain, err, sizeof(err)));
	CHECK(getuid() == uid && geteuid() == uid);
	CHECK(status_hex("CapEff") == NET_ADMIN);
	CHECK(status_hex("CapPrm") == NET_ADMIN);
	CHECK(status_hex("CapInh") == 0);
	CHECK(status_hex("CapAmb") == 0);
	CHECK(status_hex("NoNewPrivs") == 1);
	CHECK(!getrlimit(RLIMIT_CORE, &core) && !core.rlim_max);
	/* the one right that stays */
	CHECK(!nl_rt_link_set(rt, keep, 1300, 0, true));
	if (user) {
		CHECK(setuid(0));
		CHECK(getgroups(0, NULL) == 1);
		CHECK(access("/etc/shadow", R_OK));
	}
	_exit(0);
}

static void test_drop(void **state)
{
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		check_dropped("nobody", "nogroup");
	assert_int_equal(wait_child(pid), 0);
	pid = fork();
	if (!pid)
		check_dropped("nobody", NULL);
	assert_int_equal(wait_child(pid), 0);
	pid = fork();
	if (!pid)
		check_dropped(NULL, NULL);
	assert_int_equal(wait_child(pid), 0);
}

static void test_drop_errors(void **state)
{
	char err[128] = "";

	(void)state;
	assert_int_equal(priv_drop("no-such-user-here", NULL, &plain, err,
				   sizeof(err)), -ENOENT);
	assert_string_equal(err, "no such user: no-such-user-here");
	assert_int_equal(priv_drop(NULL, "no-such-group", &plain, err, sizeof(err)),
			 -ENOENT);
	assert_string_equal(err, "no such group: no-such-group");
	if (access("/sys/fs/selinux", F_OK)) {
		assert_int_not_equal(priv_drop(NULL, NULL, &context, err,
					       sizeof(err)), 0);
		assert_non_null(strstr(err, "setcon a:b:c:s0: "));
	}
	/* nothing was given up */
	assert_int_equal(getuid(), 0);
}

/* The daemon drops its rights, the helper keeps what it needs. */
static void test_helper_after_drop(void **state)
{
	struct priv *priv;
	char err[128];
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		priv = start();
		CHECK(!priv_drop("nobody", NULL, &plain, err, sizeof(err)));
		do_things(priv);
		priv_stop(priv);
		_exit(is_undone() ? 0 : 1);
	}
	assert_int_equal(wait_child(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tun),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_close_undoes),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_undo_after_kill),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_short_request),
		cmocka_unit_test(test_random_requests),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_errors),
		cmocka_unit_test(test_helper_after_drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
