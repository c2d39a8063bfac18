/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MGMT_PRIVATE_H
#define MGMT_PRIVATE_H

#include <jansson.h>
#include <stdio.h>

#include "mgmt/mgmt.h"

/**
 * mgmt_json_answer() - answer one request line
 * @netns: number of our network namespace, because device names repeat
 *
 * Return: NULL when out of memory.
 */
json_t *mgmt_json_answer(struct tunnel_host *host, uint64_t netns,
			 const char *line, size_t len);

/** mgmt_json_is() - is the line this request? */
bool mgmt_json_is(const char *cmd, const char *line, size_t len);
json_t *mgmt_json_error(const char *text);

/** mgmt_status_print() - version 1, 2 or 3 of section 10.6 */
void mgmt_status_print(struct tunnel_host *host, int version, FILE *out);

#endif
