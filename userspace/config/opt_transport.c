// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_CONN (CONFIG_IN_MAIN | CONFIG_IN_CONNECTION)

static CONFIG_SETTER(set_proto)
{
	(void)row;
	(void)n;
	if (ps->block) {
		ps->block->has_proto = true;
		return config_protocol(ps, arg[0], &ps->block->proto,
				       &ps->block->side);
	}
	return config_protocol(ps, arg[0], &ps->cfg->proto, &ps->side);
}

static CONFIG_SETTER(set_port)
{
	int ret;

	(void)row;
	(void)n;
	if (ps->block) {
		ps->block->has_port = true;
		return config_port(ps, arg[0], &ps->block->port);
	}
	ret = config_port(ps, arg[0], &ps->cfg->lport);
	ps->cfg->rport = ps->cfg->lport;
	return ret;
}

static CONFIG_SETTER(set_lport)
{
	(void)row;
	(void)n;
	ps->has_lport = true;
	return config_port(ps, arg[0], &ps->cfg->lport);
}

static CONFIG_SETTER(set_share)
{
	struct config *cfg = ps->cfg;

	(void)row;
	if (config_port(ps, arg[1], &cfg->share_port))
		return -EINVAL;
	if (!arg[0][0] || !cfg->share_port)
		return config_fail(ps, "a host and a port are needed, such as 127.0.0.1 443");
	cfg->share_host = mem_arena_strdup(cfg->arena, arg[0]);
	cfg->share_dir = n > 2 ? mem_arena_strdup(cfg->arena, arg[2]) : NULL;
	return cfg->share_host && (n < 3 || cfg->share_dir) ?
	       0 : config_nomem(ps);
}

static CONFIG_SETTER(set_rport)
{
	(void)row;
	(void)n;
	if (ps->block) {
		ps->block->has_port = true;
		return config_port(ps, arg[0], &ps->block->port);
	}
	return config_port(ps, arg[0], &ps->cfg->rport);
}

static int conn_fill(struct config_parse *ps, struct config_conn *conn,
		     char **arg, int n)
{
	int ret = 0;

	if (!arg[0][0])
		return config_fail(ps, "the host is empty");
	conn->host = mem_arena_strdup(ps->cfg->arena, arg[0]);
	if (!conn->host)
		return config_nomem(ps);
	if (n > 1) {
		conn->has_port = true;
		ret = config_port(ps, arg[1], &conn->port);
	}
	if (!ret && n > 2) {
		conn->has_proto = conn->has_word = true;
		ret = config_protocol(ps, arg[2], &conn->proto, &conn->side);
	}
	return ret;
}

/* One more in a list, in order. */
static int conn_append(struct config_parse *ps, struct config_conn **tail,
		       char **arg, int n)
{
	struct config_conn *conn;

	conn = mem_arena_alloc(ps->cfg->arena, sizeof(*conn));
	if (!conn)
		return config_nomem(ps);
	conn->place = ps->at;
	while (*tail)
		tail = &(*tail)->next;
	*tail = conn;
	return conn_fill(ps, conn, arg, n);
}

static CONFIG_SETTER(set_remote)
{
	(void)row;
	if (ps->block)
		return conn_fill(ps, ps->block, arg, n);
	return conn_append(ps, &ps->remotes, arg, n);
}

static CONFIG_SETTER(set_local)
{
	(void)row;
	return conn_append(ps, &ps->locals, arg, n);
}

static CONFIG_SETTER(set_nobind)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->cfg->is_bind = false;
	return 0;
}

static CONFIG_SETTER(set_bind)
{
	(void)row;
	if (n && config_choice(ps, arg[0],
			       (const char *const[]){ "ipv6only", NULL }))
		return -EINVAL;
	ps->is_ipv6only = n > 0;
	ps->has_bind = true;
	return 0;
}

static CONFIG_SETTER(set_mark)
{
	ps->cfg->has_mark = true;
	return config_set_u32(ps, row, arg, n);
}

static CONFIG_SETTER(set_mtu_disc)
{
	static const char *const names[] = { "no", "maybe", "yes", NULL };
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->mtu_disc = (enum config_mtu_disc)choice;
	return 0;
}

static CONFIG_SETTER(set_nodelay)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->is_nodelay_pushed = true;
	return 0;
}

static CONFIG_SETTER(set_socket_flags)
{
	int i, ret = 0;

	(void)row;
	for (i = 0; i < n && !ret; i++)
		if (strcmp(arg[i], "TCP_NODELAY"))
			ret = config_warn(ps, "flag \"%s\" is unknown and "
					  "ignored", arg[i]);
	return ret;
}

static const struct config_row transport_rows[] = {
	CONFIG_SPECIAL("proto", 1, 1, IN_CONN, set_proto,
		"udp[4|6]|tcp[4|6][-server|-client]",
		"Choose the transport; default udp.\nA 4 or 6 limits it to one "
		"address family. With tcp a client connects and a server "
		"listens; -client and -server may say so. UDP is faster, and "
		"TCP in a tunnel over TCP suffers from losses twice: take tcp "
		"where udp does not get through."),
	CONFIG_SPECIAL("remote", 1, 3, IN_CONN, set_remote,
		"HOST [PORT [PROTO]]",
		"Connect to HOST; may be given several times.\nThe entries are "
		"tried one after the other. PORT defaults to --rport, PROTO to "
		"--proto. Inside <connection> blocks, which replace all remote "
		"lines outside of them, --port and --proto may be given too."),
	CONFIG_FLAG("remote-random", IN_MAIN, has_remote_random,
		"Try the remote entries in random order."),
	CONFIG_FLAG("remote-random-hostname", IN_MAIN, has_random_hostname,
		"Put a random label in front of names of remotes.\nHOST is "
		"looked up as LABEL.HOST, so that no name server answers from "
		"memory."),
	CONFIG_SPECIAL("local", 1, 3, IN_MAIN, set_local,
		"HOST|* [PORT [PROTO]]",
		"Use the local address HOST for the transport socket.\nA server "
		"may have up to 64 of these lines, and listens at each of them, "
		"over UDP and TCP. * stands for all addresses, but leaves those "
		"of IPv6 to a line that names one at the same port; 0.0.0.0 for "
		"those of IPv4 and :: for those of IPv6. PORT defaults to --lport, "
		"PROTO to --proto. A client has one line at most; its protocol "
		"is that of --proto and --remote. The other options of the "
		"socket, as --bind-dev and --mark, hold for all of them. A "
		"client belongs to the socket by which it has come."),
	CONFIG_SPECIAL("port", 1, 1, IN_CONN, set_port, "PORT",
		"Set the local and the remote port; default 1194."),
	CONFIG_SPECIAL("lport", 1, 1, IN_MAIN, set_lport, "PORT",
		"Set the local port; 0 lets the system choose."),
	CONFIG_SPECIAL("rport", 1, 1, IN_CONN, set_rport, "PORT",
		"Set the remote port."),
	CONFIG_SPECIAL("bind", 0, 1, IN_MAIN, set_bind, "[ipv6only]",
		"Use the local port even as a client.\nServers always do. With "
		"ipv6only, the socket does not serve IPv4."),
	CONFIG_FLAG("float", IN_MAIN, is_float,
		"Accept packets of the server from another address or port.\n"
		"From then on the server is there. With tls-auth or tls-crypt "
		"such packets have to prove authentic; without, they only name "
		"the session, as with OpenVPN. Clients of a server may always "
		"move."),
	CONFIG_SPECIAL("nobind", 0, 0, IN_MAIN, set_nobind, NULL,
		"Let the system choose the local port.\nThis is the default with "
		"--client and --pull, unless --bind, --local or --lport is "
		"given."),
	{ "sndbuf", 1, 1, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_PUSH,
	  config_set_u32, CONFIG_FIELD(sndbuf), 0, 1u << 30, "BYTES",
	  "Set the socket's send buffer; 0 leaves it to the system." },
	{ "rcvbuf", 1, 1, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_PUSH,
	  config_set_u32, CONFIG_FIELD(rcvbuf), 0, 1u << 30, "BYTES",
	  "Set the socket's receive buffer; 0 leaves it to the system, or with "
	  "\"data-path user\" to ovpnd, which then asks for 2 MiB." },
	{ "mark", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_mark,
	  CONFIG_FIELD(mark), 0, UINT32_MAX, "VALUE",
	  "Mark outgoing transport packets with VALUE for routing rules." },
	CONFIG_STRING("bind-dev", IN_MAIN, bind_dev, "DEVICE",
		"Bind the transport socket to DEVICE, which may be a VRF."),
	CONFIG_SPECIAL("mtu-disc", 1, 1, IN_CONN, set_mtu_disc, "no|maybe|yes",
		"Say what happens to packets that the path cannot carry.\nWith "
		"no, the default, they are sent in fragments. With yes they are "
		"not sent, and with maybe the system decides by what it knows of "
		"the path."),
	CONFIG_NUMBER("tcp-queue-limit", IN_MAIN, tcp_queue_limit, 1, 65536,
		"N",
		"Let N full packets wait for a connection that is too slow; "
		"default 64.\nThe system's send buffer comes before them. With "
		"one peer, further packets wait in the TUN device; among "
		"several, a peer loses its own. The kernel data path has limits "
		"of its own."),
	CONFIG_SPECIAL("port-share", 2, 3, IN_MAIN, set_share,
		"HOST PORT [DIR]",
		"Forward TCP connections that are not OpenVPN's to PORT of HOST.\n"
		"A server at port 443 is a web server, too, for who does not "
		"speak OpenVPN: by the first three bytes. HOST is looked up at "
		"the start. At most 256 connections are forwarded at a time. "
		"With DIR, which --user has to be able to write to, there is a "
		"file for each of them: it has the name of the address that "
		"the other service sees, such as [AF_INET]127.0.0.1:40000, "
		"and holds the one that the connection came from."),
	CONFIG_SPECIAL("tcp-nodelay", 0, 0, IN_MAIN, set_nodelay, NULL,
		"Make a server's clients send small packets at once, as "
		"ovpnd always does.\nShort for push \"socket-flags "
		"TCP_NODELAY\"."),
	CONFIG_SPECIAL("socket-flags", 1, 16, IN_MAIN | CONFIG_IN_PUSH,
		set_socket_flags, "TCP_NODELAY",
		"Send small packets at once over TCP, which is always done."),
};

CONFIG_TABLE(transport, "Transport");
