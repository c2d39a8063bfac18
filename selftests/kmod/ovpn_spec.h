/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_SPEC_H
#define OVPN_SPEC_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* in ovpn_family.c and ovpnx_family.c */
struct spec_family;
extern const struct spec_family spec_ovpn, spec_ovpnx;

/* The one that a thread speaks: at first that of the file which a program is
 * linked with, or of the first one of both.
 */
extern _Thread_local const struct spec_family *spec_family;

/*
 * Messages of the generic netlink families "ovpn" and "ovpnx" as text, both
 * ways; which of them is a matter of what a program is linked with:
 *
 *	PEER_NEW ifindex=3 peer{id=5 socket=7 remote-ipv4=10.0.0.2
 *		remote-port=1194}
 *
 * The numbers stand here once more instead of coming from the uapi header:
 * a wrong number in that header must not hide in its own test.
 *
 * What makes a message malformed can be written, too:
 *	name!=V, name!{	the NLA_F_NESTED flag is the opposite of what is right
 *	name=hex:00ff	a payload of any length
 *	#30=00ff	an attribute by number (hex payload)
 *	raw=00ff	bytes without an attribute header
 *	version=2	the family version in the header
 *	reserved=1	the reserved field in the header
 *	nlflags=0x1000	more netlink header flags
 * Binary values are hex, or LEN*XX for LEN times the byte XX.
 */

/**
 * typedef spec_resolve_fn - turn a symbolic number ("@name") into its value
 * @data: what was given to spec_encode()
 * @name: the text after "@"
 * @value: receives the number
 * Return: 0 or -errno
 */
typedef int spec_resolve_fn(void *data, const char *name, uint32_t *value);

/**
 * struct spec_sink - makes a message of what a text says
 * @start: begins it; @command is its number
 * @header: its header, to be changed
 * @put: adds an attribute; @type has its flags
 * @put_raw: adds bytes that are no attribute
 * @nest_start: begins a nest; returns what @nest_end takes, NULL without room
 * @nest_end: ends it
 *
 * All but @header and @nest_end may fail: 0 or -errno.
 */
struct spec_sink {
	int (*start)(void *msg, uint8_t command);
	struct nlmsghdr *(*header)(void *msg);
	int (*put)(void *msg, uint16_t type, const void *data, size_t len);
	int (*put_raw)(void *msg, const void *data, size_t len);
	void *(*nest_start)(void *msg, uint16_t type);
	void (*nest_end)(void *msg, void *nest);
};

/**
 * spec_encode_to() - make a request from its text
 * @sink: how
 * @msg: for @sink
 * @text: as above
 * @resolve: for symbolic numbers; may be NULL
 * @data: handed to @resolve
 * Return: 0, -EINVAL (text is wrong; said on stderr), or what @sink returned
 */
int spec_encode_to(const struct spec_sink *sink, void *msg, const char *text,
		   spec_resolve_fn *resolve, void *data);

/**
 * spec_encode() - complete a request from its text
 * @nlh: message of which mnl_nlmsg_put_header() was called; type, flags, seq
 *	 are the caller's
 * @size: bytes available at @nlh
 * @text: as above
 * @resolve: for symbolic numbers; may be NULL
 * @data: handed to @resolve
 * Return: 0, or -EINVAL (text is wrong; said on stderr), -ENOSPC
 */
int spec_encode(struct nlmsghdr *nlh, size_t size, const char *text,
		spec_resolve_fn *resolve, void *data);

/**
 * spec_decode() - message to text; attribute order is kept
 * @nlh: a message of the family
 * @buf: receives the text; cut if too long
 * @size: bytes at @buf
 *
 * An integer whose attribute has another size than its type shows it:
 * "key-id/2=3". An attribute of unknown number shows as "#30=hex".
 */
void spec_decode(const struct nlmsghdr *nlh, char *buf, size_t size);

/**
 * spec_attr_name() - name of the attribute at an offset of a request
 * @nlh: the request
 * @offset: bytes from @nlh, as the kernel reports them
 * Return: name, or "?"
 */
const char *spec_attr_name(const struct nlmsghdr *nlh, uint32_t offset);

#endif
