// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmod/trie.c, compiled here, against a list of prefixes that is searched one
 * by one. KTAP on standard output.
 *
 * First all prefixes of 3 bits: each set of them, built and taken down in
 * several orders, looked at with each address. Then random ones: many changes
 * on few prefixes, so that they nest, each followed by some searches. Freed
 * nodes and leaks are found when it is compiled with a sanitizer.
 *
 * usage: trie_test [CHANGES [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../kmod/trie.c"

#define TINY_BITS	3
#define TINY_PREFIXES	((1 << (TINY_BITS + 1)) - 1)
#define TINY_SETS	(1u << TINY_PREFIXES)
#define MANY		400

struct entry {
	struct dco_trie_key key;
	unsigned int len;
	struct dco_trie_node *node;
};

static struct dco_trie_node *root;
static spinlock_t lock;
static struct entry entries[MANY];
static unsigned long wrong;

static void add(struct entry *entry)
{
	struct dco_trie_spare spare = { NULL };

	if (dco_trie_spare_fill(&spare, DCO_TRIE_NODES_PER_PREFIX))
		abort();
	entry->node = dco_trie_insert(&root, &entry->key, entry->len, entry,
				      &spare, &lock);
	dco_trie_spare_free(&spare);
	wrong += dco_trie_get(&root, &entry->key, entry->len, &lock) !=
		 entry->node;
}

static void drop(struct entry *entry)
{
	dco_trie_remove(&root, entry->node, &lock);
	entry->node = NULL;
	wrong += dco_trie_get(&root, &entry->key, entry->len, &lock) != NULL;
}

static bool covers(const struct entry *entry, const struct dco_trie_key *key)
{
	unsigned int i;

	for (i = 0; i < entry->len; i++) {
		const u64 *a = i < 64 ? &entry->key.hi : &entry->key.lo;
		const u64 *b = i < 64 ? &key->hi : &key->lo;

		if ((*a ^ *b) >> (63 - i % 64) & 1)
			return false;
	}
	return true;
}

static void search(const struct dco_trie_key *key, unsigned int count)
{
	struct entry *best = NULL;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (entries[i].node && covers(&entries[i], key) &&
		    (!best || entries[i].len > best->len))
			best = &entries[i];
	wrong += dco_trie_find(&root, key) != best;
}

static unsigned long count_nodes(const struct dco_trie_node *node)
{
	if (!node)
		return 0;
	/* a node that only joins has two to join */
	if (!node->value && (!node->child[0] || !node->child[1]))
		wrong++;
	return 1 + count_nodes(node->child[0]) + count_nodes(node->child[1]);
}

static bool report(const char *name, unsigned int number)
{
	printf("%s %u %s\n", wrong ? "not ok" : "ok", number, name);
	if (wrong)
		printf("# %lu answers are wrong\n", wrong);
	return !wrong;
}

static void tiny_prefixes(void)
{
	unsigned int len, bits, n = 0;

	for (len = 0; len <= TINY_BITS; len++) {
		for (bits = 0; bits < 1u << len; bits++, n++) {
			entries[n].len = len;
			entries[n].key.hi = len ? (u64)bits << (64 - len) : 0;
			entries[n].key.lo = 0;
		}
	}
}

static void tiny_search(unsigned int size)
{
	struct dco_trie_key key = { 0 };
	unsigned int bits;

	for (bits = 0; bits < 1u << TINY_BITS; bits++) {
		key.hi = (u64)bits << (64 - TINY_BITS);
		search(&key, TINY_PREFIXES);
	}
	if (count_nodes(root) > (size ? 2 * size - 1 : 0))
		wrong++;
}

/* @step is odd and no divisor of TINY_PREFIXES, so it comes to all of them */
static void tiny_set(unsigned int set, unsigned int step)
{
	unsigned int i, n, size = 0;

	for (i = 0, n = 0; i < TINY_PREFIXES; i++) {
		n = (n + step) % TINY_PREFIXES;
		if (set >> n & 1) {
			add(&entries[n]);
			size++;
		}
	}
	tiny_search(size);
	for (i = 0; i < TINY_PREFIXES; i++) {
		n = (n + step * 2) % TINY_PREFIXES;
		if (!(set >> n & 1))
			continue;
		drop(&entries[n]);
		tiny_search(--size);
	}
	wrong += root != NULL;
}

static u64 roll(void)
{
	return (u64)random() << 42 ^ (u64)random() << 21 ^ (u64)random();
}

/* Bits from few, so that prefixes are often prefixes of each other */
static void many_key(struct dco_trie_key *key)
{
	key->hi = roll() & roll() & roll();
	key->lo = roll() & roll() & roll();
}

static void many_fill(unsigned int i)
{
	struct entry *entry = &entries[i];
	unsigned int k;

	do {
		entry->len = (unsigned int)random() % (DCO_TRIE_BITS + 1);
		if (i && random() % 2)
			entry->key = entries[(unsigned int)random() % i].key;
		else
			many_key(&entry->key);
		dco_trie_cut(&entry->key, entry->len);
		for (k = 0; k < i; k++)
			if (dco_trie_is_same(&(struct dco_trie_node){
					     .key = entries[k].key,
					     .len = (u8)entries[k].len },
					     &entry->key, entry->len))
				break;
	} while (k < i);
	wrong += !dco_trie_key_fits(&entry->key, entry->len);
}

static void many(unsigned long changes)
{
	struct dco_trie_key key;
	struct entry *entry;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		entries[i].node = NULL;
		many_fill(i);
	}
	while (changes--) {
		entry = &entries[(unsigned int)random() % MANY];
		if (entry->node)
			drop(entry);
		else
			add(entry);
		many_key(&key);
		search(&key, MANY);
		/* one that differs from a prefix in one bit, or not at all */
		key = entries[(unsigned int)random() % MANY].key;
		search(&key, MANY);
		key.hi ^= 1ULL << random() % 64;
		search(&key, MANY);
	}
	count_nodes(root);
	for (i = 0; i < MANY; i++)
		if (entries[i].node)
			drop(&entries[i]);
	wrong += root != NULL;
}

int main(int argc, char **argv)
{
	unsigned long changes = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	unsigned int set, is_bad;

	srandom(argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 1);
	printf("1..2\n");
	tiny_prefixes();
	for (set = 0; set < TINY_SETS; set++)
		tiny_set(set, set % 2 ? 7 : 11);
	is_bad = !report("each set of prefixes of up to 3 bits", 1);
	many(changes);
	is_bad |= !report("random changes and searches", 2);
	return (int)is_bad;
}
