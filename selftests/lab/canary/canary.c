// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with planted errors, one per value of the parameter "plant". The
 * lab's own test loads it to prove that a run turns red, and for the right
 * reason.
 */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *plant = "none";
module_param(plant, charp, 0444);
MODULE_PARM_DESC(plant, "none, use-after-free, inversion, leak, sleep, warn");

static DEFINE_MUTEX(canary_lock_a);
static DEFINE_MUTEX(canary_lock_b);
static DEFINE_SPINLOCK(canary_spinlock);

static noinline void canary_use_after_free(void)
{
	int *cell = kmalloc(64, GFP_KERNEL);

	if (!cell)
		return;
	WRITE_ONCE(cell[3], 1);
	kfree(cell);
	/* Through the compiler's back, which sees this one. */
	OPTIMIZER_HIDE_VAR(cell);
	pr_info("canary: read %d\n", READ_ONCE(cell[3]));
}

/* One task alone: lockdep sees the two orders, nothing ever blocks. */
static noinline void canary_inversion(void)
{
	mutex_lock(&canary_lock_a);
	mutex_lock(&canary_lock_b);
	mutex_unlock(&canary_lock_b);
	mutex_unlock(&canary_lock_a);

	mutex_lock(&canary_lock_b);
	mutex_lock(&canary_lock_a);
	mutex_unlock(&canary_lock_a);
	mutex_unlock(&canary_lock_b);
}

/* Many, so that a stale copy of one pointer on a stack hides none but it. */
static noinline void canary_leak(void)
{
	void *cell;
	int i;

	for (i = 0; i < 16; i++) {
		cell = kmalloc(128, GFP_KERNEL);
		if (cell)
			memset(cell, i, 128);
		OPTIMIZER_HIDE_VAR(cell);
	}
}

/* Only with PREEMPT_RT an error: spinlocks sleep there. */
static noinline void canary_sleep(void)
{
	preempt_disable();
	spin_lock(&canary_spinlock);
	spin_unlock(&canary_spinlock);
	preempt_enable();
}

static int __init canary_init(void)
{
	pr_info("canary: plant %s\n", plant);
	if (!strcmp(plant, "use-after-free"))
		canary_use_after_free();
	else if (!strcmp(plant, "inversion"))
		canary_inversion();
	else if (!strcmp(plant, "leak"))
		canary_leak();
	else if (!strcmp(plant, "sleep"))
		canary_sleep();
	else if (!strcmp(plant, "warn"))
		WARN(1, "canary: a planted warning\n");
	else if (strcmp(plant, "none"))
		return -EINVAL;
	return 0;
}

static void __exit canary_exit(void)
{
}

module_init(canary_init);
module_exit(canary_exit);
MODULE_DESCRIPTION("Planted errors that the lab must see");
MODULE_LICENSE("GPL");
