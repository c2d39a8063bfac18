/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_CELL_H
#define DCO_RX_CELL_H

#include <linux/list.h>
#include "drop.h"

struct dco_dev;
struct sk_buff;

int dco_cells_init(struct dco_dev *dco);
void dco_cells_stop(struct dco_dev *dco);
void dco_cells_free(struct dco_dev *dco);

void dco_cells_flush(struct list_head *direct);
enum dco_drop dco_cells_receive(struct dco_dev *dco, struct sk_buff *skb,
				struct list_head *direct);

#endif /* DCO_RX_CELL_H */
