// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PUSH_REPLY of a server: the config's lines, then the client's own (8.3), and
 * what the administrator changes later (8.12).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/control.h"
#include "log/log.h"

static int push_emit(void *arg, const char *msg)
{
	return control_session_send(arg, msg);
}

static int push_addresses(struct proto_push *push,
			  const struct control_push_reply *reply)
{
	char option[PROTO_PUSH_OPTION_MAX];
	char a[NET_PREFIX_STRLEN], b[NET_PREFIX_STRLEN];
	int ret = 0;

	if (reply->vpn6.ip.family == AF_INET6) {
		snprintf(option, sizeof(option), "ifconfig-ipv6 %s/%u %s",
			 net_ip_format(&reply->vpn6.ip, a), reply->vpn6.len,
			 net_ip_format(&reply->vpn6_remote, b));
		ret = proto_push_add(push, option);
	}
	if (!ret && reply->vpn4.family == AF_INET) {
		snprintf(option, sizeof(option), "ifconfig %s %s",
			 net_ip_format(&reply->vpn4, a),
			 net_ip_format(&reply->vpn4_remote, b));
		ret = proto_push_add(push, option);
	}
	return ret;
}

static int push_params(struct proto_push *push,
		       const struct control_push_reply *reply)
{
	const struct control_params *params = reply->params;
	char option[PROTO_PUSH_OPTION_MAX];
	int ret = 0;

	snprintf(option, sizeof(option), "peer-id %u", reply->peer_id);
	if (!params->is_v1)
		ret = proto_push_add(push, option);
	if (!ret && params->is_cipher_pushable) {
		snprintf(option, sizeof(option), "cipher %s",
			 proto_cipher_name(params->cipher));
		ret = proto_push_add(push, option);
	}
	if (!ret && params->framing)
		ret = proto_push_add(push,
				     params->framing == PROTO_FRAMING_V2 ?
				     "compress stub-v2" : "comp-lzo no");
	if (!ret && params->is_ekm && !params->is_cc_exit)
		ret = proto_push_add(push, "key-derivation tls-ekm");
	if (!ret && params->is_cc_exit) {
		snprintf(option, sizeof(option), "protocol-flags cc-exit%s%s%s",
			 params->is_ekm ? " tls-ekm" : "",
			 params->is_dyn_tls_crypt ? " dyn-tls-crypt" : "",
			 params->is_epoch ? " aead-epoch" : "");
		ret = proto_push_add(push, option);
	}
	if (!ret && params->iv_mtu) {
		snprintf(option, sizeof(option), "tun-mtu %u", reply->tun_mtu);
		ret = proto_push_add(push, option);
	}
	return ret;
}

int control_push_reply(struct control_session *session,
		       const struct control_push_reply *reply)
{
	struct proto_push push;
	const char *option;
	int ret = 0;

	proto_push_init(&push, push_emit, session);
	while (!ret && (option = reply->next(reply->iter))) {
		ret = proto_push_add(&push, option);
		if (ret == -EINVAL) {
			log_warn("push \"%s\" does not fit into a message (no comma, at most %d characters); left out",
				 option, PROTO_PUSH_OPTION_MAX - 1);
			ret = 0;
		}
	}
	if (!ret)
		ret = push_addresses(&push, reply);
	if (!ret)
		ret = push_params(&push, reply);
	return ret ? ret : proto_push_finish(&push);
}

int control_push_update(struct control_session *session, const char *options)
{
	struct proto_push push;
	int ret = 0;

	proto_push_update_init(&push, push_emit, session);
	while (!ret) {
		size_t len = strcspn(options, ",");
		char option[PROTO_PUSH_OPTION_MAX + 1];

		snprintf(option, sizeof(option), "%.*s", (int)len, options);
		ret = proto_push_add(&push, option);
		if (!options[len])
			break;
		options += len + 1;
	}
	return ret ? ret : proto_push_finish(&push);
}
