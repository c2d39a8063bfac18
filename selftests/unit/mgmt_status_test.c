// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt_host.h"

static char status_path[64];

static const char *slurp(void)
{
	static char text[65536];
	FILE *file = fopen(status_path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static struct mgmt_status *open_status(int version, unsigned int interval)
{
	struct mgmt_status_config cfg = {
		.loop = loop, .host = host, .path = status_path,
		.version = version, .interval = interval,
	};
	struct mgmt_status *status;

	assert_int_equal(mgmt_status_open(&cfg, &status), 0);
	return status;
}

static void test_status_v1(void **state)
{
	struct mgmt_status *status = open_status(1, 0);
	const char *text = slurp(), *body = strstr(text, "Common Name");

	(void)state;
	assert_memory_equal(text, "OpenVPN CLIENT LIST\nUpdated,", 28);
	assert_non_null(body);
	assert_string_equal(body,
		"Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n"
		"client one,198.51.100.5:5555,30000000000,4,2001-09-09 01:48:20\n"
		"a_b\x80,2001:db8::5,30000000000,4,2001-09-09 01:48:20\n"
		"ROUTING TABLE\n"
		"Virtual Address,Common Name,Real Address,Last Ref\n"
		"10.8.0.2,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"fd00::2,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"10.77.0.0/24,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"10.8.0.2,a_b\x80,2001:db8::5,2001-09-09 01:48:20\n"
		"GLOBAL STATS\n"
		"Max bcast/mcast queue length,0\n"
		"END\n");
	mgmt_status_close(status);
	unlink(status_path);
}

static void check_v2(int version, char sep)
{
	static const char want[] =
		"HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher\n"
		"CLIENT_LIST,client one,198.51.100.5:5555,10.8.0.2,fd00::2,30000000000,4,2001-09-09 01:48:20,1000000100,user,7,0,AES-256-GCM\n"
		"CLIENT_LIST,axb,2001:db8::5,10.8.0.2,,30000000000,4,2001-09-09 01:48:20,1000000100,us_er,8,1,AES-256-GCM\n"
		"HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)\n"
		"ROUTING_TABLE,10.8.0.2,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,fd00::2,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,10.77.0.0/24,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,10.8.0.2,axb,2001:db8::5,2001-09-09 01:48:20,1000000100\n"
		"GLOBAL_STATS,Max bcast/mcast queue length,0\n"
		"GLOBAL_STATS,dco_enabled,1\n"
		"END\n";
	char wanted[sizeof(want)], *p;
	struct mgmt_status *status;
	const char *text;

	memcpy(wanted, want, sizeof(want));
	for (p = wanted; *p; p++) {
		if (*p == ',')
			*p = sep;
	}
	host_tunnels[1].common_name = "axb";
	host_tunnels[1].username = sep == ',' ? "us,er" : "us\ter";
	status = open_status(version, 0);
	text = slurp();
	assert_memory_equal(text, "TITLE", 5);
	assert_int_equal(text[5], sep);
	/* a version of OpenVPN is the second word, and there is no comma */
	assert_memory_equal(text + 6, "OpenVPN 2.6.14 by ", 18);
	assert_true(strcspn(text + 6, ",\t") > strcspn(text + 6, "\n"));
	text = strstr(text, "HEADER");
	assert_non_null(text);
	assert_string_equal(text, wanted);
	mgmt_status_close(status);
	unlink(status_path);
}

static void test_status_v2_v3(void **state)
{
	struct mgmt_status_config cfg = { .path = status_path, .version = 4 };
	struct mgmt_status *status;

	(void)state;
	check_v2(2, ',');
	check_v2(3, '\t');
	assert_int_equal(mgmt_status_open(&cfg, &status), -EINVAL);
}

static void test_status_client(void **state)
{
	struct mgmt_status *status;
	const char *body;

	(void)state;
	host_info.role = "client";
	host_n = 1;
	status = open_status(1, 0);
	body = strstr(slurp(), "TUN/TAP");
	assert_memory_equal(slurp(), "OpenVPN STATISTICS\nUpdated,", 27);
	assert_non_null(body);
	assert_string_equal(body, "TUN/TAP read bytes,2\n"
			    "TUN/TAP write bytes,1\n"
			    "TCP/UDP read bytes,30000000000\n"
			    "TCP/UDP write bytes,4\n"
			    "Auth read bytes,30000000000\n"
			    "END\n");
	mgmt_status_close(status);
	unlink(status_path);
}

static void on_stop(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

/* Replaced as a whole, and on time. */
static void test_status_interval(void **state)
{
	struct mgmt_status *status = open_status(1, 1);
	struct loop_timer *timer = loop_timer_new(loop, on_stop, loop);
	struct stat before, after;

	(void)state;
	assert_int_equal(stat(status_path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	host_n = 0;
	loop_timer_start(timer, 1300);
	loop_run(loop);
	loop_timer_free(timer);
	assert_int_equal(stat(status_path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_null(strstr(slurp(), "client one"));
	mgmt_status_close(status);
	unlink(status_path);
}

/* Who was let in to read it goes on reading. */
static void test_status_mode(void **state)
{
	struct mgmt_status *status;
	struct stat before, after;
	int fd = open(status_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, 0, 65534), 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(fstat(fd, &before), 0);
	close(fd);
	status = open_status(1, 0);
	assert_int_equal(stat(status_path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 0777, 0640);
	assert_int_equal(after.st_gid, 65534);
	mgmt_status_close(status);
	unlink(status_path);
}

/* Where the folder does not let us, it is written in place, and shortened. */
static void test_status_in_place(void **state)
{
	struct mgmt_status *status = open_status(1, 0);
	struct stat before, after;
	pid_t pid;
	int ret;

	(void)state;
	assert_int_equal(stat(status_path, &before), 0);
	host_n = 0;
	pid = fork();
	if (!pid) {
		/* as after dropping privileges */
		_exit(setuid(65534) ||
		      mgmt_status_write(status) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &ret, 0), pid);
	assert_int_equal(ret, 0);
	assert_int_equal(stat(status_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(after.st_size < before.st_size);
	assert_int_equal(strlen(slurp()), after.st_size);
	mgmt_status_close(status);
	unlink(status_path);
}

static int status_setup(void **state)
{
	int ret = group_setup(state);

	snprintf(status_path, sizeof(status_path), "%s/status", dir);
	return ret;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status_v1),
		TEST(test_status_v2_v3),
		TEST(test_status_client),
		TEST(test_status_interval),
		TEST(test_status_mode),
		TEST(test_status_in_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, status_setup, group_teardown);
}
