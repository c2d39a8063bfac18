# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "NAME VALUE..." to few lines of one value each, so that each value of
# each name meets each value of every other name in at least one of them. A line
# "not NAME=VALUE NAME=VALUE" says what cannot meet. Always the same output for
# the same input: each row is the best of some that a fixed generator proposes.
#
#   pairs.awk -v tries=60

function number(limit) {
	state = (state * 1103515245 + 12345) % 2147483648
	return int(state / 65536) % limit
}

function is_allowed(row,    i, j) {
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++)
			if ((i "=" row[i] SUBSEP j "=" row[j]) in never)
				return 0
	return 1
}

function gain(row,    i, j, sum) {
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++)
			sum += (i "=" row[i] SUBSEP j "=" row[j]) in open
	return sum + 0
}

# A row that has the open pair @pair, and other values at random.
function propose(pair, row,    part, at, i) {
	for (i = 1; i <= n; i++)
		row[i] = value[i, 1 + number(count[i])]
	split(pair, part, SUBSEP)
	for (i = 1; i <= 2; i++) {
		at = index(part[i], "=")
		row[substr(part[i], 1, at - 1)] = substr(part[i], at + 1)
	}
}

function close_pairs(row,    i, j) {
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++)
			delete open[i "=" row[i], j "=" row[j]]
}

# The next pair that has not met, in a fixed order.
function first_open(    i, j, a, b, key) {
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++)
			for (a = 1; a <= count[i]; a++)
				for (b = 1; b <= count[j]; b++) {
					key = i "=" value[i, a] SUBSEP \
					      j "=" value[j, b]
					if (key in open)
						return key
				}
	return ""
}

/^#/ || !NF {
	next
}

$1 == "not" {
	split($2, one, "=")
	split($3, two, "=")
	never[place[one[1]] "=" one[2], place[two[1]] "=" two[2]] = 1
	never[place[two[1]] "=" two[2], place[one[1]] "=" one[2]] = 1
	next
}

{
	place[$1] = ++n
	count[n] = NF - 1
	for (f = 2; f <= NF; f++)
		value[n, f - 1] = $f
}

END {
	state = 1
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++)
			for (a = 1; a <= count[i]; a++)
				for (b = 1; b <= count[j]; b++)
					open[i "=" value[i, a], \
					     j "=" value[j, b]] = 1
	for (key in never)
		delete open[key]
	while ((pair = first_open()) != "") {
		best = 0
		for (t = 0; t < tries || (!best && t < 100 * tries); t++) {
			propose(pair, row)
			if (!is_allowed(row) || (points = gain(row)) <= best)
				continue
			best = points
			for (i = 1; i <= n; i++)
				chosen[i] = row[i]
		}
		if (!best) {
			gsub(SUBSEP, " ", pair)
			print "pairs.awk: nothing is allowed with " pair \
				> "/dev/stderr"
			exit 1
		}
		close_pairs(chosen)
		line = chosen[1]
		for (i = 2; i <= n; i++)
			line = line " " chosen[i]
		print line
	}
}
