// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of a session: in through the wrapping, out with acks on board. */
#include <errno.h>
#include <string.h>

#include "control/private.h"
#include "log/log.h"

/* IPv6 and UDP; TCP is sized alike (section 1.8). */
#define OUTER_HEADERS	(40u + 8u)
#define ACKS_LEN(n)	(1u + 4u * (n) + PROTO_SID_LEN)
#define ID_LEN		4u
#define PAYLOAD_MIN	16u

/* At most this many packets leave per wake-up: both windows and an ack. */
#define BURST_MAX	(RELIABLE_SEND_WINDOW + 1)

/* Does the client's wrapped key follow such a packet (section 2.3)? */
static bool has_wkc(enum proto_opcode op)
{
	return op == PROTO_CONTROL_HARD_RESET_CLIENT_V3 ||
	       op == PROTO_CONTROL_WKC_V1;
}

/**
 * control_payload_max() - TLS bytes that fit into one packet
 * @session: gives the wrapping
 * @op: of the packet
 *
 * Room is left for a full set of acks, whatever this packet will carry.
 *
 * Return: bytes.
 */
size_t control_payload_max(const struct control_session *session,
			   enum proto_opcode op)
{
	size_t overhead = PROTO_HEAD_LEN + ACKS_LEN(PROTO_ACK_PIGGYBACK_MAX) +
			  ID_LEN + OUTER_HEADERS;
	size_t max = session->env->max_packet_size;
	size_t wrap = wrap_overhead(session->wrap);

	/* of later keys, which may be the longer one */
	if (session->dyn && wrap_overhead(session->dyn) > wrap)
		wrap = wrap_overhead(session->dyn);
	overhead += wrap;
	if (has_wkc(op) && session->env->v2)
		overhead += session->env->v2->wkc_len;
	max = max > overhead + PAYLOAD_MIN ? max - overhead : PAYLOAD_MIN;
	return max < PROTO_CONTROL_MAX ? max : PROTO_CONTROL_MAX;
}

static int append_wkc(const struct control_env *env, uint8_t *wire,
		      size_t *len)
{
	const struct wrap_v2_client *v2 = env->v2;

	/* the configuration may have changed since the session began */
	if (!v2)
		return -ENOKEY;
	if (*len + v2->wkc_len > PROTO_PACKET_MAX)
		return -EMSGSIZE;
	memcpy(wire + *len, v2->wkc, v2->wkc_len);
	*len += v2->wkc_len;
	return 0;
}

static int packet_send(struct control_session *session,
		       struct control_key *key, struct proto_control *pkt)
{
	const struct control_env *env = session->env;
	bool is_dyn = session->dyn && pkt->key_id;
	uint8_t head[PROTO_HEAD_LEN], body[PROTO_PACKET_MAX];
	uint8_t wire[PROTO_PACKET_MAX];
	size_t len;
	int ret;

	pkt->key_id = key->key_id;
	pkt->sid = session->local;
	pkt->remote_sid = session->remote;
	proto_control_head(pkt, head);
	ret = proto_control_body(pkt, body, sizeof(body), &len);
	if (!ret)
		ret = wrap_seal(is_dyn ? session->dyn : session->wrap,
				is_dyn ? &session->dyn_tx : &session->tx,
				env->realtime(), head, body, len, wire,
				sizeof(wire), &len);
	if (!ret && has_wkc(pkt->op))
		ret = append_wkc(env, wire, &len);
	if (!ret)
		ret = env->ops->send(session->arg, session, wire, len);
	return ret;
}

static void take_acks(struct control_session *session,
		      struct control_key *key, struct proto_control *pkt,
		      size_t max)
{
	/* an ack array needs the peer's session id beside it */
	if (!session->has_remote)
		return;
	pkt->n_acks = (uint8_t)reliable_take_acks(key->rel, pkt->acks, max);
}

/**
 * control_transmit() - send what is due, and acks that found no packet
 * @session: the session
 * @now: ms
 *
 * A packet that cannot be sent counts as lost: retransmission is the answer.
 *
 * Return: 0, or the last error.
 */
int control_transmit(struct control_session *session, uint64_t now)
{
	struct control_key *key = session->key;
	struct reliable_packet out;
	unsigned int n = 0;
	int ret = 0;

	while (n++ < BURST_MAX && reliable_next_due(key->rel, now, &out)) {
		struct proto_control pkt = {
			.op = out.op,
			.key_id = key->key_id,
			.id = out.id,
			.payload = out.payload,
			.payload_len = out.len,
		};

		take_acks(session, key, &pkt, PROTO_ACK_PIGGYBACK_MAX);
		ret = packet_send(session, key, &pkt);
	}
	if (session->has_remote && reliable_has_acks(key->rel)) {
		struct proto_control pkt = {
			.op = PROTO_ACK_V1,
			.key_id = key->key_id,
		};

		take_acks(session, key, &pkt, PROTO_ACK_MAX);
		ret = packet_send(session, key, &pkt);
	}
	return ret;
}
