# The parameters as C: one initializer of struct param_kind a line, in the
# order of the table, which must be that of strcmp() for param_named().
function quoted(s) {
	gsub(/\\/, "\\\\\\\\", s)
	gsub(/"/, "\\\\\"", s)
	return "\"" s "\""
}
function wrong(what) {
	print "#error \"parameters.tsv line " NR ": " what "\""
}
BEGIN {
	FS = "\t"
	n = split("text raw bool int time tables match restrictions names " \
	    "networks nexthop transport milters code choice words protocols",
	    type, " ")
	for (i = 1; i <= n; i++)
		constant[type[i]] = "PARAM_" toupper(type[i])
	first = 6
	last = 12
}
/^#/ { next }
$1 == "parameter" { next }
{
	if ($1 "" <= previous "")
		wrong($1 " is out of order")
	previous = $1
	if (!($2 in constant))
		wrong($1 " has an unknown type")
	known = 0
	bit = 1
	for (i = first; i <= last; i++) {
		if ($i != "-")
			known += bit
		bit *= 2
	}
	if (!known)
		wrong($1 " is in no release")
	number = $2 == "int" || $2 == "time" || $2 == "code"
	min = $3 != "" ? $3 : number ? "INT32_MIN" : "0"
	max = $4 != "" ? $4 : "0"
	preset = $(last + 1) != "" || $8 != "-" ? $(last + 1) : $(last + 2)
	printf "{%s, %s, %d, %s,\n\t%s, %s, %s},\n", quoted($1), constant[$2],
	    known, quoted(preset), min, max, $5 != "" ? quoted($5) : "NULL"
}
