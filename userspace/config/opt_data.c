// SPDX-License-Identifier: GPL-2.0-or-later
/* What data packets look like. */
#include <errno.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_CONN (CONFIG_IN_MAIN | CONFIG_IN_CONNECTION)
#define IN_PULL (CONFIG_IN_MAIN | CONFIG_IN_PUSH)

#define REPLAY_WINDOW_MAX	65536
#define REPLAY_TIME_MAX		600
#define REPLAY_TIME_DEFAULT	15

/* ---- compression framing (section 7.8) ------------------------------ */

static CONFIG_SETTER(set_comp_lzo)
{
	static const char *const names[] = { "yes", "no", "adaptive", NULL };

	(void)row;
	if (n && config_choice(ps, arg[0], names) < 0)
		return -EINVAL;
	ps->cfg->framing = PROTO_FRAMING_LZO;
	return 0;
}

static CONFIG_SETTER(set_compress)
{
	static const char *const names[] = {
		"stub", "lz4", "lzo", "stub-v2", "lz4-v2", "migrate", NULL
	};
	static const enum proto_framing framings[] = {
		PROTO_FRAMING_SWAP, PROTO_FRAMING_SWAP, PROTO_FRAMING_LZO,
		PROTO_FRAMING_V2, PROTO_FRAMING_V2, PROTO_FRAMING_NONE,
	};
	int choice = n ? config_choice(ps, arg[0], names) : 0;

	(void)row;
	if (choice < 0)
		return -EINVAL;
	ps->cfg->framing = framings[choice];
	return 0;
}

/* ---- sizes ---------------------------------------------------------- */

/* Return: true when it is in a block for one remote, where it cannot be. */
static bool is_in_block(const struct config_parse *ps)
{
	return ps->scope == CONFIG_IN_CONNECTION;
}

static CONFIG_SETTER(set_fragment)
{
	struct config *cfg = ps->cfg;

	(void)row;
	if (is_in_block(ps))
		return config_fail(ps, "it is for all remotes; write it outside "
				   "of <connection>");
	if (n > 1 && strcmp(arg[1], "mtu"))
		return config_fail(ps, "\"%s\" is unknown; write mtu, or nothing",
				   arg[1]);
	cfg->is_fragment_mtu = n > 1;
	return config_number(ps, arg[0], 68, UINT16_MAX, &cfg->fragment);
}

static CONFIG_SETTER(set_mssfix)
{
	static const char *const names[] = { "mtu", "fixed", NULL };
	static const enum config_mssfix kinds[] = {
		CONFIG_MSSFIX_MTU, CONFIG_MSSFIX_FIXED,
	};
	struct config *cfg = ps->cfg;
	int choice = n > 1 ? config_choice(ps, arg[1], names) : -1;

	(void)row;
	if (n > 1 && choice < 0)
		return -EINVAL;
	if (is_in_block(ps))
		return config_warn(ps, "left out: it is for all remotes; write "
				   "it outside of <connection>");
	cfg->mssfix_kind = CONFIG_MSSFIX_DEFAULT;
	if (!n)
		return 0;
	if (config_number(ps, arg[0], 0, UINT16_MAX, &cfg->mssfix))
		return -EINVAL;
	cfg->mssfix_kind = !cfg->mssfix ? CONFIG_MSSFIX_OFF :
			   choice < 0 ? CONFIG_MSSFIX_LINK : kinds[choice];
	return 0;
}

/* ---- client-nat ------------------------------------------------------ */

/* As many as OpenVPN takes. */
#define NAT_MAX 64

static int nat_append(struct config_parse *ps, const struct config_nat *src)
{
	struct config_nat *nat, **tail = &ps->cfg->nat;
	unsigned int n_rules = 1;

	for (; *tail; tail = &(*tail)->next)
		n_rules++;
	if (n_rules > NAT_MAX)
		return config_fail(ps, "there are more than %u of them", NAT_MAX);
	nat = mem_arena_memdup(ps->cfg->arena, src, sizeof(*src));
	if (!nat)
		return config_nomem(ps);
	*tail = nat;
	return 0;
}

static CONFIG_SETTER(set_client_nat)
{
	static const char *const names[] = { "snat", "dnat", NULL };
	struct config_nat nat = { 0 };
	int choice = config_choice(ps, arg[0], names);
	struct net_ip base;

	(void)row;
	(void)n;
	if (choice < 0)
		return -EINVAL;
	if (ps->cfg->is_route_nopull && ps->scope == CONFIG_IN_PUSH)
		return 0;
	nat.is_dst = choice;
	for (int i = 1; i < 4; i += 2) {
		struct net_ip *ip = i == 1 ? &nat.network.ip : &nat.alias;

		if (net_ip_parse(arg[i], ip) || ip->family != AF_INET)
			return config_fail(ps, "\"%s\" is not an IPv4 network",
					   arg[i]);
	}
	if (net_mask_parse(arg[2], &nat.network.len))
		return config_fail(ps, "\"%s\" is not a netmask, such as 255.255.255.0",
				   arg[2]);
	if (net_prefix_nth(&nat.network, 0, &base) ||
	    !net_ip_is_equal(&base, &nat.network.ip))
		return config_fail(ps, "%s %s: the address is not the first of its network",
				   arg[1], arg[2]);
	return nat_append(ps, &nat);
}

/* ---- replay ---------------------------------------------------------- */

static CONFIG_SETTER(set_replay_window)
{
	struct config *cfg = ps->cfg;

	(void)row;
	cfg->has_replay_window = n > 0;
	cfg->replay_time = REPLAY_TIME_DEFAULT;
	if (n && config_number(ps, arg[0], 0, REPLAY_WINDOW_MAX,
			       &cfg->replay_window))
		return -EINVAL;
	return n > 1 ? config_number(ps, arg[1], 0, REPLAY_TIME_MAX,
				     &cfg->replay_time) : 0;
}

static const struct config_row data_rows[] = {
	CONFIG_SPECIAL("replay-window", 0, 2, IN_MAIN, set_replay_window,
		"[PACKETS [SECONDS]]",
		"Accept packets that are late by this much.\nPACKETS is how many "
		"may have overtaken it, at most 65536, SECONDS how long ago "
		"they did, 15 if it is left out and without a limit if it is "
		"0. By default 2048 packets at any time. The kernel data path "
		"has a window of its own."),
	CONFIG_SPECIAL("fragment", 1, 2, IN_CONN, set_fragment, "BYTES [mtu]",
		"Send longer packets in several datagrams of at most BYTES.\nOnly "
		"for what tun-mtu and mssfix cannot do, because it is slow: "
		"userspace carries the data then. With mtu, the headers of IP "
		"and UDP count, too. The other side needs the option as well; "
		"a server uses it with those of its clients that have it. Over "
		"UDP only."),
	CONFIG_SPECIAL("mssfix", 0, 2, IN_CONN, set_mssfix,
		"[BYTES [mtu|fixed]]",
		"Keep TCP in the tunnel to segments whose datagrams have at most "
		"BYTES.\nWith mtu, the headers of IP and of the transport count; "
		"with fixed, BYTES is the length of packets inside. 0 leaves "
		"segments alone. Without the option it is the MTU of the way to "
		"the peer, and with --fragment its number; in userspace never "
		"more than 1492 when --tun-mtu is 1500. The kernel data path "
		"looks at the MTU of the way only."),
	CONFIG_FLAG("passtos", IN_MAIN, is_passtos,
		"Packets outside have the DSCP of those inside.\nThe kernel data "
		"path of this project's module always does it."),
	CONFIG_NUMBER("shaper", IN_PULL, shaper, 100, 100000000, "BYTES",
		"Send at most BYTES in a second to the other end.\nWhat comes "
		"faster waits in the TUN device. Of a client, or of a link of "
		"two; userspace carries the data then. Pushed to a client on the "
		"kernel data path it has no effect."),
	CONFIG_FLAG("mtu-test", IN_MAIN, is_mtu_test,
		"Find out how long datagrams can be on the way to the other end.\n"
		"Each time that a connection is there, datagrams of many sizes go "
		"both ways for 69 seconds, then the log has the longest of each "
		"direction that was sent, and that arrived. Of a client, or of a "
		"link of two, over UDP; userspace carries the data then."),
	CONFIG_SPECIAL("client-nat", 4, 4, IN_PULL, set_client_nat,
		"snat|dnat NETWORK NETMASK ALIAS",
		"The addresses of NETWORK here are those of ALIAS for the server.\n"
		"With snat they belong to hosts here, with dnat to hosts that "
		"are reached through the tunnel. Addresses only, IPv4, without "
		"what error messages quote; userspace carries the data then, so "
		"that a client on the kernel data path refuses it where it is "
		"pushed."),
	CONFIG_SPECIAL("comp-lzo", 0, 1, IN_PULL, set_comp_lzo,
		"[yes|no|adaptive]",
		"Frame packets as a peer with this option does.\nNothing is ever "
		"compressed, and packets that the peer has compressed are "
		"dropped: write \"comp-lzo no\" there. Userspace carries the "
		"data then. A server does not need it: it tells clients that "
		"are configured for compression to leave it."),
	CONFIG_SPECIAL("compress", 0, 1, IN_PULL, set_compress,
		"[stub|stub-v2|lzo|lz4|lz4-v2|migrate]",
		"Frame packets as a peer with this option does, as --comp-lzo.\n"
		"stub-v2 and lz4-v2 need no framing, so the kernel can carry "
		"the data."),
	CONFIG_ONLY("allow-compression", "no",
		"Nothing is ever compressed; nothing else is supported."),
};

CONFIG_TABLE(data, "Data channel");
