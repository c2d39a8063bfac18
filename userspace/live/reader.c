// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that keeps the right to read the configuration. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/private.h"

#define READER_SOCK_FD	3

struct live_reader {
	int sock;
	pid_t pid;
};

/* ---- in the process -------------------------------------------------- */

static int reader_fds(int sock)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return -errno;
	if (sock != READER_SOCK_FD && dup2(sock, READER_SOCK_FD) < 0)
		return -errno;
	for (int fd = 0; fd < READER_SOCK_FD; fd++)
		if (null != fd && dup2(null, fd) < 0)
			return -errno;
	return close_range(READER_SOCK_FD + 1, ~0u, 0) ? -errno : 0;
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

static bool reader_send(const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len) {
		ssize_t n = send(READER_SOCK_FD, at, len, MSG_NOSIGNAL);

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
	is_sent = reader_send(&head, sizeof(head)) && reader_send(data, len);
	config_free(cfg);
	config_bundle_free(bundle);
	return is_sent;
}

static void reader_main(int sock, int argc, char **argv)
{
	char byte;
	ssize_t n;

	reader_signals();
	prctl(PR_SET_NAME, "ovpnd-conf", 0, 0, 0);
	if (reader_fds(sock) || reader_rights())
		_exit(1);
	do {
		n = read(READER_SOCK_FD, &byte, 1);
	} while ((n < 0 && errno == EINTR) ||
		 (n == 1 && reader_answer(argc, argv)));
	_exit(0);
}

/* ---- in the daemon --------------------------------------------------- */

int live_reader_start(int argc, char **argv, struct live_reader **out)
{
	struct live_reader *reader = calloc(1, sizeof(*reader));
	int pair[2], err;

	if (!reader)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(reader);
		return err;
	}
	reader->sock = pair[0];
	reader->pid = fork();
	if (!reader->pid)
		reader_main(pair[1], argc, argv);
	close(pair[1]);
	if (reader->pid < 0) {
		err = -errno;
		close(reader->sock);
		free(reader);
		return err;
	}
	fcntl(reader->sock, F_SETFL, O_NONBLOCK);
	*out = reader;
	return 0;
}

void live_reader_stop(struct live_reader *reader)
{
	if (!reader)
		return;
	close(reader->sock);
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
