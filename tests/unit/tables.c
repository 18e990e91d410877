/* Lookup tables; tests/real/tables compares them with postmap -q. */
#include "postfix/table.h"
#include "tree/ldif.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>



/* The files of a host, its parameters, and a directory. */
static const struct {
	const char *path, *text;
} files[] = {
	{"/indexed",
	    "# comment\n"
	    "a@x.example  one\n"
	    "A@X.example  two\n"
	    " indented    ignored\n"
	    "long@x.example first,\n"
	    "  second\n"
	    "# between\n"
	    "\n"
	    "\tthird  \n"
	    "\"a b\"@x.example quoted\n"
	    "\"open ignored\n"
	    "lonely\n"
	    "back\\ slash value\n"
	    "alias: target\n"
	    "@y.example   all\n"
	    "y.example    domain"},
	{"/twice", "a one\nb two\nA three\n"},
	{"/case", "Example.COM yes\n"},
	{"/wide", "\xc3\xa9t\xc3\xa9@x yes\nplain no\n"},
	{"/regexp",
	    "/^user@x\\.example$/ exact\n"
	    "/^(.+)\\+(.*)@x\\.example$/ $1@x ($2)\n"
	    "if !/@x\\.example$/\n"
	    "/^USER@/ folded\n"
	    "/^Case@/i case\n"
	    "/(/ broken\n"
	    "/^a(b)?c@/ [$1]\n"
	    "!/@/ none\n"
	    "endif\n"
	    "/money/ 1$$\n"
	    "/empty/\n"
	    "/^/!/x/ second\n"},
	{"/pcre",
	    "/^(?<n>u+)ser@(?=x)/ ${1}\n"
	    "/^(a|b)\\.c@/x $(1)!\n"
	    "/\\d{3}$/ digits\n"
	    "/$9/ $1\n"},
	{"/cidr",
	    "192.0.2.1 host\n"
	    "192.0.2.0/24 net\n"
	    "10.0.0.1/8 broken\n"
	    "if 2001:db8::/32\n"
	    "!2001:db8:1::/48 other\n"
	    "[2001:db8:1::1] one\n"
	    "endif\n"
	    "!0.0.0.0/0 never\n"},
	{"/ldap",
	    "server_host = ldap://x\n"
	    "search_base = ou=users, dc=example\n"
	    "domain = x.example\n"
	    "query_filter = (&(objectClass=person)\n"
	    "    (uid=%u))\n"
	    "result_attribute = mail\n"},
	{"/etc/passwd", "a:x:1:1:A:/home/a:/bin/sh\n#no:x:2:2::/:/bin/sh\n"
	    "bare\nB:x:3:3::/:/bin/sh"},
	{"/etc/group", "a:x:1:b\n"},
	{"/etc/nsswitch.conf", "# passwd: nis\npasswd: files systemd # ldap\n"
	    "group:\tfiles [NOTFOUND=return] ldap\n"},
	{"/ldap-bad", "search_base = dc=example\nquery_filter = (uid=%q)\n"},
	{"/ldap-limit",
	    "search_base = dc=example\nquery_filter = (uid=%s)\n"
	    "result_attribute = mail\nexpansion_limit = 1\n"},
	{"/ldap-special",
	    "search_base = dc=example\nquery_filter = (uid=%s)\n"
	    "result_attribute = mail\nspecial_result_attribute = member\n"},
};

static const char ldif_text[] =
    "dn: uid=a,ou=users,dc=example\nobjectClass: person\nuid: a\n"
    "mail: a@one\nmail: a@two\n\n"
    "dn: uid=b,ou=users,dc=example\nobjectClass: person\nuid: B\n"
    "mail: b@one\nmember: uid=a\n\n"
    "dn: uid=c,ou=other,dc=example\nobjectClass: person\nuid: c\n"
    "mail: c@one\n\n"
    "dn: uid=p,ou=users,dc=example\nobjectClass: person\nuid: p(1)\n"
    "mail: p@one\n\n";

static const struct {
	const char *spec, *key;
	enum table_result result;
	const char *text;	/* the value, or part of why */
} cases[] = {
	{"cdb:/indexed", "a@x.example", TABLE_FOUND, "one"},
	{"hash:/indexed", "A@x.EXAMPLE", TABLE_FOUND, "one"},
	{"lmdb:/indexed", "indented", TABLE_NONE, NULL},
	{"btree:/indexed", "long@x.example", TABLE_FOUND,
	    "first,  second\tthird"},
	{"dbm:/indexed", "\"a b\"@x.example", TABLE_FOUND, "quoted"},
	{"cdb:/indexed", "a b@x.example", TABLE_NONE, NULL},
	{"cdb:/indexed", "\"open", TABLE_NONE, NULL},
	{"cdb:/indexed", "lonely", TABLE_NONE, NULL},
	{"cdb:/indexed", "back\\ slash", TABLE_FOUND, "value"},
	{"cdb:/indexed", "alias", TABLE_UNKNOWN, "aliases(5)"},
	{"texthash:/indexed", "a@x.example", TABLE_RETRY, "twice"},
	{"cdb:/indexed", "y.example", TABLE_FOUND, "domain"},
	{"cdb:/indexed", "", TABLE_NONE, NULL},
	{"proxy:cdb:/indexed", "@y.example", TABLE_FOUND, "all"},
	{"texthash:/twice", "b", TABLE_RETRY, "twice"},
	{"hash:/twice", "A", TABLE_FOUND, "one"},
	{"hash:/wide", "\xc3\xa9t\xc3\xa9@x", TABLE_FOUND, "yes"},
	{"hash:/wide", "\xc3\x89t\xc3\xa9@x", TABLE_UNKNOWN, "letter case"},
	{"hash:/wide", "\xff", TABLE_NONE, NULL},
	{"hash:/missing", "a", TABLE_UNKNOWN, "/missing is not part"},
	{"hash:relative", "a", TABLE_UNKNOWN, "not part of the tree"},
	{"regexp:/regexp", "USER@x.example", TABLE_FOUND, "exact"},
	{"regexp:/regexp", "a+b@x.example", TABLE_FOUND, "a@x (b)"},
	{"regexp:/regexp", "user@y", TABLE_FOUND, "folded"},
	{"regexp:/regexp", "Case@y", TABLE_FOUND, "case"},
	{"regexp:/regexp", "case@y", TABLE_FOUND, "second"},
	{"regexp:/regexp", "abc@y", TABLE_FOUND, "[b]"},
	{"regexp:/regexp", "ac@y", TABLE_FOUND, "[]"},
	{"regexp:/regexp", "other", TABLE_FOUND, "none"},
	{"regexp:/regexp", "money@x.example", TABLE_FOUND, "1$"},
	{"regexp:/regexp", "empty@x.example", TABLE_FOUND, ""},
	{"regexp:/regexp", "q@x.example", TABLE_NONE, NULL},
	{"regexp:{{/^a$/ b}, {# no}}", "a", TABLE_FOUND, "b"},
	{"regexp:{/a/ b}", "a", TABLE_RETRY, "{{rule} ...}"},
	{"pcre:/pcre", "uuser@x", TABLE_FOUND, "uu"},
	{"pcre:/pcre", "a.c@", TABLE_FOUND, "a!"},
	{"pcre:/pcre", "x123", TABLE_FOUND, "digits"},
	{"pcre:/pcre", "x12", TABLE_NONE, NULL},
	{"cidr:/cidr", "192.0.2.1", TABLE_FOUND, "host"},
	{"cidr:/cidr", "192.0.2.2", TABLE_FOUND, "net"},
	{"cidr:/cidr", "10.0.0.1", TABLE_NONE, NULL},
	{"cidr:/cidr", "2001:db8:1::1", TABLE_FOUND, "one"},
	{"cidr:/cidr", "2001:DB8:2::", TABLE_FOUND, "other"},
	{"cidr:/cidr", "2001:db9::", TABLE_NONE, NULL},
	{"cidr:/cidr", "example.com", TABLE_NONE, NULL},
	{"inline:{a=b, {c d}}", "a", TABLE_RETRY, "key = value"},
	{"inline:{ {a = b c} A=d }", "a", TABLE_FOUND, "d"},
	{"inline:{ {\"x y\" = z} }", "\"X y\"", TABLE_FOUND, "z"},
	{"inline:{}", "a", TABLE_RETRY, "key = value"},
	{"static:x", "", TABLE_FOUND, "x"},
	{"static:{ x y }", "a", TABLE_FOUND, "x y"},
	{"static::", "a", TABLE_FOUND, ":"},
	{"randmap:{x}", "a", TABLE_FOUND, "x"},
	{"randmap:{x, x}", "a", TABLE_FOUND, "x"},
	{"randmap:{x, y}", "a", TABLE_UNKNOWN, "one of several"},
	{"fail:x", "a", TABLE_RETRY, "fails"},
	{"unionmap:{inline:{a=1},static:2}", "a", TABLE_FOUND, "1,2"},
	{"unionmap:{inline:{a=1},static:2}", "b", TABLE_FOUND, "2"},
	{"unionmap:{inline:{a=1}}", "b", TABLE_NONE, NULL},
	{"unionmap:{static:1,fail:x}", "b", TABLE_RETRY, "fails"},
	{"unionmap:{static:1,hash:/missing}", "b", TABLE_UNKNOWN, "missing"},
	{"pipemap:{inline:{a=b},inline:{b=c}}", "a", TABLE_FOUND, "c"},
	{"pipemap:{inline:{a=b},inline:{b=c}}", "b", TABLE_NONE, NULL},
	{"pipemap:inline:{a=b}", "a", TABLE_RETRY, "pipemap:{"},
	{"pipemap:{pcre:/pcre,cdb:/indexed}", "x12", TABLE_NONE, NULL},
	{"ldap:/ldap", "a@x.example", TABLE_FOUND, "a@one,a@two"},
	{"ldap:/ldap", "A@X.example", TABLE_FOUND, "a@one,a@two"},
	{"ldap:/ldap", "a@y.example", TABLE_NONE, NULL},
	{"ldap:/ldap", "a", TABLE_NONE, NULL},
	{"ldap:/ldap", "c@x.example", TABLE_NONE, NULL},
	{"ldap:/ldap", "*@x.example", TABLE_NONE, NULL},
	{"ldap:/ldap", "p(1)@x.example", TABLE_FOUND, "p@one"},
	{"ldap:/ldap-bad", "a", TABLE_RETRY, "broken"},
	{"ldap:/ldap-limit", "a", TABLE_RETRY, "expansion_limit"},
	{"ldap:/ldap-limit", "b", TABLE_FOUND, "b@one"},
	{"ldap:/ldap-special", "a", TABLE_FOUND, "a@one,a@two"},
	{"ldap:/ldap-special", "b", TABLE_UNKNOWN, "special"},
	{"ldap:named", "a", TABLE_FOUND, "a@one;,a@two;"},
	{"ldap:unnamed", "a", TABLE_UNKNOWN, "empty search_base"},
	{"tcp:server:1", "a", TABLE_FOUND, "tcp server:1 a"},
	{"socketmap:unix:x:y", "retry", TABLE_RETRY, "asked"},
	{"environ:x", "a", TABLE_UNKNOWN, "not part of the tree"},
	{"unix:passwd.byname", "a", TABLE_FOUND, "a:x:1:1:A:/home/a:/bin/sh"},
	{"unix:passwd.byname", "A", TABLE_FOUND, "a:x:1:1:A:/home/a:/bin/sh"},
	{"unix:passwd.byname", "b", TABLE_NONE, NULL},
	{"unix:passwd.byname", "#no", TABLE_NONE, NULL},
	{"unix:passwd.byname", "bare", TABLE_NONE, NULL},
	{"unix:passwd.byname", "", TABLE_NONE, NULL},
	{"proxy:unix:passwd.byname", "a@x", TABLE_NONE, NULL},
	{"unix:group.byname", "a", TABLE_FOUND, "a:x:1:b"},
	{"unix:group.byname", "b", TABLE_UNKNOWN, "nsswitch.conf asks ldap"},
	{"unix:hosts.byname", "a", TABLE_RETRY, "knows no table"},
	{"mysql:/x", "a", TABLE_UNKNOWN, "not part of the tree"},
	{"nosuch:x", "a", TABLE_UNKNOWN, "not part of the tree"},
	{"/etc/passwd", "a", TABLE_RETRY, "is no table"},
	{"hash:", "a", TABLE_RETRY, "is no table"},
	{"", "a", TABLE_RETRY, "is no table"},
};

static bool
read_file(void *self, struct str path, struct table_source *source)
{
	size_t i;

	(void)self;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (str_eq(path, str_of(files[i].path))) {
			source->text = str_of(files[i].text);
			source->owner = files[i].path;
			return true;
		}
	return false;
}

static bool
parameter(void *self, struct str name, struct str *value)
{
	static const char *const set[][2] = {
		{"compatibility_level", "3.6"},
		{"named_search_base", "dc=example"},
		{"named_query_filter", "(uid=%s)"},
		{"named_result_attribute", "mail"},
		{"named_result_format", "%s;"},
	};
	size_t i;

	(void)self;
	for (i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		if (str_eq(name, str_of(set[i][0]))) {
			*value = str_of(set[i][1]);
			return true;
		}
	return false;
}

static enum table_result
asked(void *self, struct str type, struct str name, struct str key,
    struct arena *a, struct table_answer *answer)
{
	(void)self;
	if (str_eq(key, STR("retry"))) {
		answer->why = "it was asked";
		return TABLE_RETRY;
	}
	answer->value = str_of(arena_printf(a, "%.*s %.*s %.*s",
	    STR_ARG(type), STR_ARG(name), STR_ARG(key)));
	return TABLE_FOUND;
}

static size_t ntried;

static void
tried(void *self, const struct table *table, struct str key,
    enum table_result result, const struct table_answer *answer)
{
	(void)self;
	(void)key;
	assert_non_null(answer);
	/* One that asks others is only told of where it is broken. */
	if (result == TABLE_FOUND)
		assert_false(str_starts(table_name(table), STR("proxy:")));
	ntried++;
}

/* What a test needs. */
static struct {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct ldif ldif;
	struct table_world world;
	struct tables *tables;
} host;

static int
set_up(void **state)
{
	char path[] = "/tmp/mailc-unit-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || write(fd, ldif_text, sizeof(ldif_text) - 1) < 0)
		return -1;
	close(fd);
	arena_init(&host.arena);
	sources_init(&host.sources, &host.arena);
	diag_init(&host.diag, &host.arena, &host.sources);
	if (ldif_read(&host.arena, &host.diag, path, path, &host.ldif) !=
	    TREE_OK)
		return -1;
	unlink(path);
	host.world = (struct table_world){
		.file = read_file,
		.parameter = parameter,
		.ask = asked,
		.directory = &host.ldif,
		.tried = tried,
	};
	host.tables = tables_new(&host.arena, &host.world);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tables_free(host.tables);
	diag_release(&host.diag);
	sources_release(&host.sources);
	arena_release(&host.arena);
	return 0;
}

static void
each_case(void **state)
{
	struct table_answer answer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *table = table_open(host.tables,
		    str_of(cases[i].spec));
		enum table_result got = table_get(table,
		    str_of(cases[i].key), &host.arena, &answer);
		bool text = got == TABLE_NONE ? !cases[i].text :
		    got == TABLE_FOUND ? cases[i].text &&
		    str_eq(answer.value, str_of(cases[i].text)) :
		    cases[i].text && answer.why &&
		    strstr(answer.why, cases[i].text);

		if (got != cases[i].result || !text)
			fail_msg("%s %s: %d %.*s %s", cases[i].spec,
			    cases[i].key, got, STR_ARG(answer.value),
			    answer.why ? answer.why : "");
		assert_ptr_equal(table, table_open(host.tables,
		    str_of(cases[i].spec)));
	}
}

/* Where an answer stands. */
static void
places(void **state)
{
	struct table_answer answer;

	(void)state;
	table_get(table_open(host.tables, STR("cdb:/indexed")),
	    STR("long@x.example"), &host.arena, &answer);
	assert_ptr_equal(answer.owner, files[0].path);
	assert_int_equal(memcmp(files[0].text + answer.offset, "long@", 5), 0);
	table_get(table_open(host.tables,
	    STR("pipemap:{regexp:{{/^/ @y.example}},proxy:cdb:/indexed}")),
	    STR("x"), &host.arena, &answer);
	assert_int_equal(memcmp(files[0].text + answer.offset, "@y.", 3), 0);
	table_get(table_open(host.tables, STR("regexp:/regexp")),
	    STR("money@x.example"), &host.arena, &answer);
	assert_int_equal(memcmp(files[4].text + answer.offset, "/money/", 7),
	    0);
	table_get(table_open(host.tables, STR("ldap:/ldap")),
	    STR("p(1)@x.example"), &host.arena, &answer);
	assert_null(answer.owner);
	assert_int_equal(answer.at.source,
	    host.ldif.entry[3].dn.at.source);
	assert_true(answer.at.line > host.ldif.entry[3].dn.at.line);
	assert_true(host.ldif.n == 4 ||
	    answer.at.line < host.ldif.entry[4].dn.at.line);
}

/* Match lists open tables without folding. */
static void
unfolded(void **state)
{
	static const struct {
		const char *spec, *key;
		enum table_result folded, exact;
	} some[] = {
		{"texthash:/case", "example.com", TABLE_FOUND, TABLE_NONE},
		{"texthash:/case", "Example.COM", TABLE_FOUND, TABLE_FOUND},
		{"texthash:/twice", "b", TABLE_RETRY, TABLE_FOUND},
		{"hash:/case", "example.com", TABLE_FOUND, TABLE_FOUND},
		{"hash:/case", "Example.COM", TABLE_FOUND, TABLE_NONE},
		{"inline:{A=x}", "a", TABLE_FOUND, TABLE_NONE},
		{"proxy:inline:{A=x}", "a", TABLE_FOUND, TABLE_NONE},
	};
	struct table_answer answer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct str spec = str_of(some[i].spec);
		struct str key = str_of(some[i].key);

		assert_int_equal(table_get(table_open(host.tables, spec),
		    key, &host.arena, &answer), some[i].folded);
		assert_int_equal(table_get(table_open_unfolded(host.tables,
		    spec), key, &host.arena, &answer), some[i].exact);
	}
}

static void
kinds(void **state)
{
	static const struct {
		const char *spec;
		bool pattern;
	} some[] = {
		{"hash:/indexed", false}, {"inline:{a=b}", false},
		{"static:x", false}, {"ldap:/ldap", false},
		{"regexp:/regexp", true}, {"pcre:/pcre", true},
		{"cidr:/cidr", true}, {"tcp:x:1", true}, {"fail:x", true},
		{"randmap:{x}", true}, {"proxy:pcre:/pcre", true},
		{"unionmap:{static:x,fail:y}", false},
		{"pipemap:{tcp:x:1,static:x}", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (table_is_pattern(table_open(host.tables,
		    str_of(some[i].spec))) != some[i].pattern)
			fail_msg("%s", some[i].spec);
}

static void
tells(void **state)
{
	static const struct {
		const char *spec, *domain;
		bool tells;
	} some[] = {
		{"hash:/indexed", "x.example", true},
		{"hash:/indexed", "X.EXAMPLE", true},
		{"hash:/indexed", "y.example", false},
		{"hash:/indexed", "", true},
		{"inline:{a@x=b}", "x", true},
		{"inline:{@x=b}", "x", false},
		{"inline:{@x=b}", "", false},
		{"inline:{a=b}", "", true},
		{"static:x", "x", false},
		{"cidr:/cidr", "x", false},
		{"fail:x", "x", false},
		{"tcp:x:1", "x", true},
		{"hash:/missing", "x", false},
		{"regexp:{{/^a@x$/ y}}", "x", true},
		{"regexp:{{/^a@x$/ y}}", "y", false},
		{"regexp:{{/@x$/ y}}", "x", false},
		{"regexp:{{/a/ y}}", "x", true},
		{"regexp:{{/x\\.example$/ y}}", "sub.x.example", false},
		{"regexp:{{/(x|y)$/ y}}", "z", true},
		{"regexp:{{/@x?$/ y}}", "y", true},
		{"pcre:{{if !/@x$/} {/^(.+)@y$/ $1} {endif}}", "x", false},
		{"pcre:{{if !/@x$/} {/^(.+)@y$/ $1} {endif}}", "y", true},
		{"pcre:{{/a\\x24$/ y}}", "x", true},
		{"ldap:/ldap", "x.example", true},
		{"ldap:/ldap", "y.example", false},
		{"pipemap:{static:x,hash:/indexed}", "x.example", false},
		{"pipemap:{hash:/indexed,static:x}", "x.example", true},
		{"unionmap:{static:x,hash:/indexed}", "x.example", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (table_tells_locals(table_open(host.tables,
		    str_of(some[i].spec)), str_of(some[i].domain)) !=
		    some[i].tells)
			fail_msg("%s %s", some[i].spec, some[i].domain);
}

/* Whether the same is known of two domains; see tests/unit/alike.c, too. */
static void
prints(void **state)
{
	static const struct {
		const char *spec;
		const char *alike;	/* of a.t, b.t and c.t, the same ones:
					   one letter each; "-" is not told */
	} some[] = {
		{"static:x", "xxx"}, {"hash:/missing", "xxx"},
		{"cidr:/cidr", "xxx"}, {"tcp:x:1", "---"},
		{"inline:{u@b.t=y}", "x-x"}, {"inline:{@b.t=y}", "xyx"},
		{"inline:{@a.t=y @b.t=y}", "xxy"}, {"inline:{.t=y}", "xxx"},
		{"inline:{b.t=y}", "xyx"}, {"inline:{u@t=y}", "xxx"},
		{"ldap:/ldap", "xxx"},
		{"pcre:{{/^(.+)@a\\.t$/ $1@m} {/^(.+)@b\\.t$/ $1@m}}",
		    "xxy"},
		{"pcre:{{/^(.+)@a\\.t$/ $1@m} {/^(.+)@b\\.t$/ $1@n}}",
		    "xyz"},
		{"pcre:{{/^(.+)@a\\.t$/ $1@m} {/^(..+)@b\\.t$/ $1@m}}",
		    "xyz"},
		{"pcre:{{/^(.+)@a\\.t$/U $1@m} {/^(.+)@b\\.t$/ $1@m}}",
		    "xyz"},
		{"pcre:{{/^(.+)@a\\.t$/ m} {!/^(.+)@b\\.t$/ m}}", "xyz"},
		/* Letter case, what may not be there, what sees the domain. */
		{"pcre:{{/^(.+)@a\\.t$/i m} {/^(.+)@b\\.t$/i m}}", "--x"},
		{"pcre:{{/^u(@a\\.t)?$/ m}}", "---"},
		{"pcre:{{/^(u)?@a\\.t$/ m}}", "xyy"},
		{"pcre:{{/^(.+@a\\.t)$/ $1}}", "-xx"},
		{"pcre:{{/^(.+)(@a\\.)t$/ $2}}", "-xx"},
		{"pcre:{{/a/ m}}", "---"}, {"pcre:{{/^a/ m}}", "---"},
		{"pcre:{{/^(.+)@a\\.t/ m}}", "---"},
		{"pcre:{{/^(.+)\\\\@a\\.t$/ m} {/^(.+)\\@b\\.t$/ m}}",
		    "-xy"},
		{"pcre:{{/^(.+)@a.t$/ m}}", "---"},
		{"pcre:{{/\\.t$/ m}}", "xxx"}, {"pcre:{{/@a\\.t$/ m}}", "xyy"},
		/* What stands behind an if that is never true is not met. */
		{"pcre:{{if /@a\\.t$/} {/b/ m} {endif}}", "-xx"},
		{"pcre:{{if !/@a\\.t$/} {/^(.)@b\\.t$/ m} {endif}}",
		    "xyz"},
		{"pcre:{{if /@a\\.t$/} {/u/ m}}", "-xx"},
		{"pcre:{{if /@a\\.t$/} {/^u@b\\.t$/ m} {endif} "
		    "{/^u@c\\.t$/ m}}", "xyz"},
		{"pcre:{{if /^u/} {/^u@c\\.t$/ m} {endif}}", "---"},
		{"regexp:{{/^(.+)@a\\.t$/!/x/ m} {/^(.+)@b\\.t$/!/y/ m}}",
		    "--x"},
		/* Only the first of a pipe sees the domain. */
		{"pipemap:{pcre:{{/^(.+)@[ab]\\.t$/ $1@m}},inline:{u@a.t=y}}",
		    "---"},
		{"pipemap:{static:u@a.t,inline:{u@a.t=y}}", "xxx"},
		{"pipemap:{inline:{@a.t=y},static:z}", "xyy"},
		{"unionmap:{inline:{@a.t=y},inline:{u@b.t=y}}", "x-y"},
		{"unionmap:{inline:{@a.t=y},inline:{@b.t=y}}", "xyz"},
		{"proxy:inline:{u@b.t=y}", "x-x"},
	};
	static const char *const domain[] = {"a.t", "b.t", "c.t"};
	size_t i, j, k;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		const struct table *table = table_open(host.tables,
		    str_of(some[i].spec));
		const char *alike = some[i].alike;
		struct buf print[3];

		for (j = 0; j < 3; j++) {
			buf_init(&print[j]);
			if (table_print(table, str_of(domain[j]),
			    &print[j]) != (alike[j] != '-'))
				fail_msg("%s %s", some[i].spec, domain[j]);
		}
		for (j = 0; j < 3; j++)
			for (k = 0; k < j; k++)
				if (alike[j] != '-' && alike[k] != '-' &&
				    !strcmp(print[j].s, print[k].s) !=
				    (alike[j] == alike[k]))
					fail_msg("%s %s %s", some[i].spec,
					    domain[k], domain[j]);
		for (j = 0; j < 3; j++)
			buf_release(&print[j]);
	}
}

static void
note_shadowed(void *self, struct str key, const struct table_answer *entry,
    const struct table_answer *by)
{
	struct buf *b = self;

	assert_true(by->offset <= entry->offset);
	buf_printf(b, "%.*s=%.*s<%.*s ", STR_ARG(key), STR_ARG(entry->value),
	    STR_ARG(by->value));
}

/* Entries that never answer, and such as only look like it. */
static void
shadowed(void **state)
{
	static const struct {
		const char *spec, *told;
	} some[] = {
		{"pcre:{{/^a$/ 1} {/^a$/ 2} {/^a$/ 3}}", "^a$=2<1 ^a$=3<1 "},
		{"pcre:{{/^a$/ 1} {/^b$/ 2}}", ""},
		{"pcre:{{/^a$/ 1} {/^a$/i 2}}", ""},
		{"pcre:{{!/^a$/ 1} {/^a$/ 2}}", ""},
		{"pcre:{{!/^a$/ 1} {!/^a$/ 2}}", "^a$=2<1 "},
		{"pcre:{{/./ 1} {/^a$/ 2}}", "^a$=2<1 "},
		{"pcre:{{!/./ 1} {/^a$/ 2}}", ""},
		{"pcre:{{/^a$/ 2} {/./ 1}}", ""},
		{"pcre:{{/@x$/ 1} {/^a@x$/ 2} {/b@x$/ 3} {/@y$/ 4}}",
		    "^a@x$=2<1 b@x$=3<1 "},
		{"pcre:{{/@x$/i 1} {/^a@x$/ 2}}", ""},
		{"pcre:{{/^@x$/ 1} {/^a@x$/ 2}}", ""},
		{"pcre:{{/@x$/ 1} {!/^a@x$/ 2}}", ""},
		{"pcre:{{/@x$/ 1} {/^a@x/ 2} {/@x?$/ 3} {/xx$/ 4}}", ""},
		{"pcre:{{if /b/} {/./ 1} {/a/ 2} {endif} {/a/ 3}}", "a=2<1 "},
		{"pcre:{{/./ 1} {if /b/} {/a/ 2} {endif}}", "a=2<1 "},
		{"pcre:{{if /b/} {/a/ 1} {endif} {if /c/} {/a/ 2} {endif} "
		    "{/a/ 3} {/a/ 4}}", "a=4<3 "},
		{"pcre:{{if /b/} {if /c/} {/a/ 1} {endif} {/a/ 2} {endif}}",
		    ""},
		{"pcre:{{if /b/} {/a/ 1} {if /c/} {/a/ 2} {endif} {endif}}",
		    "a=2<1 "},
		{"regexp:{{/@x$/ 1} {/^a@x$/!/b/ 2}}", "^a@x$=2<1 "},
		{"regexp:{{/@x$/!/b/ 1} {/^a@x$/ 2}}", ""},
		{"regexp:{{/a/!/b/ 1} {/a/ 2}}", ""},
		{"cidr:{{10.0.0.0/8 1} {10.1.0.0/16 2} {10.0.0.1 3}}",
		    "10.1.0.0/16=2<1 10.0.0.1=3<1 "},
		{"cidr:{{10.1.0.0/16 1} {10.0.0.0/8 2} {11.0.0.1 3}}", ""},
		{"cidr:{{!10.0.0.0/8 1} {11.0.0.1 2}}", ""},
		{"cidr:{{2001:db8::/32 1} {2001:db8:1::1 2} {::/0 3} {::1 4} "
		    "{1.2.3.4 5}}", "2001:db8:1::1=2<1 ::1=4<3 "},
		{"cidr:{{if 10.0.0.0/8} {10.1.0.0/16 1} {10.1.1.1 2} {endif} "
		    "{10.1.1.2 3}}", "10.1.1.1=2<1 "},
		{"hash:/indexed", ""},
		{"pipemap:{pcre:{{/./ 1} {/a/ 2}},static:x}", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct buf b = BUF_INIT;

		table_shadowed(table_open(host.tables,
		    str_of(some[i].spec)), note_shadowed, &b);
		if (strcmp(b.s, some[i].told))
			fail_msg("%s: '%s'", some[i].spec, b.s);
		buf_release(&b);
	}
}

static void
entries(void **state)
{
	struct table_answer answer;
	struct str key;
	size_t at = 0, n = 0;

	(void)state;
	while (table_next(table_open(host.tables, STR("proxy:cdb:/indexed")),
	    &at, &key, &answer)) {
		assert_true(key.len && answer.value.len);
		assert_ptr_equal(answer.owner, files[0].path);
		n++;
	}
	assert_int_equal(n, 8);
	at = 0;
	assert_true(table_next(table_open(host.tables,
	    STR("inline:{a=b,A=c}")), &at, &key, &answer));
	assert_true(str_eq(answer.value, STR("c")));
	assert_false(table_next(table_open(host.tables,
	    STR("inline:{a=b,A=c}")), &at, &key, &answer));
	at = 0;
	assert_false(table_next(table_open(host.tables,
	    STR("regexp:/regexp")), &at, &key, &answer));
}

/* The table that ends a chain is told of, once. */
static void
told(void **state)
{
	struct table_answer answer;

	(void)state;
	ntried = 0;
	table_get(table_open(host.tables, STR("proxy:unionmap:{static:a,"
	    "pipemap:{inline:{b=c},static:d}}")), STR("b"), &host.arena,
	    &answer);
	assert_true(str_eq(answer.value, STR("a,d")));
	assert_int_equal(ntried, 3);
}

/* Tables within tables end somewhere, opened at once or bit by bit. */
static void
deep(void **state)
{
	char spec[512] = "static:x", inner[512];
	struct table_answer answer;
	size_t i;

	(void)state;
	for (i = 1; i <= 40; i++) {
		memcpy(inner, spec, sizeof(inner));
		snprintf(spec, sizeof(spec), "proxy:%.500s", inner);
		assert_int_equal(table_get(table_open(host.tables,
		    str_of(spec)), STR("a"), &host.arena, &answer),
		    i <= 16 ? TABLE_FOUND : TABLE_UNKNOWN);
	}
	spec[strlen(spec) - 1] = 'y';
	assert_int_equal(table_get(table_open(host.tables, str_of(spec)),
	    STR("a"), &host.arena, &answer), TABLE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(places),
		cmocka_unit_test(unfolded),
		cmocka_unit_test(kinds),
		cmocka_unit_test(tells),
		cmocka_unit_test(prints),
		cmocka_unit_test(shadowed),
		cmocka_unit_test(entries),
		cmocka_unit_test(told),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
