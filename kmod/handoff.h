/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_HANDOFF_H
#define DCO_HANDOFF_H

#include <linux/skbuff.h>

#include "stats.h"

struct dco_dev;
struct dco_peer;

/* bytes of memory that packets may take which wait for a reader */
#define DCO_HANDOFF_MAX		(1 << 20)

struct file *dco_handoff_open(struct dco_dev *dco);
void dco_handoff_detach(struct dco_dev *dco);
void dco_handoff_send(struct dco_peer *peer, struct sk_buff *list,
		      struct dco_count *sent);
void dco_handoff_forget(struct dco_peer *peer);

#endif /* DCO_HANDOFF_H */
