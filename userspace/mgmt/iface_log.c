// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log as the management interface shows it. Lines come from any thread: the
 * log keeps them, and a descriptor tells the loop that there are some.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mgmt/iface.h"

#define LINES_AT_ONCE	256

/* Section 10.3; none of our messages ends the process by itself. */
static const char *level_flags(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "N";
	case LOG_LEVEL_WARN:
		return "W";
	case LOG_LEVEL_NOTICE:
	case LOG_LEVEL_INFO:
		return "I";
	case LOG_LEVEL_DEBUG:
		return "D";
	}
	return "";
}

/* Context: any thread, with the log locked. */
static void log_wake(void *arg)
{
	const struct mgmt_iface *iface = arg;
	const uint64_t one = 1;

	if (write(iface->log_fd, &one, sizeof(one)) < 0)
		return;	/* it has been told often enough */
}

static void log_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct mgmt_iface *iface = arg;
	struct log_line line;
	uint64_t count;

	(void)io;
	(void)events;
	if (read(iface->log_fd, &count, sizeof(count)) < 0)
		return;
	if (!iface->has_log)
		return;
	for (int i = 0; i < LINES_AT_ONCE; i++) {
		if (!log_history_get(iface->log_next, &line))
			return;
		iface->log_next = line.number + 1;
		mgmt_iface_tell(iface, ">LOG:%" PRIi64 ",%s,%s", line.at,
				level_flags(line.level), line.text);
	}
	log_wake(iface);
}

int mgmt_iface_log_open(struct mgmt_iface *iface, uint32_t n_lines)
{
	iface->log_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (iface->log_fd < 0)
		return -errno;
	iface->log_io = loop_io_new(iface->loop, iface->log_fd, LOOP_READABLE,
				    log_event, iface);
	if (!iface->log_io)
		return -ENOMEM;
	return log_history_open(n_lines, log_wake, iface);
}

void mgmt_iface_log_close(struct mgmt_iface *iface)
{
	log_history_close();
	loop_io_free(iface->log_io);
	if (iface->log_fd >= 0)
		close(iface->log_fd);
}

/** mgmt_iface_log_show() - the last @n lines, 0: all there are */
void mgmt_iface_log_show(struct mgmt_iface *iface, unsigned int n)
{
	uint64_t end = log_history_end(), at = n && n < end ? end - n : 0;
	struct log_line line;

	for (; log_history_get(at, &line) && line.number < end;
	     at = line.number + 1)
		mgmt_iface_say(iface, "%" PRIi64 ",%s,%s", line.at,
			       level_flags(line.level), line.text);
}
