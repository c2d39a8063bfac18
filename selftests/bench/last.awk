# SPDX-License-Identifier: GPL-2.0-or-later
# Of lines "SCENARIO LINK MTU SYSTEM ..." the last one of each, in the order of the
# first ones.
{
	key = $1 " " $2 " " $3 " " $4
	if (!(key in line))
		order[n++] = key
	line[key] = $0
}
END {
	for (i = 0; i < n; i++)
		print line[order[i]]
}
