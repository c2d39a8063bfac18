/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This folder: as much of the kernel's interfaces as pure files of kmod/ need
 * to be compiled in userspace. One thread, so RCU and locks are nothing.
 */
#ifndef KERNEL_LINUX_TYPES_H
#define KERNEL_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

#endif
