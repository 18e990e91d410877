# The pages of compiler/diag/pages as one C table: name, then the text.
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\\n\""
}
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.md$/, "", name)
	if (NR > 1)
		print "},"
	printf "{\"%s\",\n", name
}
{ print "\t" quoted($0) }
END { if (NR) print "}," }
