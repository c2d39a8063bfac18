/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINUX_RCUPDATE_H
#define KERNEL_LINUX_RCUPDATE_H

#include <stdlib.h>

struct rcu_head {
	void *next;
};

#define __rcu
#define rcu_dereference(p)			(p)
#define rcu_dereference_protected(p, c)		((void)(c), (p))
#define rcu_access_pointer(p)			(p)
#define rcu_assign_pointer(p, v)		((p) = (v))
#define RCU_INIT_POINTER(p, v)			((p) = (v))
/* at once, so that what is used later is seen by a sanitizer */
#define kfree_rcu(p, field)			free(p)

#endif
