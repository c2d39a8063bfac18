# SPDX-License-Identifier: GPL-2.0-or-later
# results.json as a table for Documentation/performance.rst: a line for each row,
# link and MTU that the in-tree driver or ours has, a column for each system that
# has a figure.
def names: {bare: "bare", vxlan: "VXLAN", intree: "in-tree",
	wireguard: "WireGuard", openvpn: "OpenVPN", ours: "ours"};
def unit: {"Mbit/s": "Mbit/s", "instructions/packet": "packet",
	"instructions/round-trip": "round trip",
	"instructions/peer": "peer"}[.] // (split("/") | last);
def pad($n): . + " " * ($n - length);

(map(.system) as $have | names | with_entries(select(.key | IN($have[]))))
as $names
| (["row", "unit"] + [$names[]] + ["to in-tree"]) as $heads
| (map({system: .system, scenario: .scenario, mtu: .mtu, value: .value,
	unit: .unit, ratio: .ratio_to_intree})
 | group_by([.scenario, .mtu])
 | map(select(any(.[]; .system == "ours" or .system == "intree")))
 | map(. as $row
	| [(.[0].scenario | gsub("/"; ", ")) + ", " + .[0].mtu, (.[0].unit | unit)]
	+ [($names | keys_unsorted[]) as $s
		| first($row[] | select(.system == $s) | .value) // null
		| if . == null then "" else tostring end]
	+ [first($row[] | select(.system == "ours") | .ratio) // null
		| if . == null then "" else . * 100 | round / 100 | tostring end]))
as $rows
| [range($heads | length) as $i
	| [$heads[$i], $rows[][$i]] | map(length) | max] as $widths
| def line: [to_entries[] | . as $cell | .value | pad($widths[$cell.key])]
	| join("  ") | sub(" +$"; "");
  ($widths | map("=" * .) | join("  ")) as $rule
| $rule, ($heads | line), $rule, ($rows[] | line), $rule
