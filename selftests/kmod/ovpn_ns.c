// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: ovpn_ns [-n NAMESPACE] PROGRAM [ARGUMENT...]: run a program in a
 * network namespace that "ip netns" made. Unlike "ip netns exec" it leaves
 * mounts alone, so /sys goes on showing the namespace that it was mounted in;
 * and it is linked statically: tests start thousands of programs, and under
 * User-Mode Linux with KASAN that is where most of their time goes.
 */
#include <stdio.h>
#include <unistd.h>

#include "ovpn_sock.h"

int main(int argc, char **argv)
{
	ovpn_sock_enter(&argc, &argv);
	if (argc < 2) {
		fputs("usage: ovpn_ns [-n NAMESPACE] PROGRAM [ARGUMENT...]\n",
		      stderr);
		return 2;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
