/*
 * What mailc says of a value against what the installed Postfix does with
 * it. postmap reads the parameters that every program reads, by the same
 * functions as smtpd; a table on its command line is opened like one in
 * main.cf. Skipped where there is no Postfix of a known release.
 */
#include "postfix/postfix.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum postfix_release installed = POSTFIX_RELEASES;
static char directory[] = "/tmp/mailc-postfix-XXXXXX";

/* The output of a shell command, both streams; freed by the caller. */
static char *
output_of(const char *command)
{
	struct buf b = BUF_INIT;
	FILE *p = popen(command, "r");
	int c;

	while (p && (c = getc(p)) != EOF)
		buf_addch(&b, (char)c);
	if (p)
		pclose(p);
	return b.cap ? b.s : calloc(1, 1);
}

static int
set_up(void **state)
{
	char *version;
	char *dot;

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	version = output_of("postconf -d -h mail_version 2>/dev/null");
	dot = strchr(version, '.');
	if (dot && (dot = strchr(dot + 1, '.')))
		*dot = '\0';
	installed = postfix_release_named(str_of(version));
	free(version);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static void
need_postfix(void)
{
	if (installed == POSTFIX_RELEASES)
		skip();
}

enum { MOST = 64 };

struct question {
	const char *line;	/* of main.cf */
	char table[128];
	bool refused;		/* postmap had something to say */
};

/*
 * Ask postmap for a key, once for each question. A fatal error makes a
 * Postfix program sleep for a second, so they all run at once.
 */
static void
postmap_ask(struct question *q, size_t n)
{
	struct buf command = BUF_INIT;
	char name[128];
	size_t i;
	FILE *f;

	assert_true(n <= MOST);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%zu", directory, i);
		mkdir(name, 0755);
		snprintf(name, sizeof(name), "%s/%zu/main.cf", directory, i);
		f = fopen(name, "w");
		assert_non_null(f);
		fprintf(f, "compatibility_level = 3.6\n%s\n", q[i].line);
		assert_int_equal(fclose(f), 0);
		buf_printf(&command, "postmap -c %s/%zu -q 192.0.2.1 '%s' "
		    ">/dev/null 2>%s/%zu/said &\n", directory, i, q[i].table,
		    directory, i);
	}
	buf_addstr(&command, "wait");
	assert_int_equal(system(command.s), 0);
	buf_release(&command);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%zu/said", directory, i);
		f = fopen(name, "r");
		assert_non_null(f);
		q[i].refused = getc(f) != EOF;
		fclose(f);
	}
}

static const char *const parameters[] = {
	"smtputf8_enable = yes", "smtputf8_enable = YES",
	"smtputf8_enable = true", "smtputf8_enable = ", "smtputf8_enable = 1",
	"smtputf8_enable = $mail_name", "smtputf8_enable = ${x?{a}:{yes}}",
	"fork_attempts = 5", "fork_attempts = 0", "fork_attempts = 5x",
	"fork_attempts = +5", "fork_attempts = -5", "fork_attempts =",
	"fork_attempts = 2147483647", "fork_attempts = 2147483648",
	"message_size_limit = 99999999999", "message_size_limit = 1e3",
	"ipc_timeout = 5m", "ipc_timeout = 0", "ipc_timeout = 5x",
	"ipc_timeout = 5 m", "ipc_timeout = 4000w", "ipc_timeout = 3000w",
	"ipc_timeout = -1s", "ipc_timeout =", "ipc_timeout = m",
	"inet_protocols = ipv4", "inet_protocols = ipv4, ipv6",
	"inet_protocols = IPv4", "inet_protocols = none",
	"mail_owner =", "default_privs =", "syslog_name =",
	"recipient_delimiter = +-", "recipient_delimiter =",
	"smtputf8_enable = ${x", "smtputf8_enable = $(x",
};

static void
parameters_agree(void **state)
{
	enum { N = sizeof(parameters) / sizeof(parameters[0]) };
	struct question q[N];
	struct arena a;
	size_t i;

	(void)state;
	need_postfix();
	for (i = 0; i < N; i++)
		q[i] = (struct question){parameters[i], "static:x", false};
	postmap_ask(q, N);
	arena_init(&a);
	for (i = 0; i < N; i++) {
		struct main_cf_line line;
		const struct param_kind *p;
		const char *why;
		size_t at = 0;
		uint32_t n = 0;

		assert_true(main_cf_next(str_of(parameters[i]), &at, &n, &line));
		p = param_named(line.name);
		assert_non_null(p);
		why = param_value_error(&a, p, line.value);
		/* A $name is known to Postfix alone. */
		if (str_find(line.value, '$') < line.value.len && !why)
			continue;
		if (q[i].refused != (why != NULL))
			fail_msg("%s: Postfix %s it, mailc says: %s",
			    parameters[i], q[i].refused ? "refuses" : "accepts",
			    why ? why : "nothing");
	}
	arena_release(&a);
}

static const char *const tables[] = {
	"static:x", "inline:{a=b}", "inline:{ {a = b} c=d }", "inline:{a}",
	"inline:{}", "inline:a=b", "inline:{ {a = b }", "inline:{=b}",
	"pipemap:{static:x}", "pipemap:{static:x,inline:{a=b}}",
	"pipemap:{x}", "pipemap:{}", "pipemap:static:x", "pipemap:{static:x",
	"unionmap:{static:x, static:y}", "unionmap:{static}",
	"randmap:{a, b}", "randmap:a", "nosuch:x", ":x",
	"unionmap:{static:x nosuch:y}", "pipemap:{pipemap:{static:x}}",
	"pipemap:{pipemap:static:x}",
};

static void
tables_agree(void **state)
{
	enum { N = sizeof(tables) / sizeof(tables[0]) };
	struct question q[N];
	struct arena a;
	size_t i;

	(void)state;
	need_postfix();
	for (i = 0; i < N; i++) {
		q[i] = (struct question){.line = ""};
		snprintf(q[i].table, sizeof(q[i].table), "%s", tables[i]);
	}
	postmap_ask(q, N);
	arena_init(&a);
	for (i = 0; i < N; i++) {
		struct str type;
		const char *why = table_error(&a, str_of(tables[i]));
		bool wrong = why ||
		    table_unknown_type(str_of(tables[i]), &type);

		if (q[i].refused != wrong)
			fail_msg("%s: Postfix disagrees; mailc says: %s",
			    tables[i], why ? why : "nothing");
	}
	arena_release(&a);
}

/* cidr tables and mynetworks are parsed by one function. */
static const char *const networks[] = {
	"192.0.2.0/24", "192.0.2.1/24", "192.0.2.1", "192.0.2.0/33",
	"192.0.2.0/x", "192.0.2/24", "192.0.2.0/0", "0.0.0.0/0",
	"[2001:db8::]/32", "[2001:db8::/32]", "[2001:db8::1]/32", "[::1]",
	"[::1]x", "[::1", "[::/129]", "[192.0.2.1]", "[::1]/128",
};

static void
networks_agree(void **state)
{
	enum { N = sizeof(networks) / sizeof(networks[0]) };
	struct question q[N];
	struct arena a;
	size_t i;

	(void)state;
	need_postfix();
	for (i = 0; i < N; i++) {
		q[i] = (struct question){.line = ""};
		snprintf(q[i].table, sizeof(q[i].table), "cidr:{{%s x}}",
		    networks[i]);
	}
	postmap_ask(q, N);
	arena_init(&a);
	for (i = 0; i < N; i++) {
		unsigned family, prefix;
		const char *why = network_error(&a, str_of(networks[i]),
		    &family, &prefix);

		if (q[i].refused != (why != NULL))
			fail_msg("%s: Postfix disagrees; mailc says: %s",
			    networks[i], why ? why : "nothing");
	}
	arena_release(&a);
}

/* Every name that postconf prints is known, and the other way round. */
static void
names_agree(void **state)
{
	char *all, *name, *next;
	struct buf command = BUF_INIT;
	char *unknown;

	(void)state;
	need_postfix();
	all = output_of("postconf -d 2>/dev/null");
	for (name = all; *name; name = next) {
		struct str line = {name, str_find(str_of(name), '\n')};
		struct str word = {name, str_find(line, ' ')};

		next = name + line.len + (name[line.len] != '\0');
		if (!param_known(word, installed))
			fail_msg("%.*s is not known", STR_ARG(word));
	}
	free(all);
	buf_addstr(&command, "postconf -d");
	{
		static const struct param_kind rows[] = {
#include "parameters.h"
		};
		size_t i;

		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i].known & 1u << installed)
				buf_printf(&command, " %s", rows[i].name);
	}
	buf_addstr(&command, " 2>&1 >/dev/null");
	unknown = output_of(command.s);
	assert_string_equal(unknown, "");
	free(unknown);
	buf_release(&command);
}

/* Table types that postconf -m prints are known. */
static void
types_agree(void **state)
{
	char *all;
	struct str rest, word;

	(void)state;
	need_postfix();
	all = output_of("postconf -m 2>/dev/null");
	rest = str_of(all);
	while (value_item(&rest, &word))
		if (!table_type_known(word) && !str_eq(word, STR("debug")))
			fail_msg("%.*s is not known", STR_ARG(word));
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_agree),
		cmocka_unit_test(tables_agree),
		cmocka_unit_test(networks_agree),
		cmocka_unit_test(names_agree),
		cmocka_unit_test(types_agree),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
