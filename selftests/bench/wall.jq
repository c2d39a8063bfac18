# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "SCENARIO SYSTEM ROUND VALUE UNIT NAME=VALUE..." of all rounds, as an array
# with one object for each scenario and system. The value is the median, the ratio
# the median of those of each round; above 1 is better than the in-tree driver.
# "spread" is the middle half of the ratios (of the values, where there are none),
# in per cent of the median; more than 15 make a row void.
def quantile($q): sort | .[((length - 1) * $q) | round];
def better($unit): if $unit == "Mbit/s" then 1 else -1 end;
def spread: if quantile(0.5) == 0 then 0
	else (quantile(0.75) - quantile(0.25)) / quantile(0.5) * 1000
		| round / 10 end;

[inputs | split(" ") | {
	scenario: .[0], system: .[1], round: .[2],
	value: (.[3] | tonumber? // null), unit: .[4],
	details: (.[5:] | map(select(. != "") | split("=") | {(.[0]): .[1]}) | add)
}]
| map(select(.value != null)) as $all
| ($all | map(select(.system == "intree"))
	| map({key: (.scenario + " " + .round), value: .value})
	| from_entries) as $intree
| $all | group_by([.scenario, .system])
| map((map(. as $r | $intree[$r.scenario + " " + $r.round] as $base
		| if $base == null or $base == 0 or $r.value == 0 then empty
		  else pow($r.value / $base; better($r.unit)) end)) as $ratios
	| (if ($ratios | length) > 0 and .[0].system != "intree"
		then $ratios else map(.value) end | spread) as $spread
	| {scenario: .[0].scenario, mtu: "default", system: .[0].system,
		value: (map(.value) | quantile(0.5)), unit: .[0].unit,
		ratio_to_intree: (if ($ratios | length) > 0
			then $ratios | quantile(0.5) * 1000 | round / 1000
			else null end),
		added_over_bare: null, n: length,
		max: (map(.value) | max),
		spread: $spread, is_void: ($spread > 15),
		details: .[-1].details})
