// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/wire.h"

#include <errno.h>
#include <string.h>

/* ---- writing --------------------------------------------------------- */

static int put_u32(struct mem_buf *out, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			 (uint8_t)(v >> 8), (uint8_t)v };

	return mem_buf_append(out, b, sizeof(b));
}

static int put_string(struct mem_buf *out, const char *text)
{
	return mem_buf_append(out, text, strlen(text) + 1);
}

static int put_data(struct mem_buf *out, const char *data, size_t len)
{
	int ret = put_u32(out, (uint32_t)len);

	if (!ret)
		ret = mem_buf_append(out, data, len);
	return ret ? ret : mem_buf_append(out, "", 1);
}

static int put_file(struct mem_buf *out, const struct hook_file *file)
{
	int ret = put_u32(out, file->flags);

	if (!ret)
		ret = put_string(out, file->env ? file->env : "");
	return ret ? ret :
	       put_data(out, file->data, file->data ? file->len : 0);
}

int hook_wire_request(struct mem_buf *out, uint32_t id, uint32_t ref,
		      const struct hook_run *run, const char *const *env,
		      size_t n_env, uint32_t timeout)
{
	const uint32_t head[] = {
		id, ref, (uint32_t)(run->client >> 32), (uint32_t)run->client,
		(uint32_t)run->event, (uint32_t)run->defer, timeout,
		run->defer_timeout ? run->defer_timeout : timeout,
		(uint32_t)run->n_args, (uint32_t)n_env, (uint32_t)run->n_files,
	};
	int ret = 0;
	size_t i;

	for (i = 0; i < sizeof(head) / sizeof(head[0]) && !ret; i++)
		ret = put_u32(out, head[i]);
	for (i = 0; i < run->n_args && !ret; i++)
		ret = put_string(out, run->args[i]);
	for (i = 0; i < n_env && !ret; i++)
		ret = put_string(out, env[i]);
	for (i = 0; i < run->n_files && !ret; i++)
		ret = put_file(out, &run->files[i]);
	return ret ? -EMSGSIZE : 0;
}

int hook_wire_reply(struct mem_buf *out, const struct hook_reply *reply)
{
	int ret = put_u32(out, reply->id);

	if (!ret)
		ret = put_u32(out, (uint32_t)reply->status);
	if (!ret)
		ret = put_u32(out, (uint32_t)reply->code);
	if (!ret)
		ret = put_u32(out, (uint32_t)reply->n_files);
	for (size_t i = 0; i < reply->n_files && !ret; i++)
		ret = put_data(out, reply->files[i].data, reply->files[i].len);
	return ret ? -EMSGSIZE : 0;
}

/* ---- reading --------------------------------------------------------- */

static const char *get_string(struct mem_reader *rd)
{
	const uint8_t *nul = rd->is_bad ? NULL : memchr(rd->pos, '\0',
							rd->left);
	const uint8_t *ref;

	if (!nul) {
		rd->is_bad = true;
		return "";
	}
	ref = mem_read_ref(rd, (size_t)(nul - rd->pos) + 1);
	return ref ? (const char *)ref : "";
}

/* A number below @limit. */
static uint32_t get_below(struct mem_reader *rd, uint32_t limit)
{
	uint32_t v = mem_read_be32(rd);

	if (v < limit)
		return v;
	rd->is_bad = true;
	return 0;
}

static void get_data(struct mem_reader *rd, struct hook_file *file)
{
	file->len = mem_read_be32(rd);
	file->data = (const char *)mem_read_ref(rd, file->len);
	if (mem_read_u8(rd))
		rd->is_bad = true;
}

int hook_wire_request_parse(const uint8_t *msg, size_t len,
			    struct hook_request *out)
{
	struct mem_reader rd;
	size_t i;

	memset(out, 0, sizeof(*out));
	mem_reader_init(&rd, msg, len);
	out->id = mem_read_be32(&rd);
	out->ref = mem_read_be32(&rd);
	out->client = mem_read_be64(&rd);
	out->event = (enum hook_event)get_below(&rd, HOOK_WIRE_REREAD + 1u);
	out->defer = (enum hook_defer)get_below(&rd, HOOK_DEFER_FILE + 1);
	out->timeout = mem_read_be32(&rd);
	out->defer_timeout = mem_read_be32(&rd);
	out->n_args = get_below(&rd, HOOK_ARGS_MAX + 1);
	out->n_env = get_below(&rd, HOOK_ENV_MAX + 1);
	out->n_files = get_below(&rd, HOOK_FILES_MAX + 1);
	for (i = 0; i < out->n_args; i++)
		out->args[i] = get_string(&rd);
	for (i = 0; i < out->n_env; i++) {
		out->env[i] = get_string(&rd);
		if (!hook_wire_name_is_harmless(out->env[i]))
			rd.is_bad = true;
	}
	for (i = 0; i < out->n_files; i++) {
		struct hook_file *file = &out->files[i];

		file->flags = mem_read_be32(&rd);
		file->env = get_string(&rd);
		get_data(&rd, file);
	}
	return rd.is_bad || rd.left ? -EBADMSG : 0;
}

int hook_wire_reply_parse(const uint8_t *msg, size_t len,
			  struct hook_reply *out)
{
	struct mem_reader rd;

	memset(out, 0, sizeof(*out));
	mem_reader_init(&rd, msg, len);
	out->id = mem_read_be32(&rd);
	out->status = (enum hook_status)get_below(&rd, HOOK_DEFERRED + 1);
	out->code = (int32_t)mem_read_be32(&rd);
	out->n_files = get_below(&rd, HOOK_FILES_MAX + 1);
	for (size_t i = 0; i < out->n_files; i++)
		get_data(&rd, &out->files[i]);
	return rd.is_bad || rd.left ? -EBADMSG : 0;
}

/*
 * Programs, interpreters and the loader are steered by names in capitals: PATH,
 * LD_PRELOAD, BASH_ENV, PYTHONPATH. Those of section 11.3 are small letters, or
 * begin with one of these.
 */
bool hook_wire_name_is_harmless(const char *assignment)
{
	static const char *const prefixes[] = {
		"IV_", "UV_", "X509_", "OPENVPN_",
	};
	size_t len = strcspn(assignment, "="), i;
	bool is_small = true;

	if (!len || assignment[len] != '=' ||
	    (assignment[0] >= '0' && assignment[0] <= '9'))
		return false;
	for (i = 0; i < len; i++) {
		char c = assignment[i];
		bool is_other = (c >= '0' && c <= '9') || c == '_';

		if (c >= 'A' && c <= 'Z')
			is_small = false;
		else if (!is_other && (c < 'a' || c > 'z'))
			return false;
	}
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(assignment, prefixes[i], strlen(prefixes[i])))
			return true;
	return is_small;
}
