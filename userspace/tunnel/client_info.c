// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client, or an end of a link of two, tells of itself (section 5.4). */
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tls/tls.h"
#include "tunnel/client.h"

#define HWADDR_STRLEN 18	/* "aa:bb:cc:dd:ee:ff" and NUL */
#define TOKEN_MAX (2 * PROTO_PUSH_OPTION_MAX)	/* that is taken if pushed */

/* What framing a server may ask for, though nothing is compressed. */
static const char framings[] =
	"IV_LZO_STUB=1\nIV_COMP_STUB=1\nIV_COMP_STUBv2=1\n";

static unsigned int iv_proto(const struct tunnel_host *host)
{
	unsigned int iv = PROTO_IV_DATA_V2 | PROTO_IV_TLS_KEY_EXPORT |
			  PROTO_IV_CC_EXIT_NOTIFY | PROTO_IV_DYN_TLS_CRYPT;

	if (dp_has_epochs(host->dp))
		iv |= PROTO_IV_DATA_EPOCH;
	if (!host->setup.cfg->is_pull)
		return iv | PROTO_IV_NCP_P2P;
	return iv | PROTO_IV_REQUEST_PUSH | PROTO_IV_AUTH_PENDING_KW |
	       PROTO_IV_AUTH_FAIL_TEMP | PROTO_IV_DNS_OPTION_V2 |
	       PROTO_IV_PUSH_UPDATE;
}

/**
 * tunnel_info_abilities() - what the peer has to know in order to negotiate
 * @host: not a server
 * @out: lines of peer-info
 * @len: its size
 */
void tunnel_info_abilities(const struct tunnel_host *host, char *out,
			   size_t len)
{
	const struct config *cfg = host->setup.cfg;
	bool is_plain = dp_is_plain(host->dp);
	char aead[PROTO_CIPHER_LIST_MAX];
	bool has_ncp = proto_cipher_list_has(cfg->data_ciphers,
					     "AES-128-GCM") &&
		       proto_cipher_list_has(cfg->data_ciphers, "AES-256-GCM");

	proto_cipher_list_aead(cfg->data_ciphers, aead);
	snprintf(out, len,
		 "IV_VER=%s\nIV_PLAT=linux\nIV_TCPNL=1\nIV_MTU=%u\n%sIV_CIPHERS=%s\nIV_PROTO=%u\n%s",
		 config_version(), cfg->tun_mtu > 1600 ? cfg->tun_mtu : 1600,
		 has_ncp ? "IV_NCP=2\n" : "",
		 is_plain ? aead : cfg->data_ciphers, iv_proto(host),
		 is_plain ? "" : framings);
}

/*
 * What the key exchange has room for, whatever is entered as user name or
 * pushed as token later: the text is the same for all exchanges of a session.
 */
static size_t tell_room(const struct tunnel_host *host)
{
	size_t udp = strlen(host->occ[0].plain);
	size_t tcp = strlen(host->occ[1].plain);
	size_t room = PROTO_KM2_MAX - PROTO_KM2_FIXED -
		      ((udp > tcp ? udp : tcp) + 1);
	size_t max = sizeof(host->client->peer_info);

	if (host->setup.cfg->has_auth_user_pass || host->setup.cfg->is_pull)
		room -= PROTO_USER_PASS_MAX + TOKEN_MAX;
	return room < max ? room : max;
}

/* A line that does not fit any more is left out as a whole. */
static void tell(struct tunnel_client *client, const char *name,
		 const char *value)
{
	size_t used = strlen(client->peer_info);
	size_t room = client->peer_info_room - used;
	int len = snprintf(client->peer_info + used, room, "%s=%s\n", name,
			   value);

	if (len >= 0 && (size_t)len < room)
		return;
	client->peer_info[used] = '\0';
	if (!client->has_told)
		log_warn("the server is not told %s: there is no more room",
			 name);
}

/* setenv NAME VALUE */
static void tell_variables(struct tunnel_client *client,
			   const struct config *cfg, const char *prefix)
{
	const struct config_text *it;
	char name[64];

	for (it = cfg->env; it; it = it->next) {
		const char *value = strchr(it->text, '=');

		if (!value || strncmp(it->text, prefix, strlen(prefix)) ||
		    (size_t)(value - it->text) >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(value - it->text),
			 it->text);
		tell(client, name, value + 1);
	}
}

static bool hwaddr_format(int ifindex, char out[HWADDR_STRLEN])
{
	struct ifreq req = { 0 };
	const uint8_t *mac = (const uint8_t *)req.ifr_hwaddr.sa_data;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_ok;

	if (fd < 0)
		return false;
	is_ok = if_indextoname((unsigned int)ifindex, req.ifr_name) &&
		!ioctl(fd, SIOCGIFHWADDR, &req) &&
		req.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	close(fd);
	if (is_ok)
		snprintf(out, HWADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x",
			 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return is_ok;
}

/* Of the interface that leads to the server. */
static bool hwaddr_get(const struct tunnel_host *host,
		       char out[HWADDR_STRLEN])
{
	const union net_addr *server = &host->client->addr;
	struct net_ip ip = { .family = server->sa.sa_family };
	struct priv_route route;

	if (ip.family == AF_INET)
		ip.in4 = server->in4.sin_addr;
	else if (ip.family == AF_INET6)
		ip.in6 = server->in6.sin6_addr;
	else
		return false;
	return !priv_route_get(host->setup.priv, &ip, &route) &&
	       hwaddr_format(route.ifindex, out);
}

/* push-peer-info */
static void tell_machine(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	char hwaddr[HWADDR_STRLEN];
	struct utsname uts;

	if (hwaddr_get(host, hwaddr))
		tell(client, "IV_HWADDR", hwaddr);
	tell(client, "IV_SSL", tls_library());
	if (!uname(&uts))
		tell(client, "IV_PLAT_VER", uts.release);
	tell_variables(client, host->setup.cfg, "UV_");
}

void tunnel_client_tell(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;

	client->peer_info[client->peer_info_base] = '\0';
	client->peer_info_room = tell_room(host);
	if (!cfg->is_pull && !cfg->is_peer_info_pushed)
		return;
	tell_variables(client, cfg, "IV_GUI_VER");
	tell_variables(client, cfg, "IV_SSO");
	if (cfg->is_peer_info_pushed)
		tell_machine(host);
	client->has_told = true;
}
