// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <string.h>

#include "mem/mem.h"

/* Section 5.1: the key-method-2 message. */

#define KM2_METHOD	2
#define KM2_METHOD_MASK	0x0f

struct km2_input {
	struct mem_reader rd;
	uint8_t *msg;
};

/*
 * A string of at most @max bytes with its NUL. Longer ones are skipped, so that
 * the fields behind them can still be read.
 *
 * Return: the string, NULL when it is empty, missing or too long.
 */
static const char *km2_read_string(struct km2_input *in, size_t max,
				   bool *is_too_long)
{
	size_t len = mem_read_be16(&in->rd);
	const uint8_t *ref = mem_read_ref(&in->rd, len);
	uint8_t *str;

	if (len > max) {
		*is_too_long = true;
		return NULL;
	}
	if (!ref || !len || in->rd.is_bad)
		return NULL;
	str = in->msg + (ref - in->msg);
	str[len - 1] = '\0';
	return (const char *)str;
}

int proto_km2_parse(struct proto_km2 *km2, bool is_from_client, uint8_t *msg,
		    size_t len)
{
	struct km2_input in = { .msg = msg };
	struct proto_random *random = &km2->random;
	bool is_options_too_long = false;
	unsigned int method;

	memset(km2, 0, sizeof(*km2));
	mem_reader_init(&in.rd, msg, len);
	mem_read_be32(&in.rd);
	method = mem_read_u8(&in.rd);
	if (is_from_client)
		mem_read_bytes(&in.rd, random->pre_master,
			       PROTO_PRE_MASTER_LEN);
	mem_read_bytes(&in.rd, random->random1, PROTO_RANDOM_LEN);
	mem_read_bytes(&in.rd, random->random2, PROTO_RANDOM_LEN);
	km2->options = km2_read_string(&in, PROTO_OPTIONS_MAX,
				       &is_options_too_long);
	if (in.rd.is_bad || (method & KM2_METHOD_MASK) != KM2_METHOD ||
	    !km2->options) {
		mem_wipe(km2, sizeof(*km2));
		return -EBADMSG;
	}
	/* The message may end here or behind any of the next fields. */
	km2->username = km2_read_string(&in, PROTO_USER_PASS_MAX,
					&km2->is_userpass_too_long);
	km2->password = km2_read_string(&in, PROTO_PASSWORD_MAX,
					&km2->is_userpass_too_long);
	km2->peer_info = km2_read_string(&in, UINT16_MAX,
					 &is_options_too_long);
	return 0;
}

static void km2_write_string(struct mem_writer *wr, const char *str,
			     size_t max)
{
	size_t len = str ? strlen(str) + 1 : 0;

	if (len > max) {
		wr->is_bad = true;
		return;
	}
	mem_write_be16(wr, (uint16_t)len);
	if (len)
		mem_write_bytes(wr, str, len);
}

int proto_km2_build(const struct proto_km2 *km2, bool is_from_client,
		    uint8_t *out, size_t cap, size_t *len)
{
	const struct proto_random *random = &km2->random;
	struct mem_writer wr;

	if (!km2->options)
		return -EINVAL;
	mem_writer_init(&wr, out, cap < PROTO_KM2_MAX ? cap : PROTO_KM2_MAX);
	mem_write_be32(&wr, 0);
	mem_write_u8(&wr, KM2_METHOD);
	if (is_from_client)
		mem_write_bytes(&wr, random->pre_master, PROTO_PRE_MASTER_LEN);
	mem_write_bytes(&wr, random->random1, PROTO_RANDOM_LEN);
	mem_write_bytes(&wr, random->random2, PROTO_RANDOM_LEN);
	km2_write_string(&wr, km2->options, PROTO_OPTIONS_MAX);
	km2_write_string(&wr, km2->username, PROTO_USER_PASS_MAX);
	km2_write_string(&wr, km2->password, PROTO_PASSWORD_MAX);
	km2_write_string(&wr, km2->peer_info, UINT16_MAX);
	if (wr.is_bad) {
		mem_wipe(out, cap);
		return -ENOBUFS;
	}
	*len = wr.len;
	return 0;
}
