// SPDX-License-Identifier: GPL-2.0-or-later
/* The last lines of the log, for those who come later. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log/internal.h"

struct history_line {
	int64_t at;
	enum log_level level;
	char *text;		/* NULL: there was no memory for it */
};

/* All of it under log_lock. */
static struct {
	struct history_line *lines;	/* the line n is in place n % cap */
	uint32_t cap;
	uint64_t end;
	void (*wake)(void *arg);
	void *arg;
} history;

int log_history_open(uint32_t n, void (*wake)(void *arg), void *arg)
{
	struct history_line *lines = calloc(n, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	log_history_close();
	pthread_mutex_lock(&log_lock);
	history.lines = lines;
	history.cap = n;
	history.end = 0;
	history.wake = wake;
	history.arg = arg;
	pthread_mutex_unlock(&log_lock);
	return 0;
}

void log_history_close(void)
{
	pthread_mutex_lock(&log_lock);
	for (uint32_t i = 0; i < history.cap; i++)
		free(history.lines[i].text);
	free(history.lines);
	history.lines = NULL;
	history.cap = 0;
	history.wake = NULL;
	pthread_mutex_unlock(&log_lock);
}

void log_history_add(enum log_level level, const char *text, size_t len)
{
	struct history_line *line;

	if (!history.cap)
		return;
	line = &history.lines[history.end++ % history.cap];
	free(line->text);
	line->at = time(NULL);
	line->level = level;
	line->text = strndup(text, len);
	if (history.wake)
		history.wake(history.arg);
}

uint64_t log_history_end(void)
{
	uint64_t end;

	pthread_mutex_lock(&log_lock);
	end = history.end;
	pthread_mutex_unlock(&log_lock);
	return end;
}

bool log_history_get(uint64_t number, struct log_line *out)
{
	const struct history_line *line;
	bool is_there = false;

	pthread_mutex_lock(&log_lock);
	if (history.end > history.cap && number < history.end - history.cap)
		number = history.end - history.cap;
	if (history.cap && number < history.end) {
		line = &history.lines[number % history.cap];
		out->number = number;
		out->at = line->at;
		out->level = line->level;
		snprintf(out->text, sizeof(out->text), "%s",
			 line->text ? line->text : "");
		is_there = true;
	}
	pthread_mutex_unlock(&log_lock);
	return is_there;
}
