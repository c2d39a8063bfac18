/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIVE_PRIVATE_H
#define LIVE_PRIVATE_H

#include "live/live.h"

/*
 *	live.c		life, signals
 *	reader.c	the process that reads, and its socket
 *	answer.c	what it sends
 *	reload.c	from that to another configuration
 *	report.c	what has changed, for the log and as JSON
 *	job.c		a restart, or the end? systemd knows
 */

/* An answer: this head, then @len bytes. */
struct live_head {
	uint32_t is_bad;	/* what follows is a message, not the files */
	uint32_t len;
};

#define LIVE_ANSWER_MAX	(64u << 20)
#define LIVE_ERROR_MAX	512

/* reader.c: the daemon's end */
struct live_reader;

int live_reader_start(int argc, char **argv, struct live_reader **out);
void live_reader_stop(struct live_reader *reader);
int live_reader_fd(const struct live_reader *reader);
int live_reader_ask(const struct live_reader *reader);
int live_reader_job_fd(const struct live_reader *reader);
int live_reader_ask_job(const struct live_reader *reader);

/**
 * enum live_job - why systemd has the daemon end; one byte of the answer
 *
 * OTHER: also when it is not systemd who wants it.
 */
enum live_job {
	LIVE_JOB_UNKNOWN,
	LIVE_JOB_OTHER,
	LIVE_JOB_RESTART,
};

/**
 * struct live_answer - as far as it has come
 * @data: what follows the head, in secret memory, with room for a NUL
 */
struct live_answer {
	struct live_head head;
	size_t n_head, n_data;
	char *data;
};

/* answer.c: 1 when all is there, 0 when more has to come, -errno */
int live_answer_receive(struct live_answer *answer, int fd);
void live_answer_drop(struct live_answer *answer);

#define LIVE_CHANGES_MAX 64	/* more are counted */

struct live_change {
	char name[40];
	enum config_effect effect;
	char file[256];
	unsigned int line;
};

/**
 * struct live_report - of one reload
 * @error: "": none
 * @n: changes, of which the first LIVE_CHANGES_MAX are kept
 */
struct live_report {
	char error[LIVE_ERROR_MAX];
	struct live_change changes[LIVE_CHANGES_MAX];
	unsigned int n;
};

/**
 * enum live_state - of a reload
 *
 * LATE: its answer is not waited for any more, and will be thrown away.
 */
enum live_state {
	LIVE_STATE_IDLE,
	LIVE_STATE_READING,
	LIVE_STATE_LATE,
	LIVE_STATE_LOADING,
};

/**
 * struct live - see live.h
 * @is_again: somebody has asked while a reload was on its way
 * @next: while the host loads it
 * @is_asking: SIGTERM, called @end_name, waits for systemd's answer
 * @is_restart: that was a restart, and the daemon ends because of it
 */
struct live {
	int argc;
	char **argv;
	struct live_reader *reader;
	struct keep *keep;
	size_t n_sockets;	/* that an earlier process has left */
	struct loop *loop;
	struct live_parts parts;
	enum live_state state;
	bool is_again;
	struct loop_io *io;
	struct loop_timer *timer;
	struct loop_timer *watchdog;	/* NULL: nobody watches */
	struct live_answer answer;
	struct config *next;
	struct live_report report;
	struct loop_io *job_io;		/* NULL: nobody can be asked */
	struct loop_timer *job_timer;
	bool is_asking, is_restart;
	char end_name[16];
};

/* job.c */
enum live_job live_job_look(void);
bool live_job_lacks_store(void);
void live_job_event(struct loop_io *io, unsigned int events, void *arg);
void live_job_timeout(struct loop_timer *timer, void *arg);
void live_job_terminated(struct live *live, const char *name);

/* reload.c */
void live_reload_event(struct loop_io *io, unsigned int events, void *arg);
void live_reload_timeout(struct loop_timer *timer, void *arg);

/* for config_merge(); @arg: a struct live_report */
void live_report_change(void *arg, const char *name, enum config_effect effect,
			const char *file, unsigned int line);
void live_report_log(const struct live_report *report);

/* Return: one line, to be freed; NULL when out of memory */
char *live_report_json(const struct live_report *report);

#endif
