/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_WHOLE_H
#define DCO_UDP_WHOLE_H

struct net;

void dco_udp_whole_begin(struct net *net);
int dco_udp_whole_module_init(void);
void dco_udp_whole_module_exit(void);

#endif /* DCO_UDP_WHOLE_H */
