#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "postfix/srs_config.h"

#include <stdlib.h>

struct file {
	const char *path, *text;
};

static bool
find(void *self, struct str path, struct table_source *source)
{
	const struct file *file;

	for (file = self; file->path; file++) {
		if (!str_eq(path, str_of(file->path)))
			continue;
		source->text = str_of(file->text);
		source->owner = file;
		return true;
	}
	return false;
}

static bool
parameter(void *self, struct str name, struct str *value)
{
	(void)self;
	*value = STR("my.example");
	return str_eq(name, STR("mydomain"));
}

static void
read_files(struct file *files, struct srs_config *config, struct arena *a)
{
	const struct table_world world = {
		.self = files, .file = find, .parameter = parameter,
	};

	srs_config_read(config, &world, a);
}

static char *
excluded(const struct srs_config *c, struct arena *a)
{
	struct buf b = BUF_INIT;
	char *s;
	size_t i;

	for (i = 0; i < c->rules.nexclude; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "",
		    STR_ARG(c->rules.exclude[i]));
	s = arena_strdup(a, b.s);
	buf_release(&b);
	return s;
}

/* "domain separator length minimum [always] excluded secret port port". */
static void
check(unsigned version, const char *text, const char *wanted)
{
	struct file files[] = {
		{version == 1 ? "/etc/default/postsrsd" :
		    "/etc/postsrsd/postsrsd.conf", text},
		{"/etc/domains", "a.example # one\n\n  .b.example\n"},
		{NULL, NULL},
	};
	struct srs_config c;
	struct arena a;
	char *got;

	arena_init(&a);
	read_files(files, &c, &a);
	assert_int_equal(c.version, version);
	assert_ptr_equal(c.owner, &files[0]);
	if (c.why)
		got = arena_printf(&a, "%zu %s", c.offset, c.why);
	else
		got = arena_printf(&a, "%.*s %c %u %u%s [%s] %.*s %.*s%s%.*s%.*s",
		    STR_ARG(c.rules.domain), c.rules.separator,
		    c.rules.hash_length, c.rules.hash_minimum,
		    c.rules.always_rewrite ? " always" : "",
		    excluded(&c, &a), STR_ARG(c.secret_file),
		    STR_ARG(c.forward_port), version == 1 ? " " : "",
		    STR_ARG(c.reverse_port), STR_ARG(c.socketmap));
	assert_string_equal(got, wanted);
	arena_release(&a);
}

static void
reads_a_shells_variables(void **state)
{
	(void)state;
	check(1, "# comment\n\nSRS_DOMAIN=\"srs.example\"\n"
	    "SRS_EXCLUDE_DOMAINS='a.example,.b.example; c.example'\n"
	    "SRS_SEPARATOR==\nSRS_SECRET=/etc/s\nSRS_HASHLENGTH=6\n"
	    "SRS_HASHMIN=\"5\" # why\nSRS_FORWARD_PORT=11\n"
	    "SRS_REVERSE_PORT=12\nRUN_AS=postsrsd\n",
	    "srs.example = 6 5 [a.example .b.example c.example] /etc/s 11 12");
	check(1, "export SRS_DOMAIN=a\\.b\"c\"'d'\nSRS_SEPARATOR=+; RUN_AS=x",
	    "a.bcd + 4 4 [] /etc/postsrsd.secret 10001 10002");
	check(1, "RUN_AS=x\n", "my.example = 4 4 [] /etc/postsrsd.secret "
	    "10001 10002");
	check(1, "SRS_DOMAIN=a\nSRS_EXTRA_OPTIONS=-A\n",
	    "a = 4 4 always [] /etc/postsrsd.secret 10001 10002");
	check(1, "SRS_DOMAIN=a\nSRS_EXTRA_OPTIONS=\nSRS_DOMAIN=b\n",
	    "b = 4 4 [] /etc/postsrsd.secret 10001 10002");
}

static void
leaves_to_the_shell_what_it_works_out(void **state)
{
	(void)state;
	check(1, "SRS_DOMAIN=$HOST\n", "0 the shell works this value out");
	check(1, "A=b\nSRS_DOMAIN=`hostname`\n",
	    "4 the shell works this value out");
	check(1, "SRS_DOMAIN=\"${X}\"\n", "0 the shell works this value out");
	check(1, "SRS_DOMAIN=\"a\n", "0 a string does not end");
	check(1, "SRS_DOMAIN=a b\n", "0 a command follows");
	check(1, ". /etc/other\n", "0 this is no assignment");
	check(1, "SRS_DOMAIN=\n", "0 postsrsd wants a domain");
	check(1, "SRS_DOMAIN=a\nSRS_SEPARATOR=:\n",
	    "13 postsrsd refuses this separator");
	check(1, "SRS_DOMAIN=a\nSRS_HASHMIN=x\n", "13 this is no number");
	check(1, "SRS_DOMAIN=a\nSRS_EXTRA_OPTIONS=-4\n", "13 what these "
	    "options do is not known here");
}

static void
reads_the_options_of_2(void **state)
{
	(void)state;
	check(2, "# c\nsrs-domain = \"srs.example\"\ndomains = {\n"
	    "  \"a.example\", // one\n  '.b.example'\n}\nseparator = \"+\"\n"
	    "secrets-file = \"/etc/s\"\nhash-length = 6 hash-minimum=5\n"
	    "socketmap = inet:127.0.0.1:10001\nsyslog = on\n",
	    "srs.example + 6 5 [a.example .b.example] /etc/s "
	    "inet:127.0.0.1:10001");
	check(2, "domains = {a.example, b.example,}\ndomains += {c.example}\n"
	    "always-rewrite = on /* c */\n",
	    "a.example = 4 4 always [a.example b.example c.example] "
	    "/etc/postsrsd.secret unix:/var/spool/postfix/srs");
	check(2, "domains = {a}\ndomains = {b}\nsrs-domain = \".c\"",
	    "c = 4 4 [b] /etc/postsrsd.secret unix:/var/spool/postfix/srs");
	check(2, "srs-domain = s\ndomains-file = \"/etc/domains\"\n",
	    "s = 4 4 [a.example .b.example] /etc/postsrsd.secret "
	    "unix:/var/spool/postfix/srs");
	check(2, "srs-domain = \"a\\x2eb\\n\"",
	    "a.b\n = 4 4 [] /etc/postsrsd.secret unix:/var/spool/postfix/srs");
}

static void
says_what_2_refuses(void **state)
{
	(void)state;
	check(2, "srs-domain = a\nnope = b\n",
	    "15 postsrsd does not know this option");
	check(2, "srs-domain a\n", "0 a setting without =");
	check(2, "srs-domain = \"a\n", "0 a string does not end");
	check(2, "srs-domain = \"${HOST}\"\n",
	    "0 the environment has this value");
	check(2, "srs-domain = a\ndomains = {a b}\n",
	    "15 a list goes on without a comma");
	check(2, "srs-domain = {a, b}\n", "0 postsrsd refuses a list here");
	check(2, "srs-domain = a\nseparator = \"==\"\n",
	    "15 postsrsd refuses this separator");
	check(2, "srs-domain = a\nalways-rewrite = perhaps\n",
	    "15 this is neither on nor off");
	check(2, "srs-domain = a\noriginal-envelope = database\n",
	    "15 the addresses are in a database");
	check(2, "srs-domain = a\ndomains-file = /etc/nowhere\n",
	    "15 the domains-file is not known here");
	check(2, "/* a\n", "0 a comment does not end");
	check(2, "", "0 the domain of rewritten addresses is not known");
}

static void
takes_the_secrets_where_they_are(void **state)
{
	struct file files[] = {
		{"/etc/default/postsrsd", "SRS_DOMAIN=a\nSRS_SECRET=/s\n"},
		{"/s", "first\r\n\nsecond"},
		{NULL, NULL},
	};
	struct srs_config c;
	struct arena a;

	(void)state;
	arena_init(&a);
	read_files(files, &c, &a);
	assert_null(c.why);
	assert_int_equal(c.rules.nsecret, 2);
	assert_true(str_eq(c.rules.secret[0], STR("first")));
	assert_true(str_eq(c.rules.secret[1], STR("second")));
	files[1].path = "/other";
	read_files(files, &c, &a);
	assert_int_equal(c.rules.nsecret, 0);
	files[0].path = "/none";
	read_files(files, &c, &a);
	assert_int_equal(c.version, 0);
	arena_release(&a);
}

static void
knows_who_is_asked(void **state)
{
	static const struct {
		const char *path, *text, *type, *name;
		enum srs_direction direction;
	} cases[] = {
		{"/etc/default/postsrsd", "", "tcp", "127.0.0.1:10001",
		    SRS_FORWARD},
		{"/etc/default/postsrsd", "", "tcp", "localhost:10002",
		    SRS_REVERSE},
		{"/etc/default/postsrsd", "", "tcp", "127.0.0.1:10003",
		    SRS_NOBODY},
		{"/etc/default/postsrsd", "", "tcp", "[::1]:10001",
		    SRS_NOBODY},
		{"/etc/default/postsrsd", "SRS_LISTEN_ADDR=192.0.2.1", "tcp",
		    "127.0.0.1:10001", SRS_NOBODY},
		{"/etc/default/postsrsd", "SRS_LISTEN_ADDR=0.0.0.0", "tcp",
		    "127.0.0.1:10001", SRS_FORWARD},
		{"/etc/default/postsrsd", "SRS_FORWARD_PORT=7", "tcp",
		    "127.0.0.1:7", SRS_FORWARD},
		{"/etc/default/postsrsd", "", "socketmap",
		    "inet:127.0.0.1:10001:forward", SRS_NOBODY},
		{"/etc/postsrsd.conf", "socketmap=inet:127.0.0.1:7",
		    "socketmap", "inet:127.0.0.1:7:forward", SRS_FORWARD},
		{"/etc/postsrsd.conf", "socketmap=inet:7",
		    "socketmap", "inet:localhost:7:reverse", SRS_REVERSE},
		{"/etc/postsrsd.conf", "socketmap=inet:7",
		    "socketmap", "inet:localhost:7:other", SRS_NOBODY},
		{"/etc/postsrsd.conf", "socketmap=inet:7",
		    "socketmap", "inet:localhost:8:reverse", SRS_NOBODY},
		{"/etc/postsrsd.conf", "socketmap=inet:7",
		    "tcp", "localhost:7", SRS_NOBODY},
		{"/etc/postsrsd.conf", "", "socketmap", "unix:srs:forward",
		    SRS_FORWARD},
		{"/etc/postsrsd.conf", "", "socketmap",
		    "unix:/var/spool/postfix/srs:reverse", SRS_REVERSE},
		{"/etc/postsrsd.conf", "", "socketmap", "unix:srs2:forward",
		    SRS_NOBODY},
		{"/etc/postsrsd.conf", "", "socketmap", "inet:7:forward",
		    SRS_NOBODY},
	};
	struct srs_config c;
	struct arena a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file files[] = {
			{cases[i].path, cases[i].text}, {NULL, NULL},
		};

		arena_init(&a);
		read_files(files, &c, &a);
		assert_int_equal(srs_config_direction(&c,
		    str_of(cases[i].type), str_of(cases[i].name),
		    STR("/var/spool/postfix")), cases[i].direction);
		arena_release(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_shells_variables),
		cmocka_unit_test(leaves_to_the_shell_what_it_works_out),
		cmocka_unit_test(reads_the_options_of_2),
		cmocka_unit_test(says_what_2_refuses),
		cmocka_unit_test(takes_the_secrets_where_they_are),
		cmocka_unit_test(knows_who_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
