# SPDX-License-Identifier: GPL-2.0-or-later
# Counts the results in one suite's KTAP. Prints "passed failed skipped", then
# two lines for each failure: its name, and the command that repeats it (from
# a line "# repeat: COMMAND" before or after the result, else the suite's).
#
# A result whose subtests (more deeply indented) were seen is their summary and
# is not counted again. Set: rc (exit status), suite, limit (seconds).

function fail(what, command) {
	failed++
	name[failed] = what
	repeat[failed] = command
	if (command == "")
		repeat[failed] = "selftests/run " suite
}

# A hint at a summary is for the failures below it, too.
function spread_hint(depth,	i) {
	if (hint == "")
		return
	for (i = failed_at[depth] + 1; i <= failed; i++)
		repeat[i] = hint
}

function is_summary(depth,	d, any) {
	for (d in below)
		if (d + 0 > depth && below[d] > 0) {
			any = 1
			below[d] = 0
		}
	return any
}

function result(depth, is_ok, text,	summary) {
	summary = is_summary(depth)
	if (summary && !is_ok)
		spread_hint(depth)
	below[depth]++
	waits_for_hint = 0
	if (depth == 0)
		seen++
	if (!summary && text ~ /# *[Ss][Kk][Ii][Pp]/) {
		# cmocka writes "not ok 1 # SKIP name"
		skipped++
	} else if (is_ok && !summary) {
		passed++
	} else if (!is_ok && (!summary || failed == failed_at[depth])) {
		fail(text, hint)
		waits_for_hint = hint == ""
	}
	failed_at[depth] = failed
	hint = ""
}

{
	sub(/\r$/, "")
	match($0, /^ */)
	depth = RLENGTH
	line = substr($0, depth + 1)
}

line ~ /^#.*repeat: / {
	sub(/.*repeat: */, "", line)
	if (waits_for_hint)
		repeat[failed] = line
	else
		hint = line
	waits_for_hint = 0
}

line ~ /^1\.\.[0-9]+/ && depth == 0 && !planned {
	planned = 1
	plan = substr(line, 4) + 0
	if (plan == 0)
		skipped++
}

line ~ /^ok [0-9]+/ {
	sub(/^ok [0-9]+ *(- )?/, "", line)
	result(depth, 1, line)
}

line ~ /^not ok [0-9]+/ {
	sub(/^not ok [0-9]+ *(- )?/, "", line)
	result(depth, 0, line)
}

END {
	if (rc == 124 || rc == 137)
		fail("ran out of time (" limit " s)")
	else if (!planned)
		fail("printed no plan (exit status " rc ")")
	else if (seen + 0 != plan)
		fail("planned " plan " tests, " seen + 0 " ran")
	else if (rc != 0 && !failed)
		fail("exit status " rc " without a failed test")
	printf "%d %d %d\n", passed, failed, skipped
	for (i = 1; i <= failed; i++)
		printf "  %s: %s\n      %s\n", suite, name[i], repeat[i]
}
