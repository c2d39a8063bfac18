/* SPDX-License-Identifier: GPL-2.0-only */
/* What the probes include: if one of these were missing, all would fail. */
#ifndef DCO_PROBES_H
#define DCO_PROBES_H

#include <linux/etherdevice.h>
#include <linux/local_lock.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

#endif /* DCO_PROBES_H */
