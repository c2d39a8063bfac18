/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_ROW_H
#define DCO_RX_ROW_H

#include "row.h"

/* the headers of an IPv6 packet of TCP with timestamps, and some more; a
 * multiple of 8
 */
#define DCO_RX_ROW_OVER_MAX	80U

/**
 * struct dco_rx_row - payloads of a burst that follow one another in memory
 * @mem: the payloads; the next one belongs where it is at
 * @floor: what is below has left us, and is not to be touched
 * @saved: what is in front of the next payload, and may be overwritten for now
 */
struct dco_rx_row {
	struct dco_row mem;
	u8 *floor;
	u8 saved[DCO_RX_ROW_OVER_MAX] __aligned(8);
};

void dco_rx_row_init(struct dco_rx_row *row);
void dco_rx_row_begin(struct dco_rx_row *row);
void dco_rx_row_end(struct dco_rx_row *row);
u8 *dco_rx_row_open(struct dco_rx_row *row, unsigned int over, unsigned int len,
		    unsigned int more);
void dco_rx_row_restore(struct dco_rx_row *row);
bool dco_rx_row_give(struct dco_rx_row *row, struct sk_buff *skb,
		     unsigned int len);

#endif /* DCO_RX_ROW_H */
