# SPDX-License-Identifier: GPL-2.0-or-later
# The layer rule of userspace/: a module includes only lower layers' public
# headers, never a sibling mechanism's (dp may use userdp).

function layer(names, level,	i, n, list) {
	n = split(names, list, " ")
	for (i = 1; i <= n; i++)
		level_of[list[i]] = level
}

function find(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
}

function check_include(here, there, header) {
	if (!(here in level_of)) {
		find("folder " here " is in no layer")
		return
	}
	if (!(there in level_of) || there == here)
		return
	if (header != there ".h")
		find("includes the private header " there "/" header)
	if (level_of[there] > level_of[here])
		find(here " includes " there ", which is above it")
	else if (level_of[there] == 1 && level_of[here] == 1 &&
		 !(here == "dp" && there == "userdp"))
		find(here " includes its sibling " there)
}

BEGIN {
	layer("mem log proto loop nl net", 0)
	layer("wrap reliable tls keygen dp userdp config auth hook keep priv", 1)
	layer("control tunnel", 2)
	layer("extmux intmux live mgmt ovpnctl main.c", 3)
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split(FILENAME, path, "/")
	split($0, quoted, "\"")
	sub(/^(\.\.\/)+/, "", quoted[2])
	if (split(quoted[2], part, "/") == 2)
		check_include(path[2], part[1], part[2])
}
