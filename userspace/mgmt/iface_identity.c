// SPDX-License-Identifier: GPL-2.0-or-later
/* management-external-key and -cert: who the daemon is lies elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/iface.h"

/* Which programs are told how a signature is to be made. */
#define VERSION_PK_SIGN		2
#define VERSION_ALGORITHM	3

/* ---- what is told ----------------------------------------------------- */

void mgmt_identity_certificate(void *arg, const char *hint)
{
	struct mgmt_iface *iface = arg;
	char *text;

	if (iface->conn.fd < 0)
		log_info("Need certificate from management interface, waiting...");
	if (asprintf(&text, ">NEED-CERTIFICATE:%s", hint) < 0)
		return;
	mgmt_iface_wait_for(iface, text);
	free(text);
}

void mgmt_identity_signature(void *arg, const char *what,
			     const char *algorithm)
{
	struct mgmt_iface *iface = arg;
	bool has_algorithm = iface->client_version >= VERSION_ALGORITHM;

	free(iface->signature);
	iface->signature = NULL;
	if (!what)
		return;
	iface->is_rsa_sign = iface->client_version < VERSION_PK_SIGN;
	if (asprintf(&iface->signature, ">%s:%s%s%s",
		     iface->is_rsa_sign ? "RSA_SIGN" : "PK_SIGN", what,
		     has_algorithm ? "," : "",
		     has_algorithm ? algorithm : "") < 0)
		iface->signature = NULL;
	else
		mgmt_iface_tell_line(iface, iface->signature);
}

/* ---- what is answered ------------------------------------------------- */

void mgmt_identity_sign(struct mgmt_iface *iface, const char *const *w)
{
	if (tunnel_host_signs(iface->host))
		iface->extra_of = MGMT_EXTRA_SIGNATURE;
	else
		mgmt_iface_say(iface, "ERROR: The %s command is not currently available",
			       w[0]);
}

void mgmt_identity_show(struct mgmt_iface *iface, const char *const *w)
{
	static const char asked[] = ">NEED-CERTIFICATE:";

	if (iface->special && !strncmp(iface->special, asked, strlen(asked)))
		iface->extra_of = MGMT_EXTRA_CERTIFICATE;
	else
		mgmt_iface_say(iface, "ERROR: The %s command is not currently available",
			       w[0]);
}

/* Lines of base64 are one. */
static void lines_join(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++)
		if (*at != '\n' && *at != ' ')
			*to++ = *at;
	*to = '\0';
}

void mgmt_identity_finish(struct mgmt_iface *iface, enum mgmt_extra what)
{
	bool is_signature = what == MGMT_EXTRA_SIGNATURE;
	const char *name = !is_signature ? "certificate" :
			   iface->is_rsa_sign ? "rsa-sign" : "pk-sign";
	char *text = NULL;
	int ret = -1;

	if (!iface->is_extra_full)
		text = strndup(iface->extra.len ?
			       (const char *)iface->extra.data : "",
			       iface->extra.len);
	if (text && is_signature) {
		lines_join(text);
		ret = tunnel_host_signature(iface->host, text);
		ret = ret == -ENOENT ? ret : 0;
	} else if (text) {
		mgmt_iface_wait_for(iface, NULL);
		ret = tunnel_host_certificate(iface->host, text);
	}
	free(text);
	mgmt_iface_say(iface, "%s: %s command %s", ret ? "ERROR" : "SUCCESS",
		       name, ret ? "failed" : "succeeded");
}
