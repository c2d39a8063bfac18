// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/parse.h"
#include "log/log.h"
#include "proto/proto.h"

#define COMMAND_LINE "command line"

struct config *config_new(void)
{
	struct mem_arena *arena = mem_arena_new("config");
	char list[PROTO_CIPHER_LIST_MAX];
	struct config_share *share;
	struct config *cfg;
	const char *bad;

	if (!arena)
		return NULL;
	cfg = mem_arena_alloc(arena, sizeof(*cfg));
	share = malloc(sizeof(*share));
	if (!cfg || !share ||
	    proto_cipher_list_normalise("DEFAULT", list, &bad))
		goto free_all;
	*share = (struct config_share){ .refs = 1, .arena = arena };
	*cfg = (struct config){
		.arena = arena,
		.share = share,
		.lport = 1194,
		.rport = 1194,
		.is_bind = true,
		.connect_retry = 1,
		.connect_retry_max_wait = 300,
		.connect_timeout = 120,
		.tcp_queue_limit = 64,
		.http_version = "1.0",
		.tun_mtu = 1500,
		.topology = CONFIG_TOPOLOGY_NET30,
		.max_clients = 1024,
		.max_routes_per_client = 256,
		.connect_freq_initial_n = 100,
		.connect_freq_initial_sec = 10,
		.pool_interval = 600,
		.script_security = 1,
		.script_timeout = 60,
		.tmp_dir = "/tmp",
		.key_direction = -1,
		.auth = "SHA1",
		.data_ciphers = mem_arena_strdup(arena, list),
		.reneg_sec = 3600,
		.hand_window = 60,
		.tran_window = 3600,
		.tls_timeout = 2,
		.max_packet_size = 1250,
		.verb = 1,
		.status_interval = 60,
		.status_version = 1,
		.management_log_cache = 250,
	};
	if (cfg->data_ciphers)
		return cfg;
free_all:
	mem_arena_free(arena);
	free(share);
	return NULL;
}

struct config *config_copy(const struct config *cfg, const char *name)
{
	struct mem_arena *arena = mem_arena_new(name);
	struct config *copy;

	if (!arena)
		return NULL;
	copy = mem_arena_memdup(arena, cfg, sizeof(*cfg));
	if (!copy) {
		mem_arena_free(arena);
		return NULL;
	}
	copy->arena = arena;
	copy->warnings = NULL;
	copy->notes = NULL;
	copy->share->refs++;
	return copy;
}

void config_free(struct config *cfg)
{
	struct config_share *share;

	if (!cfg)
		return;
	share = cfg->share;
	if (cfg->arena != share->arena)
		mem_arena_free(cfg->arena);
	if (--share->refs)
		return;
	mem_arena_free(share->arena);
	free(share);
}

void config_log_warnings(const struct config *cfg)
{
	const struct config_text *node;

	for (node = cfg->warnings; node; node = node->next)
		log_warn("%s", node->text);
}

int config_finish(struct config_parse *ps)
{
	int ret;

	/* Messages about the whole name the file that was read first. */
	ps->option = NULL;
	ps->at.line = 0;
	ret = config_expand_paths(ps);
	if (!ret)
		ret = config_expand_role(ps);
	if (!ret)
		ret = config_expand_transport(ps);
	if (!ret)
		ret = config_expand_server(ps);
	if (!ret)
		ret = config_expand_keepalive(ps);
	if (!ret && ps->has_files)
		ret = config_blobs_load(ps);
	return ret ? ret : config_check(ps);
}

int config_parse_begin(struct config_parse *ps, char *err, size_t err_len)
{
	memset(ps, 0, sizeof(*ps));
	ps->err = err;
	ps->err_len = err_len;
	snprintf(err, err_len, "out of memory");
	ps->cfg = config_new();
	if (!ps->cfg)
		return -ENOMEM;
	ps->places = mem_arena_alloc(ps->cfg->arena, config_row_count() *
				     sizeof(*ps->places));
	ps->note_tail = &ps->cfg->notes;
	if (ps->places)
		return 0;
	config_free(ps->cfg);
	return -ENOMEM;
}

int config_parse(const char *name, const char *text, size_t len,
		 bool has_files, struct config **out, char *err,
		 size_t err_len)
{
	struct config_parse ps;
	const char *file;
	int ret;

	*out = NULL;
	ret = config_parse_begin(&ps, err, err_len);
	if (ret)
		return ret;
	ps.has_files = has_files;
	ps.scope = CONFIG_IN_FILE;
	file = mem_arena_strdup(ps.cfg->arena, name);
	ps.cfg->config_path = file;
	ret = file ? config_parse_text(&ps, file, text, len) :
		config_nomem(&ps);
	if (!ret)
		ret = config_finish(&ps);
	if (ret) {
		config_free(ps.cfg);
		return ret == -ENOMEM ? ret : -EINVAL;
	}
	*out = ps.cfg;
	return 0;
}

/* ---- command line -------------------------------------------------- */

static bool is_option(const char *arg)
{
	return !strncmp(arg, "--", 2) && arg[2];
}

/* One --option and what follows it. Return: arguments used, or -errno. */
static int argv_parse_one(struct config_parse *ps, int argc, char **argv)
{
	char *arg[CONFIG_PARAMS];
	int n = 1, ret;

	arg[0] = argv[0] + 2;
	while (n < argc && !is_option(argv[n])) {
		if (n == CONFIG_PARAMS)
			return config_fail(ps, "--%s has more than 16 arguments",
					   arg[0]);
		arg[n] = argv[n];
		n++;
	}
	ps->scope = CONFIG_IN_ARGV;
	ps->at = (struct config_place){ .file = COMMAND_LINE };
	ret = config_parse_option(ps, arg, n);
	return ret ? ret : n;
}

static int argv_parse(struct config_parse *ps, int argc, char **argv)
{
	int i = 1, ret;

	ps->scope = CONFIG_IN_ARGV;
	ps->at.file = COMMAND_LINE;
	if (argc == 2 && !is_option(argv[1])) {
		ps->cfg->config_path = argv[1];
		return config_parse_file(ps, argv[1]);
	}
	while (i < argc && !ps->print) {
		if (!is_option(argv[i]))
			return config_fail(ps, "\"%s\" does not belong to an option; "
					   "options begin with --", argv[i]);
		if (!strcmp(argv[i], "--config") && i + 1 < argc &&
		    !ps->cfg->config_path)
			ps->cfg->config_path = argv[i + 1];
		ret = argv_parse_one(ps, argc - i, argv + i);
		if (ret < 0)
			return ret;
		i += ret;
	}
	return 0;
}

/* ---- remote-random ------------------------------------------------ */

/* Take a random one out of the list, until the list is empty. */
static int remotes_shuffle(struct config_parse *ps)
{
	struct config_remote *left = ps->cfg->remotes, *remote;
	struct config_remote **tail = &ps->cfg->remotes;
	uint32_t n = 0, random;

	for (remote = left; remote; remote = remote->next)
		n++;
	for (; n; n--) {
		struct config_remote **pick = &left;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return config_fail(ps, "no random numbers: %s",
					   strerror(errno));
		for (random %= n; random; random--)
			pick = &(*pick)->next;
		*tail = *pick;
		*pick = (*pick)->next;
		tail = &(*tail)->next;
	}
	*tail = NULL;
	return 0;
}

/* Nothing else of a configuration is needed for making a key. */
static int genkey_finish(struct config_parse *ps)
{
	int ret = config_blobs_load(ps);

	if (!ret && ps->cfg->genkey == CONFIG_GENKEY_V2_CLIENT &&
	    !ps->cfg->tls_crypt_v2.text)
		return config_fail_at(ps, config_place_of(ps, "genkey"),
			"genkey: a client's key is made with its server's; add --tls-crypt-v2 SERVER-KEY");
	return ret;
}

enum config_verdict config_load(int argc, char **argv, struct config **out)
{
	char err[CONFIG_ERROR_MAX];
	struct config_parse ps;
	int ret;

	*out = NULL;
	if (argc < 2) {
		config_print_help();
		return CONFIG_EXIT_USAGE;
	}
	ret = config_parse_begin(&ps, err, sizeof(err));
	if (ret) {
		fprintf(stderr, "Options error: %s\n", err);
		return CONFIG_EXIT_USAGE;
	}
	ps.has_files = true;
	ps.cfg->argc = argc;
	ps.cfg->argv = argv;
	ret = argv_parse(&ps, argc, argv);
	if (!ret && ps.print) {
		ps.print();
		config_free(ps.cfg);
		return CONFIG_EXIT_OK;
	}
	if (ps.cfg->config_path)
		ps.at.file = ps.cfg->config_path;
	if (!ret && ps.cfg->genkey) {
		ret = genkey_finish(&ps);
		if (!ret) {
			*out = ps.cfg;
			return CONFIG_GENKEY;
		}
	}
	if (!ret)
		ret = config_finish(&ps);
	if (!ret && ps.cfg->has_remote_random)
		ret = remotes_shuffle(&ps);
	if (!ret)
		ret = config_ask_passphrase(&ps);
	if (!ret && !ps.cfg->is_check)
		ret = config_ask_login(&ps);
	if (!ret) {
		*out = ps.cfg;
		return ps.cfg->is_check ? CONFIG_CHECK : CONFIG_RUN;
	}
	fprintf(stderr, "Options error: %s\nUse --help for more information.\n",
		err);
	config_free(ps.cfg);
	return CONFIG_EXIT_USAGE;
}

int config_read(int argc, char **argv, struct config_bundle *bundle,
		struct config **out, char *err, size_t err_len)
{
	struct config_parse ps;
	int ret;

	*out = NULL;
	ret = config_parse_begin(&ps, err, err_len);
	if (ret)
		return ret;
	ps.has_files = true;
	ps.cfg->files = bundle;
	ret = argv_parse(&ps, argc, argv);
	if (ps.cfg->config_path)
		ps.at.file = ps.cfg->config_path;
	if (!ret)
		ret = config_finish(&ps);
	if (!ret && ps.cfg->has_remote_random)
		ret = remotes_shuffle(&ps);
	ps.cfg->files = NULL;
	if (ret) {
		config_free(ps.cfg);
		return ret == -ENOMEM ? ret : -EINVAL;
	}
	*out = ps.cfg;
	return 0;
}
