// SPDX-License-Identifier: GPL-2.0-or-later
/* What a server decides from its client's peer-info (sections 8.4 to 8.6). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/control.h"

static int params_cipher(struct control_params *params,
			 const struct control_offer *offer,
			 const char *peer_info, const char *occ,
			 const char **reason)
{
	const char *ciphers = offer->data_ciphers, *fallback = offer->fallback;
	char aead[PROTO_CIPHER_LIST_MAX];

	if (offer->is_plain) {
		proto_cipher_list_aead(ciphers, aead);
		ciphers = aead;
		if (fallback &&
		    !proto_cipher_is_aead(proto_cipher_find(fallback)))
			fallback = NULL;
	}
	params->cipher = proto_cipher_negotiate(ciphers, peer_info, occ,
						fallback,
						&params->is_cipher_pushable);
	if (params->cipher != PROTO_CIPHER_NONE)
		return 0;
	*reason = "Data channel cipher negotiation failed (no shared cipher)";
	return -EPROTO;
}

/*
 * Nothing is ever compressed. A client that is configured for it is told the
 * framing that changes nothing: a packet that stub-v2 would change begins with
 * 0x50, which is no IP. Those that do not know that get a byte in front.
 */
static int params_framing(struct control_params *params,
			  const struct control_offer *offer,
			  const char *peer_info, const char *occ,
			  const char **reason)
{
	if (!proto_occ_has(occ, "comp-lzo"))
		return 0;
	params->framing = proto_peer_info_number(peer_info, "IV_COMP_STUBv2") ?
			  PROTO_FRAMING_V2 : PROTO_FRAMING_LZO;
	if (!offer->is_plain || params->framing == PROTO_FRAMING_V2)
		return 0;
	*reason = "Compression framing is not supported by this server. Remove comp-lzo or compress from the client's configuration";
	return -EPROTO;
}

/* Both sides have to be configured for it; the options string tells. */
static int params_fragment(struct control_params *params,
			   const struct control_offer *offer, const char *occ,
			   const char **reason)
{
	bool is_told = proto_occ_has(occ, "tun-mtu");

	params->is_fragmented = is_told ? proto_occ_has(occ, "mtu-dynamic") :
					  offer->has_fragment;
	if (!params->is_fragmented || offer->has_fragment)
		return 0;
	*reason = "This server has no fragment option. Remove fragment from the client's configuration";
	return -EPROTO;
}

int control_params_negotiate(struct control_params *params,
			     const struct control_offer *offer,
			     const char *peer_info, const char *occ,
			     const char **reason)
{
	unsigned long iv = proto_peer_info_number(peer_info, "IV_PROTO");
	int ret;

	occ = occ ? occ : "";
	memset(params, 0, sizeof(*params));
	params->iv_proto = iv;
	params->iv_mtu = proto_peer_info_number(peer_info, "IV_MTU");
	params->is_v1 = !(iv & PROTO_IV_DATA_V2);
	if (params->is_v1 && offer->is_plain) {
		*reason = "Data channel negotiation failed (missing DATA_V2)";
		return -EPROTO;
	}
	ret = params_cipher(params, offer, peer_info, occ, reason);
	if (!ret)
		ret = params_framing(params, offer, peer_info, occ, reason);
	if (!ret)
		ret = params_fragment(params, offer, occ, reason);
	if (ret)
		return ret;
	params->is_ekm = iv & PROTO_IV_TLS_KEY_EXPORT;
	params->is_cc_exit = iv & PROTO_IV_CC_EXIT_NOTIFY;
	/* the flags travel in "protocol-flags", which bit 7 announces too */
	params->is_dyn_tls_crypt = (iv & PROTO_IV_DYN_TLS_CRYPT) &&
				   (iv & PROTO_IV_CC_EXIT_NOTIFY);
	params->is_epoch = offer->has_epochs && !params->is_v1 &&
			   (iv & PROTO_IV_DATA_EPOCH) &&
			   (iv & PROTO_IV_CC_EXIT_NOTIFY) &&
			   proto_cipher_is_aead(params->cipher);
	return 0;
}

/* The first one of the TLS server's list that the TLS client has. */
static enum proto_cipher p2p_cipher(const struct control_offer *offer,
				    const char *peer_info)
{
	char peers[PROTO_CIPHER_LIST_MAX], own[PROTO_CIPHER_LIST_MAX];
	const char *of_server = offer->is_server ? own : peers;
	const char *of_client = offer->is_server ? peers : own;
	char as_client[PROTO_CIPHER_LIST_MAX + 16];
	bool is_pushable;

	if (proto_peer_info_get(peer_info, "IV_CIPHERS", peers,
				sizeof(peers)) <= 0)
		return PROTO_CIPHER_NONE;
	snprintf(own, sizeof(own), "%s", offer->data_ciphers);
	if (offer->is_plain)
		proto_cipher_list_aead(offer->data_ciphers, own);
	snprintf(as_client, sizeof(as_client), "IV_CIPHERS=%s\n", of_client);
	return proto_cipher_negotiate(of_server, as_client, "", NULL,
				      &is_pushable);
}

int control_params_p2p(struct control_params *params,
		       const struct control_offer *offer, const char *own,
		       const char *peer_info)
{
	unsigned long iv = proto_peer_info_number(peer_info, "IV_PROTO");
	bool is_new = iv & PROTO_IV_NCP_P2P;

	memset(params, 0, sizeof(*params));
	params->iv_proto = iv;
	params->is_v1 = !is_new || !(iv & PROTO_IV_DATA_V2);
	if (is_new)
		params->cipher = p2p_cipher(offer, peer_info);
	if (params->cipher == PROTO_CIPHER_NONE && own)
		params->cipher = proto_cipher_find(own);
	if (params->cipher == PROTO_CIPHER_NONE)
		return -EPROTO;
	if (!is_new)
		return 0;
	params->is_ekm = iv & PROTO_IV_TLS_KEY_EXPORT;
	params->is_cc_exit = iv & PROTO_IV_CC_EXIT_NOTIFY;
	params->is_dyn_tls_crypt = iv & PROTO_IV_DYN_TLS_CRYPT;
	params->is_epoch = offer->has_epochs && !params->is_v1 &&
			   (iv & PROTO_IV_DATA_EPOCH) &&
			   proto_cipher_is_aead(params->cipher);
	return 0;
}
