// SPDX-License-Identifier: GPL-2.0-or-later
/* As much of the data channel as a client needs (protocol section 7). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"

#define CIPHER		PROTO_CIPHER_AES_256_GCM
#define HEAD_LEN	(4u + PROTO_DATA_PID_LEN)
#define OVERHEAD	(HEAD_LEN + PROTO_AEAD_TAG_LEN)

void load_data_wipe(struct load_client *client)
{
	if (!client->n_keys)
		return;
	userdp_aead_wipe(&client->seal);
	userdp_aead_wipe(&client->open);
}

/**
 * load_data_key() - take the key that has just been agreed on into use
 * @client: sends and receives with it from now on
 *
 * Return: 0 or -errno.
 */
int load_data_key(struct load_client *client)
{
	uint8_t key2[KEYGEN_KEY2_LEN];
	struct keygen_pair pair;
	int ret;

	ret = control_session_key2(client->session, client->is_ekm, key2);
	if (ret)
		return ret;
	load_data_wipe(client);
	keygen_split(key2, CIPHER, false, &pair);
	ret = userdp_aead_init(&client->seal, CIPHER, pair.send.cipher_key,
			       pair.send.nonce_tail, USERDP_AEAD_SEAL);
	if (!ret)
		ret = userdp_aead_init(&client->open, CIPHER,
				       pair.recv.cipher_key,
				       pair.recv.nonce_tail, USERDP_AEAD_OPEN);
	client->key_id = control_session_key_id(client->session);
	client->next_pid = 1;
	client->n_keys++;
	mem_wipe(&pair, sizeof(pair));
	mem_wipe(key2, sizeof(key2));
	return ret;
}

int load_data_send(struct load_client *client, const uint8_t *pkt, size_t len)
{
	uint8_t wire[PROTO_PACKET_MAX];
	struct mem_writer wr;
	int ret;

	if (!client->n_keys || len + OVERHEAD > sizeof(wire))
		return -EINVAL;
	mem_writer_init(&wr, wire, HEAD_LEN);
	mem_write_be32(&wr, (uint32_t)proto_opcode_byte(PROTO_DATA_V2,
							client->key_id) << 24 |
			    client->peer_id);
	mem_write_be32(&wr, client->next_pid++);
	ret = userdp_aead_seal(&client->seal, wire, HEAD_LEN, pkt, len,
			       wire + HEAD_LEN, wire + OVERHEAD);
	if (!ret && send(client->fd, wire, len + OVERHEAD, MSG_DONTWAIT) < 0)
		ret = -errno;
	return ret;
}

void load_data_input(struct load_client *client, const uint8_t *pkt,
		     size_t len)
{
	uint8_t plain[PROTO_PACKET_MAX];

	if (!client->n_keys || len < OVERHEAD || len > sizeof(plain) ||
	    proto_byte_opcode(pkt[0]) != PROTO_DATA_V2 ||
	    proto_byte_key_id(pkt[0]) != client->key_id)
		return;
	if (userdp_aead_open(&client->open, pkt, HEAD_LEN, pkt + OVERHEAD,
			     len - OVERHEAD, pkt + HEAD_LEN, plain))
		return;
	if (client->load->on_data)
		client->load->on_data(client, plain, len - OVERHEAD);
}
