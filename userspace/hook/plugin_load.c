// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding a plugin, and opening it. */
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "hook/plugin.h"
#include "log/log.h"

/* ---- what a plugin may call ------------------------------------------ */

static int level_of(unsigned int flags)
{
	if (flags & PLUGIN_LOG_ERROR)
		return LOG_LEVEL_ERROR;
	if (flags & PLUGIN_LOG_WARN)
		return LOG_LEVEL_WARN;
	return flags & PLUGIN_LOG_NOTE ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* To the daemon's log, by way of the daemon. */
static void plugin_vlog(unsigned int flags, const char *name, const char *fmt,
			va_list args)
{
	struct hook_reply reply = {
		.id = HOOK_ID_LOG, .code = level_of(flags), .n_files = 1,
	};
	int error = errno, n;
	char text[1024];
	size_t len;

	if (!fmt || !name || !name[0])
		return;
	n = snprintf(text, sizeof(text), "%.100s: ", name);
	len = (size_t)n;
	n = vsnprintf(text + len, sizeof(text) - len, fmt, args);
	len = strlen(text);
	if (flags & PLUGIN_LOG_ERRNO)
		snprintf(text + len, sizeof(text) - len, ": %s",
			 strerror(error));
	reply.files[0].data = text;
	reply.files[0].len = n < 0 ? 0 : strlen(text);
	runner_reply(&reply);
}

static void plugin_log(unsigned int flags, const char *name, const char *fmt,
		       ...)
{
	va_list args;

	va_start(args, fmt);
	plugin_vlog(flags, name, fmt, args);
	va_end(args);
}

static int base64_encode(const void *data, int len, char **out)
{
	if (len < 0 || len > (1 << 20))
		return -1;
	*out = malloc(4 * ((size_t)len + 2) / 3 + 4);
	return *out ? EVP_EncodeBlock((unsigned char *)*out, data, len) : -1;
}

static int base64_decode(const char *text, void *data, int cap)
{
	size_t len = strlen(text);
	unsigned char *out;
	int n;

	if (cap < 0 || len % 4 || len > (1 << 20))
		return -1;
	out = malloc(len / 4 * 3 + 1);
	if (!out)
		return -1;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	/* the library counts the padding, too */
	for (size_t i = len; n > 0 && i && i > len - 2 && text[i - 1] == '=';
	     i--)
		n--;
	if (n > cap)
		n = -1;
	if (n > 0)
		memcpy(data, out, (size_t)n);
	mem_wipe(out, len / 4 * 3 + 1);
	free(out);
	return n;
}

static struct plugin_callbacks callbacks = {
	.log = plugin_log,
	.vlog = plugin_vlog,
	.wipe = mem_wipe,
	.base64_encode = base64_encode,
	.base64_decode = base64_decode,
};

/* ---- loading --------------------------------------------------------- */

/*
 * A name without a folder of its own is looked for where distributions put
 * OpenVPN's plugins.
 */
static void *library_open(const char *path)
{
	static const char *const places[] = {
		"/usr/lib/openvpn/plugins/", "/usr/lib64/openvpn/plugins/",
		"/usr/lib/*-linux-gnu*/openvpn/plugins/", "/usr/lib/openvpn/",
	};
	char pattern[512];
	void *dl = NULL;
	glob_t found;

	if (path[0] == '/' || path[0] == '.')
		return dlopen(path, RTLD_NOW);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !dl; i++) {
		snprintf(pattern, sizeof(pattern), "%s%s", places[i], path);
		if (glob(pattern, 0, NULL, &found))
			continue;
		dl = dlopen(found.gl_pathv[0], RTLD_NOW);
		globfree(&found);
		if (!dl)
			return NULL;
	}
	return dl ? dl : dlopen(path, RTLD_NOW);
}

#define SYMBOL(plugin, field, name) \
	((plugin)->field = (plugin_##field##_fn *) \
	 dlsym((plugin)->dl, "openvpn_plugin_" name))

static int symbols_load(struct plugin *plugin, char *err, size_t err_len)
{
	plugin_number_v1_fn *number;

	SYMBOL(plugin, open_v1, "open_v1");
	SYMBOL(plugin, open_v2, "open_v2");
	SYMBOL(plugin, open_v3, "open_v3");
	SYMBOL(plugin, func_v1, "func_v1");
	SYMBOL(plugin, func_v2, "func_v2");
	SYMBOL(plugin, func_v3, "func_v3");
	SYMBOL(plugin, close_v1, "close_v1");
	SYMBOL(plugin, client_new_v1, "client_constructor_v1");
	SYMBOL(plugin, client_free_v1, "client_destructor_v1");
	if (!plugin->close_v1 ||
	    (!plugin->open_v1 && !plugin->open_v2 && !plugin->open_v3) ||
	    (!plugin->func_v1 && !plugin->func_v2 && !plugin->func_v3)) {
		snprintf(err, err_len, "it is not a plugin for OpenVPN: openvpn_plugin_open_v1, _func_v1 or _close_v1 is missing");
		return -ENOEXEC;
	}
	number = (plugin_number_v1_fn *)dlsym(plugin->dl,
				"openvpn_plugin_min_version_required_v1");
	if (number && number() > PLUGIN_VERSION) {
		snprintf(err, err_len, "it needs version %d of the interface, and there is %d",
			 number(), PLUGIN_VERSION);
		return -ENOEXEC;
	}
	number = (plugin_number_v1_fn *)dlsym(plugin->dl,
			"openvpn_plugin_select_initialization_point_v1");
	plugin->is_unprivileged = number &&
				  number() == PLUGIN_POINT_UNPRIVILEGED;
	return 0;
}

/* The newest way that it knows. */
static unsigned int plugin_call_open(struct plugin *plugin, const char **argv,
				     const char **envp)
{
	const int all = ((1 << PLUGIN_TYPES) - 1) & ~(1 << 11);
	struct plugin_string *list = NULL;
	const struct plugin_open_in in = {
		.type_mask = all, .argv = argv, .envp = envp,
		.callbacks = &callbacks, .tls_library = PLUGIN_TLS_OPENSSL,
		/* the OpenVPN that behaves as we do */
		.version = "2.6.14", .version_major = 2, .version_minor = 6,
		.version_patch = ".14",
	};
	struct plugin_open_out out = { .list = &list };
	unsigned int mask = (unsigned int)all;

	if (plugin->open_v3) {
		if (plugin->open_v3(PLUGIN_STRUCT_VERSION, &in, &out) ==
		    PLUGIN_SUCCESS)
			plugin->handle = out.handle;
		mask = (unsigned int)out.type_mask;
	} else if (plugin->open_v2) {
		plugin->handle = plugin->open_v2(&mask, argv, envp, &list);
	} else {
		plugin->handle = plugin->open_v1(&mask, argv, envp);
	}
	plugin_list_free(list);
	return plugin->handle ? mask : 0;
}

/* What the daemon needs to know: hooks, as bits. */
static uint32_t events_of(unsigned int mask)
{
	uint32_t events = 0;

	for (int i = 0; i < HOOK_EVENTS; i++)
		for (int k = 0; k < PLUGIN_TYPES; k++)
			if (mask & (1u << k) &&
			    plugin_event((enum plugin_type)k) == i)
				events |= 1u << i;
	return events;
}

/* The variables that it begins with; they stay, it may keep them. */
static const char **begin_env(const struct hook_setup *setup)
{
	const char *const *list;
	const char **envp;
	size_t n, own = 0;

	list = hook_env_list(setup->plugin_env, &n);
	while (setup->env && setup->env[own])
		own++;
	envp = calloc(own + n + 1, sizeof(*envp));
	for (size_t i = 0; envp && i < own; i++)
		envp[i] = setup->env[i];
	for (size_t i = 0; envp && i < n; i++)
		envp[own + i] = list[i];
	return envp;
}

/**
 * plugin_open() - load a plugin and have it begin
 * @runner: gets it
 * @what: which, and its arguments
 * @events: what it wants to be called for, bits by enum hook_event
 * @err: filled on failure
 *
 * Return: 0 or -errno.
 */
int plugin_open(struct runner *runner, const struct hook_plugin *what,
		uint32_t *events, char *err, size_t err_len)
{
	struct plugin *plugin = calloc(1, sizeof(*plugin));
	const char **envp = begin_env(runner->setup);
	int ret;

	snprintf(err, err_len, "out of memory");
	if (!plugin || !envp)
		return -ENOMEM;
	runner->plugin = plugin;
	plugin->envp = envp;
	plugin->path = what->argv[0];
	plugin->dl = library_open(plugin->path);
	if (!plugin->dl) {
		snprintf(err, err_len, "%s", dlerror());
		return -ENOEXEC;
	}
	ret = symbols_load(plugin, err, err_len);
	if (!ret && plugin->is_unprivileged)
		ret = runner_drop(runner);
	if (ret)
		return ret;
	plugin->mask = plugin_call_open(plugin, (const char **)what->argv,
					envp);
	*events = events_of(plugin->mask);
	if (plugin->handle)
		return 0;
	snprintf(err, err_len,
		 "it refuses to begin; what it has written before says why");
	return -ECANCELED;
}
