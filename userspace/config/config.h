/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mem.h"
#include "net/net.h"
#include "proto/proto.h"

/*
 * OpenVPN's configuration language: files, inline blocks and --options to one
 * typed struct. One table row per option. The same table parses pushed options.
 */

enum config_mode {
	CONFIG_MODE_P2P,
	CONFIG_MODE_SERVER,	/* mode server */
};

enum config_proto {
	CONFIG_PROTO_UDP,	/* either family */
	CONFIG_PROTO_UDP4,
	CONFIG_PROTO_UDP6,
	CONFIG_PROTO_TCP,	/* either family */
	CONFIG_PROTO_TCP4,
	CONFIG_PROTO_TCP6,
};

bool config_proto_is_tcp(enum config_proto proto);

/** config_proto_family() - AF_UNSPEC: either */
sa_family_t config_proto_family(enum config_proto proto);

struct config;

/* Is one of the remotes, or of a server's sockets, over this? */
bool config_has_udp(const struct config *cfg);
bool config_has_tcp(const struct config *cfg);

enum config_topology {
	CONFIG_TOPOLOGY_NET30,
	CONFIG_TOPOLOGY_P2P,
	CONFIG_TOPOLOGY_SUBNET,
};

enum config_name_type {
	CONFIG_NAME_NONE,
	CONFIG_NAME_SUBJECT,
	CONFIG_NAME_NAME,
	CONFIG_NAME_PREFIX,
};

enum config_purpose {
	CONFIG_PURPOSE_ANY,
	CONFIG_PURPOSE_SERVER,
	CONFIG_PURPOSE_CLIENT,
};

enum config_client_cert {
	CONFIG_CLIENT_CERT_REQUIRE,
	CONFIG_CLIENT_CERT_OPTIONAL,
	CONFIG_CLIENT_CERT_NONE,
};


/* "ovpnd-data-path": auto is ours; disable-dco means user. */
enum config_data_path {
	CONFIG_DATA_PATH_AUTO,
	CONFIG_DATA_PATH_KERNEL,
	CONFIG_DATA_PATH_USER,
};

/* mssfix: how its number is meant */
enum config_mssfix {
	CONFIG_MSSFIX_DEFAULT,	/* not given */
	CONFIG_MSSFIX_LINK,
	CONFIG_MSSFIX_MTU,
	CONFIG_MSSFIX_FIXED,
	CONFIG_MSSFIX_OFF,
};

/* mtu-disc: what becomes of packets that are too long for the path */
enum config_mtu_disc {
	CONFIG_MTU_DISC_NO,	/* they are sent in fragments */
	CONFIG_MTU_DISC_MAYBE,
	CONFIG_MTU_DISC_YES,
};

/** struct config_blob - content of a file option, read at parse time */
struct config_blob {
	const char *path;	/* "[inline]" for a block; NULL: not given */
	const char *text;
	size_t len;
};

#define CONFIG_HASH_SHA1	20
#define CONFIG_HASH_MAX		32	/* SHA-256 */
#define CONFIG_KEY_USAGES_MAX	16
#define CONFIG_USERNAME_FIELDS_MAX 8

/** struct config_hash - fingerprint of a certificate; the length says which */
struct config_hash {
	uint8_t bytes[CONFIG_HASH_MAX];
	size_t len;
	struct config_hash *next;
};

#define CONFIG_PROVIDERS_MAX	8

/** struct config_track - an attribute of certificates that programs are told */
struct config_track {
	const char *name;
	bool is_of_chain;	/* not only of the peer's own */
	struct config_track *next;
};

#define CONFIG_HTTP_HEADERS_MAX	16

/**
 * struct config_proxy - what a client connects through: HTTP or SOCKS 5
 * @is_no_clear: no login that whoever listens can read (auto-nct)
 */
struct config_proxy {
	bool is_socks, is_no_clear;
	const char *host;
	uint16_t port;
};

/** struct config_remote - @proxy NULL: directly */
struct config_remote {
	const char *host;
	uint16_t port;
	enum config_proto proto;
	uint32_t connect_timeout;
	const struct config_proxy *proxy;
	struct config_remote *next;
};

#define CONFIG_LOCALS_MAX	64

/**
 * struct config_local - a socket of a server, or of the end that waits
 * @host: NULL: at all addresses
 * @is_ipv6only: if it is one of IPv6
 */
struct config_local {
	const char *host;
	uint16_t port;
	enum config_proto proto;
	bool is_ipv6only;
};

/** struct config_route - as written; keywords are resolved when applied */
struct config_route {
	struct net_prefix dst;
	const char *host;	/* a name that @dst is the address of; NULL */
	bool is_host_known;	/* @dst has it */
	const char *gateway;	/* address, "vpn_gateway", "net_gateway", NULL */
	uint32_t metric;
	bool has_metric;
	struct config_route *next;
};

/** struct config_nat - a rule of client-nat; @network has no host bits */
struct config_nat {
	bool is_dst;
	struct net_prefix network;
	struct net_ip alias;
	struct config_nat *next;
};

/** struct config_text - list of strings, in order */
struct config_text {
	const char *text;
	struct config_text *next;
};

enum config_filter_action {
	CONFIG_FILTER_ACCEPT,
	CONFIG_FILTER_IGNORE,
	CONFIG_FILTER_REJECT,
};

/** struct config_filter - one pull-filter; the first that matches decides */
struct config_filter {
	enum config_filter_action action;
	const char *prefix;
	struct config_filter *next;
};

/* redirect-gateway flags */
enum config_redirect {
	CONFIG_REDIRECT_ENABLED = 1 << 0,
	CONFIG_REDIRECT_LOCAL = 1 << 1,
	CONFIG_REDIRECT_DEF1 = 1 << 2,
	CONFIG_REDIRECT_IPV6 = 1 << 3,
	CONFIG_REDIRECT_NO_IPV4 = 1 << 4,
	CONFIG_REDIRECT_AUTOLOCAL = 1 << 5,
	CONFIG_REDIRECT_BLOCK_LOCAL = 1 << 6,
	CONFIG_REDIRECT_BYPASS = 1 << 7,	/* of Windows */
};

/* --genkey TYPE */
enum config_genkey {
	CONFIG_GENKEY_NONE,
	CONFIG_GENKEY_SECRET,
	CONFIG_GENKEY_V2_SERVER,
	CONFIG_GENKEY_V2_CLIENT,
	CONFIG_GENKEY_AUTH_TOKEN,
};

/* Programs, in the order of enum hook_event. */
enum config_script {
	CONFIG_SCRIPT_UP,
	CONFIG_SCRIPT_DOWN,
	CONFIG_SCRIPT_ROUTE_UP,
	CONFIG_SCRIPT_ROUTE_PRE_DOWN,
	CONFIG_SCRIPT_IPCHANGE,
	CONFIG_SCRIPT_TLS_VERIFY,
	CONFIG_SCRIPT_USER_PASS_VERIFY,
	CONFIG_SCRIPT_CLIENT_CONNECT,
	CONFIG_SCRIPT_CLIENT_DISCONNECT,
	CONFIG_SCRIPT_LEARN_ADDRESS,
	CONFIG_SCRIPT_CLIENT_CRRESPONSE,
	CONFIG_SCRIPT_TLS_CRYPT_V2_VERIFY,
	CONFIG_SCRIPT_DNS_UP,
	CONFIG_SCRIPT_DNS_DOWN,
	CONFIG_SCRIPTS,
};

/* dns-updown */
enum config_dns_updown {
	CONFIG_DNS_UPDOWN_DEFAULT,	/* unless "up" does it */
	CONFIG_DNS_UPDOWN_OFF,
	CONFIG_DNS_UPDOWN_FORCE,
	CONFIG_DNS_UPDOWN_COMMAND,
};

/**
 * struct config_dns_server - "dns server N ..."
 * @is_own: not pushed; one that is pushed with its number takes its place
 */
struct config_dns_server {
	int number;
	bool is_own;
	struct net_dns_addr addrs[NET_DNS_ADDRS_MAX];
	size_t n_addrs;
	struct config_text *domains;
	enum net_dnssec dnssec;
	enum net_dns_transport transport;
	const char *sni;
	struct config_dns_server *next;
};

#define CONFIG_PLUGINS_MAX 16

/**
 * struct config - everything; strings live in @arena
 *
 * Durations are in seconds unless a name says otherwise.
 */
struct config {
	struct mem_arena *arena;

	/* role */
	enum config_mode mode;
	bool is_tls_server, is_tls_client, is_pull;
	bool is_float;

	/* transport */
	enum config_proto proto;
	const struct config_local *locals;	/* of who waits: a tls-server */
	size_t n_locals;
	const char *local_host;			/* of others */
	uint16_t lport, rport;
	bool is_bind;			/* false: nobind */
	bool has_remote_random;
	struct config_remote *remotes;
	struct config_blob http_login, socks_login;	/* two lines each */
	const char *http_version, *http_agent;		/* "1.0", NULL */
	const char *http_headers[CONFIG_HTTP_HEADERS_MAX];
	size_t n_http_headers;
	bool has_http_host;		/* a Host line is among them */
	uint32_t sndbuf, rcvbuf;	/* 0: system default */
	uint32_t mark;
	bool has_mark;
	const char *bind_dev;		/* NULL: none */
	enum config_mtu_disc mtu_disc;
	bool has_random_hostname;	/* remote-random-hostname */
	uint32_t connect_retry, connect_retry_max_wait, connect_retry_max;
	uint32_t connect_timeout;	/* until a remote's first packet */
	uint32_t explicit_exit_notify;	/* 0: off; over UDP only */
	uint32_t tcp_queue_limit;	/* packets that wait for a connection */
	const char *share_host, *share_dir;	/* port-share; NULL: none */
	uint16_t share_port;

	/* device and addresses */
	const char *dev;		/* "tun", "tun0", "ovpn-x" */
	const char *dev_type;		/* NULL, "tun", "tap" */
	uint32_t tun_mtu, txqueuelen;
	enum config_topology topology;
	bool has_topology;
	bool has_ifconfig, has_ifconfig6;
	struct net_prefix ifconfig;	/* subnet: address/len; p2p: local/32 */
	struct net_ip ifconfig_peer;	/* p2p and net30 */
	struct net_prefix ifconfig6;
	struct net_ip ifconfig6_peer;
	bool is_ifconfig_noexec, is_route_noexec, is_route_nopull;
	bool is_fqdn_pulled;		/* allow-pull-fqdn */
	struct config_route *routes;	/* both families */
	uint32_t route_metric, route_table;	/* 0: main */
	bool is_ipv6_blocked;
	const char *route_gateway;	/* address or NULL */
	unsigned int redirect_gateway;	/* of enum config_redirect */
	enum config_data_path data_path;
	uint32_t data_threads;
	uint32_t shaper;		/* bytes per second; 0: no limit */
	bool is_mtu_test;

	/* server */
	struct net_prefix server, server6;
	bool has_server, has_server6, is_server_nopool;
	bool has_pool, has_pool6;
	bool has_bridge;	/* clients are in a network of Ethernet */
	struct net_ip pool_start, pool_end;
	uint8_t pool_len;	/* prefix of their addresses; 0: not given */
	struct net_prefix pool6;
	struct config_text *push;	/* in order, without "push" */
	uint32_t max_clients;
	bool is_duplicate_cn, is_client_to_client;
	uint32_t sessions_per_user;	/* 0: no limit */
	uint32_t connect_freq_n, connect_freq_sec;	/* 0: no limit */
	uint32_t connect_freq_initial_n, connect_freq_initial_sec;
	const char *ccd_path;		/* client-config-dir, NULL: none */
	bool is_ccd_exclusive;
	uint32_t max_routes_per_client;
	bool is_ekm_forced;		/* force-tls-key-material-export */
	const char *pool_path;		/* ifconfig-pool-persist; NULL */
	uint32_t pool_interval;		/* 0: it is only read */

	/* one client of a server, only in a config_client_begin() copy */
	bool is_disabled;
	bool has_ifconfig_push, has_ifconfig6_push;
	bool is_ifconfig_hidden, is_ifconfig6_hidden;	/* push-remove */
	struct net_ip ifconfig_push, ifconfig_push_remote; /* or netmask */
	struct net_prefix ifconfig6_push;
	struct net_ip ifconfig6_push_remote;
	struct config_route *iroutes;	/* both families; only @dst */
	const char *override_username;	/* NULL: none */

	/* keys and TLS */
	struct config_blob ca, cert, key, dh, extra_certs, crl, pkcs12;
	bool has_askpass;
	struct config_blob key_pass;	/* askpass: first line */
	const char *ca_dir, *crl_dir;
	struct config_hash *hashes;	/* peer-fingerprint */
	bool is_hash_of_issuer;		/* verify-hash */
	bool has_key_usage;
	unsigned int key_usages[CONFIG_KEY_USAGES_MAX];
	size_t n_key_usages;
	const char *ext_usage;		/* remote-cert-eku */
	const char *username_fields[CONFIG_USERNAME_FIELDS_MAX + 1];
	struct config_blob tls_auth, tls_crypt, tls_crypt_v2;
	bool is_cookie_forced;		/* tls-crypt-v2 FILE force-cookie */
	uint32_t tls_crypt_v2_max_age;	/* days; 0: any age */
	int key_direction;		/* -1: none */
	const char *auth;		/* digest, "SHA1" */
	const char *cipher;		/* NULL when not given */
	const char *data_ciphers;	/* normalised */
	const char *data_ciphers_fallback;
	const char *tls_version_min, *tls_version_max;
	const char *tls_cipher, *tls_ciphersuites;
	const char *tls_groups, *tls_cert_profile;
	bool is_tls_exit;
	const char *providers[CONFIG_PROVIDERS_MAX + 1];
	struct config_track *tracks;	/* x509-track */
	const char *export_label;	/* keying-material-exporter; NULL */
	uint32_t export_len;
	enum config_purpose remote_cert_tls;
	enum config_name_type verify_name_type;
	const char *verify_name;
	bool has_auth_user_pass, has_auth_retry;
	bool is_peer_info_pushed;	/* push-peer-info */
	const char *challenge;		/* static-challenge; NULL: none */
	bool is_challenge_echoed, is_challenge_concat;
	bool is_auth_interact;		/* auth-retry: ask again */
	struct config_blob auth_user_pass;	/* two lines */
	bool is_username_only;		/* of auth-user-pass */

	/* data channel */
	enum proto_framing framing;	/* a server's clients have their own */
	bool is_passtos;
	struct config_nat *nat;
	uint32_t fragment;		/* 0: none */
	bool is_fragment_mtu;
	enum config_mssfix mssfix_kind;
	uint32_t mssfix;
	bool has_replay_window;
	uint32_t replay_window, replay_time;

	/* logins at a server */
	enum config_client_cert verify_client_cert;
	bool is_login_env, is_login_optional, is_username_cn;
	bool has_auth_token, is_token_external;
	uint32_t token_lifetime;
	uint32_t token_renewal;		/* 0: reneg_sec */
	struct config_blob token_secret;

	/* programs: argv, NULL-terminated; NULL: none */
	const char **scripts[CONFIG_SCRIPTS];
	uint32_t script_security, script_timeout;
	const char **plugins[CONFIG_PLUGINS_MAX];	/* likewise */
	size_t n_plugins;
	const char **pam;		/* service, prompts and answers */
	const char *tmp_dir;
	const char *cert_dir;		/* tls-export-cert; NULL: none */
	bool is_up_restart;

	/* timers */
	uint32_t ping, ping_restart, ping_exit;
	uint32_t reneg_sec, reneg_sec_min;
	uint64_t reneg_bytes, reneg_pkts;	/* 0: no limit */
	uint32_t hand_window, tran_window, tls_timeout;
	uint32_t max_packet_size;
	uint32_t inactive, session_timeout;	/* 0: off */
	uint64_t inactive_bytes;

	/* process */
	const char *user, *group, *writepid;
	const char *chdir;		/* "cd"; all paths here heed it */
	bool is_daemon;
	uint32_t restart_hold;		/* seconds; 0: only by systemd */
	const char *daemon_name;
	const char *log_path;
	bool is_log_append, is_syslog, has_suppress_timestamps;
	bool is_log_for_machines;
	uint32_t mute;			/* 0: off */
	int nice;
	int remap_usr1;			/* what it is taken for; 0: itself */
	bool is_mlock;
	const char *chroot, *setcon;
	int verb;
	const char *status_path;
	uint32_t status_interval;
	int status_version;
	const char *control_path;	/* ovpnctl's socket; NULL: default */
	const char *config_path;	/* for messages */
	int argc;			/* of config_load(); else 0 and NULL */
	char **argv;
	bool is_check;
	enum config_genkey genkey;
	const char *genkey_path;	/* NULL: standard output */
	const char *genkey_data;	/* metadata, base64; NULL: none */

	/* management interface */
	const char *management_host;	/* address or path; NULL: none */
	const char *management_port;	/* NULL: the path of a local socket */
	struct config_blob management_pass;	/* first line */
	const char *management_user, *management_group;
	uint32_t management_log_cache;	/* lines */
	bool is_management_hold, is_management_signal, is_management_auth;
	bool is_management_query, is_management_forget, is_management_updown;
	bool is_management_remote;	/* management-query-remote */
	bool is_management_proxy;	/* management-query-proxy */
	bool is_management_client;	/* the daemon connects */
	bool has_external_key;		/* management-external-key */
	bool is_external_pkcs1, is_external_pss, is_external_nopadding;
	bool is_external_digest;
	const char *management_cert;	/* management-external-cert: its hint */
	struct config_text *echoes;	/* "echo", in order */

	/* pushed only */
	bool has_peer_id;
	uint32_t peer_id;
	bool is_tls_ekm, is_cc_exit, is_dyn_tls_crypt, is_aead_epoch;
	int push_continuation;		/* 0, 1, 2 */
	const char *auth_token;
	const char *auth_token_user;	/* who it is of; NULL: not said */
	bool has_pushed_cipher;		/* then @cipher is the pushed one */

	struct config_text *env;	/* setenv: "NAME=value" */
	struct config_text *dhcp_options;	/* "dhcp-option TYPE VALUE" */
	size_t n_dhcp_options;
	struct config_dns_server *dns_servers;	/* lowest number first */
	struct config_text *dns_search;
	size_t n_dns_words;			/* domains in all of this */
	enum config_dns_updown dns_updown;

	/* private to config/ */
	struct config_share *share;
	struct config_note *notes;	/* what was given, in order */
	struct config_bundle *files;	/* while it is read; NULL: the disk */
	struct config_filter *pull_filters;
	struct config_text *warnings;
	const char *ifconfig_arg[2];	/* meaning depends on the topology */
};

/* What config_load() was asked for instead of running. */
enum config_verdict {
	CONFIG_RUN,
	CONFIG_GENKEY,		/* make a key file and exit */
	CONFIG_CHECK,		/* tunnel_check() and exit */
	CONFIG_EXIT_OK,		/* --help, --version, --show-…: printed */
	CONFIG_EXIT_USAGE,	/* error printed: "Options error: file:line: …" */
};

/**
 * config_load() - command line and files to a checked configuration
 * @argc, @argv: of main(); like OpenVPN, a single argument is a file
 * @out: filled for CONFIG_RUN, CONFIG_GENKEY and CONFIG_CHECK; freed by
 *	config_free()
 *
 * Messages go to stderr (errors) and stdout (help). Every error names file:line
 * (or the command line), what is wrong, and what to write instead.
 */
enum config_verdict config_load(int argc, char **argv, struct config **out);
void config_free(struct config *cfg);

/** config_version() - this program's version, "0.1.0" */
const char *config_version(void);

/** config_open_log() - log_open() as configured; 0 or -errno (logged) */
int config_open_log(const struct config *cfg);

/**
 * config_log_warnings() - what was odd but not wrong, one log_warn() line each
 *
 * To be called once, after log_open().
 */
void config_log_warnings(const struct config *cfg);

/**
 * config_parse() - a text in memory to a checked configuration
 * @name: of the text, for messages
 * @text, @len: the configuration; inline blocks are wiped from working memory,
 *	@text itself is left as it is
 * @has_files: false refuses every option that would read a file
 * @out: freed by config_free(); NULL unless 0 is returned
 * @err: "name:line: what is wrong", one line
 *
 * Return: 0, -EINVAL or -ENOMEM with @err filled.
 */
int config_parse(const char *name, const char *text, size_t len,
		 bool has_files, struct config **out, char *err,
		 size_t err_len);

/**
 * config_apply_pushed() - apply one option of a PUSH_REPLY to a copy
 * @cfg: result of config_pull_begin(), changed
 * @option: the line as pushed
 * @err: reason of a refusal, one line
 *
 * Return: 0 applied or ignored by rule; -ENOENT unknown option (ignored, to be
 * logged); -EPERM not allowed to be pushed; -EINVAL bad argument; -ECANCELED
 * refused by "pull-filter reject": the connection must be restarted; -ENOMEM.
 */
int config_apply_pushed(struct config *cfg, const char *option, char *err,
			size_t err_len);

/**
 * config_client_begin() - copy of a server's @cfg for one of its clients
 *
 * Shares strings with @cfg, which stay until both have been freed.
 */
struct config *config_client_begin(const struct config *cfg);

/**
 * config_client_apply() - the lines of a client's file, on top of others
 * @cfg: result of config_client_begin(), changed
 * @name: of the file, for messages
 * @report: called with "name:line: what is wrong" for each line that is left
 *	out, as OpenVPN does
 *
 * Reads no file.
 *
 * Return: 0, also when lines were left out, or -ENOMEM.
 */
int config_client_apply(struct config *cfg, const char *name, const char *text,
			size_t len, void (*report)(void *arg, const char *err),
			void *arg);

/** config_is_tap() - is the device one of Ethernet? */
bool config_is_tap(const struct config *cfg);

/**
 * config_pull_begin() - copy of @cfg that pushed options are applied to
 *
 * Shares strings with @cfg, which stay until both have been freed.
 */
struct config *config_pull_begin(const struct config *cfg);

/* reading it again while it is in use */

/*
 * The files of a configuration: what one process has read, another can parse
 * without touching the disk.
 */
struct config_bundle;

/** config_bundle_new() - empty, to be filled by config_read(); or NULL */
struct config_bundle *config_bundle_new(void);

/**
 * config_bundle_take() - one that was filled in another process
 * @data: of mem_secret_alloc(); the bundle's from then on
 *
 * Return: NULL when out of memory; then @data is still the caller's.
 */
struct config_bundle *config_bundle_take(void *data, size_t len);

/** config_bundle_data() - borrowed until more is read into it */
const void *config_bundle_data(const struct config_bundle *bundle,
			       size_t *len);
void config_bundle_free(struct config_bundle *bundle);

/**
 * config_read() - command line and files once more, without asking anybody
 * @argc, @argv: as for config_load(), which has accepted them
 * @bundle: gets the files; one of config_bundle_take() has them already
 * @err: "file:line: what is wrong, and what to write", one line
 *
 * Return: 0 with @out, freed by config_free(); -EINVAL or -ENOMEM with @err.
 */
int config_read(int argc, char **argv, struct config_bundle *bundle,
		struct config **out, char *err, size_t err_len);

/**
 * enum config_effect - from when on a changed option counts
 *
 * HANDSHAKE: for each client with its next key exchange. RECONNECT: for clients
 * that connect from now on. RESTART: when the daemon is started again.
 */
enum config_effect {
	CONFIG_EFFECT_NOW,
	CONFIG_EFFECT_HANDSHAKE,
	CONFIG_EFFECT_RECONNECT,
	CONFIG_EFFECT_RESTART,
};

/**
 * config_merge() - what of @fresh can count beside what @running must keep
 * @running: result of config_load() or of an earlier merge
 * @fresh: result of config_read()
 * @bundle: that @fresh was read from
 * @report: called for each option that differs, also in the content of its
 *	file; @file and @line: where it stands now, or stood; @line 0: on the
 *	command line, or nowhere any more
 * @out: @fresh, with @running's options that need a restart. NULL when nothing
 *	differs; freed by config_free()
 *
 * Return: 0, -EINVAL or -ENOMEM with @err.
 */
int config_merge(const struct config *running, const struct config *fresh,
		 struct config_bundle *bundle,
		 void (*report)(void *arg, const char *name,
				enum config_effect effect, const char *file,
				unsigned int line),
		 void *arg, struct config **out, char *err, size_t err_len);

#endif
