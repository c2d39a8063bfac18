/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINUX_SLAB_H
#define KERNEL_LINUX_SLAB_H

#include <stdlib.h>

#define GFP_KERNEL		0
#define kzalloc(size, gfp)	calloc(1, size)
#define kfree(p)		free(p)

#endif
