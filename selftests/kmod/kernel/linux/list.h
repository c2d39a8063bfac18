/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINUX_LIST_H
#define KERNEL_LINUX_LIST_H

struct list_head {
	struct list_head *next, *prev;
};

#endif
