// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "config/parse.h"
#include "config/version.h"
#include "proto/proto.h"

/* Everything printed here comes from the tables. */

#define HELP_COLUMN 34
#define HELP_WIDTH 79
#define MAN_WIDTH 64	/* a word more may follow */

static bool row_is_shown(const struct config_row *row)
{
	return row->kind == CONFIG_KIND_APPLY &&
	       row->scope & (CONFIG_IN_MAIN | CONFIG_IN_CLIENT);
}

/* First line of the text. */
static int doc_head_len(const char *doc)
{
	return (int)strcspn(doc, "\n");
}

/* Words of @text behind column HELP_COLUMN. */
static void help_wrap(const char *text, size_t len)
{
	size_t column = HELP_COLUMN, word;

	while (len) {
		word = strcspn(text, " ");
		if (word > len)
			word = len;
		if (column > HELP_COLUMN && column + word + 1 > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		printf("%s%.*s", column > HELP_COLUMN ? " " : "", (int)word,
		       text);
		column += word + (column > HELP_COLUMN);
		text += word;
		len -= word;
		if (len) {
			text++;
			len--;
		}
	}
	putchar('\n');
}

static void help_row(const struct config_row *row)
{
	int used;

	used = printf("  --%s%s%s", row->name, row->args ? " " : "",
		      row->args ? row->args : "");
	if (used >= HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - used, "");
	help_wrap(row->doc, (size_t)doc_head_len(row->doc));
}

static void help_names(enum config_group group)
{
	const struct config_table *table = config_table_get(group);
	size_t column = 0, i;

	printf("\n%s:\n", table->title);
	for (i = 0; i < table->n; i++) {
		const char *name = table->rows[i].name;

		if (row_is_shown(&table->rows[i]))
			continue;
		if (!column || column + strlen(name) + 1 > HELP_WIDTH) {
			printf("%s ", column ? "\n" : "");
			column = 1;
		}
		printf(" %s", name);
		column += strlen(name) + 1;
	}
	putchar('\n');
}

void config_print_help(void)
{
	size_t g, i;

	printf("ovpnd " OVPND_VERSION " - OpenVPN-compatible tunnel daemon\n\n"
	       "Usage: ovpnd FILE\n"
	       "       ovpnd --config FILE [--OPTION [ARGUMENT ...]] ...\n\n"
	       "In FILE, options stand one per line and without the dashes.\n");
	for (g = 0; g < CONFIG_GROUP_PUSHED; g++) {
		const struct config_table *table =
			config_table_get((enum config_group)g);

		printf("\n%s:\n", table->title);
		for (i = 0; i < table->n; i++) {
			if (row_is_shown(&table->rows[i]))
				help_row(&table->rows[i]);
		}
	}
	help_names(CONFIG_GROUP_IGNORED);
	help_names(CONFIG_GROUP_REFUSED);
}

void config_print_version(void)
{
	printf("ovpnd " OVPND_VERSION " [SSL (OpenSSL)] [AEAD] [DCO]\n"
	       "data paths: kernel (module ovpn), user (TUN device)\n"
	       "library versions: %s, libuv %s\n"
	       "License GPL-2.0-or-later; there is no warranty.\n",
	       OpenSSL_version(OPENSSL_VERSION), uv_version_string());
}

void config_print_ciphers(void)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_256_GCM, PROTO_CIPHER_AES_192_GCM,
		PROTO_CIPHER_AES_128_GCM, PROTO_CIPHER_CHACHA20_POLY1305,
		PROTO_CIPHER_AES_256_CBC, PROTO_CIPHER_AES_192_CBC,
		PROTO_CIPHER_AES_128_CBC,
	};
	size_t i;

	printf("Ciphers of the data channel, for --data-ciphers:\n\n");
	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		printf("%s  (%zu bit key%s)\n", proto_cipher_name(ciphers[i]),
		       8 * proto_cipher_key_len(ciphers[i]),
		       proto_cipher_is_aead(ciphers[i]) ?
		       "" : ", with --auth; not in the kernel");
}

void config_print_digests(void)
{
	size_t i;

	printf("Digests, for --auth:\n\n");
	for (i = 0; config_digest_at(i); i++)
		printf("%s\n", config_digest_at(i));
}

/* For scripts such as the shell's completion. */
void config_print_options(void)
{
	size_t i;

	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (row_is_shown(row) && row->scope & CONFIG_IN_MAIN)
			printf("%s\n", row->name);
	}
}

/* ---- manual page --------------------------------------------------- */

/* May a line of roff begin with this? It may not with a request. */
static bool man_may_begin(char c)
{
	return c && c != '.' && c != '\'';
}

/* Text with what is special to roff escaped, in lines that can be looked at. */
static void man_text(const char *text, size_t len)
{
	size_t i, column = 0;

	for (i = 0; i < len; i++, column++) {
		if (text[i] == '\n')
			column = 0;
		if (text[i] == ' ' && column > MAN_WIDTH && i + 1 < len &&
		    man_may_begin(text[i + 1])) {
			putchar('\n');
			column = 0;
		} else if (text[i] == '-')
			fputs("\\-", stdout);
		else if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '\'' && (!i || text[i - 1] == '\n'))
			fputs("\\(aq", stdout);
		else
			putchar(text[i]);
	}
}

static void man_row(const struct config_row *row)
{
	int head = doc_head_len(row->doc);

	printf(".TP\n\\fB");
	man_text("--", 2);
	man_text(row->name, strlen(row->name));
	printf("\\fR");
	if (row->args) {
		putchar(' ');
		man_text(row->args, strlen(row->args));
	}
	putchar('\n');
	man_text(row->doc, (size_t)head);
	putchar('\n');
	if (row->doc[head]) {
		man_text(row->doc + head + 1, strlen(row->doc + head + 1));
		putchar('\n');
	}
}

static void man_names(enum config_group group)
{
	const struct config_table *table = config_table_get(group);
	const char *comma = "";
	size_t i;

	printf(".SS ");
	man_text(table->title, strlen(table->title));
	printf("\n");
	for (i = 0; i < table->n; i++) {
		if (row_is_shown(&table->rows[i]))
			continue;
		printf("%s", comma);
		man_text(table->rows[i].name, strlen(table->rows[i].name));
		comma = ",\n";
	}
	printf(".\n");
}

static const char man_head[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Generated by ovpnd --dump-man from the table of options.\n"
	".TH OVPND 8\n"
	".SH NAME\n"
	"ovpnd \\- OpenVPN\\-compatible tunnel daemon\n"
	".SH SYNOPSIS\n"
	".B ovpnd\n"
	".I FILE\n"
	".br\n"
	".B ovpnd\n"
	"[\\fB\\-\\-config\\fR \\fIFILE\\fR]\n"
	"[\\fB\\-\\-\\fIOPTION\\fR [\\fIARGUMENT\\fR ...]] ...\n"
	".SH DESCRIPTION\n"
	"ovpnd is a server and a client for the OpenVPN protocol. Packets are\n"
	"carried by the kernel module ovpn where it is available, otherwise by\n"
	"the process itself. It reads OpenVPN's configuration files.\n"
	".SH CONFIGURATION FILES\n"
	"A line holds one option and its arguments, separated by spaces. Text\n"
	"behind # or ; is a comment. An argument with spaces stands in single\n"
	"or double quotes; outside of single quotes a backslash escapes itself,\n"
	"a double quote and a space. A line has at most 4096 bytes and 16\n"
	"arguments, an argument 1023 bytes.\n"
	".PP\n"
	"Where an option takes a file, its content may stand in the\n"
	"configuration itself, between a line <\\fINAME\\fR> and a line\n"
	"</\\fINAME\\fR>.\n"
	".SH OPTIONS\n";

static const char man_tail[] =
	".SH SIGNALS\n"
	"SIGTERM and SIGINT end the daemon in order: clients are told, with\n"
	"\\-\\-explicit\\-exit\\-notify, and addresses, routes and device go. SIGHUP\n"
	"reads the configuration again, SIGUSR1 restarts connections, SIGUSR2 writes\n"
	"the status.\n"
	".SH SYSTEMD\n"
	"What the commands do to a server whose unit has FileDescriptorStoreMax, as\n"
	"ovpnd\\-server@.service has:\n"
	".TP\n"
	".B systemctl restart\n"
	"Another process, perhaps of a new version, goes on with the clients over UDP,\n"
	"without interruption. The configuration is read again; what a client was\n"
	"told stays until it connects again. Those with whom it cannot go on, which the\n"
	"log names, are told to connect again. Likewise try\\-restart, and the restart\n"
	"of a unit that this one is a part of.\n"
	".TP\n"
	".B systemctl stop\n"
	"Ends clients as SIGTERM does, and leaves nothing. Likewise at shutdown. To have\n"
	"all clients connect again, say stop and then start.\n"
	".TP\n"
	".B systemctl reload\n"
	"Read the configuration again, as SIGHUP does.\n"
	".PP\n"
	"At SIGTERM ovpnd asks systemd for the unit's job. Without an answer within\n"
	"three seconds it is taken for a stop. Without FileDescriptorStoreMax, in a\n"
	"client's unit and over TCP a restart is a stop and a start.\n"
	".PP\n"
	"openvpn\\-server@.service of a distribution can start ovpnd, too. A drop\\-in\n"
	"(\\(aqsystemctl edit openvpn\\-server@NAME\\(aq) that gives it all of the above:\n"
	".PP\n"
	".nf\n"
	"[Service]\n"
	"ExecStart=\n"
	"ExecStart=/usr/sbin/ovpnd \\-\\-status %t/openvpn\\-server/status\\-%i.log \\e\n"
	"    \\-\\-status\\-version 2 \\-\\-suppress\\-timestamps \\-\\-config %i.conf\n"
	"ExecReload=+/bin/kill \\-HUP $MAINPID\n"
	"FileDescriptorStoreMax=72\n"
	"RestartForceExitStatus=75\n"
	"RestartSec=200ms\n"
	"LimitMEMLOCK=64M\n"
	".fi\n"
	".SH EXIT STATUS\n"
	"0 after an orderly end, and after options that only print something;\n"
	"1 when the configuration is wrong or the daemon could not start;\n"
	"75 when the next process has to go on, after \\(aqovpnctl restart\\(aq.\n"
	".SH SEE ALSO\n"
	".BR ovpnctl (8),\n"
	".BR openvpn (8)\n";

static void man_blocks(void)
{
	size_t i;

	printf(".SS Options that may be given as a block\n");
	for (i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (row->scope & CONFIG_IN_BLOCK &&
		    row->kind == CONFIG_KIND_APPLY) {
			man_text(row->name, strlen(row->name));
			printf(",\n");
		}
	}
	printf("connection.\n");
}

void config_print_man(void)
{
	size_t g, i;

	fputs(man_head, stdout);
	for (g = 0; g < CONFIG_GROUP_PUSHED; g++) {
		const struct config_table *table =
			config_table_get((enum config_group)g);

		printf(".SS %s\n", table->title);
		for (i = 0; i < table->n; i++) {
			if (row_is_shown(&table->rows[i]))
				man_row(&table->rows[i]);
		}
	}
	man_blocks();
	man_names(CONFIG_GROUP_IGNORED);
	man_names(CONFIG_GROUP_REFUSED);
	fputs(man_tail, stdout);
}
