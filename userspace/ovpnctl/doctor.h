/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPNCTL_DOCTOR_H
#define OVPNCTL_DOCTOR_H

#include "ovpnctl/ctl.h"

/* Private to ovpnctl: what "doctor" looks at, a finding each. */

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_INFO,	/* not known, or nothing to be looked at */
	DOCTOR_WARN,
	DOCTOR_FAIL,
};

struct doctor {
	json_t *findings;
	const char *dev;	/* which they are about; NULL: the machine */
	enum doctor_verdict worst;
};

void doctor_find(struct doctor *doctor, enum doctor_verdict verdict,
		 const char *check, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* doctor_host.c: the machine, and the network around a device */
void doctor_module(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);
void doctor_firewall(struct doctor *doctor);
void doctor_forwarding(struct doctor *doctor, const json_t *device);
void doctor_mtu(struct doctor *doctor, const json_t *device);

#endif
