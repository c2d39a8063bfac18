# SPDX-License-Identifier: GPL-2.0-or-later
# user.json as a table with tabs.
def short: if . == null then "-"
	elif . >= 100 then round | tostring
	else . * 100 | round / 100 | tostring end;

["scenario", "system", "median", "middle half", "n", "unit", "to openvpn",
 "to wireguard-go"],
(.[] | [.scenario, .system, (.value | short),
	((.low | short) + " to " + (.high | short)),
	(.n // 0), .unit + (if .added then ", adds " + (.added | short)
		else "" end),
	(.ratio_to_openvpn | short), (.ratio_to_wireguard_go | short)])
| map(tostring) | join("\t")
