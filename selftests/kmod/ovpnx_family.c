// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program that is linked with this file speaks: family "ovpnx". */
#include "ovpn_spec_priv.h"

static const char *const spec_transport[] = { "udp", "tcp", NULL };

static const char *const spec_slot[] = { "primary", "secondary", NULL };
static const char *const spec_cipher[] = {
	"none", "aes-gcm", "chacha20-poly1305", NULL
};

static const struct spec_attr spec_features[] = {
	{ "mask", 1, SPEC_UINT, NULL, NULL },
	{ "payload-max", 2, SPEC_U32, NULL, NULL },
	{ "payload-rate", 3, SPEC_U32, NULL, NULL },
	{ "queue-max", 4, SPEC_U32, NULL, NULL },
	{ "prefixes-max", 5, SPEC_U32, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_dev[] = {
	{ "peers", 1, SPEC_U32, NULL, NULL },
	{ "fd", 2, SPEC_S32, NULL, NULL },
	{ "mss", 3, SPEC_U32, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_drop[] = {
	{ "name", 1, SPEC_STR, NULL, NULL },
	{ "count", 2, SPEC_UINT, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_prefix[] = {
	{ "ipv4", 1, SPEC_IPV4, NULL, NULL },
	{ "ipv6", 2, SPEC_IPV6, NULL, NULL },
	{ "len", 3, SPEC_U8, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_peer[] = {
	{ "id", 1, SPEC_U32, NULL, NULL },
	{ "transport", 2, SPEC_U32, NULL, spec_transport },
	{ "crypto-driver", 3, SPEC_STR, NULL, NULL },
	{ "drop", 4, SPEC_NEST, spec_drop, NULL },
	{ "payload", 5, SPEC_BIN, NULL, NULL },
	{ "flags", 6, SPEC_U32, NULL, NULL },
	{ "prefix", 7, SPEC_NEST, spec_prefix, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_keydir[] = {
	{ "key", 1, SPEC_BIN, NULL, NULL },
	{ "nonce", 2, SPEC_BIN, NULL, NULL },
	{ "secret", 3, SPEC_BIN, NULL, NULL },
	{ "epoch", 4, SPEC_U32, NULL, NULL },
	{ "packet-id", 5, SPEC_U64, NULL, NULL },
	{ "usage", 6, SPEC_U64, NULL, NULL },
	{ "failures", 7, SPEC_U64, NULL, NULL },
	{ "seen", 8, SPEC_BIN, NULL, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_keyconf[] = {
	{ "peer-id", 1, SPEC_U32, NULL, NULL },
	{ "slot", 2, SPEC_U32, NULL, spec_slot },
	{ "key-id", 3, SPEC_U32, NULL, NULL },
	{ "cipher-alg", 4, SPEC_U32, NULL, spec_cipher },
	{ "cipher-len", 5, SPEC_U32, NULL, NULL },
	{ "usage-max", 6, SPEC_U64, NULL, NULL },
	{ "encrypt", 7, SPEC_NEST, spec_keydir, NULL },
	{ "decrypt", 8, SPEC_NEST, spec_keydir, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_attr spec_top[] = {
	{ "ifindex", 1, SPEC_U32, NULL, NULL },
	{ "features", 2, SPEC_NEST, spec_features, NULL },
	{ "dev", 3, SPEC_NEST, spec_dev, NULL },
	{ "peer", 4, SPEC_NEST, spec_peer, NULL },
	{ "keyconf", 5, SPEC_NEST, spec_keyconf, NULL },
	{ NULL, 0, SPEC_BIN, NULL, NULL }
};

static const struct spec_command spec_commands[] = {
	{ "GET_FEATURES", 1 }, { "DEV_GET", 2 }, { "DEV_SET", 3 },
	{ "PEER_GET", 4 }, { "PEER_SET", 5 }, { "PEER_PAYLOAD_NTF", 6 },
	{ "DEV_OPEN", 7 }, { "KEY_NEW", 8 }, { "KEY_GET", 9 },
	{ "PREFIX_GET", 10 }, { "PREFIX_SET", 11 }, { "PREFIX_ADD", 12 },
	{ "PREFIX_DEL", 13 },
	{ NULL, 0 }
};

const struct spec_family spec_ovpnx = {
	.suffix = "x",
	.group = "events",
	.top = spec_top,
	.commands = spec_commands,
};

__attribute__((weak))
_Thread_local const struct spec_family *spec_family = &spec_ovpnx;
