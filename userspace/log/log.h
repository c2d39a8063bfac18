/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Levels by meaning: error = the operator must act; warn = degraded; notice =
 * life events, one line per connect and disconnect; info; debug.
 */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_target {
	LOG_TARGET_STDOUT,
	LOG_TARGET_FILE,
	LOG_TARGET_SYSLOG,
};

struct log_config {
	enum log_target target;
	const char *path;	/* LOG_TARGET_FILE; borrowed for the call */
	const char *ident;	/* LOG_TARGET_SYSLOG; borrowed for the call */
	bool is_append;		/* LOG_TARGET_FILE: keep what is there */
	bool has_timestamps;	/* ISO local time before each line */
	bool is_for_machines;	/* seconds.microseconds and kind instead */
	uint32_t mute;		/* of one kind in a row; 0: no limit */
	int verb;		/* OpenVPN's --verb, 0..11 */
};

/**
 * log_open() - send what follows to the configured target
 * @cfg: target and verbosity; verb 0 = errors, 1-2 = notice, 3 = info (as
 *	OpenVPN's default chatty level), 4 and more = debug
 *
 * Without a call, everything up to notice goes to stdout with time stamps.
 *
 * Return: 0, or -errno when the file cannot be opened (the old target stays).
 */
int log_open(const struct log_config *cfg);

/** log_set_mute() - at most @n lines of one kind in a row; 0: no limit */
void log_set_mute(uint32_t n);

/** log_set_verb() - change verbosity at run time, OpenVPN's 0..11 */
void log_set_verb(int verb);

/** log_is_enabled() - would a line of @level be written */
bool log_is_enabled(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * What a peer can trigger goes through a limiter: a burst of @burst lines, then
 * one line per @interval_ms; when it opens again it says how many are missing.
 */
struct log_limit {
	uint32_t burst;
	uint32_t interval_ms;
	/* private */
	uint32_t used;
	uint64_t window_start;
	uint64_t suppressed;
};

void log_limited(struct log_limit *limit, enum log_level level,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* what was written last, for those who come later */

#define LOG_LINE_MAX	2048u	/* of a line's text, including NUL */

/**
 * struct log_line - one line that was written
 * @number: 0, 1, ...
 * @at: unix time
 */
struct log_line {
	uint64_t number;
	int64_t at;
	enum log_level level;
	char text[LOG_LINE_MAX];
};

/**
 * log_history_open() - keep the last @n lines
 * @wake: there is a new one; called with the log locked and from any thread, so
 *	it must not log, and not block; NULL: nobody asks
 *
 * Return: 0 or -ENOMEM.
 */
int log_history_open(uint32_t n, void (*wake)(void *arg), void *arg);
void log_history_close(void);

/** log_history_end() - the number of the line that is written next */
uint64_t log_history_end(void);

/**
 * log_history_get() - the line @number; the oldest one, if that is gone
 *
 * Return: false when it has not been written yet, or nothing is kept.
 */
bool log_history_get(uint64_t number, struct log_line *out);

/* the service manager */

/** log_notify_open() - keep its socket, which chroot() puts out of sight */
void log_notify_open(void);

/**
 * log_notify() - as sd_notify(3)
 * @text: assignments, a line each
 * @fd: for the manager to keep; -1: none
 *
 * Return: positive, 0 when there is no manager that listens, or -errno.
 */
int log_notify(const char *text, int fd);

/** log_close() - flush and close the target */
void log_close(void);

#endif
