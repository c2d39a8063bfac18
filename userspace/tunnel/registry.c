// SPDX-License-Identifier: GPL-2.0-or-later
/* Where packets and events find their tunnel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

int tunnel_registry_init(struct tunnel_registry *reg, uint32_t max_tunnels,
			 uint32_t seed)
{
	uint32_t n = 16;

	while (n < max_tunnels && n < 1u << 20)
		n <<= 1;
	reg->by_addr = calloc(n, sizeof(*reg->by_addr));
	reg->by_id = calloc(max_tunnels, sizeof(*reg->by_id));
	reg->n_buckets = n;
	reg->max_tunnels = max_tunnels;
	reg->seed = seed;
	if (reg->by_addr && reg->by_id)
		return 0;
	tunnel_registry_fini(reg);
	return -ENOMEM;
}

void tunnel_registry_fini(struct tunnel_registry *reg)
{
	free(reg->by_addr);
	free(reg->by_id);
	reg->by_addr = NULL;
	reg->by_id = NULL;
}

/**
 * tunnel_registry_resize() - room for another number of tunnels
 * @reg: the registry
 * @max_tunnels: at most so many; those that are there keep their ids
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_registry_resize(struct tunnel_registry *reg, uint32_t max_tunnels)
{
	struct tunnel **by_id;
	uint32_t size = max_tunnels;

	for (uint32_t i = size; i < reg->max_tunnels; i++)
		if (reg->by_id[i])
			size = i + 1;
	by_id = calloc(size, sizeof(*by_id));
	if (!by_id)
		return -ENOMEM;
	memcpy(by_id, reg->by_id, sizeof(*by_id) *
	       (size < reg->max_tunnels ? size : reg->max_tunnels));
	free(reg->by_id);
	reg->by_id = by_id;
	reg->max_tunnels = size;
	if (reg->next_id > size)
		reg->next_id = size;
	return 0;
}

/**
 * tunnel_registry_id() - a free peer id
 * @reg: the registry
 * @id: the lowest free one
 *
 * Return: 0, or -ENOSPC when max-clients tunnels exist.
 */
int tunnel_registry_id(struct tunnel_registry *reg, uint32_t *id)
{
	/* next_id never lies above the lowest free id */
	for (uint32_t i = reg->next_id; i < reg->max_tunnels; i++) {
		if (!reg->by_id[i]) {
			reg->next_id = i;
			*id = i;
			return 0;
		}
	}
	reg->next_id = reg->max_tunnels;
	return -ENOSPC;
}

static struct tunnel **bucket(const struct tunnel_registry *reg,
			      const union net_addr *remote)
{
	uint32_t hash = net_addr_hash(remote, reg->seed);

	return &reg->by_addr[hash & (reg->n_buckets - 1)];
}

static void addr_insert(struct tunnel_registry *reg, struct tunnel *tunnel)
{
	struct tunnel **head = bucket(reg, &tunnel->remote);

	tunnel->addr_next = *head;
	*head = tunnel;
}

static void addr_remove(struct tunnel_registry *reg, struct tunnel *tunnel)
{
	struct tunnel **at = bucket(reg, &tunnel->remote);

	while (*at && *at != tunnel)
		at = &(*at)->addr_next;
	if (*at)
		*at = tunnel->addr_next;
	tunnel->addr_next = NULL;
}

void tunnel_registry_insert(struct tunnel_registry *reg,
			    struct tunnel *tunnel)
{
	reg->by_id[tunnel->peer_id] = tunnel;
	addr_insert(reg, tunnel);
	reg->n_tunnels++;
}

void tunnel_registry_remove(struct tunnel_registry *reg,
			    struct tunnel *tunnel)
{
	if (reg->by_id[tunnel->peer_id] != tunnel)
		return;
	reg->by_id[tunnel->peer_id] = NULL;
	if (tunnel->peer_id < reg->next_id)
		reg->next_id = tunnel->peer_id;
	addr_remove(reg, tunnel);
	reg->n_tunnels--;
}

/* A peer floated: its packets come from @remote, and to @sock, from now on. */
void tunnel_registry_move(struct tunnel_registry *reg, struct tunnel *tunnel,
			  const union net_addr *remote, unsigned int sock)
{
	addr_remove(reg, tunnel);
	tunnel->remote = *remote;
	tunnel->sock = sock;
	addr_insert(reg, tunnel);
}

static struct tunnel *from_on(struct tunnel *tunnel,
			      const union net_addr *remote)
{
	while (tunnel && (tunnel->link ||
			  !net_addr_is_equal(&tunnel->remote, remote)))
		tunnel = tunnel->addr_next;
	return tunnel;
}

/*
 * The tunnel whose datagrams come from @remote to @sock. A router gives two
 * clients behind it the same address, as long as they talk to different ports.
 */
struct tunnel *tunnel_registry_addr(const struct tunnel_registry *reg,
				    const union net_addr *remote,
				    unsigned int sock)
{
	struct tunnel *tunnel = from_on(*bucket(reg, remote), remote);

	while (tunnel && tunnel->sock != sock)
		tunnel = from_on(tunnel->addr_next, remote);
	return tunnel;
}

struct tunnel *tunnel_registry_peer(const struct tunnel_registry *reg,
				    uint32_t peer_id)
{
	return peer_id < reg->max_tunnels ? reg->by_id[peer_id] : NULL;
}
