// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Damage to netlink messages: to their bytes, and to their tree of attributes,
 * so that what is wrong is found deep inside and not only at the first length.
 */
#include <linux/genetlink.h>
#include <string.h>

#include "nl_mutate.h"

#define HEADS		(NLMSG_HDRLEN + GENL_HDRLEN)
#define ALIGNED(len)	(((len) + 3u) & ~3u)
#define TYPES		40	/* some more than there are */

static struct nlattr *attr_at(struct nl_mutate *m, size_t at)
{
	return (struct nlattr *)(void *)(m->data + at);
}

static void find_attrs(struct nl_mutate *m, size_t at, size_t end)
{
	const struct nlattr *attr;

	while (at + NLA_HDRLEN <= end && m->n < NL_MUTATE_ATTRS) {
		attr = attr_at(m, at);
		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > end)
			return;
		m->attr[m->n] = (uint16_t)at;
		m->end[m->n++] = (uint16_t)(at + attr->nla_len);
		if (attr->nla_type & NLA_F_NESTED)
			find_attrs(m, at + NLA_HDRLEN, at + attr->nla_len);
		at += ALIGNED(attr->nla_len);
	}
}

static void find_all(struct nl_mutate *m)
{
	m->n = 0;
	find_attrs(m, HEADS, m->len);
}

static size_t any_attr(struct nl_mutate *m, struct fuzz_random *r)
{
	return m->attr[fuzz_below(r, m->n)];
}

/* Nests that the byte @inside is inside of grow, and the message. */
static void grow(struct nl_mutate *m, size_t inside, int by)
{
	struct nlmsghdr *nlh = (void *)m->data;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->attr[i] < inside && inside < m->end[i] &&
		    attr_at(m, m->attr[i])->nla_type & NLA_F_NESTED)
			attr_at(m, m->attr[i])->nla_len += (uint16_t)by;
	nlh->nlmsg_len += (uint32_t)by;
}

/* Whole words at @at; what @inside is inside of gets room for them. */
static void insert(struct nl_mutate *m, size_t at, size_t inside,
		   const void *data, size_t len)
{
	uint8_t copy[NL_MUTATE_MAX];

	if (m->len + len > sizeof(m->data) || at > m->len)
		return;
	memcpy(copy, data, len);
	grow(m, inside, (int)len);
	memmove(m->data + at + len, m->data + at, m->len - at);
	memcpy(m->data + at, copy, len);
	m->len += len;
}

static void cut_out(struct nl_mutate *m, size_t at, size_t len)
{
	if (at + len > m->len)
		len = m->len - at;
	memmove(m->data + at, m->data + at + len, m->len - at - len);
	m->len -= len;
	grow(m, at, -(int)len);
}

static uint32_t odd_number(struct fuzz_random *r)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 127, 128, 129, 255, 256,
		1023, 1024, 0x7fff, 0x8000, 0xffff, 0x10000, 0xfffffe,
		0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	if (fuzz_below(r, 2))
		return odd[fuzz_below(r, sizeof(odd) / sizeof(odd[0]))];
	return (uint32_t)fuzz_below(r, 1ULL << 32);
}

/* Another payload in the same place, or of another length. */
static void change_payload(struct nl_mutate *m, size_t at,
			   struct fuzz_random *r)
{
	struct nlattr *attr = attr_at(m, at);
	size_t len = attr->nla_len - NLA_HDRLEN, i;
	uint8_t fill[64];
	uint32_t number = odd_number(r);

	if (fuzz_below(r, 2) && len >= sizeof(number)) {
		memcpy(attr + 1, &number, sizeof(number));
		return;
	}
	if (fuzz_below(r, 2)) {
		for (i = 0; i < len; i++)
			if (!fuzz_below(r, 4))
				((uint8_t *)(attr + 1))[i] ^=
					(uint8_t)fuzz_below(r, 256);
		return;
	}
	for (i = 0; i < sizeof(fill); i++)
		fill[i] = (uint8_t)fuzz_below(r, 256);
	len = 4 * (1 + fuzz_below(r, sizeof(fill) / 4));
	insert(m, at + NLA_HDRLEN, at + 1, fill, len);
	if (!(attr->nla_type & NLA_F_NESTED))
		attr->nla_len += (uint16_t)(len - fuzz_below(r, 4));
}

static void change_length(struct nl_mutate *m, size_t at,
			  struct fuzz_random *r)
{
	struct nlattr *attr = attr_at(m, at);

	switch (fuzz_below(r, 4)) {
	case 0:
		attr->nla_len = (uint16_t)odd_number(r);
		break;
	case 1:
		attr->nla_len += (uint16_t)(1 + fuzz_below(r, 8));
		break;
	case 2:
		attr->nla_len -= (uint16_t)(1 + fuzz_below(r, 8));
		break;
	default:
		attr->nla_len = (uint16_t)(m->len - at + fuzz_below(r, 5) - 2);
		break;
	}
}

static void change_type(struct nl_mutate *m, size_t at, struct fuzz_random *r)
{
	struct nlattr *attr = attr_at(m, at);

	switch (fuzz_below(r, 3)) {
	case 0:
		attr->nla_type ^= NLA_F_NESTED;
		break;
	case 1:
		attr->nla_type ^= NLA_F_NET_BYTEORDER;
		break;
	default:
		attr->nla_type &= (uint16_t)~NLA_TYPE_MASK;
		attr->nla_type |= (uint16_t)
			fuzz_below(r, fuzz_below(r, 16) ? TYPES :
				   NLA_TYPE_MASK + 1);
		break;
	}
}

/* An attribute, from here or elsewhere, where there was none: behind another,
 * or as the first in it.
 */
static void copy_attr(struct nl_mutate *m, struct nl_mutate *from,
		      struct fuzz_random *r)
{
	size_t times = fuzz_below(r, 16) ? 1 : 1 + fuzz_below(r, 60);
	size_t at = any_attr(m, r), what = any_attr(from, r), len, inside = at;
	uint8_t copy[NL_MUTATE_MAX] = { 0 };

	len = ALIGNED(attr_at(from, what)->nla_len);
	if (what + len > from->len)
		return;
	memcpy(copy, from->data + what, len);
	if (fuzz_below(r, 4)) {
		at += ALIGNED(attr_at(m, at)->nla_len);
	} else {
		at += NLA_HDRLEN;
		inside++;
	}
	while (times--)
		insert(m, at, inside, copy, len);
}

/* An attribute gets into a nest of its own. */
static void wrap_attr(struct nl_mutate *m, size_t at, struct fuzz_random *r)
{
	struct nlattr nest = {
		.nla_type = (uint16_t)(fuzz_below(r, TYPES) | NLA_F_NESTED),
		.nla_len = (uint16_t)(NLA_HDRLEN +
				      ALIGNED(attr_at(m, at)->nla_len)),
	};

	if (!fuzz_below(r, 4))
		nest.nla_type = attr_at(m, at)->nla_type | NLA_F_NESTED;
	insert(m, at, at, &nest, sizeof(nest));
}

static void change_head(struct nl_mutate *m, struct fuzz_random *r)
{
	struct nlmsghdr *nlh = (void *)m->data;
	struct genlmsghdr *genl = (void *)(m->data + NLMSG_HDRLEN);

	switch (fuzz_below(r, 6)) {
	case 0:
		genl->version = (uint8_t)fuzz_below(r, 256);
		break;
	case 1:
		genl->reserved = (uint16_t)odd_number(r);
		break;
	case 2:
		nlh->nlmsg_flags ^= (uint16_t)(fuzz_below(r, 65536) &
			~(unsigned int)(NLM_F_REQUEST | NLM_F_ACK));
		break;
	case 3:
		nlh->nlmsg_len = odd_number(r);
		break;
	case 4:
		nlh->nlmsg_flags ^= NLM_F_DUMP;
		break;
	default:
		genl->cmd = (uint8_t)(fuzz_below(r, 4) ? fuzz_below(r, 16) :
				      fuzz_below(r, 256));
		break;
	}
}

static void change_bytes(struct nl_mutate *m, struct fuzz_random *r)
{
	size_t n = 1 + fuzz_below(r, 4);

	if (m->len <= NLMSG_HDRLEN)
		return;
	while (n--)
		m->data[NLMSG_HDRLEN + fuzz_below(r, m->len - NLMSG_HDRLEN)] ^=
			(uint8_t)(1 << fuzz_below(r, 8));
}

static void truncate_all(struct nl_mutate *m, struct fuzz_random *r)
{
	struct nlmsghdr *nlh = (void *)m->data;

	m->len = NLMSG_HDRLEN + fuzz_below(r, m->len - NLMSG_HDRLEN + 1);
	nlh->nlmsg_len = (uint32_t)m->len;
}

static void change_attr(struct nl_mutate *m, struct nl_mutate *other,
			struct fuzz_random *r)
{
	size_t at = any_attr(m, r);

	switch (fuzz_below(r, 8)) {
	case 0:
		change_length(m, at, r);
		break;
	case 1:
		change_type(m, at, r);
		break;
	case 2:
		copy_attr(m, m, r);
		break;
	case 3:
		if (other->n)
			copy_attr(m, other, r);
		break;
	case 4:
		wrap_attr(m, at, r);
		break;
	case 5:
		cut_out(m, at, ALIGNED(attr_at(m, at)->nla_len));
		break;
	default:
		change_payload(m, at, r);
		break;
	}
}

void nl_mutate(struct nl_mutate *m, const struct nl_mutate *other,
	       struct fuzz_random *r)
{
	size_t n = 1 + fuzz_below(r, 3);
	struct nl_mutate from = *other;

	find_all(&from);
	while (n--) {
		find_all(m);
		switch (fuzz_below(r, 16)) {
		case 0:
			change_head(m, r);
			break;
		case 1:
			change_bytes(m, r);
			break;
		case 2:
			truncate_all(m, r);
			break;
		default:
			if (m->n)
				change_attr(m, &from, r);
			break;
		}
	}
}
