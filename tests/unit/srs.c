/*
 * Rewritten senders, with what postsrsd 2.4 answers on 1 January 2020 under
 * the secret "tops3cr3t" (its own black-box tests say so); tests/real/tables
 * asks a postsrsd 1.
 */
#include "postfix/srs.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static struct str secret[] = {{"tops3cr3t", 9}, {"older", 5}};
static struct str exclude[] = {{"one.example", 11}, {".two.example", 12}};

static const struct srs_rules rules = {
	.domain = {"example.com", 11},
	.exclude = exclude,
	.nexclude = 2,
	.secret = secret,
	.nsecret = 1,
	.separator = '=',
	.hash_length = 4,
	.hash_minimum = 4,
	.major = 2,
	.urlsafe = true,
	.today = 1577836860 / 86400,
};

static const struct {
	char verb;		/* f or r */
	const char *address;
	enum srs_result result;
	const char *out;	/* NULL: the address */
} cases[] = {
	{'f', "test@example.com", SRS_UNCHANGED, NULL},
	{'f', "test@EXAMPLE.com", SRS_UNCHANGED, NULL},
	{'f', "test@otherdomain.com", SRS_REWRITTEN,
	    "SRS0=vmyz=2W=otherdomain.com=test@example.com"},
	{'f', "foo", SRS_UNCHANGED, NULL},
	{'f', "", SRS_UNCHANGED, NULL},
	{'f', "a@one.example", SRS_UNCHANGED, NULL},
	{'f', "a@ONE.example", SRS_UNCHANGED, NULL},
	{'f', "a@sub.two.EXAMPLE", SRS_UNCHANGED, NULL},
	{'f', "SRS0=opaque+string@otherdomain.com", SRS_REWRITTEN,
	    "SRS1=chaI=otherdomain.com==opaque+string@example.com"},
	{'f', "SRS1=X=thirddomain.com==opaque+string@otherdomain.com",
	    SRS_REWRITTEN,
	    "SRS1=JIBX=thirddomain.com==opaque+string@example.com"},
	{'f', "SRS1=X@otherdomain.com", SRS_REFUSED, NULL},
	{'f', "hash234@somedomain.com", SRS_REWRITTEN,
	    "SRS0=-3_5=2W=somedomain.com=hash234@example.com"},
	{'r', "SRS0=XjO9=2V=otherdomain.com=test@example.com",
	    SRS_REWRITTEN, "test@otherdomain.com"},
	{'r', "SRS1=JIBX=thirddomain.com==opaque+string@example.com",
	    SRS_REWRITTEN, "SRS0=opaque+string@thirddomain.com"},
	{'r', "test@example.com", SRS_UNCHANGED, NULL},
	{'r', "", SRS_UNCHANGED, NULL},
	{'r', "SRS", SRS_UNCHANGED, NULL},
	{'r', "SRS0", SRS_UNCHANGED, NULL},
	{'r', "SRS0=te87=T7=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "SRS0=VcIb=7N=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "SRS0=FAKE=2V=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "srs0=xjo9=2v=otherdomain.com=test@example.com",
	    SRS_REWRITTEN, "test@otherdomain.com"},
	{'r', "SRS0=XJO9=2V=OTHERDOMAIN.COM=TEST@EXAMPLE.COM",
	    SRS_REWRITTEN, "TEST@OTHERDOMAIN.COM"},
	{'r', "SRS0=+3/5=2W=somedomain.com=hash234@example.com",
	    SRS_REWRITTEN, "hash234@somedomain.com"},
	{'r', "SRS0=@example.com", SRS_REFUSED, NULL},
	{'r', "SRS0=XjO9@example.com", SRS_REFUSED, NULL},
	{'r', "SRS0=XjO9=2V@example.com", SRS_REFUSED, NULL},
	{'r', "SRS0=XjO9=2V=otherdomain.com@example.com", SRS_REFUSED, NULL},
	{'r', "SRS0=XjO=2V=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "SRS0=XjO9=2!=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "SRS0=XjO9=2VV=otherdomain.com=test@example.com", SRS_REFUSED,
	    NULL},
	{'r', "SRS0=bxzH=2W=1=DCJGDE6N24LCRT41A4T0G1UIF0DTKKQJ@example.com",
	    SRS_UNKNOWN, "DCJGDE6N24LCRT41A4T0G1UIF0DTKKQJ@1"},
};

static void
each_case(void **state)
{
	struct arena a;
	struct str out;
	const char *why;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str in = str_of(cases[i].address);
		enum srs_result got = cases[i].verb == 'f' ?
		    srs_forward(&rules, in, &a, &out, &why) :
		    srs_reverse(&rules, in, &a, &out, &why);

		if (got != cases[i].result || !str_eq(out,
		    str_of(cases[i].out ? cases[i].out : cases[i].address)))
			fail_msg("%c %s: %d %.*s", cases[i].verb,
			    cases[i].address, got, STR_ARG(out));
		if (got != SRS_REWRITTEN)
			assert_non_null(why);
	}
	arena_release(&a);
}

/* Good for 21 days, also where the count of days begins anew. */
static void
days(void **state)
{
	struct arena a;
	struct str out, back;
	const char *why;
	unsigned day, age;

	(void)state;
	arena_init(&a);
	for (day = 1000; day < 1050; day++) {
		struct srs_rules then = rules;

		then.today = day;
		assert_int_equal(srs_forward(&then, STR("u@h.example"), &a,
		    &out, &why), SRS_REWRITTEN);
		for (age = 0; age < 40; age++) {
			then.today = day + age;
			assert_int_equal(srs_reverse(&then, out, &a, &back,
			    &why), age <= 21 ? SRS_REWRITTEN : SRS_REFUSED);
		}
	}
	arena_release(&a);
}

static void
secrets(void **state)
{
	struct srs_rules old = rules, none = rules, both = rules;
	struct arena a;
	struct str out, back;
	const char *why;

	(void)state;
	arena_init(&a);
	old.secret = secret + 1;
	both.nsecret = 2;
	none.nsecret = 0;
	srs_forward(&old, STR("u@h.example"), &a, &out, &why);
	assert_int_equal(srs_reverse(&rules, out, &a, &back, &why),
	    SRS_REFUSED);
	assert_int_equal(srs_reverse(&both, out, &a, &back, &why),
	    SRS_REWRITTEN);
	assert_int_equal(srs_reverse(&none, out, &a, &back, &why),
	    SRS_UNKNOWN);
	assert_true(str_eq(back, STR("u@h.example")));
	assert_int_equal(srs_forward(&none, STR("u@h.example"), &a, &out,
	    &why), SRS_REWRITTEN);
	assert_true(str_eq(out, STR("SRS0=xxxx=2W=h.example=u@example.com")));
	arena_release(&a);
}

/* What postsrsd 1 does otherwise. */
static void
major_1(void **state)
{
	struct srs_rules one = rules;
	struct arena a;
	struct str out, back;
	const char *why;

	(void)state;
	one.major = 1;
	one.urlsafe = false;
	arena_init(&a);
	srs_forward(&one, STR("hash234@somedomain.com"), &a, &out, &why);
	assert_true(str_eq(out,
	    STR("SRS0=+3/5=2W=somedomain.com=hash234@example.com")));
	one.domain = STR("elsewhere.example");
	assert_int_equal(srs_forward(&one, out, &a, &back, &why),
	    SRS_UNCHANGED);
	one.major = 2;
	assert_int_equal(srs_forward(&one, out, &a, &back, &why),
	    SRS_REWRITTEN);
	assert_true(str_starts(back, STR("SRS1=")));
	one.major = 1;
	assert_int_equal(srs_forward(&one, STR("SRS1=X@b.example"), &a,
	    &back, &why), SRS_UNCHANGED);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(days),
		cmocka_unit_test(secrets),
		cmocka_unit_test(major_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
