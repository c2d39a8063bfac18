# SPDX-License-Identifier: GPL-2.0-or-later
# results.json as a table with tabs.
["scenario", "mtu", "system", "value", "unit", "to in-tree", "added to bare",
 "details"],
(.[] | [.scenario, .mtu, .system, .value, .unit, .ratio_to_intree // "-",
	.added_over_bare // "-",
	(.details | to_entries | map(.key + "=" + .value) | join(" "))])
| map(tostring) | join("\t")
