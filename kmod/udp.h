/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_H
#define DCO_UDP_H

#include <linux/skbuff.h>
#include <net/sock.h>

struct dco_path;
struct dco_sock;

bool dco_udp_is_free(const struct sock *sk);
bool dco_udp_is_attached(const struct sock *sk);
int dco_udp_attach(struct dco_sock *dsk);
void dco_udp_detach(struct dco_sock *dsk);

int dco_udp_find_path(struct dco_path *path);
void dco_udp_put_path(struct dco_path *path);
unsigned int dco_udp_mtu(const struct dco_path *path);
bool dco_udp_takes_packed(const struct dco_path *path);
void dco_udp_send(struct dco_path *path, struct sk_buff *list);

#endif /* DCO_UDP_H */
