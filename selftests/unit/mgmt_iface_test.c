// SPDX-License-Identifier: GPL-2.0-or-later
/* The management interface: commands, who may come in, who does not read. */
#include "mgmt_rig.h"

/* ---- what is asked -------------------------------------------------- */

static void test_commands(void **state)
{
	int fd;

	(void)state;
	cfg.mute = 4;
	open_iface();
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	assert_string_equal(ask(fd, "mute\n"), "SUCCESS: mute=4\r\n");
	assert_string_equal(ask(fd, "nonsense\r\n"), "ERROR: unknown command, enter 'help' for more options\r\n");
	assert_string_equal(ask(fd, "load-stats\nnclients\n"),
			    "SUCCESS: nclients=3,bytesin=100,bytesout=200\r\n"
			    "SUCCESS: nclients=3\r\n");
	assert_string_equal(ask(fd, "kill twice\n"), "SUCCESS: common name 'twice' found, 2 client(s) killed\r\n");
	assert_string_equal(ask(fd, "kill 192.0.2.1:4000\n"), "SUCCESS: 1 client(s) at address 192.0.2.1:4000 killed\r\n");
	assert_string_equal(ask(fd, "kill udp:192.0.2.1:4000\n"), "SUCCESS: 1 client(s) at address udp:192.0.2.1:4000 killed\r\n");
	assert_string_equal(ask(fd, "kill tcp:192.0.2.1:4000\n"), "ERROR: client at address tcp-server:192.0.2.1:4000 not found\r\n");
	assert_string_equal(ask(fd, "kill sctp:192.0.2.1:4000\n"), "ERROR: port number or protocol out of range: 4000 sctp\r\n");
	assert_string_equal(ask(fd, "client-kill 7 HALT,bye\n"), "SUCCESS: client-kill command succeeded\r\n");
	assert_int_equal(killed, 7);
	assert_string_equal(kill_text, "HALT,bye");
	assert_string_equal(ask(fd, "client-kill 8\n"), "ERROR: client-kill command failed\r\n");
	assert_string_equal(kill_text, "RESTART");
	assert_string_equal(ask(fd, "signal\n"), "ERROR: the 'signal' command requires 1 parameter\r\n");
	assert_string_equal(ask(fd, "echo\n"), "ERROR: the 'echo' command requires at least 1 parameter\r\n");
	assert_string_equal(ask(fd, "needok x\n"), "ERROR: the 'needok' command requires 2 parameters\r\n");
	ask(fd, "pid\nquit\n");
	assert_memory_equal(got, "SUCCESS: pid=", 13);
	assert_true(is_closed(fd));
	close(fd);
}

#define NOT_PUSHED \
	"ERROR: no client updated\r\nERROR: push-update command failed\r\n"
#define PUSHED \
	"SUCCESS: 1 client(s) updated\r\nSUCCESS: push-update command succeeded\r\n"

/* The words are those of 2.7. */
static void test_push_update(void **state)
{
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	assert_string_equal(ask(fd, "push-update-broad cipher\n"), NOT_PUSHED);
	assert_string_equal(ask(fd, "push-update-broad \"-route,tun-mtu 1400\"\n"), PUSHED);
	assert_string_equal(ask(fd, "push-update-cid 7 \"-route,tun-mtu 1400\"\n"), PUSHED);
	assert_string_equal(ask(fd, "push-update-cid 8 \"-route,tun-mtu 1400\"\n"), NOT_PUSHED);
	assert_string_equal(ask(fd, "push-update-cid x -route\n"),
			    "ERROR: cannot parse CID\r\n"
			    "ERROR: push-update-cid fail during cid parsing\r\n");
	assert_string_equal(ask(fd, "push-update-cid 7\n"), "ERROR: the 'push-update-cid' command requires 2 parameters\r\n");
	close(fd);
}

/* Who comes second waits, and is served then. */
static void test_one_at_a_time(void **state)
{
	int first, second;

	(void)state;
	open_iface();
	first = dial();
	assert_string_equal(hear(first), BANNER);
	second = dial();
	assert_string_equal(hear(second), "");
	close(first);
	assert_string_equal(hear(second), BANNER);
	close(second);
	turn(5);
	assert_int_equal(n_restarts, 0);
}

static void test_password(void **state)
{
	int fd;

	(void)state;
	cfg.management_pass.text = "secret\nmore\n";
	open_iface();
	fd = dial();
	assert_string_equal(hear(fd), "ENTER PASSWORD:");
	assert_string_equal(ask(fd, "help\n"), "ENTER PASSWORD:");
	assert_string_equal(ask(fd, "secretx\n"), "ENTER PASSWORD:");
	assert_string_equal(ask(fd, "secre\n"), "");
	assert_true(is_closed(fd));
	close(fd);
	fd = dial();
	hear(fd);
	assert_string_equal(ask(fd, "secret\r\n"),
			    "SUCCESS: password is correct\r\n" BANNER);
	close(fd);
}

static void test_wrong_user(void **state)
{
	int fd;

	(void)state;
	cfg.management_user = "nobody";
	open_iface();
	fd = dial();
	assert_true(is_closed(fd));
	close(fd);
}

/* ---- what is told --------------------------------------------------- */

static void test_hold(void **state)
{
	int fd;

	(void)state;
	cfg.is_management_hold = true;
	open_iface();
	assert_true(watch->hold(watch_arg, 0));
	is_held = true;
	fd = dial();
	assert_string_equal(hear(fd), BANNER ">HOLD:Waiting for hold release:0\r\n");
	assert_string_equal(ask(fd, "signal SIGUSR1\n"), "ERROR: signal 'SIGUSR1' is currently ignored\r\n"
			    ">HOLD:Waiting for hold release:0\r\n");
	assert_string_equal(ask(fd, "status\n"), "ERROR: The 'status' command is not supported by the current daemon mode\r\n");
	assert_string_equal(ask(fd, "hold release\n"), "SUCCESS: hold release succeeded\r\n");
	assert_int_equal(n_released, 1);
	assert_false(watch->hold(watch_arg, 0));
	/* until the next restart */
	watch->phase(watch_arg, &(struct tunnel_event){
		     .phase = TUNNEL_PHASE_RECONNECTING, .detail = "why" });
	assert_true(watch->hold(watch_arg, 5));
	assert_string_equal(hear(fd), ">HOLD:Waiting for hold release:5\r\n");
	ask(fd, "hold off\n");
	assert_false(watch->hold(watch_arg, 0));
	close(fd);
}

static void test_state(void **state)
{
	struct tunnel_event event = {
		.phase = TUNNEL_PHASE_CONNECTED, .detail = "SUCCESS",
	};
	int fd;

	(void)state;
	open_iface();
	net_ip_parse("10.8.0.6", &event.vpn4);
	net_ip_parse("fd00::6", &event.vpn6);
	net_addr_parse("2001:db8::1", 1194, &event.remote);
	fd = dial();
	hear(fd);
	assert_string_equal(ask(fd, "state on\n"), "SUCCESS: real-time state notification set to ON\r\n");
	watch->phase(watch_arg, &event);
	assert_memory_equal(hear(fd), ">STATE:", 7);
	assert_string_equal(strchr(got, ','), ",CONNECTED,SUCCESS,10.8.0.6,2001:db8::1,1194,,,fd00::6\r\n");
	assert_non_null(strstr(ask(fd, "state all\n"), ",CONNECTING,,,,,,\r\n"));
	assert_non_null(strstr(got, ",SUCCESS,10.8.0.6,2001:db8::1,1194,,,fd00::6\r\nEND\r\n"));
	close(fd);
}

static void test_log(void **state)
{
	const struct log_config to = {
		.target = LOG_TARGET_FILE, .path = "/dev/null", .verb = 1,
	};
	int fd;

	(void)state;
	assert_int_equal(log_open(&to), 0);
	open_iface();
	fd = dial();
	hear(fd);
	for (int i = 0; i < 6; i++)
		log_warn("line %d", i);
	ask(fd, "log all\n");
	assert_null(strstr(got, "line 1\r\n"));
	assert_non_null(strstr(got, ",W,line 2\r\n"));
	assert_non_null(strstr(got, ",W,line 5\r\nEND\r\n"));
	ask(fd, "log on 1\n");
	assert_memory_equal(got, "SUCCESS: real-time log notification set to ON\r\n", 47);
	log_error("now");
	assert_memory_equal(hear(fd), ">LOG:", 5);
	assert_non_null(strstr(got, ",N,now\r\n"));
	close(fd);
	log_close();
}

/* ---- who does not read ---------------------------------------------- */

static void test_slow_answers(void **state)
{
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	hear(fd);
	/* some 80 MB; a program that reads none of it is cut off */
	assert_int_equal(write(fd, "test 900000\n", 12), 12);
	turn(50);
	assert_int_equal(iface->conn.fd, -1);
	assert_int_equal(iface->conn.out.cap, 0);
	close(fd);
}

/* No more is kept than the limit, however much happens. */
static void test_slow_notifications(void **state)
{
	const struct tunnel_event event = {
		.phase = TUNNEL_PHASE_WAIT, .detail = "",
	};
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	hear(fd);
	ask(fd, "state on\n");
	for (int i = 0; i < 40000 && iface->conn.fd >= 0; i++) {
		for (int j = 0; j < 100; j++)
			watch->phase(watch_arg, &event);
		assert_true(iface->conn.out.len <= MGMT_IFACE_BACKLOG + 200);
		turn(0);
	}
	assert_int_equal(iface->conn.fd, -1);
	close(fd);
}

/* Many questions at once: they are read as fast as the answers are. */
static void test_pipelined(void **state)
{
	const char text[] = "state\nstate\nstate\nstate\n";
	size_t sent = 0;
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	hear(fd);
	for (int i = 0; i < 20000; i++) {
		ssize_t n = write(fd, text, sizeof(text) - 1);

		sent += n > 0;
		if (n < 0)
			turn(0);
		assert_true(iface->conn.out.len < 200000);
	}
	assert_true(sent > 10);
	assert_true(iface->conn.fd >= 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_commands),
		RIG_TEST(test_push_update),
		RIG_TEST(test_one_at_a_time),
		RIG_TEST(test_password),
		RIG_TEST(test_wrong_user),
		RIG_TEST(test_hold),
		RIG_TEST(test_state),
		RIG_TEST(test_log),
		RIG_TEST(test_slow_answers),
		RIG_TEST(test_slow_notifications),
		RIG_TEST(test_pipelined),
	};

	return rig_run(tests);
}
