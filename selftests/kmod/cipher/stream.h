/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVT_STREAM_H
#define OVT_STREAM_H

#include <linux/types.h>

#ifdef OVT_UNREADABLE
/**
 * ovt_stream_begin() - look at the segments of all namespaces
 *
 * Return: 0 or a negative errno.
 */
int ovt_stream_begin(void);

/**
 * ovt_stream_end() - look at no more segments
 */
void ovt_stream_end(void);
#else
static inline int ovt_stream_begin(void)
{
	return 0;
}

static inline void ovt_stream_end(void)
{
}
#endif

#endif /* OVT_STREAM_H */
