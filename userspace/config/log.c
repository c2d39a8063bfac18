// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the configuration wants the log. */
#include <string.h>

#include "config/config.h"
#include "log/log.h"

int config_open_log(const struct config *cfg)
{
	const struct log_config log = {
		.target = cfg->log_path ? LOG_TARGET_FILE :
			  cfg->is_syslog || cfg->is_daemon ?
			  LOG_TARGET_SYSLOG : LOG_TARGET_STDOUT,
		.path = cfg->log_path,
		.ident = cfg->daemon_name ? cfg->daemon_name : "ovpnd",
		.is_append = cfg->is_log_append,
		.has_timestamps = !cfg->has_suppress_timestamps,
		.is_for_machines = cfg->is_log_for_machines,
		.mute = cfg->mute,
		.verb = cfg->verb,
	};
	int ret = log_open(&log);

	if (ret)
		log_error("log %s: %s", cfg->log_path, strerror(-ret));
	return ret;
}
