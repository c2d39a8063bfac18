/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_SLICE_H
#define DCO_SLICE_H

/* what is worth taking of a block, in bytes */
#define DCO_SLICE_LEAST	4096U

void *dco_slice_alloc(unsigned int size, unsigned int align);
void *dco_slice_take(unsigned int *size);
void dco_slice_module_exit(void);

#endif /* DCO_SLICE_H */
