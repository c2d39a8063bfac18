// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the daemon and the process that runs programs, both ways.
 * What the process takes has harmless names only, and lies in the message.
 */
#include "fuzz.h"
#include "hook/wire.h"

static void check_inside(const char *at, const uint8_t *data, size_t size)
{
	FUZZ_CHECK((const uint8_t *)at >= data &&
		   (const uint8_t *)at + strlen(at) < data + size);
}

static void check_request(const uint8_t *data, size_t size)
{
	static struct hook_request req;

	if (hook_wire_request_parse(data, size, &req))
		return;
	FUZZ_CHECK(req.event < HOOK_EVENTS || req.event == HOOK_WIRE_GONE ||
		   req.event == HOOK_WIRE_REREAD);
	for (size_t i = 0; i < req.n_args; i++)
		check_inside(req.args[i], data, size);
	for (size_t i = 0; i < req.n_env; i++) {
		check_inside(req.env[i], data, size);
		FUZZ_CHECK(hook_wire_name_is_harmless(req.env[i]));
		FUZZ_CHECK(strncmp(req.env[i], "LD_", 3) &&
			   strncmp(req.env[i], "PATH=", 5));
	}
	for (size_t i = 0; i < req.n_files; i++)
		FUZZ_CHECK(req.files[i].len < size &&
			   !req.files[i].data[req.files[i].len]);
}

static void check_reply(const uint8_t *data, size_t size)
{
	struct hook_reply reply, again;
	struct mem_buf out;

	if (hook_wire_reply_parse(data, size, &reply))
		return;
	mem_buf_init(&out, HOOK_MESSAGE_MAX);
	FUZZ_CHECK(!hook_wire_reply(&out, &reply));
	FUZZ_CHECK(out.len == size && !memcmp(out.data, data, size));
	FUZZ_CHECK(!hook_wire_reply_parse(out.data, out.len, &again));
	mem_buf_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hook_env *env = hook_env_new(NULL);
	char *info = fuzz_text(data, size);
	const char *const *list;
	size_t n;

	check_request(data, size);
	check_reply(data, size);
	hook_env_peer_info(env, info);
	list = hook_env_list(env, &n);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(hook_wire_name_is_harmless(list[i]) &&
			   !strpbrk(list[i], "\n\r"));
	hook_env_free(env);
	free(info);
	return 0;
}
