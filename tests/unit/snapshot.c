/*
 * Snapshots of the directory: order, what changed, when the brake holds, and
 * how the file is replaced.
 */
#include "fetch/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	char dir[32];
};

static void
run_init(struct run *run)
{
	arena_init(&run->arena);
	sources_init(&run->sources, &run->arena);
	diag_init(&run->diag, &run->arena, &run->sources);
	strcpy(run->dir, "/tmp/mailc-snapshot-XXXXXX");
	assert_non_null(mkdtemp(run->dir));
}

static void
run_release(struct run *run)
{
	assert_int_equal(rmdir(run->dir), 0);
	diag_release(&run->diag);
	sources_release(&run->sources);
	arena_release(&run->arena);
}

static struct text
text(struct run *run, const char *s)
{
	return (struct text){.s = arena_strdup(&run->arena, s),
		.len = (uint32_t)strlen(s)};
}

/* Entries from words "DN" or "DN=>FORWARD", one a line of s. */
static struct ldif
entries(struct run *run, const char *s)
{
	struct ldif ldif = {0};
	char *copy = arena_strdup(&run->arena, s), *line, *save;

	ldif.entry = ARENA_ARRAY(&run->arena, struct ldif_entry, 2000);
	for (line = strtok_r(copy, "\n", &save); line;
	    line = strtok_r(NULL, "\n", &save)) {
		struct ldif_entry *e = &ldif.entry[ldif.n++];
		char *forward = strstr(line, "=>");

		if (forward) {
			*forward = '\0';
			e->attribute = ARENA_NEW(&run->arena,
			    struct ldif_attribute);
			e->attribute->name = text(run, "emailForward");
			e->attribute->value = text(run, forward + 2);
			e->n = 1;
		}
		e->dn = text(run, line);
	}
	return ldif;
}

/* n entries uid=0 … with forwards. */
static struct ldif
numbered(struct run *run, unsigned from, unsigned n)
{
	struct buf b = BUF_INIT;
	struct ldif ldif;
	unsigned i;

	for (i = 0; i < n; i++)
		buf_printf(&b, "uid=%u,ou=users=>a@b.example\n", from + i);
	ldif = entries(run, b.s);
	buf_release(&b);
	return ldif;
}

static void
test_sort(void **state)
{
	struct run run;
	struct ldif ldif;
	const char *want[] = {"uid=a,ou=u", "UID=B,ou=u", "uid=b,ou=v",
		"uid=c, ou=u", "uid=c,ou=v"};
	uint32_t i;

	(void)state;
	run_init(&run);
	ldif = entries(&run, "uid=c,ou=v\nuid=b,ou=v\nuid=c, ou=u\n"
	    "UID=B,ou=u\nuid=a,ou=u\n");
	snapshot_sort(&run.arena, &ldif);
	for (i = 0; i < ldif.n; i++)
		assert_string_equal(ldif.entry[i].dn.s, want[i]);
	run_release(&run);
}

struct compared {
	const char *name, *former, *now;
	size_t added, gone, changed, former_forwards, gone_forwards;
};

static const struct compared compared[] = {
	{"both empty", "", "", 0, 0, 0, 0, 0},
	{"from nothing", "", "uid=a=>x\nuid=b\n", 2, 0, 0, 0, 0},
	{"to nothing", "uid=a=>x\nuid=b\n", "", 0, 2, 0, 1, 1},
	{"equal", "uid=a=>x\nuid=b\n", "uid=b\nuid=a=>x\n", 0, 0, 0, 1, 0},
	{"one new in between", "uid=a\nuid=c\n", "uid=a\nuid=b\nuid=c\n", 1, 0,
	    0, 0, 0},
	{"one new at the end", "uid=a\n", "uid=a\nuid=b\n", 1, 0, 0, 0, 0},
	{"one gone first", "uid=a=>x\nuid=c\n", "uid=c\n", 0, 1, 0, 1, 1},
	{"all others", "uid=a\nuid=c\n", "uid=b\nuid=d\n", 2, 2, 0, 0, 0},
	{"another forward", "uid=a=>x\n", "uid=a=>y\n", 0, 0, 1, 1, 0},
	{"no forward", "uid=a=>x\n", "uid=a\n", 0, 0, 1, 1, 1},
	{"an empty forward", "uid=a=>x\n", "uid=a=>\n", 0, 0, 1, 1, 1},
	{"a first forward", "uid=a\n", "uid=a=>x\n", 0, 0, 1, 0, 0},
	{"another letter case", "uid=A\n", "UID=a\n", 0, 0, 1, 0, 0},
	{"other blanks", "uid=a, ou=b\n", "uid=a,ou=b\n", 0, 0, 1, 0, 0},
	{"an escape", "uid=a\\2cb\n", "uid=a\\,b\n", 0, 0, 1, 0, 0},
	{"no DN at all", "nonsense\n", "nonsense\n", 0, 0, 0, 0, 0},
	{"a DN twice before", "uid=a\nuid=a\n", "uid=a\n", 0, 1, 0, 0, 0},
	{"a DN twice now", "uid=a\n", "uid=a\nuid=a\n", 1, 0, 0, 0, 0},
};

static void
test_compare(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
		const struct compared *c = &compared[i];
		struct snapshot_change change;
		struct ldif former, now;
		struct run run;

		print_message("  %s\n", c->name);
		run_init(&run);
		former = entries(&run, c->former);
		now = entries(&run, c->now);
		change = snapshot_compare(&run.arena, &former, &now);
		assert_int_equal(change.entries, now.n);
		assert_int_equal(change.former, former.n);
		assert_int_equal(change.added, c->added);
		assert_int_equal(change.gone, c->gone);
		assert_int_equal(change.changed, c->changed);
		assert_int_equal(change.former_forwards, c->former_forwards);
		assert_int_equal(change.gone_forwards, c->gone_forwards);
		run_release(&run);
	}
}

struct braked {
	size_t former, gone;
	int64_t percent, minimum;
	bool allowed;
	const char *text;
};

static const struct braked braked[] = {
	{0, 0, 20, 10, true, ""},
	{0, 0, 0, 0, true, ""},
	{100, 0, 0, 10, true, ""},
	{100, 20, 20, 10, true, ""},
	{100, 21, 20, 10, false, "21 of 100 things (21.0 %) would vanish, "
	    "and at most 20 % may"},
	{1000, 201, 20, 10, false, "201 of 1000 things (20.1 %)"},
	{100000, 20001, 20, 10, false, "20001 of 100000 things (20.1 %)"},
	{100000, 20000, 20, 10, true, ""},
	{9, 9, 20, 10, true, ""},
	{10, 10, 20, 10, false, "(100.0 %)"},
	{10, 2, 20, 10, true, ""},
	{10, 3, 20, 10, false, "(30.0 %)"},
	{100, 100, 100, 10, true, ""},
	{1, 1, 99, 0, false, "--max-vanish 100"},
	{100, 1, 0, 10, false, "at most 0 % may"},
};

static void
test_brake(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(braked) / sizeof(braked[0]); i++) {
		const struct braked *c = &braked[i];
		struct brake_limit limit = {c->percent, c->minimum};
		struct stored file;
		struct run run;

		run_init(&run);
		file = stored_file(&run.diag, "data/ldap/users.ldif", "x");
		assert_int_equal(brake_allows(&run.diag, &limit, &file,
		    "things", c->former, c->gone), c->allowed);
		assert_int_equal(run.diag.n, !c->allowed);
		if (!c->allowed) {
			assert_int_equal(run.diag.finding[0].id,
			    FINDING_LDAP_BRAKE);
			assert_non_null(strstr(run.diag.finding[0].text,
			    c->text));
		}
		run_release(&run);
	}
}

/* Write a snapshot, then ask whether another one may replace it. */
static void
check_allowed(struct run *run, const struct ldif *former,
    const struct ldif *now, bool allowed, size_t findings)
{
	const struct brake_limit limit = {20, 10};
	char *path = arena_printf(&run->arena, "%s/users.ldif", run->dir);
	struct stored file = stored_file(&run->diag, path, path);
	struct snapshot_change change;
	struct buf b = BUF_INIT;

	if (former) {
		snapshot_write(&b, former);
		assert_true(stored_replace(&run->diag, &file,
		    (struct str){b.s, b.len}));
		buf_release(&b);
	}
	assert_int_equal(snapshot_allowed(&run->arena, &run->diag, &file,
	    &limit, now, &change), allowed);
	assert_int_equal(run->diag.n, findings);
	if (former)
		unlink(path);
}

static void
test_allowed(void **state)
{
	struct ldif former, now, none = {0};
	struct run run;

	(void)state;
	run_init(&run);
	former = numbered(&run, 0, 100);
	now = numbered(&run, 20, 100);
	check_allowed(&run, &former, &now, true, 0);
	check_allowed(&run, NULL, &now, true, 0);
	check_allowed(&run, &none, &now, true, 0);
	now = numbered(&run, 21, 100);
	/* Entries and forwards are two findings. */
	check_allowed(&run, &former, &now, false, 2);
	run_release(&run);
	run_init(&run);
	former = numbered(&run, 0, 5);
	check_allowed(&run, &former, &none, false, 1);
	check_allowed(&run, NULL, &none, false, 2);
	run_release(&run);
}

static void
test_broken_former(void **state)
{
	const struct brake_limit all = {100, 10};
	struct snapshot_change change;
	struct stored file;
	struct ldif now;
	struct run run;
	char *path;

	(void)state;
	run_init(&run);
	path = arena_printf(&run.arena, "%s/users.ldif", run.dir);
	file = stored_file(&run.diag, path, path);
	assert_true(stored_replace(&run.diag, &file, STR("no LDIF\n")));
	now = numbered(&run, 0, 3);
	assert_false(snapshot_allowed(&run.arena, &run.diag, &file, &all,
	    &now, &change));
	assert_int_equal(run.diag.n, 2);
	assert_int_equal(run.diag.finding[1].id, FINDING_LDAP_BRAKE);
	unlink(path);
	run_release(&run);
}

static void
test_replace(void **state)
{
	struct stat before, after;
	struct stored file;
	struct run run;
	char *path;

	(void)state;
	run_init(&run);
	path = arena_printf(&run.arena, "%s/a/b/f", run.dir);
	file = stored_file(&run.diag, "f", path);
	assert_true(stored_replace(&run.diag, &file, STR("one")));
	assert_int_equal(stat(path, &before), 0);
	assert_true(stored_replace(&run.diag, &file, STR("one")));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(stored_replace(&run.diag, &file, STR("two")));
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 0777, 0640);
	assert_int_equal(run.diag.n, 0);
	/* A directory where the file should be. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_false(stored_replace(&run.diag, &file, STR("three")));
	assert_int_equal(run.diag.n, 1);
	assert_int_equal(run.diag.finding[0].id, FINDING_OUTPUT_WRITE);
	rmdir(path);
	path[strlen(path) - 2] = '\0';
	/* Nothing is left beside it. */
	assert_int_equal(rmdir(path), 0);
	path[strlen(path) - 2] = '\0';
	assert_int_equal(rmdir(path), 0);
	run_release(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_brake),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_broken_former),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
