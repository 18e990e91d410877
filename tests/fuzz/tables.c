/*
 * Tables of every type, filters, match lists and addresses on any bytes. The
 * first line of the input says which; then the rest is a source, and each of
 * its lines a key as well. What a table holds must be found in it.
 */
#include "fuzz.h"

#include "postfix/lookup.h"
#include "postfix/srs.h"
#include "tree/filter.h"
#include "tree/ldif.h"

static struct str source;

static bool
read_file(void *self, struct str path, struct table_source *file)
{
	(void)self;
	file->text = source;
	file->owner = "file";
	return !str_eq(path, STR("/missing"));
}

static bool
parameter(void *self, struct str name, struct str *value)
{
	(void)self;
	*value = STR("no");
	return str_eq(name, STR("smtputf8_enable")) && source.len % 2;
}

#define TEXT(literal) {(literal), sizeof(literal) - 1, {0}}
static struct ldif_attribute attributes[] = {
	{TEXT("objectClass"), TEXT("person")},
	{TEXT("uid"), TEXT("user")},
	{TEXT("mail"), TEXT("a  b@c \0 d")},
	{TEXT("mail"), TEXT("\xc3\xa9@c")},
	{TEXT("number"), TEXT("-12")},
};
static struct ldif_entry entry = {
	.dn = TEXT("uid=user, ou=a\\,b,dc=example"),
	.attribute = attributes,
	.n = sizeof(attributes) / sizeof(attributes[0]),
};
static const struct ldif directory = {.entry = &entry, .n = 1};

static bool
next_line(struct str *rest, struct str *line)
{
	size_t end = str_find(*rest, '\n');

	if (!rest->len)
		return false;
	*line = (struct str){rest->s, end};
	end += end < rest->len;
	rest->s += end;
	rest->len -= end;
	return true;
}

/* glibc makes gigabytes of a pattern like (x{999}){999}. */
static bool
too_many(struct str s)
{
	size_t i, digits = 0;

	for (i = 0; i < s.len; i++) {
		digits = s.s[i] >= '0' && s.s[i] <= '9' ? digits + 1 : 0;
		if (digits > 2 && memchr(s.s, '{', i))
			return true;
	}
	return false;
}

static void
ask(struct tables *tables, struct str spec, struct arena *a)
{
	static const struct str key[] = {
		{"user@example.com", 16}, {"", 0}, {"192.0.2.1", 9},
		{"2001:db8::1", 11}, {"\xff", 1}, {"a+b@c.d", 7},
	};
	struct table *table = table_open(tables, spec);
	struct table_answer answer, again;
	struct str rest = source, line, found;
	size_t i, at = 0;

	for (i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		table_get(table, key[i], a, &answer);
		table_get(table_open_unfolded(tables, spec), key[i], a,
		    &again);
		table_tells_locals(table, key[i]);
	}
	for (i = 0; i < 50 && next_line(&rest, &line); i++)
		if (table_get(table, line, a, &answer) >= TABLE_RETRY &&
		    !answer.why)
			abort();
	while (at < 200 && table_next(table, &at, &found, &answer))
		if (table_get(table, found, a, &again) == TABLE_NONE)
			abort();
}

static void
addresses(struct tables *tables, struct arena *a)
{
	struct address_rules rules = {
		.delimiter = STR("+-"), .origin = STR("o"),
		.domain = STR("d"), .interfaces = STR("192.0.2.1 ::1"),
		.append_at_myorigin = true, .append_dot_mydomain = true,
		.swap_bangpath = true, .percent_hack = true,
		.owners = true,
	};
	struct srs_rules srs = {.domain = STR("d"), .separator = '=',
	    .hash_length = 4, .hash_minimum = 4, .today = 20000};
	struct str rest = source, line, out;
	struct str secret = STR("secret");
	struct address_list list;
	struct lookup lookup;
	struct maps maps;
	const char *why;

	rules.destination = match_list_open(tables, a, MATCH_STRINGS, false,
	    source);
	maps_open(&maps, tables, STR("static:@x inline:{a=b}"));
	srs.secret = &secret;
	while (next_line(&rest, &line)) {
		out = address_unquote(address_quote(line, a), a);
		if (line.len && line.s[0] != '@' && !str_eq(out, line))
			abort();
		out = address_rewrite(&rules, line, a);
		address_find(&maps, line, ADDRESS_ACCESS, false, &rules, a,
		    &lookup);
		address_map(&maps, line, true, &rules, a, &lookup, &list);
		srs.nsecret = line.len % 2;
		if (srs_forward(&srs, line, a, &out, &why) == SRS_REWRITTEN)
			srs_reverse(&srs, out, a, &out, &why);
		srs_reverse(&srs, line, a, &out, &why);
	}
}

static void
filter(struct arena *a)
{
	struct str attribute, value;
	const char *why;
	struct filter *f = filter_parse(a, source, &why);

	if (!f && !why)
		abort();
	if (f && filter_matches(f, &entry) &&
	    filter_equality(f, &attribute, &value) && !value.s)
		abort();
}

static void
match(struct tables *tables, struct arena *a)
{
	struct lookup lookup;
	int kind;

	for (kind = MATCH_STRINGS; kind <= MATCH_CLIENTS; kind++)
		match_list_has(match_list_open(tables, a,
		    (enum match_kind)kind, source.len % 2, source),
		    STR("a.example.com"), STR("192.0.2.1"), a, &lookup);
}

void
fuzz_one(struct str input)
{
	const struct table_world world = {
		.file = read_file,
		.parameter = parameter,
		.directory = &directory,
	};
	struct tables *tables;
	struct arena arena;
	struct str kind;

	if (!next_line(&input, &kind))
		return;
	source = input;
	arena_init(&arena);
	tables = tables_new(&arena, &world);
	if (str_eq(kind, STR("filter")))
		filter(&arena);
	else if (str_eq(kind, STR("address")))
		addresses(tables, &arena);
	else if (str_eq(kind, STR("match")) && !too_many(source))
		match(tables, &arena);
	else if (!too_many(source) && !too_many(kind))
		ask(tables, kind, &arena);
	tables_free(tables);
	arena_release(&arena);
}
