# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "scenario system value unit" of all rounds, with tabs between, as an
# array with one object for each scenario and system. The value is the median,
# the ratio a plain quotient.
def quantile($q): sort | .[((length - 1) * $q) | round];

[inputs | split("\t")
	| {scenario: .[0], system: .[1], value: (.[2] | tonumber), unit: .[3]}]
| group_by([.scenario, .system])
| map({scenario: .[0].scenario, system: .[0].system,
	value: (map(.value) | quantile(0.5)), unit: .[0].unit,
	low: (map(.value) | min), high: (map(.value) | max), n: length})
| . as $all
| map(. as $one | . + {ratio_to_stock:
	(first($all[] | select(.scenario == $one.scenario and
			.system == "openvpn") | .value) // 0
	 | if . > 0 then $one.value / . else null end)})
