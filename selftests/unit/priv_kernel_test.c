// SPDX-License-Identifier: GPL-2.0-or-later
/* What the helper does with devices of the kernel's data path. */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_kernel_rig.h"
#include "log/log.h"
#include "priv/priv.h"

static void test_kernel_with_ovpn(void **state)
{
	(void)state;
	skip();
}

static void test_priv_link(void **state)
{
	struct priv *priv, *second;
	struct priv_link link, other;
	struct nl_link got;

	(void)state;
	assert_int_equal(priv_start(&priv), 0);
	assert_int_equal(priv_start(&second), 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0", &link),
			 0);
	assert_false(link.is_adopted);
	assert_int_equal(link.fd, -1);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), 0);
	assert_string_equal(got.alias, "ovpnd");
	assert_int_equal(got.mode, NL_OVPN_MP);
	assert_int_equal(priv_link_open(second, PRIV_LINK_OVPN_MP, "vpn0",
					&other), -EBUSY);
	assert_int_equal(priv_link_open(second, PRIV_LINK_OVPN_P2P, "tun",
					&other), 0);
	assert_string_equal(other.name, "tun0");
	/* somebody else's: taken, and left */
	assert_int_equal(priv_link_open(second, PRIV_LINK_OVPN_P2P, "tun-s",
					&other), -EEXIST);
	assert_int_equal(priv_link_open(second, PRIV_LINK_OVPN_MP, "tun-s",
					&other), 0);
	assert_true(other.is_adopted);
	priv_stop(second);
	assert_int_equal(nl_rt_link_get(rt, "tun0", &got), -ENODEV);
	assert_int_equal(nl_rt_link_get(rt, "tun-s", &got), 0);
	priv_stop(priv);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), -ENODEV);
}

/* A daemon that is killed; @udp may be held by its parent. */
static void crash(int udp)
{
	struct dp_peer peer = {
		.id = 1, .tx_id = 1, .fd = udp, .vpn4 = rig_ip("10.9.0.2"),
	};
	struct dp_config cfg = { .tun_fd = -1, .mode = DP_MODE_MP };
	struct net_prefix own;
	struct priv_link link;
	struct priv *priv;
	struct dp *dp;

	net_prefix_parse("10.9.0.1/24", &own);
	peer.remote = rig.client.addr;
	if (priv_start(&priv) ||
	    priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0", &link) ||
	    priv_link_up(priv, link.ifindex, 0, 0) ||
	    priv_addr_add(priv, link.ifindex, &own, NULL))
		_exit(1);
	cfg.ifindex = link.ifindex;
	if (dp_kernel_new(&cfg, &dp) || dp_peer_add(dp, &peer))
		_exit(2);
	raise(SIGKILL);
}

static void run_crash(int udp, bool is_held)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		crash(udp);
	if (!is_held)
		close(udp);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* until the helper has made up its mind */
	usleep((PRIV_LINGER_MS + 1000) * 1000);
}

static int send_fd(int sock, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { "", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int sock)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(sock, &msg, 0) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

static void test_priv_crash(void **state)
{
	struct net_prefix own;
	struct priv_link link;
	union net_addr addr;
	struct nl_link got;
	struct priv *priv;
	int udp;

	(void)state;
	/* nobody holds the socket: nothing is left */
	run_crash(rig_udp("127.0.0.1", &addr), false);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), -ENODEV);
	/* held: peers and link stay for the next daemon */
	udp = rig_udp("127.0.0.1", &addr);
	run_crash(udp, true);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), 0);
	assert_int_equal(nl_ovpn_has_peers(got.ifindex), 1);
	assert_int_equal(priv_start(&priv), 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_P2P, "vpn0",
					&link), -EEXIST);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0",
					&link), 0);
	assert_true(link.is_adopted);
	assert_int_equal(link.ifindex, got.ifindex);
	net_prefix_parse("10.9.0.1/24", &own);
	assert_int_equal(priv_addr_add(priv, link.ifindex, &own, NULL), 0);
	assert_int_equal(nl_ovpn_has_peers(link.ifindex), 1);
	/* and a normal stop takes all away */
	priv_stop(priv);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), -ENODEV);
	close(udp);
}

static pid_t hold_and_die(int sock)
{
	struct priv_link link;
	pid_t pid = fork();
	struct priv *priv;
	int fd;

	if (pid)
		return pid;
	if (priv_start(&priv) ||
	    priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0", &link) ||
	    priv_link_hold(priv, link.ifindex, &fd) || fd < 0 ||
	    send_fd(sock, fd))
		_exit(1);
	raise(SIGKILL);
	_exit(2);
}

/* Without peers, but held: it stays, as long as somebody has the descriptor. */
static void test_priv_held(void **state)
{
	char name[IFNAMSIZ] = "";
	struct priv_link link;
	int sock[2], fd, again;
	struct nl_link got;
	struct priv *priv;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), 0);
	pid = hold_and_die(sock[1]);
	fd = receive_fd(sock[0]);
	assert_true(fd >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	usleep((PRIV_LINGER_MS + 1000) * 1000);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), 0);
	assert_int_equal(priv_hold_name(fd, name), 0);
	assert_string_equal(name, "vpn0");
	assert_int_equal(priv_hold_name(sock[0], name), -EINVAL);
	/* another daemon leaves it alone, the next one goes on with it */
	assert_int_equal(priv_start(&priv), 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn1",
					&link), 0);
	assert_int_equal(link.n_leftover, 0);
	priv_stop(priv);
	assert_int_equal(priv_start(&priv), 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0",
					&link), 0);
	assert_true(link.is_adopted);
	assert_int_equal(link.ifindex, got.ifindex);
	assert_int_equal(priv_link_hold(priv, link.ifindex, &again), 0);
	assert_int_equal(again, -1);
	priv_stop(priv);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), -ENODEV);
	close(fd);
	close(sock[0]);
	close(sock[1]);
}

/* Left over without peers: the next daemon makes it anew. */
static void test_priv_leftover(void **state)
{
	struct priv_link link;
	struct nl_link got;
	struct priv *priv;

	(void)state;
	assert_int_equal(nl_rt_link_add_ovpn(rt, "vpn0", NL_OVPN_P2P), 0);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), 0);
	assert_int_equal(nl_rt_link_set_alias(rt, got.ifindex, "ovpnd"), 0);
	assert_int_equal(priv_start(&priv), 0);
	assert_int_equal(priv_link_open(priv, PRIV_LINK_OVPN_MP, "vpn0",
					&link), 0);
	assert_false(link.is_adopted);
	assert_int_not_equal(link.ifindex, got.ifindex);
	priv_stop(priv);
	assert_int_equal(nl_rt_link_get(rt, "vpn0", &got), -ENODEV);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_priv_link),
		TEST(test_priv_crash),
		TEST(test_priv_held),
		TEST(test_priv_leftover),
	};

	const struct CMUnitTest without[] = {
		cmocka_unit_test(test_kernel_with_ovpn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (probe())
		return 1;
	if (!has_ovpn)
		return cmocka_run_group_tests(without, NULL, cleanup);
	return cmocka_run_group_tests(tests, NULL, cleanup);
}
