/*
 * Ask the simulator's tables what the run script asks Postfix.
 *
 * ask [-0] [-l LDIF] [-p NAME=VALUE]... get SPEC < keys
 *	a line (or, with -0, a string) a key: "=value", "-" (not there),
 *	"!why" (try again), "?why"
 * ask ... match KIND PARENTS LIST < lines "name" or "name address"
 * ask ... find KEYS PARENTS LIST < addresses
 * ask ... map PROPAGATE LIST < addresses
 * ask ... rewrite|quote|unquote < addresses
 * ask ... srs forward|reverse < addresses
 */
#include "base/buf.h"
#include "base/file.h"
#include "postfix/lookup.h"
#include "postfix/srs.h"
#include "tree/ldif.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct ask {
	struct arena arena;
	struct table_world world;
	struct tables *tables;
	struct str parameter[64];
	size_t nparameter;
	struct address_rules rules;
};

static bool
read_file(void *self, struct str path, struct table_source *source)
{
	struct ask *ask = self;
	struct buf b;
	enum file_error error;

	buf_init(&b);
	error = file_read(arena_strndup(&ask->arena, path.s, path.len),
	    1u << 30, &b);
	source->text = (struct str){arena_strndup(&ask->arena, b.s, b.len),
	    b.len};
	source->owner = source;
	buf_release(&b);
	return error == FILE_OK;
}

static bool
parameter(void *self, struct str name, struct str *value)
{
	struct ask *ask = self;
	size_t i;

	for (i = 0; i < ask->nparameter; i++) {
		struct str one = ask->parameter[i];
		size_t equal = str_find(one, '=');

		if (str_eq((struct str){one.s, equal}, name)) {
			*value = (struct str){one.s + equal + 1,
			    one.len - equal - 1};
			return true;
		}
	}
	return false;
}

static struct str
setting(struct ask *ask, const char *name)
{
	struct str value = {"", 0};

	parameter(ask, str_of(name), &value);
	return value;
}

static char end = '\n';	/* of an answer */

static void
answer(enum table_result result, const struct table_answer *answer)
{
	const char *why = answer->why ? answer->why : "";

	if (result == TABLE_FOUND)
		printf("=%.*s", STR_ARG(answer->value));
	else if (result == TABLE_NONE)
		putchar('-');
	else
		printf("%c%s", result == TABLE_RETRY ? '!' : '?', why);
	putchar(end);
}

static enum match_kind
match_kind(const char *name)
{
	return !strcmp(name, "strings") ? MATCH_STRINGS :
	    !strcmp(name, "domains") ? MATCH_DOMAINS : MATCH_CLIENTS;
}

static enum address_keys
address_keys(const char *name)
{
	return !strcmp(name, "default") ? ADDRESS_DEFAULT :
	    !strcmp(name, "transport") ? ADDRESS_TRANSPORT : ADDRESS_ACCESS;
}

static void
print_map(struct ask *ask, const struct maps *maps, struct str line,
    bool propagate)
{
	struct lookup lookup;
	struct address_list list;
	size_t i;

	if (!address_map(maps, line, propagate, &ask->rules, &ask->arena,
	    &lookup, &list)) {
		answer(lookup.result, &lookup.answer);
		return;
	}
	for (i = 0; i < list.n; i++)
		printf("%s<%.*s>", i ? " " : "=", STR_ARG(list.address[i]));
	putchar('\n');
}

static void
print_find(struct ask *ask, const struct maps *maps, struct str line,
    char **word, struct arena *a)
{
	struct lookup lookup;

	if (address_find(maps, line, address_keys(word[1]),
	    word[2][0] == '1', &ask->rules, a, &lookup))
		printf("=%.*s|%.*s\n", STR_ARG(lookup.answer.value),
		    STR_ARG(lookup.extension));
	else
		answer(lookup.result, &lookup.answer);
}

static void
print_match(struct match_list *list, struct str line, struct arena *a)
{
	size_t blank = str_find(line, ' ');
	struct str address = {line.s + blank, 0};
	struct lookup lookup;

	if (blank < line.len)
		address = (struct str){line.s + blank + 1,
		    line.len - blank - 1};
	match_list_has(list, (struct str){line.s, blank}, address, a,
	    &lookup);
	lookup.answer.value = STR("yes");
	answer(lookup.result, &lookup.answer);
}

static unsigned
number(struct ask *ask, const char *name, unsigned preset)
{
	struct str value = setting(ask, name);

	return value.len ? (unsigned)atoi(value.s) : preset;
}

/* The parts of a setting, with a separator between. */
static struct str *
parts(struct ask *ask, const char *name, char separator, size_t *n)
{
	struct str rest = setting(ask, name);
	struct str *part = ARENA_ARRAY(&ask->arena, struct str, rest.len + 1);

	for (*n = 0; rest.len; ++*n) {
		size_t end = str_find(rest, separator);

		part[*n] = (struct str){rest.s, end};
		end += end < rest.len;
		rest = (struct str){rest.s + end, rest.len - end};
	}
	return part;
}

static void
run_srs(struct ask *ask, const char *verb)
{
	struct srs_rules rules = {
		.domain = setting(ask, "domain"),
		.separator = setting(ask, "separator").s[0],
		.hash_length = number(ask, "length", 4),
		.hash_minimum = number(ask, "minimum", 4),
		.always_rewrite = setting(ask, "always").len,
		.today = (unsigned)(time(NULL) / 86400),
	};
	struct str out;
	const char *why;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	rules.exclude = parts(ask, "exclude", ',', &rules.nexclude);
	rules.secret = parts(ask, "secrets", '\n', &rules.nsecret);
	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct str s = {line, (size_t)len - (line[len - 1] == '\n')};
		enum srs_result result = !strcmp(verb, "forward") ?
		    srs_forward(&rules, s, &ask->arena, &out, &why) :
		    srs_reverse(&rules, s, &ask->arena, &out, &why);

		if (result == SRS_REWRITTEN)
			printf("=%.*s\n", STR_ARG(out));
		else
			printf("%c%s\n", result == SRS_UNCHANGED ? '-' :
			    result == SRS_REFUSED ? '!' : '?', why);
	}
	free(line);
}

static void
run(struct ask *ask, char **word)
{
	struct table *table = NULL;
	struct match_list *list = NULL;
	struct maps maps = {0};
	struct table_answer got;
	struct arena a;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!strcmp(word[0], "get"))
		table = table_open(ask->tables, str_of(word[1]));
	else if (!strcmp(word[0], "match"))
		list = match_list_open(ask->tables, &ask->arena,
		    match_kind(word[1]), word[2][0] == '1', str_of(word[3]));
	else if (!strcmp(word[0], "find"))
		maps_open(&maps, ask->tables, str_of(word[3]));
	else if (!strcmp(word[0], "map"))
		maps_open(&maps, ask->tables, str_of(word[2]));
	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct str s = {line, (size_t)len - (line[len - 1] == '\n')};

		arena_init(&a);
		if (table) {
			enum table_result result = table_get(table, s, &a,
			    &got);

			answer(result, &got);
		} else if (list) {
			print_match(list, s, &a);
		} else if (!strcmp(word[0], "find")) {
			print_find(ask, &maps, s, word, &a);
		} else if (!strcmp(word[0], "map")) {
			print_map(ask, &maps, s, word[1][0] == '1');
		} else {
			s = !strcmp(word[0], "quote") ? address_quote(s, &a) :
			    !strcmp(word[0], "unquote") ?
			    address_unquote(s, &a) :
			    address_rewrite(&ask->rules, s, &a);
			printf("=%.*s\n", STR_ARG(s));
		}
		arena_release(&a);
	}
	free(line);
}

static void
read_rules(struct ask *ask)
{
	struct address_rules *rules = &ask->rules;

	rules->delimiter = setting(ask, "recipient_delimiter");
	rules->origin = setting(ask, "myorigin");
	rules->domain = setting(ask, "mydomain");
	rules->hostname = setting(ask, "myhostname");
	rules->interfaces = setting(ask, "inet_interfaces");
	rules->append_at_myorigin = true;
	rules->owners = !str_eq(setting(ask, "owner_request_special"),
	    STR("no"));
	rules->append_dot_mydomain = str_eq(setting(ask,
	    "append_dot_mydomain"), STR("yes"));
	rules->swap_bangpath = !str_eq(setting(ask, "swap_bangpath"),
	    STR("no"));
	rules->percent_hack = !str_eq(setting(ask, "allow_percent_hack"),
	    STR("no"));
	rules->destination = match_list_open(ask->tables, &ask->arena,
	    MATCH_STRINGS, false, setting(ask, "mydestination"));
}

int
main(int argc, char **argv)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	struct sources sources;
	struct diag diag;
	struct ldif ldif;
	int option;

	arena_init(&ask->arena);
	sources_init(&sources, &ask->arena);
	diag_init(&diag, &ask->arena, &sources);
	ask->world = (struct table_world){
		.self = ask,
		.file = read_file,
		.parameter = parameter,
	};
	while ((option = getopt(argc, argv, "+0l:p:")) != -1) {
		if (option == 'p' && ask->nparameter < 64) {
			ask->parameter[ask->nparameter++] = str_of(optarg);
		} else if (option == '0') {
			end = '\0';
		} else if (option == 'l' && ldif_read(&ask->arena, &diag,
		    optarg, optarg, &ldif) == TREE_OK) {
			ask->world.directory = &ldif;
		} else {
			return 64;
		}
	}
	if (optind == argc)
		return 64;
	ask->tables = tables_new(&ask->arena, &ask->world);
	read_rules(ask);
	if (!strcmp(argv[optind], "srs"))
		run_srs(ask, argv[optind + 1]);
	else
		run(ask, argv + optind);
	tables_free(ask->tables);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&ask->arena);
	free(ask);
	return 0;
}
