// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "config/parse.h"

/*
 * What a changed option needs. Whatever is not here needs a restart: the
 * device, the sockets, the process itself, and the programs, which a process of
 * their own knows from the beginning. Another service of PAM does not, see
 * merge.c.
 */
static const struct {
	const char *name;
	enum config_effect effect;
} effects[] = {
	{ "cd", CONFIG_EFFECT_NOW },
	{ "verb", CONFIG_EFFECT_NOW },
	{ "ignore-unknown-option", CONFIG_EFFECT_NOW },
	{ "route", CONFIG_EFFECT_NOW },
	{ "route-ipv6", CONFIG_EFFECT_NOW },
	{ "route-metric", CONFIG_EFFECT_NOW },
	{ "max-clients", CONFIG_EFFECT_NOW },
	{ "connect-freq", CONFIG_EFFECT_NOW },
	{ "connect-freq-initial", CONFIG_EFFECT_NOW },
	{ "tcp-queue-limit", CONFIG_EFFECT_NOW },
	{ "explicit-exit-notify", CONFIG_EFFECT_NOW },
	{ "auth-retry", CONFIG_EFFECT_NOW },
	{ "float", CONFIG_EFFECT_NOW },
	{ "connect-retry", CONFIG_EFFECT_NOW },
	{ "connect-retry-max", CONFIG_EFFECT_NOW },

	{ "ca", CONFIG_EFFECT_HANDSHAKE },
	{ "capath", CONFIG_EFFECT_HANDSHAKE },
	{ "cert", CONFIG_EFFECT_HANDSHAKE },
	{ "key", CONFIG_EFFECT_HANDSHAKE },
	{ "pkcs12", CONFIG_EFFECT_HANDSHAKE },
	{ "askpass", CONFIG_EFFECT_HANDSHAKE },
	{ "dh", CONFIG_EFFECT_HANDSHAKE },
	{ "extra-certs", CONFIG_EFFECT_HANDSHAKE },
	{ "crl-verify", CONFIG_EFFECT_HANDSHAKE },
	{ "peer-fingerprint", CONFIG_EFFECT_HANDSHAKE },
	{ "verify-hash", CONFIG_EFFECT_HANDSHAKE },
	{ "verify-x509-name", CONFIG_EFFECT_HANDSHAKE },
	{ "remote-cert-tls", CONFIG_EFFECT_HANDSHAKE },
	{ "remote-cert-ku", CONFIG_EFFECT_HANDSHAKE },
	{ "remote-cert-eku", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-version-min", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-version-max", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-cipher", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-ciphersuites", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-groups", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-cert-profile", CONFIG_EFFECT_HANDSHAKE },
	{ "hand-window", CONFIG_EFFECT_HANDSHAKE },
	{ "tran-window", CONFIG_EFFECT_HANDSHAKE },
	{ "tls-timeout", CONFIG_EFFECT_HANDSHAKE },
	{ "reneg-sec", CONFIG_EFFECT_HANDSHAKE },
	{ "reneg-bytes", CONFIG_EFFECT_HANDSHAKE },
	{ "reneg-pkts", CONFIG_EFFECT_HANDSHAKE },
	{ "max-packet-size", CONFIG_EFFECT_HANDSHAKE },
	{ "replay-window", CONFIG_EFFECT_HANDSHAKE },
	{ "auth-gen-token", CONFIG_EFFECT_HANDSHAKE },
	{ "auth-gen-token-secret", CONFIG_EFFECT_HANDSHAKE },
	{ "auth-user-pass-optional", CONFIG_EFFECT_HANDSHAKE },

	{ "push", CONFIG_EFFECT_RECONNECT },
	{ "cipher", CONFIG_EFFECT_RECONNECT },
	{ "data-ciphers", CONFIG_EFFECT_RECONNECT },
	{ "data-ciphers-fallback", CONFIG_EFFECT_RECONNECT },
	{ "ncp-ciphers", CONFIG_EFFECT_RECONNECT },
	{ "auth", CONFIG_EFFECT_RECONNECT },
	{ "tls-auth", CONFIG_EFFECT_RECONNECT },
	{ "key-direction", CONFIG_EFFECT_RECONNECT },
	{ "tls-crypt", CONFIG_EFFECT_RECONNECT },
	{ "tls-crypt-v2", CONFIG_EFFECT_RECONNECT },
	{ "tls-crypt-v2-max-age", CONFIG_EFFECT_RECONNECT },
	{ "mssfix", CONFIG_EFFECT_RECONNECT },
	{ "keepalive", CONFIG_EFFECT_RECONNECT },
	{ "ping", CONFIG_EFFECT_RECONNECT },
	{ "ping-restart", CONFIG_EFFECT_RECONNECT },
	{ "ping-exit", CONFIG_EFFECT_RECONNECT },
	{ "inactive", CONFIG_EFFECT_RECONNECT },
	{ "session-timeout", CONFIG_EFFECT_RECONNECT },
	{ "max-routes-per-client", CONFIG_EFFECT_RECONNECT },
	{ "sessions-per-user", CONFIG_EFFECT_RECONNECT },
	{ "force-tls-key-material-export", CONFIG_EFFECT_HANDSHAKE },
	{ "client-config-dir", CONFIG_EFFECT_RECONNECT },
	{ "ccd-exclusive", CONFIG_EFFECT_RECONNECT },
	{ "duplicate-cn", CONFIG_EFFECT_RECONNECT },
	{ "username-as-common-name", CONFIG_EFFECT_RECONNECT },
	{ "verify-client-cert", CONFIG_EFFECT_RECONNECT },
	{ "client-cert-not-required", CONFIG_EFFECT_RECONNECT },
	{ "x509-username-field", CONFIG_EFFECT_RECONNECT },
	{ "auth-user-pass", CONFIG_EFFECT_RECONNECT },
	{ "http-proxy-user-pass", CONFIG_EFFECT_RECONNECT },
	{ "pull-filter", CONFIG_EFFECT_RECONNECT },
	{ "connect-timeout", CONFIG_EFFECT_RECONNECT },
	{ "server-poll-timeout", CONFIG_EFFECT_RECONNECT },
};

enum config_effect config_effect_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(effects) / sizeof(*effects); i++)
		if (!strcmp(effects[i].name, name))
			return effects[i].effect;
	return CONFIG_EFFECT_RESTART;
}

const char *config_effect_name(size_t index)
{
	return index < sizeof(effects) / sizeof(*effects) ?
	       effects[index].name : NULL;
}
