// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why does systemd want the daemon to end? The job of its unit says so: when
 * that is a restart, the next process goes on with the clients, otherwise they
 * end. Who has the first rights is asked, since after "user" and "chroot" the
 * daemon itself is not let in there any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "live/private.h"
#include "log/log.h"

#define SYSTEMD		"org.freedesktop.systemd1"
#define SYSTEMD_SOCKET	"unix:path=/run/systemd/private"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"

/* for each of systemd's answers, and for all of it */
#define CALL_LIMIT_US	(2 * 1000 * 1000)
#define JOB_LIMIT_MS	3000

/* ---- in the process that reads ---------------------------------------- */

/* Return: NULL: systemd is not there, or does not let us in. */
static sd_bus *bus_open(void)
{
	sd_bus *bus;

	if (sd_bus_new(&bus) < 0)
		return NULL;
	if (sd_bus_set_address(bus, SYSTEMD_SOCKET) >= 0 &&
	    sd_bus_set_method_call_timeout(bus, CALL_LIMIT_US) >= 0 &&
	    sd_bus_start(bus) >= 0)
		return bus;
	sd_bus_close_unref(bus);
	return NULL;
}

/* Return: of the object, to be unreferenced with @reply, or NULL. */
static const char *unit_path(sd_bus *bus, sd_bus_message **reply)
{
	const char *path;

	if (sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD ".Manager",
			       "GetUnitByPID", NULL, reply, "u",
			       (uint32_t)getpid()) < 0 ||
	    sd_bus_message_read(*reply, "o", &path) < 0)
		return NULL;
	return path;
}

static enum live_job job_type(sd_bus *bus, const char *unit)
{
	enum live_job job = LIVE_JOB_UNKNOWN;
	sd_bus_message *reply = NULL;
	const char *path;
	char *type = NULL;
	uint32_t id;

	if (sd_bus_get_property(bus, SYSTEMD, unit, SYSTEMD ".Unit", "Job",
				NULL, &reply, "(uo)") < 0 ||
	    sd_bus_message_read(reply, "(uo)", &id, &path) < 0)
		goto out;
	/* a signal that somebody else has sent belongs to none */
	job = LIVE_JOB_OTHER;
	if (id && sd_bus_get_property_string(bus, SYSTEMD, path,
					     SYSTEMD ".Job", "JobType", NULL,
					     &type) < 0)
		job = LIVE_JOB_UNKNOWN;
	else if (id && !strcmp(type, "restart"))
		job = LIVE_JOB_RESTART;
out:
	free(type);
	sd_bus_message_unref(reply);
	return job;
}

/** live_job_look() - the job of the unit that this process is in */
enum live_job live_job_look(void)
{
	enum live_job job = LIVE_JOB_UNKNOWN;
	sd_bus_message *reply = NULL;
	const char *unit = NULL;
	sd_bus *bus = bus_open();

	if (bus)
		unit = unit_path(bus, &reply);
	if (unit)
		job = job_type(bus, unit);
	sd_bus_message_unref(reply);
	sd_bus_close_unref(bus);
	return job;
}

/**
 * live_job_lacks_store() - does systemd say that our unit keeps nothing?
 *
 * Its environment does not, where that is so: nor do older versions at all.
 */
bool live_job_lacks_store(void)
{
	sd_bus_message *reply = NULL;
	const char *unit = NULL;
	sd_bus *bus = bus_open();
	uint32_t room = 1;

	if (bus)
		unit = unit_path(bus, &reply);
	if (unit && sd_bus_get_property_trivial(bus, SYSTEMD, unit,
						SYSTEMD ".Service",
						"FileDescriptorStoreMax", NULL,
						'u', &room) < 0)
		room = 1;
	sd_bus_message_unref(reply);
	sd_bus_close_unref(bus);
	return !room;
}

/* ---- in the daemon ---------------------------------------------------- */

static void job_end(struct live *live)
{
	live->is_asking = false;
	loop_timer_stop(live->job_timer);
	mgmt_exiting(live->parts.mgmt, live->end_name);
	tunnel_host_stop(live->parts.host);
}

static void job_decide(struct live *live, enum live_job job)
{
	if (job == LIVE_JOB_UNKNOWN)
		log_warn("systemd does not say whether this is a restart, so clients have to connect again");
	if (job != LIVE_JOB_RESTART || live_leave(live)) {
		job_end(live);
		return;
	}
	live->is_asking = false;
	live->is_restart = true;
	loop_timer_stop(live->job_timer);
}

/** live_job_event() - the answer has come */
void live_job_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct live *live = arg;
	uint8_t job = LIVE_JOB_UNKNOWN;
	ssize_t n = recv(live_reader_job_fd(live->reader), &job, 1,
			 MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_io_free(io);
		live->job_io = NULL;
		job = LIVE_JOB_UNKNOWN;
	}
	if (live->is_asking)
		job_decide(live, (enum live_job)job);
}

/** live_job_timeout() - it has not */
void live_job_timeout(struct loop_timer *timer, void *arg)
{
	struct live *live = arg;

	(void)timer;
	if (live->is_asking)
		job_decide(live, LIVE_JOB_UNKNOWN);
}

/**
 * live_job_terminated() - SIGTERM has come
 * @name: of the signal, for who is told why the daemon ends
 *
 * Who is impatient and says so twice does not wait for systemd.
 */
void live_job_terminated(struct live *live, const char *name)
{
	bool is_asking = live->is_asking;

	snprintf(live->end_name, sizeof(live->end_name), "%s", name);
	if (is_asking || !keep_is_systemd(live->keep) || !live->job_io ||
	    live_reader_ask_job(live->reader)) {
		job_end(live);
		return;
	}
	live->is_asking = true;
	loop_timer_start(live->job_timer, JOB_LIMIT_MS);
}
