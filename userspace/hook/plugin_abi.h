/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_PLUGIN_ABI_H
#define HOOK_PLUGIN_ABI_H

#include <stdarg.h>
#include <stddef.h>

/*
 * The binary interface of OpenVPN's plugins, version 3: what lies where, and
 * what the numbers are. A plugin is compiled against OpenVPN's own header; the
 * names here are ours.
 */

#define PLUGIN_VERSION		3
#define PLUGIN_STRUCT_VERSION	5
#define PLUGIN_TLS_OPENSSL	1

/* What a plugin can be called for. 11 has been given up. */
enum plugin_type {
	PLUGIN_UP = 0,
	PLUGIN_DOWN = 1,
	PLUGIN_ROUTE_UP = 2,
	PLUGIN_IPCHANGE = 3,
	PLUGIN_TLS_VERIFY = 4,
	PLUGIN_USER_PASS_VERIFY = 5,
	PLUGIN_CLIENT_CONNECT = 6,
	PLUGIN_CLIENT_DISCONNECT = 7,
	PLUGIN_LEARN_ADDRESS = 8,
	PLUGIN_CLIENT_CONNECT_V2 = 9,
	PLUGIN_TLS_FINAL = 10,
	PLUGIN_ROUTE_PRE_DOWN = 12,
	PLUGIN_CLIENT_CONNECT_DEFER = 13,
	PLUGIN_CLIENT_CONNECT_DEFER_V2 = 14,
	PLUGIN_CLIENT_CRRESPONSE = 15,
	PLUGIN_TYPES = 16,
};

enum plugin_status {
	PLUGIN_SUCCESS = 0,
	PLUGIN_ERROR = 1,
	PLUGIN_DEFERRED = 2,
};

/* When it wants to be opened: with which rights. */
enum plugin_point {
	PLUGIN_POINT_EARLY = 1,
	PLUGIN_POINT_START = 2,
	PLUGIN_POINT_BACKGROUND = 3,
	PLUGIN_POINT_UNPRIVILEGED = 4,
};

enum plugin_log_flag {
	PLUGIN_LOG_ERROR = 1 << 0,
	PLUGIN_LOG_WARN = 1 << 1,
	PLUGIN_LOG_NOTE = 1 << 2,
	PLUGIN_LOG_DEBUG = 1 << 3,
	PLUGIN_LOG_ERRNO = 1 << 8,
};

/* What it returns: a list of malloc(), and so are the strings. */
struct plugin_string {
	struct plugin_string *next;
	char *name;
	char *value;
};

struct plugin_callbacks {
	void (*log)(unsigned int flags, const char *name, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));
	void (*vlog)(unsigned int flags, const char *name, const char *fmt,
		     va_list args) __attribute__((format(printf, 3, 0)));
	void (*wipe)(void *data, size_t len);
	int (*base64_encode)(const void *data, int len, char **out);
	int (*base64_decode)(const char *text, void *data, int cap);
};

struct plugin_open_in {
	int type_mask;
	const char **argv;
	const char **envp;
	struct plugin_callbacks *callbacks;
	int tls_library;
	const char *version;
	unsigned int version_major;
	unsigned int version_minor;
	const char *version_patch;
};

struct plugin_open_out {
	int type_mask;
	void *handle;
	struct plugin_string **list;
};

struct plugin_func_in {
	int type;
	const char **argv;
	const char **envp;
	void *handle;
	void *client;
	int cert_depth;
	void *cert;		/* X509 of OpenSSL */
};

struct plugin_func_out {
	struct plugin_string **list;
};

typedef void *plugin_open_v1_fn(unsigned int *mask, const char *argv[],
				const char *envp[]);
typedef void *plugin_open_v2_fn(unsigned int *mask, const char *argv[],
				const char *envp[],
				struct plugin_string **list);
typedef int plugin_open_v3_fn(int version, const struct plugin_open_in *in,
			      struct plugin_open_out *out);
typedef int plugin_func_v1_fn(void *handle, int type, const char *argv[],
			      const char *envp[]);
typedef int plugin_func_v2_fn(void *handle, int type, const char *argv[],
			      const char *envp[], void *client,
			      struct plugin_string **list);
typedef int plugin_func_v3_fn(int version, const struct plugin_func_in *in,
			      struct plugin_func_out *out);
typedef void plugin_close_v1_fn(void *handle);
typedef void *plugin_client_new_v1_fn(void *handle);
typedef void plugin_client_free_v1_fn(void *handle, void *client);
typedef int plugin_number_v1_fn(void);

#endif
