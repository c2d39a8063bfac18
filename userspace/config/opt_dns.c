// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"

/* How many there can be; a server could push without end. */
#define DHCP_OPTIONS_MAX 64

enum dhcp_value {
	DHCP_VALUE_NONE,
	DHCP_VALUE_TEXT,
	DHCP_VALUE_IN4,
	DHCP_VALUE_IN6,
	DHCP_VALUE_ADDRESS,	/* of either family */
};

/* The kinds that OpenVPN knows. */
static const struct {
	const char *name;
	enum dhcp_value value;
} dhcp_kinds[] = {
	{ "DNS", DHCP_VALUE_ADDRESS },
	{ "DNS6", DHCP_VALUE_IN6 },
	{ "WINS", DHCP_VALUE_IN4 },
	{ "NBDD", DHCP_VALUE_IN4 },
	{ "NTP", DHCP_VALUE_IN4 },
	{ "DOMAIN", DHCP_VALUE_TEXT },
	{ "ADAPTER_DOMAIN_SUFFIX", DHCP_VALUE_TEXT },
	{ "DOMAIN-SEARCH", DHCP_VALUE_TEXT },
	{ "NBS", DHCP_VALUE_TEXT },
	{ "NBT", DHCP_VALUE_TEXT },
	{ "PROXY_HTTP", DHCP_VALUE_TEXT },
	{ "PROXY_HTTPS", DHCP_VALUE_TEXT },
	{ "PROXY_BYPASS", DHCP_VALUE_TEXT },
	{ "PROXY_AUTO_CONFIG_URL", DHCP_VALUE_TEXT },
	{ "DISABLE-NBT", DHCP_VALUE_NONE },
};

static bool is_value(enum dhcp_value kind, const char *text)
{
	struct net_ip ip;

	if (kind == DHCP_VALUE_NONE || kind == DHCP_VALUE_TEXT)
		return true;
	if (net_ip_parse(text, &ip))
		return false;
	return kind == DHCP_VALUE_ADDRESS ||
	       ip.family == (kind == DHCP_VALUE_IN4 ? AF_INET : AF_INET6);
}

static int dhcp_check(struct config_parse *ps, char **arg, int n)
{
	size_t i;

	for (i = 0; i < sizeof(dhcp_kinds) / sizeof(dhcp_kinds[0]); i++)
		if (!strcasecmp(arg[0], dhcp_kinds[i].name))
			break;
	if (i == sizeof(dhcp_kinds) / sizeof(dhcp_kinds[0]))
		return config_fail(ps, "\"%s\" is unknown; write for example DNS, "
				   "DOMAIN or DOMAIN-SEARCH", arg[0]);
	if (dhcp_kinds[i].value != DHCP_VALUE_NONE && n < 2)
		return config_fail(ps, "%s needs a value", arg[0]);
	if (!is_value(dhcp_kinds[i].value, n > 1 ? arg[1] : ""))
		return config_fail(ps, "\"%s\" is not an address for %s", arg[1],
				   arg[0]);
	return 0;
}

static CONFIG_SETTER(set_dhcp_option)
{
	struct config *cfg = ps->cfg;
	const char *text;

	(void)row;
	if (dhcp_check(ps, arg, n))
		return -EINVAL;
	if (cfg->n_dhcp_options == DHCP_OPTIONS_MAX)
		return config_fail(ps, "there can be %d at most",
				   DHCP_OPTIONS_MAX);
	cfg->n_dhcp_options++;
	text = mem_arena_printf(cfg->arena, "dhcp-option %s%s%s", arg[0],
				n > 1 ? " " : "", n > 1 ? arg[1] : "");
	return text ? config_text_append(ps, &cfg->dhcp_options, text) :
		      config_nomem(ps);
}

/* ---- dns --------------------------------------------------------------- */

#define DNS_SERVERS_MAX	32
#define DNS_WORDS_MAX	256

static int domains_append(struct config_parse *ps, struct config_text **list,
			  char **word, int n)
{
	for (int i = 0; i < n; i++) {
		if (!net_dns_domain_is_valid(word[i]))
			return config_fail(ps, "\"%s\" is not a domain",
					   word[i]);
		if (ps->cfg->n_dns_words++ == DNS_WORDS_MAX)
			return config_fail(ps, "there can be %d domains at most",
					   DNS_WORDS_MAX);
		if (config_text_append(ps, list, word[i]))
			return -ENOMEM;
	}
	return 0;
}

/* Of the configuration's own: one that is pushed begins anew. */
static void server_renew(struct config_dns_server *server, bool is_pushed)
{
	if (!is_pushed || !server->is_own)
		return;
	*server = (struct config_dns_server){
		.number = server->number, .next = server->next,
	};
}

static struct config_dns_server *server_get(struct config_parse *ps, int number)
{
	struct config_dns_server **pos = &ps->cfg->dns_servers, *server;
	bool is_pushed = ps->scope == CONFIG_IN_PUSH;
	unsigned int n = 0;

	while (*pos && (*pos)->number < number)
		pos = &(*pos)->next;
	if (*pos && (*pos)->number == number) {
		server_renew(*pos, is_pushed);
		return *pos;
	}
	for (server = ps->cfg->dns_servers; server; server = server->next)
		n++;
	if (n == DNS_SERVERS_MAX) {
		config_fail(ps, "there can be %d servers at most",
			    DNS_SERVERS_MAX);
		return NULL;
	}
	server = mem_arena_alloc(ps->cfg->arena, sizeof(*server));
	if (!server) {
		config_nomem(ps);
		return NULL;
	}
	server->number = number;
	server->is_own = !is_pushed;
	server->next = *pos;
	*pos = server;
	return server;
}

static int server_addresses(struct config_parse *ps,
			    struct config_dns_server *server, char **arg, int n)
{
	for (int i = 0; i < n; i++) {
		if (server->n_addrs == NET_DNS_ADDRS_MAX)
			return config_fail(ps, "a server has %d addresses at most",
					   NET_DNS_ADDRS_MAX);
		if (net_dns_addr_parse(arg[i],
				       &server->addrs[server->n_addrs]))
			return config_fail(ps, "\"%s\" is not an address; write for example 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53",
					   arg[i]);
		server->n_addrs++;
	}
	return 0;
}

static int server_word(struct config_parse *ps,
		       struct config_dns_server *server, const char *what,
		       char *arg)
{
	if (!strcmp(what, "dnssec")) {
		if (net_dnssec_parse(arg, &server->dnssec))
			return config_fail(ps, "\"%s\" is unknown; write yes, optional or no",
					   arg);
		return 0;
	}
	if (!strcmp(what, "transport")) {
		if (net_dns_transport_parse(arg, &server->transport))
			return config_fail(ps, "\"%s\" is unknown; write plain, DoT or DoH",
					   arg);
		return 0;
	}
	if (strcmp(what, "sni"))
		return config_fail(ps, "\"%s\" is unknown; write address, "
				   "resolve-domains, dnssec, transport or sni",
				   what);
	if (!net_dns_domain_is_valid(arg))
		return config_fail(ps, "\"%s\" is not a name", arg);
	server->sni = mem_arena_strdup(ps->cfg->arena, arg);
	return server->sni ? 0 : config_nomem(ps);
}

/* @arg: number, what, values */
static int set_dns_server(struct config_parse *ps, char **arg, int n)
{
	struct config_dns_server *server;
	int least = ps->scope == CONFIG_IN_PUSH ? 0 : -128;
	char *end;
	long number;

	if (n < 3)
		return config_fail(ps, "write \"server N address ADDRESS...\"");
	number = strtol(arg[0], &end, 10);
	if (*end || !*arg[0] || number < least || number > 127)
		return config_fail(ps, "\"%s\" is not a number from %d to 127",
				   arg[0], least);
	server = server_get(ps, (int)number);
	if (!server)
		return -EINVAL;
	if (!strcmp(arg[1], "address"))
		return server_addresses(ps, server, arg + 2, n - 2);
	if (!strcmp(arg[1], "resolve-domains"))
		return domains_append(ps, &server->domains, arg + 2, n - 2);
	if (n > 3)
		return config_fail(ps, "%s has one value", arg[1]);
	return server_word(ps, server, arg[1], arg[2]);
}

static CONFIG_SETTER(set_dns)
{
	(void)row;
	if (!strcmp(arg[0], "search-domains") && n > 1)
		return domains_append(ps, &ps->cfg->dns_search, arg + 1, n - 1);
	if (!strcmp(arg[0], "server"))
		return set_dns_server(ps, arg + 1, n - 1);
	return config_fail(ps, "\"%s\" is unknown; write \"search-domains DOMAIN...\" or \"server N address ADDRESS...\"",
			   arg[0]);
}

static CONFIG_SETTER(set_dns_updown)
{
	struct config *cfg = ps->cfg;

	(void)row;
	(void)n;
	cfg->scripts[CONFIG_SCRIPT_DNS_UP] = NULL;
	cfg->scripts[CONFIG_SCRIPT_DNS_DOWN] = NULL;
	if (!strcmp(arg[0], "disable")) {
		cfg->dns_updown = CONFIG_DNS_UPDOWN_OFF;
		return 0;
	}
	if (!strcmp(arg[0], "force")) {
		cfg->dns_updown = CONFIG_DNS_UPDOWN_FORCE;
		return 0;
	}
	cfg->dns_updown = CONFIG_DNS_UPDOWN_COMMAND;
	if (config_script_set(ps, CONFIG_SCRIPT_DNS_UP, arg[0]))
		return -EINVAL;
	return config_script_set(ps, CONFIG_SCRIPT_DNS_DOWN, arg[0]);
}

static const struct config_row dns_rows[] = {
	CONFIG_SPECIAL("dns", 2, 16, CONFIG_IN_MAIN | CONFIG_IN_PUSH, set_dns,
		"server N WHAT VALUE...|search-domains DOMAIN...",
		"Use a name server while the tunnel is up.\nWHAT is address (with up "
		"to eight of them, a port behind a colon, and IPv6 then in "
		"brackets), resolve-domains (the server is for these domains only), "
		"dnssec (yes, optional, no), transport (plain, DoT) or sni (the name "
		"in the certificate of a DoT server). Of several servers the one "
		"with the lowest N is used that can be: resolvconf knows addresses "
		"at port 53 and search domains and nothing else, and nobody DoH. A "
		"server that is pushed takes the place of one with the same N."),
	CONFIG_SPECIAL("dns-updown", 1, 1, CONFIG_IN_MAIN, set_dns_updown,
		"force|disable|COMMAND",
		"Say who sets the name servers of --dns and --dhcp-option.\nA client "
		"does so itself, at systemd-resolved when it runs, else by the "
		"program resolvconf, and undoes it when the tunnel ends, also before "
		"it connects again; not with --up, which then has to, unless this is "
		"force. disable: nobody. COMMAND: that program, which gets dev, "
		"script_type (dns-up or dns-down) and variables dns_* as from "
		"OpenVPN, and the rights that the daemon begins with."),
	CONFIG_SPECIAL("dhcp-option", 1, 2, CONFIG_IN_MAIN | CONFIG_IN_PUSH,
		set_dhcp_option, "TYPE [VALUE]",
		"Use a name server or a domain, as in older configurations.\nWithout "
		"--dns, DNS, DNS6, DOMAIN, DOMAIN-SEARCH and ADAPTER_DOMAIN_SUFFIX "
		"mean the same as a server and search domains there; see "
		"--dns-updown. --up and --down get all of them in foreign_option_1 "
		"and so on, as from OpenVPN, and with them the programs that "
		"distributions have for that, such as update-resolv-conf. TYPE can "
		"also be WINS, NTP or another one that OpenVPN knows."),
};

CONFIG_TABLE(dns, "Name servers");
