// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of ifconfig-pool-persist. What has been read and is written comes
 * back the same when it is read again.
 */
#include "fuzz.h"
#include "control/control.h"

static struct control_pool *pool_new(void)
{
	struct net_prefix six;
	struct net_ip first, last;
	struct control_pool *pool;

	FUZZ_CHECK(!net_ip_parse("10.8.0.2", &first) &&
		   !net_ip_parse("10.8.0.99", &last) &&
		   !net_prefix_parse("fd00:8::1000/64", &six));
	pool = control_pool_new(&first, &last, &six, false, 64);
	FUZZ_CHECK(pool);
	return pool;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_pool *pool = pool_new(), *again = pool_new();
	struct mem_buf out, back;

	mem_buf_init(&out, 1u << 20);
	mem_buf_init(&back, 1u << 20);
	FUZZ_CHECK(control_pool_load(pool, (const char *)data, size,
				     size & 1) >= 0);
	FUZZ_CHECK(!control_pool_save(pool, &out));
	FUZZ_CHECK(!control_pool_load(again, (const char *)out.data, out.len,
				      false));
	FUZZ_CHECK(!control_pool_save(again, &back));
	FUZZ_CHECK(back.len == out.len &&
		   (!out.len || !memcmp(back.data, out.data, out.len)));
	mem_buf_reset(&out);
	mem_buf_reset(&back);
	control_pool_free(pool);
	control_pool_free(again);
	return 0;
}
