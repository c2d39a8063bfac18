// SPDX-License-Identifier: GPL-2.0-or-later
/* A server's clients at the management interface (sections 10.2 to 10.4). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/iface.h"

/* ---- what is told --------------------------------------------------- */

/* Section 10.2, env-filter: beyond 0 only these, and at 1 also X509_. */
static bool env_is_told(const char *text, int level)
{
	static const char *const names[] = {
		"username=", "password=", "X509_0_CN=", "tls_serial_",
		"untrusted_ip=", "ifconfig_local=", "ifconfig_netmask=",
		"daemon_start_time=", "daemon_pid=", "dev=",
		"ifconfig_pool_remote_ip=", "ifconfig_pool_netmask=",
		"time_duration=", "bytes_sent=", "bytes_received=",
		"session_id=", "session_state=",
	};

	if (!level)
		return true;
	if (level <= 1 && !strncmp(text, "X509_", 5))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (level <= 2 && !strncmp(text, names[i], strlen(names[i])))
			return true;
	return false;
}

static void tell_env(void *arg, const char *text)
{
	struct mgmt_iface *iface = arg;

	if (env_is_told(text, iface->env_filter))
		mgmt_iface_tell(iface, ">CLIENT:ENV,%s", text);
}

static void tell_number(struct mgmt_iface *iface)
{
	char text[32];

	snprintf(text, sizeof(text), "n_clients=%u",
		 tunnel_host_clients(iface->host));
	tell_env(iface, text);
}

static void tell_client(struct mgmt_iface *iface, const struct hook_env *env,
			bool has_number)
{
	if (has_number)
		tell_number(iface);
	hook_env_each(env, tell_env, iface);
	mgmt_iface_tell(iface, ">CLIENT:ENV,END");
}

/* As they came, where some variables are left out (section 10.4). */
static void tell_peer_info(struct mgmt_iface *iface, const char *info)
{
	char line[256];

	while (info && *info) {
		size_t len = strcspn(info, "\n");
		size_t name = strspn(info, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789_");

		if (name < len && info[name] == '=' && len < sizeof(line)) {
			snprintf(line, sizeof(line), "%.*s", (int)len, info);
			for (char *at = line; *at; at++)
				if (*at <= ' ' || *at > '~')
					*at = '_';
			mgmt_iface_tell(iface, ">CLIENT:ENV,%s", line);
		}
		info += len;
		info += *info == '\n';
	}
}

static void tell_note(struct mgmt_iface *iface, const struct tunnel_note *note)
{
	tell_number(iface);
	if (iface->env_filter > 0)
		tell_peer_info(iface, note->peer_info);
	tell_client(iface, note->env, false);
}

void mgmt_client_login(void *arg, const struct tunnel_note *note)
{
	mgmt_iface_tell(arg, ">CLIENT:%s,%" PRIu64 ",%" PRIu32,
			note->is_again ? "REAUTH" : "CONNECT", note->cid,
			note->kid);
	tell_note(arg, note);
}

void mgmt_client_response(void *arg, const struct tunnel_note *note,
			  const char *text)
{
	mgmt_iface_tell(arg, ">CLIENT:CR_RESPONSE,%" PRIu64 ",%" PRIu32 ",%s",
			note->cid, note->kid, text);
	tell_note(arg, note);
}

void mgmt_client_established(void *arg, const struct tunnel_note *note)
{
	mgmt_iface_tell(arg, ">CLIENT:ESTABLISHED,%" PRIu64, note->cid);
	tell_client(arg, note->env, true);
}

void mgmt_client_left(void *arg, const struct tunnel_note *note)
{
	mgmt_iface_tell(arg, ">CLIENT:DISCONNECT,%" PRIu64, note->cid);
	tell_client(arg, note->env, false);
}

/* IPv4 networks have a mask here. */
void mgmt_client_address(void *arg, uint64_t cid,
			 const struct net_prefix *what, bool is_own)
{
	bool is_v4 = what->ip.family == AF_INET;
	char text[NET_PREFIX_STRLEN], mask[NET_PREFIX_STRLEN] = "";

	if (is_v4 && what->len < 32)
		net_mask_format(what->len, mask);
	if (is_v4 || what->len == 128)
		net_ip_format(&what->ip, text);
	else
		net_prefix_format(what, text);
	mgmt_iface_tell(arg, ">CLIENT:ADDRESS,%" PRIu64 ",%s%s%s,%d", cid,
			text, mask[0] ? "/" : "", mask, is_own);
}

static int tell_bytes(void *arg, const struct tunnel_info *info)
{
	const struct dp_stats *stats = &info->dp.stats;

	if (info->data_path[0])
		mgmt_iface_tell(arg, ">BYTECOUNT_CLI:%" PRIu64 ",%" PRIu64
				",%" PRIu64, info->cid, stats->link_rx_bytes,
				stats->link_tx_bytes);
	return 0;
}

/** mgmt_client_bytes() - of each client, or of the connection to the server */
void mgmt_client_bytes(struct mgmt_iface *iface)
{
	struct tunnel_totals totals;

	if (iface->is_server) {
		tunnel_host_list(iface->host, tell_bytes, iface);
		return;
	}
	tunnel_host_totals(iface->host, &totals);
	mgmt_iface_tell(iface, ">BYTECOUNT:%" PRIu64 ",%" PRIu64,
			totals.bytes_in, totals.bytes_out);
}

/* ---- what is asked -------------------------------------------------- */

bool mgmt_client_is_ready(struct mgmt_iface *iface, const char *name)
{
	if (iface->is_server && !tunnel_host_is_held(iface->host))
		return true;
	mgmt_command_unsupported(iface, name);
	return false;
}

/* @proto: as 2.7 wants it in front; "": 2.6 has none */
static void kill_addr(struct mgmt_iface *iface, const char *proto,
		      const char *host, const char *text)
{
	bool is_tcp = !strcmp(proto, "tcp");
	const char *shown = is_tcp ? "tcp-server:" : proto[0] ? "udp:" : "";
	int port = atoi(text);
	union net_addr addr;
	unsigned int n;

	if (net_addr_parse(host, 0, &addr) || addr.sa.sa_family != AF_INET) {
		mgmt_iface_say(iface, "ERROR: error parsing IP address: %s",
			       host);
		return;
	}
	if (proto[0] && (port < 1 || port > 65535 ||
			 (!is_tcp && strcmp(proto, "udp")))) {
		mgmt_iface_say(iface, "ERROR: port number or protocol out of range: %s %s",
			       text, proto);
		return;
	}
	if (port < 1 || port > 65535) {
		mgmt_iface_say(iface, "ERROR: port number is out of range: %s",
			       text);
		return;
	}
	net_addr_set_port(&addr, (uint16_t)port);
	n = tunnel_host_kill_addr(iface->host, &addr, is_tcp ? TUNNEL_KILL_TCP :
				  proto[0] ? TUNNEL_KILL_UDP : TUNNEL_KILL_ANY);
	if (n)
		mgmt_iface_say(iface, "SUCCESS: %u client(s) at address %s%s:%d killed",
			       n, shown, host, port);
	else
		mgmt_iface_say(iface, "ERROR: client at address %s%s:%d not found",
			       shown, host, port);
}

/* NAME, ADDRESS:PORT as 2.6 has it, or PROTOCOL:ADDRESS:PORT as 2.7 */
void mgmt_client_kill(struct mgmt_iface *iface, const char *const *w)
{
	char first[128] = "", second[128] = "", third[128] = "";
	unsigned int n;

	if (!mgmt_client_is_ready(iface, "kill"))
		return;
	sscanf(w[1], "%127[^:]:%127[^:]:%127[^:]", first, second, third);
	if (second[0]) {
		kill_addr(iface, third[0] ? first : "",
			  third[0] ? second : first,
			  third[0] ? third : second);
		return;
	}
	if (!first[0]) {
		mgmt_iface_say(iface, "ERROR: kill parse");
		return;
	}
	n = tunnel_host_kill_name(iface->host, first);
	if (n)
		mgmt_iface_say(iface, "SUCCESS: common name '%s' found, %u client(s) killed",
			       first, n);
	else
		mgmt_iface_say(iface, "ERROR: common name '%s' not found",
			       first);
}

bool mgmt_client_cid(struct mgmt_iface *iface, const char *word, uint64_t *cid)
{
	if (sscanf(word, "%" SCNu64, cid) == 1)
		return true;
	mgmt_iface_say(iface, "ERROR: cannot parse CID");
	return false;
}

void mgmt_client_end(struct mgmt_iface *iface, const char *const *w)
{
	uint64_t cid;

	if (!mgmt_client_cid(iface, w[1], &cid) ||
	    !mgmt_client_is_ready(iface, "client-kill"))
		return;
	if (tunnel_host_kill(iface->host, cid, w[2] ? w[2] : "RESTART"))
		mgmt_iface_say(iface, "ERROR: client-kill command failed");
	else
		mgmt_iface_say(iface, "SUCCESS: client-kill command succeeded");
}

/* What it is about has been said by the log, as OpenVPN's is. */
static void client_push(struct mgmt_iface *iface,
			const struct tunnel_push *push)
{
	struct tunnel_push_result result;
	char err[200];

	if (tunnel_host_push(iface->host, push, &result, err, sizeof(err))) {
		log_warn("PUSH_UPDATE: %s", err);
		result.n_sent = 0;
	}
	if (result.n_sent) {
		mgmt_iface_say(iface, "SUCCESS: %u client(s) updated",
			       result.n_sent);
		mgmt_iface_say(iface, "SUCCESS: push-update command succeeded");
	} else {
		mgmt_iface_say(iface, "ERROR: no client updated");
		mgmt_iface_say(iface, "ERROR: push-update command failed");
	}
}

void mgmt_client_push_all(struct mgmt_iface *iface, const char *const *w)
{
	const struct tunnel_push push = { .options = w[1] };

	if (mgmt_client_is_ready(iface, w[0]))
		client_push(iface, &push);
}

void mgmt_client_push_one(struct mgmt_iface *iface, const char *const *w)
{
	struct tunnel_push push = { .options = w[2], .has_cid = true };

	if (!mgmt_client_is_ready(iface, w[0]))
		return;
	if (mgmt_client_cid(iface, w[1], &push.cid))
		client_push(iface, &push);
	else
		mgmt_iface_say(iface, "ERROR: push-update-cid fail during cid parsing");
}
