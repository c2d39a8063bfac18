// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin for hook_plugin_test: it writes down what it is told in the file
 * that its first argument names, and does what the variable "do" says, or another
 * argument "do=".
 * GENERATION is the version of the interface that it is written for.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "hook/plugin_abi.h"

/* the daemon's header has types of functions, a plugin has the functions */
void *openvpn_plugin_open_v1(unsigned int *mask, const char *argv[],
			     const char *envp[]);
void *openvpn_plugin_open_v2(unsigned int *mask, const char *argv[],
			     const char *envp[], struct plugin_string **list);
int openvpn_plugin_open_v3(int version, const struct plugin_open_in *in,
			   struct plugin_open_out *out);
int openvpn_plugin_func_v1(void *handle, int type, const char *argv[],
			   const char *envp[]);
int openvpn_plugin_func_v2(void *handle, int type, const char *argv[],
			   const char *envp[], void *client,
			   struct plugin_string **list);
int openvpn_plugin_func_v3(int version, const struct plugin_func_in *in,
			   struct plugin_func_out *out);
void openvpn_plugin_close_v1(void *handle);
void *openvpn_plugin_client_constructor_v1(void *handle);
void openvpn_plugin_client_destructor_v1(void *handle, void *client);

static FILE *out;
static int n_clients;
static int n_asked;
static char *always;	/* what it does; NULL: what the variable says */

static const char *get(const char *envp[], const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, len) && (*envp)[len] == '=')
			return *envp + len + 1;
	return "";
}

static void *begin(const char *argv[], const char *envp[])
{
	if (!argv[1] || !strcmp(argv[1], "refuse"))
		return NULL;
	if (!strcmp(argv[1], "die"))
		abort();
	out = fopen(argv[1], "we");
	if (!out)
		return NULL;
	setvbuf(out, NULL, _IOLBF, 0);
	fprintf(out, "open");
	for (; *argv; argv++) {
		fprintf(out, " <%s>", *argv);
		if (!strncmp(*argv, "do=", 3))
			always = strdup(*argv + 3);
	}
	fprintf(out, " verb=%s admin=%s\npid %d\n", get(envp, "verb"),
		get(envp, "ADMIN"), (int)getpid());
	return out;
}

static int put(const char *path, const char *text)
{
	FILE *file = fopen(path, "r+");

	if (!file)
		return PLUGIN_ERROR;
	fputs(text, file);
	return fclose(file) ? PLUGIN_ERROR : PLUGIN_SUCCESS;
}

static int later(const char *envp[], const char *answer)
{
	if (!fork()) {
		usleep(300000);
		_exit(put(get(envp, "auth_control_file"), answer));
	}
	return PLUGIN_DEFERRED;
}

static struct plugin_string *lines(const char *text)
{
	struct plugin_string *it = calloc(1, sizeof(*it));

	it->name = strdup("config");
	it->value = strdup(text);
	return it;
}

static int act(int type, const char *argv[], const char *envp[],
	       struct plugin_string **list)
{
	const char *what = always ? always : get(envp, "do");

	fprintf(out, "func %d", type);
	for (argv++; *argv; argv++)
		fprintf(out, " <%s>", *argv);
	fprintf(out, " user=%s pass=%s type=%s uid=%d\n",
		get(envp, "username"), get(envp, "password"),
		get(envp, "script_type"), (int)getuid());
	if (type == PLUGIN_UP)
		return PLUGIN_SUCCESS;
	if (!strcmp(what, "no")) {
		put(get(envp, "auth_failed_reason_file"), "not you");
		return PLUGIN_ERROR;
	}
	if (type == PLUGIN_USER_PASS_VERIFY && !strcmp(what, "yes-later"))
		return later(envp, "1");
	if (type == PLUGIN_USER_PASS_VERIFY && !strcmp(what, "no-later"))
		return later(envp, "0");
	if (!strcmp(what, "block"))
		sleep(600);
	if (!strcmp(what, "die"))
		abort();
	if (!strcmp(what, "poll") && n_asked++ < 3)
		return PLUGIN_DEFERRED;
	if ((type == PLUGIN_CLIENT_CONNECT_V2 ||
	     type == PLUGIN_CLIENT_CONNECT_DEFER_V2) && list)
		*list = lines("push \"echo v2\"");
	if (type == PLUGIN_CLIENT_CONNECT)
		return put(get(envp, "client_connect_config_file"),
			   "push \"echo v1\"\n");
	return PLUGIN_SUCCESS;
}

#define MASK	(1 << PLUGIN_USER_PASS_VERIFY | 1 << PLUGIN_TLS_VERIFY | \
		 1 << PLUGIN_CLIENT_CONNECT | 1 << PLUGIN_CLIENT_DISCONNECT | \
		 1 << PLUGIN_CLIENT_CONNECT_V2 | \
		 1 << PLUGIN_CLIENT_CONNECT_DEFER_V2 | 1 << PLUGIN_UP)

#if GENERATION == 1
void *openvpn_plugin_open_v1(unsigned int *mask, const char *argv[],
			     const char *envp[])
{
	void *handle = begin(argv, envp);

	*mask &= MASK & ~(1u << PLUGIN_CLIENT_CONNECT_V2);
	return handle;
}

int openvpn_plugin_func_v1(void *handle, int type, const char *argv[],
			   const char *envp[])
{
	return handle == out ? act(type, argv, envp, NULL) : PLUGIN_ERROR;
}
#endif

#if GENERATION == 2
void *openvpn_plugin_open_v2(unsigned int *mask, const char *argv[],
			     const char *envp[], struct plugin_string **list)
{
	*mask &= MASK;
	return *list ? NULL : begin(argv, envp);
}

int openvpn_plugin_func_v2(void *handle, int type, const char *argv[],
			   const char *envp[], void *client,
			   struct plugin_string **list)
{
	fprintf(out, "client %p\n", client);
	return handle == out ? act(type, argv, envp, list) : PLUGIN_ERROR;
}
#endif

#if GENERATION == 3
static struct plugin_callbacks calls;

int openvpn_plugin_open_v3(int version, const struct plugin_open_in *in,
			   struct plugin_open_out *ret)
{
	char text[16], *base64 = NULL;

	if (version < 5 || in->tls_library != PLUGIN_TLS_OPENSSL ||
	    in->version_major != 2 || !in->version[0])
		return PLUGIN_ERROR;
	calls = *in->callbacks;
	calls.log(PLUGIN_LOG_NOTE, "test", "hello %d", 42);
	if (calls.base64_encode("abcd", 4, &base64) != 8 ||
	    strcmp(base64, "YWJjZA==") ||
	    calls.base64_decode(base64, text, 4) != 4 ||
	    memcmp(text, "abcd", 4) ||
	    calls.base64_decode(base64, text, 3) != -1 ||
	    calls.base64_decode("x", text, 3) != -1)
		return PLUGIN_ERROR;
	free(base64);
	ret->handle = begin(in->argv, in->envp);
	ret->type_mask = in->type_mask & MASK;
	return ret->handle ? PLUGIN_SUCCESS : PLUGIN_ERROR;
}

int openvpn_plugin_func_v3(int version, const struct plugin_func_in *in,
			   struct plugin_func_out *ret)
{
	char *subject;

	if (version < 5 || in->handle != out)
		return PLUGIN_ERROR;
	fprintf(out, "client %p depth %d", in->client, in->cert_depth);
	if (in->cert) {
		subject = X509_NAME_oneline(X509_get_subject_name(in->cert),
					    NULL, 0);
		fprintf(out, " cert %s", subject);
		OPENSSL_free(subject);
	}
	fprintf(out, "\n");
	return act(in->type, in->argv, in->envp, ret->list);
}
#endif

void openvpn_plugin_close_v1(void *handle)
{
	fprintf(handle, "close\n");
	fclose(handle);
}

void *openvpn_plugin_client_constructor_v1(void *handle)
{
	int *client = malloc(sizeof(*client));

	(void)handle;
	*client = ++n_clients;
	fprintf(out, "new %p\n", (void *)client);
	return client;
}

void openvpn_plugin_client_destructor_v1(void *handle, void *client)
{
	(void)handle;
	fprintf(out, "gone %p\n", client);
	free(client);
}
