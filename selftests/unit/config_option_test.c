// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config_text.h"
#include "config/table.h"

/* fingerprints: SHA-256, SHA-1 */
#define HASH "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:" \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define HASH1 "00112233445566778899aabbccddeeff00112233"

/*
 * A line on top of a complete server (S) or client (C), with NULL for "loads"
 * or a part of the error. Each option has a row that loads and, if anything
 * can be wrong with it, one that does not; test_all_options_tried() sees to it.
 */
static const struct option_case {
	char role;
	const char *line;
	const char *error;
} cases[] = {
	{ 'S', "config x", "t:12: config: files cannot be read here" },
	{ 'S', "config", "t:12: config: an argument is missing; write: config FILE" },
	{ 'S', "cd /", "t:12: cd: files cannot be read here" },
	{ 'S', "verb 4", NULL },
	{ 'S', "verb 16", "t:12: verb: 16 is out of range; write 0 to 15" },
	{ 'S', "verb -1", "\"-1\" is not a number" },
	{ 'S', "verb 1 2", "t:12: verb: too many arguments; write: verb N" },
	{ 'S', "log a", NULL },
	{ 'S', "log ''", "t:12: log: the argument is empty" },
	{ 'S', "log-append a", NULL },
	{ 'S', "log-append", "an argument is missing" },
	{ 'S', "syslog", NULL },
	{ 'S', "syslog a b", "too many" },
	{ 'S', "daemon x", NULL },
	{ 'S', "daemon x y", "too many" },
	{ 'S', "writepid a", NULL },
	{ 'S', "writepid", "missing" },
	{ 'S', "user a", NULL },
	{ 'S', "user", "missing" },
	{ 'S', "group a", NULL },
	{ 'S', "group a b", "too many" },
	{ 'S', "status f 5", NULL },
	{ 'S', "status f x", "t:12: status: \"x\" is not a number" },
	{ 'S', "status-version 3", NULL },
	{ 'S', "status-version 4", "out of range; write 1 to 3" },
	{ 'S', "management 127.0.0.1 7505", NULL },
	{ 'S', "management /run/x unix", NULL },
	{ 'S', "management x unix /f", "t:12: management: files cannot be read here" },
	{ 'S', "management x unix stdin", "t:12: management: the password cannot be asked for" },
	{ 'S', "management 127.0.0.1 x", "\"x\" is not a number" },
	{ 'S', "management '' unix", "the address is empty" },
	{ 'S', "management tunnel 7505", "t:12: management: an address inside the tunnel is not supported" },
	{ 'S', "management x", "an argument is missing" },
	{ 'S', "management-client-user root\nmanagement x unix", NULL },
	{ 'S', "management-client-user root", "management-client-user works only with management" },
	{ 'S', "management-client-user root\nmanagement ::1 1", "management-client-user works only with a local socket; write management PATH unix" },
	{ 'S', "management-client-group root\nmanagement x unix", NULL },
	{ 'S', "management-client-group root\nmanagement ::1 1", "management-client-group works only with a local socket" },
	{ 'S', "management-client-auth\nmanagement x unix", NULL },
	{ 'S', "management-client-auth", "works only with management" },
	{ 'C', "management-client-auth\nmanagement x unix", "works only with" },
	{ 'S', "management-client-auth\nmanagement x unix\nverify-client-cert none", NULL },
	{ 'C', "management-query-passwords\nmanagement x unix", NULL },
	{ 'C', "management-query-passwords", "works only with management" },
	{ 'S', "management-query-passwords\nmanagement x unix", NULL },
	{ 'C', "management-forget-disconnect\nmanagement x unix", NULL },
	{ 'C', "management-forget-disconnect", "works only with management" },
	{ 'C', "management-up-down\nmanagement x unix", NULL },
	{ 'C', "management-up-down", "works only with management" },
	{ 'C', "management-query-remote\nmanagement x unix", NULL },
	{ 'C', "management-query-remote", "works only with management" },
	{ 'S', "management-query-remote\nmanagement x unix", "works only with" },
	{ 'C', "management-query-proxy\nmanagement x unix", NULL },
	{ 'C', "management-query-proxy", "works only with management" },
	{ 'S', "management-query-proxy\nmanagement x unix", "works only with" },
	{ 'C', "management-client\nmanagement x unix", NULL },
	{ 'C', "management-client", "works only with management" },
	{ 'S', "management-hold\nmanagement x unix", NULL },
	{ 'S', "management-hold", "works only with management" },
	{ 'S', "management-signal\nmanagement x unix", NULL },
	{ 'S', "management-signal", "works only with management" },
	{ 'S', "management-log-cache 300\nmanagement x unix", NULL },
	{ 'S', "management-log-cache 0\nmanagement x unix", "out of range" },
	{ 'S', "echo a b", NULL },
	{ 'S', "echo 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "more than 16 parameters" },
	{ 'S', "suppress-timestamps", NULL },
	{ 'S', "suppress-timestamps 1", "takes no argument" },
	{ 'S', "setenv A B", NULL },
	{ 'S', "setenv A B C", "too many arguments; write: setenv NAME" },
	{ 'S', "setenv opt", "write: setenv opt OPTION" },
	{ 'S', "setenv opt verb 3", NULL },
	{ 'S', "setenv opt verb x", "t:12: verb: \"x\" is not a number" },
	{ 'S', "setenv opt preresolve x", NULL },
	{ 'S', "setenv opt unheard of", NULL },
	{ 'S', "setenv FORWARD_COMPATIBLE 1\nunheard of", NULL },
	{ 'S', "setenv FORWARD_COMPATIBLE 0\nunheard of", "t:13: unknown" },
	{ 'S', "setenv-safe A B", NULL },
	{ 'S', "setenv-safe", "missing" },
	{ 'S', "ignore-unknown-option aa bb\nbb 1", NULL },
	{ 'S', "ignore-unknown-option preresolve\npreresolve 1", NULL },
	{ 'S', "ignore-unknown-option aa\nbb 1", "t:13: unknown option \"bb\"" },
	{ 'S', "data-path kernel", NULL },
	{ 'S', "data-threads 0", NULL },
	{ 'C', "data-threads 4", NULL },
	{ 'S', "data-threads 5", "t:12:" },
	{ 'S', "data-path disk", "\"disk\" is not one of: auto, kernel, user" },
	{ 'S', "disable-dco", NULL },
	{ 'S', "disable-dco 1", "takes no argument" },
	{ 'S', "control /a", NULL },
	{ 'S', "control", "missing" },
	{ 'S', "restart-hold 0", NULL },
	{ 'S', "restart-hold 3600", NULL },
	{ 'S', "restart-hold 3601", "out of range" },
	{ 'C', "restart-hold 5", "works only with" },
	{ 'S', "proto udp4", NULL },
	{ 'S', "proto tcp", NULL },
	{ 'S', "proto sctp", "\"sctp\" is not a protocol" },
	{ 'C', "remote 192.0.2.2 1195 udp6", NULL },
	{ 'C', "remote h 0x1", "t:12: remote: \"0x1\" is not a number" },
	{ 'C', "remote h 65536", "65536 is out of range" },
	{ 'C', "remote h 1 udp 4", "too many" },
	{ 'C', "remote ''", "the host is empty" },
	{ 'S', "remote h", "t:12: remote works only with a client" },
	{ 'C', "remote-random", NULL },
	{ 'C', "remote-random 1", "takes no" },
	{ 'S', "local 192.0.2.1", NULL },
	{ 'S', "local", "missing" },
	{ 'S', "port 5", NULL },
	{ 'S', "port x", "not a number" },
	{ 'S', "lport 0", NULL },
	{ 'S', "lport 70000", "out of range" },
	{ 'C', "rport 5", NULL },
	{ 'C', "rport", "missing" },
	{ 'C', "bind", NULL },
	{ 'S', "bind ipv6only", NULL },
	{ 'S', "bind x", "\"x\" is not one of: ipv6only" },
	{ 'C', "nobind", NULL },
	{ 'C', "nobind\nlport 5", "t:13: lport cannot be used together with nobind (t:12)" },
	{ 'S', "nobind", "t:12: nobind works only with a client" },
	{ 'S', "sndbuf 100000", NULL },
	{ 'S', "sndbuf x", "not a number" },
	{ 'S', "rcvbuf 0", NULL },
	{ 'S', "rcvbuf 99999999999999", "not a number" },
	{ 'S', "mark 4294967295", NULL },
	{ 'S', "mark 4294967296", "out of range" },
	{ 'S', "dev tun0", NULL },
	{ 'S', "dev tap0", NULL },
	{ 'S', "dev tap0\ndata-path kernel", "t:12: dev tap: the kernel data path has no Ethernet; write data-path user" },
	{ 'S', "dev null", "t:12: dev: \"null\" is not supported in this version" },
	{ 'S', "dev 1234567890123456", "at most 15 characters" },
	{ 'S', "dev a/b", "without /" },
	{ 'S', "dev ..", "not a name for a device" },
	{ 'S', "dev-type tun", NULL },
	{ 'S', "dev-type tap", NULL },
	{ 'S', "dev-type null", "\"null\" is not supported in this version; write tun or tap" },
	{ 'S', "tun-mtu 1400 1600", NULL },
	{ 'S', "tun-mtu 99", "99 is out of range; write 100 to 65536" },
	{ 'S', "server-bridge 10.8.0.4 255.255.255.0 10.8.0.50 10.8.0.100", "t:12: server-bridge cannot be used together with server (t:11)" },
	{ 'C', "server-bridge", "t:12: server-bridge cannot be used together with client (t:11)" },
	{ 'S', "server-bridge gw", "t:12: server-bridge: write GATEWAY NETMASK FIRST LAST, nogw, or nothing" },
	{ 'S', "server-bridge x 255.255.255.0 10.8.0.50 10.8.0.100", "\"x\" is not an IPv4 address" },
	{ 'S', "server-bridge 10.8.0.4 255.255.255.1 10.8.0.50 10.8.0.100", "\"255.255.255.1\" is not a netmask" },
	{ 'S', "server-bridge 10.8.0.4 255.255.255.0 10.8.0.50 10.8.1.1", "10.8.0.50 to 10.8.1.1 are not in the network of 10.8.0.4 255.255.255.0" },
	{ 'S', "txqueuelen 100", NULL },
	{ 'S', "txqueuelen", "missing" },
	{ 'S', "topology p2p", NULL },
	{ 'S', "topology net30", NULL },
	{ 'S', "topology ring", "\"ring\" is not one of: net30, p2p, subnet" },
	{ 'C', "ifconfig 10.0.0.1 10.0.0.2", NULL },
	{ 'C', "ifconfig 10.0.0.x 10.0.0.2", "t:12: ifconfig: \"10.0.0.x\" is not" },
	{ 'C', "ifconfig 10.0.0.1 fd00::1", "\"fd00::1\" is not an IPv4 address" },
	{ 'C', "topology subnet\nifconfig 10.0.0.1 10.0.0.2", "\"10.0.0.2\" must be a netmask" },
	{ 'S', "ifconfig 10.0.0.1 10.0.0.2", "t:12: ifconfig cannot be used together with server (t:11)" },
	{ 'C', "ifconfig-ipv6 fd00::1/64 fd00::2", NULL },
	{ 'C', "ifconfig-ipv6 10.0.0.1/8 fd00::2", "\"10.0.0.1/8\" is not an IPv6 address" },
	{ 'C', "ifconfig-ipv6 fd00::1/129 fd00::2", "is not an IPv6 address" },
	{ 'C', "ifconfig-ipv6 fd00::1/64 x", "\"x\" is not an IPv6 address" },
	{ 'C', "ifconfig-noexec", NULL },
	{ 'C', "ifconfig-noexec 1", "takes no" },
	{ 'S', "route 10.0.0.0 255.0.0.0 vpn_gateway 5", NULL },
	{ 'S', "route 10.0.0.1", NULL },
	{ 'S', "route 10.0.0.1 default default default", NULL },
	{ 'S', "route 10.0.0.1 255.0.0.0", "not the first of its network" },
	{ 'S', "route 10.0.0.0 255.0.255.0", "\"255.0.255.0\" is not a netmask" },
	{ 'S', "route 10.0.0.1 255.255.255.255 remote_host", "\"remote_host\" is not a gateway" },
	{ 'S', "route 10.0.0.1 255.255.255.255 fd00::1", "is not a gateway" },
	{ 'S', "route 10.0.0.1 255.255.255.255 default x", "\"x\" is not a number" },
	{ 'S', "route-ipv6 2001:db8::/32 fd00::1 7", NULL },
	{ 'S', "route-ipv6 10.0.0.0/8", "is not an IPv6 network" },
	{ 'S', "route-ipv6 2001:db8::/32 10.0.0.1", "is not a gateway" },
	{ 'C', "route-gateway 10.0.0.1", NULL },
	{ 'C', "route-gateway dhcp", NULL },
	{ 'C', "route-gateway x", "\"x\" is not an IPv4 address" },
	{ 'C', "route-metric 4", NULL },
	{ 'C', "route-metric -4", "not a number" },
	{ 'C', "route-noexec", NULL },
	{ 'C', "route-noexec 1", "takes no" },
	{ 'C', "redirect-gateway def1 local ipv6 !ipv4 bypass-dns", NULL },
	{ 'C', "redirect-gateway def2", "\"def2\" is not one of: local, def1" },
	{ 'S', "mode server", NULL },
	{ 'S', "mode client", "\"client\" is not one of: p2p, server" },
	{ 'S', "server 10.9.0.0 255.255.0.0 nopool", NULL },
	{ 'S', "server 10.9.0.0 255.255.0.0 pool", "\"pool\" is unknown; write nopool" },
	{ 'S', "server 10.9.0.1 255.255.255.0", "write 10.9.0.0 255.255.255.0" },
	{ 'S', "server 10.0.0.0 255.0.0.0", NULL },
	{ 'S', "server 8.0.0.0 252.0.0.0", "4 to 16777216 addresses" },
	{ 'S', "server 10.9.0.0 255.255.255.254", "4 to 16777216 addresses" },
	{ 'S', "server 10.9.0.0 24", "\"24\" is not a netmask" },
	{ 'S', "server fd00:: 255.255.255.0", "is not an IPv4 network" },
	{ 'C', "server 10.9.0.0 255.255.255.0", "t:12: server cannot be used together with client (t:11)" },
	{ 'S', "server-ipv6 fd00:1::/64", NULL },
	{ 'S', "server-ipv6 fd00:1::", "is not an IPv6 network with a prefix length" },
	{ 'S', "server-ipv6 fd00:1::/48", "/48: the prefix length must be 64 to 124" },
	{ 'S', "ifconfig-pool 10.8.0.9 10.8.0.20", "t:12: ifconfig-pool cannot be used together with server (t:11)" },
	{ 'S', "ifconfig-pool 10.8.0.9 10.8.0.2", "10.8.0.9 is behind 10.8.0.2" },
	{ 'S', "ifconfig-pool 10.8.0.9 10.9.0.9", "cannot be used together" },
	{ 'S', "ifconfig-pool 10.0.0.0 11.0.0.0", "than 16777216 addresses" },
	{ 'S', "ifconfig-pool 10.8.0.9 x", "write two IPv4 addresses" },
	{ 'S', "ifconfig-pool 10.8.0.9 10.8.0.10 1", "\"1\" is not a netmask" },
	{ 'S', "ifconfig-ipv6-pool fd00::1000/64", NULL },
	{ 'S', "ifconfig-ipv6-pool fd00::1000", "with a prefix length" },
	{ 'S', "push \"route 10.0.0.0 255.0.0.0\"", NULL },
	{ 'S', "push \"a,b\"", "cannot contain a comma" },
	{ 'S', "push \"a 'b\"", "no closing quotation mark" },
	{ 'S', "push ''", "nothing to push" },
	{ 'S', "push \"comp-lzo no\"", NULL },
	{ 'S', "push \"compress lz4-v2\"", NULL },
	{ 'S', "push a b", "too many arguments; write: push \"OPTION ...\"" },
	{ 'C', "push a", "t:12: push works only with \"server\"" },
	{ 'S', "max-clients 5", NULL },
	{ 'S', "max-clients 0", "out of range" },
	{ 'S', "duplicate-cn", NULL },
	{ 'C', "duplicate-cn", "works only with \"server\"" },
	{ 'S', "client-to-client", NULL },
	{ 'S', "client-to-client 1", "takes no" },
	{ 'S', "connect-freq 10 5", NULL },
	{ 'S', "connect-freq 0 5", "out of range" },
	{ 'C', "connect-freq 10 5", "connect-freq works only with \"server\"" },
	{ 'S', "connect-freq-initial 10 5", NULL },
	{ 'S', "connect-freq-initial 10", "an argument is missing; write: connect-freq-initial N SECONDS" },
	{ 'C', "client", NULL },
	{ 'S', "client", "t:12: client cannot be used together with server (t:11)" },
	{ 'C', "pull", NULL },
	{ 'S', "pull", "t:12: pull cannot be used together with server (t:11)" },
	{ 'C', "pull-filter ignore \"route \"", NULL },
	{ 'C', "pull-filter drop x", "\"drop\" is not one of: accept, ignore, reject" },
	{ 'S', "pull-filter ignore x", "works only with \"client\"" },
	{ 'C', "route-nopull", NULL },
	{ 'S', "route-nopull", "works only with \"client\"" },
	{ 'C', "<connection>\nremote h\n</connection>", NULL },
	{ 'C', "<connection>\nport 5\n</connection>", "t:12: the <connection> block has no \"remote\"" },
	{ 'C', "<connection>\nremote h\n", "t:12: the block <connection> has no end" },
	{ 'C', "<connection>\nremote h\nnobind\n</connection>", "t:14: nobind: is not supported inside <connection>" },
	{ 'C', "<connection>\n<ca>\n</ca>\n</connection>", "t:13: a block <ca> cannot stand inside <connection>" },
	{ 'C', "connection x", "write a block <connection>" },
	{ 'S', "<connection>\nremote h\n</connection>", "t:12: <connection> works only with a client" },
	{ 'C', "auth-user-pass", NULL },
	{ 'C', "auth-user-pass username-only", NULL },
	{ 'C', "auth-user-pass username-only\nstatic-challenge x 1", "remove username-only" },
	{ 'C', "auth-user-pass /x", "files cannot be read here; write <auth-user-pass>" },
	{ 'C', "<auth-user-pass>\nu\np\n</auth-user-pass>", NULL },
	{ 'C', "<auth-user-pass>\nu\n</auth-user-pass>", "two lines are needed" },
	{ 'C', "<auth-user-pass>\n\np\n</auth-user-pass>", "two lines are needed" },
	{ 'C', "connect-retry 5 50", NULL },
	{ 'C', "connect-retry 0", "out of range" },
	{ 'C', "connect-timeout 4", NULL },
	{ 'C', "connect-timeout 0", "out of range" },
	{ 'C', "server-poll-timeout 4", NULL },
	{ 'C', "server-poll-timeout x", "not a number" },
	{ 'C', "connect-retry-max 5", NULL },
	{ 'C', "connect-retry-max unlimited", "not a number" },
	{ 'S', "tls-server", NULL },
	{ 'C', "tls-server", "t:12: tls-server cannot be used together with client (t:11)" },
	{ 'C', "tls-client", NULL },
	{ 'S', "tls-client", "t:12: tls-client cannot be used together with server (t:11)" },
	{ 'S', "<ca>\nx\n</ca>", NULL },
	{ 'S', "ca [inline]", NULL },
	{ 'S', "ca ''", "the file name is empty" },
	{ 'S', "ca /x", "t:12: ca: files cannot be read here; write <ca>...</ca>" },
	{ 'S', "<cert>\nx\n</cert>", NULL },
	{ 'S', "cert", "missing" },
	{ 'S', "<key>\nx\n</key>", NULL },
	{ 'S', "key", "missing" },
	{ 'S', "<extra-certs>\nx\n</extra-certs>", NULL },
	{ 'S', "extra-certs", "missing" },
	{ 'S', "dh none", NULL },
	{ 'S', "<dh>\nx\n</dh>", NULL },
	{ 'S', "dh dh.pem", "files cannot be read here" },
	{ 'S', "<crl-verify>\nx\n</crl-verify>", NULL },
	{ 'S', "crl-verify /x dir", "directories cannot be read here" },
	{ 'S', "crl-verify /x dirs", "\"dirs\" is unknown; write crl-verify FILE, or" },
	{ 'S', "crl-verify '' dir", "the name of the directory is empty" },
	{ 'S', "capath /x", "directories cannot be read here" },
	{ 'S', "capath", "missing" },
	{ 'S', "peer-fingerprint " HASH, NULL },
	{ 'S', "peer-fingerprint " HASH "\npeer-fingerprint " HASH, NULL },
	{ 'S', "peer-fingerprint AABB", "\"AABB\" is not a fingerprint; write what" },
	{ 'S', "peer-fingerprint " HASH ":", "is not a fingerprint" },
	{ 'S', "peer-fingerprint " HASH ":00", "is not a fingerprint" },
	{ 'S', "peer-fingerprint " HASH1, "is not a fingerprint" },
	{ 'S', "peer-fingerprint [inline]", "is not a fingerprint" },
	{ 'S', "<peer-fingerprint>\n# a\n\n " HASH "\r\n; b\n" HASH "\n</peer-fingerprint>", NULL },
	{ 'S', "<peer-fingerprint>\n# a\n</peer-fingerprint>",
	  "there is no fingerprint in the block" },
	{ 'S', "<peer-fingerprint>\n" HASH " x\n</peer-fingerprint>", "is not a fingerprint" },
	{ 'S', "verify-hash " HASH, NULL },
	{ 'S', "verify-hash " HASH1, NULL },
	{ 'S', "verify-hash " HASH1 " SHA1", NULL },
	{ 'S', "verify-hash " HASH1 " SHA256", "is not a fingerprint" },
	{ 'S', "verify-hash " HASH " MD5", "\"MD5\" is not one of: SHA256, SHA1" },
	{ 'S', "verify-hash " HASH "\npeer-fingerprint " HASH,
	  "t:13: peer-fingerprint: verify-hash is given, too" },
	{ 'S', "peer-fingerprint " HASH "\nverify-hash " HASH,
	  "t:13: verify-hash: peer-fingerprint is given, too" },
	{ 'S', "remote-cert-ku", NULL },
	{ 'S', "remote-cert-ku a0 88", NULL },
	{ 'S', "remote-cert-ku digitalSignature", "\"digitalSignature\" is not a key usage; write a hexadecimal" },
	{ 'S', "remote-cert-ku 0", "\"0\" is not a key usage" },
	{ 'S', "remote-cert-ku -1", "\"-1\" is not a key usage" },
	{ 'S', "remote-cert-eku 1.3.6.1.5.5.7.3.2", NULL },
	{ 'S', "remote-cert-eku", "missing" },
	{ 'S', "x509-username-field CN serialNumber", NULL },
	{ 'S', "x509-username-field", "missing" },
	{ 'S', "<tls-auth>\nx\n</tls-auth>\nkey-direction 0", NULL },
	{ 'S', "tls-auth [inline] 1", NULL },
	{ 'S', "tls-auth [inline] 2", "2 is out of range; write 0 to 1" },
	{ 'S', "<tls-crypt>\nx\n</tls-crypt>", NULL },
	{ 'S', "tls-crypt", "missing" },
	{ 'S', "<tls-auth>\nx\n</tls-auth>\n<tls-crypt>\nx\n</tls-crypt>",
	  "t:15: tls-crypt and tls-auth (t:12) exclude each other" },
	{ 'S', "<tls-crypt-v2>\nx\n</tls-crypt-v2>", NULL },
	{ 'S', "<tls-crypt>\nx\n</tls-crypt>\n<tls-crypt-v2>\nx\n</tls-crypt-v2>",
	  NULL },
	{ 'S', "tls-crypt-v2 [inline] force-cookie", NULL },
	{ 'S', "tls-crypt-v2 [inline] allow-noncookie", NULL },
	{ 'S', "tls-crypt-v2 [inline] always",
	  "\"always\" is neither allow-noncookie nor force-cookie" },
	{ 'C', "<tls-crypt>\nx\n</tls-crypt>\n<tls-crypt-v2>\nx\n</tls-crypt-v2>",
	  "a client has one of tls-crypt-v2, tls-crypt and tls-auth" },
	{ 'S', "tls-crypt-v2-max-age 30\n<tls-crypt-v2>\nx\n</tls-crypt-v2>",
	  NULL },
	{ 'S', "tls-crypt-v2-max-age 30", "add \"tls-crypt-v2 FILE\"" },
	{ 'S', "tls-crypt-v2-max-age 0", "out of range" },
	{ 'S', "key-direction 1", NULL },
	{ 'S', "key-direction 2", "out of range" },
	{ 'S', "auth sha-256", NULL },
	{ 'S', "auth none", "leaves packets unauthenticated" },
	{ 'S', "auth ROT13", "\"ROT13\" is not a digest" },
	{ 'S', "data-ciphers AES-256-GCM:?NONSENSE:AES-128-CBC", NULL },
	{ 'S', "data-ciphers DEFAULT", NULL },
	{ 'S', "data-ciphers AES-256-GCM:NONSENSE", "\"NONSENSE\" is not a cipher" },
	{ 'S', "data-ciphers none", "would leave the tunnel unencrypted" },
	{ 'S', "data-ciphers AES-256-GCM:none", "would leave the tunnel unencrypted" },
	{ 'S', "data-ciphers BF-CBC", "no usable cipher in \"BF-CBC\"" },
	{ 'S', "data-ciphers ?BF-CBC:?DES-CBC", "no usable cipher" },
	{ 'S', "data-ciphers :", "no usable cipher" },
	{ 'S', "ncp-ciphers AES-128-GCM", NULL },
	{ 'S', "ncp-ciphers x", "t:12: ncp-ciphers: \"x\" is not a cipher" },
	{ 'S', "data-ciphers-fallback AES-256-GCM", NULL },
	{ 'S', "data-ciphers-fallback AES-256-CBC", NULL },
	{ 'S', "data-ciphers-fallback none", "unencrypted" },
	{ 'S', "data-ciphers-fallback x", "is not a cipher" },
	{ 'S', "cipher AES-256-CBC", NULL },
	{ 'S', "cipher none", "t:12: cipher: \"none\" would leave the tunnel unencrypted" },
	{ 'S', "cipher x", "\"x\" is not a cipher" },
	{ 'S', "tls-version-min 1.2 or-highest", NULL },
	{ 'S', "tls-version-min 1.1", "TLS 1.1 is refused by the policy" },
	{ 'S', "tls-version-min 2", "\"2\" is not one of: 1.0, 1.1, 1.2, 1.3" },
	{ 'S', "tls-version-min 1.2 x", "\"x\" is unknown; write or-highest" },
	{ 'S', "tls-version-max 1.3", NULL },
	{ 'S', "tls-version-max 1.1", "TLS 1.1 is refused" },
	{ 'S', "tls-version-min 1.3\ntls-version-max 1.2", "t:13: tls-version-max 1.2 is below tls-version-min 1.3" },
	{ 'S', "tls-cipher DEFAULT:@SECLEVEL=0", NULL },
	{ 'S', "tls-cipher", "missing" },
	{ 'S', "tls-ciphersuites TLS_AES_256_GCM_SHA384", NULL },
	{ 'S', "tls-ciphersuites", "missing" },
	{ 'S', "tls-groups X25519", NULL },
	{ 'S', "tls-groups", "missing" },
	{ 'S', "tls-cert-profile preferred", NULL },
	{ 'S', "tls-cert-profile best", "\"best\" is not one of: legacy" },
	{ 'C', "remote-cert-tls server", NULL },
	{ 'C', "remote-cert-tls both", "\"both\" is not one of: server, client" },
	{ 'C', "ns-cert-type server", NULL },
	{ 'C', "ns-cert-type", "missing" },
	{ 'C', "verify-x509-name a name-prefix", NULL },
	{ 'C', "verify-x509-name a suffix", "\"suffix\" is not one of" },
	{ 'C', "tls-remote a", NULL },
	{ 'C', "tls-remote", "missing" },
	{ 'S', "verify-client-cert require", NULL },
	{ 'S', "verify-client-cert", NULL },
	{ 'S', "tls-crypt [inline] 1", NULL },
	{ 'S', "verify-client-cert none", "t:12: verify-client-cert: anybody could come in; add auth-user-pass-verify" },
	{ 'S', "verify-client-cert maybe", "is not one of: require, optional, none" },
	{ 'S', "verify-client-cert none\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "client-cert-not-required\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "client-cert-not-required", "t:12: client-cert-not-required: anybody could come in" },
	{ 'S', "auth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "auth-user-pass-verify /bin/true via-env\nscript-security 2", "t:12: auth-user-pass-verify: via-env needs script-security 3" },
	{ 'S', "auth-user-pass-verify /bin/true via-env\nscript-security 3", NULL },
	{ 'S', "auth-user-pass-verify /bin/true via-pipe", "is not one of: via-env, via-file" },
	{ 'S', "auth-user-pass-verify /bin/true", "an argument is missing" },
	{ 'S', "auth-user-pass-verify /bin/true via-file", "programs are run only with script-security 2" },
	{ 'C', "auth-user-pass-verify /bin/true via-file", "works only with" },
	{ 'S', "auth-user-pass-optional\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "auth-user-pass-optional", "works only with auth-user-pass-verify" },
	{ 'S', "username-as-common-name\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "username-as-common-name", "works only with auth-user-pass-verify" },
	{ 'S', "auth-gen-token 3600 600 external-auth\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "auth-gen-token external-auth\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "auth-gen-token 1 2 3\nauth-user-pass-verify /bin/true via-file\nscript-security 2", "\"3\" is unknown; write external-auth" },
	{ 'S', "auth-gen-token 1 0\nauth-user-pass-verify /bin/true via-file\nscript-security 2", "0 is out of range" },
	{ 'S', "auth-gen-token", "works only with auth-user-pass-verify" },
	{ 'S', "<auth-gen-token-secret>\nx\n</auth-gen-token-secret>\nauth-gen-token\nauth-user-pass-verify /bin/true via-file\nscript-security 2", NULL },
	{ 'S', "<auth-gen-token-secret>\nx\n</auth-gen-token-secret>", "is for auth-gen-token" },
	{ 'S', "key-method 2", NULL },
	{ 'S', "key-method 1", "t:12: key-method: \"1\" is not supported" },
	{ 'C', "float", NULL },
	{ 'S', "float", NULL },
	{ 'C', "float 1", "takes no argument" },
	{ 'S', "max-packet-size 1000", NULL },
	{ 'S', "max-packet-size 2048", NULL },
	{ 'S', "max-packet-size 2049", "out of range" },
	{ 'S', "max-packet-size 153", "out of range" },
	{ 'S', "keepalive 10 60", NULL },
	{ 'S', "keepalive 10 19", "at least twice the first; write keepalive 10 20" },
	{ 'S', "keepalive 10 60\nping 5", "t:13: ping cannot be used together with keepalive (t:12)" },
	{ 'S', "ping 5", NULL },
	{ 'S', "ping x", "not a number" },
	{ 'S', "ping-restart 5", NULL },
	{ 'S', "ping-restart 5m", "\"5m\" is not a number" },
	{ 'C', "ping-exit 5", NULL },
	{ 'C', "ping-exit", "missing" },
	{ 'S', "reneg-sec 100 50", NULL },
	{ 'S', "reneg-sec 100 101", "out of range; write 0 to 100" },
	{ 'S', "hand-window 5", NULL },
	{ 'S', "hand-window 0", "out of range" },
	{ 'S', "tran-window 5", NULL },
	{ 'S', "tran-window", "missing" },
	{ 'S', "tls-timeout 5", NULL },
	{ 'S', "tls-timeout 1 2", "too many" },
	{ 'S', "explicit-exit-notify", NULL },
	{ 'C', "explicit-exit-notify 1000", "out of range" },
	{ 'S', "reneg-bytes 0", NULL },
	{ 'S', "reneg-bytes 64000000000", NULL },
	{ 'C', "reneg-bytes -1", NULL },
	{ 'S', "reneg-bytes 1M", "\"1M\" is not a number; write how many" },
	{ 'S', "reneg-bytes 99999999999999999999", "is not a number" },
	{ 'S', "reneg-pkts 1", NULL },
	{ 'S', "reneg-pkts -2", "is not a number" },
	{ 'C', "client-nat snat 172.30.1.0 255.255.255.0 172.31.1.0", NULL },
	{ 'C', "client-nat dnat 10.0.0.0 255.0.0.0 11.0.0.0", NULL },
	{ 'C', "client-nat both 10.0.0.0 255.0.0.0 11.0.0.0", "not one of: snat, dnat" },
	{ 'C', "client-nat dnat 10.0.0.1 255.0.0.0 11.0.0.0", "not the first of its network" },
	{ 'C', "client-nat dnat fd00:: 255.0.0.0 11.0.0.0", "not an IPv4 network" },
	{ 'C', "client-nat dnat 10.0.0.0 255.0.0.0 x", "not an IPv4 network" },
	{ 'C', "client-nat dnat 10.0.0.0 255.0.255.0 11.0.0.0", "not a netmask" },
	{ 'S', "passtos", NULL },
	{ 'S', "passtos 1", "takes no argument" },
	{ 'S', "comp-lzo", NULL },
	{ 'C', "comp-lzo no", NULL },
	{ 'C', "comp-lzo maybe", "\"maybe\" is not one of: yes, no, adaptive" },
	{ 'C', "comp-lzo no\ndata-path kernel", "t:12: comp-lzo: the kernel data path cannot do that; write data-path user" },
	{ 'S', "compress migrate", NULL },
	{ 'C', "compress stub-v2\ndata-path kernel", NULL },
	{ 'C', "compress lz4", NULL },
	{ 'C', "compress zip", "\"zip\" is not one of: stub, lz4" },
	{ 'C', "compress\ndata-path kernel", "t:12: compress: the kernel data path" },
	{ 'S', "replay-window 128", NULL },
	{ 'S', "replay-window 0 0", NULL },
	{ 'S', "replay-window 65537", "out of range" },
	{ 'S', "replay-window 64 601", "out of range" },
	{ 'S', "fragment 1300", NULL },
	{ 'C', "fragment 1300 mtu", NULL },
	{ 'C', "fragment 67", "out of range" },
	{ 'C', "fragment 1300 ip", "\"ip\" is unknown; write mtu" },
	{ 'C', "fragment 1300\nproto tcp", "t:12: fragment works only over UDP" },
	{ 'C', "fragment 1300\ndata-path kernel", "t:12: fragment: the kernel data path cannot do that" },
	{ 'C', "mssfix", NULL },
	{ 'C', "mssfix 0", NULL },
	{ 'C', "mssfix 1400 fixed", NULL },
	{ 'C', "mssfix 1400 x", "\"x\" is not one of: mtu, fixed" },
	{ 'C', "mssfix 65536", "out of range" },
	{ 'S', "data-ciphers AES-256-CBC\ndata-path kernel", "t:12: data-ciphers: the kernel data path has AEAD ciphers only" },
	{ 'S', "ifconfig-pool-linear", NULL },
	{ 'S', "ifconfig-pool-linear 1", "takes no" },
	{ 'S', "allow-compression no", NULL },
	{ 'S', "allow-compression yes", "write no" },
	{ 'C', "auth-retry none", NULL },
	{ 'C', "auth-retry nointeract", NULL },
	{ 'C', "auth-retry interact", "nobody can be asked while the daemon runs; write nointeract" },
	{ 'C', "auth-retry interact\nmanagement x unix\nmanagement-query-passwords", NULL },
	/* refused as a whole */
	{ 'S', "secret k", "t:12: option \"secret\" is not supported in this version; static keys" },
	{ 'S', "<secret>\nx\n</secret>", "option \"secret\" is not supported" },
	{ 'S', "management-external-key\nmanagement x unix", "key and management-external-key exclude each other; keep one of them" },
	{ 'S', "management-external-key foo", "management-external-key: \"foo\" is not one of: nopadding, pkcs1, pss, digest" },
	{ 'S', "management-external-key pss pss pss pss pss", "too many arguments" },
	{ 'S', "management-external-cert x\nmanagement x unix", "cert and management-external-cert exclude each other" },
	{ 'S', "management-external-cert", "an argument is missing" },
	{ 'S', "script-security 2", NULL },
	{ 'S', "script-security 3 execve", NULL },
	{ 'S', "script-security 4", "out of range; write 0 to 3" },
	{ 'S', "script-security 2 system", "programs are never run by a shell" },
	{ 'S', "script-timeout 5", NULL },
	{ 'S', "script-timeout 0", "out of range" },
	{ 'S', "tmp-dir /var/tmp", NULL },
	{ 'S', "tmp-dir ''", "the argument is empty" },
#include "config_option_rows.h"
	{ 'S', "up ''\nscript-security 2", "t:12: up: the command is empty" },
	{ 'S', "up \"a 'b\"\nscript-security 2", "t:12: up: no closing quotation mark" },
	{ 'S', "up a b\nscript-security 2", "too many arguments; write: up COMMAND" },
	{ 'C', "client-connect a\nscript-security 2", "works only with" },
	{ 'S', "ipchange a\nscript-security 2", "works only with a client" },
	{ 'S', "client-config-dir ccd", NULL },
	{ 'S', "client-config-dir ''", "the argument is empty" },
	{ 'C', "client-config-dir ccd", "works only with" },
	{ 'S', "ccd-exclusive", NULL },
	{ 'S', "ccd-exclusive 1", "takes no argument" },
	{ 'S', "ifconfig-pool-persist ipp.txt 0", NULL },
	{ 'S', "ifconfig-pool-persist ipp.txt x", "\"x\" is not a number" },
	{ 'S', "iroute 10.1.0.0", "t:12: iroute: is for single clients; write it into a file of client-config-dir" },
	{ 'S', "<pkcs12>\nx\n</pkcs12>", "t:4: cert and pkcs12 exclude each other; keep one of them" },
	{ 'S', "pkcs12", "missing" },
	{ 'C', "dns search-domains a.test b.test", NULL },
	{ 'C', "dns server -128 address 192.0.2.1 192.0.2.2:53 2001:db8::1 [2001:db8::2]:853",
	  NULL },
	{ 'C', "dns server 1 address 192.0.2.1\ndns server 1 resolve-domains a.test\n"
	  "dns server 1 dnssec Optional\ndns server 1 transport dot\n"
	  "dns server 1 sni ns.test", NULL },
	{ 'S', "push \"dns server 1 address 10.8.0.1\"", NULL },
	{ 'C', "dns server 1 transport DoT", "dns server 1 has no address" },
	{ 'C', "dns server 128 address 192.0.2.1", "\"128\" is not a number" },
	{ 'C', "dns server 1 address 192.0.2.1:0", "\"192.0.2.1:0\" is not an address" },
	{ 'C', "dns server 1 address [2001:db8::1]", "is not an address" },
	{ 'C', "dns server 1 dnssec maybe", "\"maybe\" is unknown; write yes" },
	{ 'C', "dns server 1 transport plain x", "transport has one value" },
	{ 'C', "dns server 1 colour red", "\"colour\" is unknown" },
	{ 'C', "dns search-domains a..test", "\"a..test\" is not a domain" },
	{ 'C', "dns resolver x", "\"resolver\" is unknown" },
	{ 'C', "dns-updown force", NULL },
	{ 'C', "dns-updown disable", NULL },
	{ 'C', "script-security 2\ndns-updown /bin/true", NULL },
	{ 'C', "dns-updown /bin/true", "dns-updown: programs are run only with script-security 2" },
	{ 'C', "dhcp-option DNS 10.8.0.1", NULL },
	{ 'C', "dhcp-option dns6 2001:db8::1", NULL },
	{ 'C', "dhcp-option DOMAIN vpn.test", NULL },
	{ 'C', "dhcp-option DISABLE-NBT", NULL },
	{ 'C', "dhcp-option DNS6 10.8.0.1", "\"10.8.0.1\" is not an address for DNS6" },
	{ 'C', "dhcp-option DOMAIN", "DOMAIN needs a value" },
	{ 'C', "dhcp-option DNSS 10.8.0.1", "\"DNSS\" is unknown; write for example DNS" },
	{ 'C', "tls-exit", NULL },
	{ 'C', "proto tcp\nhttp-proxy 10.0.0.1 3128", NULL },
	{ 'C', "proto tcp\nhttp-proxy 10.0.0.1 3128 auto-nct none", NULL },
	{ 'C', "http-proxy 10.0.0.1 3128", "http-proxy carries connections only; write proto tcp" },
	{ 'C', "proto tcp\nhttp-proxy 10.0.0.1 3128 auto ntlm", "logins of the kind \"ntlm\" are not supported; write basic" },
	{ 'C', "http-proxy 10.0.0.1 3128 auto\nproto tcp", NULL },
	{ 'C', "http-proxy 10.0.0.1 x", "\"x\" is not a number" },
	{ 'C', "http-proxy '' 3128", "the host is empty" },
	{ 'C', "http-proxy 10.0.0.1 3128 /login", "files cannot be read here" },
	{ 'C', "http-proxy-option VERSION 1.1", NULL },
	{ 'C', "http-proxy-option AGENT 'a b'", NULL },
	{ 'C', "http-proxy-option CUSTOM-HEADER X-A b", NULL },
	{ 'C', "http-proxy-option VERSION 2", "\"2\" is not one of: 1.0, 1.1" },
	{ 'C', "http-proxy-option AGENT a b", "too many arguments for AGENT" },
	{ 'C', "http-proxy-user-pass", "missing" },
	{ 'C', "<http-proxy-user-pass>\nu\np\n</http-proxy-user-pass>", NULL },
	{ 'C', "<http-proxy-user-pass>\nu\n</http-proxy-user-pass>", "http-proxy-user-pass: two lines are needed" },
	{ 'C', "socks-proxy 10.0.0.1", NULL },
	{ 'C', "socks-proxy 10.0.0.1 1080\nhttp-proxy 10.0.0.1 1", "exclude each other" },
	{ 'C', "<connection>\nremote a 1 udp\nsocks-proxy 10.0.0.1\n</connection>\n<connection>\nremote a 1 tcp\nhttp-proxy 10.0.0.1 1\n</connection>", NULL },
	{ 'S', "socks-proxy 10.0.0.1", "works only with a client" },
	{ 'S', "tls-exit 1", "takes no argument" },
	/* not for files */
	{ 'S', "help", "t:12: help: works only on the command line" },
	{ 'S', "peer-id 1", "t:12: peer-id: is sent by a server and cannot be configured" },
	{ 'S', "<verb>\n3\n</verb>", "t:12: verb: cannot be given as a block" },
	{ 'S', "<nonsense>\n</nonsense>", "t:12: unknown option \"nonsense\"" },
	{ 'S', "ca", "an argument is missing; write: ca FILE" },
	/* lexer's errors carry the place, too */
	{ 'S', "push \"a", "t:12: no closing quotation mark" },
	{ 'S', "log C:\\Temp", "t:12: a backslash escapes only" },
	/* spelling */
	{ 'S', "keepalve 10 60", "t:12: unknown option \"keepalve\"; did you mean \"keepalive\"?" },
	{ 'S', "tls_auth x", "did you mean \"tls-auth\"?" },
	{ 'S', "prot udp", "did you mean \"proto\"?" },
	{ 'S', "qqqqqqqqqqqqqq", "unknown option \"qqqqqqqqqqqqqq\"" },
	{ 'S', "a\001b", "unknown option \"a?b\"" },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void test_cases(void **state)
{
	size_t i, n_wrong = 0;

	(void)state;
	for (i = 0; i < N_CASES; i++) {
		const struct option_case *c = &cases[i];
		char text[1024], err[512];
		struct config *cfg;

		snprintf(text, sizeof(text), "%s%s\n%s", c->role == 'S' ?
			 TEXT_SERVER : TEXT_CLIENT, c->line,
			 c->role == 'C' ? TEXT_REMOTE : "");
		text_parse(text, false, &cfg, err);
		if (c->error ? !strstr(err, c->error) || cfg : !cfg) {
			print_error("\"%s\": \"%s\" instead of \"%s\"\n",
				    c->line, err, c->error ? c->error : "");
			n_wrong++;
		}
		config_free(cfg);
	}
	assert_int_equal(n_wrong, 0);
}

static bool is_tried(const char *name, bool is_bad)
{
	char block[80];
	size_t i, len = strlen(name);

	snprintf(block, sizeof(block), "<%s>\n", name);
	for (i = 0; i < N_CASES; i++) {
		const char *line = cases[i].line;

		if (is_bad != (cases[i].error != NULL))
			continue;
		if (!strncmp(line, block, strlen(block)))
			return true;
		if (!strncmp(line, name, len) && (!line[len] ||
		    line[len] == ' ' || line[len] == '\n'))
			return true;
	}
	return false;
}

static void test_all_options_tried(void **state)
{
	/* need files, or exclude what the two roles have */
	static const char *const elsewhere[] = {
		"config", "cd", "ifconfig-pool", "capath", "pkcs12",
		"management-external-key", "management-external-cert",
		"server-bridge", NULL
	};
	size_t i, n_missing = 0;

	(void)state;
	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);
		bool is_good_elsewhere = false;
		size_t k;

		if (row->kind != CONFIG_KIND_APPLY ||
		    !(row->scope & CONFIG_IN_FILE))
			continue;
		for (k = 0; elsewhere[k]; k++)
			is_good_elsewhere |= !strcmp(elsewhere[k], row->name);
		if ((is_good_elsewhere || is_tried(row->name, false)) &&
		    (is_tried(row->name, true) || !strcmp(row->name, "comp-lzo")))
			continue;
		print_error("no case for %s\n", row->name);
		n_missing++;
	}
	assert_int_equal(n_missing, 0);
}

/* What OpenVPN knows and takes without doing anything must load here, too. */
static void test_ignored(void **state)
{
	const struct config_table *table =
		config_table_get(CONFIG_GROUP_IGNORED);
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < table->n; i++) {
		const struct config_row *row = &table->rows[i];
		char text[512], err[512];
		struct config *cfg;

		if (row->kind != CONFIG_KIND_IGNORE)
			continue;
		n = snprintf(text, sizeof(text), "%s%s", TEXT_SERVER,
			     row->name);
		for (int arg = 0; arg < row->min; arg++)
			n += snprintf(text + n, sizeof(text) - (size_t)n,
				      " 1");
		assert_int_equal(text_parse(text, false, &cfg, err), 0);
		if (row->doc[0])
			assert_true(text_warns(cfg, row->doc));
		config_free(cfg);
	}
}

static void test_refused(void **state)
{
	const struct config_table *table =
		config_table_get(CONFIG_GROUP_REFUSED);
	size_t i;

	(void)state;
	for (i = 0; i < table->n; i++) {
		const struct config_row *row = &table->rows[i];
		char text[512], err[512], want[256];
		struct config *cfg;

		snprintf(text, sizeof(text), "%s%s 1 2", TEXT_SERVER,
			 row->name);
		snprintf(want, sizeof(want), "t:12: option \"%s\" is not "
			 "supported in this version", row->name);
		assert_int_equal(text_parse(text, false, &cfg, err), -EINVAL);
		assert_non_null(strstr(err, want));
		assert_non_null(strstr(err, row->doc));
	}
}

static void test_table_is_sound(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		assert_int_equal(config_row_index(row), i);
		assert_true(row->min <= row->max && row->max <= 16);
		assert_true((row->kind == CONFIG_KIND_APPLY) ==
			    (row->set != NULL));
		assert_true(row->max == 0 || row->args ||
			    row->kind != CONFIG_KIND_APPLY);
		for (k = 0; k < i; k++)
			assert_string_not_equal(config_row_at(k)->name,
						row->name);
	}
	assert_null(config_row_at(i));
	assert_true(i > 320);
}

static void test_suggestions(void **state)
{
	(void)state;
	assert_string_equal(config_row_suggest("data-cipher"), "data-ciphers");
	assert_string_equal(config_row_suggest("tls-auht"), "tls-auth");
	assert_string_equal(config_row_suggest("persist_key"), "persist-key");
	assert_null(config_row_suggest("zzzzzzzzz"));
	assert_null(config_row_suggest(""));
	assert_null(config_row_suggest("a-name-that-is-longer-than-any-option-has"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_all_options_tried),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_suggestions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
