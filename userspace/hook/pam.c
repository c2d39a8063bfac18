// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A run that is a login by PAM: each in a child of its own, which may take as
 * long as it likes. The library is loaded when it is wanted, by this process
 * alone; of its interface only what is declared here is used.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/run.h"
#include "log/log.h"
#include "proto/proto.h"

#define PAM_OK			0
#define PAM_ERR_CONV		19
#define PAM_ITEM_TTY		3
#define PAM_ITEM_RHOST		4
#define PAM_PROMPT_HIDDEN	1
#define PAM_PROMPT_VISIBLE	2
#define PAM_MESSAGES_MAX	32
#define ANSWER_MAX		1024

struct pam_message {
	int style;
	const char *text;
};

struct pam_response {
	char *text;
	int unused;
};

struct pam_conv {
	int (*fn)(int n, const struct pam_message **messages,
		  struct pam_response **out, void *arg);
	void *arg;
};

/** struct pam - the library, and how it is asked; @ended: a child has */
struct pam {
	struct loop_signal *ended;
	int (*start)(const char *service, const char *user,
		     const struct pam_conv *conv, void **handle);
	int (*set_item)(void *handle, int item, const void *value);
	int (*authenticate)(void *handle, int flags);
	int (*acct_mgmt)(void *handle, int flags);
	const char *(*error)(void *handle, int error);
	int (*end)(void *handle, int status);
	const char *service;
	const char *const *pairs;	/* prompt, answer, ...; NULL */
	char **argv;			/* of both, once they have changed */
};

/** struct login - what the client has said; @otp: of a static challenge */
struct login {
	const struct pam *pam;
	char username[ANSWER_MAX], password[ANSWER_MAX], otp[ANSWER_MAX];
	const char *common_name;
};

/* ---- the conversation ------------------------------------------------ */

/* Prompts are compared by their first letters and digits, in any case. */
static bool prompt_is(const char *prompt, const char *wanted)
{
	while (*prompt && !isalnum((unsigned char)*prompt))
		prompt++;
	return !strncasecmp(prompt, wanted, strlen(wanted));
}

static void answer_put(char out[ANSWER_MAX], const char *text, size_t len)
{
	size_t at = strlen(out);

	if (len >= ANSWER_MAX - at)
		len = ANSWER_MAX - at - 1;
	memcpy(out + at, text, len);
	out[at + len] = '\0';
}

/* The words in capitals stand for what the client has said. */
static char *answer_make(const struct login *login, const char *form)
{
	const struct {
		const char *word, *value;
	} words[] = {
		{ "USERNAME", login->username },
		{ "PASSWORD", login->password },
		{ "COMMONNAME", login->common_name },
		{ "OTP", login->otp },
	};
	char out[ANSWER_MAX] = "", *copy;

	while (*form) {
		const char *value = NULL;
		size_t i, len = 1;

		for (i = 0; i < sizeof(words) / sizeof(*words) && !value; i++) {
			if (strncmp(form, words[i].word,
				    strlen(words[i].word)))
				continue;
			value = words[i].value;
			len = strlen(words[i].word);
		}
		answer_put(out, value ? value : form,
			   value ? strlen(value) : 1);
		form += len;
	}
	copy = strdup(out);
	mem_wipe(out, sizeof(out));
	return copy;
}

/* Return: NULL for what has no answer. */
static char *answer(const struct login *login,
		    const struct pam_message *message)
{
	const char *const *pair = login->pam->pairs;

	if (!*pair)
		return strdup(message->style == PAM_PROMPT_HIDDEN ?
			      login->password : login->username);
	for (; pair[0] && pair[1]; pair += 2)
		if (prompt_is(message->text ? message->text : "", pair[0]))
			return answer_make(login, pair[1]);
	return NULL;
}

static int converse(int n, const struct pam_message **messages,
		    struct pam_response **out, void *arg)
{
	struct pam_response *list;
	bool is_ok = true;

	if (n <= 0 || n > PAM_MESSAGES_MAX)
		return PAM_ERR_CONV;
	list = calloc((size_t)n, sizeof(*list));
	if (!list)
		return PAM_ERR_CONV;
	for (int i = 0; i < n; i++) {
		if (messages[i]->style != PAM_PROMPT_HIDDEN &&
		    messages[i]->style != PAM_PROMPT_VISIBLE)
			continue;
		list[i].text = answer(arg, messages[i]);
		is_ok &= list[i].text != NULL;
	}
	*out = list;
	if (is_ok)
		return PAM_OK;
	for (int i = 0; i < n; i++)
		free(list[i].text);
	free(list);
	*out = NULL;
	return PAM_ERR_CONV;
}

/* ---- one login, in its child ----------------------------------------- */

/* With a static challenge the password holds two answers. */
static void challenge_split(struct login *login, const char *password)
{
	if (proto_challenge_split(password, login->password, login->otp,
				  ANSWER_MAX))
		return;
	snprintf(login->password, ANSWER_MAX, "%s", password);
	login->otp[0] = '\0';
}

static const char *get(const struct hook_request *req, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < req->n_env; i++)
		if (!strncmp(req->env[i], name, len) &&
		    req->env[i][len] == '=')
			return req->env[i] + len + 1;
	return NULL;
}

static void say_text(enum log_level level, const char *text)
{
	const struct hook_reply reply = {
		.id = HOOK_ID_LOG, .code = (int32_t)level, .n_files = 1,
		.files = { { .data = text, .len = strlen(text) } },
	};

	runner_reply(&reply);
}

static void say(const struct pam *pam, const char *user, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%.64s: %.100s: %.80s", pam->service,
		 user, what);
	say_text(LOG_LEVEL_INFO, text);
}

static int pam_login(const struct pam *pam, const struct hook_request *req)
{
	static struct login login;
	const struct pam_conv conv = { .fn = converse, .arg = &login };
	const char *user = get(req, "username");
	const char *password = get(req, "password");
	const char *from = get(req, "untrusted_ip");
	void *handle = NULL;
	int ret;

	if (!user || !user[0] || !password)
		return 1;
	from = from ? from : get(req, "untrusted_ip6");
	login.pam = pam;
	login.common_name = get(req, "common_name");
	login.common_name = login.common_name ? login.common_name : "";
	snprintf(login.username, sizeof(login.username), "%s", user);
	challenge_split(&login, password);
	ret = pam->start(pam->service, user, &conv, &handle);
	if (ret == PAM_OK && from)
		ret = pam->set_item(handle, PAM_ITEM_RHOST, from);
	if (ret == PAM_OK)
		ret = pam->set_item(handle, PAM_ITEM_TTY, "ovpnd");
	if (ret == PAM_OK)
		ret = pam->authenticate(handle, 0);
	if (ret == PAM_OK)
		ret = pam->acct_mgmt(handle, 0);
	if (ret != PAM_OK)
		say(pam, user, handle ? pam->error(handle, ret) :
					"PAM cannot be started");
	if (handle)
		pam->end(handle, ret);
	mem_wipe(&login, sizeof(login));
	return ret == PAM_OK ? 0 : 1;
}

/* ---- runs ------------------------------------------------------------ */

/** struct pam_child - of a run */
struct pam_child {
	pid_t pid;
};

static void child_look(struct run *run)
{
	struct pam_child *child = run->process;
	int status = 0;

	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	free(child);
	run->process = NULL;
	run->kill = NULL;
	run_ended(run, WIFEXITED(status) ? WEXITSTATUS(status) : 1,
		  WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* One signal may stand for several. */
static void child_ended(int signum, void *arg)
{
	struct runner *runner = arg;
	struct run *run, *next;

	(void)signum;
	for (run = runner->runs; run; run = next) {
		next = run->next;
		if (run->process)
			child_look(run);
	}
}

static void child_kill(struct run *run, int signum)
{
	kill(((struct pam_child *)run->process)->pid, signum);
}

static void child_main(const struct runner *runner,
		       const struct hook_request *req)
{
	prctl(PR_SET_NAME, "ovpnd-pam-login", 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	_exit(pam_login(runner->pam, req));
}

static int pam_start(struct run *run, const struct hook_request *req)
{
	struct runner *runner = run->runner;
	struct pam_child *child;

	if (!runner->pam->ended)
		runner->pam->ended = loop_signal_new(runner->loop, SIGCHLD,
						     child_ended, runner);
	child = runner->pam->ended ? calloc(1, sizeof(*child)) : NULL;
	if (!child)
		return -ENOMEM;
	child->pid = fork();
	if (!child->pid) {
		/* it is the other process that waits */
		free(child);
		child_main(runner, req);
	}
	if (child->pid < 0) {
		free(child);
		return -EAGAIN;
	}
	run->process = child;
	run->kill = child_kill;
	return 0;
}

/* ---- another service ------------------------------------------------- */

static void argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

/* Logins under way have a copy of what they began with. */
static void pam_reread(struct runner *runner)
{
	const struct hook_setup *setup = runner->setup;
	char err[512] = "", text[640], **argv = NULL;
	struct pam *pam = runner->pam;

	if (!setup->pam_reread)
		return;
	if (fchdir(runner->home))
		snprintf(err, sizeof(err), "%s", strerror(errno));
	else
		argv = setup->pam_reread(setup->arg, err, sizeof(err));
	if (setup->cwd && chdir(setup->cwd))
		say_text(LOG_LEVEL_WARN, "its folder has gone");
	if (!argv && err[0]) {
		snprintf(text, sizeof(text),
			 "the configuration cannot be read, service %.64s stays in use: %s",
			 pam->service, err);
		say_text(LOG_LEVEL_ERROR, text);
	}
	if (!argv)
		return;
	argv_free(pam->argv);
	pam->argv = argv;
	pam->service = argv[0];
	pam->pairs = (const char *const *)argv + 1;
}

static void pam_end(struct runner *runner)
{
	loop_signal_free(runner->pam->ended);
	argv_free(runner->pam->argv);
	free(runner->pam);
}

const struct runner_kind runner_pam = {
	.start = pam_start,
	.reread = pam_reread,
	.end = pam_end,
};

/* ---- the library ----------------------------------------------------- */

#define SYMBOL(pam, dl, field, name) \
	(*(void **)&(pam)->field = dlsym(dl, name))

/**
 * pam_open() - load the library
 * @runner: gets it
 * @argv: the service, then prompts with their answers
 * @err: filled on failure
 *
 * Return: 0 or -errno.
 */
int pam_open(struct runner *runner, const char *const *argv, char *err,
	     size_t err_len)
{
	struct pam *pam = calloc(1, sizeof(*pam));
	void *dl = dlopen("libpam.so.0", RTLD_NOW);

	if (!pam || !dl) {
		snprintf(err, err_len, "%s", dl ? "out of memory" : dlerror());
		free(pam);
		return -ENOENT;
	}
	runner->pam = pam;
	pam->service = argv[0];
	pam->pairs = argv + 1;
	if (SYMBOL(pam, dl, start, "pam_start") &&
	    SYMBOL(pam, dl, set_item, "pam_set_item") &&
	    SYMBOL(pam, dl, authenticate, "pam_authenticate") &&
	    SYMBOL(pam, dl, acct_mgmt, "pam_acct_mgmt") &&
	    SYMBOL(pam, dl, error, "pam_strerror") &&
	    SYMBOL(pam, dl, end, "pam_end"))
		return 0;
	snprintf(err, err_len, "libpam.so.0 is not PAM");
	return -ENOEXEC;
}
