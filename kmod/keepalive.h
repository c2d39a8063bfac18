/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_KEEPALIVE_H
#define DCO_KEEPALIVE_H

#include <linux/types.h>

struct dco_peer;

void dco_keepalive_init(struct dco_peer *peer);
void dco_keepalive_set(struct dco_peer *peer, u32 interval, u32 timeout);
void dco_keepalive_start(struct dco_peer *peer);
void dco_keepalive_stop(struct dco_peer *peer);
bool dco_keepalive_is(const void *payload, size_t len);

unsigned long dco_keepalive_now(void);

#endif /* DCO_KEEPALIVE_H */
