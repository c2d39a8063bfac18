// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reliability layer under any sequence of calls: the input is a program of
 * four-byte steps. The claims are those that callers rely on.
 */
#include <errno.h>

#include "fuzz.h"
#include "reliable/reliable.h"

struct machine {
	struct reliable *rel;
	uint64_t now;
	uint32_t n_sent;	/* ids transmitted at least once */
	uint32_t n_queued;
	uint32_t n_delivered;
};

static void step_send(struct machine *m, uint8_t arg)
{
	static const uint8_t payload[PROTO_CONTROL_MAX + 1];
	size_t len = arg == 255 ? sizeof(payload) : arg;
	bool has_room = reliable_can_send(m->rel);
	int ret = reliable_send(m->rel, PROTO_CONTROL_V1, payload, len, m->now);

	FUZZ_CHECK(ret == (len > PROTO_CONTROL_MAX ? -EMSGSIZE :
			   has_room ? 0 : -EAGAIN));
	m->n_queued += !ret;
	FUZZ_CHECK(ret || reliable_deadline(m->rel) <= m->now);
}

static void step_transmit(struct machine *m)
{
	struct reliable_packet pkt;
	unsigned int n = 0;

	while (reliable_next_due(m->rel, m->now, &pkt)) {
		FUZZ_CHECK(pkt.id <= m->n_sent && pkt.id < m->n_queued);
		m->n_sent += pkt.id == m->n_sent;
		FUZZ_CHECK(++n <= RELIABLE_SEND_WINDOW);
	}
	FUZZ_CHECK(reliable_deadline(m->rel) > m->now);
}

static void step_acks(struct machine *m, const uint8_t *arg)
{
	uint32_t base = m->n_sent > 8 ? m->n_sent - 8 : 0;
	uint32_t acks[2] = { base + arg[0] % 12, base + arg[1] % 12 };
	bool is_forged = acks[0] >= m->n_sent || acks[1] >= m->n_sent;
	bool was_acked = reliable_is_acked(m->rel);
	int ret = reliable_input_acks(m->rel, acks, 2, m->now);

	FUZZ_CHECK(ret == (is_forged ? -EBADMSG : 0));
	FUZZ_CHECK(!ret || reliable_is_acked(m->rel) == was_acked);
}

static void step_input(struct machine *m, uint8_t arg)
{
	uint32_t id = m->n_delivered + (uint32_t)arg - 20;
	uint8_t payload = (uint8_t)id;
	int ret = reliable_input(m->rel, id, &payload, 1);

	if (arg < 20)
		FUZZ_CHECK(ret == (id < m->n_delivered ? -EALREADY : -ERANGE));
	else if (arg >= 20 + RELIABLE_RECV_WINDOW)
		FUZZ_CHECK(ret == -ERANGE);
	else
		FUZZ_CHECK(ret == 0 || ret == -EALREADY);
}

static void step_deliver(struct machine *m)
{
	const uint8_t *payload;
	size_t len;

	while (reliable_deliver(m->rel, &payload, &len)) {
		FUZZ_CHECK(len == 1 && payload[0] == (uint8_t)m->n_delivered);
		m->n_delivered++;
	}
}

static void step_take_acks(struct machine *m, uint8_t arg)
{
	size_t max = arg % (PROTO_ACK_MAX + 1);
	uint32_t acks[PROTO_ACK_MAX];
	size_t room = reliable_ack_room(m->rel, max);
	bool has_acks = reliable_has_acks(m->rel);
	size_t i, n = reliable_take_acks(m->rel, acks, max);

	FUZZ_CHECK(n == room && n <= max);
	FUZZ_CHECK(!has_acks || !max || n);
	for (i = 0; i < n; i++)
		FUZZ_CHECK(acks[i] < m->n_delivered + RELIABLE_RECV_WINDOW);
}

static void step(struct machine *m, const uint8_t *arg)
{
	switch (arg[0] % 8) {
	case 0:
		step_send(m, arg[1]);
		break;
	case 1:
		step_transmit(m);
		break;
	case 2:
		step_acks(m, arg + 1);
		break;
	case 3:
		step_input(m, arg[1]);
		break;
	case 4:
		step_deliver(m);
		break;
	case 5:
		step_take_acks(m, arg[1]);
		break;
	case 6:
		m->now += (uint64_t)arg[1] << arg[2] % 16;
		break;
	case 7:
		reliable_schedule_now(m->rel, m->now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine m = { .now = 1 };

	if (size < 4)
		return 0;
	m.rel = reliable_new(data[0] * 16u, data[1] * 256u);
	FUZZ_CHECK(m.rel);
	if (data[2] & 1) {
		reliable_skip_reset(m.rel);
		m.n_queued = m.n_sent = m.n_delivered = 1;
	}
	for (; size >= 8; size -= 4, data += 4)
		step(&m, data + 4);
	reliable_free(m.rel);
	return 0;
}
