// SPDX-License-Identifier: GPL-2.0-or-later
/* PUSH_UPDATE of a server: what its administrator tells clients (8.12). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

/*
 * A client's addresses are the data path's, too: these do not change so. Which
 * messages belong together is said by who cuts them.
 */
static const char *const fixed[] = {
	"ifconfig", "ifconfig-ipv6", "push-continuation",
};

static bool is_fixed(const char *option, size_t len)
{
	size_t skip = strspn(option, "-?");

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		size_t name = strlen(fixed[i]);

		if (len >= skip + name &&
		    !strncmp(option + skip, fixed[i], name) &&
		    (len == skip + name || option[skip + name] == ' '))
			return true;
	}
	return false;
}

static bool is_printable(const char *option, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)option[i] < ' ' || option[i] == 0x7f)
			return false;
	return true;
}

/* Every client would end its connection over an option that it must not get. */
static int update_check(const char *options, char *err, size_t err_len)
{
	for (;;) {
		size_t len = strcspn(options, ",");
		const char *why = NULL;

		if (!len || len >= PROTO_PUSH_OPTION_MAX)
			why = "is empty or too long";
		else if (!is_printable(options, len))
			why = "has a control character";
		else if (is_fixed(options, len))
			why = "cannot be changed so; for addresses use client-config-dir";
		else if (!tunnel_pull_is_updatable(options, len))
			why = "is not an option that clients let change";
		if (why) {
			snprintf(err, err_len, "\"%.*s\" %s",
				 (int)(len < 64 ? len : 64), options, why);
			return -EINVAL;
		}
		if (!options[len])
			return 0;
		options += len + 1;
	}
}

static bool is_meant(const struct tunnel *tunnel,
		     const struct tunnel_push *push)
{
	if (tunnel->state != TUNNEL_STATE_CONNECTED || !tunnel->active)
		return false;
	if (push->common_name)
		return !strcmp(tunnel->common_name, push->common_name);
	return !push->has_cid || tunnel->cid == push->cid;
}

static void update_send(struct tunnel *tunnel, const char *options,
			struct tunnel_push_result *out)
{
	const struct tunnel_session *ts = tunnel->active;
	char label[160];

	if (!(ts->params.iv_proto & PROTO_IV_PUSH_UPDATE) ||
	    control_push_update(ts->control, options)) {
		out->n_unable++;
		return;
	}
	out->n_sent++;
	log_info("%s: PUSH_UPDATE: %s",
		 tunnel_label(tunnel, label, sizeof(label)), options);
}

int tunnel_host_push(struct tunnel_host *host, const struct tunnel_push *push,
		     struct tunnel_push_result *out, char *err, size_t err_len)
{
	const struct tunnel_registry *reg = &host->reg;
	int ret;

	memset(out, 0, sizeof(*out));
	if (!host->server) {
		snprintf(err, err_len, "only a server changes its clients");
		return -EOPNOTSUPP;
	}
	ret = update_check(push->options, err, err_len);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < reg->max_tunnels; i++)
		if (reg->by_id[i] && is_meant(reg->by_id[i], push))
			update_send(reg->by_id[i], push->options, out);
	if (out->n_sent || out->n_unable)
		return 0;
	if (!push->common_name && !push->has_cid)
		return 0;
	snprintf(err, err_len, "no such client is connected");
	return -ENOENT;
}
