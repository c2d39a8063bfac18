# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "scenario system value unit" of all rounds, with tabs between, as an
# array with one object for each scenario and system. The value is the median.
# A ratio says how many times better this is: more where more is better, less
# where less is. Of idle round-trip times it is what the tunnel adds to none.
def quantile($q): sort | .[((length - 1) * $q) | round];
def less_is_better: . == "rtt_idle" or . == "rtt_load" or . == "cpu_per_gb";

[inputs | split("\t")
	| {scenario: .[0], system: .[1], value: (.[2] | tonumber), unit: .[3]}]
| (map(select(.scenario == "missing"))
	| map({key: .system, value: .unit}) | from_entries) as $missing
| map(select(.scenario != "missing")) | group_by([.scenario, .system])
| map({scenario: .[0].scenario, system: .[0].system,
	value: (map(.value) | quantile(0.5)), unit: .[0].unit,
	low: (map(.value) | quantile(0.25)),
	high: (map(.value) | quantile(0.75)), n: length})
| . as $all
| def of($scenario; $system):
	first($all[] | select(.scenario == $scenario and .system == $system)
		| .value) // null;
  def effort($scenario; $system):
	of($scenario; $system) as $v
	| if $v == null then null
	  elif $scenario == "rtt_idle" then
		$v - (of("rtt_idle"; "bare") // 0)
	  else $v end;
  def ratio($to):
	effort(.scenario; .system) as $mine | effort(.scenario; $to) as $other
	| if $mine == null or $other == null or .system == "bare" then null
	  elif (.scenario | less_is_better) then
		(if $mine > 0 then $other / $mine else null end)
	  else (if $other > 0 then $mine / $other else null end) end;
  map(. + {added: (if .scenario == "rtt_idle" and .system != "bare"
			then effort(.scenario; .system) else null end),
	ratio_to_openvpn: ratio("openvpn"),
	ratio_to_wireguard_go: ratio("wireguard-go")})
| . + ($missing | to_entries
	| map({scenario: "all", system: .key, value: null, unit: .value,
		ratio_to_openvpn: null, ratio_to_wireguard_go: null}))
