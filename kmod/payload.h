/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PAYLOAD_H
#define DCO_PAYLOAD_H

#include <linux/types.h>

struct dco_peer;

/* bytes of a payload that is passed on; OCC messages are much shorter */
#define DCO_PAYLOAD_MAX		1024
/* how many a peer may have passed on in a second */
#define DCO_PAYLOAD_RATE	8

void dco_payload_init(struct dco_peer *peer);
bool dco_payload_notify(struct dco_peer *peer, const void *data, size_t len);

#endif /* DCO_PAYLOAD_H */
