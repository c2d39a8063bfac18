// SPDX-License-Identifier: GPL-2.0-or-later
/* The administrator's programs: what they are told, and when (section 11). */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tunnel/private.h"

static_assert((int)CONFIG_PLUGINS_MAX + 2 <= (int)HOOK_PLUGINS_MAX,
	      "there is no room for PAM and name servers");
static_assert((int)CONFIG_SCRIPTS == (int)HOOK_EVENTS &&
	      (int)CONFIG_SCRIPT_CLIENT_CONNECT == (int)HOOK_CLIENT_CONNECT &&
	      (int)CONFIG_SCRIPT_DNS_DOWN == (int)HOOK_DNS_DOWN,
	      "the two lists differ");

/* ---- life ------------------------------------------------------------ */

static const char *hook_output(const struct config *cfg)
{
	if (cfg->log_path)
		return cfg->log_path;
	return cfg->is_daemon || cfg->is_syslog ? "/dev/null" : NULL;
}

/* What a plugin hears before there is anything else to tell. */
static struct hook_env *plugin_env(const struct config *cfg)
{
	struct hook_env *env = hook_env_new(NULL);

	if (!env)
		return NULL;
	hook_env_set(env, "config", cfg->config_path);
	hook_env_setf(env, "verb", "%d", cfg->verb);
	hook_env_set(env, "daemon", cfg->is_daemon ? "1" : "0");
	hook_env_set(env, "daemon_log_redirect", cfg->log_path ? "1" : "0");
	hook_env_setf(env, "daemon_pid", "%d", getpid());
	/* so that logins do not wait for each other */
	hook_env_set(env, "deferred_auth_pam", "1");
	return env;
}

/* Where the process of PAM has found it; NULL when out of memory. */
static char **argv_copy(const char *const *from)
{
	size_t n = 0;
	char **out;

	while (from[n])
		n++;
	out = calloc(n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++) {
		out[i] = strdup(from[i]);
		if (out[i])
			continue;
		while (i)
			free(out[--i]);
		free(out);
		return NULL;
	}
	return out;
}

/*
 * In the process of PAM. It has the rights that the daemon has given up, so
 * what it asks is what the files say, and not what the daemon says.
 */
static char **pam_reread(const void *arg, char *err, size_t err_len)
{
	const struct config *cfg = arg;
	struct config *now;
	char **argv = NULL;

	if (config_read(cfg->argc, cfg->argv, NULL, &now, err, err_len))
		return NULL;
	/* who does not want it any more has been told to restart */
	if (now->pam)
		argv = argv_copy(now->pam);
	if (now->pam && !argv)
		snprintf(err, err_len, "out of memory");
	else
		err[0] = '\0';
	config_free(now);
	return argv;
}

/** tunnel_hook_reloaded() - what is asked about logins may be another one */
void tunnel_hook_reloaded(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	if (cfg->pam)
		hook_reread(host->setup.hook, cfg->pam[0]);
}

int tunnel_hook_start(const struct config *cfg, struct hook **out, char *err,
		      size_t err_len)
{
	static const char *const names_argv[] = { "name servers", NULL };
	struct hook_plugin plugins[CONFIG_PLUGINS_MAX + 2] = { 0 };
	struct hook_setup setup = {
		.plugins = plugins, .n_plugins = cfg->n_plugins,
		.user = cfg->user, .group = cfg->group,
		.cwd = cfg->chdir, .tmp_dir = cfg->tmp_dir,
		.cert_dir = cfg->cert_dir,
		.output = hook_output(cfg), .timeout = cfg->script_timeout,
		.pam_reread = cfg->argv ? pam_reread : NULL, .arg = cfg,
	};
	const struct config_text *text;
	bool has_names = tunnel_names_is_ours(cfg);
	bool is_wanted = cfg->n_plugins || cfg->pam || has_names;
	const char **env;
	size_t n = 0;
	int ret;

	*out = NULL;
	for (size_t i = 0; i < cfg->n_plugins; i++)
		plugins[i].argv = cfg->plugins[i];
	if (cfg->pam)
		plugins[setup.n_plugins++] = (struct hook_plugin){
			.argv = cfg->pam, .is_pam = true,
		};
	if (has_names)
		plugins[setup.n_plugins++] = (struct hook_plugin){
			.argv = names_argv, .is_dns = true,
		};
	for (size_t i = 0; i < HOOK_EVENTS; i++) {
		setup.commands[i] = cfg->scripts[i];
		is_wanted |= cfg->scripts[i] != NULL;
	}
	if (!is_wanted)
		return 0;
	for (text = cfg->env; text; text = text->next)
		n++;
	env = calloc(n + 1, sizeof(*env));
	if (!env)
		return -ENOMEM;
	n = 0;
	for (text = cfg->env; text; text = text->next)
		env[n++] = text->text;
	setup.env = env;
	setup.plugin_env = plugin_env(cfg);
	ret = hook_start(&setup, out, err, err_len);
	hook_env_free((struct hook_env *)setup.plugin_env);
	free(env);
	return ret;
}

/* ---- variables ------------------------------------------------------- */

static void env_ip(struct hook_env *env, const char *name,
		   const struct net_ip *ip)
{
	char text[NET_PREFIX_STRLEN];

	hook_env_set(env, name, ip->family ? net_ip_format(ip, text) : NULL);
}

/* "udp", "udp4", "tcp6-client" */
static const char *proto_name(enum config_proto proto, const char *side,
			      char out[24])
{
	sa_family_t family = config_proto_family(proto);
	const char *digit = family == AF_INET ? "4" :
			    family == AF_INET6 ? "6" : "";

	if (config_proto_is_tcp(proto))
		snprintf(out, 24, "tcp%s-%s", digit, side);
	else
		snprintf(out, 24, "udp%s", digit);
	return out;
}

static void env_proxy(struct hook_env *env, const struct config_proxy *proxy,
		      unsigned int n)
{
	const char *kind = proxy->is_socks ? "socks" : "http";
	char name[40];

	snprintf(name, sizeof(name), "%s_proxy_server_%u", kind, n);
	hook_env_set(env, name, proxy->host);
	snprintf(name, sizeof(name), "%s_proxy_port_%u", kind, n);
	hook_env_setf(env, name, "%u", proxy->port);
}

static void env_remotes(struct hook_env *env, const struct config *cfg)
{
	const struct config_remote *remote = cfg->remotes;
	char name[32], text[24];

	for (unsigned int n = 1; remote; n++, remote = remote->next) {
		snprintf(name, sizeof(name), "remote_%u", n);
		hook_env_set(env, name, remote->host);
		snprintf(name, sizeof(name), "remote_port_%u", n);
		hook_env_setf(env, name, "%u", remote->port);
		snprintf(name, sizeof(name), "proto_%u", n);
		hook_env_set(env, name, proto_name(remote->proto, "client",
						   text));
		if (remote->proxy)
			env_proxy(env, remote->proxy, n);
	}
	if (!cfg->remotes)
		hook_env_setf(env, "remote_port_1", "%u", cfg->rport);
}

static void env_local(struct hook_env *env, const struct config_local *local,
		      size_t n)
{
	char name[32], text[24];

	snprintf(name, sizeof(name), "local_%zu", n);
	hook_env_set(env, name, local->host);
	snprintf(name, sizeof(name), "local_port_%zu", n);
	hook_env_setf(env, name, "%u", local->port);
	snprintf(name, sizeof(name), "proto_%zu", n);
	hook_env_set(env, name, proto_name(local->proto, "server", text));
}

static void env_locals(struct hook_env *env, const struct config *cfg)
{
	const struct config_local own = {
		.host = cfg->local_host, .port = cfg->lport,
		.proto = cfg->proto,
	};

	for (size_t i = 0; i < cfg->n_locals; i++)
		env_local(env, &cfg->locals[i], i + 1);
	if (!cfg->n_locals && !cfg->remotes)
		env_local(env, &own, 1);
}

/* setenv-safe of a server; programs have those of the configuration anyway. */
static void env_pushed(struct hook_env *env, const char *text)
{
	const char *value = strchr(text, '=');
	char name[64];

	if (!value || strncmp(text, "OPENVPN_", 8) ||
	    (size_t)(value - text) >= sizeof(name))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(value - text), text);
	hook_env_set(env, name, value + 1);
}

/* The device, its addresses and routes, as configured or pushed. */
static void env_device(struct tunnel_host *host, const struct config *cfg)
{
	struct hook_env *env = host->hook_env;
	char text[NET_PREFIX_STRLEN];

	hook_env_set(env, "dev", host->link.name);
	hook_env_set(env, "dev_type", config_is_tap(cfg) ? "tap" : "tun");
	hook_env_setf(env, "tun_mtu", "%u", cfg->tun_mtu);
	if (cfg->has_ifconfig) {
		env_ip(env, "ifconfig_local", &cfg->ifconfig.ip);
		if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
			hook_env_set(env, "ifconfig_netmask",
				     net_mask_format(cfg->ifconfig.len, text));
		else
			env_ip(env, "ifconfig_remote", &cfg->ifconfig_peer);
	}
	if (cfg->has_ifconfig6) {
		env_ip(env, "ifconfig_ipv6_local", &cfg->ifconfig6.ip);
		env_ip(env, "ifconfig_ipv6_remote", &cfg->ifconfig6_peer);
		hook_env_setf(env, "ifconfig_ipv6_netbits", "%u",
			      cfg->ifconfig6.len);
	}
	tunnel_hook_routes_env(host, cfg);
	if (cfg != host->setup.cfg)
		for (const struct config_text *it = cfg->env; it; it = it->next)
			env_pushed(env, it->text);
	tunnel_names_foreign(env, cfg);
}

/**
 * tunnel_hook_init() - the variables that all programs get
 * @host: gets @hook_env, if programs or the management interface are configured
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_hook_init(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	struct hook_env *env;

	if (!host->setup.hook && !cfg->management_host)
		return 0;
	env = host->hook_env = hook_env_new(NULL);
	if (!env)
		return -ENOMEM;
	hook_env_set(env, "config", cfg->config_path);
	hook_env_setf(env, "verb", "%d", cfg->verb);
	hook_env_set(env, "daemon", cfg->is_daemon ? "1" : "0");
	hook_env_set(env, "daemon_log_redirect", cfg->log_path ? "1" : "0");
	hook_env_setf(env, "daemon_start_time", "%lld",
		      (long long)host->started);
	hook_env_setf(env, "daemon_pid", "%d", getpid());
	env_remotes(env, cfg);
	env_locals(env, cfg);
	return host->setup.hook ?
	       hook_attach(host->setup.hook, host->setup.loop) : 0;
}

static void env_addr(struct hook_env *env, const char *which,
		     const union net_addr *addr)
{
	char text[INET6_ADDRSTRLEN] = "", name[32];
	union net_addr plain = *addr;
	bool is_v4;

	net_addr_unmap(&plain);
	is_v4 = plain.sa.sa_family == AF_INET;
	if (is_v4)
		inet_ntop(AF_INET, &plain.in4.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &plain.in6.sin6_addr, text, sizeof(text));
	snprintf(name, sizeof(name), "%s_ip%s", which, is_v4 ? "" : "6");
	hook_env_set(env, name, text);
	snprintf(name, sizeof(name), "%s_port", which);
	hook_env_setf(env, name, "%u", net_addr_port(&plain));
}

static void env_time(struct hook_env *env, int64_t now)
{
	time_t at = (time_t)now;
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%F %T", &tm);
	hook_env_set(env, "time_ascii", text);
	hook_env_setf(env, "time_unix", "%lld", (long long)now);
}

/**
 * tunnel_hook_session_env() - the variables of one client's session
 * @ts: the session; who it is may not be known yet
 *
 * What has been found out about a client that is connected stays.
 *
 * Return: of the caller; NULL without memory, and when nobody is to be told.
 */
struct hook_env *tunnel_hook_session_env(const struct tunnel_session *ts)
{
	const struct tunnel *tunnel = ts->tunnel;
	bool is_again = tunnel->hook_env && ts == tunnel->active;
	struct hook_env *env;

	if (!tunnel->host->hook_env)
		return NULL;
	env = hook_env_new(is_again ? tunnel->hook_env :
				      tunnel->host->hook_env);
	if (!env)
		return NULL;
	if (ts->has_identity && ts->identity.common_name[0] && !is_again)
		hook_env_set(env, "common_name", ts->identity.common_name);
	if (ts->has_identity)
		tunnel_hook_chain_env(env, ts, 0);
	env_addr(env, "untrusted", &tunnel->remote);
	if (ts->peer_info)
		hook_env_peer_info(env, ts->peer_info);
	tunnel_hook_exported_env(env, ts);
	return env;
}

/**
 * tunnel_hook_env() - the variables of one client, made when first needed
 * @tunnel: whose active session has an identity
 *
 * Return: NULL when out of memory, and when no programs are configured.
 */
struct hook_env *tunnel_hook_env(struct tunnel *tunnel)
{
	struct hook_env *env = tunnel->hook_env;

	if (env || !tunnel->active)
		return env;
	env = tunnel->hook_env = tunnel_hook_session_env(tunnel->active);
	if (!env)
		return NULL;
	hook_env_set(env, "common_name", tunnel->common_name);
	if (tunnel->has_username)
		hook_env_set(env, "username", tunnel->username);
	env_addr(env, "trusted", &tunnel->remote);
	env_time(env, tunnel->connected_since ? tunnel->connected_since :
		 tunnel->host->env.realtime());
	return env;
}

/* The addresses that a client has got. */
static void env_pool(struct hook_env *env, const struct tunnel *tunnel)
{
	const struct config *cfg = tunnel_cfg(tunnel);
	struct control_push_reply reply = { 0 };

	tunnel_server_addresses(tunnel, &reply);
	env_ip(env, "ifconfig_pool_remote_ip",
	       tunnel_address(tunnel, AF_INET));
	if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
		env_ip(env, "ifconfig_pool_netmask", &reply.vpn4_remote);
	else
		env_ip(env, "ifconfig_pool_local_ip", &reply.vpn4_remote);
	if (!tunnel->vpn6.family)
		return;
	env_ip(env, "ifconfig_pool_remote_ip6",
	       tunnel_address(tunnel, AF_INET6));
	env_ip(env, "ifconfig_pool_local_ip6", &reply.vpn6_remote);
	hook_env_setf(env, "ifconfig_pool_ip6_netbits", "%u", reply.vpn6.len);
}

/* ---- the device ------------------------------------------------------ */

/* Arguments of up, down and route-pre-down; some are empty. */
struct device_args {
	const char *list[6];
	char mtu[16], local[NET_PREFIX_STRLEN], remote[NET_PREFIX_STRLEN];
};

static void device_args(struct device_args *args, struct tunnel_host *host,
			const struct config *cfg, bool is_restart)
{
	snprintf(args->mtu, sizeof(args->mtu), "%u", cfg->tun_mtu);
	args->local[0] = '\0';
	args->remote[0] = '\0';
	if (cfg->has_ifconfig) {
		net_ip_format(&cfg->ifconfig.ip, args->local);
		if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
			net_mask_format(cfg->ifconfig.len, args->remote);
		else
			net_ip_format(&cfg->ifconfig_peer, args->remote);
	}
	args->list[0] = host->link.name;
	args->list[1] = args->mtu;
	args->list[2] = "0";
	args->list[3] = args->local;
	args->list[4] = args->remote;
	args->list[5] = is_restart ? "restart" : "init";
	hook_env_set(host->hook_env, "script_context", args->list[5]);
}

static void device_run(struct tunnel_host *host, const struct config *cfg,
		       enum hook_event event, bool is_restart,
		       hook_done_fn *done)
{
	struct device_args args;
	struct hook_run run = {
		.event = event, .key = "device", .env = host->hook_env,
	};

	if (!hook_has(host->setup.hook, event))
		return;
	device_args(&args, host, cfg, is_restart);
	if (event != HOOK_ROUTE_UP) {
		run.args = args.list;
		run.n_args = 6;
	}
	if (!hook_run(host->setup.hook, &run, done, host) &&
	    event == HOOK_UP)
		tunnel_host_finish(host, 1);
}

static void up_done(void *arg, const struct hook_result *result)
{
	if (result->status == HOOK_OK)
		return;
	log_error("up: %s; the daemon ends", result->why);
	tunnel_host_finish(arg, 1);
}

static void initialized(void *arg, const struct hook_result *result)
{
	if (result && result->status != HOOK_OK)
		log_warn("route-up: %s", result->why);
	log_notice("Initialization Sequence Completed");
	priv_initialized();
	tunnel_watch_phase(arg, TUNNEL_PHASE_CONNECTED, "SUCCESS");
}

/* route-up has nothing to wait for but up; this comes behind both. */
static void up_initialized(void *arg, const struct hook_result *result)
{
	up_done(arg, result);
	if (result->status == HOOK_OK)
		initialized(arg, NULL);
}

/* What is true once the routes are there: not yet for up. */
static void env_redirected(struct tunnel_host *host, const struct config *cfg)
{
	bool is_on = cfg->redirect_gateway & CONFIG_REDIRECT_ENABLED;

	hook_env_set(host->hook_env, "redirect_gateway", is_on ? "1" : "0");
}

/**
 * tunnel_hook_up() - the device has its addresses and routes
 * @host: the host
 * @cfg: what counts now
 * @is_restart: it had some before
 *
 * Says "Initialization Sequence Completed" when the programs have ended.
 */
void tunnel_hook_up(struct tunnel_host *host, const struct config *cfg,
		    bool is_restart)
{
	struct hook *hook = host->setup.hook;
	bool has_up = hook_has(hook, HOOK_UP) &&
		      (!is_restart || host->setup.cfg->is_up_restart);
	bool has_route_up = hook_has(hook, HOOK_ROUTE_UP);

	if (host->hook_env) {
		env_device(host, cfg);
		hook_env_set(host->hook_env, "script_context",
			     is_restart ? "restart" : "init");
		hook_env_set(host->hook_env, "signal", NULL);
	}
	host->is_hook_up = host->hook_env != NULL;
	tunnel_names_up(host, cfg);
	if (!is_restart || host->setup.cfg->is_up_restart)
		tunnel_watch_updown(host, true);
	if (has_up)
		device_run(host, cfg, HOOK_UP, is_restart,
			   has_route_up ? up_done : up_initialized);
	env_redirected(host, cfg);
	if (has_route_up)
		device_run(host, cfg, HOOK_ROUTE_UP, is_restart, initialized);
	if (!has_up && !has_route_up)
		initialized(host, NULL);
}

/** tunnel_hook_resumed() - the device has been up all the time */
void tunnel_hook_resumed(struct tunnel_host *host, const struct config *cfg)
{
	if (host->hook_env)
		env_device(host, cfg);
	env_redirected(host, cfg);
	host->is_hook_up = host->hook_env != NULL;
	initialized(host, NULL);
}

/**
 * tunnel_hook_down() - the device goes, or its peer does
 * @host: the host
 * @cfg: what counted
 * @is_restart: the device stays
 * @signal: why, in OpenVPN's words
 */
void tunnel_hook_down(struct tunnel_host *host, const struct config *cfg,
		      bool is_restart, const char *signal)
{
	if (!host->is_hook_up ||
	    (is_restart && !host->setup.cfg->is_up_restart))
		return;
	hook_env_set(host->hook_env, "signal", signal);
	hook_env_set(host->hook_env, "script_context",
		     is_restart ? "restart" : "init");
	tunnel_watch_updown(host, false);
	if (!is_restart)
		device_run(host, cfg, HOOK_ROUTE_PRE_DOWN, false, NULL);
	device_run(host, cfg, HOOK_DOWN, is_restart, NULL);
	if (!is_restart)
		tunnel_names_down(host);
	host->is_hook_up = is_restart;
}

/** tunnel_hook_ipchange() - a client's server has proved who it is */
void tunnel_hook_ipchange(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	const char *args[2];
	struct hook_run run = {
		.event = HOOK_IPCHANGE, .key = "device",
		.env = host->hook_env, .args = args, .n_args = 2,
	};

	if (!host->hook_env)
		return;
	env_addr(host->hook_env, "untrusted", &tunnel->remote);
	env_addr(host->hook_env, "trusted", &tunnel->remote);
	hook_env_set(host->hook_env, "common_name",
		     tunnel->active->identity.common_name);
	tunnel_hook_chain_env(host->hook_env, tunnel->active, 0);
	args[0] = hook_env_get(host->hook_env, "trusted_ip");
	if (!args[0])
		args[0] = hook_env_get(host->hook_env, "trusted_ip6");
	args[1] = hook_env_get(host->hook_env, "trusted_port");
	if (args[0] && args[1] && hook_has(host->setup.hook, HOOK_IPCHANGE))
		hook_run(host->setup.hook, &run, NULL, NULL);
}

/* ---- clients of a server --------------------------------------------- */

/* As plugins know it: 0 is nobody. */
static uint64_t client_id(const struct tunnel *tunnel)
{
	return tunnel->cid + 1;
}

/* Whose programs run one after the other. */
static const char *client_key(const struct tunnel *tunnel, char *out,
			      size_t len)
{
	const struct config *cfg = tunnel->host->setup.cfg;

	if (tunnel->common_name[0] && !cfg->is_duplicate_cn)
		snprintf(out, len, "cn %s", tunnel->common_name);
	else
		snprintf(out, len, "id %llu",
			 (unsigned long long)tunnel->cid);
	return out;
}

/**
 * tunnel_hook_connect() - client-connect
 * @tunnel: the client, whose addresses are known
 * @done: with the lines for it in the result's first file
 *
 * Return: 0, or -EIO when it cannot be run.
 */
int tunnel_hook_connect(struct tunnel *tunnel, hook_done_fn *done)
{
	struct hook_env *env = tunnel_hook_env(tunnel);
	char key[96];
	struct hook_run run = {
		.event = HOOK_CLIENT_CONNECT,
		.key = client_key(tunnel, key, sizeof(key)),
		.client = client_id(tunnel),
		.env = env,
		.files = {
			{ .env = "client_connect_config_file",
			  .flags = HOOK_FILE_ARG | HOOK_FILE_RESULT },
			{ .env = "client_connect_deferred_file",
			  .flags = HOOK_FILE_CONTROL },
		},
		.n_files = 2,
		.defer = HOOK_DEFER_FILE,
	};

	if (!env)
		return -EIO;
	env_pool(env, tunnel);
	hook_env_set(env, "script_context", "init");
	tunnel->job = hook_run(tunnel->host->setup.hook, &run, done, tunnel);
	return tunnel->job ? 0 : -EIO;
}

/**
 * tunnel_hook_connected_env() - the variables of a client that is connected
 * @tunnel: a server's
 *
 * Return: NULL as of tunnel_hook_env().
 */
const struct hook_env *tunnel_hook_connected_env(struct tunnel *tunnel)
{
	struct hook_env *env = tunnel_hook_env(tunnel);

	if (env)
		env_pool(env, tunnel);
	return env;
}

/**
 * tunnel_hook_left_env() - the variables of a client that goes
 * @tunnel: a server's; has left the data path
 *
 * Return: NULL as of tunnel_hook_env().
 */
const struct hook_env *tunnel_hook_left_env(struct tunnel *tunnel)
{
	struct hook_env *env = tunnel_hook_env(tunnel);
	int64_t since = tunnel->connected_since;
	int64_t now = tunnel->host->env.realtime();

	if (!env)
		return NULL;
	if (tunnel->has_pool_address)
		env_pool(env, tunnel);
	hook_env_setf(env, "bytes_received", "%llu",
		      (unsigned long long)tunnel->stats.link_rx_bytes);
	hook_env_setf(env, "bytes_sent", "%llu",
		      (unsigned long long)tunnel->stats.link_tx_bytes);
	hook_env_setf(env, "time_duration", "%lld",
		      since ? (long long)(now - since) : 0ll);
	return env;
}

/* client-disconnect; nobody waits for it */
static void hook_disconnect(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	const struct hook_env *env = tunnel_hook_left_env(tunnel);
	char key[96];
	struct hook_run run = {
		.event = HOOK_CLIENT_DISCONNECT,
		.key = client_key(tunnel, key, sizeof(key)),
		.client = client_id(tunnel),
		.env = env,
	};

	if (!env)
		return;
	hook_run(host->setup.hook, &run, NULL, NULL);
}

/**
 * tunnel_hook_learn() - learn-address, for one address or network
 * @tunnel: whose it is
 * @what: host bits and length: a single address is written without a length
 * @is_add: else it is being lost, and nobody waits
 * @done: for @is_add
 *
 * Return: 0, or -EIO when it cannot be run.
 */
int tunnel_hook_learn(struct tunnel *tunnel, const struct net_prefix *what,
		      bool is_add, hook_done_fn *done)
{
	struct tunnel_host *host = tunnel->host;
	bool is_host = what->len == (what->ip.family == AF_INET ? 32 : 128);
	char addr[NET_PREFIX_STRLEN], key[96];
	const char *args[] = {
		is_add ? "add" : "delete", addr,
		tunnel->common_name[0] ? tunnel->common_name : "UNDEF",
	};
	struct hook_run run = {
		.event = HOOK_LEARN_ADDRESS, .key = key, .args = args,
		.n_args = is_add ? 3 : 2,
		.client = is_add ? client_id(tunnel) : 0,
		.env = is_add ? tunnel_hook_env(tunnel) : host->hook_env,
	};
	struct hook_job *job;

	if (is_host)
		net_ip_format(&what->ip, addr);
	else
		net_prefix_format(what, addr);
	snprintf(key, sizeof(key), "address %s", addr);
	job = hook_run(host->setup.hook, &run, is_add ? done : NULL, tunnel);
	if (is_add)
		tunnel->job = job;
	return job ? 0 : -EIO;
}

/**
 * tunnel_hook_leave() - a client that programs know of goes
 * @tunnel: the client; may be none that they know
 */
void tunnel_hook_leave(struct tunnel *tunnel)
{
	struct net_prefix what;

	hook_job_drop(tunnel->job);
	tunnel->job = NULL;
	if (tunnel->is_hooked)
		hook_disconnect(tunnel);
	tunnel->is_hooked = false;
	while (tunnel->n_learned) {
		tunnel->n_learned--;
		if (tunnel_policy_address(tunnel, tunnel->n_learned, &what) &&
		    hook_has(tunnel->host->setup.hook, HOOK_LEARN_ADDRESS))
			tunnel_hook_learn(tunnel, &what, false, NULL);
	}
	hook_env_free(tunnel->hook_env);
	tunnel->hook_env = NULL;
}

/** tunnel_hook_gone() - behind everything else of a client */
void tunnel_hook_gone(struct tunnel *tunnel)
{
	struct hook *hook = tunnel->host->setup.hook;
	char key[96];

	if (hook && tunnel->host->server)
		hook_gone(hook, client_id(tunnel),
			  client_key(tunnel, key, sizeof(key)));
}
