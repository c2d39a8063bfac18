/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FIRE_H
#define FIRE_H

#include <stdbool.h>

#include "ovpn_nl.h"

/* fire_race SECONDS PID|tcp KEYS: everything at once from several threads */
int fire_race(int argc, char **argv);

/**
 * fire_stream() - a TCP peer of "tun" comes, lives and goes
 * @nl: socket
 * @id: the peer's id
 * @seed: of what happens to it
 * Return: 0 or what the kernel refused with
 */
int fire_stream(struct ovpn_nl *nl, unsigned int id, unsigned int *seed);

/* fire_fault: every command with each of its allocations failing */
int fire_fault(int argc, char **argv);

/* fire_form [ROUNDS]: IPV6_ADDRFORM while a socket becomes a peer's */
int fire_form(int argc, char **argv);

/**
 * fire_call() - a request; "@NAME" is an interface
 * @nl: socket
 * @fmt: of the text, see ovpn_spec.h
 * Return: 0 or the kernel's -errno
 */
__attribute__((format(printf, 2, 3)))
int fire_call(struct ovpn_nl *nl, const char *fmt, ...);

/**
 * fire_ask() - a request with answers
 * @nl: socket
 * @request: its text; "@NAME" is an interface
 * @is_dump: ask for a dump
 * @text: receives the answers, a line each
 * @size: bytes at @text
 * Return: 0 or the kernel's -errno
 */
int fire_ask(struct ovpn_nl *nl, const char *request, bool is_dump, char *text,
	     size_t size);

double fire_now(void);

#endif
