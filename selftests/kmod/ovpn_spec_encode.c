// SPDX-License-Identifier: GPL-2.0-or-later
/* Text form of "ovpn" messages: text to attributes. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovpn_spec_priv.h"

#define SPEC_WORD_MAX 1100
#define SPEC_PAYLOAD_MAX 512

/**
 * struct spec_in - a text being read
 * @at: next character
 * @sink: makes the message
 * @msg: for @sink
 * @resolve: for "@name"
 * @data: for @resolve
 */
struct spec_in {
	const char *at;
	const struct spec_sink *sink;
	void *msg;
	spec_resolve_fn *resolve;
	void *data;
};

static int in_error(const struct spec_in *in, const char *what)
{
	fprintf(stderr, "message text: %s before \"%.40s\"\n", what, in->at);
	return -EINVAL;
}

static void in_skip(struct spec_in *in)
{
	while (isspace((unsigned char)*in->at))
		in->at++;
}

static int in_word(struct spec_in *in, char *word, const char *stop)
{
	size_t len = strcspn(in->at, stop);

	if (len >= SPEC_WORD_MAX)
		return in_error(in, "word too long");
	memcpy(word, in->at, len);
	word[len] = '\0';
	in->at += len;
	return 0;
}

static int in_hex(const char *text, uint8_t *data, size_t *len)
{
	char *end;
	unsigned long count, byte;
	size_t n = 0;

	count = strtoul(text, &end, 10);
	if (*end == '*') {
		byte = strtoul(end + 1, NULL, 16);
		if (count > SPEC_PAYLOAD_MAX)
			return -EINVAL;
		memset(data, (int)byte, count);
		*len = count;
		return 0;
	}
	for (; text[0]; text += 2) {
		char pair[3] = { text[0], text[1], '\0' };

		if (n == SPEC_PAYLOAD_MAX ||
		    !isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return -EINVAL;
		data[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	*len = n;
	return 0;
}

static int in_number(struct spec_in *in, const struct spec_attr *spec,
		     const char *text, uint32_t *value)
{
	char *end;
	uint32_t i;

	if (text[0] == '@') {
		if (!in->resolve || in->resolve(in->data, text + 1, value))
			return in_error(in, "unknown symbol");
		return 0;
	}
	for (i = 0; spec->values && spec->values[i]; i++) {
		if (!strcmp(spec->values[i], text)) {
			*value = i;
			return 0;
		}
	}
	*value = (uint32_t)strtoul(text, &end, 0);
	if (end == text || *end)
		return in_error(in, "bad number");
	return 0;
}

static int in_long(struct spec_in *in, const char *text, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	return end == text || *end ? in_error(in, "bad number") : 0;
}

static int in_value(struct spec_in *in, const struct spec_attr *spec,
		    const char *text, uint8_t *data, size_t *len)
{
	uint64_t large;
	uint32_t value;
	uint16_t port;
	int err;

	if (!strncmp(text, "hex:", 4))
		return in_hex(text + 4, data, len) ?
			in_error(in, "bad hex") : 0;
	switch (spec->kind) {
	case SPEC_IPV4:
		*len = 4;
		return inet_pton(AF_INET, text, data) == 1 ?
			0 : in_error(in, "bad IPv4 address");
	case SPEC_IPV6:
		*len = 16;
		return inet_pton(AF_INET6, text, data) == 1 ?
			0 : in_error(in, "bad IPv6 address");
	case SPEC_BE16:
		err = in_number(in, spec, text, &value);
		port = htons((uint16_t)value);
		memcpy(data, &port, sizeof(port));
		*len = sizeof(port);
		return err;
	case SPEC_U8:
		err = in_number(in, spec, text, &value);
		data[0] = (uint8_t)value;
		*len = 1;
		return err;
	case SPEC_STR:
		*len = strlen(text) + 1;
		if (*len > SPEC_PAYLOAD_MAX)
			return in_error(in, "string too long");
		memcpy(data, text, *len);
		return 0;
	case SPEC_U64:
		err = in_long(in, text, &large);
		memcpy(data, &large, sizeof(large));
		*len = sizeof(large);
		return err;
	case SPEC_U32:
	case SPEC_S32:
	case SPEC_UINT:
		err = in_number(in, spec, text, &value);
		memcpy(data, &value, sizeof(value));
		*len = sizeof(value);
		return err;
	case SPEC_BIN:
	case SPEC_NEST:
		break;
	}
	return in_hex(text, data, len) ? in_error(in, "bad hex") : 0;
}

static int in_header(struct spec_in *in, const char *name, const char *text)
{
	unsigned long value = strtoul(text, NULL, 0);
	struct nlmsghdr *nlh = in->sink->header(in->msg);
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (!strcmp(name, "version"))
		genl->version = (uint8_t)value;
	else if (!strcmp(name, "reserved"))
		genl->reserved = (uint16_t)value;
	else if (!strcmp(name, "nlflags"))
		nlh->nlmsg_flags |= (uint16_t)value;
	else
		return in_error(in, "unknown attribute");
	return 0;
}

static int put_raw(struct spec_in *in, const char *text)
{
	uint8_t data[SPEC_PAYLOAD_MAX];
	size_t len;

	if (in_hex(text, data, &len))
		return in_error(in, "bad hex");
	return in->sink->put_raw(in->msg, data, len);
}

static int put_unknown(struct spec_in *in, const char *name, const char *text)
{
	uint8_t data[SPEC_PAYLOAD_MAX];
	size_t len;

	if (in_hex(text, data, &len))
		return in_error(in, "bad hex");
	return in->sink->put(in->msg, (uint16_t)strtoul(name + 1, NULL, 0),
			     data, len);
}

static const struct spec_attr *in_lookup(const struct spec_attr *set,
					 char *name, bool *is_odd)
{
	size_t len = strlen(name);

	*is_odd = len && name[len - 1] == '!';
	if (*is_odd)
		name[len - 1] = '\0';
	for (; set->name; set++)
		if (!strcmp(set->name, name))
			return set;
	return NULL;
}

static int put_items(struct spec_in *in, const struct spec_attr *set);

static int put_nest(struct spec_in *in, const struct spec_attr *spec,
		    bool is_odd)
{
	uint16_t type = spec->type;
	void *nest;
	int err;

	if (!is_odd)
		type |= NLA_F_NESTED;
	nest = in->sink->nest_start(in->msg, type);
	if (!nest)
		return -ENOSPC;
	err = put_items(in, spec->nest);
	if (err)
		return err;
	if (*in->at != '}')
		return in_error(in, "\"}\" missing");
	in->at++;
	in->sink->nest_end(in->msg, nest);
	return 0;
}

static int put_item(struct spec_in *in, const struct spec_attr *set,
		    char *name)
{
	uint8_t data[SPEC_PAYLOAD_MAX];
	char text[SPEC_WORD_MAX];
	const struct spec_attr *spec;
	bool is_odd;
	size_t len = 0;
	int err;

	spec = in_lookup(set, name, &is_odd);
	if (*in->at == '{') {
		in->at++;
		if (!spec || !spec->nest)
			return in_error(in, "not a nest");
		return put_nest(in, spec, is_odd);
	}
	if (*in->at != '=')
		return in_error(in, "\"=\" expected");
	in->at++;
	err = in_word(in, text, " \t\n}");
	if (err)
		return err;
	if (name[0] == '#')
		return put_unknown(in, name, text);
	if (!strcmp(name, "raw"))
		return put_raw(in, text);
	if (!spec)
		return in_header(in, name, text);
	err = in_value(in, spec, text, data, &len);
	if (err)
		return err;
	return in->sink->put(in->msg,
			     is_odd ? spec->type | NLA_F_NESTED : spec->type,
			     data, len);
}

static int put_items(struct spec_in *in, const struct spec_attr *set)
{
	char name[SPEC_WORD_MAX];
	int err;

	for (;;) {
		in_skip(in);
		if (!*in->at || *in->at == '}')
			return 0;
		err = in_word(in, name, "={} \t\n");
		if (!err)
			err = put_item(in, set, name);
		if (err)
			return err;
	}
}

static int in_command(struct spec_in *in, uint8_t *number)
{
	const struct spec_command *cmd = spec_family->commands;
	char name[SPEC_WORD_MAX];
	int err;

	in_skip(in);
	err = in_word(in, name, " \t\n");
	if (err)
		return err;
	if (name[0] == '#') {
		*number = (uint8_t)strtoul(name + 1, NULL, 0);
		return 0;
	}
	while (cmd->name && strcmp(cmd->name, name))
		cmd++;
	if (!cmd->name)
		return in_error(in, "unknown command");
	*number = cmd->number;
	return 0;
}

int spec_encode_to(const struct spec_sink *sink, void *msg, const char *text,
		   spec_resolve_fn *resolve, void *data)
{
	struct spec_in in = {
		.at = text, .sink = sink, .msg = msg,
		.resolve = resolve, .data = data,
	};
	uint8_t number;
	int err;

	err = in_command(&in, &number);
	if (!err)
		err = sink->start(msg, number);
	if (!err)
		err = put_items(&in, spec_family->top);
	if (!err && *in.at)
		err = in_error(&in, "unbalanced \"}\"");
	return err;
}

/* by libmnl */

struct spec_mnl {
	struct nlmsghdr *nlh;
	size_t room;
};

static int mnl_start(void *msg, uint8_t command)
{
	struct spec_mnl *mnl = msg;
	struct genlmsghdr *genl;

	genl = mnl_nlmsg_put_extra_header(mnl->nlh, sizeof(*genl));
	genl->version = 1;
	genl->cmd = command;
	return 0;
}

static struct nlmsghdr *mnl_header(void *msg)
{
	struct spec_mnl *mnl = msg;

	return mnl->nlh;
}

static int mnl_put(void *msg, uint16_t type, const void *data, size_t len)
{
	struct spec_mnl *mnl = msg;

	return mnl_attr_put_check(mnl->nlh, mnl->room, type, len, data) ?
		0 : -ENOSPC;
}

static int mnl_put_raw(void *msg, const void *data, size_t len)
{
	struct spec_mnl *mnl = msg;

	if (mnl->nlh->nlmsg_len + len > mnl->room)
		return -ENOSPC;
	memcpy((char *)mnl->nlh + mnl->nlh->nlmsg_len, data, len);
	mnl->nlh->nlmsg_len += (uint32_t)len;
	return 0;
}

/* not mnl_attr_nest_start(): the flag is the text's to choose */
static void *mnl_nest_start(void *msg, uint16_t type)
{
	struct spec_mnl *mnl = msg;
	struct nlattr *nest;

	if (mnl->nlh->nlmsg_len + MNL_ATTR_HDRLEN > mnl->room)
		return NULL;
	nest = (void *)((char *)mnl->nlh + mnl->nlh->nlmsg_len);
	nest->nla_type = type;
	mnl->nlh->nlmsg_len += MNL_ATTR_HDRLEN;
	return nest;
}

static void mnl_nest_end(void *msg, void *nest)
{
	struct spec_mnl *mnl = msg;
	struct nlattr *attr = nest;

	/* exact, so that "raw=" inside shows as trailing bytes */
	attr->nla_len = (uint16_t)((char *)mnl->nlh + mnl->nlh->nlmsg_len -
				   (char *)attr);
	mnl->nlh->nlmsg_len = MNL_ALIGN(mnl->nlh->nlmsg_len);
}

static const struct spec_sink spec_mnl_sink = {
	.start = mnl_start,
	.header = mnl_header,
	.put = mnl_put,
	.put_raw = mnl_put_raw,
	.nest_start = mnl_nest_start,
	.nest_end = mnl_nest_end,
};

int spec_encode(struct nlmsghdr *nlh, size_t size, const char *text,
		spec_resolve_fn *resolve, void *data)
{
	struct spec_mnl mnl = { .nlh = nlh, .room = size };

	return spec_encode_to(&spec_mnl_sink, &mnl, text, resolve, data);
}
