// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "config/table.h"

static const struct config_table *const tables[CONFIG_N_GROUPS] = {
	[CONFIG_GROUP_GENERAL] = &config_table_general,
	[CONFIG_GROUP_TRANSPORT] = &config_table_transport,
	[CONFIG_GROUP_DEVICE] = &config_table_device,
	[CONFIG_GROUP_SERVER] = &config_table_server,
	[CONFIG_GROUP_SINGLE] = &config_table_single,
	[CONFIG_GROUP_LOGIN] = &config_table_login,
	[CONFIG_GROUP_SCRIPT] = &config_table_script,
	[CONFIG_GROUP_MANAGEMENT] = &config_table_management,
	[CONFIG_GROUP_CLIENT] = &config_table_client,
	[CONFIG_GROUP_PROXY] = &config_table_proxy,
	[CONFIG_GROUP_DNS] = &config_table_dns,
	[CONFIG_GROUP_TLS] = &config_table_tls,
	[CONFIG_GROUP_DATA] = &config_table_data,
	[CONFIG_GROUP_PEER] = &config_table_peer,
	[CONFIG_GROUP_TIMER] = &config_table_timer,
	[CONFIG_GROUP_PUSHED] = &config_table_pushed,
	[CONFIG_GROUP_IGNORED] = &config_table_ignored,
	[CONFIG_GROUP_REFUSED] = &config_table_refused,
};

const struct config_table *config_table_get(enum config_group group)
{
	return tables[group];
}

size_t config_row_count(void)
{
	size_t n = 0, g;

	for (g = 0; g < CONFIG_N_GROUPS; g++)
		n += tables[g]->n;
	return n;
}

const struct config_row *config_row_at(size_t index)
{
	size_t g;

	for (g = 0; g < CONFIG_N_GROUPS; g++) {
		if (index < tables[g]->n)
			return &tables[g]->rows[index];
		index -= tables[g]->n;
	}
	return NULL;
}

size_t config_row_index(const struct config_row *row)
{
	size_t base = 0, g;

	for (g = 0; g < CONFIG_N_GROUPS; g++) {
		const struct config_table *table = tables[g];

		if (row >= table->rows && row < table->rows + table->n)
			break;
		base += table->n;
	}
	return base + (size_t)(row - tables[g]->rows);
}

const struct config_row *config_row_find(const char *name)
{
	size_t g, i;

	for (g = 0; g < CONFIG_N_GROUPS; g++) {
		const struct config_row *row = tables[g]->rows;

		/* Most differ in the first letter. */
		for (i = 0; i < tables[g]->n; i++, row++) {
			if (row->name[0] == name[0] && !strcmp(row->name, name))
				return row;
		}
	}
	return NULL;
}

#define SUGGEST_LEN 40

static size_t suggest_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance; both shorter than SUGGEST_LEN. */
static size_t suggest_distance(const char *a, const char *b)
{
	size_t row[SUGGEST_LEN + 1], n = strlen(b), i, j;

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (j = 0; j < n; j++) {
			size_t change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = suggest_min(change,
				suggest_min(row[j], row[j + 1]) + 1);
		}
	}
	return row[n];
}

const char *config_row_suggest(const char *name)
{
	size_t len = strlen(name), best = len / 3 + 1, i;
	const char *found = NULL;

	if (len < 2 || len >= SUGGEST_LEN)
		return NULL;
	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);
		size_t distance;

		if (strlen(row->name) >= SUGGEST_LEN)
			continue;
		distance = suggest_distance(name, row->name);
		if (distance < best) {
			best = distance;
			found = row->name;
		}
	}
	return found;
}
