// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures that somebody else makes, of a host that has nothing but a signer:
 * who waits for how long, and whose an answer is.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log/log.h"
#include "tls/tls.h"
#include "tunnel/private.h"

static struct config cfg;
static struct loop *loop;
static struct tunnel_host host;
static unsigned int n_told, n_none;
static char told[64], told_how[128];

static void on_need(void *arg, const char *what, const char *algorithm)
{
	(void)arg;
	if (!what) {
		n_none++;
		return;
	}
	n_told++;
	snprintf(told, sizeof(told), "%s", what);
	snprintf(told_how, sizeof(told_how), "%s", algorithm);
}

static const struct tunnel_watch watch = { .need_signature = on_need };

static int setup(void **state)
{
	(void)state;
	log_set_verb(0);
	cfg = (struct config){ .has_external_key = true, .hand_window = 60 };
	loop = loop_new();
	host = (struct tunnel_host){
		.setup = { .loop = loop, .cfg = &cfg }, .watch = &watch,
	};
	n_told = 0;
	n_none = 0;
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tunnel_sign_close(&host);
	tunnel_sign_free(&host);
	loop_free(loop);
	return 0;
}

static void on_stop(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

static void turn(unsigned int ms)
{
	struct loop_timer *timer = loop_timer_new(loop, on_stop, loop);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

/* struct signing - a thread that wants what it says signed by itself */
struct signing {
	struct tls_sign what;
	pthread_t thread;
	uint8_t out[TLS_SIGN_MAX];
	size_t len;
	int ret;
};

static bool is_good(const struct tls_sign *self, const uint8_t *sig, size_t len)
{
	return len == self->len && !memcmp(sig, self->data, len);
}

static void *signing_run(void *arg)
{
	struct signing *signing = arg;

	signing->ret = tunnel_sign(host.signer, &signing->what, signing->out,
				   &signing->len);
	return NULL;
}

static void signing_begin(struct signing *signing, const char *text)
{
	*signing = (struct signing){
		.what = {
			.scheme = TLS_SIGN_ECDSA, .is_good = is_good,
			.data = (const uint8_t *)text, .len = strlen(text),
		},
	};
	assert_int_equal(pthread_create(&signing->thread, NULL, signing_run,
					signing), 0);
}

static int signing_end(struct signing *signing)
{
	pthread_join(signing->thread, NULL);
	return signing->ret;
}

static void wait_for(unsigned int n)
{
	for (int i = 0; i < 500 && n_told < n; i++)
		turn(10);
	assert_int_equal(n_told, n);
}

/* One is asked about, then the next; what is answered is whose turn it is. */
static void test_turns(void **state)
{
	struct signing one, two;

	(void)state;
	assert_int_equal(tunnel_sign_open(&host), 0);
	assert_false(tunnel_host_signs(&host));
	assert_int_equal(tunnel_host_signature(&host, "b25l"), -ENOENT);
	signing_begin(&one, "one");
	wait_for(1);
	assert_string_equal(told, "b25l");
	assert_string_equal(told_how, "ECDSA");
	signing_begin(&two, "two");
	turn(50);
	assert_int_equal(n_told, 1);
	assert_true(tunnel_host_signs(&host));
	assert_int_equal(tunnel_host_signature(&host, "b25l"), 0);
	assert_int_equal(signing_end(&one), 0);
	assert_int_equal(one.len, 3);
	wait_for(2);
	assert_string_equal(told, "dHdv");
	assert_int_equal(tunnel_host_signature(&host, "dHdv"), 0);
	assert_int_equal(signing_end(&two), 0);
	turn(20);
	assert_int_equal(n_told, 2);
	assert_true(n_none > 0);
	assert_false(tunnel_host_signs(&host));
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = { "", "dHdv", "b25", "!!!!" };
	struct signing one;

	(void)state;
	assert_int_equal(tunnel_sign_open(&host), 0);
	for (unsigned int i = 0; i < 4; i++) {
		signing_begin(&one, "one");
		wait_for(i + 1);
		tunnel_host_signature(&host, wrong[i]);
		assert_int_equal(signing_end(&one), -EKEYREJECTED);
	}
}

/* An answer that comes too late is not taken for that of the next one. */
static void test_late(void **state)
{
	struct signing one, two;

	(void)state;
	cfg.hand_window = 1;
	assert_int_equal(tunnel_sign_open(&host), 0);
	signing_begin(&one, "one");
	wait_for(1);
	assert_int_equal(signing_end(&one), -ETIMEDOUT);
	turn(20);
	assert_false(tunnel_host_signs(&host));
	signing_begin(&two, "two");
	wait_for(2);
	assert_int_equal(tunnel_host_signature(&host, "b25l"), 0);
	for (int i = 0; i < 50 && !tunnel_host_signs(&host); i++)
		turn(10);
	assert_int_equal(tunnel_host_signature(&host, "dHdv"), 0);
	assert_int_equal(signing_end(&two), 0);
	/* only as many as are owed */
	signing_begin(&one, "one");
	wait_for(3);
	tunnel_host_signature(&host, "dHdv");
	assert_int_equal(signing_end(&one), -EKEYREJECTED);
}

/* Threads are not all taken: one more fails at once. The end ends it. */
static void test_many(void **state)
{
	struct signing all[TUNNEL_SIGN_WAITERS], more;

	(void)state;
	assert_int_equal(tunnel_sign_open(&host), 0);
	for (int i = 0; i < TUNNEL_SIGN_WAITERS; i++)
		signing_begin(&all[i], "one");
	wait_for(1);
	turn(100);
	signing_begin(&more, "two");
	assert_int_equal(signing_end(&more), -EBUSY);
	tunnel_sign_close(&host);
	for (int i = 0; i < TUNNEL_SIGN_WAITERS; i++)
		assert_int_equal(signing_end(&all[i]), -ECANCELED);
	signing_begin(&more, "two");
	assert_int_equal(signing_end(&more), -ECANCELED);
}

static void assert_algorithm(struct tls_sign what, const char *text)
{
	struct signing one = { .what = what };
	unsigned int n = n_told;

	one.what.is_good = is_good;
	one.what.data = (const uint8_t *)"one";
	one.what.len = 3;
	assert_int_equal(pthread_create(&one.thread, NULL, signing_run, &one),
			 0);
	wait_for(n + 1);
	assert_string_equal(told_how, text);
	tunnel_host_signature(&host, "b25l");
	assert_int_equal(signing_end(&one), 0);
}

/* Section 10.3, and what 2.6 says with the word digest */
static void test_algorithms(void **state)
{
	(void)state;
	assert_int_equal(tunnel_sign_open(&host), 0);
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_RSA_PKCS1,
					    .digest = "SHA256" },
			 "RSA_PKCS1_PADDING");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_RSA_PSS,
					    .digest = "SHA384" },
			 "RSA_PKCS1_PSS_PADDING,hashalg=SHA384,saltlen=digest");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_RSA_NONE,
					    .digest = "SHA256" },
			 "RSA_NO_PADDING");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_RSA_PKCS1,
					    .digest = "SHA256",
					    .is_message = true },
			 "RSA_PKCS1_PADDING,hashalg=SHA256,data=message");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_RSA_PSS,
					    .digest = "SHA256",
					    .is_message = true },
			 "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest,data=message");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_ECDSA,
					    .digest = "SHA256",
					    .is_message = true },
			 "ECDSA,hashalg=SHA256,data=message");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_ED25519,
					    .is_message = true },
			 "ED25519,data=message");
	assert_algorithm((struct tls_sign){ .scheme = TLS_SIGN_ED448,
					    .is_message = true },
			 "ED448,data=message");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_turns),
		TEST(test_wrong),
		TEST(test_late),
		TEST(test_many),
		TEST(test_algorithms),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
