# SPDX-License-Identifier: GPL-2.0-or-later
# control.json as a table with tabs.
def short: if . == null then "-"
	elif . == 0 then "0"
	elif . >= 100 or . <= -100 then round | tostring
	elif . >= 1 or . <= -1 then . * 100 | round / 100 | tostring
	else . * 1000000 | round / 1000000 | tostring end;

["scenario", "system", "median", "from", "to", "n", "unit", "/ openvpn"],
(.[] | [.scenario, .system, (.value | short), (.low | short),
	(.high | short), .n, .unit, (.ratio_to_stock | short)])
| map(tostring) | join("\t")
