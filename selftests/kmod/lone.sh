#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What comes alone goes up at once, without GRO, where that overtakes nothing
# and does not lead back to us; the rest takes the way through GRO.
#
#	+-------- a --------+                 +-------- b --------+
#	| in0 p2p 10.7.0.2  |                 | in0 p2p 10.7.0.1  |
#	|   in the tunnel:  |                 |                   |
#	| tun p2p 10.8.0.2  |   10.99.0.0/24  | tun mp  10.8.0.1  |
#	|   vab .1 :7001    |-----------------|   vba .2 :7002    |
#	+-------------------+                 +-------------------+

TESTS="direct stream nested down"
. "$(dirname "$0")/lib.sh"

set_up() {
	net_pair
	tunnel_new aes-gcm 32 4 1400
}

given() {
	echo "direct=$(ethtool_stat b "$1" rx_direct_packets)" \
		"gro=$(ethtool_stat b "$1" rx_gro_packets)"
}

# direct: pings over both families, and datagrams
test_direct() {
	set_up
	ping_all a 10.8.0.1 5
	ping_all a fd08::1 5
	kt_is "pings" "$(given tun)" "direct=10 gro=0"
	udp_check a b 10.8.0.1:9002 60 60 60
	kt_is "none by GRO" "$(ethtool_stat b tun rx_gro_packets)" 0
	kt_is "interface" "$(dev_stat b tun rx packets)" \
		"$(ethtool_stat b tun rx_direct_packets)"
}

# stream: data of TCP is for GRO, every byte arrives
test_stream() {
	set_up
	tcp_check a b 10.8.0.1:9001 300000
	tcp_check b a "[fd08::2]:9001" 300000
	kt_num "by GRO" "$(ethtool_stat b tun rx_gro_packets)" -ge 1
	kt_is "nothing dropped" "$(drop_causes b)" ""
}

# nested: of a tunnel in a tunnel only the outer one's packets go up at once: a
# peer could put any number into one another
test_nested() {
	local a b

	set_up
	sock_new a 10.8.0.2:7011
	a=$SOCK
	sock_new b 10.8.0.1:7012
	b=$SOCK
	dev_new a in0 p2p 10.7.0.2/24 fd07::2/64
	dev_new b in0 p2p 10.7.0.1/24 fd07::1/64
	cli a batch <<-END || kt_die "set up a"
		new_peer in0 id=1 socket=@sock:$a \
			remote-ipv4=10.8.0.1 remote-port=7012
		new_key in0 peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 1 32 0)
	END
	cli b batch <<-END || kt_die "set up b"
		new_peer in0 id=1 socket=@sock:$b \
			remote-ipv4=10.8.0.2 remote-port=7011
		new_key in0 peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 1 32 1)
	END
	ping_all a 10.7.0.1 5
	kt_is "outer" "$(given tun)" "direct=5 gro=0"
	kt_is "inner" "$(given in0)" "direct=0 gro=5"
}

# down: a device that is down gives nothing to the stack, and counts
test_down() {
	local dropped

	set_up
	ip -n "$NS-b" link set tun down
	in_a ping -q -n -c 3 -i 0.1 -W 1 10.8.0.1 >/dev/null 2>&1
	dropped=$(dev_stat b tun rx dropped)
	kt_num "dropped" "$dropped" -ge 3
	kt_is "direct" "$(given tun)" "direct=0 gro=0"
}

kt_main "$@"
