// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "loop/loop.h"
#include "mgmt/private.h"

/* The status formats of section 10.6, as 2.6 writes them. */

#define STATUS_TIME_LEN	32
#define STATUS_NAME_LEN	160
/* Programs take the second word for the version of OpenVPN. */
#define STATUS_LIKE	"2.6.14"

struct status_writer {
	FILE *out;
	char sep;
};

const char *mgmt_title(void)
{
	static char title[64];

	snprintf(title, sizeof(title), "OpenVPN %s by ovpnd %s", STATUS_LIKE,
		 config_version());
	return title;
}

static const char *status_time(int64_t t, char out[STATUS_TIME_LEN])
{
	time_t when = (time_t)t;
	struct tm tm;

	if (!localtime_r(&when, &tm) ||
	    !strftime(out, STATUS_TIME_LEN, "%Y-%m-%d %H:%M:%S", &tm))
		out[0] = '\0';
	return out;
}

/* 2.6 prints IPv6 peers without their port. */
static const char *status_real(const union net_addr *addr,
			       char out[NET_ADDR_STRLEN])
{
	union net_addr x = *addr;
	char *end;

	net_addr_unmap(&x);
	if (!net_addr_len(&x))
		out[0] = '\0';
	else
		net_addr_format(&x, out);
	end = strchr(out, ']');
	if (end) {
		*end = '\0';
		memmove(out, out + 1, strlen(out));
	}
	return out;
}

static const char *status_ip(const struct net_ip *ip,
			     char out[NET_PREFIX_STRLEN])
{
	out[0] = '\0';
	return ip->family ? net_ip_format(ip, out) : out;
}

/* A separator inside a name would shift the columns. */
static const char *status_name(const char *name, char sep,
			       char out[STATUS_NAME_LEN])
{
	char *p;

	snprintf(out, STATUS_NAME_LEN, "%s", name);
	for (p = out; *p; p++) {
		if (*p == sep || (unsigned char)*p < ' ')
			*p = '_';
	}
	return out;
}

/* ---- version 1 ------------------------------------------------------- */

static int status_v1_client(void *arg, const struct tunnel_info *info)
{
	struct status_writer *w = arg;
	char real[NET_ADDR_STRLEN], when[STATUS_TIME_LEN];
	char name[STATUS_NAME_LEN];

	fprintf(w->out, "%s,%s,%" PRIu64 ",%" PRIu64 ",%s\n",
		status_name(info->common_name, ',', name),
		status_real(&info->remote, real),
		info->dp.stats.link_rx_bytes, info->dp.stats.link_tx_bytes,
		status_time(info->connected_since, when));
	return 0;
}

/* A host without its length, as everywhere in OpenVPN. */
static const char *status_route(const struct net_prefix *prefix,
				char out[NET_PREFIX_STRLEN])
{
	bool is_host = prefix->len == (prefix->ip.family == AF_INET ? 32 : 128);

	return is_host ? net_ip_format(&prefix->ip, out) :
			 net_prefix_format(prefix, out);
}

static int status_v1_route(void *arg, const struct tunnel_info *info)
{
	struct status_writer *w = arg;
	char real[NET_ADDR_STRLEN], when[STATUS_TIME_LEN];
	char name[STATUS_NAME_LEN], text[NET_PREFIX_STRLEN];
	struct net_prefix prefix;

	for (unsigned int n = 0; tunnel_info_route(info, n, &prefix); n++)
		fprintf(w->out, "%s,%s,%s,%s\n", status_route(&prefix, text),
			status_name(info->common_name, ',', name),
			status_real(&info->remote, real),
			status_time(info->connected_since, when));
	return 0;
}

static void status_v1(struct tunnel_host *host, FILE *out)
{
	struct status_writer w = { .out = out, .sep = ',' };
	char now[STATUS_TIME_LEN];

	fprintf(out, "OpenVPN CLIENT LIST\nUpdated,%s\n",
		status_time(loop_realtime(), now));
	fputs("Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n",
	      out);
	tunnel_host_list(host, status_v1_client, &w);
	fputs("ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n",
	      out);
	tunnel_host_list(host, status_v1_route, &w);
	fputs("GLOBAL STATS\nMax bcast/mcast queue length,0\nEND\n", out);
}

/* ---- versions 2 and 3 ------------------------------------------------ */

/* @row is written with ',' in the code, which the separator replaces. */
static void status_row(const struct status_writer *w, const char *row)
{
	for (; *row; row++)
		fputc(*row == ',' ? w->sep : *row, w->out);
	fputc('\n', w->out);
}

static int status_v2_client(void *arg, const struct tunnel_info *info)
{
	struct status_writer *w = arg;
	char real[NET_ADDR_STRLEN], when[STATUS_TIME_LEN];
	char name[STATUS_NAME_LEN], user[STATUS_NAME_LEN];
	char ip4[NET_PREFIX_STRLEN], ip6[NET_PREFIX_STRLEN];
	char s = w->sep;

	fprintf(w->out,
		"CLIENT_LIST%c%s%c%s%c%s%c%s%c%" PRIu64 "%c%" PRIu64
		"%c%s%c%" PRIi64 "%c%s%c%" PRIu64 "%c%" PRIu32 "%c%s\n",
		s, status_name(info->common_name, s, name), s,
		status_real(&info->remote, real), s,
		status_ip(&info->vpn4, ip4), s, status_ip(&info->vpn6, ip6), s,
		info->dp.stats.link_rx_bytes, s, info->dp.stats.link_tx_bytes,
		s, status_time(info->connected_since, when), s,
		info->connected_since, s, status_name(info->username, s, user),
		s, info->cid, s, info->peer_id, s, info->cipher);
	return 0;
}

static int status_v2_route(void *arg, const struct tunnel_info *info)
{
	struct status_writer *w = arg;
	char real[NET_ADDR_STRLEN], when[STATUS_TIME_LEN];
	char name[STATUS_NAME_LEN], text[NET_PREFIX_STRLEN];
	struct net_prefix prefix;
	char s = w->sep;

	for (unsigned int n = 0; tunnel_info_route(info, n, &prefix); n++)
		fprintf(w->out,
			"ROUTING_TABLE%c%s%c%s%c%s%c%s%c%" PRIi64 "\n", s,
			status_route(&prefix, text), s,
			status_name(info->common_name, s, name), s,
			status_real(&info->remote, real), s,
			status_time(info->connected_since, when), s,
			info->connected_since);
	return 0;
}

static void status_v2(struct tunnel_host *host, char sep, FILE *out)
{
	struct status_writer w = { .out = out, .sep = sep };
	struct tunnel_host_info info;
	char now[STATUS_TIME_LEN];

	tunnel_host_info(host, &info);
	fprintf(out, "TITLE%c%s\n", sep, mgmt_title());
	fprintf(out, "TIME%c%s%c%" PRIi64 "\n", sep,
		status_time(loop_realtime(), now), sep, loop_realtime());
	status_row(&w, "HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher");
	tunnel_host_list(host, status_v2_client, &w);
	status_row(&w, "HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)");
	tunnel_host_list(host, status_v2_route, &w);
	status_row(&w, "GLOBAL_STATS,Max bcast/mcast queue length,0");
	fprintf(out, "GLOBAL_STATS%cdco_enabled%c%d\nEND\n", sep, sep,
		!strcmp(info.data_path, "kernel"));
}

/* ---- clients --------------------------------------------------------- */

static int status_add(void *arg, const struct tunnel_info *info)
{
	const struct dp_stats *s = &info->dp.stats;
	struct dp_stats *sum = arg;

	sum->vpn_rx_bytes += s->vpn_rx_bytes;
	sum->vpn_tx_bytes += s->vpn_tx_bytes;
	sum->link_rx_bytes += s->link_rx_bytes;
	sum->link_tx_bytes += s->link_tx_bytes;
	return 0;
}

static void status_client(struct tunnel_host *host, FILE *out)
{
	struct dp_stats sum = { 0 };
	char now[STATUS_TIME_LEN];

	tunnel_host_list(host, status_add, &sum);
	fprintf(out, "OpenVPN STATISTICS\nUpdated,%s\n",
		status_time(loop_realtime(), now));
	fprintf(out, "TUN/TAP read bytes,%" PRIu64 "\n", sum.vpn_tx_bytes);
	fprintf(out, "TUN/TAP write bytes,%" PRIu64 "\n", sum.vpn_rx_bytes);
	fprintf(out, "TCP/UDP read bytes,%" PRIu64 "\n", sum.link_rx_bytes);
	fprintf(out, "TCP/UDP write bytes,%" PRIu64 "\n", sum.link_tx_bytes);
	fprintf(out, "Auth read bytes,%" PRIu64 "\nEND\n", sum.link_rx_bytes);
}

void mgmt_status_print(struct tunnel_host *host, int version, FILE *out)
{
	struct tunnel_host_info info;

	tunnel_host_info(host, &info);
	if (strcmp(info.role, "server"))
		status_client(host, out);
	else if (version == 1)
		status_v1(host, out);
	else
		status_v2(host, version == 3 ? '\t' : ',', out);
}
