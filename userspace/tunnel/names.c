// SPDX-License-Identifier: GPL-2.0-or-later
/* Name servers of the tunnel: what programs and our own helper are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* ---- foreign_option_N --------------------------------------------------- */

/** struct foreign - @n: so many have been set */
struct foreign {
	struct hook_env *env;
	unsigned int n;
};

static void foreign_add(struct foreign *list, const char *text)
{
	char name[32];

	snprintf(name, sizeof(name), "foreign_option_%u", ++list->n);
	hook_env_set(list->env, name, text);
}

static void foreign_add_dns(struct foreign *list, const struct config *cfg)
{
	const struct config_dns_server *server = cfg->dns_servers;
	const struct config_text *domain = cfg->dns_search;
	char text[320], ip[NET_PREFIX_STRLEN];

	for (; server; server = server->next) {
		for (size_t i = 0; i < server->n_addrs; i++) {
			const struct net_ip *addr = &server->addrs[i].ip;

			snprintf(text, sizeof(text), "dhcp-option DNS%s %s",
				 addr->family == AF_INET6 ? "6" : "",
				 net_ip_format(addr, ip));
			foreign_add(list, text);
		}
	}
	for (; domain; domain = domain->next) {
		snprintf(text, sizeof(text), "dhcp-option DOMAIN-SEARCH %s",
			 domain->text);
		foreign_add(list, text);
	}
}

/**
 * tunnel_names_foreign() - foreign_option_1 and so on, for up and down
 * @env: gets them
 * @cfg: "dns" counts if there is any, else "dhcp-option"
 */
void tunnel_names_foreign(struct hook_env *env, const struct config *cfg)
{
	const struct config_text *text = cfg->dhcp_options;
	struct foreign list = { .env = env };
	char name[32];

	if (cfg->dns_servers || cfg->dns_search)
		foreign_add_dns(&list, cfg);
	else
		for (; text; text = text->next)
			foreign_add(&list, text->text);
	/* of an earlier connection there may have been more */
	for (;;) {
		snprintf(name, sizeof(name), "foreign_option_%u", ++list.n);
		if (!hook_env_get(env, name))
			return;
		hook_env_set(env, name, NULL);
	}
}

/* ---- dns_* -------------------------------------------------------------- */

static void env_domains(struct hook_env *env, const char *prefix,
			const struct config_text *domain)
{
	char name[80];

	for (unsigned int n = 1; domain; n++, domain = domain->next) {
		snprintf(name, sizeof(name), "%s_%u", prefix, n);
		hook_env_set(env, name, domain->text);
	}
}

static void env_address(struct hook_env *env, unsigned int server,
			unsigned int n, const struct net_dns_addr *addr)
{
	char name[64], ip[NET_PREFIX_STRLEN];

	snprintf(name, sizeof(name), "dns_server_%u_address_%u", server, n);
	hook_env_set(env, name, net_ip_format(&addr->ip, ip));
	if (!addr->port)
		return;
	snprintf(name, sizeof(name), "dns_server_%u_port_%u", server, n);
	hook_env_setf(env, name, "%u", addr->port);
}

static void env_server(struct hook_env *env, unsigned int n,
		       const struct config_dns_server *server)
{
	char name[64];

	for (size_t i = 0; i < server->n_addrs; i++)
		env_address(env, n, (unsigned int)i + 1, &server->addrs[i]);
	snprintf(name, sizeof(name), "dns_server_%u_resolve_domain", n);
	env_domains(env, name, server->domains);
	snprintf(name, sizeof(name), "dns_server_%u_dnssec", n);
	hook_env_set(env, name, net_dnssec_name(server->dnssec));
	snprintf(name, sizeof(name), "dns_server_%u_transport", n);
	hook_env_set(env, name, net_dns_transport_name(server->transport));
	snprintf(name, sizeof(name), "dns_server_%u_sni", n);
	hook_env_set(env, name, server->sni);
}

/* Return: of "dhcp-option TYPE VALUE", if it is of that type; NULL */
static const char *dhcp_value(const struct config_text *text, const char *type)
{
	const char *at = text->text + strlen("dhcp-option ");
	size_t len = strlen(type);

	return !strncasecmp(at, type, len) && at[len] == ' ' ? at + len + 1 :
							      NULL;
}

/* The older way to say the same: all addresses are one server's. */
static unsigned int env_dhcp_server(struct hook_env *env,
				    const struct config *cfg)
{
	const struct config_text *text = cfg->dhcp_options;
	struct net_dns_addr addr = { 0 };
	unsigned int n = 0;

	for (; text && n < NET_DNS_ADDRS_MAX; text = text->next) {
		const char *value = dhcp_value(text, "DNS");

		if (!value)
			value = dhcp_value(text, "DNS6");
		if (value && !net_ip_parse(value, &addr.ip))
			env_address(env, 1, ++n, &addr);
	}
	return n ? 1 : 0;
}

/* DOMAIN in front of what is only searched, too. */
static void env_dhcp_search(struct hook_env *env, const struct config *cfg)
{
	static const char *const types[] = {
		"DOMAIN", "ADAPTER_DOMAIN_SUFFIX", "DOMAIN-SEARCH",
	};
	unsigned int n = 0;
	char name[40];

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const struct config_text *text = cfg->dhcp_options;

		for (; text; text = text->next) {
			const char *value = dhcp_value(text, types[i]);

			if (!value || !net_dns_domain_is_valid(value))
				continue;
			snprintf(name, sizeof(name), "dns_search_domain_%u",
				 ++n);
			hook_env_set(env, name, value);
		}
	}
}

/* NULL: there is no server, or no memory. */
static struct hook_env *names_env(const struct tunnel_host *host,
				  const struct config *cfg)
{
	const struct config_dns_server *server = cfg->dns_servers;
	struct hook_env *env = hook_env_new(NULL);
	unsigned int n = 0;

	if (!env)
		return NULL;
	hook_env_set(env, "dev", host->link.name);
	for (; server; server = server->next) {
		if (server->n_addrs)
			env_server(env, ++n, server);
		else
			log_warn("dns server %d has no address and is left out",
				 server->number);
	}
	if (!cfg->dns_servers)
		n = env_dhcp_server(env, cfg);
	if (cfg->dns_search || cfg->dns_servers)
		env_domains(env, "dns_search_domain", cfg->dns_search);
	else
		env_dhcp_search(env, cfg);
	if (n)
		return env;
	hook_env_free(env);
	return NULL;
}

/* ---- up and down --------------------------------------------------------- */

/* Is it left to an "up" that was written for it? */
static bool is_for_up(const struct config *cfg)
{
	return cfg->dns_updown == CONFIG_DNS_UPDOWN_DEFAULT &&
	       cfg->scripts[CONFIG_SCRIPT_UP];
}

/** tunnel_names_is_ours() - does this program set name servers by itself? */
bool tunnel_names_is_ours(const struct config *cfg)
{
	return cfg->is_tls_client && cfg->mode != CONFIG_MODE_SERVER &&
	       cfg->dns_updown != CONFIG_DNS_UPDOWN_OFF &&
	       cfg->dns_updown != CONFIG_DNS_UPDOWN_COMMAND && !is_for_up(cfg);
}

static bool is_done(const struct hook_result *result, enum hook_event event)
{
	if (result->status == HOOK_OK)
		return true;
	log_warn("%s: %s", hook_name(event), result->why);
	return false;
}

/* What has not been set, as far as we know, is tried again the next time. */
static void names_up_done(void *arg, const struct hook_result *result)
{
	struct tunnel_host *host = arg;

	host->names_job = NULL;
	if (!is_done(result, HOOK_DNS_UP))
		tunnel_names_down(host);
}

static void names_down_done(void *arg, const struct hook_result *result)
{
	(void)arg;
	is_done(result, HOOK_DNS_DOWN);
}

static struct hook_job *names_run(struct tunnel_host *host,
				  enum hook_event event, hook_done_fn *done)
{
	struct hook_run run = {
		.event = event, .key = "device", .env = host->names,
	};

	return hook_run(host->setup.hook, &run, done, host);
}

/** struct compared - @is_part: @with has all variables so far, as they are */
struct compared {
	const struct hook_env *with;
	bool is_part;
};

static void compare(void *arg, const char *text)
{
	struct compared *compared = arg;
	size_t len = strcspn(text, "=");
	const char *value;
	char name[96];

	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	value = hook_env_get(compared->with, name);
	if (!value || strcmp(value, text + len + 1))
		compared->is_part = false;
}

static bool is_part(const struct hook_env *a, const struct hook_env *b)
{
	struct compared compared = { .with = b, .is_part = true };

	hook_env_each(a, compare, &compared);
	return compared.is_part;
}

static bool is_equal(const struct hook_env *a, const struct hook_env *b)
{
	return is_part(a, b) && is_part(b, a);
}

/** tunnel_names_down() - name servers that were set are so no more */
void tunnel_names_down(struct tunnel_host *host)
{
	if (!host->names)
		return;
	hook_job_drop(host->names_job);
	host->names_job = NULL;
	names_run(host, HOOK_DNS_DOWN, names_down_done);
	hook_env_free(host->names);
	host->names = NULL;
}

/**
 * tunnel_names_up() - set the name servers of a configuration
 * @host: a client's
 * @cfg: what counts now; if nothing has changed, nothing is done
 */
void tunnel_names_up(struct tunnel_host *host, const struct config *cfg)
{
	struct hook_env *env;

	if (!hook_has(host->setup.hook, HOOK_DNS_UP))
		return;
	env = names_env(host, cfg);
	if (env && host->names && is_equal(env, host->names)) {
		hook_env_free(env);
		return;
	}
	tunnel_names_down(host);
	if (!env)
		return;
	host->names = env;
	host->names_job = names_run(host, HOOK_DNS_UP, names_up_done);
	if (host->names_job)
		return;
	hook_env_free(env);
	host->names = NULL;
}
