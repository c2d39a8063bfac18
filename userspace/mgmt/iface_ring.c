// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/iface.h"

int mgmt_ring_init(struct mgmt_ring *ring, unsigned int cap)
{
	ring->lines = calloc(cap, sizeof(*ring->lines));
	ring->cap = ring->lines ? cap : 0;
	ring->n = 0;
	ring->at = 0;
	return ring->lines ? 0 : -ENOMEM;
}

void mgmt_ring_fini(struct mgmt_ring *ring)
{
	for (unsigned int i = 0; i < ring->cap; i++)
		free(ring->lines[i]);
	free(ring->lines);
	memset(ring, 0, sizeof(*ring));
}

void mgmt_ring_add(struct mgmt_ring *ring, const char *line)
{
	char *copy = strdup(line);

	if (!copy)
		return;
	free(ring->lines[ring->at]);
	ring->lines[ring->at] = copy;
	ring->at = (ring->at + 1) % ring->cap;
	if (ring->n < ring->cap)
		ring->n++;
}

const char *mgmt_ring_get(const struct mgmt_ring *ring, unsigned int back)
{
	if (back >= ring->n)
		return NULL;
	return ring->lines[(ring->at + ring->cap - 1 - back) % ring->cap];
}
