/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_SLICE_H
#define DCO_SLICE_H

void *dco_slice_alloc(unsigned int size, unsigned int align);
void dco_slice_module_exit(void);

#endif /* DCO_SLICE_H */
