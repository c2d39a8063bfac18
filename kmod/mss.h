/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_MSS_H
#define DCO_MSS_H

#include <linux/types.h>

size_t dco_mss_find_syn(const u8 *packet, size_t len);
bool dco_mss_clamp(u8 *packet, size_t len, size_t tcp, u16 max);

#endif /* DCO_MSS_H */
