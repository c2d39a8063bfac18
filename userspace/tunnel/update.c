// SPDX-License-Identifier: GPL-2.0-or-later
/* PUSH_UPDATE of a server: what its administrator tells clients (8.12). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* Which messages belong together is said by who cuts them. */
static const char *const fixed[] = {
	"push-continuation", "-ifconfig", "-ifconfig-ipv6", "-?ifconfig",
	"-?ifconfig-ipv6",
};

static bool is_fixed(const char *option, size_t len)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		const char *name = fixed[i];
		size_t skip = *name == '-' ? 0 : strspn(option, "-?");
		size_t end = skip + strlen(name);

		if (len >= end &&
		    !strncmp(option + skip, name, strlen(name)) &&
		    (len == end || option[end] == ' '))
			return true;
	}
	return false;
}

/* "ifconfig ADDRESS MASK": 1 with the address; 0 another option; -EINVAL */
static int address_of(const char *option, size_t len, struct net_ip *out)
{
	char text[PROTO_PUSH_OPTION_MAX], *save, *name, *word;
	struct net_prefix prefix;

	len -= *option == '?';
	option += *option == '?';
	snprintf(text, sizeof(text), "%.*s", (int)len, option);
	name = strtok_r(text, " \t", &save);
	if (!name || (strcmp(name, "ifconfig") && strcmp(name, "ifconfig-ipv6")))
		return 0;
	word = strtok_r(NULL, " \t", &save);
	if (!word || net_prefix_parse(word, &prefix))
		return -EINVAL;
	*out = prefix.ip;
	if (!strcmp(name, "ifconfig-ipv6"))
		return prefix.ip.family == AF_INET6 && strchr(option, '/') ?
		       1 : -EINVAL;
	return prefix.ip.family == AF_INET && prefix.len == 32 &&
	       strtok_r(NULL, " \t", &save) ? 1 : -EINVAL;
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
	struct net_ip ip;

	for (;;) {
		size_t len = strcspn(options, ",");
		const char *why = NULL;

		if (!len || len >= PROTO_PUSH_OPTION_MAX)
			why = "is empty or too long";
		else if (!is_printable(options, len))
			why = "has a control character";
		else if (is_fixed(options, len))
			why = "cannot be changed so";
		else if (address_of(options, len, &ip) < 0)
			why = "is not an address with its netmask or length";
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

/** tunnel_push_update() - send it to one client; false: it cannot be told */
bool tunnel_push_update(struct tunnel *tunnel, const char *options)
{
	const struct tunnel_session *ts = tunnel->active;
	char label[160];

	if (!(ts->params.iv_proto & PROTO_IV_PUSH_UPDATE) ||
	    control_push_update(ts->control, options))
		return false;
	log_info("%s: PUSH_UPDATE: %s",
		 tunnel_label(tunnel, label, sizeof(label)), options);
	return true;
}

/* Call @fn for each address in @options; not NULL: why it may not be */
static const char *for_addresses(struct tunnel *tunnel, const char *options,
				 const char *(*fn)(struct tunnel *tunnel,
						   const struct net_ip *ip))
{
	const char *why = NULL;
	struct net_ip ip;

	while (!why) {
		size_t len = strcspn(options, ",");

		if (address_of(options, len, &ip) > 0)
			why = fn(tunnel, &ip);
		if (!options[len])
			break;
		options += len + 1;
	}
	return why;
}

static const char *address_check(struct tunnel *tunnel, const struct net_ip *ip)
{
	return tunnel ? tunnel_address_check(tunnel, ip) :
			"is for one client: say which";
}

static const char *address_set(struct tunnel *tunnel, const struct net_ip *ip)
{
	tunnel_address_set(tunnel, ip);
	return NULL;
}

static void update_send(struct tunnel *tunnel, const char *options,
			struct tunnel_push_result *out)
{
	if (!tunnel_push_update(tunnel, options)) {
		out->n_unable++;
		return;
	}
	out->n_sent++;
	for_addresses(tunnel, options, address_set);
}

/* The client, if it is only one. */
static struct tunnel *only_one(const struct tunnel_host *host,
			       const struct tunnel_push *push, unsigned int *n)
{
	struct tunnel *found = NULL;

	*n = 0;
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		struct tunnel *tunnel = host->reg.by_id[i];

		if (!tunnel || !is_meant(tunnel, push))
			continue;
		found = tunnel;
		++*n;
	}
	return *n == 1 ? found : NULL;
}

/* An address has to be free before anything is sent. */
static int addresses_check(const struct tunnel_host *host,
			   const struct tunnel_push *push, char *err,
			   size_t err_len)
{
	unsigned int n;
	struct tunnel *tunnel = only_one(host, push, &n);
	const char *why = n ? for_addresses(tunnel, push->options,
					    address_check) : NULL;

	if (!why)
		return 0;
	snprintf(err, err_len, "the address %s", why);
	return -EINVAL;
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
	if (!ret)
		ret = addresses_check(host, push, err, err_len);
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

/* ---- what a client's own lines have become ------------------------------- */

/**
 * tunnel_push_is_own() - is it a route to a network behind the client itself?
 *
 * A client is not told to reach through us what it reaches without.
 */
bool tunnel_push_is_own(const struct config *cfg, const char *option)
{
	char mask[NET_PREFIX_STRLEN], ip[NET_PREFIX_STRLEN], text[128];

	for (const struct config_route *in = cfg->iroutes; in; in = in->next) {
		if (in->dst.ip.family == AF_INET)
			snprintf(text, sizeof(text), "route %s %s",
				 net_ip_format(&in->dst.ip, ip),
				 net_mask_format(in->dst.len, mask));
		else
			snprintf(text, sizeof(text), "route-ipv6 %s",
				 net_prefix_format(&in->dst, ip));
		if (!strcmp(text, option))
			return true;
	}
	return false;
}

/* What is left out of messages does not count. */
static bool is_sendable(const char *option)
{
	size_t len = strlen(option);

	return len < PROTO_PUSH_OPTION_MAX && !strchr(option, ',') &&
	       is_printable(option, len);
}

/* The first line from @at on that a client gets and that has @option's name. */
static const struct config_text *line_of(const struct config *cfg,
					 const struct config_text *at,
					 const char *option)
{
	size_t len = strcspn(option, " \t");

	while (at && (strncmp(at->text, option, len) ||
		      strcspn(at->text, " \t") != len ||
		      !is_sendable(at->text) ||
		      tunnel_push_is_own(cfg, at->text)))
		at = at->next;
	return at;
}

static bool is_changed(const struct config *before, const struct config *after,
		       const char *option)
{
	const struct config_text *a = line_of(before, before->push, option);
	const struct config_text *b = line_of(after, after->push, option);

	while (a && b && !strcmp(a->text, b->text)) {
		a = line_of(before, a->next, option);
		b = line_of(after, b->next, option);
	}
	return a || b;
}

/* All lines of a name, which take the place of those before; or its end. */
static void change_write(FILE *out, const struct config *after,
			 const char *option)
{
	const struct config_text *line = line_of(after, after->push, option);

	if (!line)
		fprintf(out, ",-%.*s", (int)strcspn(option, " \t"), option);
	for (; line; line = line_of(after, line->next, option))
		fprintf(out, ",%s", line->text);
}

static void changes_write(FILE *out, const struct config *before,
			  const struct config *after,
			  const struct config_text *list,
			  struct tunnel_push_changes *changes)
{
	for (; list; list = list->next) {
		const char *option = list->text;
		size_t len = strcspn(option, " \t");

		if (!is_changed(before, after, option))
			continue;
		/* each name once: by its first line, if it can be an old one */
		if (line_of(before, before->push, option) != list &&
		    (line_of(before, before->push, option) ||
		     line_of(after, after->push, option) != list))
			continue;
		/* a client's device is made anew for another topology */
		if (tunnel_pull_is_updatable(option, len) &&
		    !is_fixed(option, len) && strncmp(option, "topology", len))
			change_write(out, after, option);
		else
			changes->has_others = true;
	}
}

/**
 * tunnel_push_changes() - from what a client was pushed to what it would be now
 * @before, @after: with the networks behind it
 * @out: @options is to be freed
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_push_changes(const struct config *before, const struct config *after,
			struct tunnel_push_changes *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	memset(out, 0, sizeof(*out));
	if (!stream)
		return -ENOMEM;
	changes_write(stream, before, after, before->push, out);
	changes_write(stream, before, after, after->push, out);
	if (fclose(stream)) {
		free(text);
		return -ENOMEM;
	}
	if (len)
		out->options = strdup(text + 1);
	free(text);
	return len && !out->options ? -ENOMEM : 0;
}
