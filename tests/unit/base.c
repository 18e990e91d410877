/* base/: strings, maps, the arena, files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_nearest(void **state)
{
	static const char *const names[] = {"mail::aliases", "mail::forwards",
		"mail::domain", "relayhost"};
	static const struct {
		const char *typed;
		const char *meant;
	} cases[] = {
		{"mail::alisaes", "mail::aliases"},
		{"mail::forward", "mail::forwards"},
		{"mail::domian", "mail::domain"},
		{"relay_host", "relayhost"},
		{"mail::domain", "mail::domain"},
		{"something::else", NULL},
		{"", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = str_nearest(str_of(cases[i].typed), names, 4);

		if (cases[i].meant)
			assert_string_equal(got, cases[i].meant);
		else
			assert_null(got);
	}
}

static void
test_order(void **state)
{
	int i;

	(void)state;
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("a"), STR("aa")) < 0);
	assert_true(str_cmp(STR("B"), STR("a")) < 0);
	assert_true(str_cmp_fold(STR("B"), STR("a")) > 0);
	assert_int_equal(str_cmp_fold(STR("PostMaster"), STR("postmaster")), 0);
	assert_int_equal(str_hash_fold(STR("PostMaster")),
	    str_hash_fold(STR("postmaster")));
	for (i = 0; i < 256; i++) {
		char one = (char)i, folded = (char)ascii_lower((unsigned char)i);

		assert_int_equal(str_hash_fold((struct str){&one, 1}),
		    str_hash((struct str){&folded, 1}));
	}
	assert_true(str_hash(STR("a")) != str_hash((struct str){"a\0", 2}));
	assert_true(str_eq(str_trim(STR(" \t x y \n")), STR("x y")));
	assert_true(str_eq(str_trim(STR("  ")), STR("")));
	assert_int_equal(str_find(STR("a@b"), '@'), 1);
	assert_int_equal(str_find(STR("ab"), '@'), 2);
}

/* Thousands of keys: every one is found again, in the order of adding. */
static void
test_map(void **state)
{
	enum { N = 5000 };
	static char key[N][16];
	static int value[N];
	struct map map;
	int i;

	(void)state;
	map_init_fold(&map);
	for (i = 0; i < N; i++) {
		snprintf(key[i], sizeof(key[i]), "Key%d", i);
		assert_ptr_equal(map_add(&map, str_of(key[i]), &value[i]),
		    &value[i]);
	}
	assert_int_equal(map.n, N);
	assert_ptr_equal(map_get(&map, STR("kEY4999")), &value[4999]);
	assert_null(map_get(&map, STR("key5000")));
	assert_ptr_equal(map_add(&map, STR("key17"), &value[0]), &value[17]);
	for (i = 0; i < N; i++)
		assert_ptr_equal(map.entry[i].value, &value[i]);
	map_release(&map);
}

static void
test_arena(void **state)
{
	struct arena a;
	size_t i;
	char *big;

	(void)state;
	arena_init(&a);
	for (i = 0; i < 10000; i++) {
		char *p = arena_bytes(&a, i % 7);
		uint64_t *q = arena_alloc(&a, sizeof(*q));

		*q = i;
		(void)p;
		assert_int_equal((uintptr_t)q % sizeof(*q), 0);
	}
	big = arena_zero(&a, 1 << 24);
	assert_int_equal(big[0] + big[(1 << 24) - 1], 0);
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	arena_release(&a);
}

static void
test_files(void **state)
{
	char dir[] = "/tmp/mailc-base-XXXXXX";
	struct arena a;
	struct buf b = BUF_INIT;
	char *fifo, *file;
	FILE *f;

	(void)state;
	arena_init(&a);
	assert_non_null(mkdtemp(dir));
	fifo = file_join(&a, dir, "fifo");
	file = file_join(&a, dir, "file");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	f = fopen(file, "w");
	fputs("0123456789", f);
	fclose(f);
	assert_int_equal(file_read(fifo, 100, &b), FILE_NOT_REGULAR);
	assert_int_equal(file_read(dir, 100, &b), FILE_NOT_REGULAR);
	assert_int_equal(file_read(file_join(&a, dir, "none"), 100, &b),
	    FILE_MISSING);
	assert_int_equal(file_read(file, 9, &b), FILE_TOO_LARGE);
	buf_clear(&b);
	assert_int_equal(file_read(file, 10, &b), FILE_OK);
	assert_int_equal(b.len, 10);
	assert_string_equal(b.s, "0123456789");
	assert_string_equal(file_list(&a, dir)[0], "fifo");
	assert_null(file_list(&a, dir)[2]);
	assert_string_equal(file_join(&a, ".", "x"), "x");
	assert_string_equal(file_join(&a, "a/", "x"), "a/x");
	assert_string_equal(file_join(&a, "a", "/x"), "/x");
	unlink(fifo);
	unlink(file);
	rmdir(dir);
	buf_release(&b);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
