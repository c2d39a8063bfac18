/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the kernel uml-fast: what drivers of x86 ciphers ask about the processor,
 * answered from the flags that User-Mode Linux has read from /proc/cpuinfo.
 */
#ifndef LAB_UML_CPU_DEVICE_ID_H
#define LAB_UML_CPU_DEVICE_ID_H

#include <linux/cpufeature.h>
#include <linux/mod_devicetable.h>
#include <asm/simd.h>

#define X86_MATCH_FEATURE(bit, data) \
	{ .feature = (bit), .driver_data = (unsigned long)(data) }

/* the first line of a table that ends with an empty one, or NULL */
static inline const struct x86_cpu_id *
x86_match_cpu(const struct x86_cpu_id *table)
{
	for (; table->feature; table++)
		if (boot_cpu_has(table->feature))
			return table;
	return NULL;
}

#endif
