// SPDX-License-Identifier: GPL-2.0-or-later
#include "loop/loop.h"
#include "tls_pair.h"

/* Sessions of two shared contexts, stepped by whichever worker is free. */

static struct pki_cert ca, server, client;

static int setup(void **state)
{
	(void)state;
	pair_pki_make(&ca, &server, &client);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_pki_free(&ca, &server, &client);
	return 0;
}

#define N_PAIRS 12

struct task {
	struct loop_job job;
	struct tls_end end;
	struct task *peer;
	struct mem_buf inbox;	/* the loop's, while a worker has the rest */
	bool is_out;
	bool is_ready;
};

static struct task tasks[N_PAIRS][2];
static struct loop *loop;
static struct loop_pool *pool;
static int n_ready;

static void task_submit(struct task *task)
{
	if (task->is_out)
		return;
	mem_buf_append(&task->end.io.net_in, task->inbox.data,
		       task->inbox.len);
	mem_buf_consume(&task->inbox, task->inbox.len);
	task->is_out = true;
	assert_int_equal(loop_pool_submit(pool, &task->job), 0);
}

static void task_work(struct loop_job *job)
{
	struct task *task = (struct task *)job;

	end_step(&task->end);
}

static void task_done(struct loop_job *job, bool was_run)
{
	struct task *task = (struct task *)job;
	struct mem_buf *out = &task->end.io.net_out;
	const uint8_t *msg;

	assert_true(was_run);
	task->is_out = false;
	assert_int_not_equal(task->end.state, TLS_STATE_FAILED);
	if (out->len) {
		mem_buf_append(&task->peer->inbox, out->data, out->len);
		mem_buf_consume(out, out->len);
		task_submit(task->peer);
	}
	if (task->inbox.len)
		task_submit(task);
	if (!task->is_ready && !task->is_out &&
	    tls_io_get(&task->end.io.app_out, &msg) == 3) {
		task->is_ready = true;
		if (++n_ready == 2 * N_PAIRS)
			loop_stop(loop);
	}
}

static void task_init(struct task *task, struct task *peer,
		      struct tls_ctx *ctx)
{
	memset(task, 0, sizeof(*task));
	end_init(&task->end, ctx);
	task->peer = peer;
	task->job.work = task_work;
	task->job.done = task_done;
	mem_buf_init(&task->inbox, 1 << 20);
	assert_int_equal(tls_io_put(&task->end.io.app_in, "hi", 3), 0);
}

static void test_worker_threads(void **state)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);
	struct tls_ctx *client_ctx = pair_ctx(&c), *server_ctx = pair_ctx(&s);

	(void)state;
	n_ready = 0;
	loop = loop_new();
	pool = loop_pool_new(loop, 4, 2 * N_PAIRS);
	for (int i = 0; i < N_PAIRS; i++) {
		task_init(&tasks[i][0], &tasks[i][1], client_ctx);
		task_init(&tasks[i][1], &tasks[i][0], server_ctx);
		task_submit(&tasks[i][0]);
	}
	loop_run(loop);
	loop_pool_free(pool);
	for (int i = 0; i < N_PAIRS; i++) {
		struct tls_pair pair = { tasks[i][0].end, tasks[i][1].end };

		assert_established(&pair);
		assert_same_export(&pair);
		for (int j = 0; j < 2; j++) {
			mem_buf_reset(&tasks[i][j].inbox);
			end_free(&tasks[i][j].end);
		}
	}
	tls_ctx_free(client_ctx);
	tls_ctx_free(server_ctx);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
