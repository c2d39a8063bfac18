// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log/log.h"
#include "mem/mem.h"
#include "mgmt/private.h"

#define MGMT_CLIENTS_MAX	16
#define MGMT_LINE_MAX		65536
#define MGMT_OUT_MAX		(32u << 20)	/* some ten thousand peers */
#define MGMT_READ		4096
#define MGMT_BACKLOG		(1u << 20)	/* events that are not read */

/** struct mgmt_client - owned by its server's list */
struct mgmt_client {
	struct mgmt_client *next;
	struct mgmt *mgmt;
	int fd;
	struct loop_io *io;
	struct mem_buf in, out;
	bool is_closing;	/* when all of @out is written */
	bool is_waiting;	/* for mgmt_answer_reload() */
	bool is_monitor;
	json_int_t n_lost;	/* events without room */
};

struct mgmt {
	struct loop *loop;
	struct tunnel_host *host;
	int fd;
	struct loop_io *io;
	struct mgmt_client *clients;
	unsigned int n_clients;
	uint64_t netns;
	int (*reload)(void *arg);
	int (*leave)(void *arg);
	void *orders_arg;
	char path[MGMT_PATH_MAX];
};

/* ---- events ---------------------------------------------------------- */

/* Whoever does not read loses events, and is told how many. */
static void client_tell(struct mgmt_client *client, const char *line)
{
	char lost[64];

	if (client->out.len > MGMT_BACKLOG) {
		client->n_lost++;
		return;
	}
	if (client->n_lost) {
		snprintf(lost, sizeof(lost),
			 "{\"event\":\"lost\",\"count\":%" JSON_INTEGER_FORMAT
			 "}\n", client->n_lost);
		client->n_lost = 0;
		client->is_closing |= !!mem_buf_append(&client->out, lost,
						       strlen(lost));
	}
	if (mem_buf_append(&client->out, line, strlen(line)) ||
	    mem_buf_append(&client->out, "\n", 1))
		client->is_closing = true;
	loop_io_set(client->io, LOOP_WRITABLE);
}

static void mgmt_changed(void *arg, enum tunnel_change change,
			 const struct tunnel_info *info, const char *why)
{
	struct mgmt *mgmt = arg;
	struct tunnel_host_info host;
	struct mgmt_client *client;
	char *line;

	tunnel_host_info(mgmt->host, &host);
	line = mgmt_json_event(host.ifname, change, info, why);
	for (client = mgmt->clients; line && client; client = client->next)
		if (client->is_monitor && !client->is_waiting)
			client_tell(client, line);
	free(line);
}

static void mgmt_monitor(struct mgmt *mgmt)
{
	const struct mgmt_client *client = mgmt->clients;

	while (client && !client->is_monitor)
		client = client->next;
	tunnel_host_monitor(mgmt->host, client ? mgmt_changed : NULL, mgmt);
}

/* ---- clients --------------------------------------------------------- */

static void client_free(struct mgmt_client *client)
{
	struct mgmt_client **pos = &client->mgmt->clients;

	while (*pos != client)
		pos = &(*pos)->next;
	*pos = client->next;
	client->mgmt->n_clients--;
	if (client->is_monitor)
		mgmt_monitor(client->mgmt);
	loop_io_free(client->io);
	close(client->fd);
	mem_buf_reset(&client->in);
	mem_buf_reset(&client->out);
	free(client);
}

/* Takes the answer; one that does not fit ends the connection. */
static void client_answer(struct mgmt_client *client, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (!text || mem_buf_append(&client->out, text, strlen(text)) ||
	    mem_buf_append(&client->out, "\n", 1))
		client->is_closing = true;
	free(text);
	json_decref(answer);
}

static void client_request(struct mgmt_client *client, size_t len)
{
	struct mgmt *mgmt = client->mgmt;
	const char *line = (char *)client->in.data;
	int ret;

	if (mgmt->reload && mgmt_json_is("reload", line, len)) {
		ret = mgmt->reload(mgmt->orders_arg);
		client->is_waiting = !ret;
		if (ret)
			client_answer(client, mgmt_json_error(strerror(-ret)));
		return;
	}
	if (mgmt->leave && mgmt_json_is("restart", line, len)) {
		ret = mgmt->leave(mgmt->orders_arg);
		client_answer(client, ret == -ENOENT ?
			      mgmt_json_error("nobody would keep the clients; see restart-hold in ovpnd(8)") :
			      json_pack("{sb}", "restarting", 1));
		return;
	}
	if (mgmt_json_is("monitor", line, len)) {
		client->is_monitor = true;
		mgmt_monitor(mgmt);
		client_answer(client, json_pack("{sb}", "monitoring", 1));
		return;
	}
	client_answer(client, mgmt_json_answer(mgmt->host, mgmt->netns,
					       (char *)client->in.data, len));
}

/* One answer at a time: the next request waits until it is written. */
static void client_next(struct mgmt_client *client)
{
	const uint8_t *end;
	size_t len;

	while (!client->out.len && !client->is_closing && !client->is_waiting &&
	       client->in.len) {
		end = memchr(client->in.data, '\n', client->in.len);
		if (!end)
			break;
		len = (size_t)(end - client->in.data);
		if (len)
			client_request(client, len);
		mem_buf_consume(&client->in, len + 1);
	}
	if (client->in.len == client->in.limit && !client->out.len) {
		client_answer(client, mgmt_json_error("line too long"));
		client->is_closing = true;
	}
}

/* Return: false when the client is gone. */
static bool client_read(struct mgmt_client *client)
{
	size_t room = client->in.limit - client->in.len;
	char buf[MGMT_READ];
	ssize_t n;

	n = read(client->fd, buf, room < sizeof(buf) ? room : sizeof(buf));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n && !mem_buf_append(&client->in, buf, (size_t)n);
}

static bool client_write(struct mgmt_client *client)
{
	ssize_t n;

	if (!client->out.len)
		return true;
	n = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if ((size_t)n == client->out.len)
		mem_buf_reset(&client->out);
	else
		mem_buf_consume(&client->out, (size_t)n);
	return true;
}

static void client_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct mgmt_client *client = arg;
	bool is_alive = true;

	if (events & LOOP_READABLE && !client->out.len)
		is_alive = client_read(client);
	if (is_alive)
		client_next(client);
	if (is_alive)
		is_alive = client_write(client);
	if (!is_alive || (client->is_closing && !client->out.len)) {
		client_free(client);
		return;
	}
	if (client->is_waiting) {
		loop_io_set(io, 0);
		return;
	}
	/* Whole requests may be waiting behind the answer: come back. */
	loop_io_set(io, client->out.len || (client->in.len &&
		    memchr(client->in.data, '\n', client->in.len)) ?
		    LOOP_WRITABLE : LOOP_READABLE);
}

static void client_new(struct mgmt *mgmt, int fd)
{
	struct mgmt_client *client = NULL;

	if (mgmt->n_clients < MGMT_CLIENTS_MAX)
		client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return;
	}
	client->mgmt = mgmt;
	client->fd = fd;
	mem_buf_init(&client->in, MGMT_LINE_MAX);
	mem_buf_init(&client->out, MGMT_OUT_MAX);
	client->io = loop_io_new(mgmt->loop, fd, LOOP_READABLE, client_event,
				 client);
	if (!client->io) {
		close(fd);
		free(client);
		return;
	}
	client->next = mgmt->clients;
	mgmt->clients = client;
	mgmt->n_clients++;
}

/* ---- the listening socket --------------------------------------------- */

static void mgmt_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct mgmt *mgmt = arg;
	int fd;

	(void)io;
	(void)events;
	fd = accept4(mgmt->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		client_new(mgmt, fd);
}

static bool mgmt_is_default_dir(const struct mgmt *mgmt)
{
	return !strncmp(mgmt->path, MGMT_RUN_DIR "/", sizeof(MGMT_RUN_DIR));
}

static int mgmt_listen(struct mgmt *mgmt)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err;

	memcpy(addr.sun_path, mgmt->path, sizeof(addr.sun_path));
	if (mgmt_is_default_dir(mgmt) && mkdir(MGMT_RUN_DIR, 0755) &&
	    errno != EEXIST)
		return -errno;
	err = mgmt_path_clear(&addr);
	if (err)
		return err;
	mgmt->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  0);
	if (mgmt->fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind(mgmt->fd, (struct sockaddr *)&addr, sizeof(addr)) ?
	      -errno : 0;
	umask(mask);
	if (!err && listen(mgmt->fd, MGMT_CLIENTS_MAX))
		err = -errno;
	if (err)
		close(mgmt->fd);
	return err;
}

static int mgmt_set_path(struct mgmt *mgmt, const char *path)
{
	struct tunnel_host_info info;
	int len;

	if (path) {
		len = snprintf(mgmt->path, sizeof(mgmt->path), "%s", path);
	} else {
		tunnel_host_info(mgmt->host, &info);
		len = snprintf(mgmt->path, sizeof(mgmt->path),
			       MGMT_RUN_DIR "/%s.sock", info.ifname);
	}
	return len < (int)sizeof(mgmt->path) && len ? 0 : -ENAMETOOLONG;
}

int mgmt_open(struct loop *loop, const char *path, struct tunnel_host *host,
	      struct mgmt **out)
{
	struct mgmt *mgmt = calloc(1, sizeof(*mgmt));
	struct stat ns;
	int err;

	if (!mgmt)
		return -ENOMEM;
	mgmt->loop = loop;
	mgmt->host = host;
	/* Later, without rights, it can no longer be looked at. */
	if (!stat("/proc/self/ns/net", &ns))
		mgmt->netns = ns.st_ino;
	err = mgmt_set_path(mgmt, path);
	if (!err)
		err = mgmt_listen(mgmt);
	if (err)
		goto free;
	mgmt->io = loop_io_new(loop, mgmt->fd, LOOP_READABLE, mgmt_event,
			       mgmt);
	if (!mgmt->io) {
		err = -ENOMEM;
		close(mgmt->fd);
		unlink(mgmt->path);
		goto free;
	}
	log_info("control socket: %s", mgmt->path);
	*out = mgmt;
	return 0;
free:
	free(mgmt);
	return err;
}

void mgmt_set_orders(struct mgmt *mgmt, int (*reload)(void *arg),
		     int (*leave)(void *arg), void *arg)
{
	mgmt->reload = reload;
	mgmt->leave = leave;
	mgmt->orders_arg = arg;
}

void mgmt_answer_reload(struct mgmt *mgmt, const char *json)
{
	struct mgmt_client *client;

	for (client = mgmt->clients; client; client = client->next) {
		if (!client->is_waiting)
			continue;
		client->is_waiting = false;
		if (mem_buf_append(&client->out, json, strlen(json)) ||
		    mem_buf_append(&client->out, "\n", 1))
			client->is_closing = true;
		loop_io_set(client->io, LOOP_WRITABLE);
	}
}

const char *mgmt_path(const struct mgmt *mgmt)
{
	return mgmt->path;
}

void mgmt_close(struct mgmt *mgmt)
{
	if (!mgmt)
		return;
	while (mgmt->clients)
		client_free(mgmt->clients);
	loop_io_free(mgmt->io);
	close(mgmt->fd);
	/* Both can fail: without rights, or because others use the folder. */
	unlink(mgmt->path);
	if (mgmt_is_default_dir(mgmt))
		rmdir(MGMT_RUN_DIR);
	free(mgmt);
}
