// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ovpnctl/doctor.h"

#define DAY_S		86400
#define CERT_WARN_DAYS	30
#define CRL_WARN_DAYS	3
#define LIMIT_WARN_PART	10	/* of max-clients, that is left */

static const char *const verdict_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_INFO] = "info",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
};

void doctor_find(struct doctor *doctor, enum doctor_verdict verdict,
		 const char *check, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(doctor->findings, json_pack(
		"{ss* ss ss ss}", "dev", doctor->dev, "check", check,
		"verdict", verdict_names[verdict], "text", text));
	if (verdict > doctor->worst)
		doctor->worst = verdict;
}

/* ---- what the daemon knows ---------------------------------------------- */

/* "" for a time that no calendar has */
static void doctor_date(time_t at, char out[32])
{
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&at, &tm))
		strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
}

static void doctor_until(struct doctor *doctor, const json_t *device,
			 const char *key, const char *what, long warn_days)
{
	const json_t *until = json_object_get(device, key);
	long long days;
	char date[32];
	time_t at;

	if (!json_is_integer(until))
		return;
	at = (time_t)json_integer_value(until);
	days = ((long long)at - (long long)time(NULL)) / DAY_S;
	doctor_date(at, date);
	if (at <= time(NULL))
		doctor_find(doctor, DOCTOR_FAIL, what,
			    "has ended on %s UTC, peers are refused; renew it, then: ovpnctl reload",
			    date);
	else if (days < warn_days)
		doctor_find(doctor, DOCTOR_WARN, what,
			    "ends in %lld days (%s UTC); renew it, then: ovpnctl reload",
			    days, date);
	else
		doctor_find(doctor, DOCTOR_OK, what, "ends in %lld days (%s UTC)",
			    days, date);
}

static void doctor_certificate(struct doctor *doctor, const json_t *device)
{
	const json_t *from = json_object_get(device, "cert_from");
	char date[32];

	if (!json_is_integer(from) || json_integer_value(from) <= time(NULL)) {
		doctor_until(doctor, device, "cert_until", "certificate",
			     CERT_WARN_DAYS);
		return;
	}
	doctor_date((time_t)json_integer_value(from), date);
	doctor_find(doctor, DOCTOR_FAIL, "certificate",
		    "is not valid before %s UTC, peers refuse it; this machine's clock is wrong, or that of who made it",
		    date);
}

/* Also with a limit of one or two, the next client may be too many. */
static void doctor_limit(struct doctor *doctor, const json_t *device)
{
	json_int_t max = json_integer_value(
		json_object_get(device, "max_peers"));
	json_int_t now = (json_int_t)json_array_size(
		json_object_get(device, "peers"));
	json_int_t few = (max + LIMIT_WARN_PART - 1) / LIMIT_WARN_PART;

	if (!ctl_is_server(device) || !max)
		return;
	if (now >= max)
		doctor_find(doctor, DOCTOR_WARN, "limit",
			    "%lld of %lld clients, nobody else is let in; raise max-clients, then: ovpnctl reload",
			    (long long)now, (long long)max);
	else if (now && max - now <= few)
		doctor_find(doctor, DOCTOR_WARN, "limit",
			    "%lld of %lld clients, max-clients is near",
			    (long long)now, (long long)max);
	else
		doctor_find(doctor, DOCTOR_OK, "limit",
			    "%lld of %lld clients (max-clients)",
			    (long long)now, (long long)max);
}

static void doctor_daemon(struct doctor *doctor, const json_t *device)
{
	doctor_certificate(doctor, device);
	doctor_until(doctor, device, "ca_until", "ca", CERT_WARN_DAYS);
	doctor_until(doctor, device, "crl_until", "crl", CRL_WARN_DAYS);
	doctor_limit(doctor, device);
}

static void doctor_data_path(struct doctor *doctor, const json_t *device)
{
	const char *path = json_string_value(json_object_get(device,
							     "data_path"));
	const char *reason = json_string_value(json_object_get(device,
							       "reason"));

	if (path && !strcmp(path, "kernel"))
		doctor_find(doctor, DOCTOR_OK, "data-path",
			    "the kernel carries the packets");
	else if (path)
		doctor_find(doctor, DOCTOR_WARN, "data-path",
			    "the daemon carries the packets: %s",
			    reason ? reason : "");
}

static void doctor_sockets(struct doctor *doctor, const json_t *device)
{
	const json_t *sockets = json_object_get(device, "sockets"), *sock;
	size_t i;

	if (!ctl_is_server(device))
		return;
	json_array_foreach(sockets, i, sock)
		doctor_find(doctor, DOCTOR_OK, "socket", "%s %s, peers: %lld",
			    json_string_value(json_object_get(sock,
							      "transport")),
			    json_string_value(json_object_get(sock, "local")),
			    (long long)json_integer_value(
				    json_object_get(sock, "peers")));
}

static void doctor_device(struct doctor *doctor, const json_t *device)
{
	doctor->dev = json_string_value(json_object_get(device, "device"));
	doctor_sockets(doctor, device);
	doctor_data_path(doctor, device);
	doctor_daemon(doctor, device);
	if (ctl_is_elsewhere(device)) {
		doctor_find(doctor, DOCTOR_INFO, "network",
			    "is in another network namespace; run ovpnctl there to look at it");
		return;
	}
	doctor_forwarding(doctor, device);
	doctor_mtu(doctor, device);
}

/* ---- output -------------------------------------------------------------- */

static void doctor_print(const json_t *findings)
{
	const json_t *finding;
	const char *dev;
	size_t i;

	json_array_foreach(findings, i, finding) {
		dev = json_string_value(json_object_get(finding, "dev"));
		printf("%-4s  %-8s %-12s %s\n",
		       json_string_value(json_object_get(finding, "verdict")),
		       dev ? dev : "-",
		       json_string_value(json_object_get(finding, "check")),
		       json_string_value(json_object_get(finding, "text")));
	}
}

int ctl_doctor(const struct ctl *ctl)
{
	struct doctor doctor = { .findings = json_array() };
	json_t *devices, *device, *json;
	char err[600] = "";
	size_t i;

	doctor_module(&doctor);
	doctor_clock(&doctor);
	doctor_firewall(&doctor);
	devices = ctl_collect(ctl, err, sizeof(err));
	json_array_foreach(devices, i, device)
		doctor_device(&doctor, device);
	if (!devices) {
		doctor.dev = ctl->dev;
		doctor_find(&doctor, DOCTOR_FAIL, "daemon", "%s", err);
	}
	if (ctl->is_json) {
		json = json_pack("{sO}", "findings", doctor.findings);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		doctor_print(doctor.findings);
	}
	json_decref(devices);
	json_decref(doctor.findings);
	return fflush(stdout) || doctor.worst == DOCTOR_FAIL;
}
