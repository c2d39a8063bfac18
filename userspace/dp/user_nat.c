// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client-nat: addresses of one network are those of another for the other end.
 * Each address has one counterpart, so nothing has to be remembered.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "dp/user.h"

#define IP4_HEAD	20
#define IP4_FRAGMENT	6
#define IP4_PROTO	9
#define IP4_SUM		10
#define IP4_SRC		12
#define IP4_DST		16
#define TCP_SUM		16
#define UDP_SUM		6

static uint16_t nat_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* A checksum over words of which one was @old and is @new (RFC 1624). */
static void nat_fix_sum(uint8_t *sum, const uint8_t *old, const uint8_t *new)
{
	uint32_t acc = (uint16_t)~nat_get16(sum);
	uint16_t word;

	for (int i = 0; i < 4; i += 2)
		acc += (uint16_t)~nat_get16(old + i) + nat_get16(new + i);
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	word = (uint16_t)~acc;
	sum[0] = (uint8_t)(word >> 8);
	sum[1] = (uint8_t)word;
}

/* The checksum of TCP or UDP, which covers the addresses, too; NULL: none. */
static uint8_t *nat_l4_sum(uint8_t *pkt, size_t len)
{
	size_t head = (pkt[0] & 0xfu) * 4;
	size_t at;

	/* only the first fragment has one */
	if (nat_get16(pkt + IP4_FRAGMENT) & 0x1fff)
		return NULL;
	if (pkt[IP4_PROTO] == IPPROTO_TCP)
		at = head + TCP_SUM;
	else if (pkt[IP4_PROTO] == IPPROTO_UDP)
		at = head + UDP_SUM;
	else
		return NULL;
	if (head < IP4_HEAD || at + 2 > len)
		return NULL;
	/* UDP's way to say that there is none */
	if (pkt[IP4_PROTO] == IPPROTO_UDP && !nat_get16(pkt + at))
		return NULL;
	return pkt + at;
}

static void nat_replace(uint8_t *pkt, size_t len, uint8_t *addr, uint32_t value)
{
	uint8_t *sum = nat_l4_sum(pkt, len);
	uint8_t old[4], new[4];

	memcpy(old, addr, sizeof(old));
	memcpy(new, &value, sizeof(new));
	memcpy(addr, new, sizeof(new));
	nat_fix_sum(pkt + IP4_SUM, old, new);
	if (!sum)
		return;
	nat_fix_sum(sum, old, new);
	if (pkt[IP4_PROTO] == IPPROTO_UDP && !nat_get16(sum))
		sum[0] = sum[1] = 0xff;
}

/*
 * snat is about what is here: the source of what is sent, the destination of
 * what comes. dnat is about what is there: the other way round.
 */
static void nat_rule(const struct dp_nat *rule, bool is_sent, uint8_t *pkt,
		     size_t len)
{
	uint8_t *addr = pkt + (rule->is_dst == is_sent ? IP4_DST : IP4_SRC);
	uint32_t from = is_sent ? rule->network : rule->alias;
	uint32_t to = is_sent ? rule->alias : rule->network;
	uint32_t now;

	memcpy(&now, addr, sizeof(now));
	if ((now & rule->mask) == (from & rule->mask))
		nat_replace(pkt, len, addr,
			    (to & rule->mask) | (now & ~rule->mask));
}

void user_nat(const struct user_peer *peer, bool is_sent, uint8_t *pkt,
	      size_t len)
{
	if (len < IP4_HEAD || pkt[0] >> 4 != 4)
		return;
	for (size_t i = 0; i < peer->cfg.n_nat; i++)
		nat_rule(&peer->cfg.nat[i], is_sent, pkt, len);
}

int user_nat_copy(struct user_peer *peer)
{
	size_t size = peer->cfg.n_nat * sizeof(*peer->cfg.nat);
	struct dp_nat *nat;

	if (!size)
		return 0;
	nat = malloc(size);
	if (!nat)
		return -ENOMEM;
	memcpy(nat, peer->cfg.nat, size);
	peer->nat = nat;
	peer->cfg.nat = nat;
	return 0;
}
