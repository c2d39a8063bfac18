/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IN_UNIT_H
#define IN_UNIT_H

#include <cap-ng.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The rights that a unit of systemd leaves, for a process of its own. */

static const char *const units[] = {
	"packaging/systemd/ovpnd-client@.service",
	"packaging/systemd/ovpnd-server@.service",
};

/* In a process of its own; the exit status is the line that failed. */
#define CHECK(what) do { if (!(what)) _exit(__LINE__ % 250 + 1); } while (0)

/* Keep no other rights than the unit's CapabilityBoundingSet. */
static void be_in_unit(const char *path)
{
	static const char key[] = "CapabilityBoundingSet=";
	FILE *file = fopen(path, "re");
	char line[256], *save, *word;

	CHECK(file);
	capng_clear(CAPNG_SELECT_BOTH);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		word = strtok_r(line + strlen(key), " \n", &save);
		for (; word; word = strtok_r(NULL, " \n", &save)) {
			int cap = capng_name_to_capability(word + 4);

			CHECK(!strncmp(word, "CAP_", 4) && cap >= 0);
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE |
				     CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     (unsigned int)cap);
		}
	}
	fclose(file);
	CHECK(!capng_apply(CAPNG_SELECT_BOTH));
}

#endif
