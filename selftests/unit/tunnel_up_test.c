// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that is connected, and what it does about names then. Both ends are
 * hosts of the test; the resolver is the test's, too.
 *
 *	host (client) --- each packet waits for a turn of the loop --- server
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel/client.h"
#include "tunnel_rig.h"
#include "tunnel_run.h"

static struct tunnel_host *server;
static struct config *server_cfg;
static unsigned int n_flights;
static bool is_cut;	/* no packet arrives */
static const char *server_at;	/* where the server's packets come from */
static union net_addr client_to;	/* where the client's went last */

/* ---- between the two -------------------------------------------------- */

struct flight {
	struct loop_timer *timer;
	bool is_to_server;
	uint8_t data[PROTO_PACKET_MAX];
	size_t len;
};

static union net_addr address(const char *ip, uint16_t port)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse(ip, port, &addr), 0);
	return addr;
}

static void land(struct loop_timer *timer, void *arg)
{
	const union net_addr at_server = address(server_at, 1194);
	const union net_addr at_client = address("192.0.2.2", 4000);
	struct flight *flight = arg;

	(void)timer;
	n_flights--;
	if (is_cut)
		;
	else if (flight->is_to_server)
		tunnel_host_input(server, flight->data, flight->len,
				  &(struct tunnel_way){ &at_client, &at_server,
							0 });
	else
		tunnel_host_input(host, flight->data, flight->len,
				  &(struct tunnel_way){ &at_server, &at_client,
							0 });
	loop_timer_free(flight->timer);
	free(flight);
}

static int pair_send(void *arg, const struct tunnel_way *way,
		     const uint8_t *pkt, size_t len)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	if (arg == &server)
		client_to = *way->remote;
	assert_true(len <= sizeof(flight->data));
	memcpy(flight->data, pkt, len);
	flight->len = len;
	flight->is_to_server = arg == &server;
	flight->timer = loop_timer_new(loop, land, flight);
	n_flights++;
	loop_timer_start(flight->timer, 0);
	return 0;
}

static int pair_open(void *arg, const union net_addr *remote)
{
	(void)arg;
	(void)remote;
	return 0;
}

static void pair_close(void *arg)
{
	(void)arg;
}

/* ---- the resolver ------------------------------------------------------ */

/* @n_asked: for any name; @is_slow: "slow.test" has no answer */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned int n_asked;
	bool is_slow;
} names = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .wake = PTHREAD_COND_INITIALIZER };

static void names_set_slow(bool is_slow)
{
	pthread_mutex_lock(&names.lock);
	names.is_slow = is_slow;
	pthread_cond_broadcast(&names.wake);
	pthread_mutex_unlock(&names.lock);
}

static unsigned int names_asked(void)
{
	unsigned int n;

	pthread_mutex_lock(&names.lock);
	n = names.n_asked;
	pthread_mutex_unlock(&names.lock);
	return n;
}

/* In place of the C library's. */
int getaddrinfo(const char *name, const char *port,
		const struct addrinfo *hints, struct addrinfo **out)
{
	bool is_server = !strcmp(name, "server.test");
	struct addrinfo *list = calloc(1, sizeof(*list));
	union net_addr *addr = calloc(1, sizeof(*addr));

	(void)hints;
	(void)port;
	pthread_mutex_lock(&names.lock);
	names.n_asked++;
	while (names.is_slow && !strcmp(name, "slow.test"))
		pthread_cond_wait(&names.wake, &names.lock);
	pthread_mutex_unlock(&names.lock);
	net_addr_parse(is_server ? "192.0.2.1" : "198.51.100.7", 1194, addr);
	list->ai_family = AF_INET;
	list->ai_addr = &addr->sa;
	list->ai_addrlen = sizeof(addr->in4);
	*out = list;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	free(list->ai_addr);
	free(list);
}

/* ---- life of the two --------------------------------------------------- */

static char *server_text(const char *more)
{
	const struct pki_spec spec = {
		.cn = "server", .key_usage = "digitalSignature",
		.ext_usage = "serverAuth", .serial = 3,
	};
	struct pki_cert cert = pki_make(&spec, &rig_ca);
	char *text;

	assert_true(asprintf(&text,
		"dev tun\nserver 10.8.0.0 255.255.255.0\ntopology subnet\n"
		"dh none\nverb 0\ndata-path user\n%s\n"
		"<ca>\n%s</ca>\n<cert>\n%s</cert>\n<key>\n%s</key>\n", more,
		rig_ca.cert_pem, cert.cert_pem, cert.key_pem) > 0);
	pki_free(&cert);
	return text;
}

static void server_begin(const char *more)
{
	char *text = server_text(more), err[512] = "";
	struct tunnel_host_setup setup = {
		.loop = loop, .priv = priv,
		.outer = { .send = pair_send, .fd = outer_fd },
	};

	if (config_parse("server", text, strlen(text), false, &server_cfg, err,
			 sizeof(err)))
		fail_msg("%s", err);
	free(text);
	setup.cfg = server_cfg;
	if (tunnel_host_new(&setup, &server, err, sizeof(err)) ||
	    tunnel_host_start(server, err, sizeof(err)))
		fail_msg("%s", err);
}

/* @client, @at_server: their lines */
#define CLIENT "client\nremote server.test 1194\nconnect-retry 1\n" \
	"allow-pull-fqdn"

static const char *at_begin;	/* @server_at of the next one; NULL: as usual */

static void start(const char *client, const char *at_server)
{
	const struct tunnel_outer outer = {
		.open = pair_open, .close = pair_close, .send = pair_send,
		.fd = outer_fd, .arg = &server,
	};

	is_cut = false;
	server_at = at_begin ? at_begin : "192.0.2.1";
	at_begin = NULL;
	memset(&client_to, 0, sizeof(client_to));
	names.n_asked = 0;
	names_set_slow(false);
	begin_config(config_text_as(CLIENT, "clientAuth", client));
	rig_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(rig_fd >= 0);
	server_begin(at_server);
	begin_host(&outer);
}

static void stop(void)
{
	names_set_slow(false);
	is_cut = true;
	tunnel_host_free(host);
	tunnel_host_free(server);
	run_until(!n_flights);
	close(rig_fd);
	rig_fd = -1;
	end_config();
	config_free(server_cfg);
}

static bool is_connected(void)
{
	return host->client->state == CLIENT_STATE_CONNECTED;
}

/* Return: the route to this name that is in force; NULL: there is none */
static const struct config_route *route_to(const char *name)
{
	const struct config_route *route = host->client->applied->routes;

	while (route && (!route->host || strcmp(route->host, name)))
		route = route->next;
	return route;
}

static bool leads_somewhere(const char *name)
{
	const struct config_route *route = route_to(name);

	assert_non_null(route);
	return route->is_host_known &&
	       route->dst.ip.in4.s_addr == inet_addr("198.51.100.7");
}

/* ---- names of routes ----------------------------------------------------- */

/*
 * The second name is not answered. The client does not ask for what it has got
 * already, nor end over that; when the names have had their time, it goes on.
 */
static void test_slow_name(void **state)
{
	struct tunnel *tunnel;

	(void)state;
	start("", "push \"route fast.test\"\npush \"route slow.test\"");
	names_set_slow(true);
	run_until(names_asked() == 3);
	tunnel = host->client->tunnel;
	assert_int_equal(tunnel->state, TUNNEL_STATE_AUTHENTICATED);
	assert_in_range(tunnel->deadline - loop_now(loop), 15000, 20000);
	host->client->push_deadline = loop_now(loop);
	tunnel_set_deadline(tunnel, loop_now(loop));
	run_until(tunnel->state != TUNNEL_STATE_AUTHENTICATED);
	assert_true(is_connected());
	assert_true(leads_somewhere("fast.test"));
	assert_false(route_to("slow.test")->is_host_known);
	stop();
}

/* The remote is found meanwhile. */
static void test_slow_name_of_before(void **state)
{
	struct tunnel *tunnel;

	(void)state;
	start("", "push \"route slow.test\"");
	names_set_slow(true);
	run_until(names_asked() == 2);
	tunnel_host_restart(host, "test");
	run_until(names_asked() == 3);
	run_until(host->client->state == CLIENT_STATE_GET_CONFIG);
	tunnel = host->client->tunnel;
	run_until(host->client->names);
	/* that of before has the resolver's thread, and nobody waits for it */
	names_set_slow(false);
	run_until(is_connected());
	assert_ptr_equal(host->client->tunnel, tunnel);
	assert_true(leads_somewhere("slow.test"));
	stop();
}

static void push(const char *options)
{
	const struct tunnel_push push = { .options = options };
	struct tunnel_push_result result;
	char err[256] = "";

	if (tunnel_host_push(server, &push, &result, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(result.n_sent, 1);
}

/* Routes to names stay; only names that are new are looked up. */
static void test_push_update(void **state)
{
	(void)state;
	start("route fast.test", "push \"route 10.91.0.0 255.255.0.0\"");
	run_until(is_connected());
	assert_int_equal(names_asked(), 2);
	push("tun-mtu 1400");
	run_until(host->client->applied->tun_mtu == 1400);
	assert_true(leads_somewhere("fast.test"));
	assert_int_equal(names_asked(), 2);
	push("route slow.test");
	run_until(route_to("slow.test"));
	assert_true(leads_somewhere("slow.test"));
	assert_true(leads_somewhere("fast.test"));
	assert_int_equal(names_asked(), 3);
	/* another one, while the name of the one before is looked up */
	push("-route");
	run_until(!route_to("slow.test"));
	names_set_slow(true);
	push("route slow.test");
	run_until(host->client->names);
	push("tun-mtu 1300");
	run_until(names_asked() == 4);
	names_set_slow(false);
	run_until(host->client->applied->tun_mtu == 1300);
	assert_true(leads_somewhere("slow.test"));
	assert_true(is_connected());
	stop();
}

/* SIGTERM while a name server does not answer about the remote. */
static void test_stop_while_resolving(void **state)
{
	uint64_t begun;

	(void)state;
	start("remote slow.test 1194", "");
	run_until(is_connected());
	names_set_slow(true);
	tunnel_client_next_remote(host);
	tunnel_host_restart(host, "test");
	run_until(names_asked() == 2);
	begun = loop_now(loop);
	tunnel_host_free(host);
	host = NULL;
	run_for(1);
	assert_in_range(loop_now(loop) - begun, 0, 20000);
	/* its thread has nothing of the client's any more */
	names_set_slow(false);
	run_for(50);
	stop();
}

/* ---- a server that is elsewhere ------------------------------------------ */

static bool is_at(const char *ip)
{
	const union net_addr addr = address(ip, 1194);

	return net_addr_is_equal(&host->client->tunnel->remote, &addr) &&
	       net_addr_is_equal(&client_to, &addr);
}

/* What anybody can send, from anywhere. */
static void forge(const char *from)
{
	const union net_addr remote = address(from, 1194);
	const union net_addr local = address("192.0.2.2", 4000);
	uint8_t pkt[PROTO_HEAD_LEN + 5] = {
		proto_opcode_byte(PROTO_CONTROL_V1, 0), 1, 2, 3,
	};

	tunnel_host_input(host, pkt, sizeof(pkt),
			  &(struct tunnel_way){ &remote, &local, 0 });
}

static void renegotiates(void)
{
	struct tunnel *at_server = server->reg.by_id[0];
	struct control_session *here = host->client->tunnel->active->control;
	uint8_t before = control_session_key_id(here);

	run_until(!control_session_renegotiate(at_server->active->control));
	run_until(control_session_key_id(here) != before &&
		  control_session_state(here) == CONTROL_STATE_GENERATED_KEYS);
}

/* float: its first answer comes from another address, and later ones, too. */
static void test_float(void **state)
{
	(void)state;
	at_begin = "192.0.2.9";
	start("float", "");
	run_until(is_connected());
	assert_true(is_at("192.0.2.9"));
	forge("192.0.2.66");
	assert_true(is_at("192.0.2.9"));
	server_at = "192.0.2.10";
	renegotiates();
	assert_true(is_at("192.0.2.10"));
	assert_true(is_connected());
	stop();
}

static void test_no_float(void **state)
{
	(void)state;
	at_begin = "192.0.2.9";
	start("", "");
	run_until(client_to.sa.sa_family == AF_INET);
	run_for(500);
	assert_false(host->client->has_answer);
	stop();
}

/* ---- who logs in --------------------------------------------------------- */

static void says(const char *text)
{
	struct tunnel *tunnel = server->reg.by_id[0];

	assert_int_equal(control_session_send(tunnel->active->control, text),
			 0);
}

/* What the client says of itself in a key exchange. */
static struct proto_km2 own_km2(void)
{
	struct proto_km2 km2 = { 0 };

	assert_int_equal(host->role->own_km2(host->client->tunnel->active,
					     &km2), 0);
	return km2;
}

static void come_again(void)
{
	unsigned int before = names_asked();

	tunnel_host_restart(host, "test");
	run_until(names_asked() > before);
	run_until(host->client->tunnel && host->client->tunnel->active);
}

/* A token brings its name along, also where there was no login before. */
static void test_token_user(void **state)
{
	(void)state;
	start("", "push \"auth-token XYZ\"\n"
		  "push \"auth-token-user Ym9i\"");
	run_until(is_connected());
	push("tun-mtu 1400");
	run_until(host->client->applied->tun_mtu == 1400);
	assert_string_equal(own_km2().username, "bob");
	assert_string_equal(own_km2().password, "XYZ");
	/* the next ones, which no name of the kind spoils */
	says("PUSH_REPLY,auth-token ABC,auth-token-user YWxpY2U=");
	says("PUSH_REPLY,auth-token-user !,auth-token-user AA==");
	says("PUSH_REPLY,auth-token DEF");
	run_until(!strcmp(own_km2().password, "DEF"));
	assert_string_equal(own_km2().username, "alice");
	come_again();
	assert_string_equal(own_km2().username, "alice");
	run_until(is_connected());
	says("AUTH_FAILED");
	run_until(!is_connected());
	run_until(is_connected() || host->client->tunnel);
	assert_null(own_km2().username);
	assert_null(own_km2().password);
	stop();
}

/* Without a name it is the user's who has logged in. */
static void test_token_alone(void **state)
{
	(void)state;
	start("<auth-user-pass>\ncarol\nsecret\n</auth-user-pass>",
	      "push \"auth-token XYZ\"");
	run_until(is_connected());
	assert_string_equal(own_km2().username, "carol");
	assert_string_equal(own_km2().password, "XYZ");
	stop();
}

static unsigned int n_needed;

static void need_login(void *arg)
{
	(void)arg;
	n_needed++;
}

/* RESTART asks for the password anew, RESTART,[P] does not (section 8.10). */
static void restarts(const char *at_server, const char *text, bool is_asked)
{
	static const struct tunnel_watch watch = { .need_login = need_login };

	n_needed = 0;
	start("management /tmp/ovpn-up.sock unix\n"
	      "management-query-passwords\nauth-user-pass", at_server);
	tunnel_host_watch(host, &watch, NULL);
	run_until(host->client->is_asking);
	tunnel_host_login(host, "alice", "secret");
	run_until(is_connected());
	says(text);
	run_until(!is_connected());
	if (is_asked) {
		run_until(n_needed == 1);
		assert_string_equal(host->client->password, "");
		tunnel_host_login(host, "alice", "secret");
	}
	run_until(is_connected());
	assert_int_equal(n_needed, is_asked);
	stop();
}

static void test_restart_forgets_password(void **state)
{
	(void)state;
	restarts("", "RESTART", true);
	restarts("", "RESTART,[N]", true);
	restarts("", "RESTART,[P]", false);
	restarts("", "RESTART,[NP]again", false);
	/* nobody needs it */
	restarts("push \"auth-token XYZ\"", "RESTART", false);
}

/* AUTH_PENDING may say for how long (section 8.8). */
static void test_abilities(void **state)
{
	const char *at;

	(void)state;
	start("", "");
	run_until(is_connected());
	at = strstr(own_km2().peer_info, "IV_PROTO=");
	assert_non_null(at);
	assert_true(strtoul(at + 9, NULL, 10) & 16);
	stop();
}

/* ---- name servers -------------------------------------------------------- */

/*
 * dns-updown: writes down what it is called for, and may fail. Its process is
 * forked before there is any loop, as the daemon does.
 */
static struct updown {
	char dir[32], *lines;
	struct hook *hook;
} updowns[3], *updown;

/* @more: what else is in the configuration */
static void updown_make(struct updown *made, const char *more)
{
	char path[64], err[512] = "", *text;
	struct config *parsed;
	FILE *file;

	strcpy(made->dir, "/tmp/ovpn-up.XXXXXX");
	assert_non_null(mkdtemp(made->dir));
	snprintf(path, sizeof(path), "%s/script", made->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\necho \"$script_type\" >>%s/log\n"
		"test \"$script_type\" = dns-down || test ! -e %s/fail\n",
		made->dir, made->dir);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(asprintf(&made->lines, "script-security 2\n"
			     "dns-updown %s\n%s", path, more) > 0);
	text = config_text_as(CLIENT, "clientAuth", made->lines);
	if (config_parse("test", text, strlen(text), false, &parsed, err,
			 sizeof(err)) ||
	    tunnel_hook_start(parsed, &made->hook, err, sizeof(err)))
		fail_msg("%s", err);
	config_free(parsed);
	pki_free(&rig_ca);
	free(text);
}

/* In this order; each test uses up one. */
static int updowns_make(void **state)
{
	char text[16000] = "";
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"dhcp-option DOMAIN-SEARCH %060u.%060u.%060u\n",
					i, i, i);
	updown_make(&updowns[0], "");
	updown_make(&updowns[1], "");
	updown_make(&updowns[2], text);
	updown = updowns;
	return 0;
}

static int updowns_free(void **state)
{
	char command[128];

	(void)state;
	for (size_t i = 0; i < sizeof(updowns) / sizeof(*updowns); i++) {
		snprintf(command, sizeof(command), "rm -rf %.31s",
			 updowns[i].dir);
		assert_int_equal(system(command), 0);
		free(updowns[i].lines);
	}
	return 0;
}

static void updown_start(void)
{
	rig_hook_ready = updown->hook;
	start(updown->lines, "push \"dhcp-option DNS 10.8.0.1\"");
}

static void updown_stop(void)
{
	stop();
	updown++;
}

static bool updown_was(const char *want)
{
	char path[64], text[256] = "";
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/log", updown->dir);
	file = fopen(path, "r");
	if (!file)
		return !want[0];
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return !strcmp(text, want);
}

/* They lie in the tunnel: without it, nobody could tell where the server is. */
static void test_name_servers_of_a_dead_tunnel(void **state)
{
	(void)state;
	updown_start();
	run_until(is_connected());
	run_until(updown_was("dns-up\n"));
	tunnel_host_restart(host, "test");
	assert_null(host->names);
	run_until(updown_was("dns-up\ndns-down\n"));
	run_until(is_connected());
	assert_non_null(host->names);
	run_until(updown_was("dns-up\ndns-down\ndns-up\n"));
	updown_stop();
}

static void updown_fail(bool is_failing)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/fail", updown->dir);
	if (!is_failing) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* What could not be set is tried again, and is not what is there. */
static void test_name_servers_again(void **state)
{
	(void)state;
	updown_fail(true);
	updown_start();
	run_until(is_connected());
	run_until(updown_was("dns-up\ndns-down\n"));
	assert_null(host->names);
	updown_fail(false);
	push("tun-mtu 1400");
	run_until(updown_was("dns-up\ndns-down\ndns-up\n"));
	run_for(100);
	assert_non_null(host->names);
	/* the same again */
	push("tun-mtu 1300");
	run_until(host->client->applied->tun_mtu == 1300);
	run_for(100);
	assert_true(updown_was("dns-up\ndns-down\ndns-up\n"));
	updown_stop();
}

/* Beside many domains, another address is another configuration. */
static void test_name_servers_that_are_long(void **state)
{
	(void)state;
	updown_start();
	run_until(is_connected());
	run_until(updown_was("dns-up\n"));
	push("dhcp-option DNS 10.8.0.2");
	run_until(updown_was("dns-up\ndns-down\ndns-up\n"));
	updown_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_name),
		cmocka_unit_test(test_slow_name_of_before),
		cmocka_unit_test(test_push_update),
		cmocka_unit_test(test_stop_while_resolving),
		cmocka_unit_test(test_float),
		cmocka_unit_test(test_no_float),
		cmocka_unit_test(test_token_user),
		cmocka_unit_test(test_token_alone),
		cmocka_unit_test(test_restart_forgets_password),
		cmocka_unit_test(test_abilities),
		cmocka_unit_test(test_name_servers_of_a_dead_tunnel),
		cmocka_unit_test(test_name_servers_again),
		cmocka_unit_test(test_name_servers_that_are_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, updowns_make, updowns_free);
}
