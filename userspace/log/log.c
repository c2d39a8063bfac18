// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log/internal.h"

pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

/* Lines come from workers, too: log_lock covers everything but @level. */
static struct {
	enum log_target target;
	int fd;
	bool has_timestamps, is_for_machines;
	uint32_t mute;
	const char *last;	/* format of the last line: its kind */
	uint32_t n_same, n_muted;
	char ident[64];		/* openlog() keeps the pointer */
	atomic_int level;
} log_state = {
	.target = LOG_TARGET_STDOUT,
	.fd = STDOUT_FILENO,
	.has_timestamps = true,
	.level = LOG_LEVEL_NOTICE,
};

static enum log_level level_of_verb(int verb)
{
	if (verb <= 0)
		return LOG_LEVEL_ERROR;
	if (verb <= 2)
		return LOG_LEVEL_NOTICE;
	if (verb == 3)
		return LOG_LEVEL_INFO;
	return LOG_LEVEL_DEBUG;
}

static int level_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARN:
		return LOG_WARNING;
	case LOG_LEVEL_NOTICE:
		return LOG_NOTICE;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

static const char *level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARN:
		return "warning: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	case LOG_LEVEL_NOTICE:
	case LOG_LEVEL_INFO:
		break;
	}
	return "";
}

/* Closes the target; what follows goes to stdout. Caller holds the lock. */
static void target_close(void)
{
	switch (log_state.target) {
	case LOG_TARGET_FILE:
		close(log_state.fd);
		break;
	case LOG_TARGET_SYSLOG:
		closelog();
		break;
	case LOG_TARGET_STDOUT:
		break;
	}
	log_state.target = LOG_TARGET_STDOUT;
	log_state.fd = STDOUT_FILENO;
}

int log_open(const struct log_config *cfg)
{
	int fd = STDOUT_FILENO;

	if (cfg->target == LOG_TARGET_FILE) {
		int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
			    O_NOCTTY;

		if (!cfg->is_append)
			flags |= O_TRUNC;
		fd = open(cfg->path, flags, 0640);
		if (fd < 0)
			return -errno;
	}

	pthread_mutex_lock(&log_lock);
	target_close();
	log_state.target = cfg->target;
	log_state.fd = fd;
	log_state.has_timestamps = cfg->has_timestamps;
	log_state.is_for_machines = cfg->is_for_machines;
	log_state.mute = cfg->mute;
	if (cfg->target == LOG_TARGET_SYSLOG) {
		snprintf(log_state.ident, sizeof(log_state.ident), "%s",
			 cfg->ident ? cfg->ident : "ovpnd");
		openlog(log_state.ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	}
	pthread_mutex_unlock(&log_lock);
	log_set_verb(cfg->verb);
	return 0;
}

void log_set_mute(uint32_t n)
{
	pthread_mutex_lock(&log_lock);
	log_state.mute = n;
	pthread_mutex_unlock(&log_lock);
}

void log_set_verb(int verb)
{
	atomic_store_explicit(&log_state.level, (int)level_of_verb(verb),
			      memory_order_relaxed);
}

bool log_is_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_state.level,
						  memory_order_relaxed);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* There is no place left to complain about a full disk. */
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Names and messages of peers end up here: one call stays one line. */
static size_t line_clean(char *text, size_t len)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			text[i] = '_';
	}
	return len;
}

static size_t line_timestamp(char *line, size_t cap)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return 0;
	return strftime(line, cap, "%Y-%m-%d %H:%M:%S ", &tm);
}

/* Kinds have the bits that OpenVPN gives them there. */
static unsigned int level_flags(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return 0x10;
	case LOG_LEVEL_WARN:
		return 0x40;
	case LOG_LEVEL_DEBUG:
		return 0x80;
	case LOG_LEVEL_NOTICE:
	case LOG_LEVEL_INFO:
		break;
	}
	return 0x1;
}

static size_t line_stamp(char *line, size_t cap, enum log_level level)
{
	struct timespec now;
	int len;

	if (!log_state.is_for_machines)
		return log_state.has_timestamps ? line_timestamp(line, cap) : 0;
	clock_gettime(CLOCK_REALTIME, &now);
	len = snprintf(line, cap, "%lld.%06ld %x ", (long long)now.tv_sec,
		       now.tv_nsec / 1000, level_flags(level));
	return len > 0 ? (size_t)len : 0;
}

/* Room for the newline is always kept; what does not fit is marked. */
static size_t line_append(char *line, size_t len, const char *text,
			  size_t text_len)
{
	size_t room = LOG_LINE_MAX - 1 - len;

	if (text_len > room) {
		memcpy(line + len, text, room);
		memcpy(line + LOG_LINE_MAX - 4, "...", 3);
		return LOG_LINE_MAX - 1;
	}
	memcpy(line + len, text, text_len);
	return len + text_len;
}

/* Caller holds the lock. */
static void line_emit(enum log_level level, const char *text, size_t len)
{
	const char *prefix = level_prefix(level);
	char line[LOG_LINE_MAX];
	size_t used = 0;

	log_history_add(level, text, len);
	if (log_state.target == LOG_TARGET_SYSLOG) {
		syslog(level_priority(level), "%.*s", (int)len, text);
		return;
	}
	used = line_stamp(line, sizeof(line), level);
	used = line_append(line, used, prefix, strlen(prefix));
	used = line_append(line, used, text, len);
	line[used++] = '\n';
	write_all(log_state.fd, line, used);
}

/* mute: lines of one kind have the same format. Caller holds the lock. */
static bool line_is_muted(const char *fmt)
{
	char text[128];
	int len;

	if (!log_state.mute)
		return false;
	if (fmt == log_state.last)
		log_state.n_same++;
	else
		log_state.n_same = 1;
	if (log_state.n_same > log_state.mute) {
		log_state.n_muted++;
		return true;
	}
	log_state.last = fmt;
	if (!log_state.n_muted)
		return false;
	len = snprintf(text, sizeof(text),
		       "%u variation(s) on previous %u message(s) suppressed by --mute",
		       log_state.n_muted, log_state.mute);
	log_state.n_muted = 0;
	line_emit(LOG_LEVEL_NOTICE, text, (size_t)len);
	return false;
}

static size_t text_format(char *text, size_t cap, const char *fmt,
			  va_list args)
{
	int len = vsnprintf(text, cap, fmt, args);

	if (len < 0)
		return 0;
	return (size_t)len < cap ? (size_t)len : cap - 1;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	char text[LOG_LINE_MAX];
	va_list args;
	size_t len;

	if (!log_is_enabled(level))
		return;
	va_start(args, fmt);
	len = text_format(text, sizeof(text), fmt, args);
	va_end(args);
	len = line_clean(text, len);

	pthread_mutex_lock(&log_lock);
	if (!line_is_muted(fmt))
		line_emit(level, text, len);
	pthread_mutex_unlock(&log_lock);
	errno = saved_errno;
}

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A token bucket: each interval that passed gives one line back. */
static bool limit_take(struct log_limit *limit, uint64_t now)
{
	uint64_t interval = limit->interval_ms ? limit->interval_ms : 1;
	uint64_t back;

	if (!limit->used)
		limit->window_start = now;
	back = (now - limit->window_start) / interval;
	if (back >= limit->used) {
		limit->used = 0;
		limit->window_start = now;
	} else {
		limit->used -= (uint32_t)back;
		limit->window_start += back * interval;
	}
	if (limit->used >= limit->burst && limit->used)
		return false;
	limit->used++;
	return true;
}

void log_limited(struct log_limit *limit, enum log_level level,
		 const char *fmt, ...)
{
	int saved_errno = errno;
	char text[LOG_LINE_MAX];
	uint64_t suppressed;
	va_list args;
	size_t len;
	int n;

	if (!log_is_enabled(level))
		return;
	va_start(args, fmt);
	len = text_format(text, sizeof(text), fmt, args);
	va_end(args);
	len = line_clean(text, len);

	pthread_mutex_lock(&log_lock);
	if (!limit_take(limit, clock_ms())) {
		limit->suppressed++;
		goto unlock;
	}
	suppressed = limit->suppressed;
	limit->suppressed = 0;
	if (suppressed) {
		n = snprintf(text + len, sizeof(text) - len,
			     " (%llu similar messages left out)",
			     (unsigned long long)suppressed);
		if (n > 0 && (size_t)n < sizeof(text) - len)
			len += (size_t)n;
	}
	if (!line_is_muted(fmt))
		line_emit(level, text, len);
unlock:
	pthread_mutex_unlock(&log_lock);
	errno = saved_errno;
}

void log_close(void)
{
	pthread_mutex_lock(&log_lock);
	target_close();
	pthread_mutex_unlock(&log_lock);
	log_notify_close();
}
