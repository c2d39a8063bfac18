// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon as a process, for whoever started it: into the background, its
 * number into a file, ready, done.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log/log.h"
#include "priv/priv.h"

/* Until priv_ready(): where the launcher waits for a byte. */
static int ready_fd = -1;
/* priv_initialized() has been called. */
static bool is_initialized;
/* What priv_write_pid() made, for priv_done() to remove; "": nothing. */
static char pid_path[PATH_MAX];

/* The launcher: leaves when the daemon is ready, with its verdict. */
static void launcher(int fd, pid_t child)
{
	unsigned char status = 1;
	int wstatus;

	if (read(fd, &status, 1) != 1 && waitpid(child, &wstatus, 0) == child &&
	    WIFEXITED(wstatus))
		status = (unsigned char)WEXITSTATUS(wstatus);
	_exit(status);
}

int priv_background(void)
{
	int pipefd[2], null;
	pid_t child;

	if (pipe2(pipefd, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		int ret = -errno;

		close(pipefd[0]);
		close(pipefd[1]);
		return ret;
	}
	if (child) {
		close(pipefd[1]);
		launcher(pipefd[0], child);
	}
	close(pipefd[0]);
	ready_fd = pipefd[1];
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return 0;
}

void priv_initialized(void)
{
	is_initialized = true;
	log_notify("STATUS=Initialization Sequence Completed", -1);
}

uint64_t priv_watchdog(void)
{
	uint64_t usec = 0;

	/* often enough that one may be late */
	return sd_watchdog_enabled(0, &usec) > 0 ? usec / 3000 : 0;
}

void priv_alive(void)
{
	log_notify("WATCHDOG=1", -1);
}

void priv_ready(void)
{
	const unsigned char ok = 0;
	char text[128];
	int null;

	/* in OpenVPN's words, which some look for */
	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s\nMAINPID=%ld",
		 is_initialized ? "Initialization Sequence Completed" :
				  "Pre-connection initialization successful",
		 (long)getpid());
	log_notify(text, -1);
	if (ready_fd < 0)
		return;
	/* nobody waits any more when this fails */
	while (write(ready_fd, &ok, 1) < 0 && errno == EINTR)
		continue;
	close(ready_fd);
	ready_fd = -1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

int priv_write_pid(const char *path, char *err, size_t err_len)
{
	FILE *file = fopen(path, "we");
	int ret = file ? 0 : -errno;

	if (file && fprintf(file, "%d\n", getpid()) < 0)
		ret = -EIO;
	if (file && fclose(file))
		ret = -errno;
	if (ret)
		snprintf(err, err_len, "writepid %s: %s", path,
			 strerror(-ret));
	else if (strlen(path) < sizeof(pid_path))
		strcpy(pid_path, path);
	return ret;
}

void priv_done(void)
{
	log_notify("STOPPING=1", -1);
	if (pid_path[0])
		unlink(pid_path);
	pid_path[0] = '\0';
}
