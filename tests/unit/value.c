#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tree/value.h"

#include <stdio.h>

static struct value
number(int64_t i)
{
	struct value v = value_at(VALUE_INT, ORIGIN_NONE);

	v.u.i = i;
	return v;
}

static void
finds_in_hashes_of_any_size(void **state)
{
	struct arena a;
	struct pair pair[100];
	size_t n, i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < 100; i++) {
		const char *key = arena_printf(&a, "key%zu", i);

		pair[i] = (struct pair){value_string(&a, str_of(key),
		    ORIGIN_NONE), number((int64_t)i)};
	}
	for (n = 0; n <= 100; n++) {
		struct value hash = value_hash(&a, pair, n, ORIGIN_NONE);

		for (i = 0; i < 100; i++) {
			const struct value *v = value_get(&hash,
			    value_str(&pair[i].key));

			if (i < n)
				assert_int_equal(v->u.i, i);
			else
				assert_null(v);
		}
	}
	arena_release(&a);
}

static void
carries_an_index_over(void **state)
{
	struct arena a;
	struct pair pair[30];
	struct value like, grown;
	struct hash *hash;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < 30; i++)
		pair[i] = (struct pair){number((int64_t)i), number(1)};
	like = value_hash(&a, pair, 20, ORIGIN_NONE);
	hash = value_hash_alloc(&a, 30);
	memcpy(hash->pair, pair, sizeof(pair));
	grown = value_hash_take_like(&a, hash, 30, &like, ORIGIN_NONE);
	for (i = 0; i < 30; i++) {
		struct value key = number((int64_t)i);

		assert_non_null(value_find_key(&grown, &key));
		assert_true(!value_find_key(&like, &key) == (i >= 20));
	}
	arena_release(&a);
}

static void
compares_as_ruby(void **state)
{
	struct value one = number(1), real = value_at(VALUE_FLOAT,
	    ORIGIN_NONE);
	struct value elsewhere = one;

	(void)state;
	real.u.f = 1;
	elsewhere.line = 7;
	assert_true(value_eq(&one, &real));
	assert_false(value_eql(&one, &real));
	assert_true(value_eql(&one, &elsewhere));
	assert_int_equal(value_hash_of(&one), value_hash_of(&elsewhere));
}

static void
ignores_the_order_of_pairs(void **state)
{
	struct arena a;
	struct pair pair[2], turned[2];
	struct value x, y;

	(void)state;
	arena_init(&a);
	pair[0] = turned[1] = (struct pair){number(1), number(2)};
	pair[1] = turned[0] = (struct pair){number(3), number(4)};
	x = value_hash(&a, pair, 2, ORIGIN_NONE);
	y = value_hash(&a, turned, 2, ORIGIN_NONE);
	assert_true(value_eql(&x, &y));
	assert_int_equal(value_hash_of(&x), value_hash_of(&y));
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_in_hashes_of_any_size),
		cmocka_unit_test(carries_an_index_over),
		cmocka_unit_test(compares_as_ruby),
		cmocka_unit_test(ignores_the_order_of_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
