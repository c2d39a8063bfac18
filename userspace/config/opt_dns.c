// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
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

static const struct config_row dns_rows[] = {
	CONFIG_SPECIAL("dhcp-option", 1, 2, CONFIG_IN_MAIN | CONFIG_IN_PUSH,
		set_dhcp_option, "TYPE [VALUE]",
		"Tell --up and --down of a name server or a domain.\nThey get it in "
		"foreign_option_1 and so on, as from OpenVPN, and with them the "
		"programs that distributions have for that, such as "
		"update-resolv-conf and update-systemd-resolved. Nothing else is "
		"done about it. TYPE is DNS, DNS6, DOMAIN, DOMAIN-SEARCH, "
		"ADAPTER_DOMAIN_SUFFIX, WINS, NTP or another one that OpenVPN "
		"knows."),
};

CONFIG_TABLE(dns, "Name servers");
