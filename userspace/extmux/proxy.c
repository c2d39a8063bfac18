// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The beginning of a client's connection that goes through a proxy. What has
 * come is looked at, and taken only when it is a whole reply: whatever follows
 * is the tunnel's. A proxy has no more time than the remote behind it, so the
 * client's own time limit counts.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "extmux/private.h"
#include "log/log.h"
#include "proto/proto.h"

#define REQUEST_MAX	8192
#define LOGIN_MAX	(2 * PROTO_USER_PASS_MAX)

/**
 * struct proxy_login - user name and password; wiped behind its use
 * @user: "": there is none
 */
struct proxy_login {
	char user[PROTO_USER_PASS_MAX];
	char password[PROTO_USER_PASS_MAX];
};

static void login_line(const char **text, const char *end, char *out)
{
	const char *eol = memchr(*text, '\n', (size_t)(end - *text)) ?: end;
	size_t len = (size_t)(eol - *text);

	if (len && (*text)[len - 1] == '\r')
		len--;
	if (len >= PROTO_USER_PASS_MAX)
		len = PROTO_USER_PASS_MAX - 1;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text = eol < end ? eol + 1 : end;
}

static void login_get(const struct config_blob *blob, struct proxy_login *out)
{
	const char *text = blob->text;

	memset(out, 0, sizeof(*out));
	if (!text)
		return;
	login_line(&text, blob->text + blob->len, out->user);
	login_line(&text, blob->text + blob->len, out->password);
}

static void proxy_fail(struct extmux_conn *conn, const char *why)
{
	char text[192];

	snprintf(text, sizeof(text), "proxy: %s", why);
	extmux_conn_down(conn, text);
}

/* A fresh connection takes what little there is to say. */
static void proxy_send(struct extmux_conn *conn, const uint8_t *data,
		       size_t len)
{
	ssize_t n = send(conn->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		proxy_fail(conn, strerror(errno));
	else if ((size_t)n != len)
		proxy_fail(conn, "it does not read what it is sent");
}

/* ---- HTTP ------------------------------------------------------------ */

static void http_begin(struct extmux_conn *conn)
{
	const struct config *cfg = conn->mux->cfg;
	struct proto_http_connect in = {
		.host = conn->via->host,
		.port = conn->via->port,
		.version = cfg->http_version,
		.agent = cfg->http_agent,
		.headers = cfg->http_headers,
		.n_headers = cfg->n_http_headers,
		.has_host = cfg->has_http_host,
	};
	char plain[LOGIN_MAX + 1], basic[LOGIN_MAX * 2];
	uint8_t request[REQUEST_MAX];
	struct proxy_login login;
	size_t len;
	int n;

	login_get(&cfg->http_login, &login);
	if (login.user[0] && !conn->via->proxy->is_no_clear) {
		n = snprintf(plain, sizeof(plain), "%s:%s", login.user,
			     login.password);
		EVP_EncodeBlock((unsigned char *)basic,
				(unsigned char *)plain, n);
		in.basic = basic;
	}
	if (proto_http_connect(&in, request, sizeof(request), &len))
		proxy_fail(conn, "the request does not fit; see http-proxy-option");
	else
		proxy_send(conn, request, len);
	mem_wipe(&login, sizeof(login));
	mem_wipe(plain, sizeof(plain));
	mem_wipe(basic, sizeof(basic));
	mem_wipe(request, sizeof(request));
}

static void http_refused(struct extmux_conn *conn,
			 const struct proto_http_reply *reply)
{
	const struct config *cfg = conn->mux->cfg;
	char text[160];

	if (reply->status != 407)
		snprintf(text, sizeof(text), "it says %u %s", reply->status,
			 reply->reason);
	else if (conn->via->proxy->is_no_clear)
		snprintf(text, sizeof(text),
			 "it wants a login (407 %s), which is not sent unencrypted (auto-nct)",
			 reply->reason);
	else if (cfg->http_login.text)
		snprintf(text, sizeof(text), "it refuses the login (407 %s)%s",
			 reply->reason, reply->has_basic ? "" :
			 "; it does not take Basic");
	else
		snprintf(text, sizeof(text),
			 "it wants a login (407 %s); add http-proxy-user-pass",
			 reply->reason);
	proxy_fail(conn, text);
}

/* Return: bytes of the reply; 0: it is not whole, or no good. */
static size_t http_input(struct extmux_conn *conn, const uint8_t *data,
			 size_t len)
{
	struct proto_http_reply reply;
	int ret = proto_http_reply_parse(&reply, data, len);

	if (ret == -EAGAIN)
		return 0;
	if (ret)
		proxy_fail(conn, "what it says is not HTTP");
	else if (reply.status / 100 != 2)
		http_refused(conn, &reply);
	return ret ? 0 : reply.size;
}

/* ---- SOCKS ----------------------------------------------------------- */

static void socks_begin(struct extmux_conn *conn)
{
	bool has_login = conn->mux->cfg->socks_login.text;
	uint8_t hello[PROTO_SOCKS_HELLO_MAX];

	proxy_send(conn, hello, proto_socks_hello(has_login, hello));
}

/* Over UDP the proxy hears with each datagram where it shall go. */
static void socks_request(struct extmux_conn *conn)
{
	const struct config_remote *via = conn->via;
	uint8_t request[PROTO_SOCKS_REQUEST_MAX];
	bool is_tcp = config_proto_is_tcp(via->proto);
	size_t len;
	int ret;

	conn->step = EXTMUX_PROXY_REQUEST;
	if (is_tcp)
		ret = proto_socks_request(PROTO_SOCKS_CONNECT, via->host,
					  via->port, request, sizeof(request),
					  &len);
	else
		ret = proto_socks_request(PROTO_SOCKS_UDP_ASSOCIATE, "0.0.0.0",
					  0, request, sizeof(request), &len);
	if (ret)
		proxy_fail(conn, "the remote's name is too long for it");
	else
		proxy_send(conn, request, len);
}

static void socks_login(struct extmux_conn *conn)
{
	uint8_t message[PROTO_SOCKS_LOGIN_MAX];
	struct proxy_login login;
	size_t len;

	conn->step = EXTMUX_PROXY_LOGIN;
	login_get(&conn->mux->cfg->socks_login, &login);
	if (proto_socks_login(login.user, login.password, message,
			      sizeof(message), &len))
		proxy_fail(conn, "it wants a login; give a file to socks-proxy");
	else
		proxy_send(conn, message, len);
	mem_wipe(&login, sizeof(login));
	mem_wipe(message, sizeof(message));
}

static size_t socks_short(struct extmux_conn *conn, const uint8_t *data,
			  size_t len)
{
	bool is_method = conn->step == EXTMUX_PROXY_METHOD;
	bool is_login_wanted = false;
	int ret = is_method ?
		  proto_socks_method_parse(data, len, &is_login_wanted) :
		  proto_socks_login_parse(data, len);

	if (ret == -EAGAIN)
		return 0;
	if (ret == -EACCES)
		proxy_fail(conn, is_method ?
			   "it wants a login of another kind" :
			   "it refuses the login");
	else if (ret)
		proxy_fail(conn, "what it says is not SOCKS 5");
	else if (is_login_wanted)
		socks_login(conn);
	else
		socks_request(conn);
	return PROTO_SOCKS_SHORT_LEN;
}

/* "Any address" and names mean where the proxy itself is. */
static void relay_address(const struct extmux_conn *conn,
			  const struct proto_socks_address *bound,
			  union net_addr *out)
{
	static const uint8_t any[16];

	*out = conn->link.remote;
	if (bound->family == AF_INET && memcmp(bound->addr, any, 4)) {
		memset(out, 0, sizeof(*out));
		out->in4.sin_family = AF_INET;
		memcpy(&out->in4.sin_addr, bound->addr, 4);
	} else if (bound->family == AF_INET6 && memcmp(bound->addr, any, 16)) {
		memset(out, 0, sizeof(*out));
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_addr, bound->addr, 16);
	}
	net_addr_set_port(out, bound->port);
}

static void socks_relay(struct extmux_conn *conn,
			const struct proto_socks_address *bound)
{
	union net_addr to;
	int ret;

	relay_address(conn, bound, &to);
	ret = extmux_relay_new(conn, &to, &conn->relay);
	if (ret) {
		proxy_fail(conn, strerror(-ret));
		return;
	}
	conn->state = EXTMUX_CONN_RELAY;
	tunnel_link_up(conn->mux->host, &conn->link);
}

static size_t socks_reply(struct extmux_conn *conn, const uint8_t *data,
			  size_t len, struct proto_socks_reply *reply)
{
	int ret = proto_socks_reply_parse(reply, data, len);

	if (ret == -EAGAIN)
		return 0;
	if (ret)
		proxy_fail(conn, "what it says is not SOCKS 5");
	else if (reply->code)
		proxy_fail(conn, proto_socks_code_text(reply->code));
	return ret ? 0 : reply->size;
}

/* ---- both ------------------------------------------------------------ */

/** extmux_proxy_begin() - the connection to the proxy is there */
void extmux_proxy_begin(struct extmux_conn *conn)
{
	conn->state = EXTMUX_CONN_PROXY;
	if (conn->via->proxy->is_socks) {
		conn->step = EXTMUX_PROXY_METHOD;
		socks_begin(conn);
	} else {
		conn->step = EXTMUX_PROXY_HTTP;
		http_begin(conn);
	}
}

/* Take the reply off the socket, and go on behind it. */
static void proxy_done(struct extmux_conn *conn, size_t size, bool is_last,
		       const struct proto_socks_reply *reply)
{
	if (conn->state == EXTMUX_CONN_CLOSED)
		return;
	if (recv(conn->fd, conn->mux->record, size, MSG_DONTWAIT) !=
	    (ssize_t)size) {
		proxy_fail(conn, "its reply cannot be read");
		return;
	}
	extmux_stream_want(conn, 1);
	if (!is_last)
		return;
	if (conn->via->proxy->is_socks &&
	    !config_proto_is_tcp(conn->via->proto))
		socks_relay(conn, &reply->bound);
	else
		extmux_conn_ready(conn);
}

static void proxy_input(struct extmux_conn *conn, const uint8_t *data,
			size_t len)
{
	struct proto_socks_reply reply = { 0 };
	bool is_last = false;
	size_t size = 0;

	switch (conn->step) {
	case EXTMUX_PROXY_HTTP:
		size = http_input(conn, data, len);
		is_last = true;
		break;
	case EXTMUX_PROXY_METHOD:
	case EXTMUX_PROXY_LOGIN:
		size = socks_short(conn, data, len);
		break;
	case EXTMUX_PROXY_REQUEST:
		size = socks_reply(conn, data, len, &reply);
		is_last = true;
		break;
	}
	if (size)
		proxy_done(conn, size, is_last, &reply);
	else if (conn->state != EXTMUX_CONN_CLOSED && conn->lowat == len + 1)
		proxy_fail(conn, "closed in the middle of its reply");
	else if (conn->state != EXTMUX_CONN_CLOSED)
		extmux_stream_want(conn, len + 1);
}

/**
 * extmux_proxy_readable() - something has come from the proxy
 * @conn: in PROXY or RELAY; may be closed on return
 *
 * A proxy that forwards datagrams has nothing to say any more: the end of its
 * connection is the end of that.
 */
void extmux_proxy_readable(struct extmux_conn *conn)
{
	uint8_t *data = conn->mux->record;
	bool is_relay = conn->state == EXTMUX_CONN_RELAY;
	ssize_t n = recv(conn->fd, data, PROTO_HTTP_REPLY_MAX,
			 MSG_DONTWAIT | (is_relay ? 0 : MSG_PEEK));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		proxy_fail(conn, n ? strerror(errno) :
			   "it has closed the connection");
	else if (!is_relay)
		proxy_input(conn, data, (size_t)n);
}
