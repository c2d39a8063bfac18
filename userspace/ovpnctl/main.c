// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnctl: shows what daemons and kernel know about tunnels. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "mgmt/mgmt.h"
#include "ovpnctl/ctl.h"

enum ctl_exit {
	CTL_EXIT_OK,
	CTL_EXIT_FAILED,
	CTL_EXIT_USAGE,
};

static const char ctl_help[] =
	"Usage: ovpnctl [OPTIONS] status [dev DEV]\n"
	"       ovpnctl [OPTIONS] peer show [dev DEV]\n"
	"       ovpnctl [OPTIONS] peer kill CLIENT [restart|halt [REASON]] [dev DEV]\n"
	"       ovpnctl [OPTIONS] session show [CLIENT] [dev DEV]\n"
	"       ovpnctl [OPTIONS] monitor [dev DEV]\n"
	"       ovpnctl [OPTIONS] push OPTION... [to CLIENT] [dev DEV]\n"
	"       ovpnctl [OPTIONS] explain CLIENT [dev DEV]\n"
	"       ovpnctl [OPTIONS] doctor [dev DEV]\n"
	"       ovpnctl [OPTIONS] reload [dev DEV]\n"
	"       ovpnctl [OPTIONS] restart [dev DEV]\n"
	"\n"
	"Shows devices and peers, as the daemons (ovpnd) and the kernel know them;\n"
	"has daemons reload their configuration, without dropping anybody.\n"
	"peer kill ends clients of a server: they come back at once, or not.\n"
	"monitor tells what happens, until it is interrupted.\n"
	"CLIENT is a name, an address inside or outside, or a peer's number.\n"
	"push changes options of a server's clients while they are connected.\n"
	"Words may be abbreviated; -- ends the options.\n"
	"\n"
	"  -j, --json      print JSON\n"
	"  --control PATH  the daemon's socket; default: all in " MGMT_RUN_DIR "\n"
	"  -V, --version   print the version\n"
	"  -h, --help      print this\n";

static int usage(const char *problem, const char *word)
{
	fprintf(stderr, "ovpnctl: %s%s%s\nTry ovpnctl --help.\n", problem,
		word ? ": " : "", word ? word : "");
	return CTL_EXIT_USAGE;
}

static bool is_word(const char *arg, const char *word)
{
	return *arg && !strncmp(arg, word, strlen(arg));
}

/* ---- commands -------------------------------------------------------- */

static json_t *ctl_peers_flat(json_t *devices)
{
	json_t *flat = json_array(), *device, *peer, *entry;
	size_t i, j;

	json_array_foreach(devices, i, device) {
		json_array_foreach(json_object_get(device, "peers"), j, peer) {
			entry = json_object();
			json_object_set(entry, "dev",
					json_object_get(device, "device"));
			json_object_update(entry, peer);
			json_array_append_new(flat, entry);
		}
	}
	return json_pack("{so}", "peers", flat);
}

/* A device counts its peers here; who they are is another command. */
static json_t *ctl_status_flat(json_t *devices)
{
	json_t *device;
	size_t i, n;

	json_array_foreach(devices, i, device) {
		n = json_array_size(json_object_get(device, "peers"));
		json_object_set_new(device, "peers",
				    json_integer((json_int_t)n));
	}
	return json_pack("{sO}", "devices", devices);
}

static int ctl_show(const struct ctl *ctl, json_t *(*flat)(json_t *devices),
		    void (*print)(const json_t *devices))
{
	json_t *devices, *json;
	char err[600] = "";
	int ret;

	devices = ctl_collect(ctl, err, sizeof(err));
	if (err[0])
		fprintf(stderr, "ovpnctl: %s\n", err);
	if (!devices)
		return CTL_EXIT_FAILED;
	if (ctl->is_json) {
		json = flat(devices);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		print(devices);
	}
	json_decref(devices);
	ret = fflush(stdout) ? CTL_EXIT_FAILED : CTL_EXIT_OK;
	return ret;
}

/* "dev DEV", with "dev" as noise word, as ip(8) has it. */
static int ctl_parse_dev(struct ctl *ctl, char **words, int n)
{
	if (n && is_word(words[0], "dev") && n == 2) {
		ctl->dev = words[1];
		return 0;
	}
	if (n == 1 && strcmp(words[0], "dev")) {
		ctl->dev = words[0];
		return 0;
	}
	return n ? usage("what is this", words[0]) : 0;
}

/* [show] [CLIENT] [dev DEV] */
static int ctl_run_session(struct ctl *ctl, char **words, int n)
{
	const char *client = NULL;
	int err;

	if (n && (is_word(words[0], "show") || is_word(words[0], "list"))) {
		words++;
		n--;
	}
	if (n && strcmp(words[0], "dev")) {
		client = words[0];
		words++;
		n--;
	}
	err = ctl_parse_dev(ctl, words, n);
	return err ? err : ctl_session(ctl, client);
}

static int ctl_run(struct ctl *ctl, char **words, int n)
{
	int err;

	if (is_word(words[0], "status")) {
		err = ctl_parse_dev(ctl, words + 1, n - 1);
		return err ? err : ctl_show(ctl, ctl_status_flat,
					    ctl_print_status);
	}
	if (!strcmp(words[0], "push"))
		return ctl_push(ctl, words + 1, n - 1);
	if (is_word(words[0], "explain")) {
		if (n < 2)
			return usage("which client", NULL);
		err = ctl_parse_dev(ctl, words + 2, n - 2);
		return err ? err : ctl_explain(ctl, words[1]);
	}
	if (is_word(words[0], "doctor")) {
		err = ctl_parse_dev(ctl, words + 1, n - 1);
		return err ? err : ctl_doctor(ctl);
	}
	if (is_word(words[0], "reload")) {
		err = ctl_parse_dev(ctl, words + 1, n - 1);
		return err ? err : ctl_reload(ctl);
	}
	/* not to be abbreviated: it ends a process */
	if (!strcmp(words[0], "restart")) {
		err = ctl_parse_dev(ctl, words + 1, n - 1);
		return err ? err : ctl_restart(ctl);
	}
	if (is_word(words[0], "monitor")) {
		err = ctl_parse_dev(ctl, words + 1, n - 1);
		return err ? err : ctl_monitor(ctl);
	}
	if (is_word(words[0], "sessions"))
		return ctl_run_session(ctl, words + 1, n - 1);
	if (!is_word(words[0], "peers"))
		return usage("no such object", words[0]);
	/* not to be abbreviated, either */
	if (n > 1 && !strcmp(words[1], "kill"))
		return ctl_kill(ctl, words + 2, n - 2);
	if (n > 1 && !is_word(words[1], "show") && !is_word(words[1], "list"))
		return usage("no such command", words[1]);
	err = ctl_parse_dev(ctl, words + 2, n > 2 ? n - 2 : 0);
	return err ? err : ctl_show(ctl, ctl_peers_flat, ctl_print_peers);
}

/* ---- command line ---------------------------------------------------- */

/* Options may stand anywhere. Return: words left, or -1 - exit status. */
static int ctl_parse(struct ctl *ctl, int argc, char **argv, char **words)
{
	bool is_over = false;
	int i, n = 0;

	for (i = 1; i < argc; i++) {
		if (!is_over && !strcmp(argv[i], "--")) {
			is_over = true;
		} else if (is_over || argv[i][0] != '-') {
			words[n++] = argv[i];
		} else if (!strcmp(argv[i], "-j") ||
			   !strcmp(argv[i], "-json") ||
			   !strcmp(argv[i], "--json")) {
			ctl->is_json = true;
		} else if (!strcmp(argv[i], "-h") ||
			   !strcmp(argv[i], "--help")) {
			fputs(ctl_help, stdout);
			return -1 - CTL_EXIT_OK;
		} else if (!strcmp(argv[i], "-V") ||
			   !strcmp(argv[i], "--version")) {
			printf("ovpnctl %s\n", config_version());
			return -1 - CTL_EXIT_OK;
		} else if (!strcmp(argv[i], "--control") && i + 1 < argc) {
			ctl->control = argv[++i];
		} else if (!strncmp(argv[i], "--control=", 10)) {
			ctl->control = argv[i] + 10;
		} else {
			return -1 - usage("no such option, or its value is missing",
					  argv[i]);
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	char *words[argc + 1];
	int n;

	n = ctl_parse(&ctl, argc, argv, words);
	if (n < 0)
		return -1 - n;
	if (!n) {
		fputs(ctl_help, stderr);
		return CTL_EXIT_USAGE;
	}
	return ctl_run(&ctl, words, n);
}
