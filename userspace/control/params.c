// SPDX-License-Identifier: GPL-2.0-or-later
/* What a server decides from its client's peer-info (sections 8.4 to 8.6). */
#include <errno.h>
#include <string.h>

#include "control/control.h"

int control_params_negotiate(struct control_params *params,
			     const char *data_ciphers, const char *fallback,
			     const char *peer_info, const char *occ,
			     const char **reason)
{
	unsigned long iv = proto_peer_info_number(peer_info, "IV_PROTO");

	memset(params, 0, sizeof(*params));
	params->iv_proto = iv;
	params->iv_mtu = proto_peer_info_number(peer_info, "IV_MTU");
	if (!(iv & PROTO_IV_DATA_V2)) {
		*reason = "Data channel negotiation failed (missing DATA_V2)";
		return -EPROTO;
	}
	params->cipher = proto_cipher_negotiate(data_ciphers, peer_info, occ,
						fallback,
						&params->is_cipher_pushable);
	if (params->cipher == PROTO_CIPHER_NONE) {
		*reason = "Data channel cipher negotiation failed (no shared cipher)";
		return -EPROTO;
	}
	/*
	 * Nothing is ever compressed, and the data path knows no framing. The
	 * client can do the same: a packet that stub-v2 would change begins
	 * with 0x50, which is no IP.
	 */
	params->is_framed = occ && proto_occ_has(occ, "comp-lzo");
	if (params->is_framed &&
	    !proto_peer_info_number(peer_info, "IV_COMP_STUBv2")) {
		*reason = "Compression framing is not supported by this server. Remove comp-lzo or compress from the client's configuration";
		return -EPROTO;
	}
	params->is_ekm = iv & PROTO_IV_TLS_KEY_EXPORT;
	params->is_cc_exit = iv & PROTO_IV_CC_EXIT_NOTIFY;
	/* the flags travel in "protocol-flags", which bit 7 announces too */
	params->is_dyn_tls_crypt = (iv & PROTO_IV_DYN_TLS_CRYPT) &&
				   (iv & PROTO_IV_CC_EXIT_NOTIFY);
	return 0;
}
