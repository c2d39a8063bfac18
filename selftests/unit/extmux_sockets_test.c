// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server with several sockets. The other ends are sockets of the test.
 *
 *	127.0.0.1 --- UDP ---> 127.0.0.1:1194 |
 *	127.0.0.1 --- TCP ---> 127.0.0.1:1194 | multiplexer --> tunnel host
 *	      ::1 --- UDP --->       ::1:1194 |
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "extmux_rig.h"

#define THREE "local 127.0.0.1 1194 udp4\nlocal 127.0.0.1 1194 tcp4\n" \
	"local ::1 1194 udp\n"

static int udp_to(const char *to)
{
	union net_addr addr;
	int fd;

	assert_int_equal(net_addr_parse(to, PORT, &addr), 0);
	fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	/* answers from anywhere else are not heard */
	assert_int_equal(connect(fd, &addr.sa, net_addr_len(&addr)), 0);
	return fd;
}

static void put_packet(int fd, const struct proto_control *pkt)
{
	uint8_t wire[PROTO_PACKET_MAX];
	size_t len = wire_of(pkt, wire);

	put(fd, wire, len);
}

/* The server's answer to a reset. */
static struct proto_control shake(int fd)
{
	struct proto_control parsed;
	uint8_t pkt[2048];
	ssize_t n = -1;

	put_packet(fd, &reset);
	for (unsigned int ms = 0; ms < PATIENCE_MS && n < 0; ms += 5) {
		turn(5);
		n = recv(fd, pkt, sizeof(pkt), MSG_DONTWAIT);
	}
	assert_true(n > PROTO_HEAD_LEN);
	assert_int_equal(proto_control_parse(&parsed, pkt, pkt + PROTO_HEAD_LEN,
					     (size_t)n - PROTO_HEAD_LEN), 0);
	assert_int_equal(parsed.op, PROTO_CONTROL_HARD_RESET_SERVER_V2);
	return parsed;
}

static unsigned int n_at(unsigned int sock)
{
	struct tunnel_socket_info info;

	assert_true(tunnel_host_socket(host, sock, &info));
	return info.n_tunnels;
}

static void udp_tunnel(int fd)
{
	struct proto_control reply = shake(fd), ack = ack_of(&reply.sid);

	put_packet(fd, &ack);
	turn(20);
}

/* Each client is answered by the socket that it talks to, and belongs there. */
static void test_three(void **state)
{
	struct tunnel_socket_info info;
	int fds[3];

	(void)state;
	serve(THREE);
	fds[0] = udp_to("127.0.0.1");
	udp_tunnel(fds[0]);
	assert_int_equal(n_at(0), 1);
	fds[1] = open_tunnel(NULL);
	assert_int_equal(n_at(1), 1);
	fds[2] = udp_to("::1");
	udp_tunnel(fds[2]);
	assert_int_equal(n_at(2), 1);
	assert_int_equal(n_tunnels(), 3);
	assert_true(tunnel_host_socket(host, 1, &info));
	assert_true(info.is_tcp);
	assert_true(tunnel_host_socket(host, 2, &info));
	assert_false(info.is_tcp);
	assert_int_equal(info.local.sa.sa_family, AF_INET6);
	assert_int_equal(net_addr_port(&info.local), PORT);
	assert_false(tunnel_host_socket(host, 3, &info));
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	stop();
}

static void open_mux(const char *lines, const struct extmux_kept *kept)
{
	char err[512] = "";

	begin_config(config_text(lines));
	if (extmux_new_on(loop, cfg, kept, &mux, err, sizeof(err)))
		fail_msg("%s", err);
}

static void close_mux(void)
{
	extmux_free(mux);
	end_config();
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static const struct extmux_kept nothing;

static unsigned int n_dropped, dropped;
static pid_t holder;

/* Who has a copy lets go of it, a moment later. */
static void drop(void *arg, unsigned int n)
{
	(void)arg;
	n_dropped++;
	dropped = n;
	if (!holder)
		return;
	assert_int_equal(kill(holder, SIGCONT), 0);
}

/* What the next process gets, of sockets that are in the way of new ones. */
static struct extmux_kept keep_all(ino_t *inodes)
{
	struct extmux_kept kept = { .n = mux->n_socks, .drop = drop };

	for (size_t i = 0; i < kept.n; i++) {
		kept.fds[i] = fcntl(mux->socks[i].fd, F_DUPFD_CLOEXEC, 100);
		inodes[i] = inode(kept.fds[i]);
	}
	return kept;
}

/* In the same namespace, with another file. */
static void next_process(const char *lines, const struct extmux_kept *kept)
{
	char *text = config_text(lines), err[512] = "";

	extmux_free(mux);
	config_free(cfg);
	cfg = NULL;
	if (config_parse("test", text, strlen(text), false, &cfg, err,
			 sizeof(err)) ||
	    extmux_new_on(loop, cfg, kept, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	free(text);
}

/* The same sockets, whatever the order of the lines is now. */
static void test_kept(void **state)
{
	struct extmux_kept kept;
	ino_t inodes[3];

	(void)state;
	n_dropped = 0;
	open_mux(THREE, &nothing);
	kept = keep_all(inodes);
	next_process("local ::1 1194 udp\nlocal 127.0.0.1 1195 udp4\n"
		     "local 127.0.0.1 1194 tcp4\n", &kept);
	assert_int_equal(mux->n_socks, 3);
	assert_int_equal(inode(mux->socks[0].fd), inodes[2]);
	assert_int_equal(inode(mux->socks[2].fd), inodes[1]);
	assert_true(mux->socks[2].is_listener);
	/* what no line names is closed, and its port is free */
	assert_int_equal(fcntl(kept.fds[0], F_GETFD), -1);
	assert_int_equal(n_dropped, 1);
	assert_int_equal(dropped, 0);
	close_mux();
}

/*
 * A line that is wider now: the old socket is in the way of the new one, also
 * the copy of who keeps it.
 */
static void test_in_the_way(void **state)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	struct extmux_kept kept;
	ino_t inodes[3];

	(void)state;
	open_mux("local 127.0.0.1\n", &nothing);
	kept = keep_all(inodes);
	holder = fork();
	assert_true(holder >= 0);
	if (!holder) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		nanosleep(&pause, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(holder, NULL, WUNTRACED), holder);
	n_dropped = 0;
	/* of two, none is taken for the other */
	next_process("local 0.0.0.0\nlocal * 5\n", &kept);
	assert_int_equal(n_dropped, 1);
	assert_true(inode(mux->socks[0].fd) != inodes[0]);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	holder = 0;
	close_mux();
}

static int bound_to(const char *at, uint16_t port, int type)
{
	union net_addr addr;
	int fd;

	assert_int_equal(net_addr_parse(at, port, &addr), 0);
	fd = socket(addr.sa.sa_family, type | SOCK_CLOEXEC, 0);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* Of several that systemd has passed each line takes its own. */
static void test_passed(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		int type;
	} rows[] = {
		{ "127.0.0.1", 1194, SOCK_STREAM },
		{ "127.0.0.1", 1195, SOCK_DGRAM },
		{ "127.0.0.1", 1194, SOCK_DGRAM },
	};
	char text[16], err[512] = "";
	ino_t inodes[3];

	(void)state;
	/* so that nothing else of ours is there */
	for (int fd = 3; fd < 6; fd++) {
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(dup2(0, fd), fd);
	}
	begin_config(config_text(THREE));
	for (int i = 0; i < 3; i++) {
		int fd = bound_to(rows[i].host, rows[i].port, rows[i].type);

		inodes[i] = inode(fd);
		assert_int_equal(dup2(fd, 3 + i), 3 + i);
		close(fd);
	}
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "3", 1);
	if (extmux_new(loop, cfg, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	assert_null(getenv("LISTEN_FDS"));
	assert_int_equal(inode(mux->socks[0].fd), inodes[2]);
	assert_int_equal(inode(mux->socks[1].fd), inodes[0]);
	/* the third was not among them */
	assert_true(inode(mux->socks[2].fd) != inodes[1]);
	close_mux();
	close(4);
}

static int v6only(unsigned int sock)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(mux->socks[sock].fd, IPPROTO_IPV6,
				    IPV6_V6ONLY, &value, &len), 0);
	return value;
}

/* Both families at one port, in one socket or in two. */
static void test_families(void **state)
{
	static const struct {
		const char *lines;
		int v6only;
	} rows[] = {
		{ "local *\n", 0 },
		{ "proto udp6\n", 0 },
		{ "local * 1194 udp6\nlocal * 1194 udp4\n", 1 },
		{ "local ::\nlocal 0.0.0.0\n", 1 },
		{ "local ::\nlocal *\n", 1 },
		{ "local ::1\nlocal *\n", 1 },
		{ "bind ipv6only\n", 1 },
		{ "local * 1194 udp\nlocal * 1194 tcp\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_mux(rows[i].lines, &nothing);
		assert_int_equal(v6only(0), rows[i].v6only);
		close_mux();
	}
}

/* One that cannot be had is named, and those before it are given back. */
static void test_taken(void **state)
{
	char err[512] = "";
	int fd, other;

	(void)state;
	begin_config(config_text(THREE));
	fd = bound_to("::1", 1194, SOCK_DGRAM);
	assert_int_equal(extmux_new(loop, cfg, &mux, err, sizeof(err)),
			 -EADDRINUSE);
	assert_non_null(strstr(err, "cannot bind UDP [::1]:1194: "));
	other = bound_to("127.0.0.1", 1194, SOCK_DGRAM);
	close(other);
	close(fd);
	end_config();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_passed, plain),
		cmocka_unit_test_setup(test_three, plain),
		cmocka_unit_test_setup(test_kept, plain),
		cmocka_unit_test_setup(test_in_the_way, plain),
		cmocka_unit_test_setup(test_families, plain),
		cmocka_unit_test_setup(test_taken, plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
