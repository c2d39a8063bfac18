// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/*
 * Accepted without effect, so that stock files load. An empty reason means that
 * nothing is lost: what the option asks for is always so, or is only a hint.
 */

#define IN_MAIN CONFIG_IN_MAIN
#define IN_CONN (CONFIG_IN_MAIN | CONFIG_IN_CONNECTION)
#define IN_PULL (CONFIG_IN_MAIN | CONFIG_IN_PUSH)

#define WINDOWS "it is for Windows only"
#define OUTDATED "it is outdated"

static CONFIG_SETTER(set_pool_linear)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->cfg->topology = CONFIG_TOPOLOGY_P2P;
	ps->cfg->has_topology = true;
	return config_warn(ps, "is outdated and taken as topology p2p");
}

static const struct config_row ignored_rows[] = {
	CONFIG_SPECIAL("ifconfig-pool-linear", 0, 0, IN_MAIN, set_pool_linear,
		NULL, "Taken as --topology p2p."),
	CONFIG_IGNORE("persist-key", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("persist-tun", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("persist-local-ip", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("persist-remote-ip", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("resolv-retry", 1, 1, IN_MAIN, ""),
	CONFIG_IGNORE("multihome", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("fast-io", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("management-client-pf", 0, 0, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("mute-replay-warnings", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("ping-timer-rem", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("up-delay", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("down-pre", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("errors-to-stderr", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("ifconfig-nowarn", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("tun-ipv6", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("comp-noadapt", 0, 0, IN_PULL, ""),
	CONFIG_IGNORE("route-delay", 0, 2, IN_PULL, ""),
	CONFIG_IGNORE("route-method", 1, 1, IN_PULL, ""),
	CONFIG_IGNORE("hash-size", 2, 2, IN_MAIN, ""),
	CONFIG_IGNORE("stale-routes-check", 1, 2, IN_MAIN,
		"addresses are never learned from packets"),
	CONFIG_IGNORE("parameter", 0, 16, IN_PULL, ""),
	CONFIG_IGNORE("max-routes", 0, 1, IN_PULL, "there is no limit"),
	CONFIG_IGNORE("mtu-dynamic", 0, 2, IN_CONN, OUTDATED),
	CONFIG_IGNORE("tun-mtu-extra", 1, 1, IN_CONN, "it is for tap only"),
	CONFIG_IGNORE("tun-mtu-max", 1, 1, IN_CONN, OUTDATED),
	CONFIG_IGNORE("link-mtu", 1, 1, IN_CONN, "use tun-mtu"),
	CONFIG_IGNORE("udp-mtu", 1, 1, IN_CONN, "use tun-mtu"),
	CONFIG_IGNORE("auth-nocache", 0, 0, IN_PULL,
		"passwords stay in locked memory for renegotiations"),
	CONFIG_IGNORE("no-iv", 0, 0, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("no-replay", 0, 0, IN_MAIN,
		"replay protection stays on"),
	CONFIG_IGNORE("ncp-disable", 0, 0, IN_MAIN,
		"ciphers are always negotiated; use data-ciphers"),
	CONFIG_IGNORE("keysize", 1, 1, IN_MAIN, "the cipher's name decides"),
	CONFIG_IGNORE("engine", 0, 1, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("prng", 1, 2, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("opt-verify", 0, 0, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("disable-occ", 0, 0, IN_MAIN, OUTDATED),
	CONFIG_IGNORE("http-proxy-timeout", 1, 1, IN_CONN,
		"connect-timeout counts for the proxy, too"),
	CONFIG_IGNORE("http-proxy-retry", 0, 1, IN_CONN, OUTDATED),
	CONFIG_IGNORE("socks-proxy-retry", 0, 1, IN_CONN, OUTDATED),
	CONFIG_IGNORE("allow-recursive-routing", 0, 0, IN_MAIN, ""),
	CONFIG_IGNORE("block-outside-dns", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("register-dns", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("ip-win32", 1, 4, IN_PULL, WINDOWS),
	CONFIG_IGNORE("dhcp-renew", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("dhcp-release", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("dhcp-pre-release", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("dhcp-internal", 1, 1, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("tap-sleep", 1, 1, IN_PULL, WINDOWS),
	CONFIG_IGNORE("show-net-up", 0, 0, IN_PULL, WINDOWS),
	CONFIG_IGNORE("win-sys", 1, 1, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("windows-driver", 1, 1, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("dev-node", 1, 1, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("pause-exit", 0, 0, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("service", 1, 2, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("allow-nonadmin", 0, 1, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("rdns-internal", 0, 0, IN_MAIN, WINDOWS),
	CONFIG_IGNORE("cryptoapicert", 1, 1, IN_MAIN, WINDOWS),
};

CONFIG_TABLE(ignored, "Accepted without effect");
