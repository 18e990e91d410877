#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "flow/sign.h"

#define DKIM "/etc/rspamd/local.d/dkim_signing.conf"
#define KEYS "domain { a.example { selectors [ { selector = s; " \
	"path = \"/k\"; } ] } }\n"
#define LOOSE "use_esld = no; try_fallback = no; " \
	"allow_hdrfrom_mismatch = yes; allow_username_mismatch = yes;\n"
#define NETS "sign_networks = [192.0.2.0/24];\n"

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
		source->owner = file->path;
		return true;
	}
	return false;
}

static bool
key(void *self, struct str path, bool *there)
{
	(void)self;
	*there = str_eq(path, STR("/k"));
	return true;
}

/* "signed d s key, …" or "not why", "unknown why", and "@line of the place". */
static void
check_files(struct file *files, enum rspamd_release release, bool keys,
    const struct sign_message *message, const char *wanted)
{
	static const char *const name[] = {"signed", "not", "unknown"};
	const struct table_world world = {.self = files, .file = find};
	const struct sign_host host = {
		.world = &world, .release = release, .key = keys ? key : NULL,
	};
	struct sign_verdict v;
	struct buf b = BUF_INIT;
	struct arena a;
	size_t i, line = 1;

	arena_init(&a);
	v = sign_decide(signer_open(&a, &host), message, &a);
	buf_addstr(&b, name[v.result]);
	for (i = 0; i < v.n; i++)
		buf_printf(&b, " %.*s %.*s %.*s",
		    STR_ARG(v.signature[i].domain),
		    STR_ARG(v.signature[i].selector),
		    STR_ARG(v.signature[i].key));
	if (v.result != SIGN_SIGNED)
		buf_printf(&b, " %s", v.why);
	if (v.place.owner) {
		for (; files->path != v.place.owner; files++)
			;
		for (i = 0; i < v.place.offset; i++)
			line += files->text[i] == '\n';
		buf_printf(&b, " @%zu", line);
	}
	assert_string_equal(b.s, wanted);
	buf_release(&b);
	arena_release(&a);
}

static struct sign_message
message(const char *client, const char *user, const char *sender,
    const struct str *from)
{
	return (struct sign_message){
		.client = str_of(client), .user = str_of(user),
		.sender = str_of(sender), .from = from,
		.nfrom = from->s ? 1 : 0, .from_known = true,
	};
}

/* The file alone, and a message with one From. */
static void
check(const char *text, const char *client, const char *user,
    const char *sender, const char *from, const char *wanted)
{
	struct file files[] = {{DKIM, text}, {NULL, NULL}};
	struct str header = str_of(from);
	struct sign_message m = message(client, user, sender, &header);

	check_files(files, RSPAMD_3_4, false, &m, wanted);
}

static void
finds_out_who_is_signed_for(void **state)
{
	(void)state;
	check(LOOSE NETS KEYS, "192.0.2.9", NULL, "x@y.example",
	    "me@a.example", "signed a.example s /k @2");
	check(LOOSE NETS KEYS, "192.0.3.9", NULL, "x@y.example",
	    "me@a.example", "not sign_networks does not have 192.0.3.9 @2");
	check(LOOSE NETS KEYS, "127.0.0.1", NULL, "", "me@A.Example",
	    "signed a.example s /k");
	check(LOOSE NETS KEYS, "192.168.1.1", NULL, "", "me@a.example",
	    "signed a.example s /k");
	check(LOOSE NETS KEYS "sign_local = no;\n", "127.0.0.1", NULL, "",
	    "me@a.example", "not sign_local is off @4");
	check(LOOSE NETS KEYS, "203.0.113.1", "me", "", "me@a.example",
	    "signed a.example s /k");
	check(LOOSE KEYS "sign_authenticated = no;\n", "203.0.113.1", "me",
	    "", "me@a.example", "not sign_authenticated is off @3");
	check(LOOSE NETS KEYS, "192.0.2.9", NULL, "", "me@b.example",
	    "not no key for domain b.example @3");
	check(LOOSE "sign_networks = [192.0.3.1, mx.example];" KEYS, "192.0.2.9", NULL,
	    "", "me@a.example", "unknown sign_networks: what 'mx.example' "
	    "resolves to is not known here @2");
	check(LOOSE NETS KEYS, "", NULL, "", "me@a.example",
	    "unknown sign_networks: the client's address is not known @2");
}

static void
compares_the_domains(void **state)
{
	const char *strict = "use_esld = no; try_fallback = no;\n" NETS KEYS;

	(void)state;
	check(strict, "192.0.2.9", NULL, "x@y.example", "me@a.example",
	    "not the sender is in y.example, From in a.example, and "
	    "allow_hdrfrom_mismatch is off");
	check(strict, "192.0.2.9", NULL, "x@a.example", "me@a.example",
	    "signed a.example s /k @2");
	check(strict, "192.0.2.9", "me", "x@a.example", "me@a.example",
	    "not the login has no domain, and allow_username_mismatch is "
	    "off");
	check(strict, "192.0.2.9", "me@b.example", "x@a.example",
	    "me@a.example", "not the login is in b.example, not in "
	    "a.example, and allow_username_mismatch is off");
	check(LOOSE NETS KEYS "use_domain = envelope;\n", "192.0.2.9", NULL,
	    "x@b.example", "me@a.example",
	    "not no key for domain b.example @3");
	check(LOOSE NETS KEYS "use_domain = recipient;\n", "192.0.2.9", NULL,
	    "x@b.example", "me@a.example",
	    "unknown the recipient is not known @4");
	check(LOOSE NETS KEYS "allow_envfrom_empty = no;\n", "192.0.2.9",
	    NULL, "", "me@a.example",
	    "not the sender is null, and allow_envfrom_empty is off @4");
}

static void
does_not_guess_public_suffixes(void **state)
{
	const char *text = "try_fallback = no; allow_hdrfrom_mismatch = yes;"
	    "\n" NETS KEYS;

	(void)state;
	check(text, "192.0.2.9", NULL, "", "me@a.example",
	    "signed a.example s /k @2");
	check(text, "192.0.2.9", NULL, "", "me@sub.a.example",
	    "unknown use_esld: the list of public suffixes decides, and it "
	    "is not here");
	/* No cut of it has a key. */
	check(text, "192.0.2.9", NULL, "", "me@sub.b.example",
	    "not no key for domain b.example @3");
	check(text, "192.0.2.9", NULL, "x@one.two.three.example",
	    "me@a.example", "signed a.example s /k @2");
}

static void
takes_keys_where_they_are_named(void **state)
{
	struct file files[] = {{DKIM, LOOSE NETS
	    "domain { a.example { selectors [\n{ selector = s; path = /k; },\n"
	    "{ selector = t; path = \"/x/$domain.$selector.key\"; }\n] } }\n"},
	    {NULL, NULL}};
	struct str from = STR("me@a.example");
	struct sign_message m = message("192.0.2.9", NULL, "", &from);

	(void)state;
	check_files(files, RSPAMD_3_4, false, &m,
	    "signed a.example s /k a.example t /x/a.example.t.key @2");
	check_files(files, RSPAMD_3_4, true, &m, "signed a.example s /k @2");
	check("use_esld = no; allow_hdrfrom_mismatch = yes;\n" NETS,
	    "192.0.2.9", NULL, "", "me@a.example",
	    "unknown try_fallback: whether there is a key "
	    "/var/lib/rspamd/dkim/a.example.dkim.key is not known here");
	check("use_esld = no; allow_hdrfrom_mismatch = yes; path = /one;\n"
	    NETS, "192.0.2.9", NULL, "", "me@any.example",
	    "signed any.example dkim /one @2");
}

static void
looks_at_all_of_from(void **state)
{
	struct file files[] = {{DKIM, LOOSE NETS KEYS}, {NULL, NULL}};
	struct str from[] = {STR("me@a.example"), STR("you@b.example")};
	struct sign_message m = message("192.0.2.9", NULL, "", from);

	(void)state;
	m.nfrom = 2;
	check_files(files, RSPAMD_3_4, false, &m, "not From has more than one "
	    "address, and allow_hdrfrom_multiple is off");
	m.nfrom = 0;
	check_files(files, RSPAMD_3_4, false, &m, "not use_domain = header, "
	    "and there is no such domain");
	m.from_known = false;
	check_files(files, RSPAMD_3_4, false, &m,
	    "unknown the header From is not known");
}

static void
applies_settings(void **state)
{
	struct file files[] = {
		{DKIM, LOOSE NETS KEYS},
		{"/etc/rspamd/local.d/settings.conf", NULL},
		{NULL, NULL},
	};
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"r { ip = \"192.0.2.0/24\"; apply { symbols_enabled = "
		    "[DKIM_SIGNED]; } }", "signed a.example s /k @2"},
		{"r { ip = \"192.0.2.0/24\"; apply { symbols_enabled = "
		    "[OTHER]; } }",
		    "not settings.conf switches signing off @1"},
		/* Nobody's: no bits, and bits of a host. */
		{"r { ip = \"0.0.0.0/0\"; apply { symbols_enabled = "
		    "[OTHER]; } }", "signed a.example s /k @2"},
		{"r { ip = \"192.0.2.9/24\"; apply { symbols_enabled = "
		    "[OTHER]; } }", "signed a.example s /k @2"},
		{"r { ip = \"192.0.2.9\"; apply { symbols_enabled = "
		    "[OTHER]; } }",
		    "not settings.conf switches signing off @1"},
		{"r { hostname = x; apply { symbols_enabled = [OTHER]; } }",
		    "unknown a condition in settings cannot be told here @1"},
		/* It does not matter whether it holds. */
		{"r { hostname = x; apply { symbols_enabled = "
		    "[DKIM_SIGNED]; } }", "signed a.example s /k @2"},
		{"b { ip = \"192.0.2.9\"; whitelist = yes; }\n"
		    "a { priority = high; ip = \"192.0.2.9\"; "
		    "apply { actions { reject = 1 } } }",
		    "signed a.example s /k @2"},
		{".include x\n", "unknown "
		    "/etc/rspamd/local.d/settings.conf: a macro's work is "
		    "not known here @1"},
	};
	struct str from = STR("me@a.example");
	struct sign_message m = message("192.0.2.9", NULL, "", &from);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		files[1].text = cases[i].text;
		check_files(files, RSPAMD_3_4, false, &m, cases[i].wanted);
	}
	/* 3.4 never applies a rule without conditions, 3.8 always. */
	files[1].text = "r { apply { symbols_enabled = [OTHER]; } }";
	check_files(files, RSPAMD_3_4, false, &m, "signed a.example s /k @2");
	check_files(files, RSPAMD_3_8, false, &m,
	    "not settings.conf switches signing off @1");
}

static void
knows_its_files(void **state)
{
	struct file files[] = {
		{DKIM, "enabled = false;\n"},
		{"/etc/rspamd/override.d/dkim_signing.conf", "# none\n"},
		{"/etc/rspamd/rspamd.conf.local", "# none\n"},
		{"/etc/rspamd/override.d/options.inc", "# none\n"},
		{NULL, NULL},
	};
	struct str from = STR("me@a.example");
	struct sign_message m = message("192.0.2.9", NULL, "", &from);

	(void)state;
	check_files(files, RSPAMD_3_4, false, &m,
	    "not the module dkim_signing is off @1");
	files[1].text = "enabled = true;\n" LOOSE NETS KEYS;
	check_files(files, RSPAMD_3_4, false, &m, "signed a.example s /k @3");
	files[3].text = "filters = \"regexp, dkim\";\n";
	check_files(files, RSPAMD_3_4, false, &m,
	    "not filters leaves the module dkim out @1");
	files[3].text = "filters = \"regexp,dkim\"; local_addrs = [];\n";
	check_files(files, RSPAMD_3_4, false, &m, "signed a.example s /k @3");
	files[2].text = "dkim_signing { sign_local = no; }\n";
	check_files(files, RSPAMD_3_4, false, &m, "unknown "
	    "/etc/rspamd/rspamd.conf.local may change what rspamd signs @1");
	files[0].text = "a = 1\nb {\n";
	check_files(files, RSPAMD_3_4, false, &m, "unknown " DKIM
	    ": a brace is not closed @2");
	check("use_redis = yes;\n", "127.0.0.1", NULL, "", "me@a.example",
	    "unknown use_redis: the keys are in redis @1");
}

static void
follows_the_tables_of_opendkim(void **state)
{
	static const struct {
		const char *text, *from, *wanted;
	} cases[] = {
		{"signing_table = [\"*@a.example one\"];\n"
		    "key_table = [\"one d.example:t:/k/%\"];\n",
		    "me@a.example", "signed d.example t /k/a.example @2"},
		/* Nothing anchors a pattern. */
		{"signing_table = [\"a.example one\"];\n"
		    "key_table = [\"one %:/k\"];\n", "me@a.example.org",
		    "signed a.example.org dkim /k @2"},
		{"signing_table = [\"a.exampl? %\"];\n"
		    "key_table = [\"b.example %:/k\"];\n", "me@a.example",
		    "not key_table does not have a.example @3"},
		{"signing_table = [\"b.example one\"];\n"
		    "key_table = [\"one %:/k\"];\n", "me@a.example",
		    "not signing_table does not have me@a.example @3"},
		{"signing_table = [\"a one\", \"example two\"];\n"
		    "key_table = [\"one %:/k\"];\n", "me@a.example",
		    "unknown more than one pattern of signing_table matches "
		    "@3"},
		{"signing_table = [\"a one\"];\n"
		    "key_table = [\"one a:b:c:d\"];\n", "me@a.example",
		    "not an entry of key_table that rspamd cannot read @4"},
		{"signing_table = \"/none\"; key_table = \"/none\";\n",
		    "me@a.example", "unknown what the tables of signing have "
		    "is not known here @3"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT;

		buf_printf(&b, "%s%s%s", LOOSE, NETS, cases[i].text);
		check(b.s, "192.0.2.9", NULL, "", cases[i].from,
		    cases[i].wanted);
		buf_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_out_who_is_signed_for),
		cmocka_unit_test(compares_the_domains),
		cmocka_unit_test(does_not_guess_public_suffixes),
		cmocka_unit_test(takes_keys_where_they_are_named),
		cmocka_unit_test(looks_at_all_of_from),
		cmocka_unit_test(applies_settings),
		cmocka_unit_test(knows_its_files),
		cmocka_unit_test(follows_the_tables_of_opendkim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
