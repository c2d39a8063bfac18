/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_EPOCH_H
#define DCO_EPOCH_H

#include <linux/types.h>

#include "hkdf.h"

#define DCO_EPOCH_SECRET_SIZE	DCO_HKDF_SIZE
/* No peer takes a later epoch: OpenVPN keeps the last ones, as many as it looks
 * ahead (16), so that numbers do not wrap.
 */
#define DCO_EPOCH_MAX		(0xffff - 16 - 1)
/* from here on a new key is wanted */
#define DCO_EPOCH_SOFT_MAX	0xf000

struct dco_epoch;
struct dco_key;
struct dco_key_config;
struct dco_key_rx;

int dco_epoch_new(struct dco_key *key, const struct dco_key_config *config);
void dco_epoch_free(struct dco_epoch *epoch);
struct dco_key_rx *dco_epoch_find(const struct dco_epoch *epoch, u16 number);
struct dco_key_rx *dco_epoch_current(const struct dco_epoch *epoch);
bool dco_epoch_heard(struct dco_epoch *epoch, const struct dco_key_rx *rx);
void dco_epoch_kick(struct dco_epoch *epoch);

#endif /* DCO_EPOCH_H */
