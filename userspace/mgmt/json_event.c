// SPDX-License-Identifier: GPL-2.0-or-later
/* Control socket: what who monitors is told. */
#include <time.h>

#include "mgmt/private.h"

static const char *event_name(enum tunnel_change change)
{
	switch (change) {
	case TUNNEL_CHANGE_STATE:
		return "state";
	case TUNNEL_CHANGE_REMOTE:
		return "remote";
	case TUNNEL_CHANGE_KEY:
		return "key";
	case TUNNEL_CHANGE_GONE:
		return "gone";
	}
	return "";
}

char *mgmt_json_event(const char *dev, enum tunnel_change change,
		      const struct tunnel_info *info, const char *why)
{
	struct timespec now;
	json_t *event;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	event = json_pack("{ss sI si ss so}", "event", event_name(change),
			  "time", (json_int_t)now.tv_sec,
			  "ms", (int)(now.tv_nsec / 1000000), "dev", dev,
			  "peer", mgmt_json_peer(info));
	if (event && why[0])
		json_object_set_new(event, "why", mgmt_json_text(why));
	text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	json_decref(event);
	return text;
}
