// SPDX-License-Identifier: GPL-2.0-or-later
/* Variables for programs (sections 11.3 and 11.5). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/wire.h"

#define ENV_BYTES_MAX	(96u * 1024)	/* a message has to hold them */

/** struct hook_env - assignments, each of malloc(); they may hold a password */
struct hook_env {
	char **list;
	size_t n, cap;
	size_t bytes;
};

static void assignment_free(struct hook_env *env, char *assignment)
{
	size_t len = strlen(assignment) + 1;

	env->bytes -= len;
	mem_wipe(assignment, len);
	free(assignment);
}

void hook_env_free(struct hook_env *env)
{
	if (!env)
		return;
	for (size_t i = 0; i < env->n; i++)
		assignment_free(env, env->list[i]);
	free(env->list);
	free(env);
}

static char **env_find(const struct hook_env *env, const char *name,
		       size_t len)
{
	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->list[i], name, len) &&
		    env->list[i][len] == '=')
			return &env->list[i];
	return NULL;
}

static bool env_grow(struct hook_env *env)
{
	size_t cap = env->cap ? 2 * env->cap : 32;
	char **list;

	if (env->n < env->cap)
		return true;
	if (env->n >= HOOK_ENV_MAX)
		return false;
	list = realloc(env->list, cap * sizeof(*list));
	if (!list)
		return false;
	env->list = list;
	env->cap = cap;
	return true;
}

static void env_remove(struct hook_env *env, char **pos)
{
	assignment_free(env, *pos);
	*pos = env->list[--env->n];
}

/* @assignment is the list's from then on. */
static void env_put_take(struct hook_env *env, char *assignment)
{
	size_t len = strlen(assignment) + 1;
	char **pos = env_find(env, assignment, strcspn(assignment, "="));

	if (pos)
		env_remove(env, pos);
	env->bytes += len;
	if (env->bytes > ENV_BYTES_MAX || !env_grow(env)) {
		assignment_free(env, assignment);
		return;
	}
	env->list[env->n++] = assignment;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

void hook_env_set(struct hook_env *env, const char *name, const char *value)
{
	size_t len = strlen(name), i;
	char *text, **pos;

	if (!env || !len)
		return;
	if (!value) {
		pos = env_find(env, name, len);
		if (pos)
			env_remove(env, pos);
		return;
	}
	text = malloc(len + strlen(value) + 2);
	if (!text)
		return;
	for (i = 0; i < len; i++)
		text[i] = is_name(name[i]) ? name[i] : '_';
	text[len] = '=';
	strcpy(text + len + 1, value);
	for (i = len + 1; text[i]; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '_';
	env_put_take(env, text);
}

void hook_env_setf(struct hook_env *env, const char *name, const char *fmt,
		   ...)
{
	char value[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	hook_env_set(env, name, value);
}

struct hook_env *hook_env_new(const struct hook_env *base)
{
	struct hook_env *env = calloc(1, sizeof(*env));

	for (size_t i = 0; env && base && i < base->n; i++) {
		char *copy = strdup(base->list[i]);

		if (copy)
			env_put_take(env, copy);
	}
	return env;
}

const char *hook_env_get(const struct hook_env *env, const char *name)
{
	char **pos = env_find(env, name, strlen(name));

	return pos ? *pos + strlen(name) + 1 : NULL;
}

void hook_env_each(const struct hook_env *env,
		   void (*fn)(void *arg, const char *text), void *arg)
{
	for (size_t i = env ? env->n : 0; i--; )
		fn(arg, env->list[i]);
}

const char *const *hook_env_list(const struct hook_env *env, size_t *n)
{
	*n = env ? env->n : 0;
	return env ? (const char *const *)env->list : NULL;
}

/* A line counts when its name is well-formed as a whole. */
static void peer_info_line(struct hook_env *env, const char *line, size_t len)
{
	char name[64], value[1024];
	size_t at;

	for (at = 0; at < len && line[at] != '='; at++)
		if (!is_name(line[at]))
			return;
	if (at == len || at >= sizeof(name) ||
	    (strncmp(line, "IV_", 3) && strncmp(line, "UV_", 3)))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)at, line);
	snprintf(value, sizeof(value), "%.*s", (int)(len - at - 1),
		 line + at + 1);
	for (char *blank = value; (blank = strchr(blank, ' ')); )
		*blank = '_';
	hook_env_set(env, name, value);
}

void hook_env_peer_info(struct hook_env *env, const char *info)
{
	while (*info) {
		size_t len = strcspn(info, "\n");

		peer_info_line(env, info, len);
		info += len;
		info += *info == '\n';
	}
}
