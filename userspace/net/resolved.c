// SPDX-License-Identifier: GPL-2.0-or-later
/* systemd-resolved, over D-Bus: org.freedesktop.resolve1(5). */
#include <errno.h>
#include <systemd/sd-bus.h>

#include "net/net.h"

#define RESOLVED_NAME	"org.freedesktop.resolve1"
#define RESOLVED_PATH	"/org/freedesktop/resolve1"
#define RESOLVED_IFACE	"org.freedesktop.resolve1.Manager"
#define RESOLVED_WAIT_US (5 * 1000 * 1000)

static int bus_open(sd_bus **bus)
{
	int ret = sd_bus_open_system(bus);

	if (ret >= 0)
		ret = sd_bus_set_method_call_timeout(*bus, RESOLVED_WAIT_US);
	return ret < 0 ? ret : 0;
}

bool net_resolved_runs(void)
{
	sd_bus_message *reply = NULL;
	sd_bus *bus = NULL;
	int runs = 0;

	if (!bus_open(&bus) &&
	    sd_bus_call_method(bus, "org.freedesktop.DBus",
			       "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "NameHasOwner", NULL, &reply, "s",
			       RESOLVED_NAME) >= 0 &&
	    sd_bus_message_read(reply, "b", &runs) < 0)
		runs = 0;
	sd_bus_message_unref(reply);
	sd_bus_flush_close_unref(bus);
	return runs;
}

static int call_new(sd_bus *bus, const char *method, int ifindex,
		    sd_bus_message **out)
{
	int ret = sd_bus_message_new_method_call(bus, out, RESOLVED_NAME,
						 RESOLVED_PATH, RESOLVED_IFACE,
						 method);

	if (ret < 0)
		return ret;
	return sd_bus_message_append(*out, "i", ifindex);
}

/* @ret: of what has been put into the message so far */
static int call_send_take(sd_bus *bus, sd_bus_message *call, int ret)
{
	if (ret >= 0)
		ret = sd_bus_call(bus, call, RESOLVED_WAIT_US, NULL, NULL);
	sd_bus_message_unref(call);
	return ret < 0 ? ret : 0;
}

static int append_addr(sd_bus_message *call, const struct net_dns_addr *addr,
		       const char *sni)
{
	bool is_v4 = addr->ip.family == AF_INET;
	int ret = sd_bus_message_open_container(call, 'r', "iayqs");

	if (ret >= 0)
		ret = sd_bus_message_append(call, "i", (int)addr->ip.family);
	if (ret >= 0)
		ret = sd_bus_message_append_array(call, 'y', &addr->ip.in6,
						  is_v4 ? 4 : 16);
	if (ret >= 0)
		ret = sd_bus_message_append(call, "qs", addr->port,
					    sni ? sni : "");
	if (ret >= 0)
		ret = sd_bus_message_close_container(call);
	return ret;
}

static int set_servers(sd_bus *bus, int ifindex, const struct net_dns *dns)
{
	sd_bus_message *call = NULL;
	int ret = call_new(bus, "SetLinkDNSEx", ifindex, &call);

	if (ret >= 0)
		ret = sd_bus_message_open_container(call, 'a', "(iayqs)");
	for (size_t i = 0; ret >= 0 && i < dns->n_addrs; i++)
		ret = append_addr(call, &dns->addrs[i], dns->sni);
	if (ret >= 0)
		ret = sd_bus_message_close_container(call);
	return call_send_take(bus, call, ret);
}

/* A server for everything is for the root domain, before all others. */
static int set_domains(sd_bus *bus, int ifindex, const struct net_dns *dns)
{
	sd_bus_message *call = NULL;
	int ret = call_new(bus, "SetLinkDomains", ifindex, &call);

	if (ret >= 0)
		ret = sd_bus_message_open_container(call, 'a', "(sb)");
	for (size_t i = 0; ret >= 0 && i < dns->n_search; i++)
		ret = sd_bus_message_append(call, "(sb)", dns->search[i], 0);
	for (size_t i = 0; ret >= 0 && i < dns->n_domains; i++)
		ret = sd_bus_message_append(call, "(sb)", dns->domains[i], 1);
	if (ret >= 0 && !dns->n_domains)
		ret = sd_bus_message_append(call, "(sb)", ".", 1);
	if (ret >= 0)
		ret = sd_bus_message_close_container(call);
	return call_send_take(bus, call, ret);
}

static int set_text(sd_bus *bus, const char *method, int ifindex,
		    const char *value)
{
	sd_bus_message *call = NULL;
	int ret = call_new(bus, method, ifindex, &call);

	if (ret >= 0)
		ret = sd_bus_message_append(call, "s", value);
	return call_send_take(bus, call, ret);
}

static int set_default_route(sd_bus *bus, int ifindex, bool is_default)
{
	sd_bus_message *call = NULL;
	int ret = call_new(bus, "SetLinkDefaultRoute", ifindex, &call);

	if (ret >= 0)
		ret = sd_bus_message_append(call, "b", (int)is_default);
	return call_send_take(bus, call, ret);
}

/* "" is what the whole system has. */
static const char *dnssec_mode(enum net_dnssec dnssec)
{
	switch (dnssec) {
	case NET_DNSSEC_YES:
		return "yes";
	case NET_DNSSEC_OPTIONAL:
		return "allow-downgrade";
	case NET_DNSSEC_NO:
		return "no";
	case NET_DNSSEC_UNSET:
		break;
	}
	return "";
}

static int set_all(sd_bus *bus, int ifindex, const struct net_dns *dns)
{
	bool is_tls = dns->transport == NET_DNS_TRANSPORT_TLS;
	int ret = set_servers(bus, ifindex, dns);

	if (!ret)
		ret = set_domains(bus, ifindex, dns);
	if (!ret)
		ret = set_default_route(bus, ifindex, !dns->n_domains);
	if (!ret)
		ret = set_text(bus, "SetLinkDNSSEC", ifindex,
			       dnssec_mode(dns->dnssec));
	if (!ret)
		ret = set_text(bus, "SetLinkDNSOverTLS", ifindex, is_tls ?
			       "yes" : dns->transport ? "no" : "");
	/* what others have said of the same names before is in there */
	if (!ret)
		sd_bus_call_method(bus, RESOLVED_NAME, RESOLVED_PATH,
				   RESOLVED_IFACE, "FlushCaches", NULL, NULL,
				   "");
	return ret;
}

int net_resolved_unset(int ifindex)
{
	sd_bus *bus = NULL;
	int ret = bus_open(&bus);

	if (!ret)
		ret = sd_bus_call_method(bus, RESOLVED_NAME, RESOLVED_PATH,
					 RESOLVED_IFACE, "RevertLink", NULL,
					 NULL, "i", ifindex);
	sd_bus_flush_close_unref(bus);
	return ret < 0 ? ret : 0;
}

int net_resolved_set(int ifindex, const struct net_dns *dns)
{
	sd_bus *bus = NULL;
	int ret;

	if (dns->transport == NET_DNS_TRANSPORT_HTTPS)
		return -EPROTONOSUPPORT;
	ret = bus_open(&bus);
	if (!ret)
		ret = set_all(bus, ifindex, dns);
	sd_bus_flush_close_unref(bus);
	if (ret)
		net_resolved_unset(ifindex);
	return ret;
}
