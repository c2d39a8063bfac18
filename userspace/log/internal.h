/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOG_INTERNAL_H
#define LOG_INTERNAL_H

#include <pthread.h>
#include <stddef.h>

#include "log/log.h"

extern pthread_mutex_t log_lock;

/** log_history_add() - keep a line; the caller holds log_lock */
void log_history_add(enum log_level level, const char *text, size_t len);

/** log_notify_close() - the opposite of log_notify_open() */
void log_notify_close(void);

#endif
