/*
 * Keys of addresses, results, rewriting and match lists; tests/real/tables
 * compares them with Postfix's own libraries.
 */
#include "postfix/lookup.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static bool
read_file(void *self, struct str path, struct table_source *source)
{
	(void)self;
	if (!str_eq(path, STR("/list")))
		return false;
	source->text = STR("# comment\nin.example 192.0.2.0/24\n"
	    "!out.example # rest.example\n");
	source->owner = NULL;
	return true;
}

static struct {
	struct arena arena;
	struct table_world world;
	struct tables *tables;
	struct address_rules rules;
} host;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&host.arena);
	host.world.file = read_file;
	host.tables = tables_new(&host.arena, &host.world);
	host.rules = (struct address_rules){
		.delimiter = STR("+"),
		.origin = STR("origin.example"),
		.domain = STR("domain.example"),
		.hostname = STR("host.domain.example"),
		.append_at_myorigin = true,
		.append_dot_mydomain = true,
		.swap_bangpath = true,
		.percent_hack = true,
		.owners = true,
		.destination = match_list_open(host.tables, &host.arena,
		    MATCH_STRINGS, false, STR("local.example, fail.example "
		    "regexp:{{/^unknown$/ x}} inline:{x=y}")),
		.interfaces = STR("192.0.2.1 2001:db8::1"),
	};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tables_free(host.tables);
	arena_release(&host.arena);
	return 0;
}

static const struct {
	const char *maps, *address;
	enum address_keys keys;
	bool parents;
	const char *value;	/* NULL: not found; "!", "?": RETRY, UNKNOWN */
	const char *extension;
} finds[] = {
	{"inline:{a@b=1}", "a@b", ADDRESS_DEFAULT, false, "1", ""},
	{"inline:{a@b=1}", "A@B", ADDRESS_DEFAULT, false, "1", ""},
	{"inline:{a@b=1}", "a+x@b", ADDRESS_DEFAULT, false, "1", "+x"},
	{"inline:{a@b=1,a+x@b=2}", "a+x@b", ADDRESS_DEFAULT, false, "2", ""},
	{"inline:{a@b=1}", "a-x@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"inline:{a@b=1}", "a+@b", ADDRESS_DEFAULT, false, "1", "+"},
	{"inline:{a@b=1}", "+x@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"inline:{postmaster@b=1}", "postmaster+x@b", ADDRESS_DEFAULT, false,
	    "1", "+x"},
	{"inline:{@b=1}", "a+x@b", ADDRESS_DEFAULT, false, "1", ""},
	{"inline:{@b=1,a=2}", "a@b", ADDRESS_DEFAULT, false, "1", ""},
	{"inline:{a=2}", "a@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"inline:{a=2}", "a@local.example", ADDRESS_DEFAULT, false, "2", ""},
	{"inline:{a=2}", "a@LOCAL.example.", ADDRESS_DEFAULT, false, "2",
	    ""},
	{"inline:{a=2}", "a+x@local.example", ADDRESS_DEFAULT, false, "2",
	    "+x"},
	{"inline:{a=2}", "a@origin.example", ADDRESS_DEFAULT, false, "2", ""},
	{"inline:{a=2}", "a@[192.0.2.1]", ADDRESS_DEFAULT, false, "2", ""},
	{"inline:{a=2}", "a@[192.0.2.2]", ADDRESS_DEFAULT, false, NULL, ""},
	{"inline:{a=2}", "a@[IPv6:2001:DB8:0::1]", ADDRESS_DEFAULT, false,
	    "2", ""},
	{"inline:{a=2}", "a@[2001:db8::1]", ADDRESS_DEFAULT, false, NULL,
	    ""},
	{"inline:{ {\"a b\"@c = 1} }", "a b@c", ADDRESS_DEFAULT, false, "1",
	    ""},
	{"inline:{ {\"a b\" = 1} }", "a b+x@local.example", ADDRESS_DEFAULT,
	    false, "1", "+x"},
	{"inline:{<>=null}", "<>", ADDRESS_DEFAULT, false, "null", ""},
	{"regexp:{{/^a/ 1}}", "a@b", ADDRESS_DEFAULT, false, "1", ""},
	{"regexp:{{/^@b/ 1}}", "a@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"regexp:{{/^a@b$/ 1}}", "a+x@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"static:1", "a+x@b", ADDRESS_DEFAULT, false, "1", ""},
	{"inline:{a@b=},static:1", "a@b", ADDRESS_DEFAULT, false, "!", ""},
	{"fail:x,static:1", "a@b", ADDRESS_DEFAULT, false, "!", ""},
	{"hash:/missing,static:1", "a@b", ADDRESS_DEFAULT, false, "?", ""},
	{"inline:{a@b=1},hash:/missing", "a@b", ADDRESS_DEFAULT, false, "1",
	    ""},
	{"inline:{@b=1},hash:/missing", "a@b", ADDRESS_DEFAULT, false, "?",
	    ""},
	{"inline:{b=1}", "a@b", ADDRESS_TRANSPORT, false, "1", ""},
	{"inline:{@b=1}", "a@b", ADDRESS_TRANSPORT, false, NULL, ""},
	{"inline:{.c.d=1}", "a@b.c.d", ADDRESS_TRANSPORT, false, "1", ""},
	{"inline:{.c.d=1}", "a@b.c.d", ADDRESS_TRANSPORT, true, NULL, ""},
	{"inline:{c.d=1}", "a@b.c.d", ADDRESS_TRANSPORT, true, "1", ""},
	{"inline:{c.d=1}", "a@b.c.d", ADDRESS_TRANSPORT, false, NULL, ""},
	{"inline:{d=2,.d=1}", "a@b.c.d", ADDRESS_TRANSPORT, false, "1", ""},
	{"inline:{*=1}", "a@b.c.d", ADDRESS_TRANSPORT, false, "1", ""},
	{"inline:{a@b=1}", "a+x@b", ADDRESS_TRANSPORT, false, "1", "+x"},
	{"inline:{*=1}", "a@b", ADDRESS_ACCESS, false, NULL, ""},
	{"inline:{a@=1}", "a@b", ADDRESS_ACCESS, false, "1", ""},
	{"inline:{a@=1}", "a+x@b", ADDRESS_ACCESS, false, "1", "+x"},
	{"inline:{a@=1,b=2}", "a@b", ADDRESS_ACCESS, false, "2", ""},
	{"inline:{a@=1,a=2}", "a@local.example", ADDRESS_ACCESS, false, "1",
	    ""},
	{"", "a@b", ADDRESS_DEFAULT, false, NULL, ""},
	{"inline:{ {\"\" = 1} }", "", ADDRESS_DEFAULT, false, "1", ""},
};

static const char *
result_text(const struct lookup *lookup)
{
	switch (lookup->result) {
	case TABLE_FOUND:
		return arena_printf(&host.arena, "%.*s",
		    STR_ARG(lookup->answer.value));
	case TABLE_RETRY:
		return "!";
	case TABLE_UNKNOWN:
		return "?";
	case TABLE_NONE:
		break;
	}
	return "";
}

static void
find(void **state)
{
	struct lookup lookup;
	struct maps maps;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		maps_open(&maps, host.tables, str_of(finds[i].maps));
		if (address_find(&maps, str_of(finds[i].address),
		    finds[i].keys, finds[i].parents, &host.rules,
		    &host.arena, &lookup) != (lookup.result == TABLE_FOUND) ||
		    !str_eq(str_of(result_text(&lookup)),
		    str_of(finds[i].value ? finds[i].value : "")) ||
		    !str_eq(lookup.extension, str_of(finds[i].extension)))
			fail_msg("%s %s: %s %.*s", finds[i].maps,
			    finds[i].address, result_text(&lookup),
			    STR_ARG(lookup.extension));
	}
}

static const struct {
	const char *map, *address;
	bool propagate;
	const char *list;	/* each in <>; "": none */
} results[] = {
	{"inline:{a@b=c}", "a@b", true, "<c@origin.example>"},
	{"inline:{a@b=c@d}", "a+x@b", true, "<c+x@d.domain.example>"},
	{"inline:{a@b=c@d}", "a+x@b", false, "<c@d.domain.example>"},
	{"inline:{ {a@b=c@d.e, f@g.h} }", "a+x@b", true, "<c+x@d.e><f+x@g.h>"},
	{"inline:{ {a@b=c+y@d.e} }", "a+x@b", true, "<c+y+x@d.e>"},
	{"inline:{@b=@c.d}", "a+x@b", true, "<a+x@c.d>"},
	{"inline:{a@b=@c.d}", "a+x@b", true, "<a+x@c.d>"},
	{"inline:{a@b=@c.d}", "a+x@b", false, "<a@c.d>"},
	{"inline:{@b=@c.d}", "a b@b", true, "<a b@c.d>"},
	{"inline:{@b=@c.d}", "a@a@b", true, "<a@a@c.d>"},
	{"inline:{ {a@b=\"c d\"@e.f} }", "a@b", true, "<c d@e.f>"},
	{"inline:{ {a@b=Name <c@d.e>, (x) f@g.h (y)} }", "a@b", true,
	    "<c@d.e><f@g.h>"},
	{"inline:{ {a@b=g: c@d.e, f@g.h;} }", "a@b", true, "<c@d.e><f@g.h>"},
	{"inline:{ {a@b=c@d.e f@g.h} }", "a@b", true, "<c@d.e><f@g.h>"},
	{"inline:{ {a@b=<@r,@s:c@d.e>} }", "a@b", true, "<c@d.e>"},
	{"inline:{ {a@b=c%d} }", "a@b", true, "<c@d.domain.example>"},
	{"inline:{a@b=<>}", "a@b", true, "<>"},
	{"inline:{a@b=c@d.e.}", "a@b", true, "<c@d.e>"},
	{"static:{,}", "a@b", true, ""},
	{"inline:{a@b=c}", "x@b", true, ""},
};

static void
map(void **state)
{
	struct address_list list;
	struct lookup lookup;
	struct maps maps;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		const char *got = "";

		maps_open(&maps, host.tables, str_of(results[i].map));
		if (address_map(&maps, str_of(results[i].address),
		    results[i].propagate, &host.rules, &host.arena, &lookup,
		    &list) != (list.n != 0))
			fail_msg("%s", results[i].map);
		for (j = 0; j < list.n; j++)
			got = arena_printf(&host.arena, "%s<%.*s>", got,
			    STR_ARG(list.address[j]));
		assert_string_equal(got, results[i].list);
	}
	assert_int_equal(lookup.result, TABLE_NONE);
}

static const char *const rewritten[][2] = {
	{"", ""},
	{"user", "user@origin.example"},
	{"user@host", "user@host.domain.example"},
	{"user@a.b", "user@a.b"},
	{"user@a.b.", "user@a.b"},
	{"user@a..", "user@a.."},
	{"user@", "user@"},
	{"user@[1.2.3.4]", "user@[1.2.3.4]"},
	{"@a,@b:user@c.d", "user@c.d"},
	{"host!user", "user@host.domain.example"},
	{"a!b!user", "b!user@a.domain.example"},
	{"user%host", "user@host.domain.example"},
	{"a%b%c", "a%b@c.domain.example"},
	{"user%host@a.b", "user%host@a.b"},
	{"a b@c.d", "a b@c.d"},
	{"a b", "a b@origin.example"},
	{"a@b@c.d", "a@b@c.d"},
	{"a.@c.d", "a.@c.d"},
	{"@", "@"},
};

static void
rewrite(void **state)
{
	struct str got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rewritten) / sizeof(rewritten[0]); i++) {
		got = address_rewrite(&host.rules, str_of(rewritten[i][0]),
		    &host.arena);
		if (!str_eq(got, str_of(rewritten[i][1])))
			fail_msg("%s: %.*s", rewritten[i][0], STR_ARG(got));
	}
}

static const char *const quotes[][2] = {
	{"a@b", "a@b"},
	{"a b@c", "\"a b\"@c"},
	{"a.b@c", "a.b@c"},
	{".a@c", "\".a\"@c"},
	{"a..b@c", "\"a..b\"@c"},
	{"a@b@c", "\"a@b\"@c"},
	{"a\"\\b@c", "\"a\\\"\\\\b\"@c"},
	{"@c", "\"\"@c"},
	{"", "\"\""},
	{"@r:a b@c", "@r:\"a b\"@c"},
	{"\xc3\xa9@c", "\xc3\xa9@c"},
};

static void
quote(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		struct str in = str_of(quotes[i][0]);
		struct str out = address_quote(in, &host.arena);

		if (!str_eq(out, str_of(quotes[i][1])))
			fail_msg("%s: %.*s", quotes[i][0], STR_ARG(out));
		assert_true(str_eq(address_unquote(out, &host.arena), in));
	}
	assert_true(str_eq(address_unquote(STR("a\\ b\"@\"c@\"d\""),
	    &host.arena), STR("a b@c@\"d\"")));
	assert_true(str_eq(address_unquote(STR("a\\"), &host.arena),
	    STR("a")));
}

static void
parts(void **state)
{
	static const char *const some[][5] = {
		{"a+b@c", "+", "a", "+b", "c"},
		{"a+b+c@d", "+", "a", "+b+c", "d"},
		{"a-b+c@d", "+-", "a", "-b+c", "d"},
		{"a+b", "+", "a", "+b", NULL},
		{"+b@c", "+", "+b", "", "c"},
		{"a+@c", "+", "a", "+", "c"},
		{"a@b@c", "+", "a@b", "", "c"},
		{"a@", "+", "a", "", ""},
		{"MAILER-DAEMON@a", "-", "MAILER-DAEMON", "", "a"},
		{"owner-list@a", "-", "owner-list", "", "a"},
		{"list-request@a", "-", "list-request", "", "a"},
		{"-request@a", "-", "-request", "", "a"},
		{"owner+list@a", "+", "owner", "+list", "a"},
		{"a+b@c", "", "a+b", "", "c"},
	};
	struct str local, extension, domain;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct address_rules rules = {.owners = true,
			.delimiter = str_of(some[i][1])};

		address_parts(str_of(some[i][0]), &rules, &local, &extension,
		    &domain);
		assert_true(str_eq(local, str_of(some[i][2])));
		assert_true(str_eq(extension, str_of(some[i][3])));
		assert_true(str_eq(domain, str_of(some[i][4])));
		assert_int_equal(domain.s != NULL, some[i][4] != NULL);
	}
	/* owner_request_special = no */
	address_parts(STR("owner-list@a"), &(struct address_rules){
	    .delimiter = STR("-")}, &local, &extension, &domain);
	assert_true(str_eq(local, STR("owner")));
	assert_true(str_eq(extension, STR("-list")));
}

static const struct {
	enum match_kind kind;
	bool parents;
	const char *list, *name, *address;
	enum table_result result;
} matches[] = {
	{MATCH_STRINGS, false, "a.b, c.d", "C.D", "", TABLE_FOUND},
	{MATCH_STRINGS, false, "a.b", "x.a.b", "", TABLE_NONE},
	{MATCH_STRINGS, true, "a.b", "x.a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, false, "a.b", "x.a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, true, "A.b", "x.a.B", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "a.b", "xa.b", "", TABLE_NONE},
	{MATCH_DOMAINS, false, ".a.b", "x.a.b", "", TABLE_FOUND},
	{MATCH_DOMAINS, false, ".a.b", "a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, true, ".a.b", "x.a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, false, "!x.a.b .a.b", "x.a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, false, "!x.a.b .a.b", "y.a.b", "", TABLE_FOUND},
	{MATCH_DOMAINS, false, "!!a", "a", "", TABLE_FOUND},
	{MATCH_DOMAINS, false, "!", "a", "", TABLE_UNKNOWN},
	{MATCH_DOMAINS, false, "inline:{.a.b=x}", "x.a.b", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "inline:{a.b=x}", "x.a.b", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "regexp:{{/^a.b$/ x}}", "x.a.b", "",
	    TABLE_NONE},
	{MATCH_DOMAINS, true, "inline:{A.b=x}", "a.b", "", TABLE_NONE},
	{MATCH_DOMAINS, true, "fail:x, a", "a", "", TABLE_RETRY},
	{MATCH_DOMAINS, true, "a fail:x", "a", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "hash:/missing", "a", "", TABLE_UNKNOWN},
	{MATCH_DOMAINS, true, "/missing", "a", "", TABLE_UNKNOWN},
	{MATCH_DOMAINS, true, "/list", "in.example", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "/list", "x.out.example", "", TABLE_NONE},
	{MATCH_DOMAINS, true, "/list", "rest.example", "", TABLE_NONE},
	{MATCH_DOMAINS, true, "!/list", "in.example", "", TABLE_NONE},
	{MATCH_DOMAINS, true, "!/list", "x.out.example", "", TABLE_FOUND},
	{MATCH_DOMAINS, true, "a # b", "b", "", TABLE_NONE},
	{MATCH_CLIENTS, true, "192.0.2.0/24", "unknown", "192.0.2.7",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "!192.0.2.7, 192.0.2.0/24", "unknown",
	    "192.0.2.7", TABLE_NONE},
	{MATCH_CLIENTS, true, "[2001:db8::]/32", "unknown", "2001:DB8::1",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "[2001:db8::1]", "unknown", "2001:db8::1",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "[2001:db8::0:1]", "unknown", "2001:db8::1",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "192.0.2.1/24", "unknown", "192.0.2.1",
	    TABLE_RETRY},
	{MATCH_CLIENTS, true, "192.0.2.1/24", "unknown", "::1", TABLE_NONE},
	{MATCH_CLIENTS, true, "example.com", "a.example.com", "::1",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "cidr:{{10.0.0.0/8 x}}", "unknown", "10.1.1.1",
	    TABLE_FOUND},
	{MATCH_CLIENTS, true, "/list", "unknown", "192.0.2.7", TABLE_FOUND},
	{MATCH_CLIENTS, true, "0.0.0.0/0", "x", "127.0.0.1", TABLE_FOUND},
	{MATCH_CLIENTS, true, "0.0.0.0/0", "x", "::1", TABLE_NONE},
	{MATCH_CLIENTS, true, "", "x", "::1", TABLE_NONE},
};

static void
match(void **state)
{
	struct lookup lookup;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		struct match_list *list = match_list_open(host.tables,
		    &host.arena, matches[i].kind, matches[i].parents,
		    str_of(matches[i].list));
		enum table_result got = match_list_has(list,
		    str_of(matches[i].name), str_of(matches[i].address),
		    &host.arena, &lookup);

		if (got != matches[i].result || got != lookup.result)
			fail_msg("%s: %s %s: %d", matches[i].list,
			    matches[i].name, matches[i].address, got);
		if (got == TABLE_RETRY || got == TABLE_UNKNOWN)
			assert_non_null(lookup.answer.why);
	}
}

/* The list's own answer says by what it was given. */
static void
match_says(void **state)
{
	struct match_list *list = match_list_open(host.tables, &host.arena,
	    MATCH_DOMAINS, false, STR("a.b inline:{.c.d=x} !.e.f"));
	struct lookup lookup;

	(void)state;
	match_list_has(list, STR("a.b"), STR(""), &host.arena, &lookup);
	assert_true(str_eq(lookup.key, STR("a.b")));
	match_list_has(list, STR("x.c.d"), STR(""), &host.arena, &lookup);
	assert_true(str_eq(lookup.key, STR(".c.d")));
	assert_non_null(lookup.table);
	match_list_has(list, STR("x.e.f"), STR(""), &host.arena, &lookup);
	assert_true(str_eq(lookup.key, STR(".e.f")));
	match_list_has(list, STR("z"), STR(""), &host.arena, &lookup);
	assert_null(lookup.key.s);
}

static void
maps(void **state)
{
	struct lookup lookup;
	struct maps all;

	(void)state;
	maps_open(&all, host.tables, STR("inline:{a@x=1}, regexp:{{/@y$/ 2}}"
	    " static:3"));
	assert_int_equal(all.n, 3);
	assert_true(maps_tell_locals(&all, STR("x")));
	assert_false(maps_tell_locals(&all, STR("y")));
	assert_true(maps_find(&all, STR("b@y"), false, &host.arena,
	    &lookup));
	assert_ptr_equal(lookup.table, all.table[1]);
	assert_true(maps_find(&all, STR("b@y"), true, &host.arena,
	    &lookup));
	assert_ptr_equal(lookup.table, all.table[2]);
	assert_false(maps_find(&all, STR(""), false, &host.arena, &lookup));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find),
		cmocka_unit_test(map),
		cmocka_unit_test(rewrite),
		cmocka_unit_test(quote),
		cmocka_unit_test(parts),
		cmocka_unit_test(match),
		cmocka_unit_test(match_says),
		cmocka_unit_test(maps),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
