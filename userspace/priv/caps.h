/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PRIV_CAPS_H
#define PRIV_CAPS_H

/**
 * priv_caps_reduce() - keep CAP_NET_ADMIN, if it is there, and nothing else
 *
 * Return: 0 or -errno.
 */
int priv_caps_reduce(void);

#endif
