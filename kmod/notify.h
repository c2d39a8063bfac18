/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_NOTIFY_H
#define DCO_NOTIFY_H

#include <linux/types.h>

#include "../uapi/linux/ovpn.h"

struct dco_endpoint;
struct dco_peer;

void dco_notify_peer_del(struct dco_peer *peer,
			 enum ovpn_del_peer_reason reason);
void dco_notify_peer_float(struct dco_peer *peer,
			   const struct dco_endpoint *ep);
void dco_notify_key_swap(struct dco_peer *peer, u8 key_id);

#endif /* DCO_NOTIFY_H */
