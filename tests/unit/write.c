/*
 * The writers. Every format is given the same hostile findings: it must stay
 * well formed and keep what it promises; the text form is compared whole.
 */
#include "base/buf.h"
#include "diag/diag.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	char file[64];
	char *out;
	size_t len;
};

static void
run_init(struct run *r)
{
	*r = (struct run){0};
	arena_init(&r->arena);
	sources_init(&r->sources, &r->arena);
	diag_init(&r->diag, &r->arena, &r->sources);
}

static void
run_release(struct run *r)
{
	if (r->file[0])
		unlink(r->file);
	free(r->out);
	diag_release(&r->diag);
	sources_release(&r->sources);
	arena_release(&r->arena);
}

/* A file with these bytes, known as path. */
static uint32_t
source_with(struct run *r, const char *path, const char *bytes, size_t len)
{
	int fd;

	strcpy(r->file, "/tmp/mailc-write-XXXXXX");
	fd = mkstemp(r->file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	return sources_add(&r->sources, path, r->file);
}

static const char *
written(struct run *r, const char *format, bool color)
{
	const struct diag_format *f = diag_formats;
	FILE *out;

	while (f->name && strcmp(f->name, format))
		f++;
	assert_non_null(f->name);
	free(r->out);
	out = open_memstream(&r->out, &r->len);
	f->write(&r->diag, out, color);
	fclose(out);
	return r->out;
}

static struct origin
at(uint32_t source, uint32_t line, uint32_t column)
{
	return (struct origin){source, line, column};
}

struct quote_case {
	const char *name, *bytes;
	uint32_t line, column;
	const char *quote;
};

static const struct quote_case quotes[] = {
	{"a line and a caret", "a: 1\nbb: 2\n", 2, 5, "bb: 2\n    ^\n"},
	{"first byte", "a: 1\n", 1, 1, "a: 1\n^\n"},
	{"no newline at the end", "a: 1", 1, 4, "a: 1\n   ^\n"},
	{"after the end of the line", "ab\ncd\n", 1, 3, "ab\n  ^\n"},
	{"far after the end of the line", "ab\ncd\n", 1, 9, "ab\n   ^\n"},
	{"no column: no caret", "ab\n", 1, 0, "ab\n"},
	{"an empty line", "a\n\nb\n", 2, 1, "\n^\n"},
	{"the line after the last", "a\n", 2, 1, ""},
	{"a line that is not there", "a\n", 7, 1, ""},
	{"the file as a whole", "a\n", 0, 0, ""},
	{"tabs stay tabs", "\ta\tb\n", 1, 4, "\ta\tb\n\t \t^\n"},
	{"CRLF", "a: 1\r\nb: 2\r\n", 2, 4, "b: 2\n   ^\n"},
	{"a control byte", "a\033[2Jb\n", 1, 6, "a\\x1b[2Jb\n        ^\n"},
	{"no UTF-8", "\xffz\n", 1, 2, "\\xffz\n    ^\n"},
	{"an overlong form", "\xc0\xafz\n", 1, 3, "\\xc0\\xafz\n        ^\n"},
	{"two bytes, one column", "\xc3\xbcz\n", 1, 3, "\xc3\xbcz\n ^\n"},
	{"wide", "\xe4\xb8\xad" "z\n", 1, 4, "\xe4\xb8\xad" "z\n  ^\n"},
	{"combining", "e\xcc\x81z\n", 1, 4, "e\xcc\x81z\n ^\n"},
	{"right to left override", "a\xe2\x80\xaez\n", 1, 5,
	    "a\\xe2\\x80\\xaez\n             ^\n"},
	{"inside a character", "\xc3\xbcz\n", 1, 2, "\xc3\xbcz\n^\n"},
};

static void
lines_are_quoted(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		const struct quote_case *c = &quotes[i];
		const char *quote;
		struct run r;

		run_init(&r);
		diag_add(&r.diag, FINDING_ALIAS_LOOP, at(source_with(&r, "f",
		    c->bytes, strlen(c->bytes)), c->line, c->column), "x");
		diag_finish(&r.diag);
		quote = strchr(written(&r, "text", false), '\n') + 1;
		if (strcmp(quote, c->quote))
			print_error("%s: got\n%s", c->name, quote);
		assert_string_equal(quote, c->quote);
		run_release(&r);
	}
}

static void
the_text_form(void **state)
{
	static const char data[] = "root: [admin]\nadmin: [root]\n";
	uint32_t f, g;
	struct run r;
	size_t n;

	(void)state;
	run_init(&r);
	f = source_with(&r, "data/common/mail.yaml", data, strlen(data));
	g = sources_add(&r.sources, "data/gone.yaml", "/nonexistent/gone");
	diag_add(&r.diag, FINDING_EMPTY_FLEET, ORIGIN_NONE, "no node");
	diag_add(&r.diag, FINDING_LDAP_EMPTY, at(g, 0, 0), "no account");
	n = diag_add(&r.diag, FINDING_ALIAS_LOOP, at(f, 2, 9), "a circle");
	diag_note(&r.diag, n, at(f, 1, 8), "through 'root'");
	diag_note(&r.diag, n, ORIGIN_NONE, "and nowhere");
	diag_add(&r.diag, FINDING_CERT_EXPIRES, at(f, 1, 1), "soon");
	diag_add(&r.diag, FINDING_LDAP_DISABLED, at(f, 1, 2), "stopped");
	r.diag.lint[FINDING_LDAP_DISABLED] = (struct lint){
		.set = true, .level = LEVEL_OFF,
	};
	diag_finish(&r.diag);
	assert_string_equal(written(&r, "text", false),
	    "mailc: error: no node [empty-fleet]\n"
	    "data/common/mail.yaml:1:1: warning: soon [cert-expires]\n"
	    "root: [admin]\n"
	    "^\n"
	    "data/common/mail.yaml:2:9: error: a circle [alias-loop]\n"
	    "admin: [root]\n"
	    "        ^\n"
	    "data/common/mail.yaml:1:8: note: through 'root'\n"
	    "mailc: note: and nowhere\n"
	    "data/gone.yaml: error: no account [ldap-empty]\n");
	assert_non_null(strstr(written(&r, "text", true),
	    "\033[1mdata/common/mail.yaml:2:9:\033[0m "
	    "\033[1;31merror:\033[0m a circle [alias-loop]\n"));
	run_release(&r);
}

/* Ten million bytes in a line; the caret stands under the X. */
static void
long_lines_are_cut(void **state)
{
	static const size_t place[] = {
		0, 1, 59, 60, 61, 62, 63, 64, 65535, 65536, 65596, 9999999,
	};
	const size_t len = 10000000;
	char *data = malloc(len);
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(place) / sizeof(place[0]); k++) {
		const char *line, *caret;
		struct run r;

		for (i = 0; i + 1 < len; i += 2)
			memcpy(data + i, "\xc3\xbc", 2);
		data[place[k]] = 'X';
		run_init(&r);
		diag_add(&r.diag, FINDING_BAD_VALUE, at(source_with(&r, "f",
		    data, len), 1, (uint32_t)place[k] + 1), "x");
		diag_finish(&r.diag);
		line = strchr(written(&r, "text", false), '\n') + 1;
		caret = strchr(line, '\n') + 1;
		assert_true(caret - line < 130);
		assert_int_equal(caret[strlen(caret) - 2], '^');
		/* Up to X all are one column of two bytes, or an escape. */
		for (i = 0; *line != 'X'; i++)
			line += *line == '\\' || *line == '.' ||
			    strchr("x0123456789abcdef", *line) ? 1 : 2;
		assert_int_equal(strlen(caret) - 2, i);
		run_release(&r);
	}
	free(data);
}

static void
many_findings_in_many_lines(void **state)
{
	struct buf data = BUF_INIT;
	const char *text;
	struct run r;
	uint32_t f, i;

	(void)state;
	for (i = 1; i <= 20000; i++)
		buf_printf(&data, "key%u: value\n", i);
	run_init(&r);
	f = source_with(&r, "f", data.s, data.len);
	for (i = 20000; i; i--)
		diag_add(&r.diag, FINDING_UNKNOWN_KEY, at(f, i, 1), "k%u", i);
	diag_finish(&r.diag);
	text = written(&r, "text", false);
	for (i = 1; i <= 20000; i++) {
		char want[128];
		int len = snprintf(want, sizeof(want), "f:%u:1: error: k%u "
		    "[unknown-key]\nkey%u: value\n^\n", i, i, i);

		assert_memory_equal(text, want, (size_t)len);
		text += len;
	}
	assert_int_equal(*text, '\0');
	buf_release(&data);
	run_release(&r);
}

/* Everything that has ever broken a report, in paths and in texts. */
static void
hostile(struct run *r)
{
	static const char line[] = "\xc3\xbc: \xe2\x82\xac\tvalue\n";
	uint32_t f, g;
	size_t n;

	f = source_with(r, "da ta/\xc3\xbc:,%<&>\"'\033\xff.yaml", line,
	    strlen(line));
	g = sources_add(&r->sources, "/abs/%41.yaml", "/nonexistent");
	n = diag_add(&r->diag, FINDING_BAD_VALUE, at(f, 1, 8),
	    "]]> <a b=\"c\"> & %s \xff\xfe \xef\xbf\xbf :: %%0A 'q'", "\n\r\1");
	diag_note(&r->diag, n, at(g, 3, 0), "<note>\xed\xa0\x80");
	diag_add(&r->diag, FINDING_BAD_VALUE, at(f, 1, 8), "again");
	diag_add(&r->diag, FINDING_CERT_EXPIRES, at(f, 1, 1), "same");
	diag_add(&r->diag, FINDING_CERT_EXPIRES, at(f, 2, 1), "same");
	diag_add(&r->diag, FINDING_CERT_EXPIRES, at(f, 0, 0), "same");
	diag_add(&r->diag, FINDING_EMPTY_FLEET, ORIGIN_NONE, "nobody");
	diag_add(&r->diag, FINDING_LDAP_DISABLED, at(f, 1, 1), "a note");
	diag_add(&r->diag, FINDING_RECEIVES_TWICE, at(f, 1, 1), "hidden");
	r->diag.lint[FINDING_RECEIVES_TWICE] = (struct lint){
		.set = true, .level = LEVEL_OFF,
	};
	diag_finish(&r->diag);
}

static json_t *
parsed(struct run *r, const char *format)
{
	json_error_t why;
	json_t *json;

	written(r, format, true);
	json = json_loadb(r->out, r->len, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		print_error("%s: line %d: %s\n", format, why.line, why.text);
	assert_non_null(json);
	assert_null(strstr(r->out, "hidden"));
	return json;
}

static const char *
string_at(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static json_int_t
number_at(json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static void
the_json_form(void **state)
{
	json_t *json, *all, *f, *summary;
	struct run r;

	(void)state;
	run_init(&r);
	hostile(&r);
	json = parsed(&r, "json");
	assert_int_equal(number_at(json, "version"), 1);
	all = json_object_get(json, "findings");
	assert_int_equal(json_array_size(all), 7);
	f = json_array_get(all, 0);
	assert_string_equal(string_at(f, "id"), "empty-fleet");
	assert_true(json_is_null(json_object_get(f, "file")));
	assert_true(json_is_null(json_object_get(f, "line")));
	f = json_array_get(all, 4);
	assert_string_equal(string_at(f, "level"), "error");
	assert_string_equal(string_at(f, "file"),
	    "da ta/\xc3\xbc:,%<&>\"'\\x1b\\xff.yaml");
	assert_int_equal(number_at(f, "line"), 1);
	assert_int_equal(number_at(f, "column"), 8);
	assert_string_equal(string_at(f, "text"), "]]> <a b=\"c\"> & "
	    "\\x0a\\x0d\\x01 \\xff\\xfe \\xef\\xbf\\xbf :: %0A 'q'");
	f = json_array_get(json_object_get(f, "notes"), 0);
	assert_string_equal(string_at(f, "file"), "/abs/%41.yaml");
	assert_true(json_is_null(json_object_get(f, "column")));
	summary = json_object_get(json, "summary");
	assert_int_equal(number_at(summary, "errors"), 3);
	assert_int_equal(number_at(summary, "warnings"), 2 + 1);
	assert_int_equal(number_at(summary, "notes"), 1);
	assert_int_equal(number_at(summary, "silenced"), 1);
	json_decref(json);
	run_release(&r);
}

static void
the_sarif_form(void **state)
{
	json_t *json, *run, *rules, *results, *f, *place;
	struct run r;
	size_t i;

	(void)state;
	run_init(&r);
	hostile(&r);
	json = parsed(&r, "sarif");
	assert_string_equal(string_at(json, "version"), "2.1.0");
	run = json_array_get(json_object_get(json, "runs"), 0);
	rules = json_object_get(json_object_get(json_object_get(run, "tool"),
	    "driver"), "rules");
	assert_int_equal(json_array_size(rules), FINDING_COUNT);
	results = json_object_get(run, "results");
	assert_int_equal(json_array_size(results), 7);
	json_array_foreach(results, i, f) {
		assert_int_equal(json_array_size(json_object_get(f,
		    "locations")), 1);
		assert_string_equal(string_at(f, "ruleId"), string_at(
		    json_array_get(rules, (size_t)number_at(f, "ruleIndex")),
		    "id"));
	}
	f = json_array_get(results, 4);
	place = json_object_get(json_array_get(json_object_get(f,
	    "locations"), 0), "physicalLocation");
	assert_string_equal(string_at(json_object_get(place,
	    "artifactLocation"), "uri"),
	    "da%20ta/%C3%BC%3A,%25%3C%26%3E%22%27%1B%FF.yaml");
	/* Byte 8 of "ü: €<tab>value" is the fifth character. */
	assert_int_equal(number_at(json_object_get(place, "region"),
	    "startColumn"), 5);
	place = json_object_get(json_array_get(json_object_get(f,
	    "relatedLocations"), 0), "physicalLocation");
	assert_string_equal(string_at(json_object_get(place,
	    "artifactLocation"), "uri"), "file:///abs/%2541.yaml");
	assert_null(json_object_get(json_object_get(place,
	    "artifactLocation"), "uriBaseId"));
	json_decref(json);
	run_release(&r);
}

static void
fingerprints_are_unique_and_keep(void **state)
{
	const char *print[7];
	json_t *json, *f, *later;
	struct run r;
	size_t i, k;

	(void)state;
	run_init(&r);
	hostile(&r);
	json = parsed(&r, "codequality");
	assert_int_equal(json_array_size(json), 7);
	json_array_foreach(json, i, f) {
		print[i] = string_at(f, "fingerprint");
		assert_int_equal(strlen(print[i]), 32);
		for (k = 0; k < i; k++)
			assert_string_not_equal(print[i], print[k]);
		assert_true(number_at(json_object_get(json_object_get(f,
		    "location"), "lines"), "begin") >= 1);
		assert_non_null(string_at(json_object_get(f, "location"),
		    "path"));
	}
	for (i = 0; i < r.diag.n; i++)
		if (r.diag.finding[i].at.line)
			r.diag.finding[i].at.line += 100;
	later = parsed(&r, "codequality");
	json_array_foreach(later, i, f)
		assert_string_equal(string_at(f, "fingerprint"), print[i]);
	json_decref(later);
	json_decref(json);
	run_release(&r);
}

static void
the_github_form(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	hostile(&r);
	written(&r, "github", false);
	assert_non_null(strstr(r.out,
	    "::error title=empty-fleet::nobody [empty-fleet]\n"));
	assert_non_null(strstr(r.out, "::error file=da ta/\xc3\xbc%3A%2C%25"
	    "<&>\"'\\x1b\\xff.yaml,line=1,col=8,title=bad-value::]]> "
	    "<a b=\"c\"> & \\x0a\\x0d\\x01 \\xff\\xfe \\xef\\xbf\\xbf :: "
	    "%250A 'q' [bad-value]%0A/abs/%2541.yaml:3: note: <note>"));
	assert_non_null(strstr(r.out, "\n::notice file="));
	assert_null(strstr(r.out, "hidden"));
	run_release(&r);
}

static void
is_xml(const char *xml, size_t len)
{
	FILE *lint;

	if (system("command -v xmllint >/dev/null"))
		skip();
	lint = popen("xmllint --noout -", "w");
	assert_non_null(lint);
	assert_int_equal(fwrite(xml, 1, len, lint), len);
	assert_int_equal(pclose(lint), 0);
}

static void
the_junit_form(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	hostile(&r);
	written(&r, "junit", false);
	assert_non_null(strstr(r.out, "<testsuites tests=\"7\" failures=\"3\""));
	assert_null(strstr(r.out, "hidden"));
	is_xml(r.out, r.len);
	run_release(&r);
}

static void
no_findings_is_a_document_too(void **state)
{
	json_t *json;
	struct run r;

	(void)state;
	run_init(&r);
	diag_finish(&r.diag);
	assert_string_equal(written(&r, "text", true), "");
	assert_string_equal(written(&r, "github", true), "");
	json = parsed(&r, "json");
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
	json_decref(json);
	json = parsed(&r, "codequality");
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
	json = parsed(&r, "sarif");
	assert_true(json_is_array(json_object_get(json_array_get(
	    json_object_get(json, "runs"), 0), "results")));
	json_decref(json);
	written(&r, "junit", true);
	assert_non_null(strstr(r.out, "<testsuites tests=\"1\" failures=\"0\""));
	is_xml(r.out, r.len);
	run_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_quoted),
		cmocka_unit_test(the_text_form),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(many_findings_in_many_lines),
		cmocka_unit_test(the_json_form),
		cmocka_unit_test(the_sarif_form),
		cmocka_unit_test(fingerprints_are_unique_and_keep),
		cmocka_unit_test(the_github_form),
		cmocka_unit_test(the_junit_form),
		cmocka_unit_test(no_findings_is_a_document_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
