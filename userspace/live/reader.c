// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that keeps the rights to read files and to ask systemd. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/private.h"

#define READER_SOCK_FD	3
#define READER_JOB_FD	4
#define READER_FREE_FD	10	/* and above: neither of these */

/* struct live_reader - @sock: for files; @job: for systemd */
struct live_reader {
	int sock, job;
	pid_t pid;
};

/* ---- in the process -------------------------------------------------- */

static int reader_fds(int sock, int job)
{
	int null = open("/dev/null", O_RDWR);

	/* out of the way of each other */
	sock = fcntl(sock, F_DUPFD, READER_FREE_FD);
	job = fcntl(job, F_DUPFD, READER_FREE_FD);
	if (null < 0 || sock < 0 || job < 0)
		return -errno;
	for (int fd = 0; fd < READER_SOCK_FD; fd++)
		if (null != fd && dup2(null, fd) < 0)
			return -errno;
	if (dup2(sock, READER_SOCK_FD) < 0 || dup2(job, READER_JOB_FD) < 0)
		return -errno;
	return close_range(READER_JOB_FD + 1, ~0u, 0) ? -errno : 0;
}

static void reader_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What it takes to read files of others, as far as it was there. */
static int reader_rights(void)
{
	static const unsigned int wanted[] = {
		CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
	};
	bool has[2];

	if (capng_get_caps_process())
		return -1;
	for (size_t i = 0; i < 2; i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]);
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < 2; i++)
		if (has[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     wanted[i]);
	return capng_apply(CAPNG_SELECT_CAPS) ||
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 : 0;
}

static bool reader_send(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool reader_answer(int argc, char **argv)
{
	struct config_bundle *bundle = config_bundle_new();
	char err[LIVE_ERROR_MAX] = "out of memory";
	struct config *cfg = NULL;
	struct live_head head = { .is_bad = 1 };
	const void *data = err;
	size_t len = 0;
	bool is_sent;

	if (bundle && !config_read(argc, argv, bundle, &cfg, err,
				   sizeof(err))) {
		data = config_bundle_data(bundle, &len);
		head.is_bad = 0;
	} else {
		len = strlen(err);
	}
	head.len = (uint32_t)len;
	is_sent = reader_send(READER_SOCK_FD, &head, sizeof(head)) &&
		  reader_send(READER_SOCK_FD, data, len);
	config_free(cfg);
	config_bundle_free(bundle);
	return is_sent;
}

static bool reader_answer_job(void)
{
	uint8_t job = (uint8_t)live_job_look();

	return reader_send(READER_JOB_FD, &job, 1);
}

/* Return: has somebody asked, and not gone? */
static bool reader_is_asked(int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

static void reader_main(int sock, int job, int argc, char **argv)
{
	struct pollfd fds[] = {
		{ .fd = READER_SOCK_FD, .events = POLLIN },
		{ .fd = READER_JOB_FD, .events = POLLIN },
	};
	bool is_good = true;

	reader_signals();
	prctl(PR_SET_NAME, "ovpnd-conf", 0, 0, 0);
	if (reader_fds(sock, job) || reader_rights())
		_exit(1);
	while (is_good) {
		if (poll(fds, 2, -1) < 0) {
			is_good = errno == EINTR;
			continue;
		}
		if (fds[0].revents)
			is_good = reader_is_asked(READER_SOCK_FD) &&
				  reader_answer(argc, argv);
		if (is_good && fds[1].revents)
			is_good = reader_is_asked(READER_JOB_FD) &&
				  reader_answer_job();
	}
	_exit(0);
}

/* ---- in the daemon --------------------------------------------------- */

int live_reader_start(int argc, char **argv, struct live_reader **out)
{
	struct live_reader *reader = calloc(1, sizeof(*reader));
	int pair[2], job[2], err;

	if (!reader)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		goto free;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, job)) {
		err = -errno;
		goto close_pair;
	}
	reader->pid = fork();
	if (!reader->pid) {
		free(reader);
		reader_main(pair[1], job[1], argc, argv);
	}
	if (reader->pid < 0) {
		err = -errno;
		goto close_job;
	}
	close(pair[1]);
	close(job[1]);
	reader->sock = pair[0];
	reader->job = job[0];
	fcntl(reader->sock, F_SETFL, O_NONBLOCK);
	fcntl(reader->job, F_SETFL, O_NONBLOCK);
	*out = reader;
	return 0;

close_job:
	close(job[0]);
	close(job[1]);
close_pair:
	close(pair[0]);
	close(pair[1]);
free:
	free(reader);
	return err;
}

void live_reader_stop(struct live_reader *reader)
{
	if (!reader)
		return;
	close(reader->sock);
	close(reader->job);
	/* it may hang in a file system, and nothing of it is waited for */
	kill(reader->pid, SIGKILL);
	waitpid(reader->pid, NULL, WNOHANG);
	free(reader);
}

int live_reader_fd(const struct live_reader *reader)
{
	return reader->sock;
}

int live_reader_ask(const struct live_reader *reader)
{
	return send(reader->sock, "r", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int live_reader_job_fd(const struct live_reader *reader)
{
	return reader->job;
}

int live_reader_ask_job(const struct live_reader *reader)
{
	return send(reader->job, "j", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}
