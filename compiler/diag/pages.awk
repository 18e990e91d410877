# The pages of compiler/diag/pages for the table in catalogue.c: the page
# alias-loop.md becomes the member .page of FINDING_ALIAS_LOOP.
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\\n\""
}
FNR == 1 {
	id = FILENAME
	sub(/.*\//, "", id)
	sub(/\.md$/, "", id)
	gsub(/-/, "_", id)
	if (NR > 1)
		print "\t,"
	printf "[FINDING_%s].page =\n", toupper(id)
}
{ print "\t" quoted($0) }
END { if (NR) print "\t," }
