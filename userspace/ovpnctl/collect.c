// SPDX-License-Identifier: GPL-2.0-or-later
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mgmt/mgmt.h"
#include "ovpnctl/ctl.h"

/*
 * A device is an object: what its daemon says of it, if there is one, with
 * "peers" and, when the kernel knows it, "kernel". The kernel's figures replace
 * the daemon's, which are a moment older.
 */

/* ---- daemons --------------------------------------------------------- */

size_t ctl_sockets(const struct ctl *ctl,
		   void (*fn)(void *arg, const char *path), void *arg,
		   char *err, size_t err_len)
{
	char pattern[MGMT_PATH_MAX];
	size_t i, n;
	glob_t found;

	if (ctl->control) {
		fn(arg, ctl->control);
		return 1;
	}
	snprintf(pattern, sizeof(pattern), MGMT_RUN_DIR "/%s.sock",
		 ctl->dev ? ctl->dev : "*");
	if (ctl->dev) {
		fn(arg, pattern);
		return 1;
	}
	if (glob(pattern, 0, NULL, &found)) {
		snprintf(err, err_len, "no daemon has a socket in "
			 MGMT_RUN_DIR);
		return 0;
	}
	n = found.gl_pathc;
	for (i = 0; i < n; i++)
		fn(arg, found.gl_pathv[i]);
	globfree(&found);
	return n;
}

struct collect {
	json_t *devices;
	char *err;
	size_t err_len;
};

static void collect_daemon(void *arg, const char *path)
{
	struct collect *collect = arg;
	json_t *status, *peers;
	const char *name;

	status = ctl_daemon_ask(path, "status", collect->err,
				collect->err_len);
	if (!status)
		return;
	peers = ctl_daemon_ask(path, "peers", collect->err, collect->err_len);
	name = json_string_value(json_object_get(status, "device"));
	if (peers && name) {
		json_object_set(status, "peers",
				json_object_get(peers, "peers"));
		json_object_set_new(status, "control", json_string(path));
		json_object_set(collect->devices, name, status);
	}
	json_decref(peers);
	json_decref(status);
}

static void collect_daemons(const struct ctl *ctl, json_t *devices, char *err,
			    size_t err_len)
{
	struct collect collect = { devices, err, err_len };

	ctl_sockets(ctl, collect_daemon, &collect, err, err_len);
}

/* ---- the kernel ------------------------------------------------------ */

static json_t *find_peer(const json_t *peers, json_int_t id)
{
	json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		if (json_integer_value(json_object_get(peer, "id")) == id)
			return peer;
	}
	return NULL;
}

/*
 * The kernel knows an AES key's length no longer, not where a TCP peer is, and
 * of the addresses inside those that the peer came with: what the daemon says
 * stays. Of a peer that userspace carries it has just the addresses.
 */
static void merge_peer(json_t *peer, json_t *from_kernel)
{
	static const char *const keep[] = { "cipher", "vpn4", "vpn6" };
	const char *text, *path;

	path = json_string_value(json_object_get(peer, "data_path"));
	if (path && !strcmp(path, "user"))
		return;
	for (size_t i = 0; i < sizeof(keep) / sizeof(*keep); i++) {
		text = json_string_value(json_object_get(peer, keep[i]));
		if (text && *text)
			json_object_del(from_kernel, keep[i]);
	}
	if (json_is_null(json_object_get(from_kernel, "remote")))
		json_object_del(from_kernel, "remote");
	json_object_update(peer, from_kernel);
}

static void merge_peers(json_t *peers, json_t *kernel_peers)
{
	json_t *from_kernel, *peer;
	size_t i;

	json_array_foreach(kernel_peers, i, from_kernel) {
		peer = find_peer(peers, json_integer_value(
				 json_object_get(from_kernel, "id")));
		if (peer)
			merge_peer(peer, from_kernel);
		else
			json_array_append(peers, from_kernel);
	}
}

bool ctl_is_server(const json_t *device)
{
	const char *role = json_string_value(json_object_get(device, "role"));

	return role && !strcmp(role, "server");
}

/* A daemon in another namespace can have a device of the same name. */
bool ctl_is_elsewhere(const json_t *device)
{
	json_int_t netns = json_integer_value(json_object_get(device, "netns"));
	struct stat here;

	return netns && !stat("/proc/self/ns/net", &here) &&
	       netns != (json_int_t)here.st_ino;
}

static json_t *kernel_device_new(json_t *devices, const char *name)
{
	json_t *device = json_pack("{ss ss s[]}", "device", name, "data_path",
				   "kernel", "peers");
	char key[64];

	/* The key only has to be another one than that of a namesake. */
	snprintf(key, sizeof(key), "%s%s", name,
		 json_object_get(devices, name) ? " here" : "");
	json_object_set_new(devices, key, device);
	return device;
}

static void collect_kernel_device(json_t *devices, const char *name,
				  json_t *kernel, char *err, size_t err_len)
{
	json_t *device = json_object_get(devices, name), *peers;
	int ifindex;

	ifindex = (int)json_integer_value(json_object_get(kernel, "ifindex"));
	peers = ctl_kernel_peers(ifindex, err, err_len);
	if (!peers)
		return;
	if (!device || ctl_is_elsewhere(device))
		device = kernel_device_new(devices, name);
	json_object_set(device, "kernel", kernel);
	merge_peers(json_object_get(device, "peers"), peers);
	json_decref(peers);
}

static void collect_kernel(const struct ctl *ctl, json_t *devices, char *err,
			   size_t err_len)
{
	const char *only = ctl->dev, *name;
	json_t *kernel, *info;

	/* One daemon was asked for: its device, and no others. */
	if (!only && ctl->control)
		only = json_object_iter_key(json_object_iter(devices));
	if (!only && ctl->control)
		return;
	kernel = ctl_kernel_devices(only);
	json_object_foreach(kernel, name, info)
		collect_kernel_device(devices, name, info, err, err_len);
	json_decref(kernel);
}

/* ---- together -------------------------------------------------------- */

static json_t *collect_list(json_t *devices)
{
	json_t *list = json_array(), *device;
	const char *name;

	json_object_foreach(devices, name, device)
		json_array_append(list, device);
	return list;
}

json_t *ctl_collect(const struct ctl *ctl, char *err, size_t err_len)
{
	char daemon_err[256] = "", kernel_err[256] = "";
	json_t *devices = json_object(), *list = NULL;

	collect_daemons(ctl, devices, daemon_err, sizeof(daemon_err));
	if (ctl->dev && ctl->control &&
	    !json_object_get(devices, ctl->dev)) {
		if (json_object_size(devices))
			snprintf(daemon_err, sizeof(daemon_err),
				 "the daemon at %s has another device",
				 ctl->control);
		json_object_clear(devices);
	}
	collect_kernel(ctl, devices, kernel_err, sizeof(kernel_err));
	if (json_object_size(devices))
		list = collect_list(devices);
	else if (kernel_err[0])
		snprintf(err, err_len, "%s; %s", daemon_err, kernel_err);
	else
		snprintf(err, err_len,
			 "%s; the kernel has no device %s%sof type ovpn",
			 daemon_err, ctl->dev ? ctl->dev : "",
			 ctl->dev ? " " : "");
	/* The kernel alone answers: no secret when a daemon was asked for. */
	if (list && ctl->control && daemon_err[0])
		snprintf(err, err_len, "%s", daemon_err);
	json_decref(devices);
	return list;
}

/* ---- one of them ------------------------------------------------------ */

static const char *value(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool ctl_peer_is(const json_t *peer, const char *client)
{
	static const char *const keys[] = { "common_name", "vpn4", "vpn6" };
	const char *remote = value(peer, "remote");
	size_t len = strlen(client);
	char number[24];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(value(peer, keys[i]), client))
			return true;
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(json_object_get(peer, "id")));
	if (!strcmp(number, client) || !strcmp(remote, client))
		return true;
	return !strncmp(remote, client, len) && remote[len] == ':';
}

json_t *ctl_peers_find(const json_t *peers, const char *client)
{
	json_t *found = json_array(), *peer;
	size_t i;

	json_array_foreach(peers, i, peer)
		if (!strcmp(value(peer, "common_name"), client))
			json_array_append(found, peer);
	if (json_array_size(found))
		return found;
	json_array_foreach(peers, i, peer)
		if (ctl_peer_is(peer, client))
			json_array_append(found, peer);
	return found;
}
