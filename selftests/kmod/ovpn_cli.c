// SPDX-License-Identifier: GPL-2.0-or-later
/* Drives a device of kind "ovpn" from test scripts, as ovpn_cli and, in the
 * other family, as ovpnx_cli.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ovpn_nl.h"
#include "ovpn_sock.h"
#include "ovpn_table.h"

static const char cli_usage[] =
"usage: ovpn_cli|ovpnx_cli [-n NETNS] COMMAND ...\n"
"  new_peer|set_peer|get_peer|del_peer DEV ITEM...  ITEMs of peer{}\n"
"  new_key|get_key|swap_keys|del_key DEV ITEM...    ITEMs of keyconf{}\n"
"  dump DEV                      all peers\n"
"  raw TEXT... | raw_dump TEXT...  any message, see ovpn_spec.h\n"
"  table                         rows of a table, see ovpn_table.h\n"
"  dump_amid COMMAND TEXT...     a dump in small pieces; after the first one the\n"
"                                shell runs COMMAND; \"INTR\" if it is noticed\n"
"  listen [SECONDS [COUNT]]      events as text, one line each\n"
"  sock ADDR:PORT                hold a UDP socket, print what it receives\n"
"  sock_send PID ADDR:PORT HEX   send from a holder's socket\n"
"  sock_set PID NAME VALUE       a holder's socket, see ovpn_sock_set()\n"
"  link_add DEV [p2p|mp]         create a device\n"
"  stat DEV rx|tx bytes|packets|dropped  a counter of the interface\n"
"  batch                         commands from standard input, one per line\n"
"In items, @DEV is an interface's index and @sock:PID a holder's socket.\n";

struct cli {
	struct ovpn_nl nl;
	int borrowed;
	const char *amid;
};

static int cli_resolve(void *data, const char *name, uint32_t *value)
{
	struct cli *cli = data;
	int fd;

	if (!strncmp(name, "sock:", 5)) {
		fd = ovpn_sock_borrow(atoi(name + 5));
		if (fd < 0)
			return fd;
		cli->borrowed = fd;
		*value = (uint32_t)fd;
		return 0;
	}
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static void cli_print(const struct nlmsghdr *nlh, void *data)
{
	char text[OVPN_NL_LONG_TEXT];

	(void)data;
	spec_decode(nlh, text, sizeof(text));
	printf("%s\n", text);
	fflush(stdout);
}

static void cli_amid(const struct nlmsghdr *nlh, void *data)
{
	struct cli *cli = data;

	if (cli->amid && system(cli->amid))
		fprintf(stderr, "ovpn_cli: %s failed\n", cli->amid);
	cli->amid = NULL;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		printf("INTR ");
	cli_print(nlh, NULL);
}

static int cli_request(struct cli *cli, const char *text, bool is_dump)
{
	const struct ovpn_nl_error *error = &cli->nl.error;
	int err;

	cli->borrowed = -1;
	err = ovpn_nl_request(&cli->nl, text, is_dump,
			      cli->amid ? cli_amid : cli_print, cli_resolve,
			      cli);
	if (cli->borrowed >= 0)
		close(cli->borrowed);
	if (!err)
		return 0;
	fprintf(stderr, "ovpn_cli: %s: %s", text, ovpn_nl_error_name(err));
	if (error->text[0])
		fprintf(stderr, ": %s", error->text);
	if (error->attr[0])
		fprintf(stderr, " [attribute %s]", error->attr);
	if (error->miss_type)
		fprintf(stderr, " [missing #%u]", error->miss_type);
	fprintf(stderr, "\n");
	return err;
}

/* All arguments from @argv on, with a blank between. */
static void cli_join(char *buf, size_t size, char **argv)
{
	size_t len = strlen(buf);

	for (; *argv && len < size; argv++)
		len += (size_t)snprintf(buf + len, size - len, " %s", *argv);
}

static int cli_raw(struct cli *cli, char **argv, bool is_dump)
{
	char text[OVPN_NL_LONG_TEXT] = "";

	cli_join(text, sizeof(text), argv);
	return cli_request(cli, text, is_dump);
}

/* Pieces are as large as what we ask for, so that there are many. */
static int cli_dump_amid(struct cli *cli, char **argv)
{
	if (!argv[0] || !argv[1])
		return -EINVAL;
	cli->amid = argv[0];
	return cli_raw(cli, argv + 1, true);
}

static int cli_nested(struct cli *cli, const char *command, const char *nest,
		      char **argv)
{
	char text[OVPN_NL_LONG_TEXT];
	size_t len;

	if (!argv[0])
		return -EINVAL;
	snprintf(text, sizeof(text), "%s ifindex=@%s %s{", command, argv[0],
		 nest);
	cli_join(text, sizeof(text), argv + 1);
	len = strlen(text);
	if (len + 2 > sizeof(text))
		return -ENOSPC;
	strcpy(text + len, "}");
	return cli_request(cli, text, false);
}

static int cli_dump(struct cli *cli, const char *dev)
{
	char text[64];

	if (!dev)
		return -EINVAL;
	snprintf(text, sizeof(text), "PEER_GET ifindex=@%s", dev);
	return cli_request(cli, text, true);
}

static int listen_wait(struct cli *cli, const struct timespec *end)
{
	struct pollfd poll_fd = {
		.fd = mnl_socket_get_fd(cli->nl.sock), .events = POLLIN,
	};
	struct timespec now;
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (end->tv_sec - now.tv_sec) * 1000 +
	     (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? poll(&poll_fd, 1, (int)ms) : 0;
}

/* Events until SECONDS are over or COUNT have come; -ETIME if too few. */
static int cli_listen(struct cli *cli, char **argv)
{
	long seconds = argv[0] ? atol(argv[0]) : 3600;
	long count = argv[0] && argv[1] ? atol(argv[1]) : 0;
	char buf[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	struct timespec end;
	long seen = 0;
	ssize_t len;
	int rest;

	rest = ovpn_nl_join(&cli->nl, cli->nl.group);
	if (rest)
		return rest;
	printf("listening\n");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while ((!count || seen < count) && listen_wait(cli, &end) > 0) {
		len = mnl_socket_recvfrom(cli->nl.sock, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		nlh = (const void *)buf;
		for (rest = (int)len; mnl_nlmsg_ok(nlh, rest);
		     nlh = mnl_nlmsg_next(nlh, &rest)) {
			cli_print(nlh, NULL);
			seen++;
		}
	}
	return seen < count ? -ETIME : 0;
}

static int cli_sock_send(char **argv)
{
	struct sockaddr_storage addr;
	uint8_t data[2048];
	socklen_t size;
	int len, fd, err;

	if (!argv[0] || !argv[1] || !argv[2])
		return -EINVAL;
	len = ovpn_sock_hex(argv[2], data, sizeof(data));
	if (len < 0)
		return len;
	err = ovpn_sock_address(argv[1], &addr, &size);
	if (err)
		return err;
	fd = ovpn_sock_borrow(atoi(argv[0]));
	if (fd < 0)
		return fd;
	if (sendto(fd, data, (size_t)len, 0, (void *)&addr, size) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int cli_sock_set(char **argv)
{
	int fd, err;

	if (!argv[0] || !argv[1] || !argv[2])
		return -EINVAL;
	fd = ovpn_sock_borrow(atoi(argv[0]));
	if (fd < 0)
		return fd;
	err = ovpn_sock_set(fd, argv[1], argv[2]);
	close(fd);
	return err;
}

static int cli_link_add(char **argv)
{
	struct ovpn_nl nl;
	uint8_t mode;
	int err;

	if (!argv[0])
		return -EINVAL;
	err = ovpn_nl_open_rtnl(&nl);
	if (err)
		return err;
	mode = argv[1] && !strcmp(argv[1], "mp");
	err = ovpn_nl_link_add(&nl, argv[0], argv[1] ? &mode : NULL,
			       sizeof(mode), true);
	ovpn_nl_close(&nl);
	return err;
}

/* By /proc, which is of the process's own namespace; sysfs is not. */
static int cli_stat(char **argv)
{
	unsigned long long value[16] = { 0 };
	char line[512], *colon;
	int index, err = -ENODEV, n;
	FILE *file;

	if (!argv[0] || !argv[1] || !argv[2])
		return -EINVAL;
	index = argv[1][0] == 't' ? 8 : 0;
	index += argv[2][0] == 'b' ? 0 : argv[2][0] == 'p' ? 1 : 3;
	file = fopen("/proc/self/net/dev", "re");
	if (!file)
		return -errno;
	while (err && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon++ = '\0';
		if (strcmp(line + strspn(line, " "), argv[0]))
			continue;
		for (n = 0; n < 16; n++)
			value[n] = strtoull(colon, &colon, 10);
		printf("%llu\n", value[index]);
		err = 0;
	}
	fclose(file);
	return err;
}

struct cli_nested_command {
	const char *name;
	const char *command;
	const char *nest;
};

static const struct cli_nested_command cli_nested_commands[] = {
	{ "new_peer", "PEER_NEW", "peer" },
	{ "set_peer", "PEER_SET", "peer" },
	{ "get_peer", "PEER_GET", "peer" },
	{ "del_peer", "PEER_DEL", "peer" },
	{ "new_key", "KEY_NEW", "keyconf" },
	{ "get_key", "KEY_GET", "keyconf" },
	{ "swap_keys", "KEY_SWAP", "keyconf" },
	{ "del_key", "KEY_DEL", "keyconf" },
	{ NULL, NULL, NULL }
};

static int cli_run(struct cli *cli, char **argv)
{
	const struct cli_nested_command *row = cli_nested_commands;

	while (row->name && strcmp(row->name, argv[0]))
		row++;
	if (row->name)
		return cli_nested(cli, row->command, row->nest, argv + 1);
	if (!strcmp(argv[0], "dump"))
		return cli_dump(cli, argv[1]);
	if (!strcmp(argv[0], "raw"))
		return cli_raw(cli, argv + 1, false);
	if (!strcmp(argv[0], "raw_dump"))
		return cli_raw(cli, argv + 1, true);
	if (!strcmp(argv[0], "dump_amid"))
		return cli_dump_amid(cli, argv + 1);
	if (!strcmp(argv[0], "table"))
		return ovpn_table_run(&cli->nl, cli_resolve, cli);
	if (!strcmp(argv[0], "listen"))
		return cli_listen(cli, argv + 1);
	if (!strcmp(argv[0], "sock_send"))
		return cli_sock_send(argv + 1);
	if (!strcmp(argv[0], "sock_set"))
		return cli_sock_set(argv + 1);
	fputs(cli_usage, stderr);
	return -EINVAL;
}

/* Stops at the first line that fails. */
static int cli_batch(struct cli *cli)
{
	char line[2048], *argv[64], *save;
	int err = 0, argc;

	while (!err && fgets(line, sizeof(line), stdin)) {
		argc = 0;
		argv[0] = strtok_r(line, " \t\n", &save);
		while (argv[argc] && argc < 62)
			argv[++argc] = strtok_r(NULL, " \t\n", &save);
		argv[argc] = NULL;
		if (argc)
			err = cli_run(cli, argv);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int err;

	ovpn_sock_enter(&argc, &argv);
	if (argc < 2) {
		fputs(cli_usage, stderr);
		return 2;
	}
	if (!strcmp(argv[1], "sock"))
		return argc > 2 ? ovpn_sock_hold(argv[2]) : 2;
	if (!strcmp(argv[1], "link_add") || !strcmp(argv[1], "stat")) {
		err = argv[1][0] == 's' ? cli_stat(argv + 2) :
			cli_link_add(argv + 2);
		if (err)
			fprintf(stderr, "ovpn_cli: %s: %s\n", argv[1],
				ovpn_nl_error_name(err));
		return err ? 1 : 0;
	}
	if (!strcmp(argv[1], "dump_amid"))
		ovpn_nl_piece = 4096;
	err = ovpn_nl_open(&cli.nl);
	if (err) {
		fprintf(stderr, "ovpn_cli: no genl family: %s\n",
			ovpn_nl_error_name(err));
		return 4;
	}
	err = strcmp(argv[1], "batch") ? cli_run(&cli, argv + 1) :
		cli_batch(&cli);
	ovpn_nl_close(&cli.nl);
	return err ? 1 : 0;
}
