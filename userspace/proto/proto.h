/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes to structs and back: format and content of OpenVPN's packets and
 * control messages. Pure functions, no state, no clock, no allocation; every
 * parser is fuzzed. Multi-byte integers are big endian on the wire.
 */

enum proto_opcode {
	PROTO_CONTROL_HARD_RESET_CLIENT_V1 = 1,
	PROTO_CONTROL_HARD_RESET_SERVER_V1 = 2,
	PROTO_CONTROL_SOFT_RESET_V1 = 3,
	PROTO_CONTROL_V1 = 4,
	PROTO_ACK_V1 = 5,
	PROTO_DATA_V1 = 6,
	PROTO_CONTROL_HARD_RESET_CLIENT_V2 = 7,
	PROTO_CONTROL_HARD_RESET_SERVER_V2 = 8,
	PROTO_DATA_V2 = 9,
	PROTO_CONTROL_HARD_RESET_CLIENT_V3 = 10,
	PROTO_CONTROL_WKC_V1 = 11,
};

#define PROTO_SID_LEN		8
#define PROTO_HEAD_LEN		(1 + PROTO_SID_LEN)	/* opcode, own sid */
#define PROTO_ACK_MAX		8	/* in an ACK_V1, and on receive */
#define PROTO_ACK_PIGGYBACK_MAX	4	/* in a CONTROL packet, on send */
#define PROTO_PEER_ID_NONE	0xffffffu
#define PROTO_CONTROL_MAX	2048	/* largest control payload accepted */
#define PROTO_PACKET_MAX	2048	/* largest wrapped control packet */

struct proto_sid {
	uint8_t b[PROTO_SID_LEN];
};

bool proto_sid_is_zero(const struct proto_sid *sid);
bool proto_sid_is_equal(const struct proto_sid *a, const struct proto_sid *b);

static inline uint8_t proto_opcode_byte(enum proto_opcode op, uint8_t key_id)
{
	return (uint8_t)((unsigned int)op << 3 | (key_id & 7u));
}

static inline unsigned int proto_byte_opcode(uint8_t first)
{
	return first >> 3;
}

static inline uint8_t proto_byte_key_id(uint8_t first)
{
	return first & 7u;
}

/** proto_opcode_is_control() - opcodes 3..5, 7, 8, 10, 11 */
bool proto_opcode_is_control(unsigned int op);
bool proto_opcode_is_hard_reset(unsigned int op);
const char *proto_opcode_name(unsigned int op);

/**
 * struct proto_control - one control packet without its wrapping (section 1.3)
 * @op, @key_id, @sid: the head, in clear on the wire
 * @n_acks: 0..PROTO_ACK_MAX
 * @remote_sid: echoed session id, on the wire only if @n_acks > 0
 * @id: message packet id; absent in ACK_V1
 * @payload: borrowed from the parsed buffer, or from the caller when building
 */
struct proto_control {
	enum proto_opcode op;
	uint8_t key_id;
	struct proto_sid sid;
	uint8_t n_acks;
	uint32_t acks[PROTO_ACK_MAX];
	struct proto_sid remote_sid;
	uint32_t id;
	const uint8_t *payload;
	size_t payload_len;
};

/**
 * proto_control_parse() - head and unwrapped body to a struct
 * @head: PROTO_HEAD_LEN bytes
 *
 * Return: 0, or -EBADMSG (illegal opcode, zero session id, more than 8 acks,
 * truncated).
 */
int proto_control_parse(struct proto_control *pkt, const uint8_t *head,
			const uint8_t *body, size_t len);

/** proto_control_head() - write the PROTO_HEAD_LEN bytes of the head */
void proto_control_head(const struct proto_control *pkt, uint8_t *head);

/**
 * proto_control_body() - write everything behind the head
 * @len: bytes written
 *
 * Return: 0, -EINVAL (too many acks) or -ENOBUFS.
 */
int proto_control_body(const struct proto_control *pkt, uint8_t *body,
		       size_t cap, size_t *len);

/* early negotiation, in the first packet of a server (section 2.4) */

enum proto_early {
	PROTO_EARLY_RESEND_WKC = 1,
};

/**
 * proto_early_parse() - flags in the payload of a server's reset
 * @payload: may be empty, which says nothing
 * @flags: of enum proto_early
 *
 * Return: 0 or -EBADMSG.
 */
int proto_early_parse(const uint8_t *payload, size_t len, uint16_t *flags);

#define PROTO_EARLY_LEN 6

/** proto_early_build() - PROTO_EARLY_LEN bytes that say @flags */
void proto_early_build(uint16_t flags, uint8_t *out);

/* records of a stream transport (section 1.1): packets behind their lengths */

#define PROTO_RECORD_PREFIX	2
#define PROTO_RECORD_MAX	(PROTO_RECORD_PREFIX + 0xffff)

/**
 * proto_record_next() - the record at the front of what has come
 * @data, @len: bytes of a stream, from the beginning of a record on
 * @max: longest packet that is accepted
 * @size: the record's size with its prefix, which the packet follows
 *
 * Return: 0 when the record is whole; -EAGAIN when @size bytes have to be there
 * before more can be said; -EBADMSG: no packet has this length, and where the
 * next record begins is unknown.
 */
int proto_record_next(const uint8_t *data, size_t len, size_t max,
		      size_t *size);

/** proto_record_prefix() - what goes in front of a packet of @pkt_len bytes */
void proto_record_prefix(size_t pkt_len, uint8_t out[PROTO_RECORD_PREFIX]);

/** enum proto_stream - whose stream it is, by its first bytes */
enum proto_stream {
	PROTO_STREAM_UNKNOWN,	/* more has to come */
	PROTO_STREAM_OPENVPN,	/* perhaps */
	PROTO_STREAM_FOREIGN,
};

/** proto_record_stream() - may this be the beginning of a client's stream? */
enum proto_stream proto_record_stream(const uint8_t *data, size_t len);

/* data channel (section 7) */

#define PROTO_DATA_V2_HEAD_LEN	4
#define PROTO_DATA_PID_LEN	4
#define PROTO_AEAD_TAG_LEN	16
#define PROTO_AEAD_NONCE_LEN	12
#define PROTO_NONCE_TAIL_LEN	8
#define PROTO_PING_LEN		16
#define PROTO_OCC_MAGIC_LEN	16

extern const uint8_t proto_ping[PROTO_PING_LEN];
extern const uint8_t proto_occ_magic[PROTO_OCC_MAGIC_LEN];

enum proto_occ_op {
	PROTO_OCC_REQUEST = 0,
	PROTO_OCC_REPLY = 1,
	PROTO_OCC_MTU_LOAD_REQUEST = 2,
	PROTO_OCC_MTU_LOAD = 3,
	PROTO_OCC_MTU_REQUEST = 4,
	PROTO_OCC_MTU_REPLY = 5,
	PROTO_OCC_EXIT = 6,
};

/** proto_occ_is() - is this payload a message? Sets @op then, to any value */
bool proto_occ_is(const uint8_t *payload, size_t len, enum proto_occ_op *op);

/* how payloads are framed where there was to be compression (section 7.8) */

enum proto_framing {
	PROTO_FRAMING_NONE,
	PROTO_FRAMING_LZO,	/* comp-lzo, compress lzo */
	PROTO_FRAMING_SWAP,	/* compress, compress stub, compress lz4 */
	PROTO_FRAMING_V2,	/* compress stub-v2, compress lz4-v2 */
};

/* ciphers and their negotiation (sections 6.6 and 8.4) */

enum proto_cipher {
	PROTO_CIPHER_NONE = 0,
	PROTO_CIPHER_AES_128_GCM,
	PROTO_CIPHER_AES_192_GCM,
	PROTO_CIPHER_AES_256_GCM,
	PROTO_CIPHER_CHACHA20_POLY1305,
	PROTO_CIPHER_AES_128_CBC,	/* with HMAC from here on */
	PROTO_CIPHER_AES_192_CBC,
	PROTO_CIPHER_AES_256_CBC,
};

/** proto_cipher_find() - by OpenVPN's or OpenSSL's name; NONE if unknown */
enum proto_cipher proto_cipher_find(const char *name);
bool proto_cipher_is_aead(enum proto_cipher cipher);
const char *proto_cipher_name(enum proto_cipher cipher);
size_t proto_cipher_key_len(enum proto_cipher cipher);

#define PROTO_CIPHER_LIST_MAX 128	/* including NUL */

/**
 * proto_cipher_list_normalise() - check a --data-ciphers value (section 12.11)
 * @list: names separated by ':'; "?NAME" is optional, DEFAULT expands in place
 * @out: PROTO_CIPHER_LIST_MAX bytes, normalised names
 * @bad: set to the first offending name inside @list (borrowed), or NULL
 *
 * Return: 0; -EINVAL unknown mandatory name; -ENODATA nothing left; -E2BIG.
 */
int proto_cipher_list_normalise(const char *list, char *out, const char **bad);

/**
 * proto_cipher_negotiate() - what a server uses for a client (section 8.4)
 * @server_list: normalised list of the server
 * @peer_info: the client's peer-info, may be ""
 * @occ: the client's options string, may be ""
 * @fallback: data-ciphers-fallback, may be NULL
 * @is_pushable: set when the choice may be pushed: the client sent IV_CIPHERS,
 *	or IV_NCP of at least 2
 *
 * Return: the cipher, PROTO_CIPHER_NONE when none is shared.
 */
enum proto_cipher proto_cipher_negotiate(const char *server_list,
					 const char *peer_info, const char *occ,
					 const char *fallback,
					 bool *is_pushable);

/** proto_cipher_list_has() - is @name an element of a ':' separated list */
bool proto_cipher_list_has(const char *list, const char *name);

/**
 * proto_cipher_list_aead() - the AEAD ciphers of a normalised list
 * @out: PROTO_CIPHER_LIST_MAX bytes; "" when there are none
 */
void proto_cipher_list_aead(const char *list, char *out);

/* peer-info (sections 5.4 and 5.5) */

enum proto_iv {
	PROTO_IV_DATA_V2 = 1 << 1,
	PROTO_IV_REQUEST_PUSH = 1 << 2,
	PROTO_IV_TLS_KEY_EXPORT = 1 << 3,
	PROTO_IV_AUTH_PENDING_KW = 1 << 4,
	PROTO_IV_NCP_P2P = 1 << 5,
	PROTO_IV_CC_EXIT_NOTIFY = 1 << 7,
	PROTO_IV_AUTH_FAIL_TEMP = 1 << 8,
	PROTO_IV_DYN_TLS_CRYPT = 1 << 9,
	PROTO_IV_DATA_EPOCH = 1 << 10,
	PROTO_IV_DNS_OPTION_V2 = 1 << 11,
	PROTO_IV_PUSH_UPDATE = 1 << 12,
};

/**
 * proto_peer_info_get() - value of the line NAME=value
 *
 * Control characters, white space and what a shell may trip over become '_'.
 *
 * Return: length of the value copied to @out (NUL terminated), -ENOENT when
 * there is no such line, -ENOBUFS.
 */
int proto_peer_info_get(const char *info, const char *name, char *out,
			size_t cap);

/** proto_peer_info_number() - decimal value, 0 when absent or not a number */
unsigned long proto_peer_info_number(const char *info, const char *name);

/* options (OCC) string (section 5.2) */

struct proto_occ {
	bool is_server;
	bool is_tcp;
	bool is_tap;
	unsigned int tun_mtu;
	unsigned int link_mtu;		/* 0: compute (section 5.3) */
	const char *cipher;		/* NULL: item left out */
	const char *auth;		/* "[null-digest]", "SHA1", … */
	unsigned int keysize;		/* bits */
	bool has_tls_auth;
	bool has_framing;		/* of compression */
	bool has_fragment;
	int key_direction;		/* -1: none */
};

/** proto_occ_build() - the whole string; 0 or -ENOBUFS */
int proto_occ_build(const struct proto_occ *occ, char *out, size_t cap);

/** proto_occ_has() - is there an item of this name, with a value or without */
bool proto_occ_has(const char *occ, const char *name);

/** proto_occ_get() - value of "cipher" and so on; like proto_peer_info_get() */
int proto_occ_get(const char *occ, const char *name, char *out, size_t cap);

/* a server sends its client away (sections 8.7, 8.10) */

enum proto_verdict_kind {
	PROTO_VERDICT_AUTH_FAILED,
	PROTO_VERDICT_RESTART,
	PROTO_VERDICT_HALT,
};

/* where a client shall try next */
enum proto_advance {
	PROTO_ADVANCE_DEFAULT,
	PROTO_ADVANCE_NO,	/* the same address */
	PROTO_ADVANCE_ADDRESS,	/* the next one of the name */
	PROTO_ADVANCE_REMOTE,	/* the next entry of the list */
};

/**
 * struct proto_verdict - AUTH_FAILED, RESTART or HALT
 * @is_temporary: AUTH_FAILED,TEMP: the same may work later
 * @backoff: seconds to wait at least, a day at most
 * @is_password_kept: RESTART,[P]
 * @reason: text behind it all, borrowed; "" if none
 */
struct proto_verdict {
	enum proto_verdict_kind kind;
	bool is_temporary;
	bool is_password_kept;
	uint32_t backoff;
	enum proto_advance advance;
	const char *reason;
};

/** proto_verdict_parse() - 0, or -ENOENT for any other message */
int proto_verdict_parse(struct proto_verdict *verdict, const char *text);

/* key-method-2 message (section 5.1) */

#define PROTO_KM2_MAX		2048
#define PROTO_PRE_MASTER_LEN	48
#define PROTO_RANDOM_LEN	32
/* of a client's message: all but the four strings */
#define PROTO_KM2_FIXED		(4 + 1 + PROTO_PRE_MASTER_LEN + \
				 2 * PROTO_RANDOM_LEN + 4 * 2)
#define PROTO_OPTIONS_MAX	512
#define PROTO_USER_PASS_MAX	128	/* including NUL */
#define PROTO_NO_PASSWORD	"[[BLANK]]"	/* with a user name alone */
#define PROTO_PASSWORD_MAX	1024	/* of a client, likewise */

struct proto_random {
	uint8_t pre_master[PROTO_PRE_MASTER_LEN];	/* client only */
	uint8_t random1[PROTO_RANDOM_LEN];
	uint8_t random2[PROTO_RANDOM_LEN];
};

/**
 * struct proto_km2 - key-method-2
 * @options, @username, @password, @peer_info: strings; NULL when the field was
 *	empty (u16 0) or missing; borrowed from the parsed buffer
 * @is_userpass_too_long: username or password exceeded PROTO_USER_PASS_MAX or
 *	PROTO_PASSWORD_MAX: stock OpenVPN with PKCS#11 sends as much as fits
 */
struct proto_km2 {
	struct proto_random random;
	const char *options;
	const char *username;
	const char *password;
	const char *peer_info;
	bool is_userpass_too_long;
};

/**
 * proto_km2_parse() - read the other side's message
 * @is_from_client: with pre-master secret
 * @msg: modified (strings are NUL terminated in place)
 *
 * Return: 0 or -EBADMSG (short, other key method, options missing or too long).
 */
int proto_km2_parse(struct proto_km2 *km2, bool is_from_client, uint8_t *msg,
		    size_t len);

/**
 * proto_km2_build() - write our message
 * @len: bytes written
 *
 * Return: 0, -EINVAL (no options), -ENOBUFS (a string or all of it too long).
 */
int proto_km2_build(const struct proto_km2 *km2, bool is_from_client,
		    uint8_t *out, size_t cap, size_t *len);

/* control strings (sections 4.7 and 8) */

/**
 * proto_string_next() - next NUL-terminated string of one TLS record
 * @pos, @left: advanced past the string
 * @out: copy without trailing CR/LF
 *
 * Strings with characters that are not printable are skipped; bytes behind the
 * last NUL are ignored.
 *
 * Return: true with @out filled, false at the end.
 */
bool proto_string_next(const uint8_t **pos, size_t *left, char *out,
		       size_t cap);

#define PROTO_PUSH_MAX		1024	/* one message, including NUL */
#define PROTO_PUSH_OPTION_MAX	256	/* one option, including NUL */

/**
 * struct proto_push - splits options over PUSH_REPLY messages (section 8.3)
 * @emit: called with each finished message (NUL terminated)
 */
struct proto_push {
	int (*emit)(void *arg, const char *msg);
	void *arg;
	/* private */
	const char *name;
	char msg[PROTO_PUSH_MAX];
	size_t len;
	bool is_split;
};

void proto_push_init(struct proto_push *push,
		     int (*emit)(void *arg, const char *msg), void *arg);

/** proto_push_update_init() - the same for PUSH_UPDATE (section 8.12) */
void proto_push_update_init(struct proto_push *push,
			    int (*emit)(void *arg, const char *msg), void *arg);

/**
 * proto_push_add() - one more option
 *
 * Return: 0, -EINVAL (empty, comma, too long, not printable), or emit's error.
 */
int proto_push_add(struct proto_push *push, const char *option);

/** proto_push_finish() - emit the last message; 0 or emit's error */
int proto_push_finish(struct proto_push *push);

/**
 * proto_push_next() - walk the options of a received PUSH_REPLY
 * @pos: starts behind "PUSH_REPLY"; advanced
 *
 * Options that do not fit into @out are left out.
 *
 * Return: true with the next option in @out.
 */
bool proto_push_next(const char **pos, char *out, size_t cap);

/* base64 */

/** proto_base64() - @len bytes to text; 0 or -ENOBUFS */
int proto_base64(const void *data, size_t len, char *out, size_t cap);

/** proto_base64_decode() - text to bytes; 0, -EINVAL or -ENOBUFS */
int proto_base64_decode(const char *text, size_t len, void *out, size_t cap,
			size_t *out_len);

/* static challenge (section 8.11) */

/**
 * proto_challenge_join() - the password of who answers a static challenge
 * @is_concat: one behind the other, else "SCRV1:PASSWORD:RESPONSE"
 *
 * Return: 0 or -ENOBUFS.
 */
int proto_challenge_join(const char *password, const char *response,
			 bool is_concat, char *out, size_t cap);

/**
 * proto_challenge_split() - "SCRV1:PASSWORD:RESPONSE", both in base64
 * @password, @response: of @cap bytes each
 *
 * Return: false when it is nothing of the kind, or does not fit; what is in the
 * buffers is to be wiped even so.
 */
bool proto_challenge_split(const char *text, char *password, char *response,
			   size_t cap);

/* proxies that a client connects through: not OpenVPN's, but in front of it */

#define PROTO_HTTP_REPLY_MAX	8192	/* of its head */
#define PROTO_HTTP_REASON_MAX	64

/**
 * struct proto_http_connect - a request for a tunnel (RFC 9110, section 9.3.6)
 * @version: "1.0"
 * @agent: of User-Agent; NULL for none
 * @basic: user and password, encoded (RFC 7617); NULL: no login
 * @headers: more lines, each without its end
 * @has_host: there is a Host line among them
 */
struct proto_http_connect {
	const char *host;
	uint16_t port;
	const char *version;
	const char *agent;
	const char *basic;
	const char *const *headers;
	size_t n_headers;
	bool has_host;
};

/** proto_http_connect() - 0; -EINVAL: no host or line; -ENOBUFS */
int proto_http_connect(const struct proto_http_connect *in, uint8_t *out,
		       size_t cap, size_t *len);

/**
 * struct proto_http_reply - what a proxy says
 * @reason: printable
 * @has_basic: it would take a login of this kind
 * @size: of the head; what follows is the tunnel's
 */
struct proto_http_reply {
	unsigned int status;
	char reason[PROTO_HTTP_REASON_MAX];
	bool has_basic;
	size_t size;
};

/**
 * proto_http_reply_parse() - the head of a reply
 *
 * Return: 0, -EAGAIN (there must be more), -EBADMSG (none, or too long).
 */
int proto_http_reply_parse(struct proto_http_reply *reply, const uint8_t *data,
			   size_t len);

#define PROTO_SOCKS_HELLO_MAX	4
#define PROTO_SOCKS_SHORT_LEN	2	/* replies to a hello and to a login */
#define PROTO_SOCKS_LOGIN_MAX	513
#define PROTO_SOCKS_REQUEST_MAX	262
#define PROTO_SOCKS_REPLY_MAX	262

enum proto_socks_command {
	PROTO_SOCKS_CONNECT = 1,
	PROTO_SOCKS_UDP_ASSOCIATE = 3,
};

/** struct proto_socks_address - @family AF_UNSPEC for a name */
struct proto_socks_address {
	int family;
	uint8_t addr[16];
	uint16_t port;
};

/** struct proto_socks_reply - @code 0 grants; @size: bytes that it has */
struct proto_socks_reply {
	uint8_t code;
	struct proto_socks_address bound;
	size_t size;
};

/** proto_socks_hello() - Return: the length */
size_t proto_socks_hello(bool has_login, uint8_t out[PROTO_SOCKS_HELLO_MAX]);

/**
 * proto_socks_method_parse() - what the proxy wants
 *
 * Return: 0, -EAGAIN, -EBADMSG, -EACCES (nothing that was offered).
 */
int proto_socks_method_parse(const uint8_t *data, size_t len,
			     bool *is_login_wanted);

/** proto_socks_login() - 0; -EINVAL: empty, or longer than 255; -ENOBUFS */
int proto_socks_login(const char *user, const char *password, uint8_t *out,
		      size_t cap, size_t *len);

/** proto_socks_login_parse() - 0, -EAGAIN, -EBADMSG, -EACCES */
int proto_socks_login_parse(const uint8_t *data, size_t len);

/** proto_socks_request() - @host: an address or a name; 0 or -EINVAL */
int proto_socks_request(enum proto_socks_command command, const char *host,
			uint16_t port, uint8_t *out, size_t cap, size_t *len);

/** proto_socks_reply_parse() - 0, -EAGAIN or -EBADMSG */
int proto_socks_reply_parse(struct proto_socks_reply *reply,
			    const uint8_t *data, size_t len);
const char *proto_socks_code_text(uint8_t code);

/** proto_socks_udp_head() - what stands before each datagram; 0 or -EINVAL */
int proto_socks_udp_head(const char *host, uint16_t port, uint8_t *out,
			 size_t cap, size_t *len);

/** proto_socks_udp_parse() - its length in front of @data; 0 or -EBADMSG */
int proto_socks_udp_parse(const uint8_t *data, size_t len, size_t *head_len);

#endif
