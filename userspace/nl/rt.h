/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NL_RT_H
#define NL_RT_H

#include "nl/nl.h"
#include "nl/request.h"

struct nl_rt {
	struct nl_socket sock;
};

/* An address as an attribute of its family's size. */
void nl_attr_put_ip(struct nlmsghdr *nlh, uint16_t type,
		    const struct net_ip *ip);

/* -EBADMSG when the attribute has not the family's size. */
int nl_attr_get_ip(const struct nlattr *attr, sa_family_t family,
		   struct net_ip *out);

#endif
