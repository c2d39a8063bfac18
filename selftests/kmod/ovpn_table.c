// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of requests and of what has to come of them. */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ovpn_table.h"

struct table_row {
	const char *name;
	const char *err;
	const char *pattern;
	const char *request;
	bool is_dump;
};

/* What came back: @resolve's data first, so that it can be handed on. */
struct table_answer {
	spec_resolve_fn *resolve;
	void *data;
	char text[16384];
	size_t len;
};

static int table_resolve(void *data, const char *name, uint32_t *value)
{
	struct table_answer *answer = data;

	return answer->resolve(answer->data, name, value);
}

static void table_collect(const struct nlmsghdr *nlh, void *data)
{
	struct table_answer *answer = data;
	size_t room = sizeof(answer->text) - answer->len;
	char text[OVPN_NL_LONG_TEXT];
	int n;

	spec_decode(nlh, text, sizeof(text));
	n = snprintf(answer->text + answer->len, room, "%s%s",
		     answer->len ? "; " : "", text);
	if (n > 0 && (size_t)n < room)
		answer->len += (size_t)n;
}

static char *table_field(char **rest)
{
	char *field = *rest, *end;

	if (!field)
		return NULL;
	field += strspn(field, " \t");
	end = strstr(field, " | ");
	*rest = end ? end + 3 : NULL;
	if (!end)
		end = field + strcspn(field, "\n");
	while (end > field && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return field;
}

static bool table_parse(char *line, struct table_row *row)
{
	row->name = table_field(&line);
	row->err = table_field(&line);
	row->pattern = table_field(&line);
	row->request = table_field(&line);
	if (!row->request)
		return false;
	row->is_dump = !strncmp(row->request, "dump ", 5);
	if (row->is_dump)
		row->request += 5;
	return true;
}

static bool table_matches(const struct table_row *row, int err,
			  const char *text)
{
	const char *pattern = row->pattern;

	if (strcmp(row->err, ovpn_nl_error_name(err)))
		return false;
	if (!strcmp(pattern, "\"\""))
		return !text[0];
	if (err && !text[0])
		return pattern[0] == '?';
	if (pattern[0] == '?')
		pattern++;
	return !strcmp(pattern, "-") || !fnmatch(pattern, text, 0);
}

static void table_error_text(const struct ovpn_nl_error *error, char *text,
			     size_t size)
{
	int n;

	n = snprintf(text, size, "%s", error->text);
	if (error->attr[0] && n >= 0 && (size_t)n < size)
		n += snprintf(text + n, size - (size_t)n, " [%s]",
			      error->attr);
	if (error->miss_type && n >= 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, " #%u", error->miss_type);
}

static bool table_run_row(struct ovpn_nl *nl, const struct table_row *row,
			  struct table_answer *answer, unsigned int number)
{
	bool is_ok;
	int err;

	answer->len = 0;
	answer->text[0] = '\0';
	err = ovpn_nl_request(nl, row->request, row->is_dump, table_collect,
			      table_resolve, answer);
	if (err)
		table_error_text(&nl->error, answer->text,
				 sizeof(answer->text));
	is_ok = table_matches(row, err, answer->text);
	if (!is_ok)
		printf("# request %s\n# got     %s %s\n# wanted  %s %s\n",
		       row->request, ovpn_nl_error_name(err), answer->text,
		       row->err, row->pattern);
	printf("%s %u %s\n", is_ok ? "ok" : "not ok", number, row->name);
	return is_ok;
}

int ovpn_table_run(struct ovpn_nl *nl, spec_resolve_fn *resolve, void *data)
{
	struct table_answer answer = { .resolve = resolve, .data = data };
	unsigned int number = 0, failed = 0;
	struct table_row row;
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		if (line[strspn(line, " \t\n")] == '\0' || line[0] == '#')
			continue;
		if (!table_parse(line, &row)) {
			printf("# not a row: %s\n", line);
			failed++;
			continue;
		}
		if (!table_run_row(nl, &row, &answer, ++number))
			failed++;
	}
	printf("1..%u\n", number);
	return failed || !number ? -EPROTO : 0;
}
