// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses for clients, and the file that keeps them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/control.h"

static struct net_ip ip(const char *text)
{
	struct net_ip out;

	assert_int_equal(net_ip_parse(text, &out), 0);
	return out;
}

static void test_pool(void **state)
{
	struct net_ip first = ip("10.8.0.2"), last = ip("10.8.0.4");
	struct net_prefix six;
	struct net_ip v4, v6, again4, again6, taken = ip("10.8.0.3");
	struct control_pool *addresses;
	char text[NET_PREFIX_STRLEN];

	(void)state;
	assert_int_equal(net_prefix_parse("fd00:8::1000/64", &six), 0);
	addresses = control_pool_new(&first, &last, &six, false, 100);
	assert_non_null(addresses);
	assert_int_equal(control_pool_get(addresses, "a", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.2");
	assert_string_equal(net_ip_format(&v6, text), "fd00:8::1000");
	control_pool_reserve(addresses, &taken);
	assert_int_equal(control_pool_get(addresses, "b", &again4, &again6),
			 0);
	assert_string_equal(net_ip_format(&again4, text), "10.8.0.4");
	assert_string_equal(net_ip_format(&again6, text), "fd00:8::1002");
	assert_int_equal(control_pool_get(addresses, "c", &again4, &again6),
			 -ENOSPC);
	/* who comes back gets what it had */
	control_pool_put(addresses, &v4, &v6);
	control_pool_put(addresses, &taken, &taken);
	assert_int_equal(control_pool_get(addresses, "a", &again4, &again6),
			 0);
	assert_true(net_ip_is_equal(&v4, &again4));
	control_pool_free(addresses);
}

#define MANY 100000u

/* A large server: all get different addresses, and later those of before. */
static void test_pool_large(void **state)
{
	struct net_ip first = ip("10.0.0.2"), v4, v6;
	struct net_ip last = ip("10.1.134.161");
	struct control_pool *addresses;
	struct net_prefix six;
	char name[16];

	(void)state;
	assert_int_equal(net_prefix_parse("fd00:8::1000/64", &six), 0);
	addresses = control_pool_new(&first, &last, &six, false, MANY);
	assert_non_null(addresses);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "client%u", i);
			assert_int_equal(control_pool_get(addresses, name, &v4,
							  &v6), 0);
			assert_int_equal(ntohl(v4.in4.s_addr),
					 ntohl(first.in4.s_addr) + i);
		}
		assert_int_equal(control_pool_get(addresses, "more", &v4, &v6),
				 -ENOSPC);
		for (unsigned int i = 0; i < MANY; i++) {
			v4.in4.s_addr = htonl(ntohl(first.in4.s_addr) + i);
			v6 = six.ip;
			v6.in6.s6_addr[13] = (uint8_t)((0x1000 + i) >> 16);
			v6.in6.s6_addr[14] = (uint8_t)((0x1000 + i) >> 8);
			v6.in6.s6_addr[15] = (uint8_t)(0x1000 + i);
			control_pool_put(addresses, &v4, &v6);
		}
	}
	control_pool_free(addresses);
}

/* Who had an address longest ago loses it first. */
static void test_pool_order(void **state)
{
	struct net_ip first = ip("10.8.0.2"), last = ip("10.8.0.4");
	static const char *const names[] = { "a", "b", "c" };
	struct net_ip none = { 0 }, v4[3], v6, again;
	struct control_pool *addresses;

	(void)state;
	addresses = control_pool_new(&first, &last, NULL, false, 100);
	assert_non_null(addresses);
	for (int i = 0; i < 3; i++)
		assert_int_equal(control_pool_get(addresses, names[i], &v4[i],
						  &v6), 0);
	control_pool_put(addresses, &v4[1], &none);
	control_pool_put(addresses, &v4[0], &none);
	control_pool_put(addresses, &v4[2], &none);
	assert_int_equal(control_pool_get(addresses, "d", &again, &v6), 0);
	assert_true(net_ip_is_equal(&again, &v4[1]));
	assert_int_equal(control_pool_get(addresses, "c", &again, &v6), 0);
	assert_true(net_ip_is_equal(&again, &v4[2]));
	/* without a name nobody is remembered, and nobody comes back */
	assert_int_equal(control_pool_get(addresses, NULL, &again, &v6), 0);
	assert_true(net_ip_is_equal(&again, &v4[0]));
	assert_int_equal(control_pool_get(addresses, NULL, &again, &v6),
			 -ENOSPC);
	control_pool_free(addresses);
}

static struct control_pool *pool_of(const char *text, bool is_fixed,
				    int n_useless)
{
	struct net_ip first = ip("10.8.0.2"), last = ip("10.8.0.9");
	struct control_pool *addresses;
	struct net_prefix six;

	assert_int_equal(net_prefix_parse("fd00:8::1000/64", &six), 0);
	addresses = control_pool_new(&first, &last, &six, false, 100);
	assert_non_null(addresses);
	assert_int_equal(control_pool_load(addresses, text, strlen(text),
					   is_fixed), n_useless);
	assert_false(control_pool_is_changed(addresses));
	return addresses;
}

static void pool_expect(struct control_pool *addresses, const char *text)
{
	struct mem_buf out;

	mem_buf_init(&out, 65536);
	assert_int_equal(control_pool_save(addresses, &out), 0);
	assert_int_equal(out.len, strlen(text));
	assert_memory_equal(out.data, text, out.len);
	mem_buf_reset(&out);
	control_pool_free(addresses);
}

/* The file of ifconfig-pool-persist, as OpenVPN writes and reads it. */
static void test_pool_file(void **state)
{
	struct control_pool *addresses;
	char text[NET_PREFIX_STRLEN];
	struct net_ip v4, v6;

	(void)state;
	pool_expect(pool_of("a,10.8.0.3,fd00:8::1001\nb b,10.8.0.5,\r\n"
			    "c,10.8.0.9\nd,,fd00:8::1000", false, 0),
		    "d,10.8.0.2,fd00:8::1000\na,10.8.0.3,fd00:8::1001\n"
		    "b b,10.8.0.5,fd00:8::1003\nc,10.8.0.9,fd00:8::1007\n");
	/* comments; addresses of no pool; fields too few, too long, empty */
	addresses = pool_of("# a,10.8.0.3\n;a,10.8.0.3\n\n"
			    "a,10.8.0.1\na,10.8.0.10\na,x\na\n,10.8.0.3\n"
			    "a,,fd00:9::1000\na,,\na,10.8.0.3x,", false, 8);
	assert_int_equal(control_pool_get(addresses, "a", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.2");
	/* a name that would not come back is not written */
	assert_int_equal(control_pool_get(addresses, "x,y", &v4, &v6), 0);
	assert_int_equal(control_pool_get(addresses, "#z", &v4, &v6), 0);
	assert_true(control_pool_is_changed(addresses));
	pool_expect(addresses, "a,10.8.0.2,fd00:8::1000\n");
	/* if the two addresses differ, the first counts */
	pool_expect(pool_of("a,10.8.0.3,fd00:8::1000\n", false, 0),
		    "a,10.8.0.3,fd00:8::1001\n");
}

/* The range counts, not how many may be connected at a time. */
static void test_pool_range(void **state)
{
	struct net_ip first = ip("10.0.0.2"), last = ip("10.255.255.253");
	static const char line[] = "far,10.200.0.9,\n";
	struct control_pool *addresses;
	char text[NET_PREFIX_STRLEN];
	struct net_ip v4, v6;

	(void)state;
	addresses = control_pool_new(&first, &last, NULL, false, 2);
	assert_non_null(addresses);
	assert_int_equal(control_pool_load(addresses, line, strlen(line),
					   false), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(control_pool_get(addresses, NULL, &v4, &v6),
				 0);
	assert_int_equal(control_pool_get(addresses, "far", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.200.0.9");
	pool_expect(addresses, line);
}

/* A network of IPv6 addresses that is smaller than the range. */
static void test_pool_small6(void **state)
{
	struct net_ip first = ip("10.8.0.2"), last = ip("10.8.0.99");
	struct control_pool *addresses;
	struct net_ip v4, v6, none = { 0 };
	struct net_prefix six;

	(void)state;
	assert_int_equal(net_prefix_parse("fd00:8::fffd/120", &six), 0);
	for (int with4 = 0; with4 < 2; with4++) {
		addresses = control_pool_new(with4 ? &first : &none,
					     with4 ? &last : &none, &six,
					     false, 2);
		assert_non_null(addresses);
		for (int i = 0; i < 3; i++)
			assert_int_equal(control_pool_get(addresses, NULL, &v4,
							  &v6), 0);
		assert_int_equal(control_pool_get(addresses, NULL, &v4, &v6),
				 -ENOSPC);
		control_pool_put(addresses, &v4, &v6);
		assert_int_equal(control_pool_get(addresses, NULL, &v4, &v6),
				 0);
		control_pool_free(addresses);
	}
}

/* A network of four for each, and the file as OpenVPN writes it then. */
static void test_pool_net30(void **state)
{
	struct net_ip first = ip("10.8.0.4"), last = ip("10.8.0.251");
	static const char line[] = "a,10.8.0.40,\nb,10.8.0.45,\n";
	struct control_pool *addresses;
	char text[NET_PREFIX_STRLEN];
	struct net_ip v4, v6;
	unsigned int n;

	(void)state;
	addresses = control_pool_new(&first, &last, NULL, true, 100);
	assert_non_null(addresses);
	assert_int_equal(control_pool_load(addresses, line, strlen(line),
					   false), 0);
	assert_int_equal(control_pool_get(addresses, "a", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.42");
	assert_int_equal(control_pool_get(addresses, "b", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.46");
	assert_int_equal(control_pool_get(addresses, NULL, &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.6");
	for (n = 3; !control_pool_get(addresses, NULL, &v4, &v6); n++)
		;
	assert_int_equal(n, 62);
	control_pool_put(addresses, &v4, &v6);
	pool_expect(addresses, "a,10.8.0.40,\nb,10.8.0.44,\n");
}

static void test_pool_fixed(void **state)
{
	struct control_pool *addresses = pool_of("a,10.8.0.2\n", true, 0);
	char text[NET_PREFIX_STRLEN];
	struct net_ip v4, v6;

	(void)state;
	for (int i = 0; i < 7; i++) {
		assert_int_equal(control_pool_get(addresses, NULL, &v4, &v6),
				 0);
		assert_string_not_equal(net_ip_format(&v4, text), "10.8.0.2");
	}
	assert_int_equal(control_pool_get(addresses, "b", &v4, &v6), -ENOSPC);
	assert_int_equal(control_pool_get(addresses, "a", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.2");
	control_pool_free(addresses);
	/* not fixed, it is what others get last */
	addresses = pool_of("a,10.8.0.2\n", false, 0);
	assert_int_equal(control_pool_get(addresses, "b", &v4, &v6), 0);
	assert_string_equal(net_ip_format(&v4, text), "10.8.0.3");
	control_pool_free(addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pool_large),
		cmocka_unit_test(test_pool_order),
		cmocka_unit_test(test_pool_file),
		cmocka_unit_test(test_pool_range),
		cmocka_unit_test(test_pool_small6),
		cmocka_unit_test(test_pool_net30),
		cmocka_unit_test(test_pool_fixed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
