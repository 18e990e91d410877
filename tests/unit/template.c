/*
 * Templates against small types of their own: what is rendered, where blank
 * lines go, which slip is reported where, and which line came from where.
 */
#include "base/die.h"
#include "render/template.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct spare {
	struct text name;
	int64_t count;
};

struct person {
	struct text name;
	struct text pin;
	const struct person *boss;
	struct spare spare;
	bool admin;
};

struct world {
	struct text title;
	struct text empty;
	struct text nasty;
	bool yes, no;
	int64_t number, zero;
	struct spare spare;
	const struct person *head, *nobody;
	struct list people, crowd, none, words, ports;
};

static void
put_loud(const void *object, struct buf *b, struct origin *at)
{
	const struct person *p = object;

	buf_printf(b, "%s!", p->name.s);
	*at = p->name.at;
}

static void
put_nothing(const void *object, struct buf *b, struct origin *at)
{
	(void)object;
	(void)b;
	(void)at;
}

static bool
test_short(const void *object)
{
	const struct person *p = object;

	return p->name.len <= 3;
}

static bool
has_letter(const void *object, struct str name, bool *known)
{
	const struct person *p = object;

	*known = name.len == 1;
	return p && *known && strchr(p->name.s, name.s[0]);
}

static const struct type spare_type = {"spare", sizeof(struct spare),
	(const struct field[]){
		FIELD(spare, name, KIND_TEXT),
		FIELD(spare, count, KIND_INT),
		{.name = NULL}
	}, "a part"};

static const struct type person_type = {"person", sizeof(struct person),
	(const struct field[]){
		FIELD(person, name, KIND_TEXT),
		FIELD(person, pin, KIND_TEXT, .flags = FIELD_SECRET),
		FIELD(person, boss, KIND_REF, .type = &person_type),
		FIELD(person, spare, KIND_STRUCT, .type = &spare_type),
		FIELD(person, admin, KIND_BOOL),
		{.name = "loud", .kind = KIND_PUT, .put = put_loud},
		{.name = "quiet", .kind = KIND_PUT, .put = put_nothing},
		{.name = "short", .kind = KIND_TEST, .test = test_short},
		{.name = "letter", .kind = KIND_HAS, .has = has_letter,
		 .doc = "letter.X: an X is in the name"},
		{.name = NULL}
	}, "somebody"};

static const struct type world_type = {"world", sizeof(struct world),
	(const struct field[]){
		FIELD(world, title, KIND_TEXT),
		FIELD(world, empty, KIND_TEXT),
		FIELD(world, nasty, KIND_TEXT),
		FIELD(world, yes, KIND_BOOL),
		FIELD(world, no, KIND_BOOL),
		FIELD(world, number, KIND_INT),
		FIELD(world, zero, KIND_INT),
		FIELD(world, spare, KIND_STRUCT, .type = &spare_type),
		FIELD(world, head, KIND_REF, .type = &person_type),
		FIELD(world, nobody, KIND_REF, .type = &person_type),
		FIELD(world, people, KIND_LIST, .type = &person_type),
		FIELD(world, crowd, KIND_REFS, .type = &person_type),
		FIELD(world, none, KIND_LIST, .type = &person_type),
		FIELD(world, words, KIND_LIST, .type = &text_type),
		FIELD(world, ports, KIND_LIST, .type = &port_type),
		{.name = NULL}
	}, "everything"};

#define TEXT(string, source, l, c) \
	{.s = (string), .len = sizeof(string) - 1, .at = {source, l, c}}

/* Source 1 is the data in every run. */
static const struct person people[] = {
	{.name = TEXT("Ann", 1, 1, 3), .pin = TEXT("a\x01", 1, 2, 3),
	 .boss = &people[1], .admin = true,
	 .spare = {TEXT("wheel", 1, 3, 1), 4}},
	{.name = TEXT("Robert", 1, 5, 3), .pin = TEXT("7", 1, 6, 3),
	 .spare = {TEXT("bolt", 1, 7, 1), -9223372036854775807 - 1}},
};
static const struct person *const crowd[] = {&people[1], &people[0]};
static const struct text words[] = {TEXT("one", 1, 20, 1),
	TEXT("two", 1, 21, 1), TEXT("three", 1, 22, 1)};
static const struct port ports[] = {{25, {1, 30, 7}}, {587, {1, 31, 7}}};
static const struct world world = {
	.title = TEXT("Atlas", 1, 40, 9),
	.empty = {.s = ""},
	.nasty = TEXT("two words", 1, 41, 9),
	.yes = true,
	.number = 42,
	.spare = {TEXT("spanner", 1, 42, 9), 1},
	.head = &people[0],
	.people = {people, 2},
	.crowd = {crowd, 2},
	.words = {words, 3},
	.ports = {ports, 2},
};

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct templates *templates;
	char dir[32];
};

static void
run_init(struct run *r)
{
	*r = (struct run){.dir = "/tmp/template.XXXXXX"};
	assert_non_null(mkdtemp(r->dir));
	arena_init(&r->arena);
	sources_init(&r->sources, &r->arena);
	sources_add(&r->sources, "data.yaml", "data.yaml");
	diag_init(&r->diag, &r->arena, &r->sources);
	r->templates = templates_new(&r->arena, &r->diag, "templates", r->dir,
	    &world_type);
}

static void
run_release(struct run *r)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
	templates_free(r->templates);
	diag_release(&r->diag);
	sources_release(&r->sources);
	arena_release(&r->arena);
}

static void
put_file(struct run *r, const char *name, const char *bytes, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
put_text(struct run *r, const char *name, const char *s)
{
	put_file(r, name, s, strlen(s));
}

static struct text
text_at(const char *s, uint32_t line)
{
	return (struct text){s, (uint32_t)strlen(s), {1, line, 1}};
}

static const struct template *
get(struct run *r, const char *name, const char *dialect)
{
	return templates_get(r->templates, text_at(name, 90),
	    text_at(dialect, 91));
}

/* The findings as "path:line:column id: text" lines. */
static void
list_findings(struct run *r, struct buf *b)
{
	size_t i;

	diag_finish(&r->diag);
	for (i = 0; i < r->diag.n; i++) {
		const struct finding *f = &r->diag.finding[i];
		const struct source *s = sources_get(&r->sources,
		    f->at.source);

		buf_printf(b, "%s:%" PRIu32 ":%" PRIu32 " %s: %s\n",
		    s ? s->path : "", f->at.line, f->at.column,
		    finding_kinds[f->id].name, f->text);
	}
}

static void
assert_findings(struct run *r, const char *expected)
{
	struct buf b = BUF_INIT;

	list_findings(r, &b);
	assert_string_equal(b.s, expected);
	buf_release(&b);
}

static void
assert_rendered(const char *template, const char *partial,
    const char *expected)
{
	const struct template *t;
	struct buf out = BUF_INIT, found = BUF_INIT;
	struct spans spans = {0};
	struct run r;

	run_init(&r);
	put_file(&r, "t", template, strlen(template));
	if (partial)
		put_file(&r, "p", partial, strlen(partial));
	t = get(&r, "t", "plain");
	list_findings(&r, &found);
	assert_string_equal(found.s, "");
	assert_non_null(t);
	assert_true(template_render(t, &world, &r.diag, &out, NULL));
	assert_string_equal(out.s, expected);
	buf_clear(&out);
	assert_true(template_render(t, &world, &r.diag, &out, &spans));
	assert_string_equal(out.s, expected);
	spans_release(&spans);
	buf_release(&out);
	buf_release(&found);
	run_release(&r);
}

struct render_case {
	const char *template;
	const char *partial;	/* "p" */
	const char *expected;
};

static void
render_all(const struct render_case *c)
{
	for (; c->template; c++)
		assert_rendered(c->template, c->partial, c->expected);
}

static void
values(void **state)
{
	static const struct render_case cases[] = {
		{"", NULL, ""},
		{"no tag { } }} {x}\n", NULL, "no tag { } }} {x}\n"},
		{"{", NULL, "{"},
		{"{{title}}", NULL, "Atlas"},
		{"<{{ title }}|{{\ttitle\t|\tplain }}>", NULL, "<Atlas|Atlas>"},
		{"[{{empty}}]", NULL, "[]"},
		{"{{number}} {{zero}}", NULL, "42 0"},
		{"{{spare.name}} {{spare.count}}", NULL, "spanner 1"},
		{"{{head.name}} {{head.boss.name}}", NULL, "Ann Robert"},
		{"{{head.boss.spare.count}}", NULL, "-9223372036854775808"},
		{"[{{nobody.name}}{{head.boss.boss.name}}{{nobody.loud}}"
		 "{{nobody.spare.count}}]", NULL, "[]"},
		{"{{head.loud}} [{{head.quiet}}]", NULL, "Ann! []"},
		{NULL, NULL, NULL}
	};

	(void)state;
	render_all(cases);
}

static void
sections(void **state)
{
	static const struct render_case cases[] = {
		{"{{#yes}}a{{/yes}}{{^yes}}b{{/yes}}", NULL, "a"},
		{"{{#no}}a{{/no}}{{^no}}b{{/no}}", NULL, "b"},
		{"{{#number}}a{{/number}}{{^zero}}b{{/zero}}", NULL, "ab"},
		{"{{#title}}{{title}}{{/title}}", NULL, "Atlas"},
		{"{{#empty}}a{{/empty}}{{^empty}}b{{/empty}}", NULL, "b"},
		{"{{#spare}}{{name}} of {{title}}{{/spare}}", NULL,
		 "spanner of Atlas"},
		{"{{#head}}{{name}}{{#boss}}<{{name}}{{/boss}}{{/head}}", NULL,
		 "Ann<Robert"},
		{"{{#head.boss}}{{name}}{{/head.boss}}", NULL, "Robert"},
		{"{{#nobody}}a{{/nobody}}{{^nobody}}b{{/nobody}}", NULL, "b"},
		{"{{#nobody.name}}a{{/nobody.name}}{{^nobody.boss}}b"
		 "{{/nobody.boss}}", NULL, "b"},
		{"{{#people}}{{name}}{{#admin}}*{{/admin}},{{/people}}", NULL,
		 "Ann*,Robert,"},
		{"{{#crowd}}{{name}}{{^-last}}, {{/-last}}{{/crowd}}", NULL,
		 "Robert, Ann"},
		{"{{#none}}a{{/none}}{{^none}}b{{/none}}", NULL, "b"},
		{"[{{^people}}c{{/people}}]", NULL, "[]"},
		{"{{#words}}{{#-first}}({{/-first}}{{.}}{{#-last}}){{/-last}}"
		 "{{^-last}} {{/-last}}{{/words}}", NULL, "(one two three)"},
		{"{{#ports}}{{.}}={{port}};{{/ports}}", NULL, "25=25;587=587;"},
		{"{{#people}}{{#words}}{{#-last}}{{.}}{{/-last}}{{/words}}"
		 "{{#-first}}-{{/-first}}{{/people}}", NULL, "three-three"},
		{"{{#words}}{{#yes}}{{#-first}}{{.}}{{/-first}}{{/yes}}"
		 "{{/words}}", NULL, "one"},
		{"{{#people}}{{#short}}{{name}}{{/short}}{{^letter.b}}:"
		 "{{/letter.b}}{{/people}}", NULL, "Ann:"},
		{"{{#people}}{{#loud}}a{{/loud}}{{#quiet}}b{{/quiet}}"
		 "{{/people}}", NULL, "aa"},
		/* The innermost name wins. */
		{"{{#people}}{{#spare}}{{name}} {{/spare}}{{/people}}", NULL,
		 "wheel bolt "},
		{NULL, NULL, NULL}
	};

	(void)state;
	render_all(cases);
}

/* The rules of Mustache's specification for lines that hold only a tag. */
static void
lines(void **state)
{
	static const struct render_case cases[] = {
		{"a{{! no word }}b", NULL, "ab"},
		{"a{{! no\n\n word }}b\n", NULL, "ab\n"},
		{"a\n{{! alone }}\nb\n", NULL, "a\nb\n"},
		{"a\n  {{! alone }} \t\nb\n", NULL, "a\nb\n"},
		{"|\r\n{{! alone }}\r\n|", NULL, "|\r\n|"},
		{"  {{! first line }}\nb", NULL, "b"},
		{"a\n  {{! last line }}", NULL, "a\n"},
		{"a\n{{!\nmany\n}}\nb\n", NULL, "a\nb\n"},
		{"a\n  {{!\n    many\n  }}\nb\n", NULL, "a\nb\n"},
		{"  12 {{! not alone }}\n", NULL, "  12 \n"},
		{"x {{! not alone }} y", NULL, "x  y"},
		{"{{!a}}{{!b}}\n", NULL, "\n"},
		{"{{!}}\n", NULL, ""},
		{"{{!a\n}} {{#yes}}\nb{{/yes}}\n", NULL, " \nb\n"},

		{"| a\n{{#yes}}\n|\n{{/yes}}\n| b\n", NULL, "| a\n|\n| b\n"},
		{"| a\n  {{#yes}}\n|\n  {{/yes}}\n| b\n", NULL,
		 "| a\n|\n| b\n"},
		{"|\r\n{{#yes}}\r\n{{/yes}}\r\n|", NULL, "|\r\n|"},
		{"  {{#yes}}\n#{{/yes}}\n/", NULL, "#\n/"},
		{"#{{#yes}}\n/\n  {{/yes}}", NULL, "#\n/\n"},
		{" {{#yes}}Y{{/yes}}\n {{#yes}}Z{{/yes}}\n", NULL,
		 " Y\n Z\n"},
		{"| a\n{{^no}}\n|\n{{/no}}\n| b\n", NULL, "| a\n|\n| b\n"},
		{"^{{^no}}\n/\n  {{/no}}", NULL, "^\n/\n"},
		{"{{#people}}\n{{name}} x\n{{/people}}\nend\n", NULL,
		 "Ann x\nRobert x\nend\n"},
		{" {{title}} \n", NULL, " Atlas \n"},
		{NULL, NULL, NULL}
	};

	(void)state;
	render_all(cases);
}

static void
partials(void **state)
{
	static const struct render_case cases[] = {
		{"[{{>p}}]", "in", "[in]"},
		{"{{#people}}{{>p}} {{/people}}", "{{name}}", "Ann Robert "},
		{"{{#words}}{{>p}}{{/words}}", "{{#-first}}{{.}}{{/-first}}",
		 "one"},
		{"| {{>p}} |", "\t|\t", "| \t|\t |"},
		{"  {{number}}  {{> p}}\n", ">\n>", "  42  >\n>\n"},
		{"|\r\n{{>p}}\r\n|", ">", "|\r\n>|"},
		{"  {{>p}}\n>", ">\n>", "  >\n  >>"},
		{">\n  {{>p}}", ">\n>", ">\n  >\n  >"},
		{"a\n  {{>p}}\nb\n", "x\n{{title}}\n\ny\n",
		 "a\n  x\n  Atlas\n\n  y\nb\n"},
		{NULL, NULL, NULL}
	};
	size_t i;

	(void)state;
	for (i = 0; cases[i].template; i++)
		assert_rendered(cases[i].template, cases[i].partial,
		    cases[i].expected);
	assert_rendered("a\n  {{>p}}\nb\n",
	    "{{#people}}\nx {{name}}\n{{#admin}}yes{{/admin}}\n{{/people}}\n",
	    "a\n  x Ann\n  yes\n  x Robert\n  \nb\n");
}

static void
partials_inside_partials(void **state)
{
	const struct template *t;
	struct buf out = BUF_INIT;
	struct run r;

	(void)state;
	run_init(&r);
	put_text(&r, "t", "0\n {{>a}}\n");
	put_text(&r, "a", "1\n\t{{>b}}\n1 {{>b}}\n{{>b}}\n");
	put_text(&r, "b", "2\n2\n");
	t = get(&r, "t", "plain");
	assert_non_null(t);
	assert_true(template_render(t, &world, &r.diag, &out, NULL));
	assert_string_equal(out.s,
	    "0\n 1\n \t2\n \t2\n 1 2\n2\n\n 2\n 2\n");
	buf_release(&out);
	run_release(&r);
}

struct slip_case {
	const char *template;
	const char *findings;
};

static void
assert_slips(const struct slip_case *c)
{
	struct run r;

	run_init(&r);
	put_file(&r, "t", c->template, strlen(c->template));
	assert_null(get(&r, "t", "main_cf"));
	assert_null(get(&r, "t", "main_cf"));
	templates_check_all(r.templates);
	assert_findings(&r, c->findings);
	run_release(&r);
}

static void
slips(void **state)
{
	static const struct slip_case cases[] = {
		{"a\n  {{titel}}\n", "templates/t:2:5 template-name: no field "
		 "'titel' in world; did you mean 'title'\n"},
		{"{{ head.boss.nmae }}", "templates/t:1:14 template-name: no "
		 "field 'nmae' in person; did you mean 'name'\n"},
		{"{{#people}}{{titel}} {{xyzzy}}{{/people}}",
		 "templates/t:1:14 template-name: no field 'titel' in person "
		 "or around it; did you mean 'title'\n"
		 "templates/t:1:24 template-name: no field 'xyzzy' in person "
		 "or around it; it has name, pin, boss, spare, admin, loud, "
		 "quiet, short, letter\n"},
		{"{{yes}}{{people}}{{head}}{{spare}}{{-first}}",
		 "templates/t:1:3 template-name: 'yes' is yes or no; write "
		 "{{#yes}}...{{/yes}}\n"
		 "templates/t:1:10 template-name: 'people' is a list; write "
		 "{{#people}}...{{/people}}\n"
		 "templates/t:1:20 template-name: 'head' is a whole person; "
		 "name one of its fields\n"
		 "templates/t:1:28 template-name: 'spare' is a whole spare; "
		 "name one of its fields\n"
		 "templates/t:1:37 template-name: '-first' is yes or no; write "
		 "{{#-first}}...{{/-first}}\n"},
		{"{{people.name}}{{title.x}}", "templates/t:1:3 template-name: "
		 "'people' is a list; write {{#people}} and name a field of "
		 "its items there\n"
		 "templates/t:1:18 template-name: 'title' has no fields\n"},
		{"{{.}}{{#head}}{{.}}{{/head}}", "templates/t:1:3 "
		 "template-name: '.' is a whole world here; name one of its "
		 "fields\n"
		 "templates/t:1:17 template-name: '.' is a whole person here; "
		 "name one of its fields\n"},
		{"{{#-last}}{{/-last}}", "templates/t:1:4 template-name: "
		 "'-last' stands in no list\n"},
		{"{{^spare}}{{/spare}}", "templates/t:1:4 template-name: "
		 "'spare' is always there; test one of its fields\n"},
		{"{{#head.letter.xy}}{{/head.letter.xy}}",
		 "templates/t:1:16 template-name: 'letter' tells nothing about "
		 "'xy'; it is letter.X: an X is in the name\n"},
		/* One cause, one finding: names inside may be its fields. */
		{"{{#poeple}}{{nmae}} {{.}} {{#boss}}{{titel}}{{/boss}}"
		 "{{#head}}{{nmae}}{{/head}}{{/poeple}}{{x}}",
		 "templates/t:1:4 template-name: no field 'poeple' in world; "
		 "did you mean 'people'\n"
		 "templates/t:1:93 template-name: no field 'x' in world; it "
		 "has title, empty, nasty, yes, no, number, zero, spare, head, "
		 "nobody, people, crowd, ...\n"},
		{"{{title|main_fc}}\n{{title|x y}}",
		 "templates/t:1:9 template-dialect: there is no dialect "
		 "'main_fc'; did you mean 'main_cf'\n"
		 "templates/t:2:9 template-dialect: there is no dialect 'x y'; "
		 "write one of plain, main_cf, main_cf_expr, main_cf_word, "
		 "master_cf, map_key, map_value, ldap_cf, ldap_filter, pcre, "
		 "cidr, ucl, ucl_word, dovecot, shell, ini\n"},
		{"{{title\n}} {{#yes}}", "templates/t:1:1 template-syntax: "
		 "this tag does not end; write }} on the same line\n"
		 "templates/t:2:7 template-syntax: the section 'yes' is not "
		 "closed; write {{/yes}} where it ends\n"},
		{"x{{! never\nends", "templates/t:1:2 template-syntax: this "
		 "comment does not end; write }} behind it\n"},
		{"{{}}{{a b}}{{..}}{{a.}}{{#}}{{/}}", "templates/t:1:3 "
		 "template-syntax: this is no name; a value is written "
		 "{{name.name}} or {{name|dialect}}\n"
		 "templates/t:1:7 template-syntax: this is no name; a value is "
		 "written {{name.name}} or {{name|dialect}}\n"
		 "templates/t:1:14 template-syntax: this is no name; a value "
		 "is written {{name.name}} or {{name|dialect}}\n"
		 "templates/t:1:20 template-syntax: this is no name; a value "
		 "is written {{name.name}} or {{name|dialect}}\n"
		 "templates/t:1:27 template-syntax: this is no name; a section "
		 "is written {{#name}}...{{/name}}\n"},
		{"{{{title}}}{{&title}}{{=<% %>=}}{{<p}}{{$b}}",
		 "templates/t:1:1 template-syntax: there is no raw output; "
		 "write {{name}}, or {{name|plain}} for free text\n"
		 "templates/t:1:12 template-syntax: there is no raw output; "
		 "write {{name}}, or {{name|plain}} for free text\n"
		 "templates/t:1:22 template-syntax: the delimiters cannot be "
		 "changed\n"
		 "templates/t:1:33 template-syntax: there is no inheritance; "
		 "use a partial, {{>name}}\n"
		 "templates/t:1:39 template-syntax: there is no inheritance; "
		 "use a partial, {{>name}}\n"},
		{"{{#yes}}{{#no}}{{/yes}}{{/no}}", "templates/t:1:12 "
		 "template-syntax: the section 'no' is not closed; write "
		 "{{/no}} where it ends\n"
		 "templates/t:1:27 template-syntax: no section 'no' is open "
		 "here; remove the tag or name the section that ends\n"},
		{"{{>../etc}}{{>/etc}}{{>}}", "templates/t:1:4 "
		 "template-syntax: this names no template; a partial is "
		 "written {{>directory/name}}, from the templates' directory "
		 "on\n"
		 "templates/t:1:15 template-syntax: this names no template; a "
		 "partial is written {{>directory/name}}, from the templates' "
		 "directory on\n"
		 "templates/t:1:24 template-syntax: this names no template; a "
		 "partial is written {{>directory/name}}, from the templates' "
		 "directory on\n"},
		{"{{>gone}}{{>t}}", "templates/t:1:4 file-unreadable: the "
		 "template 'gone' does not exist\n"
		 "templates/t:1:13 template-syntax: the template 't' includes "
		 "itself; break the circle\n"},
		{NULL, NULL}
	};
	const struct slip_case *c;

	(void)state;
	for (c = cases; c->template; c++)
		assert_slips(c);
}

static void
files(void **state)
{
	char path[64];
	struct run r;

	(void)state;
	run_init(&r);
	snprintf(path, sizeof(path), "%s/dir", r.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/fifo", r.dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/loop", r.dir);
	assert_int_equal(symlink("loop", path), 0);
	put_file(&r, "nul", "a\n\0b", 4);
	put_text(&r, "fine", "a");
	put_text(&r, ".hidden", "{{x}}");
	put_text(&r, "backup~", "{{x}}");
	assert_null(get(&r, "gone", "plain"));
	assert_null(get(&r, "gone", "plain"));
	assert_null(get(&r, "dir", "plain"));
	assert_null(get(&r, "../passwd", "plain"));
	assert_null(get(&r, "fine", "plane"));
	assert_non_null(get(&r, "fine", ""));
	templates_check_all(r.templates);
	assert_findings(&r,
	    "data.yaml:90:1 bad-path: '../passwd' names no template; write its "
	    "path below templates\n"
	    "data.yaml:90:1 file-unreadable: the template 'dir' is not a "
	    "regular file\n"
	    "data.yaml:90:1 file-unreadable: the template 'gone' does not "
	    "exist\n"
	    "data.yaml:91:1 template-dialect: there is no dialect 'plane'; did "
	    "you mean 'plain'\n"
	    "templates/fifo:0:0 file-unreadable: the template is not a regular "
	    "file\n"
	    "templates/loop:0:0 file-unreadable: the template cannot be read: "
	    "Too many levels of symbolic links\n"
	    "templates/nul:2:1 template-syntax: a NUL byte; a template is "
	    "text\n");
	run_release(&r);
}

/* A partial is checked where it stands, a circle all the same. */
static void
check_all(void **state)
{
	char path[64];
	struct run r;

	(void)state;
	run_init(&r);
	snprintf(path, sizeof(path), "%s/sub", r.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put_text(&r, "t", "{{#people}}{{>sub/p}}{{/people}}");
	put_text(&r, "sub/p", "{{name}} {{nmae}}");
	put_text(&r, "x", "{{>y}}");
	put_text(&r, "y", "{{>x}}");
	templates_check_all(r.templates);
	assert_findings(&r, "templates/sub/p:1:12 template-name: no field "
	    "'nmae' in person or around it; did you mean 'name'\n"
	    "templates/y:1:4 template-syntax: the template 'x' includes "
	    "itself; break the circle\n");
	run_release(&r);
}

static void
refused_values(void **state)
{
	static const char template[] =
	    "k {{nasty|map_key}}\n{{#people}}{{pin}}{{/people}}\n"
	    "{{nobody.name|map_key}}\n";
	const struct template *t;
	struct buf out = BUF_INIT;
	struct run r;

	(void)state;
	run_init(&r);
	put_file(&r, "t", template, sizeof(template) - 1);
	t = get(&r, "t", "plain");
	assert_non_null(t);
	assert_false(template_render(t, &world, &r.diag, &out, NULL));
	assert_findings(&r,
	    "data.yaml:2:3 dialect-value: a secret cannot stand in a line of "
	    "text: it holds a control character; remove it\n"
	    "data.yaml:41:9 dialect-value: 'two words' cannot stand in a "
	    "table's key: it holds a blank, and would be two words; remove "
	    "it\n"
	    "templates/t:3:3 dialect-value: '' cannot stand in a table's key: "
	    "it is empty; set it\n");
	assert_int_equal(r.diag.finding[1].note->at.line, 1);
	assert_int_equal(r.diag.finding[1].note->at.column, 5);
	buf_release(&out);
	run_release(&r);
}

static void
assert_span(const struct spans *spans, const char *out, const char *line,
    uint32_t template_line, uint32_t value_line)
{
	const char *at = strstr(out, line);
	const struct span *span;

	assert_non_null(at);
	span = spans_at(spans, (size_t)(at - out));
	assert_non_null(span);
	assert_int_equal(span->offset, at - out);
	assert_int_equal(span->template_at.line, template_line);
	assert_int_equal(span->value_at.line, value_line);
	assert_ptr_equal(spans_at(spans, span->offset + strlen(line) - 1),
	    span);
}

static void
line_origins(void **state)
{
	static const char template[] =
	    "# one\n# two\n{{#people}}\n{{name}} {{spare.name}} {{number}}\n"
	    "{{/people}}\n  {{>p}}\nlast {{#ports}}{{.}} {{/ports}}\n"
	    "{{empty}}{{title}}\n{{empty}}";
	const struct template *t;
	struct buf out = BUF_INIT;
	struct spans spans = {0};
	struct run r;

	(void)state;
	run_init(&r);
	put_file(&r, "t", template, sizeof(template) - 1);
	put_text(&r, "p", "p\nq {{title}}\n");
	t = get(&r, "t", "plain");
	assert_non_null(t);
	assert_true(template_render(t, &world, &r.diag, &out, &spans));
	assert_string_equal(out.s, "# one\n# two\nAnn wheel 42\n"
	    "Robert bolt 42\n  p\n  q Atlas\nlast 25 587 \nAtlas\n");
	assert_int_equal(spans.n, 8);
	assert_span(&spans, out.s, "# one", 1, 0);
	assert_span(&spans, out.s, "# two", 2, 0);
	assert_span(&spans, out.s, "Ann wheel 42\n", 4, 3);
	assert_span(&spans, out.s, "Robert bolt 42\n", 4, 7);
	assert_span(&spans, out.s, "  p", 1, 0);
	assert_span(&spans, out.s, "  q Atlas", 2, 40);
	assert_span(&spans, out.s, "last 25 587 \n", 7, 31);
	assert_int_equal(spans.span[7].template_at.line, 8);
	assert_int_equal(spans.span[7].value_at.line, 40);
	assert_null(spans_at(&(struct spans){0}, 0));
	spans_release(&spans);
	buf_release(&out);
	run_release(&r);
}

static void
conditions(void **state)
{
	static const struct {
		const char *expression;
		bool ok, answer;
	} cases[] = {
		{"yes", true, true}, {"!yes", true, false},
		{"no", true, false}, {"! no", true, true},
		{"people", true, true}, {"none", true, false},
		{"head.admin", true, true}, {"nobody.admin", true, false},
		{"head.letter.A", true, true}, {"!head.letter.B", true, true},
		{"title", true, true}, {"head.loud", true, true},
		{"ye", false, false}, {"", false, false}, {"!", false, false},
		{"head.letter.", false, false}, {"-first", false, false},
	};
	struct run r;
	size_t i, n;

	(void)state;
	run_init(&r);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct text when = text_at(cases[i].expression, 1);
		bool answer = false;

		assert_int_equal(template_test(r.templates, when, &world,
		    &answer), cases[i].ok);
		assert_int_equal(answer, cases[i].answer);
		n = diag_mark(&r.diag);
		assert_int_equal(template_test(r.templates, when, &world,
		    &answer), cases[i].ok);
		assert_int_equal(diag_mark(&r.diag), n);
	}
	assert_int_equal(n, 5);
	run_release(&r);
}

/* None of these may take long, or much memory. */
static void
hostile(void **state)
{
	struct buf b = BUF_INIT;
	struct run r;
	int i;

	(void)state;
	run_init(&r);
	for (i = 0; i < 100000; i++)
		buf_addstr(&b, "{{#yes}}");
	put_file(&r, "deep", b.s, b.len);
	buf_clear(&b);
	for (i = 0; i < 300000; i++)
		buf_addstr(&b, "{{");
	put_file(&r, "open", b.s, b.len);
	buf_clear(&b);
	for (i = 0; i < 100000; i++)
		buf_addstr(&b, "{{/x}}");
	put_file(&r, "closed", b.s, b.len);
	buf_clear(&b);
	for (i = 0; i < 100000; i++)
		buf_addstr(&b, "{{x}}");
	put_file(&r, "names", b.s, b.len);
	for (i = 0; i < 60; i++) {
		char name[16];

		buf_clear(&b);
		buf_printf(&b, " {{>b%d}}\n {{>b%d}}\n", i + 1, i + 1);
		snprintf(name, sizeof(name), "b%d", i);
		put_file(&r, name, b.s, b.len);
	}
	put_text(&r, "b60", "x\n");
	templates_check_all(r.templates);
	assert_in_range(diag_mark(&r.diag), 5, 500);
	assert_null(get(&r, "b0", "plain"));
	assert_in_range(r.arena.total, 0, 128 * 1024 * 1024);
	buf_release(&b);
	run_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(sections),
		cmocka_unit_test(lines),
		cmocka_unit_test(partials),
		cmocka_unit_test(partials_inside_partials),
		cmocka_unit_test(slips),
		cmocka_unit_test(files),
		cmocka_unit_test(check_all),
		cmocka_unit_test(refused_values),
		cmocka_unit_test(line_origins),
		cmocka_unit_test(conditions),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
