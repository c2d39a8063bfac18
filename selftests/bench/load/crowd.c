// SPDX-License-Identifier: GPL-2.0-or-later
/* Many clients: as fast as they go, or so many in a second. */
#include <stdlib.h>

#include "load.h"

#define WARM_UP		16	/* what a server does once is not counted */
#define SETTLE_MS	300
#define IDLE_MS		3000
#define LATE_MS		6000	/* how long a storm's last clients have */
#define STORM_GOAL_NS	2000000000u
#define TICK_MS		10

/**
 * struct crowd - the clients of one scenario
 * @width: how many may be under way at the same time
 * @n_pending: clients that connect, or keys that are being exchanged
 * @n_asked: of the @n clients have been asked for a new key
 * @wanted_keys: what each client shall have in the end
 */
struct crowd {
	struct load *load;
	struct load_client **clients;
	unsigned int n, goal, width;
	unsigned int n_pending, n_failed, n_asked;
	unsigned int wanted_keys;
	struct loop_timer *timer, *late;
	uint64_t begun;
	unsigned int rate;
};

static struct crowd *crowd_of_load;	/* one at a time */

static void crowd_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(((struct crowd *)arg)->load->loop);
}

static void crowd_wait(struct crowd *crowd, uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(crowd->load->loop,
						  crowd_timeout, crowd);

	loop_timer_start(timer, ms);
	loop_run(crowd->load->loop);
	loop_timer_free(timer);
}

static void crowd_add(struct crowd *crowd)
{
	struct load_client *client = load_client_new(crowd->load);

	client->is_pending = true;
	crowd->n_pending++;
	crowd->clients[crowd->n++] = client;
	if (crowd->n % 1000 == 0)
		load_say("%u clients of %u", crowd->n, crowd->goal);
}

static void crowd_connect(struct crowd *crowd)
{
	while (crowd->n < crowd->goal && crowd->n_pending < crowd->width)
		crowd_add(crowd);
	if (!crowd->n_pending)
		loop_stop(crowd->load->loop);
}

static void crowd_rekey(struct crowd *crowd)
{
	while (crowd->n_asked < crowd->n && crowd->n_pending < crowd->width) {
		struct load_client *client = crowd->clients[crowd->n_asked++];

		if (client->state == LOAD_STATE_UP &&
		    !control_session_renegotiate(client->session)) {
			client->is_pending = true;
			crowd->n_pending++;
		}
		if (crowd->n_asked % 1000 == 0)
			load_say("%u new keys of %u", crowd->n_asked, crowd->n);
	}
	if (!crowd->n_pending)
		loop_stop(crowd->load->loop);
}

static void crowd_next(struct loop_timer *timer, void *arg)
{
	struct crowd *crowd = arg;

	(void)timer;
	if (crowd->wanted_keys == 1)
		crowd_connect(crowd);
	else
		crowd_rekey(crowd);
}

static void crowd_event(struct load_client *client)
{
	struct crowd *crowd = crowd_of_load;

	crowd->n_pending -= client->is_pending;
	client->is_pending = false;
	if (client->state == LOAD_STATE_FAILED)
		crowd->n_failed++;
	/* not from inside a session */
	if (!crowd->rate)
		loop_timer_start(crowd->timer, 0);
}

/* Until each of @goal clients has @keys keys, or has failed. */
static void crowd_run(struct crowd *crowd, unsigned int goal, unsigned int keys)
{
	crowd->goal = goal;
	crowd->wanted_keys = keys;
	crowd->n_asked = 0;
	loop_timer_start(crowd->timer, 0);
	loop_run(crowd->load->loop);
	crowd_wait(crowd, SETTLE_MS);
}

static void crowd_begin(struct crowd *crowd, struct load *load,
			unsigned int max, unsigned int width,
			loop_timer_fn *next)
{
	*crowd = (struct crowd){ .load = load, .width = width };
	crowd->clients = calloc(max, sizeof(*crowd->clients));
	crowd->timer = loop_timer_new(load->loop, next, crowd);
	crowd->late = loop_timer_new(load->loop, crowd_timeout, crowd);
	if (!crowd->clients || !crowd->timer || !crowd->late)
		load_die("out of memory");
	crowd_of_load = crowd;
	load->on_event = crowd_event;
}

static void crowd_end(struct crowd *crowd)
{
	crowd->load->on_event = NULL;
	for (unsigned int i = 0; i < crowd->n; i++)
		load_client_free(crowd->clients[i]);
	free(crowd->clients);
	loop_timer_free(crowd->timer);
	loop_timer_free(crowd->late);
}

/**
 * load_handshakes() - what a handshake costs the server
 * @load: its server
 * @count: handshakes, each of a new client that stays
 * @width: at the same time
 *
 * Return: 0 when all were completed.
 */
int load_handshakes(struct load *load, unsigned int count, unsigned int width)
{
	unsigned int n_failed;
	struct crowd crowd;
	double cpu, wall;
	uint64_t begun;

	crowd_begin(&crowd, load, WARM_UP + count, width, crowd_next);
	crowd_run(&crowd, WARM_UP, 1);
	begun = load_now_ns();
	cpu = load_cpu(load);
	crowd_run(&crowd, WARM_UP + count, 1);
	cpu = load_cpu(load) - cpu;
	wall = (double)(load_now_ns() - begun) / 1e9 - SETTLE_MS / 1e3;
	n_failed = crowd.n_failed;
	if (n_failed < count)
		load_result("cpu", cpu / (count - n_failed), "s/handshake");
	load_result("rate", (count - n_failed) / wall, "handshakes/s");
	load_result("failed", n_failed, "handshakes");
	crowd_end(&crowd);
	return n_failed ? 1 : 0;
}

/**
 * load_memory() - what a connected client costs the server
 * @load: its server
 * @count: clients, all there at the same time
 * @width: so many connect at a time
 *
 * Return: 0 when all have connected and renegotiated.
 */
int load_memory(struct load *load, unsigned int count, unsigned int width)
{
	unsigned int n_failed;
	struct crowd crowd;
	double before, idle, rekeyed;

	crowd_begin(&crowd, load, WARM_UP + count, width, crowd_next);
	crowd_run(&crowd, WARM_UP, 1);
	crowd_run(&crowd, WARM_UP, 2);
	before = load_rss(load);
	crowd_run(&crowd, WARM_UP + count, 1);
	crowd_wait(&crowd, IDLE_MS);
	idle = load_rss(load);
	crowd_run(&crowd, WARM_UP + count, 2);
	crowd_wait(&crowd, IDLE_MS);
	rekeyed = load_rss(load);
	n_failed = crowd.n_failed;
	load_result("idle", (idle - before) / count, "bytes/client");
	load_result("rekeyed", (rekeyed - before) / count, "bytes/client");
	load_result("failed", n_failed, "clients");
	crowd_end(&crowd);
	return n_failed ? 1 : 0;
}

/* As many as are due by now, whatever became of those before. */
static void storm_tick(struct loop_timer *timer, void *arg)
{
	struct crowd *crowd = arg;
	uint64_t due = (load_now_ns() - crowd->begun) * crowd->rate /
		       1000000000u;

	while (crowd->n < crowd->goal && crowd->n < due)
		crowd_add(crowd);
	if (crowd->n < crowd->goal)
		loop_timer_start(timer, TICK_MS);
	else	/* those that are late */
		loop_timer_start(crowd->late, LATE_MS);
}

static void storm_report(const struct crowd *crowd)
{
	double *ms = calloc(crowd->n, sizeof(*ms));
	unsigned int n_up = 0, n_soon = 0;

	if (!ms)
		load_die("out of memory");
	for (unsigned int i = 0; i < crowd->n; i++) {
		const struct load_client *client = crowd->clients[i];

		if (!client->done)
			continue;
		n_soon += client->done - client->begun <= STORM_GOAL_NS;
		ms[n_up++] = (double)(client->done - client->begun) / 1e6;
	}
	load_result("soon", (double)n_soon / crowd->n, "of 1");
	load_result("connected", (double)n_up / crowd->n, "of 1");
	if (n_up) {
		load_result("median", load_quantile(ms, n_up, 0.5), "ms");
		load_result("p99", load_quantile(ms, n_up, 0.99), "ms");
	}
	free(ms);
}

/**
 * load_storm() - clients that come however the server fares
 * @load: its server
 * @rate: in a second
 * @seconds: for how long
 *
 * Return: 0.
 */
int load_storm(struct load *load, unsigned int rate, unsigned int seconds)
{
	struct crowd crowd;
	double rss;

	crowd_begin(&crowd, load, rate * seconds, 0, storm_tick);
	rss = load_rss(load);
	crowd.rate = rate;
	crowd.goal = rate * seconds;
	crowd.begun = load_now_ns();
	loop_timer_start(crowd.timer, 0);
	loop_run(load->loop);
	storm_report(&crowd);
	load_result("growth", load_rss(load) - rss, "bytes");
	crowd_end(&crowd);
	return 0;
}
