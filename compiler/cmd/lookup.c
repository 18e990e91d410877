/*
 * `mailc lookup`: the options, the output and the exit status are those of
 * `puppet lookup`; what went wrong is said on stderr, where Puppet is mute.
 */
#include "cmd/lookup.h"

#include "base/file.h"
#include "tree/json.h"
#include "tree/yaml.h"

#include <getopt.h>
#include <sys/stat.h>

enum {
	OPT_NODE = OPT_VERB,
	OPT_FACTS,
	OPT_TRUSTED,
	OPT_HIERA_CONFIG,
	OPT_ENVIRONMENT_NAME,
	OPT_MERGE,
	OPT_KNOCK_OUT_PREFIX,
	OPT_SORT_MERGED_ARRAYS,
	OPT_MERGE_HASH_ARRAYS,
	OPT_DEFAULT,
	OPT_TYPE,
	OPT_EXPLAIN,
	OPT_RENDER_AS,
	OPT_STRICT,
	OPT_EACH,
	OPT_PRIVATE_KEY,
	OPT_PUBLIC_KEY,
};

struct question {
	struct run *run;
	const char *node, *facts, *trusted;
	const char *otherwise;		/* --default, or NULL */
	const char *type;		/* or NULL */
	const char *render_as;
	bool explain, each;
	struct hiera_options options;
	struct hiera_request request;
	struct hiera *hiera;
	struct hiera_scope *scope;
};

static bool
set_merge(struct question *q, const char *name)
{
	static const struct {
		const char *name;
		enum hiera_merge merge;
	} merges[] = {
		{"first", MERGE_FIRST}, {"unique", MERGE_UNIQUE},
		{"hash", MERGE_HASH}, {"deep", MERGE_DEEP},
	};
	size_t i;

	for (i = 0; i < sizeof(merges) / sizeof(merges[0]); i++)
		if (!strcmp(name, merges[i].name)) {
			q->request.merge = merges[i].merge;
			return true;
		}
	fprintf(stderr, "mailc: --merge '%s': it can be first, unique, hash "
	    "or deep\n", name);
	return false;
}

static bool
set_render_as(struct question *q, const char *name)
{
	q->render_as = name;
	if (!strcmp(name, "json") || !strcmp(name, "yaml") ||
	    !strcmp(name, "s"))
		return true;
	fprintf(stderr, "mailc: --render-as '%s': it can be json, yaml or "
	    "s\n", name);
	return false;
}

static bool
set_option(struct question *q, int option, const char *argument)
{
	switch (option) {
	case OPT_NODE:
		q->node = argument;
		return true;
	case OPT_FACTS:
		q->facts = argument;
		return true;
	case OPT_TRUSTED:
		q->trusted = argument;
		return true;
	case OPT_HIERA_CONFIG:
		q->options.global_config = argument;
		return true;
	case OPT_ENVIRONMENT_NAME:
		q->options.environment_name = argument;
		return true;
	case OPT_MERGE:
		return set_merge(q, argument);
	case OPT_KNOCK_OUT_PREFIX:
		q->request.knockout_prefix = argument;
		return true;
	case OPT_SORT_MERGED_ARRAYS:
		q->request.sort_merged_arrays = true;
		return true;
	case OPT_MERGE_HASH_ARRAYS:
		q->request.merge_hash_arrays = true;
		return true;
	case OPT_DEFAULT:
		q->otherwise = argument;
		return true;
	case OPT_TYPE:
		q->type = argument;
		return true;
	case OPT_EXPLAIN:
		q->explain = true;
		return true;
	case OPT_RENDER_AS:
		return set_render_as(q, argument);
	case OPT_STRICT:
		q->options.strict = true;
		return true;
	case OPT_EACH:
		q->each = true;
		return true;
	case OPT_PRIVATE_KEY:
		q->options.eyaml_private_key = argument;
		return true;
	case OPT_PUBLIC_KEY:
		q->options.eyaml_public_key = argument;
		return true;
	default:
		return run_option(q->run, option, argument);
	}
}

static bool
read_options(struct question *q, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"node", required_argument, NULL, OPT_NODE},
		{"facts", required_argument, NULL, OPT_FACTS},
		{"trusted", required_argument, NULL, OPT_TRUSTED},
		{"hiera_config", required_argument, NULL, OPT_HIERA_CONFIG},
		{"environment-name", required_argument, NULL,
		    OPT_ENVIRONMENT_NAME},
		{"merge", required_argument, NULL, OPT_MERGE},
		{"knock-out-prefix", required_argument, NULL,
		    OPT_KNOCK_OUT_PREFIX},
		{"sort-merged-arrays", no_argument, NULL,
		    OPT_SORT_MERGED_ARRAYS},
		{"merge-hash-arrays", no_argument, NULL,
		    OPT_MERGE_HASH_ARRAYS},
		{"default", required_argument, NULL, OPT_DEFAULT},
		{"type", required_argument, NULL, OPT_TYPE},
		{"explain", no_argument, NULL, OPT_EXPLAIN},
		{"render-as", required_argument, NULL, OPT_RENDER_AS},
		{"strict", no_argument, NULL, OPT_STRICT},
		{"each", no_argument, NULL, OPT_EACH},
		{"eyaml-private-key", required_argument, NULL,
		    OPT_PRIVATE_KEY},
		{"eyaml-public-key", required_argument, NULL, OPT_PUBLIC_KEY},
		{NULL, 0, NULL, 0}
	};
	int option;

	/* Without the leading "+": puppet takes options behind keys. */
	while ((option = getopt_long(argc, argv, &RUN_SHORT_OPTIONS[1],
	    options, NULL)) != -1)
		if (!set_option(q, option, optarg))
			return false;
	return true;
}

/* One of data/facts/NODE.{yaml,yml,json}. */
static const char *
facts_of_node(struct question *q)
{
	static const char *const suffix[] = {"yaml", "yml", "json"};
	struct run *run = q->run;
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		char *path = run_path(run, arena_printf(&run->arena,
		    "data/facts/%s.%s", q->node, suffix[i]));

		if (!stat(path, &st))
			return path;
	}
	return NULL;
}

/* As Puppet: .json is JSON, .yaml and .yml are YAML, others are tried. */
static enum tree_result
read_any(struct question *q, const char *file, struct value *v)
{
	struct run *run = q->run;
	struct str name = str_of(file);

	if (str_ends(name, STR(".json")))
		return json_read(&run->arena, &run->diag, file, file, v);
	return yaml_read(&run->arena, &run->diag, file, file, YAML_FACTS, v);
}

static bool
check_facts(struct question *q, const struct value *facts)
{
	static const char *const four[] = {
		"hostname", "domain", "fqdn", "clientcert",
	};
	unsigned n = 0;
	size_t i;

	if (facts->kind == VALUE_BAD)
		return false;
	if (facts->kind != VALUE_HASH || !facts->len) {
		diag_add(&q->run->diag, FINDING_HIERA_FACTS,
		    value_origin(facts), "a facts file must hold a hash that "
		    "is not empty");
		return false;
	}
	for (i = 0; i < 4; i++)
		n += value_get(facts, str_of(four[i])) != NULL;
	if (!q->facts || n == 0 || n == 4)
		return true;
	diag_add(&q->run->diag, FINDING_HIERA_FACTS, value_origin(facts),
	    "of the facts hostname, domain, fqdn and clientcert give all or "
	    "none");
	return false;
}

static bool
read_file(struct question *q, const char *file, struct value *v)
{
	if (read_any(q, file, v) != TREE_MISSING)
		return true;
	diag_add(&q->run->diag, FINDING_FILE_UNREADABLE,
	    (struct origin){sources_add(&q->run->sources, file, file), 0, 0},
	    "the file does not exist");
	return false;
}

static bool
open_scope(struct question *q)
{
	struct run *run = q->run;
	const char *file = q->facts ? q->facts : facts_of_node(q);
	struct value facts, trusted;

	q->options.environment = run->environment;
	q->hiera = hiera_open(&run->arena, &run->diag, &q->options);
	if (!file) {
		diag_add(&run->diag, FINDING_HIERA_FACTS, ORIGIN_NONE,
		    "there is no data/facts/%s.yaml and no --facts",
		    q->node);
		return false;
	}
	if (!read_file(q, file, &facts) || !check_facts(q, &facts))
		return false;
	if (q->trusted && (!read_file(q, q->trusted, &trusted) ||
	    trusted.kind != VALUE_HASH)) {
		diag_add(&run->diag, FINDING_HIERA_FACTS,
		    value_origin(&trusted), "--trusted wants a hash");
		return false;
	}
	q->scope = hiera_scope_trusted(q->hiera, &facts,
	    q->trusted ? &trusted : NULL);
	return true;
}

static bool
render(struct question *q, struct buf *b, const struct value *v)
{
	bool ok = true;

	if (!strcmp(q->render_as, "json")) {
		ok = render_json(b, v);
		buf_addch(b, '\n');
	} else if (!strcmp(q->render_as, "yaml")) {
		ok = render_yaml(b, v);
	} else {
		ruby_text(b, v);
		if (!b->len || b->s[b->len - 1] != '\n')
			buf_addch(b, '\n');
	}
	if (!ok) {
		diag_add(&q->run->diag, FINDING_HIERA_VALUE, value_origin(v),
		    "%s cannot show this value", q->render_as);
		buf_clear(b);
	}
	return ok;
}

/* Puppet goes to the next key where one is not found, but not past errors. */
static enum hiera_result
ask_all(struct question *q, char **key, struct buf *b, struct value *v)
{
	enum hiera_result result = HIERA_NOT_FOUND;

	for (; *key && result == HIERA_NOT_FOUND; key++) {
		result = hiera_ask(q->hiera, q->scope, *key, &q->request, v);
		if (q->explain && !strcmp(q->render_as, "s"))
			explain_text(b, &q->run->sources, q->request.steps);
		else if (q->explain)
			explain_json(b, &q->run->sources, q->request.steps);
	}
	if (result == HIERA_NOT_FOUND && q->otherwise) {
		*v = value_string(&q->run->arena, str_of(q->otherwise),
		    ORIGIN_NONE);
		result = HIERA_FOUND;
	}
	if (result == HIERA_FOUND && q->type)
		result = hiera_check_type(q->hiera, q->type, v) ?
		    HIERA_FOUND : HIERA_ERROR;
	return result;
}

/* --each: a line of JSON for every key. */
static enum hiera_result
ask_each(struct question *q, char **key, struct buf *b)
{
	static const char *const name[] = {"found", "not found", "error"};
	enum hiera_result worst = HIERA_FOUND;
	struct buf one = BUF_INIT;
	struct value v;

	for (; *key; key++) {
		char *this_key[] = {*key, NULL};
		enum hiera_result result = ask_all(q, this_key, b, &v);
		struct value text = value_string(&q->run->arena,
		    str_of(*key), ORIGIN_NONE);

		buf_clear(&one);
		if (result == HIERA_FOUND && !render_json(&one, &v))
			result = HIERA_ERROR;
		buf_addstr(b, "{\"key\":");
		render_json(b, &text);
		buf_printf(b, ",\"result\":\"%s\"", name[result]);
		if (result == HIERA_FOUND) {
			buf_addstr(b, ",\"value\":");
			buf_add(b, one.s, one.len);
		}
		buf_addstr(b, "}\n");
		if (result > worst)
			worst = result;
	}
	buf_release(&one);
	return worst;
}

static enum hiera_result
answer(struct question *q, char **key, struct buf *b)
{
	enum hiera_result result;
	struct value v;

	if (!open_scope(q))
		return HIERA_ERROR;
	if (q->each)
		return ask_each(q, key, b);
	result = ask_all(q, key, b, &v);
	if (q->explain)
		return result == HIERA_ERROR ? result : HIERA_FOUND;
	if (result == HIERA_FOUND)
		return render(q, b, &v) ? HIERA_FOUND : HIERA_ERROR;
	if (result == HIERA_NOT_FOUND && !q->run->quiet)
		fprintf(stderr, "mailc: no value for '%s'%s\n", key[0],
		    key[1] ? " and the other keys" : "");
	return result;
}

/* Found by Puppet, so found here; it stays a mistake elsewhere. */
static void
soften(struct diag *d, enum finding_id id)
{
	d->lint[id] = (struct lint){.set = true, .level = LEVEL_WARNING,
	    .used = 1};
}

int
cmd_lookup(struct run *run, int argc, char **argv)
{
	struct question q = {.run = run};
	struct buf b = BUF_INIT;
	enum hiera_result result;
	int status;

	if (!read_options(&q, argc, argv))
		return run_usage(run, "lookup", NULL);
	if (optind == argc)
		return run_usage(run, "lookup", "no keys were given");
	if (!q.node && !q.facts)
		return run_usage(run, "lookup", "--node or --facts is wanted");
	if (q.request.merge != MERGE_DEEP && (q.request.knockout_prefix ||
	    q.request.sort_merged_arrays || q.request.merge_hash_arrays))
		return run_usage(run, "lookup", "--knock-out-prefix, "
		    "--sort-merged-arrays and --merge-hash-arrays go with "
		    "--merge deep");
	if (!q.render_as)
		q.render_as = q.explain ? "s" : "yaml";
	q.request.explain = q.explain;
	soften(&run->diag, FINDING_YAML_DUPLICATE_KEY);
	result = answer(&q, argv + optind, &b);
	if (q.hiera)
		hiera_close(q.hiera);
	status = run_finish(run, true);
	fwrite(b.s, 1, b.len, stdout);
	buf_release(&b);
	if (fflush(stdout) || ferror(stdout))
		return EXIT_FAILED;
	return result == HIERA_FOUND ? status : EXIT_FAILED;
}
