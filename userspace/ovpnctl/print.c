// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ovpnctl/ctl.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && *value ? value : NULL;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_text(const char *title, const json_t *object,
		       const char *key)
{
	const char *value = text(object, key);

	if (value)
		printf("  %-11s %s\n", title, value);
}

static void print_since(const json_t *object)
{
	time_t since = (time_t)number(object, "since");
	long long age = (long long)(time(NULL) - since);
	char when[32];
	struct tm tm;

	if (!since || !localtime_r(&since, &tm) ||
	    !strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm))
		return;
	printf("  %-11s %s (%lldd %02lld:%02lld:%02lld)\n", "since", when,
	       age / 86400, age / 3600 % 24, age / 60 % 60, age % 60);
}

/* ---- peers ----------------------------------------------------------- */

static void print_bytes(json_int_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)n;
	int unit = -1;

	while (value >= 1024 && unit < 3) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		printf("%" JSON_INTEGER_FORMAT " B", n);
	else
		printf("%.2f %s", value, units[unit]);
}

static void print_direction(const char *title, const json_t *stats,
			    const char *layer, const char *direction)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_%s_bytes", layer, direction);
	printf(" %s ", title);
	print_bytes(number(stats, key));
	snprintf(key, sizeof(key), "%s_%s_packets", layer, direction);
	printf(" in %" JSON_INTEGER_FORMAT " packets", number(stats, key));
}

static void print_counters(const json_t *peer, const char *layer)
{
	const json_t *stats = json_object_get(peer, "stats");

	printf("  %-11s", layer);
	print_direction("received", stats, layer, "rx");
	putchar(',');
	print_direction("sent", stats, layer, "tx");
	putchar('\n');
}

static void print_key(const char *title, const json_t *key)
{
	if (json_is_integer(key))
		printf("%s %" JSON_INTEGER_FORMAT, title,
		       json_integer_value(key));
	else
		printf("%s none", title);
}

static void print_keys(const json_t *peer)
{
	printf("  %-11s ", "keys");
	print_key("primary", json_object_get(peer, "primary_key"));
	print_key(", secondary", json_object_get(peer, "secondary_key"));
	putchar('\n');
	if (number(peer, "tx_epoch"))
		printf("  %-11s aead-epoch, sending in epoch %"
		       JSON_INTEGER_FORMAT ", receiving in %"
		       JSON_INTEGER_FORMAT "\n", "format",
		       number(peer, "tx_epoch"), number(peer, "rx_epoch"));
}

static void print_vpn(const json_t *peer)
{
	const char *vpn4 = text(peer, "vpn4"), *vpn6 = text(peer, "vpn6");

	if (vpn4 || vpn6)
		printf("  %-11s %s%s%s\n", "addresses", vpn4 ? vpn4 : "",
		       vpn4 && vpn6 ? ", " : "", vpn6 ? vpn6 : "");
}

static void print_data_path(const json_t *peer)
{
	const char *data_path = text(peer, "data_path");
	const char *reason = text(peer, "reason");

	json_int_t thread = number(peer, "data_thread");

	if (!data_path)
		return;
	printf("  %-11s %s", "data path", data_path);
	if (thread)
		printf(", thread %" JSON_INTEGER_FORMAT, thread);
	printf("%s%s%s\n", reason ? " (" : "", reason ? reason : "",
	       reason ? ")" : "");
}

static void print_keepalive(const json_t *peer)
{
	const json_t *keepalive = json_object_get(peer, "keepalive");

	if (number(keepalive, "interval"))
		printf("  %-11s ping %" JSON_INTEGER_FORMAT
		       " s, timeout %" JSON_INTEGER_FORMAT " s\n", "keepalive",
		       number(keepalive, "interval"),
		       number(keepalive, "timeout"));
}

static void print_peer(const json_t *device, const json_t *peer)
{
	const char *name = text(peer, "common_name");

	printf("%s peer %" JSON_INTEGER_FORMAT "%s%s\n",
	       text(device, "device"), number(peer, "id"), name ? " " : "",
	       name ? name : "");
	print_text("state", peer, "state");
	print_text("remote", peer, "remote");
	print_text("local", peer, "local");
	print_text("transport", peer, "transport");
	print_vpn(peer);
	print_text("cipher", peer, "cipher");
	print_keys(peer);
	print_text("tls", peer, "tls");
	print_data_path(peer);
	print_keepalive(peer);
	print_counters(peer, "vpn");
	print_counters(peer, "link");
	print_since(peer);
}

void ctl_print_peers(const json_t *devices)
{
	const json_t *device, *peers, *peer;
	size_t i, j;

	json_array_foreach(devices, i, device) {
		peers = json_object_get(device, "peers");
		if (!json_array_size(peers))
			printf("%s no peers\n", text(device, "device"));
		json_array_foreach(peers, j, peer)
			print_peer(device, peer);
	}
}

/* ---- status ---------------------------------------------------------- */

/* of one socket the address says all */
static void print_sockets(const json_t *device)
{
	const json_t *sockets = json_object_get(device, "sockets"), *sock;
	size_t i;

	if (json_array_size(sockets) < 2) {
		print_text("local", device, "local");
		return;
	}
	json_array_foreach(sockets, i, sock)
		printf("  %-11s %s %s, peers: %" JSON_INTEGER_FORMAT "\n",
		       "socket", text(sock, "transport"), text(sock, "local"),
		       number(sock, "peers"));
}

static void print_device(const json_t *device)
{
	const json_t *kernel = json_object_get(device, "kernel");

	printf("%s\n", text(device, "device"));
	print_text("role", device, "role");
	print_text("state", device, "state");
	print_sockets(device);
	print_data_path(device);
	if (kernel)
		printf("  %-11s type ovpn, mode %s, %s\n", "device",
		       text(kernel, "mode"),
		       json_is_true(json_object_get(kernel, "up")) ? "up" :
								     "down");
	printf("  %-11s %zu\n", "peers",
	       json_array_size(json_object_get(device, "peers")));
	print_text("control", device, "control");
	print_text("version", device, "version");
	print_since(device);
}

void ctl_print_status(const json_t *devices)
{
	const json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
		print_device(device);
}
