// SPDX-License-Identifier: GPL-2.0-or-later
/* management-client-auth: who may come in, and how (section 10.4). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/iface.h"

static bool parse_u32(struct mgmt_iface *iface, const char *word,
		      const char *what, uint32_t *out)
{
	if (sscanf(word, "%" SCNu32, out) == 1)
		return true;
	mgmt_iface_say(iface, "ERROR: cannot parse %s", what);
	return false;
}

static bool parse_ids(struct mgmt_iface *iface, const char *const *w,
		      uint64_t *cid, uint32_t *kid)
{
	return mgmt_client_cid(iface, w[1], cid) &&
	       parse_u32(iface, w[2], "KID", kid);
}

static void say_done(struct mgmt_iface *iface, const char *name, bool is_ok)
{
	mgmt_iface_say(iface, "%s: %s command %s", is_ok ? "SUCCESS" : "ERROR",
		       name, is_ok ? "succeeded" : "failed");
}

static void accept_now(struct mgmt_iface *iface, uint64_t cid, uint32_t kid)
{
	const char *lines = (const char *)iface->extra.data;
	bool is_ok = !iface->is_extra_full;

	if (!mgmt_client_is_ready(iface, "client-auth"))
		return;
	if (is_ok)
		is_ok = !tunnel_host_login_accept(iface->host, cid, kid,
						  lines ? lines : "",
						  iface->extra.len);
	say_done(iface, "client-auth", is_ok);
}

void mgmt_auth_finish(struct mgmt_iface *iface)
{
	accept_now(iface, iface->extra_cid, iface->extra_kid);
}

void mgmt_auth_accept(struct mgmt_iface *iface, const char *const *w)
{
	if (parse_ids(iface, w, &iface->extra_cid, &iface->extra_kid))
		iface->extra_of = MGMT_EXTRA_CLIENT_AUTH;
}

void mgmt_auth_accept_plain(struct mgmt_iface *iface, const char *const *w)
{
	uint64_t cid;
	uint32_t kid;

	if (parse_ids(iface, w, &cid, &kid))
		accept_now(iface, cid, kid);
}

void mgmt_auth_refuse(struct mgmt_iface *iface, const char *const *w)
{
	uint64_t cid;
	uint32_t kid;

	if (!parse_ids(iface, w, &cid, &kid) ||
	    !mgmt_client_is_ready(iface, w[0]))
		return;
	say_done(iface, "client-deny",
		 !tunnel_host_login_refuse(iface->host, cid, kid, w[3],
					   w[4] ? w[4] : ""));
}

void mgmt_auth_pending(struct mgmt_iface *iface, const char *const *w)
{
	uint32_t kid, timeout;
	uint64_t cid;

	if (!parse_ids(iface, w, &cid, &kid) ||
	    !parse_u32(iface, w[4], "TIMEOUT", &timeout) ||
	    !mgmt_client_is_ready(iface, w[0]))
		return;
	if (tunnel_host_login_pending(iface->host, cid, kid, w[3], timeout))
		mgmt_iface_say(iface, "ERROR: client-pending-auth command failed. Extra parameter might be too long");
	else
		mgmt_iface_say(iface, "SUCCESS: client-pending-auth command succeeded");
}
