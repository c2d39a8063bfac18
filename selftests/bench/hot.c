// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plugin for QEMU's TCG: counts the instructions of each translated block, and
 * prints "ADDRESS INSTRUCTIONS" for each at the end, most first. QEMU's
 * packages have no header for plugins, so what is used of the interface
 * (version 1) is declared here.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct qemu_plugin_tb;

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
		void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
		int op, void *ptr, uint64_t imm);
extern void qemu_plugin_register_atexit_cb(uint64_t id,
		void (*cb)(uint64_t id, void *data), void *data);

#define EXPORT		__attribute__((visibility("default")))
#define INLINE_ADD	0
#define SLOTS		(1 << 20)

struct block {
	uint64_t address;
	uint64_t n;
};

EXPORT int qemu_plugin_version = 1;

/* open addressing; blocks at one address share a counter */
static struct block blocks[SLOTS];
static const char *path;

static struct block *find(uint64_t address)
{
	size_t i = (address * 0x9e3779b97f4a7c15ULL) >> 44, n;

	for (n = 0; n < SLOTS; n++, i = (i + 1) % SLOTS) {
		if (!blocks[i].address)
			blocks[i].address = address;
		if (blocks[i].address == address)
			return &blocks[i];
	}
	return NULL;
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = find(qemu_plugin_tb_vaddr(tb));

	(void)id;
	if (block)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD,
				&block->n, qemu_plugin_tb_n_insns(tb));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct block *)a)->n;
	uint64_t y = ((const struct block *)b)->n;

	return x < y ? 1 : -(x > y);
}

static void on_exit_(uint64_t id, void *data)
{
	FILE *out = fopen(path, "w");
	size_t i;

	(void)id;
	(void)data;
	if (!out) {
		perror(path);
		return;
	}
	qsort(blocks, SLOTS, sizeof(*blocks), compare);
	for (i = 0; i < SLOTS && blocks[i].n; i++)
		fprintf(out, "%016" PRIx64 " %" PRIu64 "\n", blocks[i].address,
			blocks[i].n);
	fclose(out);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv)
{
	size_t i;

	(void)info;
	for (i = 0; i < (size_t)argc; i++)
		if (argv[i][0] == 'o' && argv[i][1] == 'u' &&
		    argv[i][2] == 't' && argv[i][3] == '=')
			path = argv[i] + 4;
	if (!path) {
		fputs("hot: needs out=FILE\n", stderr);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_, NULL);
	return 0;
}
