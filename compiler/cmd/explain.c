/*
 * One page about one word. Findings have written pages; keys and roles are
 * told from the tables that the compiler itself works by.
 */
#include "cmd/cmd.h"

#include "model/read.h"
#include "role/role.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} pages[] = {
#include "verbs.h"
};

/* --- findings ---------------------------------------------------------- */

static bool
explain_finding(const char *word)
{
	enum finding_id id = finding_named(str_of(word));
	const struct finding_kind *kind;

	if (id == FINDING_COUNT)
		return false;
	kind = &finding_kinds[id];
	fputs(kind->page, stdout);
	printf("\nLevel: %s%s\n", level_name(kind->level),
	    finding_is_hard(id) ? "; mail::lint cannot lower it" : "");
	return true;
}

static void
list_findings(void)
{
	int id;

	for (id = 0; id < FINDING_COUNT; id++)
		printf("%-22s %-8s %s\n", finding_kinds[id].name,
		    level_name(finding_kinds[id].level),
		    finding_kinds[id].title);
}

/* --- keys -------------------------------------------------------------- */

static const char *
kind_name(const struct field *f)
{
	switch (f->kind) {
	case KIND_BOOL:
		return "true or false";
	case KIND_INT:
		return "integer";
	case KIND_PORT:
		return "port";
	case KIND_TEXT:
		return "string";
	case KIND_DOMAIN:
		return "domain";
	case KIND_HOST:
		return "host name";
	case KIND_PATH:
		return "absolute path";
	case KIND_URI:
		return "URI";
	case KIND_ENUM:
		return "one of";
	case KIND_SETTING:
		return "string, integer, boolean or list";
	case KIND_STRUCT:
		return "hash";
	case KIND_LIST:
		if (f->flags & FIELD_MAP_OF_MAPS)
			return "hash of hashes";
		if (f->flags & FIELD_MAP || f->type == &mapping_type)
			return "hash";
		return f->flags & FIELD_ONE_OR_MANY ? "list, or one" : "list";
	case KIND_REF:
	case KIND_REFS:
	case KIND_PUT:
	case KIND_TEST:
	case KIND_HAS:
		break;
	}
	return "computed";
}

static void
print_kind(const struct field *f)
{
	size_t i;

	fputs(kind_name(f), stdout);
	for (i = 0; f->choice && f->choice[i]; i++)
		printf("%s'%s'", i ? ", " : " ", f->choice[i]);
	if (f->preset)
		printf(", default %s", f->preset);
	if (f->flags & FIELD_REQUIRED)
		fputs(", required", stdout);
}

static void
print_fields(const struct type *type, int depth)
{
	const struct field *f;

	for (f = type->field; f->name; f++) {
		if ((f->flags & FIELD_DERIVED) ||
		    !strcmp(kind_name(f), "computed"))
			continue;
		printf("%*s%s: ", 4 * depth, "", f->name);
		print_kind(f);
		printf("\n%*s%s\n", 4 * depth + 4, "", f->doc);
		if (f->kind == KIND_STRUCT)
			print_fields(f->type, depth + 1);
	}
}

static const char *
merge_name(enum hiera_merge merge)
{
	switch (merge) {
	case MERGE_DEFAULT:
	case MERGE_FIRST:
		return "first";
	case MERGE_UNIQUE:
		return "unique";
	case MERGE_HASH:
		return "hash";
	case MERGE_DEEP:
		return "deep";
	}
	return "";
}

static bool
explain_key(const char *word)
{
	const struct key *key = key_named(str_of(word));
	const struct field *f;

	if (!key)
		return false;
	f = key_field(key);
	printf("# %s: %s\n\n", key->name, f->doc);
	fputs("Type: ", stdout);
	print_kind(f);
	printf("\nMerge: %s, unless lookup_options says otherwise\n"
	    "Scope: %s\n", merge_name(key->merge), key->fleet ?
	    "the whole fleet; every node must get one value" :
	    "each node by itself");
	if (f->type && f->type != &mapping_type && f->type->field->name) {
		fputs("\nFields:\n\n", stdout);
		print_fields(f->type, 1);
	}
	return true;
}

static void
list_keys(void)
{
	const struct key *key;

	for (key = keys; key->name; key++)
		printf("%-36s %s\n", key->name, key_field(key)->doc);
}

/* --- roles ------------------------------------------------------------- */

static void
print_texts(const char *title, const struct list *list)
{
	const struct text *text = list->item;
	size_t i;

	if (!list->n)
		return;
	printf("\n%s:\n\n", title);
	for (i = 0; i < list->n; i++)
		printf("    %s\n", text[i].s);
}

/* Words, in lines of at most 78 columns. */
static void
print_wrapped(struct text text)
{
	struct str rest = text_str(text);
	size_t column = 0;

	while (rest.len) {
		size_t word = str_find(rest, ' ');

		if (column && column + 1 + word > 78) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
			column++;
		}
		fwrite(rest.s, 1, word, stdout);
		column += word;
		word += word < rest.len;
		rest = (struct str){rest.s + word, rest.len - word};
	}
	putchar('\n');
}

static void
print_role(const struct role *role)
{
	const struct listener *listener = role->listeners.item;
	const struct egress *sends = role->sends.item;
	const struct artifact *artifact = role->artifacts.item;
	size_t i;

	printf("# role %s\n\n", role->name.s);
	print_wrapped(role->doc);
	printf("\nSelected by: %s%s\n", role->select.class.len ? "the class " :
	    role->select.independent ? "profile::postfix::independent: true" :
	    "no other role", role->select.class.s);
	if (role->listeners.n)
		fputs("\nListens:\n\n", stdout);
	for (i = 0; i < role->listeners.n; i++)
		printf("    %" PRId64 " (%s), TLS %s, for %s to %s "
		    "recipients\n", listener[i].port, listener[i].service.s,
		    listener[i].tls.s, listener[i].from.s,
		    listener[i].recipients.s);
	if (role->sends.n)
		fputs("\nSends:\n\n", stdout);
	for (i = 0; i < role->sends.n; i++)
		printf("    to %s, sender %s, TLS %s%s\n", sends[i].to.s,
		    sends[i].sender.s, sends[i].tls.s,
		    sends[i].dkim ? ", DKIM-signed" : "");
	print_texts("Needs the keys", &role->needs);
	print_texts("Needs the roles", &role->needs_roles);
	fputs("\nWrites:\n\n", stdout);
	for (i = 0; i < role->artifacts.n; i++)
		printf("    %s %s%s%s\n", artifact[i].mode.s,
		    artifact[i].path.s, artifact[i].when.len ? "  when " : "",
		    artifact[i].when.s);
	print_texts("Packages", &role->outside.packages);
	print_texts("Records to publish", &role->outside.dns);
}

static bool
explain_role(struct run *run, const char *word, bool list)
{
	struct roles roles;
	const struct role *role;
	size_t i;

	roles_read(&roles, &run->arena, &run->diag, "roles",
	    run_path(run, "roles"));
	for (i = 0; list && i < roles.n; i++)
		printf("%-12s %s\n", roles.role[i].name.s,
		    roles.role[i].doc.s);
	role = list ? NULL : roles_named(&roles, str_of(word));
	if (role)
		print_role(role);
	return list || role;
}

/* --- verbs and the verb ------------------------------------------------ */

static bool
explain_verb(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strcmp(pages[i].name, word)) {
			fputs(pages[i].text, stdout);
			return true;
		}
	return false;
}

static bool
explain_list(struct run *run, const char *word)
{
	const struct verb *v;

	if (!strcmp(word, "findings"))
		list_findings();
	else if (!strcmp(word, "keys"))
		list_keys();
	else if (!strcmp(word, "roles"))
		explain_role(run, word, true);
	else if (!strcmp(word, "verbs"))
		for (v = verbs; v->name; v++)
			printf("%-10s %s\n", v->name, v->summary);
	else
		return false;
	return true;
}

static void
report_unknown(struct run *run, const char *word)
{
	const char *name[FINDING_COUNT + 64];
	const char *near;
	const struct key *key;
	size_t n;

	for (n = 0; n < FINDING_COUNT; n++)
		name[n] = finding_kinds[n].name;
	for (key = keys; key->name && n < FINDING_COUNT + 64; key++)
		name[n++] = key->name;
	near = str_nearest(str_of(word), name, n);
	run_usage(run, "explain", "nothing is called '%s'%s%s%s", word,
	    near ? "; did you mean '" : "; see `mailc explain findings`, "
	    "keys, roles or verbs", near ? near : "", near ? "'?" : "");
}

int
cmd_explain(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS, {NULL, 0, NULL, 0}
	};
	const char *word;
	int option;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1)
		if (!run_option(run, option, optarg))
			return run_usage(run, "explain", NULL);
	if (optind + 1 != argc)
		return run_usage(run, "explain", "one word is expected");
	word = argv[optind];
	if (!explain_list(run, word) && !explain_finding(word) &&
	    !explain_key(word) && !explain_verb(word) &&
	    !explain_role(run, word, false)) {
		report_unknown(run, word);
		return EXIT_FAILED;
	}
	return run_finish(run, true);
}
