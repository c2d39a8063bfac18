/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_SOCK_H
#define OVPN_SOCK_H

#include <stdint.h>
#include <sys/socket.h>

/* The number under which a holder keeps its socket, for other processes. */
#define OVPN_SOCK_FD 100

/**
 * ovpn_sock_enter() - obey a leading "-n NETNS" of the command line
 * @argc: number of arguments; lowered by what is used up
 * @argv: arguments; moved on likewise
 *
 * Does not return if the namespace cannot be entered.
 */
void ovpn_sock_enter(int *argc, char ***argv);

/**
 * ovpn_sock_address() - parse "ADDR:PORT", "[ADDR6]:PORT" or "ADDR6%IF.."
 * @text: what to parse
 * @addr: receives the address
 * @len: receives its size
 * Return: 0 or -EINVAL (said on stderr)
 */
int ovpn_sock_address(const char *text, struct sockaddr_storage *addr,
		      socklen_t *len);

/**
 * ovpn_sock_text() - "10.0.0.1:1194" or "[fd00::1]:1194"
 * Return: @buf
 */
char *ovpn_sock_text(const struct sockaddr_storage *addr, char *buf,
		     size_t size);

/**
 * ovpn_sock_udp() - bound UDP socket
 * @text: address to bind, as above
 * Return: descriptor or -errno (said on stderr)
 */
int ovpn_sock_udp(const char *text);

/**
 * ovpn_sock_accept() - one TCP connection from somebody
 * @text: address to listen at
 * Return: descriptor or -errno
 */
int ovpn_sock_accept(const char *text);

/**
 * ovpn_sock_connect() - a TCP connection; tries for up to 10 s
 * @text: address to connect to
 * Return: descriptor or -errno (said on stderr)
 */
int ovpn_sock_connect(const char *text);

/**
 * ovpn_sock_hold() - keep a UDP socket open for others; never returns but on
 *		      a signal or an error
 * @text: address to bind
 *
 * Prints each datagram that reaches the socket's queue:
 * "rx ADDR:PORT len=N HEX".
 * Return: exit status
 */
int ovpn_sock_hold(const char *text);

/**
 * ovpn_sock_borrow() - the socket that a holder keeps
 * @pid: the holder; waited for up to 5 s
 * Return: a descriptor of this process or -errno
 */
int ovpn_sock_borrow(int pid);

/**
 * ovpn_sock_set() - change a socket
 * @fd: the socket
 * @name: "pmtudisc" (of both families, IP_PMTUDISC_*), "mark", "uid",
 *	  "dev", "encap" (UDP_ENCAP), "addrform" (IPV6_ADDRFORM) or "connect"
 * @value: a number, the name of an interface, or an address
 * Return: 0 or -errno
 */
int ovpn_sock_set(int fd, const char *name, const char *value);

/**
 * ovpn_sock_hex() - parse hex digits
 * @text: digits, or COUNT*XX
 * @data: receives bytes
 * @size: bytes at @data
 * Return: number of bytes or -EINVAL
 */
int ovpn_sock_hex(const char *text, uint8_t *data, size_t size);

#endif
