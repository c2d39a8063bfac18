/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IN_DIR_H
#define IN_DIR_H

#include <limits.h>
#include <stdio.h>

/* Write the file NAME of folder DIR. */
static inline void write_in(const char *dir, const char *name,
			    const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#endif /* IN_DIR_H */
