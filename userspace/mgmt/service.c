// SPDX-License-Identifier: GPL-2.0-or-later
/* Control socket, status file, management interface, as configured. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/log.h"
#include "mgmt/private.h"

struct mgmt_service {
	struct mgmt *socket;
	struct mgmt_status *status;
	struct mgmt_iface *iface;
	struct tunnel_host *host;
	int version;
};

static int open_status(const struct mgmt_setup *setup,
		       struct mgmt_service *service, char *err, size_t err_len)
{
	const struct config *cfg = setup->cfg;
	const struct mgmt_status_config status = {
		.loop = setup->loop,
		.host = setup->host,
		.path = cfg->status_path,
		.version = cfg->status_version,
		.interval = cfg->status_interval,
	};
	int ret;

	if (!cfg->status_path)
		return 0;
	ret = mgmt_status_open(&status, &service->status);
	if (ret)
		snprintf(err, err_len, "status %s: %s", cfg->status_path,
			 strerror(-ret));
	return ret;
}

int mgmt_start(const struct mgmt_setup *setup, struct mgmt_service **out,
	       char *err, size_t err_len)
{
	const char *path = setup->cfg->control_path;
	struct mgmt_service *service = calloc(1, sizeof(*service));
	int ret;

	snprintf(err, err_len, "out of memory");
	if (!service)
		return -ENOMEM;
	*out = service;
	service->host = setup->host;
	service->version = setup->cfg->status_version;
	ret = mgmt_open(setup->loop, path, setup->host, &service->socket);
	if (ret) {
		snprintf(err, err_len, "control socket %s: %s%s",
			 path ? path : MGMT_RUN_DIR "/<device>.sock",
			 strerror(-ret), ret == -EADDRINUSE ?
			 "; another daemon listens there, give this one its own with: control PATH" :
			 "");
		return ret;
	}
	mgmt_set_orders(service->socket, setup->reload, setup->leave,
			setup->arg);
	/* after the rights are dropped the folder may not let us remove it */
	ret = priv_socket_remove_later(setup->priv, mgmt_path(service->socket));
	if (ret)
		log_debug("control socket: %s", strerror(-ret));
	ret = open_status(setup, service, err, err_len);
	if (ret || !setup->cfg->management_host)
		return ret;
	return mgmt_iface_open(setup, &service->iface, err, err_len);
}

void mgmt_exiting(struct mgmt_service *service, const char *name)
{
	mgmt_iface_signal(service->iface, name);
}

void mgmt_reloaded(struct mgmt_service *service, const char *json)
{
	if (service && service->socket)
		mgmt_answer_reload(service->socket, json);
}

static void log_status(struct mgmt_service *service)
{
	char *text = NULL, *line, *save;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	mgmt_status_print(service->host, service->version, out);
	if (!fclose(out))
		for (line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			log_notice("%s", line);
	free(text);
}

void mgmt_status_now(struct mgmt_service *service)
{
	int ret = service->status ? mgmt_status_write(service->status) : 0;

	if (!service->status)
		log_status(service);
	if (ret)
		log_warn("status file: %s", strerror(-ret));
}

void mgmt_stop(struct mgmt_service *service)
{
	if (!service)
		return;
	mgmt_status_close(service->status);
	mgmt_close(service->socket);
	service->status = NULL;
	service->socket = NULL;
}

void mgmt_free(struct mgmt_service *service)
{
	if (!service)
		return;
	mgmt_stop(service);
	mgmt_iface_close(service->iface);
	free(service);
}
