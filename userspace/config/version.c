// SPDX-License-Identifier: GPL-2.0-or-later
/* The one place where the version, given by the Makefile, enters the code. */
#include "config/config.h"
#include "config/version.h"

const char *config_version(void)
{
	return OVPND_VERSION;
}
