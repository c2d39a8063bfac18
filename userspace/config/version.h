/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_VERSION_H
#define CONFIG_VERSION_H

/* The one place of the version; a build may override it with -D. */
#ifndef OVPND_VERSION
#define OVPND_VERSION "0.1.0"
#endif

#endif
