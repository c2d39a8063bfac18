// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for segments and payloads: slices of blocks of pages, as the kernel's
 * page fragments, but that a block whose slices have all been freed is used
 * again. The kernel would free it, and allocate another one.
 *
 * A block belongs to the CPU that cuts it, as long as that holds a reference,
 * and to its slices, one each. So it may be used again when the CPU's is the
 * last one. Blocks that are in use by others wait in the order in which they
 * have been cut, which is about that in which they come back. There are as many
 * as were in use at one time, but no more than DCO_SLICE_KEPT, and they stay
 * until the module goes: a megabyte for each CPU at most, whatever comes. The
 * kernel's own caches of fragments and packets have no shrinker either. To give
 * them back from another CPU would take a lock for each slice.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/local_lock.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "compat/compat.h"
#include "slice.h"

#define DCO_SLICE_ORDER		get_order(32768)
#define DCO_SLICE_BLOCK		(PAGE_SIZE << DCO_SLICE_ORDER)
/* more than a block has slices */
#define DCO_SLICE_REFS		(DCO_SLICE_BLOCK / SMP_CACHE_BYTES + 1)
/* blocks of a CPU that wait, a megabyte; a power of two */
#define DCO_SLICE_KEPT		32U

/**
 * struct dco_slices - the blocks of a CPU
 * @lock: protects the rest
 * @page: what slices are cut from, or NULL
 * @rest: bytes of it that have not been cut yet, those in front
 * @refs: references to it that no slice has
 * @first: index of the one in @kept that has waited longest
 * @n: how many wait
 * @kept: blocks with one reference of ours
 * @out_at: when there was no memory for another one, in jiffies, if @is_out
 * @is_out: has there been none?
 */
struct dco_slices {
	local_lock_t lock;
	struct page *page;
	unsigned int rest;
	unsigned int refs;
	unsigned int first;
	unsigned int n;
	struct page *kept[DCO_SLICE_KEPT];
	unsigned long out_at;
	bool is_out;
};

static DEFINE_PER_CPU(struct dco_slices, dco_slices) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

/* Have all others given back what they had of it? Then nobody reads or writes
 * it any more: each of them has done so before it gave up its reference.
 */
static bool dco_slice_is_free(const struct page *page)
{
	return page_ref_count(page) == 1 && page_to_nid(page) == numa_mem_id();
}

/* It would take long to look in vain for each packet, so once there was none,
 * none is looked for before the next tick.
 */
static struct page *dco_slice_new(struct dco_slices *slices)
{
	struct page *page;

	if (unlikely(slices->is_out && slices->out_at == jiffies))
		return NULL;
	page = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN |
			   __GFP_NORETRY | __GFP_NOMEMALLOC, DCO_SLICE_ORDER);
	slices->is_out = !page;
	slices->out_at = jiffies;
	return page;
}

static struct page *dco_slice_take_kept(struct dco_slices *slices)
{
	struct page *page = slices->kept[slices->first];

	slices->first = (slices->first + 1) % DCO_SLICE_KEPT;
	slices->n--;
	return page;
}

/* Gives back all references to the block but one */
static struct page *dco_slice_retire(struct dco_slices *slices)
{
	struct page *page = slices->page;

	if (slices->refs > 1)
		page_ref_sub(page, slices->refs - 1);
	slices->page = NULL;
	return page;
}

/* Lets a block wait, if there is one, and takes the one that has waited longest
 * if that is free. Returns NULL if it is not; that of too many is left to its
 * slices then.
 */
static struct page *dco_slice_exchange(struct dco_slices *slices,
				       struct page *old)
{
	struct page *page = NULL;
	unsigned int last;

	if (slices->n && dco_slice_is_free(slices->kept[slices->first]))
		page = dco_slice_take_kept(slices);
	if (!old)
		return page;
	if (slices->n == DCO_SLICE_KEPT)
		put_page(dco_slice_take_kept(slices));
	last = (slices->first + slices->n++) % DCO_SLICE_KEPT;
	slices->kept[last] = old;
	return page;
}

/* Finds another block to cut. */
static bool dco_slice_refill(struct dco_slices *slices)
{
	struct page *old = NULL, *page = NULL;

	if (slices->page)
		old = dco_slice_retire(slices);
	if (old && dco_slice_is_free(old))
		page = old;
	else
		page = dco_slice_exchange(slices, old);
	if (!page)
		page = dco_slice_new(slices);
	if (unlikely(!page))
		return false;
	page_ref_add(page, DCO_SLICE_REFS - 1);
	slices->page = page;
	slices->refs = DCO_SLICE_REFS;
	slices->rest = DCO_SLICE_BLOCK;
	return true;
}

static void *dco_slice_cut(struct dco_slices *slices, unsigned int size,
			   unsigned int align)
{
	if (unlikely(!slices->page || slices->rest < size) &&
	    !dco_slice_refill(slices))
		return NULL;
	slices->rest = round_down(slices->rest - size, align);
	slices->refs--;
	return page_address(slices->page) + slices->rest;
}

/**
 * dco_slice_alloc() - memory for a segment
 * @size: bytes, a multiple of SMP_CACHE_BYTES, at most a page
 * @align: a power of two, at least SMP_CACHE_BYTES
 *
 * Context: BH disabled.
 * Return: the memory, for napi_build_skb() or skb_free_frag(), or NULL.
 */
void *dco_slice_alloc(unsigned int size, unsigned int align)
{
	struct dco_slices *slices;
	void *data;

	dco_compat_local_lock_bh(&dco_slices.lock);
	slices = this_cpu_ptr(&dco_slices);
	data = dco_slice_cut(slices, size, align);
	dco_compat_local_unlock_bh(&dco_slices.lock);
	/* where there are no blocks any more, there may be pages */
	return likely(data) ? data : napi_alloc_frag_align(size, align);
}

/**
 * dco_slice_take() - memory for payloads that follow one another
 * @size: how many bytes are wanted, more than none; receives how many it is,
 *	perhaps fewer, but not fewer than DCO_SLICE_LEAST if that was wanted
 *
 * Context: BH disabled.
 * Return: the memory, with one reference to its page, or NULL.
 */
void *dco_slice_take(unsigned int *size)
{
	unsigned int wanted = ALIGN(*size, SMP_CACHE_BYTES), n;
	struct dco_slices *slices;
	void *data;

	dco_compat_local_lock_bh(&dco_slices.lock);
	slices = this_cpu_ptr(&dco_slices);
	n = slices->page ? min(slices->rest, wanted) : 0;
	if (n < wanted && n < DCO_SLICE_LEAST)
		n = min_t(unsigned int, DCO_SLICE_BLOCK, wanted);
	data = dco_slice_cut(slices, n, SMP_CACHE_BYTES);
	dco_compat_local_unlock_bh(&dco_slices.lock);
	*size = n;
	return data;
}

/**
 * dco_slice_module_exit() - give back the blocks of all CPUs
 *
 * Nobody allocates any more.
 */
void dco_slice_module_exit(void)
{
	struct dco_slices *slices;
	int cpu;

	for_each_possible_cpu(cpu) {
		slices = per_cpu_ptr(&dco_slices, cpu);
		if (slices->page)
			put_page(dco_slice_retire(slices));
		while (slices->n)
			put_page(dco_slice_take_kept(slices));
	}
}
