// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's file: behind a first line, which is the common name that the file
 * is looked up by. No name leads out of the folder.
 */
#include <limits.h>

#include "fuzz.h"
#include "config/config.h"
#include "tunnel/private.h"

static const char server_text[] =
	"dev tun\nserver 10.8.0.0 255.255.255.0\nserver-ipv6 fd00:8::/64\n"
	"topology subnet\npush \"route 10.9.0.0 255.255.0.0\"\n"
	"keepalive 10 60\n<ca>\nCA\n</ca>\n<cert>\nC\n</cert>\n<key>\nK\n</key>\n";

static void report(void *arg, const char *err)
{
	size_t *n = arg;

	FUZZ_CHECK(err[0] && strlen(err) < 512 && !strchr(err, '\n'));
	(*n)++;
}

static void check_name(const char *name)
{
	char path[PATH_MAX];

	if (tunnel_ccd_path("/d", name, path))
		return;
	FUZZ_CHECK(!strncmp(path, "/d/", 3) && path[3]);
	FUZZ_CHECK(!strchr(path + 3, '/'));
	FUZZ_CHECK(strcmp(path + 3, ".") && strcmp(path + 3, ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *server;
	const uint8_t *eol = memchr(data, '\n', size);
	size_t len = eol ? (size_t)(eol - data) : size, n = 0, n_routes = 0;
	char *name = fuzz_text(data, len), err[300];
	struct config *client;

	if (!server)
		FUZZ_CHECK(!config_parse("s", server_text, strlen(server_text),
					 false, &server, err, sizeof(err)));
	check_name(name);
	free(name);
	client = config_client_begin(server);
	FUZZ_CHECK(client);
	if (eol)
		config_client_apply(client, "c", (const char *)eol + 1,
				    size - len - 1, report, &n);
	for (struct config_route *in = client->iroutes; in; in = in->next)
		n_routes++;
	FUZZ_CHECK(n <= size && n_routes <= 256);
	config_free(client);
	return 0;
}
