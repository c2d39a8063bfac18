// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netlink contract as a table. Devices: "p2p" and "mp", both new. Sockets:
 * udp4 (port 1194), udp6 (dual stack, port 1195), udpx (port 1196, for p2p),
 * l2tp (UDP with another encapsulation), tcp (connected), tcpnew, rawudp,
 * unix; file and none are descriptors that are no socket.
 */
#include <errno.h>

#include "contract.h"

#define DO CONTRACT_DO
#define DUMP CONTRACT_DUMP
#define BOTH CONTRACT_BOTH
#define OURS CONTRACT_OURS
#define DIFFERS CONTRACT_DIFFERS

#define REMOTE "remote-ipv4=10.9.0.2 remote-port=1194 "
#define REMOTE6 "remote-ipv6=fd09::2 remote-port=1194 "
#define MP_NEW "PEER_NEW ifindex=@mp peer{"
#define MP_SET "PEER_SET ifindex=@mp peer{"
#define MP_GET "PEER_GET ifindex=@mp peer{"
#define MP_DEL "PEER_DEL ifindex=@mp peer{"
#define P2P_NEW "PEER_NEW ifindex=@p2p peer{"
#define P2P_SET "PEER_SET ifindex=@p2p peer{"
#define P2P_GET "PEER_GET ifindex=@p2p peer{"
#define KEY_NEW "KEY_NEW ifindex=@mp keyconf{"
#define KEY_GET "KEY_GET ifindex=@mp keyconf{"
#define KEY_DEL "KEY_DEL ifindex=@mp keyconf{"
#define KEY_SWAP "KEY_SWAP ifindex=@mp keyconf{"
#define KEYS(n) \
	"encrypt{key=" #n "*a1 nonce=8*a2} decrypt{key=" #n "*b1 nonce=8*b2}"
#define ZERO_STATS \
	"vpn-rx-bytes=0 vpn-rx-packets=0 vpn-tx-bytes=0 vpn-tx-packets=0 " \
	"link-rx-bytes=0 link-rx-packets=0 link-tx-bytes=0 link-tx-packets=0"

#define R(name, request, err, expect) \
	{ name, request, err, expect, DO, BOTH, NULL, NULL }
#define R_DUMP(name, request, err, expect) \
	{ name, request, err, expect, DUMP, BOTH, NULL, NULL }
/* refused for the same reason as row @same, although others apply, too */
#define R_FIRST(name, request, same) \
	{ name, request, -EINVAL, NULL, DO, BOTH, same, NULL }

const struct contract_row contract_rows[] = {
	/* header and prologue */
	R("get: no ifindex", "PEER_GET peer{id=1}", -EINVAL, "* #1"),
	R("get: unknown ifindex", "PEER_GET ifindex=99999 peer{id=1}",
	  -ENODEV, NULL),
	R("get: interface of another kind", "PEER_GET ifindex=@lo peer{id=1}",
	  -EINVAL, "ifindex*"),
	R("new: no ifindex", "PEER_NEW peer{id=1}", -EINVAL, "* #1"),
	R("new: unknown ifindex", "PEER_NEW ifindex=99999", -ENODEV, NULL),
	R("set: interface of another kind", "PEER_SET ifindex=@lo", -EINVAL,
	  "ifindex*"),
	R("key new: no ifindex", "KEY_NEW", -EINVAL, "* #1"),
	R("key swap: unknown ifindex", "KEY_SWAP ifindex=99999", -ENODEV,
	  NULL),
	R("unknown command", "#12 ifindex=@mp", -EOPNOTSUPP, NULL),
	R("event PEER_DEL_NTF as command", "PEER_DEL_NTF ifindex=@mp",
	  -EOPNOTSUPP, NULL),
	R("event KEY_SWAP_NTF as command", "KEY_SWAP_NTF ifindex=@mp",
	  -EOPNOTSUPP, NULL),
	R("event PEER_FLOAT_NTF as command", "PEER_FLOAT_NTF ifindex=@mp",
	  -EOPNOTSUPP, NULL),
	R_DUMP("dump of PEER_NEW", "PEER_NEW ifindex=@mp", -EOPNOTSUPP, NULL),
	R_DUMP("dump of KEY_GET", "KEY_GET ifindex=@mp", -EOPNOTSUPP, NULL),
	R("reserved header field", MP_GET "id=1} reserved=1", -EINVAL, NULL),
	R("netlink flag that no command has", MP_GET "id=1} nlflags=0x400",
	  -EINVAL, NULL),
	R("top: attribute above the last", MP_GET "id=1} #4=00000000",
	  -EINVAL, NULL),
	R("get: keyconf is above its last", MP_GET "id=1} keyconf{}", -EINVAL,
	  NULL),
	R("key get: peer has no policy", KEY_GET "peer-id=1 slot=0} peer{}",
	  -EINVAL, NULL),
	R("top: nest without its flag", "PEER_GET ifindex=@mp peer!{id=1}",
	  -EINVAL, NULL),
	R("top: scalar with the nest flag", "PEER_GET ifindex!=@mp peer{id=1}",
	  -EINVAL, NULL),
	R("top: ifindex of 2 bytes", "PEER_GET ifindex=hex:0100 peer{id=1}",
	  -EINVAL, NULL),
	R("top: trailing bytes", MP_GET "id=1} raw=0000", -EINVAL, NULL),
	R("nest: trailing bytes", MP_GET "id=1 raw=0000}", -EINVAL, NULL),
	R("nest: unknown attribute", MP_GET "id=1 #25=00000000}", -EINVAL,
	  NULL),
	R("nest: attribute 0", MP_GET "id=1 #0=00000000}", -EINVAL, NULL),
	R("nest: id of 8 bytes", MP_GET "id=hex:0100000000000000}", -EINVAL,
	  NULL),
	R("nest: id of 2 bytes", MP_GET "id=hex:0100}", -EINVAL, NULL),
	R("nest: id above 24 bits", MP_GET "id=0x1000000}", -ERANGE, NULL),
	R("nest: id may be 0xffffff", MP_GET "id=0xffffff}", -ENOENT, NULL),
	R_DUMP("dump: no ifindex", "PEER_GET", -EINVAL, NULL),
	R_DUMP("dump: unknown ifindex", "PEER_GET ifindex=99999", -ENODEV,
	       NULL),
	R_DUMP("dump: interface of another kind", "PEER_GET ifindex=@lo",
	       -EINVAL, NULL),
	R_DUMP("dump: peer, even empty", "PEER_GET ifindex=@mp peer{}",
	       -EINVAL, NULL),
	R_DUMP("dump: no peers", "PEER_GET ifindex=@mp", 0, ""),
	R_DUMP("dump: no p2p peer", "PEER_GET ifindex=@p2p", 0, ""),

	/* pre-checks of new and set, in their order */
	R("new: no peer", "PEER_NEW ifindex=@mp", -EINVAL, "* #2"),
	R("new: no id", MP_NEW "socket=@udp4 " REMOTE "vpn-ipv4=10.8.0.2}",
	  -EINVAL, "* #1"),
	R("new: both remote families", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "remote-ipv6=fd09::2 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: port without address", MP_NEW
	  "id=1 socket=@udp4 remote-port=1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: address without port", MP_NEW
	  "id=1 socket=@udp4 remote-ipv4=10.9.0.2 vpn-ipv4=10.8.0.2}",
	  -EINVAL, NULL),
	R("new: v6 address without port", MP_NEW
	  "id=1 socket=@udp4 remote-ipv6=fd09::2 vpn-ipv4=10.8.0.2}",
	  -EINVAL, NULL),
	R("new: local v4, no remote v4", MP_NEW "id=1 socket=@udp6 " REMOTE6
	  "local-ipv4=10.9.0.1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: local v6, no remote v6", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "local-ipv6=fd09::1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: families differ, remote mapped", MP_NEW "id=1 socket=@udp6 "
	  "remote-ipv6=::ffff:10.9.0.2 remote-port=1194 local-ipv6=fd09::1 "
	  "vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: families differ, local mapped", MP_NEW "id=1 socket=@udp6 "
	  REMOTE6 "local-ipv6=::ffff:10.9.0.1 vpn-ipv4=10.8.0.2}", -EINVAL,
	  NULL),
	R("new: scope with v4", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: scope with mapped v4", MP_NEW "id=1 socket=@udp6 "
	  "remote-ipv6=::ffff:10.9.0.2 remote-port=1194 "
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: p2p with a VPN address", P2P_NEW "id=1 socket=@udpx " REMOTE
	  "vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: p2p with a VPN address of v6", P2P_NEW "id=1 socket=@udpx "
	  REMOTE "vpn-ipv6=fd08::2}", -EINVAL, NULL),
	R("new: interval without timeout", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 keepalive-interval=5}", -EINVAL, NULL),
	R("new: timeout without interval", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 keepalive-timeout=5}", -EINVAL, NULL),
	R("new: port 0", MP_NEW "id=1 socket=@udp4 remote-ipv4=10.9.0.2 "
	  "remote-port=0 vpn-ipv4=10.8.0.2}", -ERANGE, NULL),
	R("new: interval above a day", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 keepalive-interval=86401 keepalive-timeout=1}",
	  -ERANGE, NULL),
	R("new: timeout above a day", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 keepalive-interval=1 keepalive-timeout=86401}",
	  -ERANGE, NULL),
	R("new: tx-id above 24 bits", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 tx-id=0x1000000}", -ERANGE, NULL),
	R("new: v6 address of 15 bytes", MP_NEW "id=1 socket=@udp6 "
	  "remote-ipv6=hex:fd0900000000000000000000000001 remote-port=1 "
	  "vpn-ipv4=10.8.0.2}", -ERANGE, NULL),
	R("new: v4 address of 3 bytes", MP_NEW "id=1 socket=@udp4 "
	  "remote-ipv4=hex:0a0900 remote-port=1 vpn-ipv4=10.8.0.2}", -EINVAL,
	  NULL),
	R("new: port of 4 bytes", MP_NEW "id=1 socket=@udp4 "
	  "remote-ipv4=10.9.0.2 remote-port=hex:04aa0000 vpn-ipv4=10.8.0.2}",
	  -EINVAL, NULL),
	R("new: socket-netnsid is refused", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 socket-netnsid=0}", -EINVAL, NULL),
	R("new: local-port is refused", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 local-port=1194}", -EINVAL, NULL),
	R("new: del-reason is refused", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 del-reason=1}", -EINVAL, NULL),
	R("new: a counter is refused", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2 vpn-rx-bytes=0}", -EINVAL, NULL),

	/*
	 * Two things are wrong; the earlier check has to say so. Twice: as a
	 * new peer, and as a change of one that does not exist.
	 */
	R("new: 1 before 2", MP_NEW "socket=@udp4 " REMOTE
	  "remote-ipv6=fd09::2}", -EINVAL, "* #1"),
	R_FIRST("new: 2 before 4", MP_NEW "id=1 socket=@udp4 "
	  "remote-ipv4=10.9.0.2 remote-ipv6=fd09::2 vpn-ipv4=10.8.0.2}",
	  "new: both remote families"),
	R_FIRST("new: 3 before 5", MP_NEW "id=1 socket=@udp4 remote-port=1 "
	  "local-ipv4=10.9.0.1 vpn-ipv4=10.8.0.2}",
	  "new: port without address"),
	R_FIRST("new: 4 before 5", MP_NEW "id=1 socket=@udp4 "
	  "remote-ipv6=fd09::2 local-ipv4=10.9.0.1 vpn-ipv4=10.8.0.2}",
	  "new: address without port"),
	R_FIRST("new: 5 before 6", MP_NEW "id=1 socket=@udp4 "
	  "local-ipv4=10.9.0.1 local-ipv6=fd09::1 vpn-ipv4=10.8.0.2}",
	  "new: local v4, no remote v4"),
	R_FIRST("new: 6 before 7", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "local-ipv4=10.9.0.1 local-ipv6=fd09::1 vpn-ipv4=10.8.0.2}",
	  "new: local v6, no remote v6"),
	R_FIRST("new: 7 before 8", MP_NEW "id=1 socket=@udp6 "
	  "remote-ipv6=::ffff:10.9.0.2 remote-port=1194 local-ipv6=fd09::1 "
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}",
	  "new: families differ, remote mapped"),
	R_FIRST("new: 8 before 9", P2P_NEW "id=1 socket=@udpx " REMOTE
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}", "new: scope with v4"),
	R("new: scope without remote", MP_NEW "id=1 socket=@udp4 "
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R_FIRST("new: 9 before 10", P2P_NEW "id=1 socket=@udpx " REMOTE
	  "vpn-ipv4=10.8.0.2 keepalive-interval=1}",
	  "new: p2p with a VPN address"),
	R_FIRST("new: 10 before the socket", MP_NEW "id=1 " REMOTE
	  "vpn-ipv4=127.0.0.1 keepalive-interval=1}",
	  "new: interval without timeout"),
	R("set: 1 before 2", MP_SET REMOTE "remote-ipv6=fd09::2}", -EINVAL,
	  "* #1"),
	R_FIRST("set: 2 before 4", MP_SET "id=99 remote-ipv4=10.9.0.2 "
	  "remote-ipv6=fd09::2}", "new: both remote families"),
	R_FIRST("set: 3 before 5", MP_SET "id=99 remote-port=1 "
	  "local-ipv4=10.9.0.1}", "new: port without address"),
	R_FIRST("set: 4 before 5", MP_SET "id=99 remote-ipv6=fd09::2 "
	  "local-ipv4=10.9.0.1}", "new: address without port"),
	R_FIRST("set: 5 before 6", MP_SET "id=99 local-ipv4=10.9.0.1 "
	  "local-ipv6=fd09::1}", "new: local v4, no remote v4"),
	R_FIRST("set: 6 before 7", MP_SET "id=99 " REMOTE
	  "local-ipv4=10.9.0.1 local-ipv6=fd09::1}",
	  "new: local v6, no remote v6"),
	R_FIRST("set: 7 before 8", MP_SET "id=99 "
	  "remote-ipv6=::ffff:10.9.0.2 remote-port=1194 local-ipv6=fd09::1 "
	  "remote-ipv6-scope-id=1}", "new: families differ, remote mapped"),
	R_FIRST("set: 8 before 9", P2P_SET "id=99 " REMOTE
	  "remote-ipv6-scope-id=1 vpn-ipv4=10.8.0.2}", "new: scope with v4"),
	R_FIRST("set: scope without remote", MP_SET
	  "id=99 remote-ipv6-scope-id=1}", "new: scope without remote"),
	R_FIRST("set: 9 before 10", P2P_SET "id=99 vpn-ipv4=10.8.0.2 "
	  "keepalive-interval=1}", "new: p2p with a VPN address"),
	R_FIRST("set: 10 before absent", MP_SET "id=99 keepalive-timeout=1}",
	  "new: interval without timeout"),
	R("policy before the device", "PEER_NEW ifindex=99999 "
	  "peer{id=0x1000000}", -ERANGE, "id #0"),
	R("policy before the kind of device", "KEY_DEL ifindex=@lo "
	  "keyconf{slot=2}", -ERANGE, "slot #0"),
	R("device before the nest", "PEER_GET ifindex=99999", -ENODEV, NULL),
	R("kind of device before the nest", "KEY_GET ifindex=@lo", -EINVAL,
	  "ifindex #0"),
	R("ifindex 0", "PEER_GET ifindex=0 peer{id=1}", -ENODEV, NULL),
	R("ifindex above 31 bits", "PEER_GET ifindex=0xffffffff peer{id=1}",
	  -ENODEV, NULL),
	R("a nest twice: the last counts", MP_GET "id=1} peer{}", -EINVAL,
	  "* #1"),
	R("family version is not looked at", MP_GET "id=1} version=77",
	  -ENOENT, NULL),
	R_DUMP("dump: peer with an id out of range",
	       MP_GET "id=0x1000000}", -EINVAL, NULL),
	R_DUMP("dump: peer without nest flag", "PEER_GET ifindex=@mp "
	       "peer!{id=1}", -EINVAL, "peer #0"),
	R_DUMP("dump: keyconf", "PEER_GET ifindex=@mp keyconf{}", -EINVAL,
	       "keyconf #0"),
	R_DUMP("dump: ifindex of 8 bytes", "PEER_GET "
	       "ifindex=hex:0100000000000000", -EINVAL, "ifindex #0"),
	R_DUMP("dump: ifindex with the nest flag", "PEER_GET ifindex!=@mp",
	       -EINVAL, "ifindex #0"),
	R_DUMP("dump: trailing bytes", "PEER_GET ifindex=@mp raw=00",
	       -EINVAL, NULL),
	R_DUMP("dump: reserved header field", "PEER_GET ifindex=@mp "
	       "reserved=1", -EINVAL, NULL),
	R_DUMP("dump: attribute 0", "PEER_GET ifindex=@mp #0=", -EINVAL,
	       "[?] #0"),

	/* new: order of the rest */
	R("new: no socket comes before VPN address", MP_NEW "id=1 " REMOTE
	  "vpn-ipv4=127.0.0.1}", -EINVAL, "* #6"),
	R("new: mp without VPN address", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "}", -EINVAL, NULL),
	R("new: mp with VPN address any", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=0.0.0.0 vpn-ipv6=::}", -EINVAL, NULL),
	R("new: VPN address multicast", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv4=224.0.0.1}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address broadcast", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv4=255.255.255.255}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address loopback", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv4=127.0.0.1}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address v6 multicast", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv6=ff02::1}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address v6 loopback", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv6=::1}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address v4-compatible", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv6=::10.8.0.2}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address v4-mapped", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv6=::ffff:10.8.0.2}", -EADDRNOTAVAIL, NULL),
	R("new: no such descriptor", MP_NEW
	  "id=1 socket=@none vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	R("new: a file", MP_NEW "id=1 socket=@file " REMOTE
	  "vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	R("new: a unix socket", MP_NEW "id=1 socket=@unix " REMOTE
	  "vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	R("new: UDP without remote comes before attach", MP_NEW
	  "id=1 socket=@l2tp vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: TCP with a remote", MP_NEW "id=1 socket=@tcp " REMOTE
	  "vpn-ipv4=10.8.0.2}", -EINVAL, NULL),
	R("new: TCP not established", MP_NEW
	  "id=1 socket=@tcpnew vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	R("new: socket with another encapsulation", MP_NEW
	  "id=1 socket=@l2tp " REMOTE "vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	{ "new: raw socket of protocol UDP", MP_NEW
	  "id=1 socket=@rawudp " REMOTE "vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL,
	  DO, OURS, NULL, "in-tree looks at the protocol only, and takes a raw "
	  "socket for a UDP one" },
	/* no datagram could ever be sent */
	{ "new: v6 remote on a v4 socket", MP_NEW "id=1 socket=@udp4 " REMOTE6
	  "vpn-ipv4=10.8.0.2}", -EINVAL, NULL, DO, DIFFERS, NULL,
	  "in-tree takes an address that the socket cannot send to" },
	{ "del: v6 remote on a v4 socket", MP_DEL "id=1}", -ENOENT, NULL, DO,
	  DIFFERS, NULL, "as the row before" },
	R("new: two addresses, one wrong", MP_NEW "id=1 socket=@none " REMOTE
	  "vpn-ipv4=10.8.0.2 vpn-ipv6=::1}", -EADDRNOTAVAIL, NULL),
	R("new: VPN address v6 link-local, no socket", MP_NEW
	  "id=1 socket=@none " REMOTE "vpn-ipv6=fe80::2}", -ENOTSOCK, NULL),
	R("new: VPN address 240.0.0.1, no socket", MP_NEW
	  "id=1 socket=@none " REMOTE "vpn-ipv4=240.0.0.1}", -ENOTSOCK, NULL),
	R("new: VPN address 0.0.0.1, no socket", MP_NEW
	  "id=1 socket=@none " REMOTE "vpn-ipv4=0.0.0.1}", -ENOTSOCK, NULL),
	R("new: VPN address any of v4 only, no socket", MP_NEW
	  "id=1 socket=@none " REMOTE "vpn-ipv4=0.0.0.0}", -EINVAL, NULL),
	R("new: VPN address any of v6 only, no socket", MP_NEW
	  "id=1 socket=@none " REMOTE "vpn-ipv6=::}", -EINVAL, NULL),
	R("new: negative descriptor", MP_NEW "id=1 socket=0xffffffff " REMOTE
	  "vpn-ipv4=10.8.0.2}", -ENOTSOCK, NULL),
	R("new: nothing was left behind", MP_GET "id=1}", -ENOENT, NULL),

	/* TCP */
	R("new: TCP", MP_NEW "id=1 socket=@tcp vpn-ipv4=10.8.0.2}", 0, ""),
	R("get: TCP has no addresses", MP_GET "id=1}", 0,
	  "PEER_GET peer{id=1 tx-id=1 vpn-ipv4=10.8.0.2 keepalive-interval=0 "
	  "keepalive-timeout=0 local-port=* " ZERO_STATS "}"),
	R("new: TCP, a second peer", MP_NEW
	  "id=2 socket=@tcp vpn-ipv4=10.8.0.3}", -ENOTSOCK, NULL),
	R("new: TCP, from another device", P2P_NEW "id=2 socket=@tcp}",
	  -ENOTSOCK, NULL),
	R("set: TCP with a remote", MP_SET "id=1 " REMOTE "}", -EINVAL, NULL),
	R("set: TCP with a remote v6", MP_SET "id=1 " REMOTE6 "}", -EINVAL,
	  NULL),
	R("set: absent comes before TCP", MP_SET "id=2 " REMOTE "}", -ENOENT,
	  NULL),
	R("set: TCP, something else", MP_SET "id=1 vpn-ipv6=fd08::2 tx-id=7}",
	  0, ""),
	R("get: TCP, something else", MP_GET "id=1}", 0,
	  "PEER_GET peer{id=1 tx-id=7 vpn-ipv4=10.8.0.2 vpn-ipv6=fd08::2 "
	  "keepalive-interval=0 keepalive-timeout=0 local-port=* " ZERO_STATS
	  "}"),
	R("del: TCP", MP_DEL "id=1}", 0, ""),
	R("new: TCP, p2p", P2P_NEW "id=1 socket=@tcp}", 0, ""),
	R_DUMP("dump: TCP, p2p", "PEER_GET ifindex=@p2p", 0,
	       "PEER_GET peer{id=1 tx-id=1 keepalive-interval=0 "
	       "keepalive-timeout=0 local-port=* *}"),
	R("new: TCP, p2p, replacing takes another socket", P2P_NEW
	  "id=2 socket=@tcp}", -ENOTSOCK, NULL),
	R("del: TCP, p2p", "PEER_DEL ifindex=@p2p peer{id=1}", 0, ""),

	/* peers that stay */
	R("new: v4", MP_NEW "id=1 socket=@udp4 " REMOTE "vpn-ipv4=10.8.0.2}",
	  0, ""),
	R("get: v4", MP_GET "id=1}", 0, "PEER_GET peer{id=1 tx-id=1 "
	  "vpn-ipv4=10.8.0.2 keepalive-interval=0 keepalive-timeout=0 "
	  "remote-ipv4=10.9.0.2 remote-port=1194 local-ipv4=0.0.0.0 "
	  "local-port=1194 " ZERO_STATS "}"),
	R("new: v6, every attribute", MP_NEW "id=2 socket=@udp6 " REMOTE6
	  "remote-ipv6-scope-id=0 local-ipv6=fd09::1 vpn-ipv4=10.8.0.3 "
	  "vpn-ipv6=fd08::3 keepalive-interval=3600 keepalive-timeout=7200 "
	  "tx-id=0xabcdef}", 0, ""),
	R("get: v6", MP_GET "id=2}", 0, "PEER_GET peer{id=2 tx-id=11259375 "
	  "vpn-ipv4=10.8.0.3 vpn-ipv6=fd08::3 keepalive-interval=3600 "
	  "keepalive-timeout=7200 remote-ipv6=fd09::2 remote-ipv6-scope-id=0 "
	  "remote-port=1194 local-ipv6=fd09::1 local-port=1195 " ZERO_STATS
	  "}"),
	R("new: v4-mapped is v4", MP_NEW "id=3 socket=@udp6 "
	  "remote-ipv6=::ffff:10.9.0.9 remote-port=7 "
	  "local-ipv6=::ffff:10.9.0.1 vpn-ipv6=fd08::4}", 0, ""),
	R("get: v4-mapped", MP_GET "id=3}", 0, "PEER_GET peer{id=3 tx-id=3 "
	  "vpn-ipv6=fd08::4 keepalive-interval=0 keepalive-timeout=0 "
	  "remote-ipv4=10.9.0.9 remote-port=7 local-ipv4=10.9.0.1 "
	  "local-port=1195 " ZERO_STATS "}"),
	R("new: the same transport address again", MP_NEW
	  "id=4 socket=@udp4 " REMOTE "vpn-ipv4=10.8.0.5}", 0, ""),
	R("new: id in use", MP_NEW "id=1 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.77}", -EEXIST, NULL),
	R("new: id in use comes before VPN address", MP_NEW
	  "id=1 socket=@udp4 " REMOTE "vpn-ipv4=10.8.0.3}", -EEXIST, NULL),
	R("new: attach comes before id in use", MP_NEW
	  "id=1 socket=@l2tp " REMOTE "vpn-ipv4=10.8.0.77}", -ENOTSOCK, NULL),
	R("new: VPN v4 in use", MP_NEW "id=9 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.2}", -EADDRINUSE, NULL),
	R("new: VPN v6 in use", MP_NEW "id=9 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.77 vpn-ipv6=fd08::3}", -EADDRINUSE, NULL),
	R("new: refused peer is not there", MP_GET "id=9}", -ENOENT, NULL),
	R("new: its v4 address is free", MP_NEW "id=9 socket=@udp4 " REMOTE
	  "vpn-ipv4=10.8.0.77}", 0, ""),
	R("del: and gone", MP_DEL "id=9}", 0, ""),
	R("new: p2p", P2P_NEW "id=5 socket=@udpx " REMOTE "}", 0, ""),
	R("get: p2p", P2P_GET "id=5}", 0, "PEER_GET peer{id=5 tx-id=5 "
	  "keepalive-interval=0 keepalive-timeout=0 remote-ipv4=10.9.0.2 "
	  "remote-port=1194 local-ipv4=0.0.0.0 local-port=1196 " ZERO_STATS
	  "}"),
	R("new: socket of another ovpn device", MP_NEW "id=9 socket=@udpx "
	  REMOTE "vpn-ipv4=10.8.0.77}", -ENOTSOCK, NULL),
	R("new: p2p replaces its peer", P2P_NEW "id=6 socket=@udpx " REMOTE
	  "tx-id=7}", 0, ""),
	R("get: p2p, the old peer", P2P_GET "id=5}", -ENOENT, NULL),
	R_DUMP("dump: p2p, the new peer", "PEER_GET ifindex=@p2p", 0,
	       "PEER_GET peer{id=6 tx-id=7 *}"),

	/* get and del */
	R("get: no peer", "PEER_GET ifindex=@mp", -EINVAL, "* #2"),
	R("get: empty peer", MP_GET "}", -EINVAL, "* #1"),
	R("get: absent", MP_GET "id=99}", -ENOENT, NULL),
	R("get: id twice, the last counts", MP_GET "id=99 id=1}", 0,
	  "PEER_GET peer{id=1 *"),
	R("get: remote is unexpected", MP_GET "id=1 remote-ipv4=10.9.0.2}",
	  -EINVAL, NULL),
	R("get: socket is unexpected", MP_GET "id=1 socket=0}", -EINVAL, NULL),
	R("get: VPN address is unexpected", MP_GET "id=1 vpn-ipv4=10.8.0.2}",
	  -EINVAL, NULL),
	R("get: keepalive is unexpected", MP_GET "id=1 keepalive-interval=1 "
	  "keepalive-timeout=1}", -EINVAL, NULL),
	R("get: tx-id is unexpected", MP_GET "id=1 tx-id=1}", -EINVAL, NULL),
	R_FIRST("get: unexpected before absent", MP_GET "id=99 tx-id=1}",
		"get: tx-id is unexpected"),
	R("get: counter is unexpected", MP_GET "id=1 link-tx-packets=1}",
	  -EINVAL, NULL),
	R("get: del-reason above the last", MP_GET "id=1 del-reason=5}",
	  -ERANGE, NULL),
	R("del: no peer", "PEER_DEL ifindex=@mp", -EINVAL, "* #2"),
	R("del: empty peer", MP_DEL "}", -EINVAL, "* #1"),
	R("del: absent", MP_DEL "id=99}", -ENOENT, NULL),
	R("del: tx-id is refused", MP_DEL "id=1 tx-id=1}", -EINVAL, NULL),
	R("del: p2p, absent", "PEER_DEL ifindex=@p2p peer{id=5}", -ENOENT,
	  NULL),

	/* set */
	R("set: no peer", "PEER_SET ifindex=@mp", -EINVAL, "* #2"),
	R("set: no id", MP_SET "tx-id=1}", -EINVAL, "* #1"),
	R("set: absent", MP_SET "id=99 tx-id=1}", -ENOENT, NULL),
	R("set: pre-checks come before absent", MP_SET
	  "id=99 remote-port=1}", -EINVAL, NULL),
	R("set: socket", MP_SET "id=1 socket=@udp4}", -EINVAL, NULL),
	R("set: local-port", MP_SET "id=1 local-port=1}", -EINVAL, NULL),
	R("set: interval alone", MP_SET "id=1 keepalive-interval=1}", -EINVAL,
	  NULL),
	R("set: address alone", MP_SET "id=1 remote-ipv4=10.9.0.3}", -EINVAL,
	  NULL),
	R("set: local without remote", MP_SET "id=1 local-ipv4=10.9.0.1}",
	  -EINVAL, NULL),
	R("set: p2p VPN address", P2P_SET "id=6 vpn-ipv4=10.8.0.2}", -EINVAL,
	  NULL),
	R("set: nothing", MP_SET "id=1}", 0, ""),
	{ "set: v6 remote on a v4 socket", MP_SET "id=1 " REMOTE6 "}",
	  -EINVAL, NULL, DO, DIFFERS, NULL,
	  "in-tree takes an address that the socket cannot send to" },
	R("set: p2p remote", P2P_SET "id=6 " REMOTE "}", 0, ""),
	R("set: taken address before a bad one", MP_SET
	  "id=1 vpn-ipv4=10.8.0.3 vpn-ipv6=::1}", -EADDRINUSE, NULL),
	R("get: nothing of it was done", MP_GET "id=1}", 0,
	  "* vpn-ipv4=10.8.0.2 keepalive-interval=*"),
	R("set: refused address, nothing else is done", MP_SET
	  "id=1 tx-id=99 keepalive-interval=7 keepalive-timeout=8 "
	  "vpn-ipv4=10.8.0.3 remote-ipv4=10.9.0.77 remote-port=77}",
	  -EADDRINUSE, NULL),
	R("get: nothing else was done", MP_GET "id=1}", 0,
	  "*{id=1 tx-id=1 vpn-ipv4=10.8.0.2 keepalive-interval=0 "
	  "keepalive-timeout=0 *remote-port=1194 *"),
	R("set: remote with local", MP_SET "id=1 remote-ipv4=10.9.0.3 "
	  "remote-port=2000 local-ipv4=10.9.0.1}", 0, ""),
	R("get: remote with local", MP_GET "id=1}", 0, "* remote-ipv4=10.9.0.3 "
	  "remote-port=2000 local-ipv4=10.9.0.1 local-port=1194 *"),
	R("set: remote alone resets local", MP_SET "id=1 "
	  "remote-ipv4=10.9.0.4 remote-port=2001}", 0, ""),
	R("get: local is any", MP_GET "id=1}", 0, "* remote-ipv4=10.9.0.4 "
	  "remote-port=2001 local-ipv4=0.0.0.0 local-port=1194 *"),
	R("set: another family", MP_SET "id=3 " REMOTE6 "}", 0, ""),
	R("get: another family", MP_GET "id=3}", 0, "* remote-ipv6=fd09::2 "
	  "remote-ipv6-scope-id=0 remote-port=1194 local-ipv6=:: *"),
	R("set: tx-id", MP_SET "id=1 tx-id=70}", 0, ""),
	R("get: tx-id", MP_GET "id=1}", 0, "*{id=1 tx-id=70 *"),
	R("set: keepalive", MP_SET "id=1 keepalive-interval=86400 "
	  "keepalive-timeout=86400}", 0, ""),
	R("get: keepalive", MP_GET "id=1}", 0, "* keepalive-interval=86400 "
	  "keepalive-timeout=86400 *"),
	R("set: keepalive off", MP_SET "id=1 keepalive-interval=0 "
	  "keepalive-timeout=0}", 0, ""),
	R("set: VPN v4 of another", MP_SET "id=1 vpn-ipv4=10.8.0.3}",
	  -EADDRINUSE, NULL),
	R("set: VPN v6 of another", MP_SET "id=1 vpn-ipv6=fd08::3}",
	  -EADDRINUSE, NULL),
	R("set: its own VPN address", MP_SET "id=1 vpn-ipv4=10.8.0.2}", 0, ""),
	R("set: last VPN address away", MP_SET "id=1 vpn-ipv4=0.0.0.0}",
	  -EINVAL, NULL),
	R("set: VPN address loopback", MP_SET "id=1 vpn-ipv4=127.0.0.1}",
	  -EADDRNOTAVAIL, NULL),
	R("set: one of two VPN addresses away", MP_SET
	  "id=2 vpn-ipv4=0.0.0.0}", 0, ""),
	R("get: the other remains", MP_GET "id=2}", 0,
	  "* tx-id=11259375 vpn-ipv6=fd08::3 keepalive-interval=*"),
	R("set: the freed VPN address", MP_SET "id=1 vpn-ipv4=10.8.0.3}", 0,
	  ""),
	R("set: p2p tx-id", P2P_SET "id=6 tx-id=8}", 0, ""),
	R("set: p2p absent", P2P_SET "id=5 tx-id=8}", -ENOENT, NULL),
	R_DUMP("dump: p2p after set", "PEER_GET ifindex=@p2p", 0,
	       "PEER_GET peer{id=6 tx-id=8 *}"),

	/* keys */
	R("key new: no keyconf", "KEY_NEW ifindex=@mp", -EINVAL, "* #3"),
	R("key new: no peer id", KEY_NEW "slot=0 key-id=0 cipher-alg=aes-gcm "
	  KEYS(32) "}", -EINVAL, "* #1"),
	R("key new: no slot", KEY_NEW "peer-id=1 key-id=0 cipher-alg=aes-gcm "
	  KEYS(32) "}", -EINVAL, "* #2"),
	R("key new: no key id", KEY_NEW "peer-id=1 slot=0 cipher-alg=aes-gcm "
	  KEYS(32) "}", -EINVAL, "* #3"),
	R("key new: no cipher", KEY_NEW "peer-id=1 slot=0 key-id=0 " KEYS(32)
	  "}", -EINVAL, "* #4"),
	R("key new: no encrypt", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm decrypt{key=32*00 nonce=8*00}}", -EINVAL,
	  "* #5"),
	R("key new: no decrypt", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{key=32*00 nonce=8*00}}", -EINVAL,
	  "* #6"),
	R("key new: no key", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{nonce=8*00} decrypt{key=32*00 "
	  "nonce=8*00}}", -EINVAL, "* #1"),
	R("key new: no nonce", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{key=32*00 nonce=8*00} "
	  "decrypt{key=32*00}}", -EINVAL, "* #2"),
	R("key new: nonce of 7 bytes", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{key=32*00 nonce=7*00} "
	  "decrypt{key=32*00 nonce=8*00}}", -ERANGE, NULL),
	R("key new: nonce of 9 bytes", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{key=32*00 nonce=8*00} "
	  "decrypt{key=32*00 nonce=9*00}}", -ERANGE, NULL),
	R("key new: key of 257 bytes", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(257) "}", -ERANGE, NULL),
	R("key new: key of 256 bytes", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(256) "}", -EINVAL, NULL),
	R("key new: empty key", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(0) "}", -EINVAL, NULL),
	R("key new: GCM key of 20 bytes", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(20) "}", -EINVAL, NULL),
	R("key new: ChaCha key of 16 bytes", KEY_NEW "peer-id=1 slot=0 "
	  "key-id=0 cipher-alg=chacha20-poly1305 " KEYS(16) "}", -EINVAL,
	  NULL),
	R("key new: cipher none", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=none " KEYS(32) "}", -EINVAL, NULL),
	R("key new: unknown cipher", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=3 " KEYS(32) "}", -ERANGE, NULL),
	R("key new: slot 2", KEY_NEW "peer-id=1 slot=2 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(32) "}", -ERANGE, NULL),
	R("key new: key id 8", KEY_NEW "peer-id=1 slot=0 key-id=8 "
	  "cipher-alg=aes-gcm " KEYS(32) "}", -ERANGE, NULL),
	R("key new: peer id above 24 bits", KEY_NEW "peer-id=0x1000000 slot=0 "
	  "key-id=0 cipher-alg=aes-gcm " KEYS(32) "}", -ERANGE, NULL),
	R("key new: unknown attribute", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(32) " #7=00}", -EINVAL, NULL),
	R("key new: encrypt without nest flag", KEY_NEW "peer-id=1 slot=0 "
	  "key-id=0 cipher-alg=aes-gcm encrypt!{key=32*00 nonce=8*00} "
	  "decrypt{key=32*00 nonce=8*00}}", -EINVAL, NULL),
	R("key new: unknown in encrypt", KEY_NEW "peer-id=1 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm encrypt{key=32*00 nonce=8*00 #3=00} "
	  "decrypt{key=32*00 nonce=8*00}}", -EINVAL, NULL),
	R("key new: peer absent", KEY_NEW "peer-id=99 slot=0 key-id=0 "
	  "cipher-alg=aes-gcm " KEYS(32) "}", -ENOENT, NULL),
	R("key new: everything missing", KEY_NEW "}", -EINVAL, "* #1"),
	R("key new: all but peer id and slot missing", KEY_NEW
	  "peer-id=1 slot=0}", -EINVAL, "* #3"),
	R("key new: missing ones before absent peer", KEY_NEW
	  "peer-id=99 slot=0 key-id=0 cipher-alg=aes-gcm}", -EINVAL, "* #5"),
	R_FIRST("key new: cipher none before absent peer", KEY_NEW
	  "peer-id=99 slot=0 key-id=0 cipher-alg=none " KEYS(32) "}",
	  "key new: cipher none"),
	R_FIRST("key new: cipher none before empty nests", KEY_NEW
	  "peer-id=99 slot=0 key-id=0 cipher-alg=none encrypt{} decrypt{}}",
	  "key new: cipher none"),
	R("key new: empty encrypt before absent peer", KEY_NEW
	  "peer-id=99 slot=0 key-id=0 cipher-alg=aes-gcm encrypt{} "
	  "decrypt{}}", -EINVAL, "* #1"),
	R("key new: absent peer before key length", KEY_NEW "peer-id=99 "
	  "slot=0 key-id=0 cipher-alg=aes-gcm " KEYS(20) "}", -ENOENT, NULL),
	R("key new: second key of another length", KEY_NEW "peer-id=1 slot=0 "
	  "key-id=0 cipher-alg=aes-gcm encrypt{key=32*a1 nonce=8*a2} "
	  "decrypt{key=31*b1 nonce=8*b2}}", -EINVAL, NULL),
	R("key get: empty slot", KEY_GET "peer-id=1 slot=0}", -ENOENT, NULL),
	R("key del: empty slot", KEY_DEL "peer-id=1 slot=0}", 0, ""),
	R("key swap: empty slots", KEY_SWAP "peer-id=1}", 0, ""),
	R("key new: AES-256-GCM", KEY_NEW "peer-id=1 slot=0 key-id=5 "
	  "cipher-alg=aes-gcm " KEYS(32) "}", 0, ""),
	R("key get: AES-256-GCM", KEY_GET "peer-id=1 slot=0}", 0,
	  "KEY_GET keyconf{peer-id=1 slot=primary key-id=5 "
	  "cipher-alg=aes-gcm}"),
	R("key new: ChaCha20-Poly1305, secondary", KEY_NEW "peer-id=1 slot=1 "
	  "key-id=6 cipher-alg=chacha20-poly1305 " KEYS(32) "}", 0, ""),
	R("key get: ChaCha20-Poly1305, secondary", KEY_GET
	  "peer-id=1 slot=1}", 0, "KEY_GET keyconf{peer-id=1 slot=secondary "
	  "key-id=6 cipher-alg=chacha20-poly1305}"),
	R("key swap", KEY_SWAP "peer-id=1}", 0, ""),
	R("key get: primary after swap", KEY_GET "peer-id=1 slot=0}", 0,
	  "KEY_GET keyconf{peer-id=1 slot=primary key-id=6 "
	  "cipher-alg=chacha20-poly1305}"),
	R("key get: secondary after swap", KEY_GET "peer-id=1 slot=1}", 0,
	  "KEY_GET keyconf{peer-id=1 slot=secondary key-id=5 "
	  "cipher-alg=aes-gcm}"),
	R("key new: AES-192-GCM replaces", KEY_NEW "peer-id=1 slot=0 "
	  "key-id=7 cipher-alg=aes-gcm " KEYS(24) "}", 0, ""),
	R("key get: replaced", KEY_GET "peer-id=1 slot=0}", 0,
	  "KEY_GET keyconf{peer-id=1 slot=primary key-id=7 "
	  "cipher-alg=aes-gcm}"),
	R("key new: same key id in both slots", KEY_NEW "peer-id=1 slot=1 "
	  "key-id=7 cipher-alg=aes-gcm " KEYS(16) "}", 0, ""),
	R("key del: secondary", KEY_DEL "peer-id=1 slot=1}", 0, ""),
	R("key get: deleted", KEY_GET "peer-id=1 slot=1}", -ENOENT, NULL),
	R("key get: the other is untouched", KEY_GET "peer-id=1 slot=0}", 0,
	  "*key-id=7*"),
	R("key swap: one slot empty", KEY_SWAP "peer-id=1}", 0, ""),
	R("key get: moved to secondary", KEY_GET "peer-id=1 slot=1}", 0,
	  "*slot=secondary key-id=7*"),
	R("key get: primary is empty", KEY_GET "peer-id=1 slot=0}", -ENOENT,
	  NULL),
	R("key get: no keyconf", "KEY_GET ifindex=@mp", -EINVAL, "* #3"),
	R("key get: no peer id", KEY_GET "slot=0}", -EINVAL, "* #1"),
	R("key get: no slot", KEY_GET "peer-id=1}", -EINVAL, "* #2"),
	R("key get: everything missing", KEY_GET "}", -EINVAL, "* #1"),
	R("key get: unexpected before absent peer", KEY_GET
	  "peer-id=99 slot=1 key-id=7}", -EINVAL, NULL),
	R("key del: everything missing", KEY_DEL "}", -EINVAL, "* #1"),
	R("key get: key id is unexpected", KEY_GET
	  "peer-id=1 slot=1 key-id=7}", -EINVAL, NULL),
	R("key get: cipher is unexpected", KEY_GET
	  "peer-id=1 slot=1 cipher-alg=1}", -EINVAL, NULL),
	R("key get: encrypt is refused", KEY_GET
	  "peer-id=1 slot=1 encrypt{}}", -EINVAL, NULL),
	R("key get: peer absent", KEY_GET "peer-id=99 slot=1}", -ENOENT, NULL),
	R("key swap: no keyconf", "KEY_SWAP ifindex=@mp", -EINVAL, "* #3"),
	R("key swap: no peer id", KEY_SWAP "}", -EINVAL, "* #1"),
	R("key swap: slot is refused", KEY_SWAP "peer-id=1 slot=0}", -EINVAL,
	  NULL),
	R("key swap: peer absent", KEY_SWAP "peer-id=99}", -ENOENT, NULL),
	R("key del: no keyconf", "KEY_DEL ifindex=@mp", -EINVAL, "* #3"),
	R("key del: no peer id", KEY_DEL "slot=0}", -EINVAL, "* #1"),
	R("key del: no slot", KEY_DEL "peer-id=1}", -EINVAL, "* #2"),
	R("key del: key id is refused", KEY_DEL "peer-id=1 slot=0 key-id=1}",
	  -EINVAL, NULL),
	R("key del: peer absent", KEY_DEL "peer-id=99 slot=0}", -ENOENT,
	  NULL),
	R("key new: p2p", "KEY_NEW ifindex=@p2p keyconf{peer-id=6 slot=0 "
	  "key-id=0 cipher-alg=aes-gcm " KEYS(16) "}", 0, ""),
	R("key new: p2p, not its peer", "KEY_NEW ifindex=@p2p keyconf{"
	  "peer-id=7 slot=0 key-id=0 cipher-alg=aes-gcm " KEYS(16) "}",
	  -ENOENT, NULL),

	/* the end of peers */
	R("del: 1", MP_DEL "id=1}", 0, ""),
	R("get: 1 is gone", MP_GET "id=1}", -ENOENT, NULL),
	R("key get: its keys, too", KEY_GET "peer-id=1 slot=1}", -ENOENT,
	  NULL),
	R("new: its id and VPN address are free", MP_NEW "id=1 socket=@udp4 "
	  REMOTE "vpn-ipv4=10.8.0.3}", 0, ""),
	R("key get: the new one has none", KEY_GET "peer-id=1 slot=1}",
	  -ENOENT, NULL),
	R("del: 1 again", MP_DEL "id=1}", 0, ""),
	R("del: 2", MP_DEL "id=2}", 0, ""),
	R("del: 3", MP_DEL "id=3}", 0, ""),
	R("del: 4", MP_DEL "id=4}", 0, ""),
	R_DUMP("dump: none left", "PEER_GET ifindex=@mp", 0, ""),
	R("new: a socket set free serves another device", P2P_NEW
	  "id=8 socket=@udp4 " REMOTE "}", 0, ""),
	R("new: and the other way", MP_NEW "id=1 socket=@udpx " REMOTE
	  "vpn-ipv4=10.8.0.2}", 0, ""),
	R("del: p2p", "PEER_DEL ifindex=@p2p peer{id=8}", 0, ""),
	R("del: p2p again", "PEER_DEL ifindex=@p2p peer{id=8}", -ENOENT,
	  NULL),
	R("del: last", MP_DEL "id=1}", 0, ""),
};

const size_t contract_row_count =
	sizeof(contract_rows) / sizeof(contract_rows[0]);
