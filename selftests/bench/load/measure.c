// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "load.h"

static uint64_t ns_of(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t load_now_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

/** load_cpu() - seconds of processor time that the server has taken so far */
double load_cpu(const struct load *load)
{
	uint64_t sum = 0;
	clockid_t clock;

	for (size_t i = 0; i < load->n_pids; i++) {
		if (clock_getcpuclockid(load->pids[i], &clock))
			load_die("process %d is gone", (int)load->pids[i]);
		sum += ns_of(clock);
	}
	return (double)sum / 1e9;
}

static double rss_of(pid_t pid)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		load_die("%s cannot be read", path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Rss: %lu", &kib) == 1)
			break;
	fclose(file);
	return (double)kib * 1024;
}

/** load_rss() - bytes of memory that the server has now */
double load_rss(const struct load *load)
{
	double sum = 0;

	for (size_t i = 0; i < load->n_pids; i++)
		sum += rss_of(load->pids[i]);
	return sum;
}

/** load_result() - one line "WHAT VALUE UNIT" for the script that asked */
void load_result(const char *what, double value, const char *unit)
{
	printf("%s\t%.9g\t%s\n", what, value, unit);
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** load_quantile() - sorts @values; @n is not 0 */
double load_quantile(double *values, size_t n, double q)
{
	size_t i = (size_t)(q * (double)(n - 1) + 0.5);

	qsort(values, n, sizeof(*values), by_value);
	return values[i < n ? i : n - 1];
}

void load_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void load_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}
