/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_LIFE_H
#define DCO_UDP_LIFE_H

#include <linux/types.h>

struct dco_sock;
struct sock;

bool dco_udp_can_hold(const struct sock *sk);
bool dco_udp_is_held(const struct sock *sk);
int dco_udp_hold(struct sock *sk);
void dco_udp_end(struct sock *sk);
void dco_udp_set_attached(struct sock *sk, bool is_attached);
void dco_udp_watch_begin(struct dco_sock *dsk);
void dco_udp_watch_end(struct dco_sock *dsk);

#endif /* DCO_UDP_LIFE_H */
