/*
 * LDIF: what is read at which place, what is refused and why, and that what
 * is written is read back the same.
 */
#include "base/buf.h"
#include "tree/ldif.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct ldif ldif;
	enum tree_result result;
	char file[64];
};

static void
run_init(struct run *run)
{
	arena_init(&run->arena);
	sources_init(&run->sources, &run->arena);
	diag_init(&run->diag, &run->arena, &run->sources);
	strcpy(run->file, "/tmp/mailc-ldif-XXXXXX");
}

static void
run_release(struct run *run)
{
	diag_release(&run->diag);
	sources_release(&run->sources);
	arena_release(&run->arena);
}

static void
read_bytes(struct run *run, const char *s, size_t len)
{
	int fd;

	run_init(run);
	fd = mkstemp(run->file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s, len), (ssize_t)len);
	close(fd);
	run->result = ldif_read(&run->arena, &run->diag, "users.ldif",
	    run->file, &run->ldif);
	unlink(run->file);
}

/* All that was read, as "line:column name=value", one attribute a line. */
static const char *
shown(struct run *run)
{
	struct buf b = BUF_INIT;
	const char *text;
	uint32_t i, k;

	for (i = 0; i < run->ldif.n; i++) {
		const struct ldif_entry *e = &run->ldif.entry[i];

		buf_printf(&b, "%u:%u dn=%s\n", e->dn.at.line,
		    e->dn.at.column, e->dn.s);
		for (k = 0; k < e->n; k++) {
			const struct ldif_attribute *a = &e->attribute[k];

			assert_int_equal(a->value.s[a->value.len], '\0');
			buf_printf(&b, "%u:%u %s %u:%u=", a->name.at.line,
			    a->name.at.column, a->name.s, a->value.at.line,
			    a->value.at.column);
			buf_add(&b, a->value.s, a->value.len);
			buf_addch(&b, '\n');
		}
	}
	text = arena_strndup(&run->arena, b.s, b.len);
	buf_release(&b);
	return text;
}

struct good {
	const char *name, *in, *out;
};

static const struct good goods[] = {
	{"empty file", "", ""},
	{"empty lines only", "\n\r\n\n", ""},
	{"one", "dn: uid=a\nuid: a\n", "1:5 dn=uid=a\n2:1 uid 2:6=a\n"},
	{"no line end at the end", "dn: uid=a\nuid: a",
	    "1:5 dn=uid=a\n2:1 uid 2:6=a\n"},
	{"two, many empty lines", "\n\ndn: a\n\n\n\ndn: b\nc:d\n\n",
	    "3:5 dn=a\n7:5 dn=b\n8:1 c 8:3=d\n"},
	{"version alone", "version: 1\n\ndn: a\n", "3:5 dn=a\n"},
	{"version in the first record", "version: 1\ndn: a\nv: 2\n",
	    "2:5 dn=a\n3:1 v 3:4=2\n"},
	{"comments", "# one\n two\n\n#\ndn: a\n# c\n  folded\nb: c\n#end\n",
	    "5:5 dn=a\n8:1 b 8:4=c\n"},
	{"comment before dn folded", "# x\n y\ndn: a\n", "3:5 dn=a\n"},
	{"folded value", "dn: ui\n d=a\n b\nc: d\n",
	    "1:5 dn=uid=ab\n4:1 c 4:4=d\n"},
	{"a fold keeps further blanks", "dn: a\n  b\n", "1:5 dn=a b\n"},
	{"value begins in the next line", "dn:\n  a\nb: c\n",
	    "2:3 dn=a\n3:1 b 3:4=c\n"},
	{"folded name", "dn: a\nemailFor\n ward: x\n",
	    "1:5 dn=a\n2:1 emailForward 3:8=x\n"},
	{"folded inside the colons", "dn: a\nb:\n : Yw==\nd: e\n",
	    "1:5 dn=a\n2:1 b 3:4=c\n4:1 d 4:4=e\n"},
	{"folded before the first colon", "dn: a\nb\n : c\n",
	    "1:5 dn=a\n2:1 b 3:4=c\n"},
	{"CRLF", "dn: a\r\nb: c\r\n d\r\n\r\ndn: e\r\n",
	    "1:5 dn=a\n2:1 b 2:4=cd\n5:5 dn=e\n"},
	{"base64", "dn:: dWlkPWE=\nb:: Yw==\n", "1:6 dn=uid=a\n2:1 b 2:5=c\n"},
	{"base64 folded", "dn: a\nb:: Zm\n 9v\n YmFy\nc: d\n",
	    "1:5 dn=a\n2:1 b 2:5=foobar\n5:1 c 5:4=d\n"},
	{"base64 with a line end", "dn: a\nb:: YQpi\n",
	    "1:5 dn=a\n2:1 b 2:5=a\nb\n"},
	{"empty values", "dn: a\nb:\nc: \nd::\n",
	    "1:5 dn=a\n2:1 b 2:3=\n3:1 c 3:4=\n4:1 d 4:4=\n"},
	{"empty base64 with blanks", "dn: a\nd::  \n",
	    "1:5 dn=a\n2:1 d 2:6=\n"},
	{"no blank after the colon", "dn:a\nb:c\n",
	    "1:4 dn=a\n2:1 b 2:3=c\n"},
	{"blanks before the value", "dn:   a\n", "1:7 dn=a\n"},
	{"blanks after the value", "dn: a\nb: c  \n",
	    "1:5 dn=a\n2:1 b 2:4=c  \n"},
	{"colons and < in the value", "dn: a\nb: :c<d: e\n",
	    "1:5 dn=a\n2:1 b 2:4=:c<d: e\n"},
	{"options", "dn: a\ncn;lang-de;x: c\n", "1:5 dn=a\n2:1 cn 2:15=c\n"},
	{"values twice", "dn: a\nb: c\nB: c\n",
	    "1:5 dn=a\n2:1 b 2:4=c\n3:1 B 3:4=c\n"},
	{"UTF-8 as it is", "dn: a\ncn: \xc3\xa4\n",
	    "1:5 dn=a\n2:1 cn 2:5=\xc3\xa4\n"},
	{"changetype as a later attribute", "dn: a\nb: c\nchangetype: d\n",
	    "1:5 dn=a\n2:1 b 2:4=c\n3:1 changetype 3:13=d\n"},
};

static void
test_good(void **state)
{
	size_t i;
	struct run run;

	(void)state;
	for (i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		print_message("  %s\n", goods[i].name);
		read_bytes(&run, goods[i].in, strlen(goods[i].in));
		assert_int_equal(run.diag.n, 0);
		assert_int_equal(run.result, TREE_OK);
		assert_string_equal(shown(&run), goods[i].out);
		run_release(&run);
	}
}

/* A broken record between two good ones: one finding at a place. */
struct bad {
	const char *name, *in;
	uint32_t line, column;
	const char *text;
};

#define NO_FILE "a value that stands in another file"
static const struct bad bads[] = {
	{"no dn", "uid: a\n", 4, 1, "begins with its dn"},
	{"ldapsearch's trailer", "search: 2\nresult: 0 Success\n", 4, 1,
	    "begins with its dn"},
	{"version later", "version: 1\n", 4, 1, "begins with its dn"},
	{"two dns", "dn: a\nb: c\ndn: d\n", 6, 1, "second dn"},
	{"no colon", "dn: a\nuid\n", 5, 1, "without a colon"},
	{"end of a change", "dn: a\n-\n", 5, 1, "without a colon"},
	{"change", "dn: a\nchangetype: delete\n", 5, 1, "a change"},
	{"control", "dn: a\ncontrol: 1.2 true\n", 5, 1, "a change"},
	{"url", "dn: a\nb:< file:///etc/passwd\n", 5, 3, NO_FILE},
	{"url without blank", "dn: a\nb:<file:///etc/passwd\n", 5, 3, NO_FILE},
	{"url folded", "dn: a\nb:\n < file:///etc/passwd\n", 6, 2, NO_FILE},
	{"url as dn", "dn:< file:///etc/passwd\n", 4, 4, NO_FILE},
	{"include", "include: file:///etc/passwd\n", 4, 1, "not included"},
	{"Include", "INCLUDE: file:///etc/passwd\n", 4, 1, "not included"},
	{"index", "12\ndn: a\n", 4, 1, "without a colon"},
	{"blank in the name", "dn: a\nb c: d\n", 5, 2, "no attribute name"},
	{"blank before the colon", "dn: a\nb : d\n", 5, 2,
	    "no attribute name"},
	{"UTF-8 in the name", "dn: a\nb\xc3\xa4: d\n", 5, 2,
	    "no attribute name"},
	{"byte order mark", "\xef\xbb\xbf" "dn: a\n", 4, 1,
	    "no attribute name"},
	{"no name", "dn: a\n: b\n", 5, 1, "without an attribute name"},
	{"options alone", "dn: a\n;x: b\n", 5, 1, "without an attribute"},
	{"begins with a blank", " dn: a\n", 4, 1, "continues no other"},
	{"CR in a line", "dn: a\nb: c\rd\n", 5, 5, "a carriage return"},
	{"two CRs at the end", "dn: a\nb: c\r\r\n", 5, 5, "a carriage return"},
	{"base64 too short", "dn: a\nb:: Zm9\n", 5, 8, "ends too early"},
	{"base64 of padding", "dn: a\nb:: ====\n", 5, 9, "ends too early"},
	{"base64 after padding", "dn: a\nb:: Zg==Zm9v\n", 5, 9, "not base64"},
	{"base64 with a blank", "dn: a\nb:: Zm 9v\n", 5, 7, "not base64"},
	{"base64 with a sign", "dn: a\nb:: Zm!v\n", 5, 7, "not base64"},
	{"base64 in the second line", "dn: a\nb:: Zm9v\n Zm!v\n", 6, 4,
	    "not base64"},
	{"base64 of a byte over 127", "dn: a\nb:: Zm\xc3v\n", 5, 7,
	    "not base64"},
};

static void
check_bad(const struct bad *bad, const char *in, size_t len)
{
	static const char before[] = "dn: first\na: b\n\n";
	static const char after[] = "\ndn: last\n";
	struct buf b = BUF_INIT;
	struct run run;

	print_message("  %s\n", bad->name);
	buf_addstr(&b, before);
	buf_add(&b, in, len);
	buf_addstr(&b, after);
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.result, TREE_OK);
	assert_int_equal(run.diag.n, 1);
	assert_int_equal(run.diag.finding[0].id, FINDING_LDIF_SYNTAX);
	assert_non_null(strstr(run.diag.finding[0].text, bad->text));
	assert_int_equal(run.diag.finding[0].at.line, bad->line);
	assert_int_equal(run.diag.finding[0].at.column, bad->column);
	assert_int_equal(run.ldif.n, 2);
	assert_string_equal(run.ldif.entry[0].dn.s, "first");
	assert_string_equal(run.ldif.entry[1].dn.s, "last");
	buf_release(&b);
	run_release(&run);
}

static void
test_bad(void **state)
{
	static const struct bad nul =
	    {"NUL", NULL, 5, 5, "a NUL byte"};
	static const struct bad nul_first =
	    {"NUL first in a line", NULL, 5, 1, "a NUL byte"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		check_bad(&bads[i], bads[i].in, strlen(bads[i].in));
	check_bad(&nul, "dn: a\nb: c\0d\n", 13);
	check_bad(&nul_first, "dn: a\n\0\nb: c\n", 13);
}

/* A record of more than 4 MiB, as one line and as many. */
static void
test_long(void **state)
{
	static const struct bad cases[] = {
		{"one line", NULL, 4, 1, "longer than 4 MiB"},
		{"many lines", NULL, 4, 1, "longer than 4 MiB"},
	};
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	buf_addstr(&b, "dn: ");
	for (i = 0; i < 600000; i++)
		buf_addstr(&b, "123456789 ");
	buf_addch(&b, '\n');
	check_bad(&cases[0], b.s, b.len);
	buf_clear(&b);
	buf_addstr(&b, "dn: a\n");
	for (i = 0; i < 600000; i++)
		buf_addstr(&b, "a: 123456\n");
	check_bad(&cases[1], b.s, b.len);
	buf_release(&b);
}

static void
test_flood(void **state)
{
	struct buf b = BUF_INIT;
	struct run run;
	int i;

	(void)state;
	buf_addstr(&b, "dn: first\n\n");
	for (i = 0; i < 5000; i++)
		buf_addstr(&b, "x\n\n");
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.result, TREE_BROKEN);
	assert_int_equal(run.diag.n, 101);
	assert_int_equal(run.ldif.n, 1);
	buf_release(&b);
	run_release(&run);
}

static void
test_unreadable(void **state)
{
	struct run run;

	(void)state;
	run_init(&run);
	assert_int_equal(ldif_read(&run.arena, &run.diag, "x", "/nonexistent",
	    &run.ldif), TREE_MISSING);
	assert_int_equal(run.diag.n, 0);
	assert_int_equal(ldif_read(&run.arena, &run.diag, "x", "/tmp",
	    &run.ldif), TREE_BROKEN);
	assert_int_equal(run.diag.n, 1);
	assert_int_equal(run.diag.finding[0].id, FINDING_FILE_UNREADABLE);
	run_release(&run);
}

static void
test_get(void **state)
{
	struct run run;
	const char *in = "dn: a\nemailForward: x@y\nUID: b\nuid: c\n";

	(void)state;
	read_bytes(&run, in, strlen(in));
	assert_string_equal(ldif_get(&run.ldif.entry[0], STR("uid"))->s, "b");
	assert_string_equal(ldif_get(&run.ldif.entry[0],
	    STR("EMAILFORWARD"))->s, "x@y");
	assert_null(ldif_get(&run.ldif.entry[0], STR("dn")));
	assert_null(ldif_get(&run.ldif.entry[0], STR("emailForwar")));
	run_release(&run);
}

#define TEXT(literal) ((struct text){.s = (literal), .len = sizeof(literal) - 1})
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Values that must survive writing and reading, and lines of 76 at most. */
static void
test_round(void **state)
{
	static const struct text value[] = {
		TEXT("plain"), TEXT(""), TEXT(" blank first"), TEXT("last "),
		TEXT(":colon"), TEXT("<less"), TEXT("#hash"), TEXT("a\nb: c"),
		TEXT("a\r\nb"), TEXT("nul\0inside"), TEXT("\xc3\xa4"),
		TEXT("\xff\xfe"), TEXT("\n"), TEXT(HUNDRED HUNDRED HUNDRED),
		TEXT(" " HUNDRED HUNDRED), TEXT("\ttab"), TEXT("|command"),
		TEXT(":include:/etc/passwd"), TEXT("a\n b"), TEXT("\x7f"),
	};
	enum { N = sizeof(value) / sizeof(value[0]) };
	struct ldif_attribute attribute[N];
	struct ldif_entry entry = {TEXT("uid=\xc3\xa4,ou=users"), attribute, N};
	struct buf b = BUF_INIT;
	struct run run;
	const char *line;
	uint32_t i;

	(void)state;
	for (i = 0; i < N; i++)
		attribute[i] = (struct ldif_attribute){
			TEXT("emailForward"), value[i]};
	ldif_write(&b, &entry);
	for (line = b.s; *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 76);
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.diag.n, 0);
	assert_int_equal(run.ldif.n, 1);
	assert_string_equal(run.ldif.entry[0].dn.s, entry.dn.s);
	assert_int_equal(run.ldif.entry[0].n, N);
	for (i = 0; i < N; i++) {
		const struct text *got = &run.ldif.entry[0].attribute[i].value;

		assert_int_equal(got->len, value[i].len);
		assert_memory_equal(got->s, value[i].s, got->len);
	}
	buf_release(&b);
	run_release(&run);
}

static double
seconds_for(int entries)
{
	struct buf b = BUF_INIT;
	struct timespec from, to;
	struct run run;
	int i;

	for (i = 0; i < entries; i++)
		buf_printf(&b, "dn: uid=u%d,ou=users,dc=example,dc=org\n"
		    "objectClass: debianAccount\nuid: u%d\n"
		    "emailForward: u%d@example.net\n\n", i, i, i);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	read_bytes(&run, b.s, b.len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(run.ldif.n, entries);
	assert_int_equal(run.ldif.entry[entries - 1].dn.at.line,
	    (entries - 1) * 5 + 1);
	run_release(&run);
	buf_release(&b);
	return (double)(to.tv_sec - from.tv_sec) +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Ten times the entries, at most about ten times the time. */
static void
test_linear(void **state)
{
	double small = seconds_for(20000), large = seconds_for(200000);

	(void)state;
	print_message("  20,000: %.3f s, 200,000: %.3f s\n", small, large);
	assert_true(large < small * 20 + 0.1);
}

/* Nothing that a file holds makes libldap talk on stderr. */
static void
test_silent(void **state)
{
	char name[] = "/tmp/mailc-ldif-stderr-XXXXXX";
	int fd = mkstemp(name), saved = dup(STDERR_FILENO);
	struct run run;
	size_t i;
	off_t end;

	(void)state;
	assert_true(fd >= 0 && saved >= 0);
	unlink(name);
	dup2(fd, STDERR_FILENO);
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		read_bytes(&run, bads[i].in, strlen(bads[i].in));
		run_release(&run);
	}
	dup2(saved, STDERR_FILENO);
	end = lseek(fd, 0, SEEK_END);
	close(fd);
	close(saved);
	assert_int_equal(end, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_linear),
	};

	return cmocka_run_group_tests_name("ldif", tests, NULL, NULL);
}
