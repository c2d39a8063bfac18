# SPDX-License-Identifier: GPL-2.0-or-later
# Lengths: a file has at most 800 lines, a function 80, nesting is 3 at most. A
# function is what stands between braces in column 0. Tables of options may be
# longer: they are initialisers, whose brace does not stand there.

function find(line, what) {
	printf "%s:%d: %s\n", file, line, what
}

function end_file() {
	if (file != "" && last > 800)
		find(last, "the file has " last " lines, 800 are allowed")
}

FNR == 1 {
	end_file()
	file = FILENAME
	start = 0
}

{
	last = FNR
}

/^\{/ {
	start = FNR
}

/^\}/ && start {
	if (FNR - start + 1 > 80)
		find(start, "the function has " FNR - start + 1 \
		     " lines, 80 are allowed")
	start = 0
}

# A block that opens at four tabs is the fourth inside a function.
start && /^\t\t\t\t+[a-z}].*\{$/ && !/^\t+[a-z_]*case / && !/=[ \t]*\{$/ {
	find(FNR, "nesting is deeper than 3")
}

END {
	end_file()
}
