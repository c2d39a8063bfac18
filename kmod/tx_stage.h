/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_STAGE_H
#define DCO_TX_STAGE_H

#include <linux/types.h>

struct dco_dev;
struct dco_path;
struct dco_peer;
struct sk_buff;

/* how long a packet may wait for company, in microseconds: what it is at first,
 * and at most
 */
#define DCO_STAGE_USECS		100
#define DCO_STAGE_USECS_MAX	1000000

void dco_stage_set_usecs(struct dco_dev *dco, u32 usecs);
bool dco_stage_add(const struct dco_path *path, struct sk_buff *skb);
void dco_stage_free(struct dco_peer *peer);

#endif /* DCO_TX_STAGE_H */
