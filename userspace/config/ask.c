// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in no file is asked of the person who starts the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <termios.h>
#include <unistd.h>

#include "config/parse.h"
#include "proto/proto.h"

#define ASK_PROGRAM	"/usr/bin/systemd-ask-password"
#define ASK_SECONDS	90	/* the program's own default */
#define ASK_GRACE_S	5	/* then it is killed */

/* A line without its end; what does not fit is read, too. */
static int line_read(int fd, char *out, size_t cap)
{
	bool is_long = false;
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (len + 1 < cap)
			out[len++] = c;
		else
			is_long = true;
	}
	out[len] = '\0';
	mem_wipe(&c, sizeof(c));
	if (n < 0 || !len)
		return -ENODATA;
	return is_long ? -EMSGSIZE : 0;
}

/* Who sees the question can answer: the echo is off by then. */
static int terminal_line(const char *prompt, bool is_hidden, char *out,
			 size_t cap)
{
	struct termios old, quiet;
	int ret;

	is_hidden = is_hidden && !tcgetattr(STDIN_FILENO, &old);
	if (is_hidden) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	fprintf(stderr, "%s ", prompt);
	fflush(stderr);
	ret = line_read(STDIN_FILENO, out, cap);
	if (is_hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	return ret;
}

/*
 * It ends with us, and by an alarm, which outlives the exec, if it does not end
 * by itself.
 */
static void program_child(int out, pid_t parent, const char *prompt,
			  bool is_hidden)
{
	char timeout[32];
	sigset_t none;

	snprintf(timeout, sizeof(timeout), "--timeout=%d", ASK_SECONDS);
	sigemptyset(&none);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(ASK_SECONDS + ASK_GRACE_S);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* for the queues of a device, and not for this */
	prctl(PR_CAPBSET_DROP, CAP_BPF, 0, 0, 0);
	if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0 &&
	    !fcntl(STDOUT_FILENO, F_SETFD, 0))
		execl(ASK_PROGRAM, ASK_PROGRAM, timeout, "--no-tty",
		      "--icon=network-vpn",
		      is_hidden ? "--echo=masked" : "--echo=yes", prompt,
		      (char *)NULL);
	_exit(127);
}

/* It puts the question to who watches for such, without a shell. */
static int program_line(const char *prompt, bool is_hidden, char *out,
			size_t cap)
{
	int fds[2], status, ret;
	pid_t parent = getpid(), pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		program_child(fds[1], parent, prompt, is_hidden);
	close(fds[1]);
	ret = pid < 0 ? -EAGAIN : line_read(fds[0], out, cap);
	close(fds[0]);
	if (pid < 0)
		return ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -EIO;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? ret : -EIO;
}

/**
 * struct question - to be put
 * @option: what it is about
 * @instead: what who cannot be asked does
 */
struct question {
	const char *option, *instead, *prompt;
	bool is_hidden;
};

static int may_ask(struct config_parse *ps, const struct question *question)
{
	const struct config_place *at = config_place_of(ps, question->option);

	/* The configuration is read again in the background. */
	if (ps->cfg->is_daemon)
		return config_fail_at(ps, at,
			"%s: with daemon nobody can be asked; %s",
			question->option, question->instead);
	if (!isatty(STDIN_FILENO) &&
	    (sd_booted() <= 0 || access(ASK_PROGRAM, X_OK)))
		return config_fail_at(ps, at,
			"%s: there is no terminal to ask on, and no systemd-ask-password; %s",
			question->option, question->instead);
	return 0;
}

static int ask(struct config_parse *ps, const struct question *question,
	       char *out, size_t cap)
{
	const struct config_place *at = config_place_of(ps, question->option);
	int ret = may_ask(ps, question);

	if (ret)
		return ret;
	ret = isatty(STDIN_FILENO) ?
	      terminal_line(question->prompt, question->is_hidden, out, cap) :
	      program_line(question->prompt, question->is_hidden, out, cap);
	if (!ret)
		return 0;
	if (ret == -EMSGSIZE)
		return config_fail_at(ps, at,
			"%s: what was entered for \"%s\" is too long",
			question->option, question->prompt);
	if (ret == -ENODATA)
		return config_fail_at(ps, at,
			"%s: nothing was entered for \"%s\"",
			question->option, question->prompt);
	return config_fail_at(ps, at,
		"%s: systemd-ask-password got no answer; %s",
		question->option, question->instead);
}

/* The answer takes the place of the file. */
static int keep(struct config_parse *ps, struct config_blob *blob,
		const char *text)
{
	blob->len = strlen(text);
	blob->path = CONFIG_INLINE_PATH;
	blob->text = config_secret_dup(ps->cfg, text, blob->len);
	return blob->text ? 0 : config_nomem(ps);
}

/** struct login - to be wiped */
struct login {
	char user[PROTO_USER_PASS_MAX], pass[PROTO_USER_PASS_MAX];
	char response[PROTO_USER_PASS_MAX], joined[PROTO_USER_PASS_MAX];
	char both[2 * PROTO_USER_PASS_MAX];
};

static int ask_challenge(struct config_parse *ps, struct login *login)
{
	const struct config *cfg = ps->cfg;
	char prompt[256];
	struct question question = {
		"static-challenge", "remove static-challenge", prompt,
		!cfg->is_challenge_echoed
	};
	int ret;

	snprintf(prompt, sizeof(prompt), "CHALLENGE: %s", cfg->challenge);
	ret = ask(ps, &question, login->response, sizeof(login->response));
	if (ret)
		return ret;
	if (proto_challenge_join(login->pass, login->response,
				 cfg->is_challenge_concat, login->joined,
				 sizeof(login->joined)))
		return config_fail_at(ps,
			config_place_of(ps, question.option),
			"password and answer are too long together");
	memcpy(login->pass, login->joined, sizeof(login->pass));
	return 0;
}

static int ask_login(struct config_parse *ps, struct login *login)
{
	static const struct question user = {
		"auth-user-pass", "write auth-user-pass FILE",
		"Enter Auth Username:", false
	}, pass = {
		"auth-user-pass", "write auth-user-pass FILE",
		"Enter Auth Password:", true
	};
	int ret;

	ret = ask(ps, &user, login->user, sizeof(login->user));
	if (!ret && ps->cfg->is_username_only)
		strcpy(login->pass, PROTO_NO_PASSWORD);
	else if (!ret)
		ret = ask(ps, &pass, login->pass, sizeof(login->pass));
	if (!ret && ps->cfg->challenge)
		ret = ask_challenge(ps, login);
	if (ret)
		return ret;
	snprintf(login->both, sizeof(login->both), "%s\n%s\n", login->user,
		 login->pass);
	return keep(ps, &ps->cfg->auth_user_pass, login->both);
}

int config_ask_login(struct config_parse *ps)
{
	struct login login = { 0 };
	int ret;

	if (!ps->cfg->has_auth_user_pass || ps->cfg->auth_user_pass.text ||
	    ps->cfg->is_management_query)
		return 0;
	ret = ask_login(ps, &login);
	mem_wipe(&login, sizeof(login));
	return ret;
}

int config_ask_passphrase(struct config_parse *ps)
{
	static const struct question question = {
		"askpass", "write askpass FILE", "Enter Private Key Password:",
		true
	};
	char pass[PROTO_USER_PASS_MAX];
	int ret;

	if (!ps->cfg->has_askpass || ps->cfg->key_pass.text ||
	    ps->cfg->is_management_query)
		return 0;
	ret = ask(ps, &question, pass, sizeof(pass));
	if (!ret)
		ret = keep(ps, &ps->cfg->key_pass, pass);
	mem_wipe(pass, sizeof(pass));
	return ret;
}
