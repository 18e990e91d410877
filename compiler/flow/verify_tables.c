/*
 * Indexed tables, read again as postmap(1) reads them: a key ends at the
 * first blank, letter case does not count, the first of two equal keys wins.
 * Our tables are sorted as a rule, so that equal keys are neighbours; where
 * one is not, a map finds them.
 */
#include "flow/verify.h"

#include "role/role.h"

static bool
is_table(const struct planned_file *file)
{
	const struct artifact *artifact = file->subject;

	return artifact &&
	    str_eq(text_str(artifact->dialect), STR("map_key"));
}

/* The key of the next entry; false at the end. */
static bool
next_key(struct str *rest, struct str *key, uint32_t *line)
{
	while (rest->len) {
		size_t end = str_find(*rest, '\n');
		struct str text = {rest->s, end};
		bool entry = end && text.s[0] != '#' && text.s[0] != ' ' &&
		    text.s[0] != '\t';

		end += end < rest->len;
		*rest = (struct str){rest->s + end, rest->len - end};
		++*line;
		if (!entry)
			continue;
		*key = (struct str){text.s, str_find(text, ' ')};
		return true;
	}
	return false;
}

/* Byte order, but the @ ends a local part: "a@" stands before "a.b@". */
static int
key_cmp(struct str a, struct str b)
{
	struct str a_local = {a.s, str_find(a, '@')};
	struct str b_local = {b.s, str_find(b, '@')};
	int order = str_cmp(a_local, b_local);

	return order ? order : str_cmp(a, b);
}

static void
report_twice(struct diag *d, const struct planned_node *node,
    const struct planned_file *file, struct str key, uint32_t line)
{
	diag_add(d, FINDING_TABLE_KEY_TWICE, file->at,
	    "%s of %s has the key '%.*s' twice, again on line %u; Postfix "
	    "would take the first", file->path, node->name, STR_ARG(key),
	    line);
}

static void
check_unsorted(struct diag *d, const struct planned_node *node,
    const struct planned_file *file)
{
	struct str rest = {file->content.s, file->content.len}, key;
	char first = 0;
	struct map seen;
	uint32_t line = 0;

	map_init_fold(&seen);
	while (next_key(&rest, &key, &line)) {
		size_t n = seen.n;

		map_add(&seen, key, &first);
		if (seen.n == n)
			report_twice(d, node, file, key, line);
	}
	map_release(&seen);
}

void
verify_tables(struct diag *d, const struct planned_node *node)
{
	size_t i;

	for (i = 0; i < node->n; i++) {
		const struct planned_file *file = &node->file[i];
		struct str rest = {file->content.s, file->content.len};
		struct str before = {"", 0}, key;
		uint32_t line = 0;

		if (!is_table(file))
			continue;
		while (next_key(&rest, &key, &line)) {
			if (key_cmp(before, key) >= 0) {
				check_unsorted(d, node, file);
				break;
			}
			before = key;
		}
	}
}
