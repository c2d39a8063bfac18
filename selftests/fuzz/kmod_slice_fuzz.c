// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's memory for segments. The input says what is allocated and what
 * is freed. No slice lies in another one that is in use, or leaves its block;
 * a block is given back when nobody has it, and used again before another one
 * is allocated, if it has come back in its turn.
 */
#include "fuzz.h"
#include "kmod/kmod.h"
#include "kmod/skb.h"

#define DCO_COMPAT_H
#define dco_compat_local_lock_bh(lock)		((void)(lock))
#define dco_compat_local_unlock_bh(lock)	((void)(lock))
#define INIT_LOCAL_LOCK(lock)			0
#define DEFINE_PER_CPU(type, name)		type name
#define this_cpu_ptr(ptr)			(ptr)
#define per_cpu_ptr(ptr, cpu)			((void)(cpu), (ptr))
#define for_each_possible_cpu(cpu)		for (cpu = 0; cpu < 1; cpu++)
#define round_down(n, to)			((n) / (to) * (to))
#define get_order(size)				3
#define GFP_ATOMIC	0
#define __GFP_COMP	0
#define __GFP_NOWARN	0
#define __GFP_NORETRY	0
#define __GFP_NOMEMALLOC	0
#define BLOCK		(PAGE_SIZE << 3)
#define BLOCKS		64
#define SLICES		256

typedef int local_lock_t;

struct page {
	u8 *memory;
	int refs;
	int node;
};

static struct page pages[BLOCKS];
/* how many exist, and may, and were asked for; where the CPU is, and when */
static unsigned int n_pages, max_pages, n_asked;
static int node;
static unsigned long jiffies;

#define page_ref_count(page)		((page)->refs)
#define page_ref_add(page, n)		((void)((page)->refs += (int)(n)))
#define page_ref_sub(page, n)		((void)((page)->refs -= (int)(n)))
#define page_to_nid(page)		((page)->node)
#define numa_mem_id()			node
#define page_address(page)		((void *)(page)->memory)

static struct page *alloc_pages(unsigned int gfp, unsigned int order)
{
	struct page *page = pages;

	FUZZ_CHECK(!gfp && order == 3);
	n_asked++;
	if (n_pages >= max_pages)
		return NULL;
	while (page->memory)
		page++;
	page->memory = aligned_alloc(BLOCK, BLOCK);
	FUZZ_CHECK(page->memory);
	page->refs = 1;
	page->node = node;
	n_pages++;
	return page;
}

static void put_page(struct page *page)
{
	FUZZ_CHECK(page->refs > 0);
	if (--page->refs)
		return;
	free(page->memory);
	page->memory = NULL;
	n_pages--;
}

#include "../../kmod/slice.c"

struct slice {
	u8 *data;
	unsigned int size;
	struct page *page;	/* NULL: the kernel's */
};

static struct slice slices[SLICES];

static struct page *page_of(const u8 *data)
{
	struct page *page;

	for (page = pages; page < pages + BLOCKS; page++)
		if (page->memory && data >= page->memory &&
		    data < page->memory + BLOCK)
			return page;
	return NULL;
}

static void give_back(struct slice *slice)
{
	if (slice->page)
		put_page(slice->page);
	else
		free(slice->data);
	slice->data = NULL;
}

/* It is nobody else's. */
static void check_slice(const struct slice *slice)
{
	unsigned int size = slice->size;
	const struct slice *other;

	FUZZ_CHECK(slice->page->refs > 1);
	FUZZ_CHECK(slice->data + size <= slice->page->memory + BLOCK);
	for (other = slices; other < slices + SLICES; other++)
		FUZZ_CHECK(!other->data || other == slice ||
			   slice->data + size <= other->data ||
			   other->data + other->size <= slice->data);
	/* the sanitizer sees memory that is nobody's */
	memset(slice->data, 0x5a, size);
}

/* With blocks to be had, memory comes from them. */
static void take(struct slice *slice, unsigned int size, unsigned int align)
{
	slice->data = dco_slice_alloc(size, align);
	FUZZ_CHECK(slice->data && !((uintptr_t)slice->data % align));
	slice->size = size;
	slice->page = page_of(slice->data);
	FUZZ_CHECK(slice->page || n_pages >= max_pages);
	if (slice->page)
		check_slice(slice);
}

/* as much as there is in a row of what is wanted */
static void take_row(struct slice *slice, unsigned int wanted)
{
	unsigned int size = wanted;

	slice->data = dco_slice_take(&size);
	if (!slice->data) {
		FUZZ_CHECK(n_pages >= max_pages);
		return;
	}
	FUZZ_CHECK(!((uintptr_t)slice->data % SMP_CACHE_BYTES));
	FUZZ_CHECK(size >= DCO_SLICE_LEAST || size >= wanted);
	FUZZ_CHECK(size < wanted + SMP_CACHE_BYTES);
	slice->size = size;
	slice->page = page_of(slice->data);
	FUZZ_CHECK(slice->page);
	check_slice(slice);
}

static void step(const uint8_t *in)
{
	struct slice *slice = &slices[in[0]];
	unsigned int size = SMP_CACHE_BYTES * (1 + in[1] % 64);

	jiffies++;
	if (slice->data)
		give_back(slice);
	else if (in[1] > 0xc0)
		take_row(slice, 1 + in[1] % 64 * 611);
	else if (in[1] & 0x40)
		take(slice, PAGE_SIZE / 2, PAGE_SIZE / 2);
	else
		take(slice, size, SMP_CACHE_BYTES);
	if (in[1] == 0xff)
		node ^= 1;
}

/* Who cuts and gives back, up to @n slices in between, has enough with the
 * blocks that are in use at one time, one that is being cut and one that waits.
 */
static void check_again(unsigned int n)
{
	unsigned int i, most;

	max_pages = BLOCKS;
	jiffies++;
	for (i = 0; i < 16 * n; i++) {
		if (slices[i % n].data)
			give_back(&slices[i % n]);
		take(&slices[i % n], PAGE_SIZE / 2, PAGE_SIZE / 2);
	}
	most = n / (BLOCK / (PAGE_SIZE / 2)) + 3;
	FUZZ_CHECK(n_pages <= most);
}

static void free_all(void)
{
	unsigned int i;

	for (i = 0; i < SLICES; i++)
		if (slices[i].data)
			give_back(&slices[i]);
}

/* What waits is used when it has come back, also after there was none; and that
 * is not asked for again at once.
 */
static void check_scarce(void)
{
	struct slice *slice = slices;
	struct page *page;

	max_pages = 0;
	for (page = pages; page < pages + BLOCKS; page++)
		if (page->memory && page->node != node)
			return;
	if (!n_pages || n_pages > SLICES / (BLOCK / (PAGE_SIZE / 2)) - 1)
		return;
	do
		take(slice, PAGE_SIZE / 2, PAGE_SIZE / 2);
	while (slice++->page);
	n_asked = 0;
	take(slice, PAGE_SIZE / 2, PAGE_SIZE / 2);
	FUZZ_CHECK(!n_asked);
	free_all();
	take(slices, PAGE_SIZE / 2, PAGE_SIZE / 2);
	FUZZ_CHECK(slices->page);
	free_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	if (!size)
		return 0;
	node = 0;
	max_pages = data[0] % BLOCKS;
	for (i = 1; i + 1 < size; i += 2)
		step(data + i);
	free_all();
	/* but for one that is being cut and those that wait nobody has any */
	FUZZ_CHECK(n_pages <= DCO_SLICE_KEPT + 1);
	check_scarce();
	dco_slice_module_exit();
	FUZZ_CHECK(!n_pages);

	check_again(1 + data[0]);
	free_all();
	dco_slice_module_exit();
	FUZZ_CHECK(!n_pages);
	return 0;
}
