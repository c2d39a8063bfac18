/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_NAMES_H
#define DCO_NAMES_H

/* What the module registers is named after the module, so that Kbuild alone
 * decides (DCO_NAMES): "ovpn", which is the kernel's own name for it, or
 * OVPN_FAMILY_NAME_OWN of uapi/linux/ovpn.h, for a kernel that has its ovpn
 * built in. The two do not meet anywhere, so both can be loaded.
 */

/* link kind, device type, generic netlink family, driver, workqueue */
#define DCO_NAME	KBUILD_MODNAME
/* the second family, that of uapi/linux/ovpnx.h */
#define DCO_NAME_X	KBUILD_MODNAME "x"

#endif /* DCO_NAMES_H */
