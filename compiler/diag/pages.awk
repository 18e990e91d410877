# The pages as C: first findings.def, then the pages. For every finding a
# line "#define PAGE_ALIAS_LOOP ...", NULL where it has no page.
function quoted(s) {
	gsub(/\\/, "\\\\\\\\", s)
	gsub(/"/, "\\\\\"", s)
	return "\"" s "\\n\""
}
FILENAME ~ /\.def$/ {
	if (match($0, /^(FINDING|HARD)\([A-Z0-9_]+/)) {
		split(substr($0, 1, RLENGTH), part, "(")
		page[part[2]] = ""
		id[n++] = part[2]
	}
	next
}
FNR == 1 {
	current = FILENAME
	sub(/.*\//, "", current)
	sub(/\.md$/, "", current)
	gsub(/-/, "_", current)
	current = toupper(current)
	if (!(current in page))
		print "#error \"" FILENAME " is the page of no finding\""
}
{ page[current] = page[current] " \\\n\t" quoted($0) }
END {
	for (i = 0; i < n; i++)
		print "#define PAGE_" id[i], page[id[i]] ? page[id[i]] : "NULL"
}
