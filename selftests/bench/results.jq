# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "SCENARIO LINK MTU SYSTEM VALUE UNIT NAME=VALUE..." to an array of
# results with their ratios. A ratio above 1 is better than the in-tree driver.

def better($unit): if $unit | startswith("instructions") then -1 else 1 end;

# what the tunnel adds over no tunnel: instructions per byte or per packet
def cost: if .unit == "Mbit/s" then 8000 / .value else .value end;

[inputs | split(" ") | map(select(. != "")) | {
	scenario: (.[0] + "/" + .[1]), mtu: .[2], system: .[3],
	value: (.[4] | tonumber? // null), unit: .[5],
	details: (.[6:] | map(split("=") | {(.[0]): .[1]}) | add)
}]
| map(select(.value != null and .value != 0)) as $all
| $all | map(. as $r
	| ($all | map(select(.scenario == $r.scenario and .mtu == $r.mtu))) as $row
	| ($row | map(select(.system == "intree"))[0]) as $intree
	| ($row | map(select(.system == "bare"))[0]) as $bare
	| . + {
		ratio_to_intree: (if $intree == null then null
			else pow(.value / $intree.value; better(.unit))
				* 1000 | round / 1000 end),
		added_over_bare: (if $bare == null then null
			else ((. | cost) - ($bare | cost)) * 100 | round / 100
			end)
	})
