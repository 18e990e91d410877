#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hiera/hiera.h"
#include "tree/yaml.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	char dir[64];
	struct hiera *hiera;
	struct hiera_scope *scope;
};

static void
put_file(const struct run *run, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", run->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
make_dir(const struct run *run, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", run->dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int
setup(void **state)
{
	struct run *run = calloc(1, sizeof(*run));

	strcpy(run->dir, "/tmp/mailc-unit-XXXXXX");
	assert_non_null(mkdtemp(run->dir));
	arena_init(&run->arena);
	sources_init(&run->sources, &run->arena);
	diag_init(&run->diag, &run->arena, &run->sources);
	make_dir(run, "data");
	put_file(run, "hiera.yaml", "version: 5\nhierarchy:\n"
	    "  - {name: node, path: \"%{facts.host}.yaml\"}\n"
	    "  - {name: all, paths: [gone.yaml, common.yaml]}\n");
	*state = run;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	struct run *run = *state;

	if (run->hiera)
		hiera_close(run->hiera);
	diag_release(&run->diag);
	sources_release(&run->sources);
	arena_release(&run->arena);
	nftw(run->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(run);
	return 0;
}

static void
start(struct run *run, const char *facts)
{
	struct hiera_options options = {.environment = run->dir};
	struct value v;

	run->hiera = hiera_open(&run->arena, &run->diag, &options);
	yaml_parse(&run->arena, &run->diag, 0, str_of(facts), YAML_FACTS,
	    &v);
	run->scope = hiera_scope(run->hiera, &v);
}

static void
check(struct run *run, const char *key, enum hiera_merge fallback,
    const char *wanted)
{
	struct buf b = BUF_INIT;
	struct value v;

	switch (hiera_lookup(run->hiera, run->scope, key, fallback, &v)) {
	case HIERA_FOUND:
		ruby_text(&b, &v);
		break;
	case HIERA_NOT_FOUND:
		buf_addstr(&b, "NOT FOUND");
		break;
	case HIERA_ERROR:
		buf_addstr(&b, "ERROR");
		break;
	}
	assert_string_equal(b.s, wanted);
	buf_release(&b);
}

static void
merges_by_fallback_and_option(void **state)
{
	struct run *run = *state;

	put_file(run, "data/n.yaml", "l: [1, 2]\nh: {a: 1}\nd: {x: [1]}\n");
	put_file(run, "data/common.yaml", "l: [2, 3]\nh: {a: 0, b: 2}\n"
	    "d: {x: [2]}\nlookup_options: {d: {merge: deep}}\n");
	start(run, "host: n");
	check(run, "l", MERGE_DEFAULT, "[1, 2]");
	check(run, "l", MERGE_UNIQUE, "[1, 2, 3]");
	check(run, "h", MERGE_HASH, "{\"a\"=>1, \"b\"=>2}");
	check(run, "h.b", MERGE_HASH, "2");
	check(run, "h.b", MERGE_FIRST, "NOT FOUND");
	check(run, "d", MERGE_FIRST, "{\"x\"=>[2, 1]}");
	check(run, "none", MERGE_FIRST, "NOT FOUND");
}

static void
keeps_places_and_shares_values(void **state)
{
	struct run *run = *state;
	struct value first, second;
	const uint32_t *holder;

	put_file(run, "data/common.yaml", "a: 1\nh:\n  k: v\n");
	start(run, "host: n");
	assert_int_equal(hiera_lookup(run->hiera, run->scope, "h",
	    MERGE_HASH, &first), HIERA_FOUND);
	assert_int_equal(hiera_lookup(run->hiera, run->scope, "h",
	    MERGE_FIRST, &second), HIERA_FOUND);
	assert_ptr_equal(first.u.hash, second.u.hash);
	assert_int_equal(first.u.hash->pair[0].value.line, 3);
	assert_int_equal(first.u.hash->pair[0].value.column, 6);
	holder = hiera_holders(run->hiera, run->scope, "h");
	assert_int_equal(holder[0], first.source);
	assert_int_equal(holder[1], 0);
	assert_string_equal(hiera_level(run->hiera, run->scope, holder[0]),
	    "all");
}

static void
interpolates(void **state)
{
	struct run *run = *state;

	put_file(run, "data/common.yaml",
	    "a: \"%{facts.host}-%{lookup('b')}\"\nb: 5\n"
	    "c: \"%{alias('b')}\"\nx: \"%{lookup('x')}\"\n"
	    "m: \"%{literal('%')}{facts.host}\"\n");
	start(run, "host: n");
	check(run, "a", MERGE_FIRST, "n-5");
	check(run, "c", MERGE_FIRST, "5");
	check(run, "m", MERGE_FIRST, "%{facts.host}");
	assert_false(diag_has_errors(&run->diag));
	check(run, "x", MERGE_FIRST, "ERROR");
	assert_int_equal(run->diag.finding[0].id, FINDING_HIERA_RECURSION);
	assert_int_equal(run->diag.finding[0].at.line, 4);
}

static void
refuses_what_grows_without_end(void **state)
{
	struct run *run = *state;
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 60; i++)
		buf_printf(&b, "k%d: \"%%{lookup('k%d')}%%{lookup('k%d')}\"\n",
		    i, i + 1, i + 1);
	buf_addstr(&b, "k60: a-text-that-is-doubled-sixty-times\n");
	for (i = 0; i < 5000; i++)
		buf_printf(&b, "c%d: \"%%{lookup('c%d')}\"\n", i, i + 1);
	put_file(run, "data/common.yaml", b.s);
	buf_release(&b);
	start(run, "host: n");
	check(run, "k0", MERGE_FIRST, "ERROR");
	check(run, "c0", MERGE_FIRST, "ERROR");
}

static void
breaks_with_any_file_of_the_hierarchy(void **state)
{
	struct run *run = *state;

	put_file(run, "data/n.yaml", "a: 1\n");
	put_file(run, "data/common.yaml", "a: [\n");
	start(run, "host: n");
	assert_true(hiera_scope_broken(run->scope));
	check(run, "a", MERGE_FIRST, "ERROR");
}

static void
check_config(struct run *run, const char *text, enum finding_id id,
    uint32_t line)
{
	size_t mark = diag_mark(&run->diag);
	struct hiera_options options = {.environment = run->dir};

	put_file(run, "hiera.yaml", text);
	hiera_close(hiera_open(&run->arena, &run->diag, &options));
	assert_int_equal(run->diag.n, mark + 1);
	assert_int_equal(run->diag.finding[mark].id, id);
	assert_int_equal(run->diag.finding[mark].at.line, line);
}

static void
checks_the_configuration(void **state)
{
	struct run *run = *state;

	check_config(run, "version: '5'\n", FINDING_HIERA_CONFIG, 1);
	check_config(run, "version: 3\n", FINDING_HIERA_UNSUPPORTED, 1);
	check_config(run, "version: 5\nhierarchi: []\n",
	    FINDING_HIERA_CONFIG, 2);
	check_config(run, "version: 5\nhierarchy:\n  - {name: a, path: x}\n"
	    "  - {name: a, path: y}\n", FINDING_HIERA_CONFIG, 4);
	check_config(run, "version: 5\nhierarchy:\n  - name: a\n"
	    "    path: x\n    glob: y\n", FINDING_HIERA_CONFIG, 3);
	check_config(run, "version: 5\nhierarchy:\n  - name: a\n"
	    "    path: x\n    data_hash: hocon_data\n",
	    FINDING_HIERA_UNSUPPORTED, 5);
	check_config(run, "version: 5\nhierarchy:\n  - name: a\n"
	    "    mapped_paths: [a, b]\n", FINDING_HIERA_CONFIG, 4);
	check_config(run, "version: 5\ndefault_hierarchy: []\n",
	    FINDING_HIERA_CONFIG, 2);
	check_config(run, "version: 5\ndefaults: {options: {path: x}, "
	    "data_hash: yaml_data}\nhierarchy: []\n",
	    FINDING_HIERA_CONFIG, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(merges_by_fallback_and_option,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_places_and_shares_values,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(interpolates, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(refuses_what_grows_without_end,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    breaks_with_any_file_of_the_hierarchy, setup, teardown),
		cmocka_unit_test_setup_teardown(checks_the_configuration,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
