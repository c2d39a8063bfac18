// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stack traces for User-Mode Linux by following frame pointers. The lab
 * compiles this in place of arch/um/kernel/stacktrace.c, which looks at each
 * word of the stack and asks whether it could be code: KASAN and kmemleak want
 * a trace for each allocation, and half of a run's time went there.
 *
 * A walk begins at the function that asks for it and ends where the chain
 * leaves its stack, that is, at the latest where a signal came in.
 */
#include <linux/align.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <asm/stacktrace.h>
#include <asm/thread_info.h>

void dump_trace(struct task_struct *task, const struct stacktrace_ops *ops,
		void *data)
{
	unsigned long at = get_frame_pointer(task, task->thread.segv_regs);
	unsigned long end = ALIGN(at + 1, THREAD_SIZE);
	const struct stack_frame *frame;
	unsigned long caller, next;

	/* 0: a task that has not run yet */
	while (at && IS_ALIGNED(at, sizeof(long)) &&
	       at + sizeof(*frame) <= end) {
		frame = (const struct stack_frame *)at;
		caller = READ_ONCE_NOCHECK(frame->return_address);
		if (!__kernel_text_address(caller))
			break;
		ops->address(data, caller, 1);
		next = (unsigned long)READ_ONCE_NOCHECK(frame->next_frame);
		if (next <= at)
			break;
		at = next;
	}
}

static void store(void *data, unsigned long address, int reliable)
{
	struct stack_trace *trace = data;

	if (trace->nr_entries < trace->max_entries)
		trace->entries[trace->nr_entries++] = address;
}

static const struct stacktrace_ops store_ops = {
	.address = store,
};

void save_stack_trace_tsk(struct task_struct *task, struct stack_trace *trace)
{
	dump_trace(task, &store_ops, trace);
}
EXPORT_SYMBOL_GPL(save_stack_trace_tsk);

void save_stack_trace(struct stack_trace *trace)
{
	save_stack_trace_tsk(current, trace);
}
EXPORT_SYMBOL_GPL(save_stack_trace);
