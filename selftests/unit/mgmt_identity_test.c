// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates, signatures and passphrases that a program is asked for. */
#include "mgmt_rig.h"

#define SIGN "pk-sig\nQUJD\nREVG\nEND\n"

static int begin(void)
{
	int fd;

	open_iface();
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	return fd;
}

static void need(const char *what, const char *algorithm)
{
	is_signing = what;
	watch->need_signature(watch_arg, what, algorithm);
}

/* Section 10.3: what an old program is told, and a new one. */
static void test_versions(void **state)
{
	int fd = begin();

	(void)state;
	assert_string_equal(ask(fd, SIGN),
		"ERROR: The pk-sig command is not currently available\r\n"
		"ERROR: unknown command, enter 'help' for more options\r\n"
		"ERROR: unknown command, enter 'help' for more options\r\n"
		"ERROR: unknown command, enter 'help' for more options\r\n");
	need("abc=", "ECDSA");
	assert_string_equal(hear(fd), ">RSA_SIGN:abc=\r\n");
	assert_string_equal(ask(fd, "rsa-sig\nQUJD\nREVG\nEND\n"),
			    "SUCCESS: rsa-sign command succeeded\r\n");
	assert_string_equal(signature, "QUJDREVG");
	ask(fd, "version 2\n");
	need("abc=", "ECDSA");
	assert_string_equal(hear(fd), ">PK_SIGN:abc=\r\n");
	ask(fd, "version 3\n");
	need("abc=", "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest");
	assert_string_equal(hear(fd), ">PK_SIGN:abc=,RSA_PKCS1_PSS_PADDING,"
			    "hashalg=SHA256,saltlen=digest\r\n");
	assert_string_equal(ask(fd, SIGN),
			    "SUCCESS: pk-sign command succeeded\r\n");
	close(fd);
	turn(5);
}

/* Who comes later is asked, too, until nobody waits any more. */
static void test_later(void **state)
{
	char long_text[20001];
	int fd = begin();

	(void)state;
	close(fd);
	turn(5);
	memset(long_text, 'A', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	need(long_text, "ECDSA");
	fd = dial();
	hear(fd);
	assert_int_equal(strlen(got), strlen(BANNER) + strlen(">RSA_SIGN:") +
			 sizeof(long_text) - 1 + 2);
	/* it goes in the middle of its answer */
	assert_string_equal(ask(fd, "rsa-sig\nQUJD\n"), "");
	close(fd);
	turn(5);
	fd = dial();
	hear(fd);
	assert_non_null(strstr(got, ">RSA_SIGN:AAA"));
	/* what was begun by somebody else is not gone on with */
	assert_non_null(strstr(ask(fd, "END\n"), "unknown command"));
	ask(fd, "rsa-sig\nREVG\nEND\n");
	assert_string_equal(signature, "REVG");
	need(NULL, NULL);
	close(fd);
	turn(5);
	fd = dial();
	assert_string_equal(hear(fd), BANNER);
	close(fd);
	turn(5);
}

/* Withdrawn while the answer comes; one that is none; one that is too long. */
static void test_odd(void **state)
{
	static char line[1001], all[70001 + 16];
	int fd = begin();

	(void)state;
	need("abc=", "ECDSA");
	hear(fd);
	ask(fd, "rsa-sig\nQUJD\n");
	need(NULL, NULL);
	assert_string_equal(ask(fd, "END\n"),
			    "ERROR: rsa-sign command failed\r\n");
	need("abc=", "ECDSA");
	hear(fd);
	assert_string_equal(ask(fd, "rsa-sig\n b ad \nEND\n"),
			    "SUCCESS: rsa-sign command succeeded\r\n");
	memset(line, 'A', 999);
	line[999] = '\n';
	strcpy(all, "rsa-sig\n");
	for (int i = 0; i < 70; i++)
		strcat(all, line);
	strcat(all, "END\n");
	ask(fd, all);
	for (int i = 0; i < 100 && !*got; i++)
		hear(fd);
	assert_string_equal(got, "ERROR: rsa-sign command failed\r\n");
	need(NULL, NULL);
	close(fd);
	turn(5);
}

static void test_certificate(void **state)
{
	int fd = begin();

	(void)state;
	assert_non_null(strstr(ask(fd, "certificate\n"),
			       "The certificate command is not currently"));
	watch->need_certificate(watch_arg, "macosx-keychain:subject:o=x y");
	assert_string_equal(hear(fd),
			    ">NEED-CERTIFICATE:macosx-keychain:subject:o=x y\r\n");
	assert_string_equal(ask(fd, "certificate\n-----BEGIN\none\ntwo\n"),
			    "");
	assert_string_equal(ask(fd, "END\n"),
			    "SUCCESS: certificate command succeeded\r\n");
	assert_string_equal(certificate, "-----BEGIN\none\ntwo\n");
	assert_non_null(strstr(ask(fd, "certificate\n"), "ERROR"));
	close(fd);
	turn(5);
}

static void test_passphrase(void **state)
{
	int fd = begin();

	(void)state;
	assert_string_equal(ask(fd, "password 'Private Key' x\n"),
			    "ERROR: no password is currently needed at this time\r\n");
	watch->need_passphrase(watch_arg);
	assert_string_equal(hear(fd),
			    ">PASSWORD:Need 'Private Key' password\r\n");
	assert_string_equal(ask(fd, "username 'Private Key' x\n"),
			    "ERROR: no username is currently needed at this time\r\n");
	assert_string_equal(ask(fd, "password Auth x\n"),
			    "ERROR: password of type 'Auth' entered, but we need one of type 'Private Key'\r\n");
	assert_string_equal(ask(fd, "password 'Private Key' 'pass phrase'\n"),
			    "SUCCESS: 'Private Key' password entered, but not yet verified\r\n");
	assert_string_equal(passphrase, "pass phrase");
	watch->passphrase_failed(watch_arg);
	assert_string_equal(hear(fd),
			    ">PASSWORD:Verification Failed: 'Private Key'\r\n");
	close(fd);
	turn(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_versions),
		RIG_TEST(test_later),
		RIG_TEST(test_odd),
		RIG_TEST(test_certificate),
		RIG_TEST(test_passphrase),
	};

	return rig_run(tests);
}
