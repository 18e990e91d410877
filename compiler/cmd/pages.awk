# The verbs' pages as rows of a C table: {"name", "text"}.
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.md$/, "", name)
	printf("%s{\"%s\",", (NR > 1 ? "},\n" : ""), name)
}
{
	gsub(/\\/, "\\\\\\\\")
	gsub(/"/, "\\\\\"")
	printf "\n\t\"%s\\n\"", $0
}
END { if (NR) print "}," }
