/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_WHOLE_H
#define DCO_UDP_WHOLE_H

int dco_udp_whole_module_init(void);
void dco_udp_whole_module_exit(void);

#endif /* DCO_UDP_WHOLE_H */
