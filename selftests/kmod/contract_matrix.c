// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a command says to each attribute there is: is it known, how long may it
 * be, what values does it take, is it a nest? Policy comes before anything
 * else, so it does not matter here whether the rest of a request makes sense;
 * a refusal names the attribute, which later checks do not do.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

enum matrix_op {
	OP_PEER_NEW	= 1 << 0,
	OP_PEER_SET	= 1 << 1,
	OP_PEER_GET	= 1 << 2,
	OP_PEER_DEL	= 1 << 3,
	OP_KEY_NEW	= 1 << 4,
	OP_KEY_GET	= 1 << 5,
	OP_KEY_SWAP	= 1 << 6,
	OP_KEY_DEL	= 1 << 7,
};

#define OP_CHANGE (OP_PEER_NEW | OP_PEER_SET)
#define OP_PEER (OP_CHANGE | OP_PEER_GET | OP_PEER_DEL)
#define OP_KEY (OP_KEY_NEW | OP_KEY_GET | OP_KEY_SWAP | OP_KEY_DEL)

/**
 * struct matrix_command - a command
 * @op: which
 * @begin: request up to the attribute that is tried
 * @end: the rest
 */
struct matrix_command {
	enum matrix_op op;
	const char *begin;
	const char *end;
};

static const struct matrix_command matrix_commands[] = {
	{ OP_PEER_NEW, "PEER_NEW ifindex=@mp peer{id=99", "}" },
	{ OP_PEER_SET, "PEER_SET ifindex=@mp peer{id=99", "}" },
	{ OP_PEER_GET, "PEER_GET ifindex=@mp peer{id=99", "}" },
	{ OP_PEER_DEL, "PEER_DEL ifindex=@mp peer{id=99", "}" },
	{ OP_KEY_NEW, "KEY_NEW ifindex=@mp keyconf{peer-id=99", "}" },
	{ OP_KEY_GET, "KEY_GET ifindex=@mp keyconf{peer-id=99 slot=0", "}" },
	{ OP_KEY_SWAP, "KEY_SWAP ifindex=@mp keyconf{peer-id=99", "}" },
	{ OP_KEY_DEL, "KEY_DEL ifindex=@mp keyconf{peer-id=99", "}" },
};

/* what a wrong length is refused with */
enum matrix_length {
	LENGTH_EINVAL,
	LENGTH_ERANGE,
};

/**
 * struct matrix_attr - an attribute of a nest
 * @name: in texts
 * @in: commands whose policy has it
 * @read: commands whose policy has it, but that want nothing of it
 * @nests: commands that have such a nest at all
 * @value: a payload in hex that the policy lets pass
 * @too_short: payload that is too short, NULL if none is
 * @too_long: payload that is too long, NULL if none is
 * @length: error for these
 * @low: payload below the range, or NULL
 * @high: payload above the range, or NULL
 */
struct matrix_attr {
	const char *name;
	unsigned int in;
	unsigned int read;
	unsigned int nests;
	const char *value;
	const char *too_short;
	const char *too_long;
	enum matrix_length length;
	const char *low;
	const char *high;
};

#define U32(name, in, read, high) \
	{ name, in, read, OP_PEER, "01000000", "010000", "0100000000", \
	  LENGTH_EINVAL, NULL, high }
#define BE32(name, in) \
	{ name, in, OP_PEER_GET, OP_PEER, "0a080002", "0a0800", "0a08000200", \
	  LENGTH_EINVAL, NULL, NULL }
#define IN6(name, in) \
	{ name, in, OP_PEER_GET, OP_PEER, "16*fd", "15*fd", "17*fd", \
	  LENGTH_ERANGE, NULL, NULL }
#define BE16(name, in) \
	{ name, in, OP_PEER_GET, OP_PEER, "0001", "01", "000100", \
	  LENGTH_EINVAL, "0000", NULL }
/* 4 or 8 bytes */
#define UINT(name) \
	{ name, 0, OP_PEER_GET, OP_PEER, "8*01", "3*01", "9*01", \
	  LENGTH_EINVAL, NULL, NULL }
#define KEY32(name, in, read, high) \
	{ name, in, read, OP_KEY, "01000000", "0100", "0100000000", \
	  LENGTH_EINVAL, NULL, high }

static const struct matrix_attr matrix_attrs[] = {
	U32("id", OP_PEER, 0, "00000001"),
	BE32("remote-ipv4", OP_CHANGE),
	IN6("remote-ipv6", OP_CHANGE),
	U32("remote-ipv6-scope-id", OP_CHANGE, OP_PEER_GET, NULL),
	BE16("remote-port", OP_CHANGE),
	U32("socket", OP_PEER_NEW, OP_PEER_GET, NULL),
	U32("socket-netnsid", 0, OP_PEER_GET, NULL),
	BE32("vpn-ipv4", OP_CHANGE),
	IN6("vpn-ipv6", OP_CHANGE),
	BE32("local-ipv4", OP_CHANGE),
	IN6("local-ipv6", OP_CHANGE),
	BE16("local-port", 0),
	U32("keepalive-interval", OP_CHANGE, OP_PEER_GET, "81510100"),
	U32("keepalive-timeout", OP_CHANGE, OP_PEER_GET, "81510100"),
	U32("del-reason", 0, OP_PEER_GET, "05000000"),
	UINT("vpn-rx-bytes"),
	UINT("vpn-tx-bytes"),
	UINT("vpn-rx-packets"),
	UINT("vpn-tx-packets"),
	UINT("link-rx-bytes"),
	UINT("link-tx-bytes"),
	UINT("link-rx-packets"),
	UINT("link-tx-packets"),
	U32("tx-id", OP_CHANGE, OP_PEER_GET, "00000001"),
	KEY32("peer-id", OP_KEY, 0, "00000001"),
	KEY32("slot", OP_KEY_NEW | OP_KEY_GET | OP_KEY_DEL, 0, "02000000"),
	KEY32("key-id", OP_KEY_NEW, OP_KEY_GET, "08000000"),
	KEY32("cipher-alg", OP_KEY_NEW, OP_KEY_GET, "03000000"),
	/* inside of a nest of their own */
	{ "encrypt key", OP_KEY_NEW, 0, OP_KEY_NEW, "32*01", NULL, "257*01",
	  LENGTH_ERANGE, NULL, NULL },
	{ "encrypt nonce", OP_KEY_NEW, 0, OP_KEY_NEW, "8*01", "7*01", "9*01",
	  LENGTH_ERANGE, NULL, NULL },
	{ "decrypt key", OP_KEY_NEW, 0, OP_KEY_NEW, "32*01", NULL, "257*01",
	  LENGTH_ERANGE, NULL, NULL },
	{ "decrypt nonce", OP_KEY_NEW, 0, OP_KEY_NEW, "8*01", "7*01", "9*01",
	  LENGTH_ERANGE, NULL, NULL },
};

/**
 * struct matrix_case - an attribute of a command
 * @c: the run
 * @command: the command
 * @attr: the attribute
 * @is_ok: nothing was wrong so far
 */
struct matrix_case {
	struct contract *c;
	const struct matrix_command *command;
	const struct matrix_attr *attr;
	bool is_ok;
};

/* The request with the attribute at the end; "NEST NAME" is in a nest. */
static void matrix_text(const struct matrix_case *mc, const char *flag,
			const char *payload, char *text, size_t size)
{
	const char *name = mc->attr->name, *blank = strchr(name, ' ');
	int nest = blank ? (int)(blank - name) : 0;

	snprintf(text, size, "%s %.*s%s%s%s=hex:%s%s%s", mc->command->begin,
		 nest, name, nest ? "{" : "", nest ? blank + 1 : name, flag,
		 payload, nest ? "}" : "", mc->command->end);
}

/* @is_named: the refusal has to name the attribute; else it must not */
static void matrix_try(struct matrix_case *mc, const char *what,
		       const char *flag, const char *payload, int err,
		       bool is_named)
{
	const struct ovpn_nl_error *error = contract_error(mc->c);
	const char *blank = strchr(mc->attr->name, ' ');
	const char *name = blank ? blank + 1 : mc->attr->name;
	struct contract_replies replies;
	char text[1024];
	int got;

	if (!payload)
		return;
	matrix_text(mc, flag, payload, text, sizeof(text));
	got = contract_request(mc->c, text, false, &replies);
	if (is_named ? got == err && !strcmp(error->attr, name) :
	    (!err || got == err) && strcmp(error->attr, name))
		return;
	mc->is_ok = false;
	printf("#   %s: %s\n#   expected %s of it, got %s [%s] %s\n", what, text,
	       is_named ? ovpn_nl_error_name(err) : "no refusal",
	       ovpn_nl_error_name(got), error->attr, error->text);
}

static void matrix_case_run(struct matrix_case *mc)
{
	const struct matrix_attr *attr = mc->attr;
	unsigned int op = mc->command->op;
	int length = attr->length == LENGTH_ERANGE ? -ERANGE : -EINVAL;

	if (!(op & (attr->in | attr->read))) {
		matrix_try(mc, "refused", "", attr->value, -EINVAL, true);
		return;
	}
	matrix_try(mc, "too short", "", attr->too_short, length, true);
	matrix_try(mc, "too long", "", attr->too_long, length, true);
	matrix_try(mc, "flagged as nest", "!", attr->value, -EINVAL, true);
	matrix_try(mc, "below range", "", attr->low, -ERANGE, true);
	matrix_try(mc, "above range", "", attr->high, -ERANGE, true);
	if (op & attr->read)
		/* by ours it is named, by the in-tree driver only numbered */
		matrix_try(mc, "unexpected", "", attr->value, -EINVAL,
			   mc->c->is_ours);
	else
		matrix_try(mc, "valid", "", attr->value, 0, false);
}

/* What is wrong with a message as a whole, for every command. */
static void matrix_shape(struct contract *c,
			 const struct matrix_command *command)
{
	const char *nest = command->op & OP_KEY ? "keyconf" : "peer";
	const char *other = command->op & OP_KEY ? "peer" : "keyconf";
	size_t verb = strcspn(command->begin, " ");
	const struct {
		const char *items;
		const char *attr;
		int err;
	} shapes[] = {
		{ "ifindex=hex:0100 %s{}", "ifindex", -EINVAL },
		{ "ifindex=hex:0100000000 %s{}", "ifindex", -EINVAL },
		{ "ifindex=hex:0100000000000000 %s{}", "ifindex", -EINVAL },
		{ "ifindex!=@mp %s{}", "ifindex", -EINVAL },
		{ "ifindex=@mp %s!{}", nest, -EINVAL },
		{ "ifindex=@mp %s=hex:", nest, -EINVAL },
		{ "ifindex=@mp %s=hex:00", nest, -EINVAL },
		/* an attribute in it has a header of 4 bytes */
		{ "ifindex=@mp %s!=hex:00", nest, -ERANGE },
		{ "ifindex=@mp %s{raw=000000}", nest, -ERANGE },
		{ "ifindex=@mp %s{raw=ffff0100}", "", -EINVAL },
		{ "ifindex=@mp %s{raw=03000100}", "", -EINVAL },
		{ "ifindex=@mp %s{#0=}", "[?]", -EINVAL },
		{ "ifindex=@mp %s{#99=}", "[?]", -EINVAL },
		{ "ifindex=@mp %s{#0xffff=}", "[?]", -EINVAL },
		{ "ifindex=@mp #0= %s{}", "[?]", -EINVAL },
		{ "ifindex=@mp #4= %s{}", "[?]", -EINVAL },
		{ "ifindex=@mp %s{} raw=00", "", -EINVAL },
		{ "ifindex=@mp %s{} raw=0300ff00", "", -EINVAL },
		{ "ifindex=@mp %s{} reserved=1", "", -EINVAL },
		{ "ifindex=@mp %s{} reserved=0x8000", "", -EINVAL },
		{ "ifindex=@mp %s{} nlflags=0x100", "", -EINVAL },
		{ "ifindex=@mp %s{} nlflags=0x800", "", -EINVAL },
	};
	struct contract_replies replies;
	char text[256];
	bool is_ok = true;
	size_t i;
	int err;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const char *gap = strchr(shapes[i].items, '%');

		snprintf(text, sizeof(text), "%.*s %.*s%s%s", (int)verb,
			 command->begin, (int)(gap - shapes[i].items),
			 shapes[i].items, nest, gap + 2);
		err = contract_request(c, text, false, &replies);
		if (err == shapes[i].err &&
		    !fnmatch(shapes[i].attr, contract_error(c)->attr, 0))
			continue;
		is_ok = false;
		printf("#   %s: expected %s [%s], got %s [%s] %s\n", text,
		       ovpn_nl_error_name(shapes[i].err), shapes[i].attr,
		       ovpn_nl_error_name(err), contract_error(c)->attr,
		       contract_error(c)->text);
	}
	snprintf(text, sizeof(text), "%.*s ifindex=@mp %s{} %s{}", (int)verb,
		 command->begin, nest, other);
	err = contract_request(c, text, false, &replies);
	if (err != -EINVAL || strcmp(contract_error(c)->attr, other)) {
		is_ok = false;
		printf("#   %s: expected EINVAL [%s], got %s [%s]\n", text,
		       other, ovpn_nl_error_name(err),
		       contract_error(c)->attr);
	}
	snprintf(text, sizeof(text), "shape: %.*s", (int)verb,
		 command->begin);
	contract_report(c, is_ok, text);
}

void contract_matrix(struct contract *c)
{
	size_t i, n;
	char name[64];

	for (i = 0; i < sizeof(matrix_commands) / sizeof(*matrix_commands);
	     i++) {
		struct matrix_case mc = {
			.c = c, .command = &matrix_commands[i],
		};

		matrix_shape(c, mc.command);
		for (n = 0; n < sizeof(matrix_attrs) / sizeof(*matrix_attrs);
		     n++) {
			mc.attr = &matrix_attrs[n];
			mc.is_ok = true;
			if (!(mc.attr->nests & mc.command->op))
				continue;
			matrix_case_run(&mc);
			snprintf(name, sizeof(name), "attribute: %.*s %s",
				 (int)strcspn(mc.command->begin, " "),
				 mc.command->begin, mc.attr->name);
			contract_report(c, mc.is_ok, name);
		}
	}
}
