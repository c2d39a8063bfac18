/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_PLUGIN_H
#define HOOK_PLUGIN_H

#include "hook/plugin_abi.h"
#include "hook/run.h"

/* Private to the two files of a plugin's process. */

struct plugin_client {
	struct plugin_client *next;
	uint64_t id;
	void *context;
};

/**
 * struct plugin - loaded
 * @path: as configured, which it is told as its name
 * @envp: variables that it began with
 * @mask: what it wants to be called for, bits by enum plugin_type
 * @is_unprivileged: it wants to be opened without rights
 * @clients: what it keeps of each, 0 for what is nobody's
 */
struct plugin {
	const char *path;
	const char **envp;
	void *dl;
	void *handle;
	unsigned int mask;
	bool is_unprivileged;
	struct plugin_client *clients;
	plugin_open_v1_fn *open_v1;
	plugin_open_v2_fn *open_v2;
	plugin_open_v3_fn *open_v3;
	plugin_func_v1_fn *func_v1;
	plugin_func_v2_fn *func_v2;
	plugin_func_v3_fn *func_v3;
	plugin_close_v1_fn *close_v1;
	plugin_client_new_v1_fn *client_new_v1;
	plugin_client_free_v1_fn *client_free_v1;
};

/* plugin.c: the hook that a type belongs to; HOOK_EVENTS: none */
int plugin_event(enum plugin_type type);
void plugin_list_free(struct plugin_string *list);

#endif
