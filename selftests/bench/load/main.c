// SPDX-License-Identifier: GPL-2.0-or-later
/* Options, and which scenario; selftests/bench/control runs this program. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

#define FILE_MAX	65536
#define FILES_WANTED	12000

static const char usage_text[] =
	"usage: load OPTION... COMMAND\n"
	"  --server ADDRESS:PORT  --pid PID[,PID...]  --from PREFIX\n"
	"  --ca FILE --cert FILE --key FILE --tls-crypt FILE\n"
	"  --server-cert FILE --server-key FILE   for \"alone\"\n"
	"  --spoofed PREFIX --flood RATE --alone SECONDS   for \"storm\"\n"
	"  --tls-timeout SECONDS (2)\n"
	"commands:\n"
	"  handshakes COUNT WIDTH   processor time for each\n"
	"  memory COUNT WIDTH       bytes for each client\n"
	"  storm RATE SECONDS       share connected within 2 s\n"
	"  ping COUNT               round-trip times, one ping each ms\n"
	"  alone COUNT              processor time of OpenSSL alone\n"
	"Each prints lines \"WHAT VALUE UNIT\" with tabs between.\n";

static __attribute__((noreturn)) void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static size_t slurp(const char *path, char *out, size_t cap)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	size_t len;

	if (!file)
		load_die("%s cannot be read", path ? path : "a missing file");
	len = fread(out, 1, cap - 1, file);
	fclose(file);
	out[len] = '\0';
	return len;
}

static void server_parse(struct load *load, const char *arg)
{
	char host[64];
	unsigned int port;

	if (sscanf(arg, "%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
	    net_addr_parse(host, (uint16_t)port, &load->server))
		load_die("--server %s: write ADDRESS:PORT", arg);
}

static void pids_parse(struct load *load, char *arg)
{
	char *save = NULL, *pid;

	for (pid = strtok_r(arg, ",", &save); pid;
	     pid = strtok_r(NULL, ",", &save)) {
		if (load->n_pids == LOAD_PIDS_MAX)
			load_die("more than %d processes", LOAD_PIDS_MAX);
		load->pids[load->n_pids++] = atoi(pid);
	}
}

static void prefix_parse(const char *arg, struct net_prefix *out)
{
	if (net_prefix_parse(arg, out) || out->ip.family != AF_INET)
		load_die("%s: write an IPv4 prefix", arg);
}

static unsigned int flood_rate, flood_alone = 4;
static const char *key_path;

static void option_take(struct load *load, int option, char *arg)
{
	switch (option) {
	case 's': server_parse(load, arg); break;
	case 'p': pids_parse(load, arg); break;
	case 'f': prefix_parse(arg, &load->from); break;
	case 'o': prefix_parse(arg, &load->spoofed); break;
	case 'a': load->ca = arg; break;
	case 'c': load->cert = arg; break;
	case 'k': load->cert_key = arg; break;
	case 'C': load->peer_cert = arg; break;
	case 'K': load->peer_key = arg; break;
	case 't': key_path = arg; break;
	case 'r': flood_rate = (unsigned int)atoi(arg); break;
	case 'A': flood_alone = (unsigned int)atoi(arg); break;
	case 'w': load->tls_timeout = (uint32_t)atoi(arg); break;
	default: usage();
	}
}

static void options_take(struct load *load, int argc, char **argv)
{
	static const struct option options[] = {
		{ "server", required_argument, NULL, 's' },
		{ "pid", required_argument, NULL, 'p' },
		{ "from", required_argument, NULL, 'f' },
		{ "spoofed", required_argument, NULL, 'o' },
		{ "ca", required_argument, NULL, 'a' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "server-cert", required_argument, NULL, 'C' },
		{ "server-key", required_argument, NULL, 'K' },
		{ "tls-crypt", required_argument, NULL, 't' },
		{ "flood", required_argument, NULL, 'r' },
		{ "alone", required_argument, NULL, 'A' },
		{ "tls-timeout", required_argument, NULL, 'w' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		option_take(load, option, optarg);
}

static void key_load(struct load *load)
{
	char text[FILE_MAX];
	unsigned int line;
	size_t len = slurp(key_path, text, sizeof(text));

	if (wrap_static_key_parse(text, len, load->key, &line))
		load_die("%s:%u: not a static key", key_path, line);
	if (wrap_key_new(WRAP_MODE_TLS_CRYPT, load->key,
			 WRAP_DIRECTION_INVERSE, NULL, &load->wrap))
		load_die("out of memory");
}

static void tls_load(struct load *load)
{
	static char ca[FILE_MAX], cert[FILE_MAX], key[FILE_MAX];
	struct tls_config tls = { .version_min = "1.3" };
	char err[512];

	tls.ca = (struct tls_blob){ load->ca, ca,
				    slurp(load->ca, ca, sizeof(ca)) };
	tls.cert = (struct tls_blob){ load->cert, cert,
				      slurp(load->cert, cert, sizeof(cert)) };
	tls.key = (struct tls_blob){ load->cert_key, key,
				     slurp(load->cert_key, key, sizeof(key)) };
	if (tls_ctx_new(&tls, &load->tls, err, sizeof(err)))
		load_die("%s", err);
}

static void load_begin(struct load *load)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		load_die("no limit of open files");
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < FILES_WANTED)
		load_say("%llu files can be open, %d may be needed",
			 (unsigned long long)files.rlim_cur, FILES_WANTED);
	key_load(load);
	tls_load(load);
	load->loop = loop_new();
	/* a second one would take the server's processor */
	load->pool = load->loop ? loop_pool_new(load->loop, 1, 8192) : NULL;
	if (!load->pool)
		load_die("out of memory");
	load->env = (struct control_env){
		.loop = load->loop, .pool = load->pool, .tls = load->tls,
		.wrap = load->wrap, .ops = &load_client_ops, .hand_window = 60,
		.tls_timeout = load->tls_timeout, .max_packet_size = 1250,
		.realtime = loop_realtime, .random = keygen_random,
	};
}

static void load_end(struct load *load)
{
	loop_pool_free(load->pool);
	loop_free(load->loop);
	tls_ctx_free(load->tls);
	wrap_key_free(load->wrap);
}

/* Before the first client: the most that the server has had in any second. */
static double flood_growth(const struct load *load, double before)
{
	double most = before, now;

	for (unsigned int i = 0; i < flood_alone; i++) {
		sleep(1);
		now = load_rss(load);
		most = now > most ? now : most;
	}
	return most - before;
}

static int storm(struct load *load, unsigned int rate, unsigned int seconds)
{
	struct load_flood *flood = NULL;
	uint64_t begun = load_now_ns(), n;
	double rss = load_rss(load);
	int ret;

	if (flood_rate) {
		flood = load_flood_start(load, flood_rate);
		load_result("alone", flood_growth(load, rss), "bytes");
	}
	ret = load_storm(load, rate, seconds);
	if (!flood)
		return ret;
	n = load_flood_stop(flood);
	load_result("spoofed", (double)n * 1e9 /
		    (double)(load_now_ns() - begun), "packets/s");
	return ret;
}

static unsigned int number(char **argv, int argc, int i)
{
	int value = i < argc ? atoi(argv[i]) : 0;

	if (value < 1)
		usage();
	return (unsigned int)value;
}

static int command_run(struct load *load, int argc, char **argv)
{
	const char *name = argv[0];

	if (!strcmp(name, "handshakes"))
		return load_handshakes(load, number(argv, argc, 1),
				       number(argv, argc, 2));
	if (!strcmp(name, "memory"))
		return load_memory(load, number(argv, argc, 1),
				   number(argv, argc, 2));
	if (!strcmp(name, "storm"))
		return storm(load, number(argv, argc, 1),
			     number(argv, argc, 2));
	if (!strcmp(name, "ping"))
		return load_ping(load, number(argv, argc, 1));
	usage();
}

int main(int argc, char **argv)
{
	struct load load = { .tls_timeout = 2 };
	int ret;

	options_take(&load, argc, argv);
	if (optind == argc)
		usage();
	if (!strcmp(argv[optind], "alone"))
		return load_alone(&load, number(argv, argc, optind + 1));
	load_begin(&load);
	ret = command_run(&load, argc - optind, argv + optind);
	load_end(&load);
	return ret;
}
