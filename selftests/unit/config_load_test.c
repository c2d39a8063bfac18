// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_text.h"

/* Command line, files that include each other, keys on disk. */

#define MAN_PAGE "Documentation/man/ovpnd.8"

struct fixture {
	char dir[64];
	char out[65536], err[4096];	/* of the last load() */
};

static void write_file(const struct fixture *f, const char *name,
		       const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char sub[80];

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/config_load_test.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(sub, sizeof(sub), "%s/sub", f->dir);
	if (mkdir(sub, 0700))
		return -1;
	write_file(f, "ca.pem", "CA\n");
	write_file(f, "cert.pem", "CERT\n");
	write_file(f, "key.pem", "KEY\n");
	write_file(f, "sub/ca.pem", "SUBCA\n");
	write_file(f, "login", "someone\nsecret\n");
	write_file(f, "base", "dev tun\nca ca.pem\ncert cert.pem\nkey key.pem\n");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int ret;

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	ret = system(command);
	free(f);
	return ret;
}

static void slurp(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, cap - 1, file);
	fclose(file);
	out[len] = '\0';
}

static void redirect(const struct fixture *f, const char *name, int fd)
{
	char path[128];
	int file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	if (file < 0 || dup2(file, fd) < 0)
		_exit(99);
	close(file);
}

/* What a loaded configuration is asked, printed by the child. */
static void report(const struct config *cfg)
{
	const struct config_remote *remote;
	const struct config_text *node;

	printf("ca=%s %s", cfg->ca.path, cfg->ca.text);
	printf("verb=%d port=%u\n", cfg->verb, cfg->lport);
	printf("log=%s status=%s\n", cfg->log_path ? cfg->log_path : "-",
	       cfg->status_path ? cfg->status_path : "-");
	printf("config=%s\n", cfg->config_path ? cfg->config_path : "-");
	if (cfg->auth_user_pass.text)
		printf("login=%s", cfg->auth_user_pass.text);
	if (cfg->key_pass.text)
		printf("passphrase=%s\n", cfg->key_pass.text);
	printf("remotes=");
	for (remote = cfg->remotes; remote; remote = remote->next)
		putchar(remote->host[0]);
	putchar('\n');
	for (node = cfg->warnings; node; node = node->next)
		printf("warning=%s\n", node->text);
}

/* config_load() in f->dir, with @terminal (NULL: none) to be asked on. */
static pid_t load_start(const struct fixture *f, const char *args,
			const char *terminal)
{
	char copy[512], *argv[32] = { "ovpnd" }, *save = NULL;
	struct config *cfg;
	int argc = 1;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", args);
	argv[argc] = strtok_r(copy, "|", &save);
	while (argv[argc] && argc < 30)
		argv[++argc] = strtok_r(NULL, "|", &save);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		enum config_verdict verdict;

		redirect(f, "stdout", STDOUT_FILENO);
		redirect(f, "stderr", STDERR_FILENO);
		if (!freopen(terminal ?: "/dev/null", "r", stdin) ||
		    chdir(f->dir))
			_exit(98);
		verdict = config_load(argc, argv, &cfg);
		if (verdict == CONFIG_RUN)
			report(cfg);
		fflush(NULL);
		config_free(cfg);
		exit((int)verdict);
	}
	return pid;
}

/* Return: the verdict. */
static int load_end(struct fixture *f, pid_t pid)
{
	char path[128];
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	snprintf(path, sizeof(path), "%s/stdout", f->dir);
	slurp(path, f->out, sizeof(f->out));
	snprintf(path, sizeof(path), "%s/stderr", f->dir);
	slurp(path, f->err, sizeof(f->err));
	return WEXITSTATUS(status);
}

static int load(struct fixture *f, const char *args)
{
	return load_end(f, load_start(f, args, NULL));
}

/* ---- with who sits at a terminal ------------------------------------ */

/** struct reply - what is typed when @prompt is there */
struct reply {
	const char *prompt, *text;
};

/* The terminal's own side shows what is typed, unless it is hidden. */
static void terminal_read(int master, char *shown, size_t cap)
{
	size_t len = strlen(shown);
	ssize_t n;

	while (len < cap - 1) {
		n = read(master, shown + len, cap - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	shown[len] = '\0';
}

static void wait_for_prompt(struct fixture *f, const char *prompt)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/stderr", f->dir);
	for (int i = 0; i < 1000; i++) {
		if (!access(path, R_OK)) {
			slurp(path, f->err, sizeof(f->err));
			if (strstr(f->err, prompt))
				return;
		}
		usleep(10000);
	}
	fail_msg("no \"%s\" in: %s", prompt, f->err);
}

/* load() on a terminal. Return: the verdict, with what was seen in @shown. */
static int load_typing(struct fixture *f, const char *args,
		       const struct reply *replies, char *shown, size_t cap)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, ret;
	char terminal[64], path[128];
	pid_t pid;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, terminal, sizeof(terminal)), 0);
	/* what is shown stays there after the end */
	slave = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	snprintf(path, sizeof(path), "%s/stderr", f->dir);
	unlink(path);
	pid = load_start(f, args, terminal);
	for (; replies->prompt; replies++) {
		wait_for_prompt(f, replies->prompt);
		assert_int_equal(write(master, replies->text,
				       strlen(replies->text)),
				 strlen(replies->text));
	}
	ret = load_end(f, pid);
	shown[0] = '\0';
	terminal_read(master, shown, cap);
	close(slave);
	close(master);
	return ret;
}

#define SERVER "--config|base|--server|10.8.0.0|255.255.255.0"

static void assert_loads(struct fixture *f, const char *args,
			 const char *needle)
{
	if (load(f, args) != CONFIG_RUN || !strstr(f->out, needle))
		fail_msg("%s: %s%s", args, f->err, f->out);
}

static void assert_fails(struct fixture *f, const char *args,
			 const char *needle)
{
	if (load(f, args) != CONFIG_EXIT_USAGE || !strstr(f->err, needle))
		fail_msg("%s: %s%s", args, f->err, f->out);
	assert_int_equal(strncmp(f->err, "Options error: ", 15), 0);
}

static void test_argv(void **state)
{
	struct fixture *f = *state;

	assert_loads(f, SERVER, "ca=ca.pem CA\n");
	assert_loads(f, SERVER, "config=base\n");
	assert_loads(f, SERVER "|--verb|4|--port|99", "verb=4 port=99\n");
	assert_loads(f, SERVER "|--push|route 10.0.0.0 255.0.0.0", "ca=");
	/* Like OpenVPN: later ones win, wherever they stand. */
	write_file(f, "v", "config base\nserver 10.8.0.0 255.255.255.0\nverb 5\n");
	assert_loads(f, "v", "verb=5");
	assert_loads(f, "v", "config=v\n");
	assert_loads(f, "--config|v|--verb|6", "verb=6");
	assert_loads(f, "--verb|6|--config|v", "verb=5");
	assert_fails(f, SERVER "|--verb", "command line: verb: an argument is missing");
	assert_fails(f, SERVER "|--vreb|4", "command line: unknown option \"vreb\"");
	assert_fails(f, "v|w", "\"v\" does not belong to an option");
	assert_fails(f, "--client", "command line: the device is missing");
	assert_fails(f, "nowhere", "command line: cannot read \"nowhere\": No such file");
	assert_fails(f, "--config|sub", "cannot read \"sub\": Is a directory");
	assert_fails(f, "--push|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17",
		     "--push has more than 16 arguments");
}

static void test_include(void **state)
{
	struct fixture *f = *state;
	char name[16], text[64];
	int i;

	write_file(f, "one", "config two\nserver 10.8.0.0 255.255.255.0\n");
	write_file(f, "two", "config base\n\nverb 7\nverb x\n");
	assert_fails(f, "one", "Options error: two:4: verb: \"x\" is not a number");
	write_file(f, "two", "config base\nverb 7\n");
	write_file(f, "one", "config two\nserver 10.8.0.0 255.255.255.0\nport x\n");
	assert_fails(f, "one", "Options error: one:3: port: \"x\"");
	write_file(f, "loop", "config loop\n");
	assert_fails(f, "loop", "loop:1: config: more than 10 files include each other");
	write_file(f, "n10", "config base\nserver 10.8.0.0 255.255.255.0\n");
	for (i = 3; i < 10; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(text, sizeof(text), "config n%d\n", i + 1);
		write_file(f, name, text);
	}
	assert_loads(f, "n3", "ca=ca.pem");
	write_file(f, "n2", "config n3\n");
	write_file(f, "n1", "config n2\n");
	assert_fails(f, "n1", "n10:1: config: more than 10");
}

static void test_cd(void **state)
{
	struct fixture *f = *state;
	char args[256], want[256];

	/* For keys, wherever it stands. */
	snprintf(args, sizeof(args), SERVER "|--cd|%s/sub|--cert|../cert.pem|"
		 "--key|../key.pem|--log|l|--status|/s", f->dir);
	snprintf(want, sizeof(want), "ca=%s/sub/ca.pem SUBCA\n", f->dir);
	assert_loads(f, args, want);
	snprintf(want, sizeof(want), "log=%s/sub/l status=/s\n", f->dir);
	assert_loads(f, args, want);
	/* For included files, from there on. */
	assert_loads(f, "--cd|sub|--config|../base|--server|10.8.0.0|"
		     "255.255.255.0|--cert|../cert.pem|--key|../key.pem",
		     "ca=sub/ca.pem SUBCA\n");
	assert_fails(f, "--cd|sub|--config|base", "cannot read \"sub/base\"");
	assert_fails(f, "--cd|nowhere", "cd: \"nowhere\": No such file");
	assert_fails(f, "--cd|base", "cd: \"base\" is not a directory");
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_fails(f, SERVER "|--ca|gone.pem",
		     "command line: ca: cannot read \"gone.pem\": No such file "
		     "or directory; check the name");
	assert_fails(f, SERVER "|--key|sub",
		     "key: cannot read \"sub\": Is a directory; name a file in it");
	write_file(f, "empty", "");
	assert_fails(f, SERVER "|--cert|empty", "cert: \"empty\" is empty");
	snprintf(path, sizeof(path), "%s/empty", f->dir);
	assert_int_equal(truncate(path, 5 << 20), 0);
	assert_fails(f, SERVER "|--cert|empty", "cannot read \"empty\": File too large");
	write_file(f, "c", "config base\nserver 10.8.0.0 255.255.255.0\nca x\n");
	assert_fails(f, "c", "Options error: c:3: ca: cannot read \"x\"");
	assert_loads(f, SERVER "|--ca|/proc/self/comm", "ca=/proc/self/comm ");
}

static void test_permissions(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_loads(f, SERVER, "ca=");
	assert_null(strstr(f->out, "accessible by group"));
	snprintf(path, sizeof(path), "%s/key.pem", f->dir);
	assert_int_equal(chmod(path, 0640), 0);
	assert_loads(f, SERVER, "warning=base:4: key: \"key.pem\" is "
		     "accessible by group or others; use chmod 600\n");
	assert_int_equal(chmod(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/ca.pem", f->dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_loads(f, SERVER, "ca=");
	assert_null(strstr(f->out, "accessible by group"));
}

#define CLIENT "--config|base|--client|--remote|192.0.2.1"

static void test_login(void **state)
{
	struct fixture *f = *state;

	assert_loads(f, CLIENT "|--auth-user-pass|login",
		     "login=someone\nsecret\n");
	assert_fails(f, CLIENT "|--daemon|--auth-user-pass",
		     "with daemon nobody can be asked; write auth-user-pass FILE");
	assert_fails(f, SERVER "|--daemon|--askpass",
		     "with daemon nobody can be asked; write askpass FILE");
	write_file(f, "login", "someone\n");
	assert_fails(f, CLIENT "|--auth-user-pass|login",
		     "auth-user-pass: two lines are needed");
	/* What is wrong is said without the content. */
	assert_null(strstr(f->err, "someone"));
}

#define USER_PROMPT	"Enter Auth Username: "
#define PASS_PROMPT	"Enter Auth Password: "
#define KEY_PROMPT	"Enter Private Key Password: "

/* Where systemd runs it would ask; selftests/interop/asked.sh has its own. */
static void test_nobody_to_ask(void **state)
{
	struct fixture *f = *state;

	if (!access("/run/systemd/system", F_OK))
		skip();
	assert_fails(f, CLIENT "|--auth-user-pass",
		     "auth-user-pass: there is no terminal to ask on, and no "
		     "systemd-ask-password; write auth-user-pass FILE");
	assert_fails(f, SERVER "|--askpass",
		     "askpass: there is no terminal to ask on, and no "
		     "systemd-ask-password; write askpass FILE");
}

static void test_asked(void **state)
{
	static const struct {
		const char *args;
		struct reply replies[4];
		const char *want;
	} rows[] = {
		{ CLIENT "|--auth-user-pass",
		  { { USER_PROMPT, "someone\n" }, { PASS_PROMPT, "secret\n" } },
		  "login=someone\nsecret\n" },
		{ CLIENT "|--auth-user-pass|--static-challenge|PIN?|1|concat",
		  { { USER_PROMPT, "someone\n" }, { PASS_PROMPT, "secret\n" },
		    { "CHALLENGE: PIN? ", "seen\n" } },
		  "login=someone\nsecretseen\n" },
		{ CLIENT "|--auth-user-pass|--static-challenge|PIN?|0",
		  { { USER_PROMPT, "someone\n" }, { PASS_PROMPT, "secret\n" },
		    { "CHALLENGE: PIN? ", "secret2\n" } },
		  "login=someone\nSCRV1:c2VjcmV0:c2VjcmV0Mg==\n" },
		{ SERVER "|--askpass", { { KEY_PROMPT, "secret\n" } },
		  "passphrase=secret\n" },
	};
	struct fixture *f = *state;
	char shown[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (load_typing(f, rows[i].args, rows[i].replies, shown,
				sizeof(shown)) != CONFIG_RUN ||
		    !strstr(f->out, rows[i].want))
			fail_msg("%s: %s%s", rows[i].args, f->err, f->out);
		assert_null(strstr(shown, "secret"));
		assert_int_equal(!strstr(shown, "someone"), i == 3);
		assert_int_equal(!strstr(shown, "seen"), i != 1);
	}
}

static void test_asked_in_vain(void **state)
{
	/* 128 bytes in all; and what does not fit does not answer the next */
	static const char longest[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"\n";
	static const struct {
		const char *args;
		struct reply replies[4];
		const char *want;
	} rows[] = {
		{ CLIENT "|--auth-user-pass", { { USER_PROMPT, "\n" } },
		  "nothing was entered for \"Enter Auth Username:\"" },
		/* the end of a terminal's input */
		{ CLIENT "|--auth-user-pass",
		  { { USER_PROMPT, "someone\n" }, { PASS_PROMPT, "\004" } },
		  "nothing was entered for \"Enter Auth Password:\"" },
		{ CLIENT "|--auth-user-pass", { { USER_PROMPT, longest } },
		  "entered for \"Enter Auth Username:\" is too long" },
		{ CLIENT "|--auth-user-pass|--static-challenge|PIN?|1|concat",
		  { { USER_PROMPT, "someone\n" }, { PASS_PROMPT, "secret\n" },
		    { "CHALLENGE: PIN? ", longest + 1 } },
		  "password and answer are too long together" },
		{ SERVER "|--askpass", { { KEY_PROMPT, "\n" } },
		  "askpass: nothing was entered" },
	};
	struct fixture *f = *state;
	char shown[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (load_typing(f, rows[i].args, rows[i].replies, shown,
				sizeof(shown)) != CONFIG_EXIT_USAGE ||
		    !strstr(f->err, rows[i].want))
			fail_msg("%s: %s%s", rows[i].args, f->err, f->out);
}

/* All of them, and not always in the same order. */
static void test_remote_random(void **state)
{
	struct fixture *f = *state;
	char first[16] = "";
	bool has_changed = false;
	int i;

	for (i = 0; i < 40 && !has_changed; i++) {
		char *order;

		assert_loads(f, CLIENT "|--remote|b|--remote|c|--remote|d|"
			     "--remote-random", "remotes=");
		order = strstr(f->out, "remotes=") + 8;
		order[strcspn(order, "\n")] = '\0';
		assert_int_equal(strlen(order), 4);
		assert_non_null(strchr(order, '1'));
		assert_non_null(strchr(order, 'b'));
		assert_non_null(strchr(order, 'c'));
		assert_non_null(strchr(order, 'd'));
		has_changed = first[0] && strcmp(first, order);
		strcpy(first, order);
	}
	assert_true(has_changed);
}

static void test_printing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "--version"), CONFIG_EXIT_OK);
	assert_int_equal(strncmp(f->out, "ovpnd ", 6), 0);
	assert_non_null(strstr(f->out, config_version()));
	assert_non_null(strstr(f->out, "\nlibrary versions: OpenSSL 3"));
	assert_int_equal(load(f, "--help"), CONFIG_EXIT_OK);
	assert_non_null(strstr(f->out, "\n  --server NETWORK NETMASK [nopool]\n"));
	assert_non_null(strstr(f->out, "\n  --keepalive PING RESTART      "));
	assert_null(strstr(f->out, "peer-id"));
	assert_int_equal(load(f, "--show-ciphers"), CONFIG_EXIT_OK);
	assert_non_null(strstr(f->out, "CHACHA20-POLY1305  (256 bit key)\n"));
	assert_int_equal(load(f, "--show-digests"), CONFIG_EXIT_OK);
	assert_non_null(strstr(f->out, "\nSHA512\n"));
	assert_int_equal(load(f, "--list-options"), CONFIG_EXIT_OK);
	assert_non_null(strstr(f->out, "\nremote-cert-tls\n"));
	assert_null(strstr(f->out, "\nsecret\n"));
	assert_int_equal(load(f, ""), CONFIG_EXIT_USAGE);
	assert_non_null(strstr(f->out, "Usage: ovpnd FILE"));
}

static void test_help_width(void **state)
{
	struct fixture *f = *state;
	const char *line = f->out;

	assert_int_equal(load(f, "--help"), CONFIG_EXIT_OK);
	while (*line) {
		size_t len = strcspn(line, "\n");

		assert_true(len <= 79);
		line += len + 1;
	}
}

static void test_man_page_in_step(void **state)
{
	struct fixture *f = *state;
	static char page[sizeof(f->out)];

	slurp(MAN_PAGE, page, sizeof(page));
	assert_int_equal(load(f, "--dump-man"), CONFIG_EXIT_OK);
	if (strcmp(f->out, page))
		fail_msg("write it anew: ovpnd --dump-man > " MAN_PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_argv, setup, teardown),
		cmocka_unit_test_setup_teardown(test_include, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_permissions, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_login, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_to_ask, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asked_in_vain, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_remote_random, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_printing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_help_width, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_man_page_in_step, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
