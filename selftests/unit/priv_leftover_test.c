// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a helper that was killed has left behind is gone when the next one opens
 * its link; what belongs to one that lives is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "netns.h"
#include "nl/nl.h"
#include "priv/priv.h"

static struct nl_rt *rt;
static int keep;	/* a TUN device that is there before and after */

static int setup(void **state)
{
	int fd;

	(void)state;
	if (netns_enter())
		return -1;
	fd = netns_tun("keep0", &keep);
	if (fd < 0 || ioctl(fd, TUNSETPERSIST, 1))
		return -1;
	close(fd);
	rt = nl_rt_open();
	return rt ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	nl_rt_close(rt);
	return 0;
}

static struct net_prefix prefix(const char *str)
{
	struct net_prefix out;

	assert_int_equal(net_prefix_parse(str, &out), 0);
	return out;
}

/* struct side - a helper and what it has done */
struct side {
	struct priv *priv;
	pid_t pid;
	struct priv_link link;
};

static pid_t newest_child(void)
{
	FILE *file = fopen("/proc/thread-self/children", "r");
	int pid = 0, last = 0;

	assert_non_null(file);
	while (fscanf(file, "%d", &pid) == 1)
		last = pid > last ? pid : last;
	fclose(file);
	return last;
}

static void side_open(struct side *side, const char *name)
{
	assert_int_equal(priv_start(&side->priv), 0);
	side->pid = newest_child();
	assert_int_equal(priv_link_open(side->priv, PRIV_LINK_TUN, name,
					&side->link), 0);
	assert_int_equal(priv_link_up(side->priv, side->link.ifindex, 0, 0),
			 0);
}

/* As a kill of both does: neither undoes anything. */
static void side_kill(struct side *side)
{
	assert_int_equal(kill(side->pid, SIGKILL), 0);
	assert_int_equal(waitpid(side->pid, NULL, 0), side->pid);
	close(side->link.fd);
	priv_stop(side->priv);
}

static void side_stop(struct side *side)
{
	priv_stop(side->priv);
	close(side->link.fd);
}

static void add_addr(struct side *side, const char *text, const char *other)
{
	struct net_prefix addr = prefix(text);
	struct net_ip peer;

	if (other)
		assert_int_equal(net_ip_parse(other, &peer), 0);
	assert_int_equal(priv_addr_add(side->priv, side->link.ifindex, &addr,
				       other ? &peer : NULL), 0);
}

static void add_route(struct side *side, const char *dst, bool is_inside,
		      uint32_t table)
{
	struct priv_route route = {
		.dst = prefix(dst), .table = table,
		.ifindex = is_inside ? side->link.ifindex :
				       (int)if_nametoindex("lo"),
	};

	assert_int_equal(priv_route_add(side->priv, &route), 0);
}

static void add_unreachable(struct side *side, const char *dst)
{
	const struct priv_route route = {
		.dst = prefix(dst), .is_unreachable = 1,
	};

	assert_int_equal(priv_route_add(side->priv, &route), 0);
}

/* ---- what is there ------------------------------------------------- */

static int count_addr(void *arg, const struct nl_addr *addr)
{
	*(unsigned int *)arg += addr->protocol == NL_RTPROT_OVPND;
	return 0;
}

static int count_route(void *arg, const struct nl_route *route)
{
	*(unsigned int *)arg += route->protocol == NL_RTPROT_OVPND;
	return 0;
}

static unsigned int n_ours(void)
{
	unsigned int n = 0;

	assert_int_equal(nl_rt_addr_list(rt, count_addr, &n), 0);
	assert_int_equal(nl_rt_route_list(rt, count_route, &n), 0);
	return n;
}

#define N_THINGS 10

static void fill(struct side *side)
{
	add_addr(side, "10.8.0.1/24", NULL);
	add_addr(side, "10.9.0.1/32", "10.9.0.2");
	add_addr(side, "fd00:8::1/64", NULL);
	add_addr(side, "fd00:9::1/128", "fd00:9::2");
	add_route(side, "10.77.0.0/16", true, 0);
	add_route(side, "fd00:77::/48", true, 77);
	add_route(side, "192.0.2.9/32", false, 0);
	add_route(side, "2001:db8::9/128", false, 0);
	add_route(side, "198.51.100.9/32", false, 77);
	add_unreachable(side, "2000::/4");
}

/* ---- the tests ------------------------------------------------------ */

/* On a device that stays, and beside it; the next one has another name. */
static void test_other_link(void **state)
{
	struct side one, two;

	(void)state;
	side_open(&one, "keep0");
	assert_int_equal(one.link.n_leftover, 0);
	fill(&one);
	assert_int_equal(n_ours(), N_THINGS);
	side_kill(&one);
	assert_int_equal(n_ours(), N_THINGS);
	side_open(&two, "other0");
	assert_int_equal(two.link.n_leftover, N_THINGS);
	assert_int_equal(n_ours(), 0);
	side_stop(&two);
}

static void test_same_link(void **state)
{
	struct side one, two;

	(void)state;
	side_open(&one, "keep0");
	fill(&one);
	side_kill(&one);
	side_open(&two, "keep0");
	assert_int_equal(two.link.n_leftover, N_THINGS);
	assert_int_equal(n_ours(), 0);
	/* what it does then is its own */
	fill(&two);
	assert_int_equal(n_ours(), N_THINGS);
	side_stop(&two);
	assert_int_equal(n_ours(), 0);
}

/* One that lives keeps what it has, whoever comes and is killed. */
static void test_neighbour(void **state)
{
	struct side one, two, three;

	(void)state;
	side_open(&one, "keep0");
	fill(&one);
	side_open(&two, "other0");
	assert_int_equal(two.link.n_leftover, 0);
	assert_int_equal(n_ours(), N_THINGS);
	add_addr(&two, "10.10.0.1/24", NULL);
	add_route(&two, "10.78.0.0/16", true, 0);
	add_route(&two, "192.0.2.10/32", false, 0);
	side_kill(&two);
	/* its device has gone, with what was on it */
	assert_int_equal(n_ours(), N_THINGS + 1);
	side_open(&three, "other0");
	assert_int_equal(three.link.n_leftover, 1);
	assert_int_equal(n_ours(), N_THINGS);
	side_stop(&three);
	assert_int_equal(n_ours(), N_THINGS);
	side_stop(&one);
	assert_int_equal(n_ours(), 0);
}

/* A device whose descriptor somebody holds belongs to a restart. */
static void test_held(void **state)
{
	struct side one, two, three;
	int fd;

	(void)state;
	side_open(&one, "held0");
	assert_int_equal(priv_link_hold(one.priv, one.link.ifindex, &fd), 0);
	assert_int_equal(fd, -1);
	add_addr(&one, "10.8.0.1/24", NULL);
	add_route(&one, "10.77.0.0/16", true, 0);
	fd = fcntl(one.link.fd, F_DUPFD_CLOEXEC, 0);
	assert_true(fd >= 0);
	side_kill(&one);
	side_open(&two, "other0");
	assert_int_equal(two.link.n_leftover, 0);
	assert_int_equal(n_ours(), 2);
	assert_int_equal(priv_start(&three.priv), 0);
	assert_int_equal(priv_link_adopt(three.priv, fd, &three.link), 0);
	assert_int_equal(three.link.n_leftover, 0);
	assert_int_equal(n_ours(), 2);
	add_addr(&three, "10.8.0.1/24", NULL);
	add_route(&three, "10.77.0.0/16", true, 0);
	side_stop(&two);
	side_stop(&three);
	assert_int_equal(n_ours(), 0);
}

/* The first daemon, and its end by kill; what it had is with the caller. */
static void queues_of_killed(const char *name)
{
	pid_t pid = fork();
	struct priv_link link;
	struct priv *priv;
	int fd, status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(priv_start(&priv) ||
		      priv_link_open(priv, PRIV_LINK_TUN_QUEUES, name, &link) ||
		      priv_link_hold(priv, link.ifindex, &fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * A device with several queues, which anybody can have another one of: who goes
 * on with it has it alone, and at once.
 */
static void test_held_queues(void **state)
{
	struct timespec begin, end;
	struct priv_link link;
	struct side two, three;
	int fd, ifindex;

	(void)state;
	fd = netns_tun_with("queues0", IFF_VNET_HDR | IFF_MULTI_QUEUE,
			    &ifindex);
	assert_true(fd >= 0);
	queues_of_killed("queues0");
	assert_int_equal(priv_start(&two.priv), 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(priv_link_adopt(two.priv, fd, &two.link), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range((end.tv_sec - begin.tv_sec) * 1000 +
			(end.tv_nsec - begin.tv_nsec) / 1000000, 0, 600);
	assert_int_equal(priv_start(&three.priv), 0);
	assert_int_equal(priv_link_open(three.priv, PRIV_LINK_TUN_QUEUES,
					"queues0", &link), -EBUSY);
	assert_int_equal(priv_link_adopt(three.priv, fd, &link), -EBUSY);
	priv_stop(two.priv);
	assert_int_equal(priv_link_open(three.priv, PRIV_LINK_TUN_QUEUES,
					"queues0", &three.link), 0);
	side_stop(&three);
	close(fd);
}

/* What others have made stays, on whatever link. */
static void test_others(void **state)
{
	struct net_prefix addr = prefix("10.20.0.1/24");
	struct side one, two;

	(void)state;
	side_open(&one, "keep0");
	side_kill(&one);
	assert_int_equal(system("ip address add 10.20.0.1/24 dev keep0 && "
				"ip route add 10.21.0.0/24 dev keep0 && "
				"ip route add 10.22.0.0/24 dev lo proto static"),
			 0);
	side_open(&two, "other0");
	assert_int_equal(two.link.n_leftover, 0);
	assert_int_equal(nl_rt_addr(rt, true, keep, &addr, NULL), -EEXIST);
	assert_int_equal(system("ip route show 10.21.0.0/24 | grep -q keep0 && "
				"ip route show 10.22.0.0/24 | grep -q lo"), 0);
	side_stop(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_link),
		cmocka_unit_test(test_same_link),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_queues),
		cmocka_unit_test(test_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
