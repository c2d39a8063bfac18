// SPDX-License-Identifier: GPL-2.0-or-later
/* Text form of messages: attributes to text. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ovpn_spec_priv.h"

struct spec_out {
	char *buf;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void out_add(struct spec_out *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (out->len >= out->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(out->buf + out->len, out->size - out->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		out->len += (size_t)n;
}

static void out_hex(struct spec_out *out, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out_add(out, "%02x", data[i]);
}

static const struct spec_attr *spec_find(const struct spec_attr *set,
					 uint16_t type)
{
	for (; set->name; set++)
		if (set->type == type)
			return set;
	return NULL;
}

static uint64_t out_integer(const uint8_t *data, size_t len)
{
	uint64_t value = 0;
	uint32_t word;
	uint16_t half;

	switch (len) {
	case 2:
		memcpy(&half, data, sizeof(half));
		return half;
	case 4:
		memcpy(&word, data, sizeof(word));
		return word;
	case 8:
		memcpy(&value, data, sizeof(value));
		return value;
	}
	return len ? data[0] : 0;
}

static size_t spec_kind_size(enum spec_kind kind)
{
	switch (kind) {
	case SPEC_U8:
		return 1;
	case SPEC_BE16:
		return 2;
	case SPEC_U32:
	case SPEC_S32:
	case SPEC_IPV4:
		return 4;
	case SPEC_U64:
		return 8;
	case SPEC_IPV6:
		return 16;
	case SPEC_UINT:
	case SPEC_STR:
	case SPEC_BIN:
	case SPEC_NEST:
		break;
	}
	return 0;
}

static void out_number(struct spec_out *out, const struct spec_attr *spec,
		       uint64_t value)
{
	const char *const *name = spec->values;
	uint64_t i;

	for (i = 0; name && name[i]; i++) {
		if (i == value) {
			out_add(out, "%s", name[i]);
			return;
		}
	}
	out_add(out, "%" PRIu64, value);
}

static void out_value(struct spec_out *out, const struct spec_attr *spec,
		      const uint8_t *data, size_t len)
{
	size_t want = spec_kind_size(spec->kind);
	char text[INET6_ADDRSTRLEN];

	if ((want && want != len) ||
	    (spec->kind == SPEC_UINT && len != 4 && len != 8))
		out_add(out, "/%zu", len);
	out_add(out, "=");
	switch (spec->kind) {
	case SPEC_BE16:
		if (len == 2)
			out_add(out, "%u", data[0] << 8 | data[1]);
		break;
	case SPEC_S32:
		out_add(out, "%d", (int)(int32_t)out_integer(data, len));
		break;
	case SPEC_U8:
	case SPEC_U64:
	case SPEC_U32:
	case SPEC_UINT:
		out_number(out, spec, out_integer(data, len));
		break;
	case SPEC_IPV4:
		if (len == 4 && inet_ntop(AF_INET, data, text, sizeof(text)))
			out_add(out, "%s", text);
		break;
	case SPEC_IPV6:
		if (len == 16 && inet_ntop(AF_INET6, data, text, sizeof(text)))
			out_add(out, "%s", text);
		break;
	case SPEC_STR:
		out_add(out, "%.*s", (int)len, (const char *)data);
		break;
	case SPEC_BIN:
	case SPEC_NEST:
		out_hex(out, data, len);
		break;
	}
}

static void out_attrs(struct spec_out *out, const struct spec_attr *set,
		      const void *data, size_t len)
{
	const struct nlattr *attr = data;
	const struct spec_attr *spec;
	const char *sep = "";

	while (mnl_attr_ok(attr, (int)len)) {
		uint16_t type = mnl_attr_get_type(attr);
		const uint8_t *payload = mnl_attr_get_payload(attr);
		uint16_t size = mnl_attr_get_payload_len(attr);
		bool is_nest = attr->nla_type & NLA_F_NESTED;
		size_t step = MNL_ALIGN(attr->nla_len);

		spec = spec_find(set, type);
		out_add(out, "%s", sep);
		sep = " ";
		if (!spec)
			out_add(out, "#%u=", type);
		else
			out_add(out, "%s", spec->name);
		if (spec && is_nest != (spec->kind == SPEC_NEST))
			out_add(out, "!");
		if (!spec) {
			out_hex(out, payload, size);
		} else if (spec->nest) {
			out_add(out, "{");
			out_attrs(out, spec->nest, payload, size);
			out_add(out, "}");
		} else {
			out_value(out, spec, payload, size);
		}
		if (step >= len)
			return;
		len -= step;
		attr = (const void *)((const char *)attr + step);
	}
	out_add(out, "%sraw=", sep);
	out_hex(out, (const uint8_t *)attr, len);
}

void spec_decode(const struct nlmsghdr *nlh, char *buf, size_t size)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct spec_out out = { .buf = buf, .size = size };
	const struct spec_command *cmd = spec_family->commands;
	size_t len;

	buf[0] = '\0';
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return;
	while (cmd->name && cmd->number != genl->cmd)
		cmd++;
	if (cmd->name)
		out_add(&out, "%s", cmd->name);
	else
		out_add(&out, "#%u", genl->cmd);
	len = mnl_nlmsg_get_payload_len(nlh) - sizeof(*genl);
	if (!len)
		return;
	out_add(&out, " ");
	out_attrs(&out, spec_family->top, genl + 1, len);
}

static const char *name_at(const struct spec_attr *set, const char *base,
			   const char *at, size_t len, uint32_t offset)
{
	const struct nlattr *attr = (const void *)at;
	const struct spec_attr *spec;

	while (set && mnl_attr_ok(attr, (int)len)) {
		size_t step = MNL_ALIGN(attr->nla_len);
		const char *pos = (const char *)attr;

		spec = spec_find(set, mnl_attr_get_type(attr));
		if (pos == base + offset)
			return spec ? spec->name : "?";
		if (spec && base + offset < pos + attr->nla_len)
			return name_at(spec->nest, base, pos + MNL_ATTR_HDRLEN,
				       mnl_attr_get_payload_len(attr), offset);
		if (step >= len)
			break;
		len -= step;
		attr = (const void *)(pos + step);
	}
	return "?";
}

const char *spec_attr_name(const struct nlmsghdr *nlh, uint32_t offset)
{
	size_t head = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct genlmsghdr));

	if (offset < head || nlh->nlmsg_len < head)
		return "?";
	return name_at(spec_family->top, (const char *)nlh,
		       (const char *)nlh + head, nlh->nlmsg_len - head,
		       offset);
}
