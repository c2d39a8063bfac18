// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program that is linked with this file speaks: family "ovpn". */
#include "ovpn_spec_priv.h"

static const char *const spec_slot[] = { "primary", "secondary", NULL };
static const char *const spec_cipher[] = {
	"none", "aes-gcm", "chacha20-poly1305", NULL
};
static const char *const spec_reason[] = {
	"teardown", "userspace", "expired", "transport-error",
	"transport-disconnect", NULL
};

static const struct spec_attr spec_peer[] = {
	{ "id", 1, SPEC_U32, NULL, NULL },
	{ "remote-ipv4", 2, SPEC_IPV4, NULL, NULL },
	{ "remote-ipv6", 3, SPEC_IPV6, NULL, NULL },
	{ "remote-ipv6-scope-id", 4, SPEC_U32, NULL, NULL },
	{ "remote-port", 5, SPEC_BE16, NULL, NULL },
	{ "socket", 6, SPEC_U32, NULL, NULL },
	{ "socket-netnsid", 7, SPEC_S32, NULL, NULL },
	{ "vpn-ipv4", 8, SPEC_IPV4, NULL, NULL },
	{ "vpn-ipv6", 9, SPEC_IPV6, NULL, NULL },
	{ "local-ipv4", 10, SPEC_IPV4, NULL, NULL },
	{ "local-ipv6", 11, SPEC_IPV6, NULL, NULL },
	{ "local-port", 12, SPEC_BE16, NULL, NULL },
	{ "keepalive-interval", 13, SPEC_U32, NULL, NULL },
	{ "keepalive-timeout", 14, SPEC_U32, NULL, NULL },
	{ "del-reason", 15, SPEC_U32, NULL, spec_reason },
	{ "vpn-rx-bytes", 16, SPEC_UINT, NULL, NULL },
	{ "vpn-tx-bytes", 17, SPEC_UINT, NULL, NULL },
	{ "vpn-rx-packets", 18, SPEC_UINT, NULL, NULL },
	{ "vpn-tx-packets", 19, SPEC_UINT, NULL, NULL },
	{ "link-rx-bytes", 20, SPEC_UINT, NULL, NULL },
	{ "link-tx-bytes", 21, SPEC_UINT, NULL, NULL },
	{ "link-rx-packets", 22, SPEC_UINT, NULL, NULL },
	{ "link-tx-packets", 23, SPEC_UINT, NULL, NULL },
	{ "tx-id", 24, SPEC_U32, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_keydir[] = {
	{ "key", 1, SPEC_BIN, NULL, NULL },
	{ "nonce", 2, SPEC_BIN, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_keyconf[] = {
	{ "peer-id", 1, SPEC_U32, NULL, NULL },
	{ "slot", 2, SPEC_U32, NULL, spec_slot },
	{ "key-id", 3, SPEC_U32, NULL, NULL },
	{ "cipher-alg", 4, SPEC_U32, NULL, spec_cipher },
	{ "encrypt", 5, SPEC_NEST, spec_keydir, NULL },
	{ "decrypt", 6, SPEC_NEST, spec_keydir, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_top[] = {
	{ "ifindex", 1, SPEC_U32, NULL, NULL },
	{ "peer", 2, SPEC_NEST, spec_peer, NULL },
	{ "keyconf", 3, SPEC_NEST, spec_keyconf, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_command spec_commands[] = {
	{ "PEER_NEW", 1 }, { "PEER_SET", 2 }, { "PEER_GET", 3 },
	{ "PEER_DEL", 4 }, { "PEER_DEL_NTF", 5 }, { "KEY_NEW", 6 },
	{ "KEY_GET", 7 }, { "KEY_SWAP", 8 }, { "KEY_SWAP_NTF", 9 },
	{ "KEY_DEL", 10 }, { "PEER_FLOAT_NTF", 11 }, { NULL, 0 }
};

const struct spec_family spec_ovpn = {
	.suffix = "",
	.group = "peers",
	.top = spec_top,
	.commands = spec_commands,
};

__attribute__((weak))
_Thread_local const struct spec_family *spec_family = &spec_ovpn;
