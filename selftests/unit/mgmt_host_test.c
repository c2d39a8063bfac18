// SPDX-License-Identifier: GPL-2.0-or-later
/* The management interface and the host: logins, questions, what is told. */
#include "mgmt_rig.h"

#define ACCEPTED "SUCCESS: client-auth command succeeded\r\n"
#define NOT_ACCEPTED "ERROR: client-auth command failed\r\n"

/* Lines up to END are no commands, and not more than fit. */
static void test_auth(void **state)
{
	char text[101];
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	hear(fd);
	assert_string_equal(ask(fd, "client-auth 7 1\npush \"a b\"\n"
				"pid\n\nEND\n"), ACCEPTED);
	assert_string_equal(accepted, "push \"a b\"\npid\n\n");
	assert_string_equal(ask(fd, "client-auth-nt 7 1\n"), ACCEPTED);
	assert_string_equal(accepted, "");
	assert_string_equal(ask(fd, "client-auth 8 1\nEND\n"), NOT_ACCEPTED);
	memset(text, 'x', 100);
	text[99] = '\n';
	text[100] = '\0';
	ask(fd, "client-auth 7 1\n");
	for (unsigned int i = 0; i < MGMT_IFACE_EXTRA_MAX / 100 + 10; i++)
		assert_string_equal(ask(fd, text), "");
	assert_true(iface->extra.len <= MGMT_IFACE_EXTRA_MAX);
	assert_string_equal(ask(fd, "END\n"), NOT_ACCEPTED);
	assert_string_equal(ask(fd, "client-deny 7 1 \"a b\" \"c d\"\n"), "SUCCESS: client-deny command succeeded\r\n");
	assert_string_equal(refused, "a b/c d");
	assert_string_equal(ask(fd, "client-deny 7 2 a\n"), "ERROR: client-deny command failed\r\n");
	assert_string_equal(refused, "a/");
	assert_string_equal(ask(fd, "client-pending-auth 7 1 x 30\n"), "SUCCESS: client-pending-auth command succeeded\r\n");
	assert_string_equal(refused, "x/30");
	/* who leaves in the middle has said nothing */
	ask(fd, "client-auth 7 1\npush x\n");
	close(fd);
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	assert_string_equal(ask(fd, "END\n"), "ERROR: unknown command, enter 'help' for more options\r\n");
	close(fd);
}

static void set_env(struct hook_env *env)
{
	hook_env_set(env, "X509_0_CN", "x");
	hook_env_set(env, "X509_0_O", "y");
	hook_env_set(env, "verb", "3");
	hook_env_set(env, "password", "p");
}

/* A client waits for its login; who connects is told so. */
static void test_query(void **state)
{
	static const char need[] = ">PASSWORD:Need 'Auth' username/password\r\n";
	char text[256];
	int fd;

	(void)state;
	cfg.mode = CONFIG_MODE_P2P;
	cfg.is_management_forget = true;
	cfg.is_management_signal = true;
	open_iface();
	watch->need_login(watch_arg);
	fd = dial();
	snprintf(text, sizeof(text), "%s%s", BANNER, need);
	assert_string_equal(hear(fd), text);
	assert_string_equal(ask(fd, "status\n"), "ERROR: The 'status' command is not supported by the current daemon mode\r\n");
	login[0] = '\0';
	ask(fd, "username Auth \"a b\"\n");
	assert_string_equal(got, "SUCCESS: 'Auth' username entered, but not yet verified\r\n");
	assert_string_equal(ask(fd, "password 'Private Key' x\n"), "ERROR: password of type 'Private Key' entered, but we need one of type 'Auth'\r\n");
	assert_string_equal(login, "");
	assert_string_equal(ask(fd, "password Auth \"\"\n"), "SUCCESS: 'Auth' password entered, but not yet verified\r\n");
	assert_string_equal(login, "a b/");
	assert_string_equal(ask(fd, "password Auth x\n"), "ERROR: no password is currently needed at this time\r\n");
	watch->login_failed(watch_arg, "");
	watch->login_failed(watch_arg, "CRV1:x");
	assert_string_equal(hear(fd),
		">PASSWORD:Verification Failed: 'Auth'\r\n"
		">PASSWORD:Verification Failed: 'Auth' ['CRV1:x']\r\n");
	assert_string_equal(ask(fd, "auth-retry interact\nauth-retry\n"),
		"SUCCESS: auth-retry parameter changed\r\n"
		"SUCCESS: auth-retry=interact\r\n");
	assert_int_equal(retry, TUNNEL_RETRY_INTERACT);
	assert_string_equal(ask(fd, "cr-response yes\ncr-response no\n"),
		"SUCCESS: command succeeded\r\nERROR: command failed\r\n");
	assert_string_equal(ask(fd, "remote-entry-count\nremote-entry-get 1\n"
				    "remote-entry-get 1 9\n"),
		"3\r\nEND\r\n1,2001:db8::2,443,tcp6-client,enabled\r\nEND\r\n"
		"1,2001:db8::2,443,tcp6-client,enabled\r\n"
		"2,192.0.2.3,1,udp4,enabled\r\nEND\r\n");
	assert_memory_equal(ask(fd, "remote-entry-get all\n"),
			    "0,one.example,1194,udp,enabled\r\n1,", 34);
	assert_int_equal(n_forgotten, 0);
	close(fd);
	turn(10);
	assert_int_equal(n_forgotten, 1);
	assert_int_equal(n_restarts, 1);
}

#define NO_PASSWORD "ERROR: no password is currently needed at this time\r\n"
#define ENTERED "SUCCESS: 'Auth' password entered, but not yet verified\r\n"

/* From version 5 on a password may come in lines of base64. */
static void test_password_lines(void **state)
{
	int fd;

	(void)state;
	cfg.mode = CONFIG_MODE_P2P;
	open_iface();
	fd = dial();
	hear(fd);
	assert_string_equal(ask(fd, "password Auth\npassword\n"),
		"ERROR: the 'password' command requires 2 parameters\r\n"
		"ERROR: the 'password' command requires 2 parameters\r\n");
	assert_string_equal(ask(fd, "version 3\nversion 5\n"),
			    "SUCCESS: Management client version set to 5\r\n");
	assert_string_equal(ask(fd, "password Auth\n"), NO_PASSWORD);
	watch->need_login(watch_arg);
	hear(fd);
	login[0] = '\0';
	ask(fd, "username Auth \"a\"\n");
	assert_string_equal(ask(fd, "password Auth\nbad\nEND\n"),
			    "ERROR: could not base64-decode password\r\n");
	assert_string_equal(ask(fd, "password Auth\nAA==\nEND\n"),
			    "ERROR: could not base64-decode password\r\n");
	ask(fd, "password Auth\n");
	for (int i = 0; i < 43; i++)
		ask(fd, "eHh4\n");
	assert_string_equal(ask(fd, "END\n"), "ERROR: password too long\r\n");
	/* who is asked anew meanwhile is not answered by the rest */
	ask(fd, "password Auth\neHh4\n");
	watch->need_login(watch_arg);
	hear(fd);
	assert_string_equal(ask(fd, "END\n"), NO_PASSWORD);
	ask(fd, "username Auth \"a\"\n");
	assert_string_equal(login, "");
	assert_string_equal(ask(fd, "password Auth\nc2VjXCJy\nZXQgJw==\n"
				"END\n"), ENTERED);
	assert_string_equal(login, "a/sec\\\"ret '");
	close(fd);
}

/* auth-user-pass username-only */
static void test_username_only(void **state)
{
	int fd;

	(void)state;
	cfg.mode = CONFIG_MODE_P2P;
	cfg.is_username_only = true;
	open_iface();
	fd = dial();
	hear(fd);
	ask(fd, "version 4\n");
	watch->need_login(watch_arg);
	assert_string_equal(hear(fd), ">PASSWORD:Need 'Auth' username\r\n");
	assert_string_equal(ask(fd, "password Auth x\n"), NO_PASSWORD);
	login[0] = '\0';
	assert_string_equal(ask(fd, "username Auth \"a\"\n"),
		"SUCCESS: 'Auth' username entered, but not yet verified\r\n");
	assert_string_equal(login, "a/");
	close(fd);
}

#define CHOSEN "SUCCESS: remote command succeeded\r\n"
#define NOT_CHOSEN "ERROR: remote command failed\r\n"

static void test_remote(void **state)
{
	int fd;

	(void)state;
	cfg.mode = CONFIG_MODE_P2P;
	open_iface();
	watch->need_remote(watch_arg, &remotes[1]);
	fd = dial();
	assert_string_equal(hear(fd), BANNER ">REMOTE:2001:db8::2,443,tcp6-client\r\n");
	assert_string_equal(ask(fd, "remote accept\n"), NOT_CHOSEN);
	assert_string_equal(ask(fd, "remote MOD x\nremote MOD x 0\n"
				"remote MOD x 65536\n"),
			    NOT_CHOSEN NOT_CHOSEN NOT_CHOSEN);
	assert_string_equal(ask(fd, "remote MOD x 443\n"), CHOSEN);
	assert_int_equal(choice, TUNNEL_CHOICE_CHANGE);
	assert_string_equal(chosen, "x:443");
	assert_string_equal(ask(fd, "remote SKIP\n"), CHOSEN);
	assert_int_equal(choice, TUNNEL_CHOICE_SKIP);
	assert_string_equal(ask(fd, "remote ACCEPT\n"), CHOSEN);
	assert_int_equal(choice, TUNNEL_CHOICE_ACCEPT);
	close(fd);
	/* it is not asked any more */
	turn(5);
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	close(fd);
}

#define PROXY_DONE "SUCCESS: proxy command succeeded\r\n"
#define PROXY_BAD "ERROR: proxy command failed\r\n"
#define PROXY_ASKED BANNER ">PROXY:2,TCP,2001:db8::2\r\n"

static void test_proxy(void **state)
{
	int fd;

	(void)state;
	cfg.mode = CONFIG_MODE_P2P;
	open_iface();
	watch->need_proxy(watch_arg, 2, &remotes[1]);
	fd = dial();
	assert_string_equal(hear(fd), PROXY_ASKED);
	assert_string_equal(ask(fd, "proxy none\nproxy HTTP\nproxy HTTP x\n"
				"proxy HTTP x 0\nproxy SOCKS x 65536\n"
				"proxy FTP x 1\n"),
			    PROXY_BAD PROXY_BAD PROXY_BAD PROXY_BAD PROXY_BAD
			    PROXY_BAD);
	assert_string_equal(ask(fd, "proxy HTTP x 1\n"), PROXY_BAD);
	close(fd);
	turn(5);
	/* all that was no answer */
	fd = dial();
	assert_string_equal(hear(fd), PROXY_ASKED);
	is_proxy_http = true;
	assert_string_equal(ask(fd, "proxy HTTP x 3128 nct\n"), PROXY_DONE);
	assert_string_equal(chosen, "x:3128");
	assert_true(!proxy_chosen.is_socks && proxy_chosen.is_no_clear);
	assert_string_equal(ask(fd, "proxy SOCKS y 1080\n"), PROXY_DONE);
	assert_string_equal(chosen, "y:1080");
	assert_true(proxy_chosen.is_socks && !proxy_chosen.is_no_clear);
	assert_string_equal(ask(fd, "proxy NONE\n"), PROXY_DONE);
	assert_string_equal(chosen, ":0");
	close(fd);
	turn(5);
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	/* another question is not answered by it */
	watch->need_remote(watch_arg, &remotes[1]);
	hear(fd);
	ask(fd, "proxy NONE\n");
	close(fd);
	turn(5);
	fd = dial();
	assert_string_equal(hear(fd), BANNER ">REMOTE:2001:db8::2,443,tcp6-client\r\n");
	close(fd);
}

/* management-client: the program waits, and its end is ours. */
static void test_outgoing(void **state)
{
	struct mgmt_setup setup = { .loop = loop, .cfg = &cfg, .host = host };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	char err[256];

	(void)state;
	cfg.is_management_client = true;
	assert_int_equal(mgmt_iface_open(&setup, &iface, err, sizeof(err)),
			 -ENOENT);
	mgmt_iface_close(iface);
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr,
			      sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	open_iface();
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= 0);
	assert_string_equal(hear(fd), BANNER);
	assert_memory_equal(ask(fd, "pid\n"), "SUCCESS: pid=", 13);
	assert_int_equal(n_stops, 0);
	close(fd);
	turn(10);
	assert_int_equal(n_stops, 1);
	assert_string_equal(iface->exit_reason, "management-exit");
	close(listener);
	unlink(path);
}

/* Why the daemon ends is told last. */
static void test_end(void **state)
{
	int fd;

	(void)state;
	open_iface();
	fd = dial();
	hear(fd);
	ask(fd, "state on\n");
	mgmt_iface_signal(iface, "SIGTERM");
	watch->notify(watch_arg, "remote-exit", "EXIT");
	watch->info(watch_arg, "hello");
	assert_string_equal(hear(fd), ">NOTIFY:info,remote-exit,EXIT\r\n"
			    ">INFOMSG:hello\r\n");
	mgmt_iface_close(iface);
	iface = NULL;
	assert_memory_equal(hear(fd), ">STATE:", 7);
	assert_string_equal(strchr(got, ','), ",EXITING,SIGTERM,,,,,\r\n");
	close(fd);
}

/* Which variables are told (section 10.2). */
static void test_env_filter(void **state)
{
	struct hook_env *env = hook_env_new(NULL);
	struct tunnel_note note = {
		.cid = 7, .kid = 1, .env = env,
		.peer_info = "IV_VER=2 6\nbad line\nUV_A=\x01\n",
	};
	struct net_prefix what;
	int fd;

	(void)state;
	set_env(env);
	open_iface();
	fd = dial();
	hear(fd);
	watch->login(watch_arg, &note);
	assert_string_equal(hear(fd), ">CLIENT:CONNECT,7,1\r\n"
		">CLIENT:ENV,n_clients=3\r\n>CLIENT:ENV,password=p\r\n"
		">CLIENT:ENV,verb=3\r\n>CLIENT:ENV,X509_0_O=y\r\n"
		">CLIENT:ENV,X509_0_CN=x\r\n>CLIENT:ENV,END\r\n");
	ask(fd, "env-filter 1\n");
	note.is_again = true;
	watch->login(watch_arg, &note);
	assert_string_equal(hear(fd), ">CLIENT:REAUTH,7,1\r\n"
		">CLIENT:ENV,IV_VER=2_6\r\n>CLIENT:ENV,UV_A=_\r\n"
		">CLIENT:ENV,password=p\r\n>CLIENT:ENV,X509_0_O=y\r\n"
		">CLIENT:ENV,X509_0_CN=x\r\n>CLIENT:ENV,END\r\n");
	ask(fd, "env-filter 2\n");
	watch->response(watch_arg, &note, "YQ==");
	assert_memory_equal(hear(fd), ">CLIENT:CR_RESPONSE,7,1,YQ==\r\n", 30);
	assert_null(strstr(got, "X509_0_O"));
	ask(fd, "env-filter 3\n");
	watch->left(watch_arg, &note);
	assert_string_equal(hear(fd), ">CLIENT:DISCONNECT,7\r\n"
			    ">CLIENT:ENV,END\r\n");
	assert_int_equal(net_prefix_parse("10.1.0.0/16", &what), 0);
	watch->address(watch_arg, 7, &what, false);
	assert_int_equal(net_prefix_parse("fd00::7", &what), 0);
	watch->address(watch_arg, 7, &what, true);
	assert_int_equal(net_prefix_parse("fd00:1::/64", &what), 0);
	watch->address(watch_arg, 7, &what, false);
	assert_string_equal(hear(fd),
			    ">CLIENT:ADDRESS,7,10.1.0.0/255.255.0.0,0\r\n"
			    ">CLIENT:ADDRESS,7,fd00::7,1\r\n"
			    ">CLIENT:ADDRESS,7,fd00:1::/64,0\r\n");
	hook_env_free(env);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_auth),
		RIG_TEST(test_query),
		RIG_TEST(test_password_lines),
		RIG_TEST(test_username_only),
		RIG_TEST(test_remote),
		RIG_TEST(test_proxy),
		RIG_TEST(test_outgoing),
		RIG_TEST(test_end),
		RIG_TEST(test_env_filter),
	};

	return rig_run(tests);
}
