// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A run that is a call of a plugin. It is called by the one thread of a process
 * that has nothing else to do: it may block, and whoever needs it waits then;
 * it may fork, and it may die.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "hook/plugin.h"

/* A connection is asked about twice if a plugin wants that. */
int plugin_event(enum plugin_type type)
{
	switch (type) {
	case PLUGIN_UP:
		return HOOK_UP;
	case PLUGIN_DOWN:
		return HOOK_DOWN;
	case PLUGIN_ROUTE_UP:
		return HOOK_ROUTE_UP;
	case PLUGIN_IPCHANGE:
		return HOOK_IPCHANGE;
	case PLUGIN_TLS_VERIFY:
		return HOOK_TLS_VERIFY;
	case PLUGIN_USER_PASS_VERIFY:
		return HOOK_USER_PASS_VERIFY;
	case PLUGIN_CLIENT_CONNECT:
	case PLUGIN_CLIENT_CONNECT_V2:
		return HOOK_CLIENT_CONNECT;
	case PLUGIN_CLIENT_DISCONNECT:
		return HOOK_CLIENT_DISCONNECT;
	case PLUGIN_LEARN_ADDRESS:
		return HOOK_LEARN_ADDRESS;
	case PLUGIN_ROUTE_PRE_DOWN:
		return HOOK_ROUTE_PRE_DOWN;
	case PLUGIN_CLIENT_CRRESPONSE:
		return HOOK_CLIENT_CRRESPONSE;
	case PLUGIN_TLS_FINAL:
	case PLUGIN_CLIENT_CONNECT_DEFER:
	case PLUGIN_CLIENT_CONNECT_DEFER_V2:
	case PLUGIN_TYPES:
		break;
	}
	return HOOK_EVENTS;
}

void plugin_list_free(struct plugin_string *list)
{
	while (list) {
		struct plugin_string *next = list->next;

		free(list->name);
		free(list->value);
		free(list);
		list = next;
	}
}

/* ---- clients --------------------------------------------------------- */

static void *client_context(struct plugin *plugin, uint64_t id)
{
	struct plugin_client *client = plugin->clients;

	if (!plugin->client_new_v1)
		return NULL;
	while (client && client->id != id)
		client = client->next;
	if (client)
		return client->context;
	client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->id = id;
	client->context = plugin->client_new_v1(plugin->handle);
	client->next = plugin->clients;
	plugin->clients = client;
	return client->context;
}

static void client_free(struct plugin *plugin, struct plugin_client **pos)
{
	struct plugin_client *client = *pos;

	*pos = client->next;
	if (plugin->client_free_v1)
		plugin->client_free_v1(plugin->handle, client->context);
	free(client);
}

static void plugin_gone(struct runner *runner, uint64_t id)
{
	struct plugin_client **pos = &runner->plugin->clients;
	struct run *run, *next;

	/* nobody asks for what it has put off any more */
	for (run = runner->runs; run; run = next) {
		next = run->next;
		if (run->client == id)
			run_finish(run, HOOK_FAILED, -1000 - ECANCELED);
	}
	while (*pos && (*pos)->id != id)
		pos = &(*pos)->next;
	if (*pos)
		client_free(runner->plugin, pos);
}

/* ---- calls ----------------------------------------------------------- */

struct call {
	const char *argv[HOOK_ARGS_MAX + HOOK_FILES_MAX + 2];
	const char **envp;
	X509 *cert;
	int depth;
};

/* Return: of enum plugin_status, or anything. */
static int plugin_call(struct run *run, enum plugin_type type,
		       struct call *call)
{
	struct plugin *plugin = run->runner->plugin;
	struct plugin_string *list = NULL, *at;
	const struct plugin_func_in in = {
		.type = (int)type, .argv = call->argv, .envp = call->envp,
		.handle = plugin->handle,
		.client = client_context(plugin, run->client),
		.cert_depth = call->cert ? call->depth : -1,
		.cert = call->cert,
	};
	struct plugin_func_out out = { .list = &list };
	int status;

	if (plugin->func_v3)
		status = plugin->func_v3(PLUGIN_STRUCT_VERSION, &in, &out);
	else if (plugin->func_v2)
		status = plugin->func_v2(plugin->handle, (int)type, call->argv,
					 call->envp, in.client, &list);
	else
		status = plugin->func_v1(plugin->handle, (int)type, call->argv,
					 call->envp);
	/* lines for the client, as if they stood in the file */
	for (at = list; at && run->event == HOOK_CLIENT_CONNECT &&
	     status == PLUGIN_SUCCESS; at = at->next) {
		if (!at->name || strcmp(at->name, "config") || !at->value)
			continue;
		if (run_file_append(run, 0, at->value) ||
		    run_file_append(run, 0, "\n"))
			status = PLUGIN_ERROR;
	}
	plugin_list_free(list);
	return status;
}

/* Name and arguments; files are arguments as they are of a program. */
static void call_fill(struct call *call, const struct run *run,
		      const struct hook_request *req)
{
	size_t n = 0;

	call->argv[n++] = run->runner->plugin->path;
	for (size_t i = 0; i < req->n_args; i++)
		call->argv[n++] = req->args[i];
	for (size_t i = 0; i < run->n_files; i++)
		if (run->files[i].flags & HOOK_FILE_ARG)
			call->argv[n++] = run->files[i].path;
	call->argv[n] = NULL;
	if (run->event == HOOK_TLS_VERIFY && req->n_args)
		call->depth = atoi(req->args[0]);
	for (size_t i = 0; i < req->n_files; i++) {
		const struct hook_file *file = &req->files[i];
		BIO *bio;

		if (!(file->flags & HOOK_FILE_CERT) || call->cert)
			continue;
		bio = BIO_new_mem_buf(file->data, (int)file->len);
		if (bio)
			call->cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
		ERR_clear_error();
	}
}

/* ---- connections that are decided later ------------------------------ */

/* The variables, in one piece with the list. */
static void *env_copy(const struct run_env *env)
{
	size_t head = (env->n + 1) * sizeof(char *), len = head;
	char **copy, *at;

	for (size_t i = 0; i < env->n; i++)
		len += strlen(env->list[i]) + 1;
	copy = calloc(1, len);
	if (!copy)
		return NULL;
	at = (char *)copy + head;
	for (size_t i = 0; i < env->n; i++) {
		copy[i] = at;
		at = stpcpy(at, env->list[i]) + 1;
	}
	return copy;
}

static enum hook_status connect_look(struct run *run)
{
	const unsigned int mask = run->runner->plugin->mask;
	bool is_v2 = mask & (1u << PLUGIN_CLIENT_CONNECT_DEFER_V2);
	struct call call = {
		.argv = { run->runner->plugin->path,
			  is_v2 ? NULL : run->files[0].path },
		.envp = run->data,
	};

	switch (plugin_call(run, is_v2 ? PLUGIN_CLIENT_CONNECT_DEFER_V2 :
				 PLUGIN_CLIENT_CONNECT_DEFER, &call)) {
	case PLUGIN_SUCCESS:
		return HOOK_OK;
	case PLUGIN_DEFERRED:
		return HOOK_DEFERRED;
	default:
		return HOOK_FAILED;
	}
}

static void plugin_defer(struct run *run, const struct run_env *env)
{
	const unsigned int later = 1u << PLUGIN_CLIENT_CONNECT_DEFER |
				   1u << PLUGIN_CLIENT_CONNECT_DEFER_V2;

	if (run->event == HOOK_CLIENT_CONNECT &&
	    run->runner->plugin->mask & later) {
		run->data = env_copy(env);
		run->look = run->data ? connect_look : NULL;
	}
	run->defer = HOOK_DEFER_STATUS;
	run_look(run, true);
}

/* ---- runs ------------------------------------------------------------ */

static int plugin_start(struct run *run, const struct hook_request *req)
{
	static struct run_env env;
	struct runner *runner = run->runner;
	struct call call = { .envp = (const char **)env.list };
	int status = PLUGIN_SUCCESS, ret = 0;

	if (!runner_has_first_rights(req->event))
		ret = runner_drop(runner);
	run->uid = geteuid();
	for (size_t i = 0; i < req->n_files && !ret; i++)
		ret = run_file_make(run, &req->files[i]);
	if (ret)
		return ret;
	run_env_fill(&env, run, req);
	run_env_fill_up(&env, runner->setup->plugin_env);
	call_fill(&call, run, req);
	for (int type = 0; type < PLUGIN_TYPES && status == PLUGIN_SUCCESS;
	     type++)
		if (runner->plugin->mask & (1u << type) &&
		    plugin_event((enum plugin_type)type) == (int)run->event)
			status = plugin_call(run, (enum plugin_type)type,
					     &call);
	X509_free(call.cert);
	if (status == PLUGIN_DEFERRED && run->defer != HOOK_DEFER_NEVER)
		plugin_defer(run, &env);
	else
		run_finish(run, status ? HOOK_FAILED : HOOK_OK, status);
	return 0;
}

static void plugin_end(struct runner *runner)
{
	struct plugin *plugin = runner->plugin;

	while (plugin->clients)
		client_free(plugin, &plugin->clients);
	plugin->close_v1(plugin->handle);
	free(plugin->envp);
	free(plugin);
}

const struct runner_kind runner_plugin = {
	.start = plugin_start,
	.gone = plugin_gone,
	.end = plugin_end,
};
