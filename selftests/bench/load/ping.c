// SPDX-License-Identifier: GPL-2.0-or-later
/* One client that sends an ICMP echo request each millisecond. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "load.h"

#define PAYLOAD		56u
#define ID		0x6f76
#define WAIT_MS		1000	/* later than this it is lost */
#define COUNT_MAX	65536u

/**
 * struct pinger - its client and the times of its packets
 * @sent, @rtt: ns, by sequence number; 0: not (yet)
 */
struct pinger {
	struct load *load;
	struct load_client *client;
	int fd;
	struct loop_io *tick;
	struct loop_timer *end;
	unsigned int count, n_sent;
	uint64_t *sent, *rtt;
};

static struct pinger *pinger_of_load;

static uint16_t sum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t acc = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		acc += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return htons((uint16_t)~acc);
}

/* The server is the first host of the network that the client is in. */
static void ping_send(struct pinger *pinger)
{
	uint8_t pkt[sizeof(struct iphdr) + sizeof(struct icmphdr) + PAYLOAD];
	struct icmphdr icmp = { .type = ICMP_ECHO };
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP,
		.tot_len = htons(sizeof(pkt)),
		.saddr = pinger->client->vpn4.s_addr,
		.daddr = htonl((ntohl(pinger->client->vpn4.s_addr) &
				0xffff0000u) | 1),
	};

	memset(pkt, 0, sizeof(pkt));
	icmp.un.echo.id = htons(ID);
	icmp.un.echo.sequence = htons((uint16_t)pinger->n_sent);
	ip.check = sum(&ip, sizeof(ip));
	memcpy(pkt, &ip, sizeof(ip));
	memcpy(pkt + sizeof(ip), &icmp, sizeof(icmp));
	icmp.checksum = sum(pkt + sizeof(ip), sizeof(pkt) - sizeof(ip));
	memcpy(pkt + sizeof(ip), &icmp, sizeof(icmp));
	pinger->sent[pinger->n_sent++] = load_now_ns();
	load_data_send(pinger->client, pkt, sizeof(pkt));
}

static void ping_answer(struct load_client *client, const uint8_t *pkt,
			size_t len)
{
	struct pinger *pinger = pinger_of_load;
	struct icmphdr icmp;
	uint16_t seq;

	(void)client;
	if (len < sizeof(struct iphdr) + sizeof(icmp) ||
	    pkt[9] != IPPROTO_ICMP)
		return;
	memcpy(&icmp, pkt + sizeof(struct iphdr), sizeof(icmp));
	seq = ntohs(icmp.un.echo.sequence);
	if (icmp.type == ICMP_ECHOREPLY && icmp.un.echo.id == htons(ID) &&
	    seq < pinger->n_sent && !pinger->rtt[seq])
		pinger->rtt[seq] = load_now_ns() - pinger->sent[seq];
}

static void ping_tick(struct loop_io *io, unsigned int events, void *arg)
{
	struct pinger *pinger = arg;
	uint64_t n = 0;

	(void)events;
	if (read(pinger->fd, &n, sizeof(n)) != sizeof(n))
		return;
	/* what was missed is made up for: a gap must not hide a delay */
	while (n-- && pinger->n_sent < pinger->count)
		ping_send(pinger);
	if (pinger->n_sent < pinger->count)
		return;
	loop_io_set(io, 0);
	loop_timer_start(pinger->end, WAIT_MS);
}

static void ping_end(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(((struct pinger *)arg)->load->loop);
}

static void ping_event(struct load_client *client)
{
	struct pinger *pinger = pinger_of_load;
	const struct itimerspec each_ms = {
		.it_interval.tv_nsec = 1000000,
		.it_value.tv_nsec = 200000000,
	};

	if (client->state != LOAD_STATE_UP)
		load_die("the pinging client cannot connect");
	timerfd_settime(pinger->fd, 0, &each_ms, NULL);
}

static void ping_report(const struct pinger *pinger)
{
	double *us = calloc(pinger->count, sizeof(*us));
	unsigned int n_lost = 0;

	if (!us)
		load_die("out of memory");
	for (unsigned int i = 0; i < pinger->count; i++) {
		n_lost += !pinger->rtt[i];
		us[i] = pinger->rtt[i] ? (double)pinger->rtt[i] / 1e3 :
					 WAIT_MS * 1e3;
	}
	load_result("median", load_quantile(us, pinger->count, 0.5), "us");
	load_result("p99", load_quantile(us, pinger->count, 0.99), "us");
	load_result("p999", load_quantile(us, pinger->count, 0.999), "us");
	load_result("max", us[pinger->count - 1], "us");
	load_result("lost", n_lost, "packets");
	free(us);
}

/**
 * load_ping() - round-trip times through a tunnel
 * @load: its server
 * @count: of packets, one each millisecond
 *
 * Return: 0.
 */
int load_ping(struct load *load, unsigned int count)
{
	struct pinger pinger = { .load = load, .count = count };

	if (!count || count > COUNT_MAX)
		load_die("1 to %u pings can be sent", COUNT_MAX);
	pinger.sent = calloc(count, sizeof(*pinger.sent));
	pinger.rtt = calloc(count, sizeof(*pinger.rtt));
	pinger.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	pinger.end = loop_timer_new(load->loop, ping_end, &pinger);
	pinger.tick = loop_io_new(load->loop, pinger.fd, LOOP_READABLE,
				  ping_tick, &pinger);
	if (!pinger.sent || !pinger.rtt || !pinger.end || !pinger.tick)
		load_die("out of memory");
	pinger_of_load = &pinger;
	load->on_event = ping_event;
	load->on_data = ping_answer;
	pinger.client = load_client_new(load);
	loop_run(load->loop);
	ping_report(&pinger);
	load_client_free(pinger.client);
	loop_io_free(pinger.tick);
	loop_timer_free(pinger.end);
	close(pinger.fd);
	free(pinger.sent);
	free(pinger.rtt);
	return 0;
}
