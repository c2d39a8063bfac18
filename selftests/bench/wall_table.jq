# SPDX-License-Identifier: GPL-2.0-or-later
# wall.json as a table with tabs.
["scenario", "system", "median", "unit", "to in-tree", "spread", "n", "largest",
 "details"],
(.[] | [.scenario, .system, .value, .unit,
	(if .is_void then "void" else .ratio_to_intree // "-" end),
	((.spread | tostring) + " %"), .n, .max,
	(.details | to_entries | map(.key + "=" + .value) | join(" "))])
| map(tostring) | join("\t")
