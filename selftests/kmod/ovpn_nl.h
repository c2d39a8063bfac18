/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_NL_H
#define OVPN_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "ovpn_spec.h"

#define OVPN_NL_TEXT 2048
/* for a message of as many attributes as there can be */
#define OVPN_NL_LONG_TEXT 16384

/* bytes to ask for at a time, 0 for as many as there is room; the kernel makes
 * messages as large as what a socket has once asked for
 */
extern size_t ovpn_nl_piece;

/**
 * struct ovpn_nl_error - what the kernel said about a refused request
 * @text: extended message, or ""
 * @attr: name of the offending attribute, or ""
 * @miss_type: number of the missing attribute, 0 if not said
 */
struct ovpn_nl_error {
	char text[256];
	char attr[64];
	uint32_t miss_type;
};

/**
 * struct ovpn_nl - one socket
 * @sock: owned
 * @family: number of the genl family, 0 if there is none
 * @spec: what is known about the family
 * @group: number of its multicast group
 * @seq: of the last request
 * @error: of the last request
 */
struct ovpn_nl {
	struct mnl_socket *sock;
	uint16_t family;
	const struct spec_family *spec;
	uint32_t group;
	uint32_t seq;
	struct ovpn_nl_error error;
};

/**
 * typedef ovpn_nl_reply_fn - called for each message that answers a request
 * @nlh: the message
 * @data: caller's
 */
typedef void ovpn_nl_reply_fn(const struct nlmsghdr *nlh, void *data);

/**
 * ovpn_nl_open() - connect; finds the family
 * @nl: to be filled
 * Return: 0, -ENOENT when the family does not exist, or -errno
 */
int ovpn_nl_open(struct ovpn_nl *nl);

/**
 * ovpn_nl_open_as() - connect; finds this family
 * @nl: to be filled
 * @spec: the family
 * Return: as of ovpn_nl_open()
 */
int ovpn_nl_open_as(struct ovpn_nl *nl, const struct spec_family *spec);

/**
 * ovpn_nl_open_rtnl() - connect for links only
 * @nl: to be filled
 * Return: 0 or -errno
 */
int ovpn_nl_open_rtnl(struct ovpn_nl *nl);

void ovpn_nl_close(struct ovpn_nl *nl);

/**
 * ovpn_nl_request() - send a request given as text and wait for its end
 * @nl: socket
 * @text: see ovpn_spec.h; "@name" is resolved by @resolve
 * @is_dump: ask for a dump
 * @reply: called for each answer, may be NULL
 * @resolve: may be NULL
 * @data: for both
 * Return: 0 or the kernel's -errno; @nl->error tells more. -EBADMSG if an
 *	   answer's header is not that of an answer to this request.
 */
int ovpn_nl_request(struct ovpn_nl *nl, const char *text, bool is_dump,
		    ovpn_nl_reply_fn *reply, spec_resolve_fn *resolve,
		    void *data);

/**
 * ovpn_nl_link_add() - create a device of kind "ovpn"
 * @nl: socket of ovpn_nl_open_rtnl()
 * @name: interface name
 * @mode: payload of IFLA_OVPN_MODE, NULL to leave out IFLA_INFO_DATA
 * @len: bytes at @mode
 * @is_new: false: change an existing link instead
 * Return: 0 or the kernel's -errno
 */
int ovpn_nl_link_add(struct ovpn_nl *nl, const char *name, const void *mode,
		     size_t len, bool is_new);

/**
 * ovpn_nl_link_mtu() - set the MTU
 * Return: 0 or the kernel's -errno
 */
int ovpn_nl_link_mtu(struct ovpn_nl *nl, const char *name, uint32_t mtu);

int ovpn_nl_link_del(struct ovpn_nl *nl, const char *name);

/**
 * ovpn_nl_join() - join the family's multicast group
 * @nl: socket of ovpn_nl_open()
 * @group: group number, @nl->group
 * Return: 0 or -errno
 */
int ovpn_nl_join(struct ovpn_nl *nl, uint32_t group);

/**
 * ovpn_nl_error_name() - "EINVAL" for -EINVAL, "0" for 0
 */
const char *ovpn_nl_error_name(int err);

#endif
