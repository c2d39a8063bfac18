// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include "net/net.h"
#include "ovpnctl/doctor.h"

#define NFT		"/usr/sbin/nft"
#define DATA_OVERHEAD	24	/* DATA_V2 head, packet id, tag */
#define UDP_HEAD	8

static bool read_line(const char *path, char *out, int cap)
{
	FILE *file = fopen(path, "re");
	bool is_read;

	if (!file)
		return false;
	is_read = fgets(out, cap, file);
	fclose(file);
	if (is_read)
		out[strcspn(out, "\n")] = '\0';
	return is_read;
}

void doctor_module(struct doctor *doctor)
{
	char version[64];

	if (read_line("/sys/module/ovpn/version", version, sizeof(version)))
		doctor_find(doctor, DOCTOR_OK, "module",
			    "ovpn %s of this project is loaded", version);
	else if (!access("/sys/module/ovpn", F_OK))
		doctor_find(doctor, DOCTOR_OK, "module",
			    "the kernel's own ovpn is loaded");
	else
		doctor_find(doctor, DOCTOR_WARN, "module",
			    "ovpn is not loaded, the daemon carries the packets; load it with: modprobe ovpn");
}

void doctor_clock(struct doctor *doctor)
{
	struct timex timex = { 0 };

	if (adjtimex(&timex) < 0)
		doctor_find(doctor, DOCTOR_INFO, "clock", "cannot be looked at");
	else if (timex.status & STA_UNSYNC)
		doctor_find(doctor, DOCTOR_WARN, "clock",
			    "is not synchronised; certificates and tokens depend on it, see: timedatectl");
	else
		doctor_find(doctor, DOCTOR_OK, "clock", "is synchronised");
}

/* ---- firewall ---------------------------------------------------------- */

static bool drops_by_policy(const json_t *chain, const char *hook)
{
	const char *at = json_string_value(json_object_get(chain, "hook"));
	const char *policy = json_string_value(json_object_get(chain,
							      "policy"));

	return at && policy && !strcmp(at, hook) && !strcmp(policy, "drop");
}

static bool find_policy(struct doctor *doctor, const json_t *rules,
			const char *hook, const char *what)
{
	json_t *entry, *chain;
	bool is_found = false;
	size_t i;

	json_array_foreach(rules, i, entry) {
		chain = json_object_get(entry, "chain");
		if (!drops_by_policy(chain, hook))
			continue;
		is_found = true;
		doctor_find(doctor, DOCTOR_WARN, "firewall",
			    "chain %s of table %s drops what no rule accepts: look for a rule that accepts %s",
			    json_string_value(json_object_get(chain, "name")),
			    json_string_value(json_object_get(chain, "table")),
			    what);
	}
	return is_found;
}

void doctor_firewall(struct doctor *doctor)
{
	json_t *root, *rules;
	bool is_found;
	FILE *pipe;

	if (access(NFT, X_OK)) {
		doctor_find(doctor, DOCTOR_INFO, "firewall",
			    "nft is not there to be asked");
		return;
	}
	pipe = popen(NFT " -j list ruleset 2>/dev/null", "re");
	root = pipe ? json_loadf(pipe, 0, NULL) : NULL;
	if (pipe)
		pclose(pipe);
	rules = json_object_get(root, "nftables");
	if (!rules) {
		doctor_find(doctor, DOCTOR_INFO, "firewall",
			    "the rules cannot be read");
		json_decref(root);
		return;
	}
	is_found = find_policy(doctor, rules, "input",
			       "the server's port, and what clients may reach here");
	is_found |= find_policy(doctor, rules, "forward",
				"packets from and to the device");
	if (!is_found)
		doctor_find(doctor, DOCTOR_OK, "firewall",
			    "no chain drops by policy");
	json_decref(root);
}

/* ---- forwarding -------------------------------------------------------- */

static void forwarding(struct doctor *doctor, const char *family,
		       const char *path, const char *sysctl)
{
	char value[16];

	if (!read_line(path, value, sizeof(value)))
		doctor_find(doctor, DOCTOR_INFO, "forwarding",
			    "%s: cannot be looked at", family);
	else if (strcmp(value, "0"))
		doctor_find(doctor, DOCTOR_OK, "forwarding", "%s: is on",
			    family);
	else
		doctor_find(doctor, DOCTOR_WARN, "forwarding",
			    "%s: is off, clients reach this machine only; for more: sysctl -w %s=1",
			    family, sysctl);
}

void doctor_forwarding(struct doctor *doctor, const json_t *device)
{
	if (!ctl_is_server(device))
		return;
	forwarding(doctor, "IPv4", "/proc/sys/net/ipv4/ip_forward",
		   "net.ipv4.ip_forward");
	forwarding(doctor, "IPv6", "/proc/sys/net/ipv6/conf/all/forwarding",
		   "net.ipv6.conf.all.forwarding");
}

/* ---- MTU --------------------------------------------------------------- */

/* What the kernel knows of the way; nothing is sent. 0: nothing. */
static int path_mtu(const union net_addr *remote)
{
	bool is_v4 = remote->sa.sa_family == AF_INET;
	socklen_t len = sizeof(int);
	int fd, mtu = 0;

	fd = socket(remote->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, &remote->sa, net_addr_len(remote)) ||
	    getsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
		       is_v4 ? IP_MTU : IPV6_MTU, &mtu, &len))
		mtu = 0;
	close(fd);
	return mtu;
}

/* "192.0.2.1:1194", "[2001:db8::1]:1194" */
static bool remote_parse(const char *text, union net_addr *out)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char host[64];
	int len;

	if (!colon)
		return false;
	len = (int)(colon - text);
	if (text[0] == '[' && len > 2) {
		text++;
		len -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", len, text);
	return !net_addr_parse(host, 1194, out);
}

void doctor_mtu(struct doctor *doctor, const json_t *device)
{
	int tun_mtu = (int)json_integer_value(json_object_get(device,
							      "tun_mtu"));
	int fits = 0, room;
	union net_addr remote;
	json_t *peer;
	size_t i;

	json_array_foreach(json_object_get(device, "peers"), i, peer) {
		const char *tcp = json_string_value(json_object_get(peer,
							"transport"));
		int mtu;

		if ((tcp && !strcmp(tcp, "tcp")) ||
		    !remote_parse(json_string_value(
				  json_object_get(peer, "remote")), &remote))
			continue;
		mtu = path_mtu(&remote);
		room = mtu - DATA_OVERHEAD - UDP_HEAD -
		       (remote.sa.sa_family == AF_INET ? 20 : 40);
		if (mtu && (!fits || room < fits))
			fits = room;
	}
	if (!fits || !tun_mtu)
		doctor_find(doctor, DOCTOR_INFO, "mtu",
			    "no peer over UDP to look at");
	else if (tun_mtu > fits)
		doctor_find(doctor, DOCTOR_WARN, "mtu",
			    "packets of more than %d bytes become fragments outside, tun-mtu is %d; TCP is kept below, for the rest write: tun-mtu %d",
			    fits, tun_mtu, fits);
	else
		doctor_find(doctor, DOCTOR_OK, "mtu",
			    "full packets (tun-mtu %d) need no fragments",
			    tun_mtu);
}
