// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/parse.h"

/* Known to OpenVPN, not to this version, with what to do instead. */

#define TOKENS "keys come from files; use cert and key"
#define VLAN "tags stay as they are; have a bridge filter them, or a server for each VLAN"
#define OPENVPN "use the program openvpn for that"

static const struct config_row refused_rows[] = {
	CONFIG_REFUSE("secret", "static keys have no forward secrecy; use "
		"certificates with tls-crypt"),
	CONFIG_REFUSE("allow-deprecated-insecure-static-crypto",
		"use certificates with tls-crypt"),
	CONFIG_REFUSE("http-proxy-override", "use http-proxy"),
	CONFIG_REFUSE("proto-force", "remove the remote lines you do not want"),
	CONFIG_REFUSE("ifconfig-push-constraint", "remove the line"),
	CONFIG_REFUSE("bcast-buffers", "remove the line"),
	CONFIG_REFUSE("pkcs11-cert-private", TOKENS),
	CONFIG_REFUSE("pkcs11-id", TOKENS),
	CONFIG_REFUSE("pkcs11-id-management", TOKENS),
	CONFIG_REFUSE("pkcs11-id-type", TOKENS),
	CONFIG_REFUSE("pkcs11-pin-cache", TOKENS),
	CONFIG_REFUSE("pkcs11-private-mode", TOKENS),
	CONFIG_REFUSE("pkcs11-protected-authentication", TOKENS),
	CONFIG_REFUSE("pkcs11-providers", TOKENS),
	CONFIG_REFUSE("pkcs11-sign-mode", TOKENS),
	CONFIG_REFUSE("pkcs11-slot", TOKENS),
	CONFIG_REFUSE("pkcs11-slot-type", TOKENS),
	CONFIG_REFUSE("compat-names", "names are never remapped"),
	CONFIG_REFUSE("no-name-remapping", "remove the line"),
	CONFIG_REFUSE("replay-persist", "remove the line"),
	CONFIG_REFUSE("single-session", "remove the line"),
	CONFIG_REFUSE_PUSHED("lladdr", "use ip link set address"),
	CONFIG_REFUSE("vlan-accept", VLAN),
	CONFIG_REFUSE("vlan-pvid", VLAN),
	CONFIG_REFUSE("vlan-tagging", VLAN),
	CONFIG_REFUSE("mktun", "use ip tuntap"),
	CONFIG_REFUSE("rmtun", "use ip tuntap"),
	CONFIG_REFUSE("iproute", "remove the line"),
	CONFIG_REFUSE_PUSHED("route-ipv6-gateway",
		"name the gateway in route-ipv6"),
	CONFIG_REFUSE_PUSHED("redirect-private", "use route"),
	CONFIG_REFUSE("ip-remote-hint", "use remote"),
	CONFIG_REFUSE("preresolve", "remove the line"),
	CONFIG_REFUSE("inetd", "use a systemd socket"),
	CONFIG_REFUSE("memstats", "remove the line"),
	CONFIG_REFUSE("gremlin", "use tc netem"),
	CONFIG_REFUSE("msg-channel", "it is for Windows only"),
	CONFIG_REFUSE("test-crypto", OPENVPN),
	CONFIG_REFUSE("show-tls", "use openssl ciphers"),
	CONFIG_REFUSE("show-curves", "use openssl ecparam -list_curves"),
	CONFIG_REFUSE("show-groups", "use openssl ecparam -list_curves"),
	CONFIG_REFUSE("show-engines", OPENVPN),
	CONFIG_REFUSE("show-gateway", "use ip route get"),
	CONFIG_REFUSE("show-pkcs11-ids", TOKENS),
	CONFIG_REFUSE("show-pkcs11-objects", TOKENS),
	CONFIG_REFUSE("show-pkcs11-slots", TOKENS),
	CONFIG_REFUSE("show-adapters", "use ip link"),
	CONFIG_REFUSE("show-net", "use ip route"),
	CONFIG_REFUSE("show-valid-subnets", ""),
	CONFIG_REFUSE("tap-allow-nonadmin", "it is for Windows only"),
};

CONFIG_TABLE(refused, "Not supported in this version");
