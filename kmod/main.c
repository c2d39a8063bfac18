// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include "aead.h"
#include "device.h"
#include "names.h"
#include "netlink.h"
#include "netlink_x.h"
#include "slice.h"
#include "stats.h"
#include "tcp.h"
#include "udp_whole.h"

struct workqueue_struct *dco_wq;

static int __init dco_link_register(void)
{
	int err = rtnl_link_register(&dco_link_ops);

	if (err == -EEXIST) {
		pr_err(DCO_NAME ": there is a link kind " DCO_NAME " already, as in a kernel with CONFIG_OVPN=y; a module built with DCO_NAMES=own works beside it\n");
		/* modprobe would believe that the module is loaded */
		return -EBUSY;
	}
	if (err)
		pr_err(DCO_NAME ": cannot register the link kind: %d\n", err);
	return err;
}

static int __init dco_init(void)
{
	int err;

	err = dco_aead_module_init();
	if (err)
		return err;

	dco_wq = alloc_workqueue(DCO_NAME, WQ_PERCPU, 0);
	if (!dco_wq) {
		err = -ENOMEM;
		goto err_aead;
	}
	err = dco_tcp_module_init();
	if (err)
		goto err_wq;
	err = dco_udp_whole_module_init();
	if (err)
		goto err_tcp;
	err = dco_link_register();
	if (err)
		goto err_whole;
	err = genl_register_family(&dco_nl_family);
	if (err) {
		pr_err(DCO_NAME ": cannot register the netlink family: %d\n", err);
		goto err_link;
	}
	err = genl_register_family(&dco_nlx_family);
	if (err) {
		pr_err(DCO_NAME_X ": cannot register the family: %d\n", err);
		goto err_family;
	}
	return 0;

err_family:
	genl_unregister_family(&dco_nl_family);
err_link:
	rtnl_link_unregister(&dco_link_ops);
err_whole:
	dco_udp_whole_module_exit();
err_tcp:
	dco_tcp_module_exit();
err_wq:
	destroy_workqueue(dco_wq);
err_aead:
	dco_aead_module_exit();
	return err;
}

/* No requests, then no devices, so no peers in any table: nothing new is
 * started. What was started ends in this order: RCU callbacks of endpoints,
 * sockets, addresses and peers without keys, and those that queue the works
 * which free keys and other peers; then the works; then callbacks that works
 * made.
 */
static void __exit dco_exit(void)
{
	genl_unregister_family(&dco_nlx_family);
	genl_unregister_family(&dco_nl_family);
	rtnl_link_unregister(&dco_link_ops);
	dco_udp_whole_module_exit();
	dco_tcp_module_exit();
	synchronize_net();
	rcu_barrier();
	destroy_workqueue(dco_wq);
	rcu_barrier();
	dco_stats_module_exit();
	dco_slice_module_exit();
	dco_aead_module_exit();
}

module_init(dco_init);
module_exit(dco_exit);

MODULE_DESCRIPTION("OpenVPN data channel");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_ALIAS_RTNL_LINK(DCO_NAME);
MODULE_ALIAS_GENL_FAMILY(DCO_NAME);
MODULE_ALIAS_GENL_FAMILY(DCO_NAME_X);
/* so that the first key need not wait for modules, or fail without them */
MODULE_SOFTDEP("pre: crypto-aes crypto-gcm crypto-ctr crypto-ghash "
	       "crypto-rfc7539 crypto-chacha20 crypto-poly1305");
