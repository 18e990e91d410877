/* What the files of compiler/hiera share; nobody else includes it. */
#ifndef HIERA_INSIDE_H
#define HIERA_INSIDE_H

#include "base/buf.h"
#include "base/map.h"
#include "hiera/hiera.h"

enum {
	CHAIN_LIMIT = 250,		/* lookups inside lookups */
	EXPANSION_LIMIT = 64 << 20,	/* bytes a lookup may make */
};

/* hiera.yaml, read and checked (config.c) */

enum backend {
	BACKEND_YAML,
	BACKEND_JSON,
	BACKEND_EYAML,
};

enum location_kind {
	LOCATION_NONE,
	LOCATION_PATHS,
	LOCATION_GLOBS,
	LOCATION_MAPPED,
};

struct hierarchy_level {
	struct text name;
	enum backend backend;
	enum location_kind kind;
	const struct value *location;	/* of strings; mapped: three */
	uint32_t nlocation;
	const char *datadir;		/* tokens not expanded */
	struct value options;		/* a hash, or VALUE_NULL */
	struct origin at;
};

struct hierarchy {
	struct hierarchy_level *level;
	uint32_t n;
};

enum layer {
	LAYER_GLOBAL,
	LAYER_ENVIRONMENT,
	LAYER_MODULE,
};
enum { LAYERS = 3 };

struct config {
	enum layer layer;
	const char *module;		/* its name, or NULL */
	const char *root;		/* directory, as opened */
	const char *shown;		/* the same in messages */
	uint32_t source;
	struct hierarchy hierarchy;
	struct hierarchy default_hierarchy;
	bool has_default;
	bool builtin;			/* no hiera.yaml: paths vanish */
	bool broken;			/* reported */
};

/*
 * The configuration in root, NULL where there is none. shown is root's name
 * in messages.
 */
struct config *config_read(struct hiera *h, enum layer layer,
    const char *module, const char *root, const char *shown,
    const char *name);

/* Data files, each read once a run (file.c) */

enum file_state {
	DATA_MISSING,
	DATA_BROKEN,
	DATA_READ,
};

struct data_file {
	enum file_state state;
	uint32_t source;		/* 0: missing */
	struct value root;		/* VALUE_HASH */
};

struct data_file *data_file(struct hiera *h, enum backend backend,
    const char *path, const char *file);

/* Variables (scope.c) */

struct hiera_scope {
	struct hiera *hiera;
	struct value facts;		/* as $facts shows them */
	struct value trusted;
	struct value empty;
	struct value environment;
	/* mapped_paths: a variable that hides all others of its name. */
	struct str local_name;
	const struct value *local;
	struct resolved *layer[2];	/* global and environment, or NULL */
	struct map modules;		/* name -> struct module_scope */
	const struct options *options;	/* of keys without a module */
	struct value all_options;	/* the same, merged; or null */
	bool broken;
	struct hiera_scope *next;	/* all of a run: for releasing */
};

/* lookup_options of both layers, merged and compiled (options.c). */
void scope_read_options(struct hiera_scope *scope);

/* The variable of a name, or NULL; a leading :: does not count. */
const struct value *scope_variable(const struct hiera_scope *scope,
    struct str name);

/* A hierarchy as one node sees it (locate.c) */

struct location {
	const char *shown;
	struct data_file *file;
};

struct resolved_level {
	const struct hierarchy_level *level;
	struct location *location;
	uint32_t n;
	struct value options;		/* interpolated */
};

struct resolved {
	const struct config *config;
	struct resolved_level *level;
	uint32_t n;
	struct resolved_level *fallback; /* default_hierarchy */
	uint32_t nfallback;
	bool broken;
	bool fallback_broken;
};

struct module_scope {
	struct resolved *layer;		/* NULL: no module, no data */
	const struct options *options;
	bool broken;
};

struct resolved *config_resolve(struct hiera_scope *scope,
    const struct config *config);

/*
 * Names below dir that match a pattern, in Ruby's order; directories are
 * left out (glob.c). An array from the arena that ends in NULL.
 */
const char **glob_expand(struct arena *a, const char *pattern);

/* Keys (key.c) */

struct segment {
	bool is_number;
	struct value key;		/* STRING or INT */
};

struct key {
	struct str text;		/* as written */
	struct segment *segment;	/* the first is the root */
	uint32_t n;
	struct str module;		/* empty: none */
};

/* Split text; false: Ruby's "Syntax error". */
bool key_split(struct arena *a, struct str text, struct key *key);
struct str key_root(const struct key *key);

/* One lookup under way (lookup.c) */

struct lookup;

/* A step inside the open one; it is open until step_close(). */
struct hiera_step *step_open(struct lookup *l, enum hiera_step_kind kind,
    const char *text);
void step_close(struct lookup *l, struct hiera_step *outer,
    enum hiera_step_result result, const struct value *v);
/* What a result is called in a step. */
enum hiera_step_result step_result(enum hiera_result result);

/* The keys whose lookup led here. */
struct chain {
	struct str name;
	bool variable;			/* "scope:" stands before it */
	unsigned depth;
	const struct chain *up;
};

enum strategy_kind {
	STRATEGY_FIRST,
	STRATEGY_UNIQUE,
	STRATEGY_HASH,
	STRATEGY_DEEP,
	STRATEGY_REVERSE_DEEP,
};

struct strategy {
	enum strategy_kind kind;
	struct str knockout;		/* s NULL: none */
	bool sort;
	bool merge_hash_arrays;
	struct origin at;
};

struct lookup {
	struct hiera *hiera;
	struct hiera_scope *scope;
	struct hiera_step *step;	/* the open one; NULL: none is asked */
	size_t budget;			/* bytes that may still be made */
	bool in_options;		/* lookup_options: no lookups inside */
	bool methods;			/* lookup() and others allowed */
	bool ignore_merge;		/* the caller names the strategy */
	struct strategy strategy;	/* of the first key */
};

/* Dig the segments behind the root into v. */
enum hiera_result key_dig(struct lookup *l, const struct key *key,
    struct origin at, struct value *v);

/* A lookup inside another: every layer, options, conversion. */
enum hiera_result lookup_key(struct lookup *l, struct str key,
    const struct chain *up, struct origin at, struct value *v);

/* Whether name stands in the chain; reports the recursion. */
bool chain_has(struct lookup *l, const struct chain *chain, struct str name,
    bool variable, struct origin at);

/* Interpolate v in place; false: reported (interpolate.c). */
bool interpolate(struct lookup *l, const struct chain *chain,
    struct value *v);
/* The value of a variable expression; VALUE_NULL where there is none. */
bool interpolate_variable(struct lookup *l, struct str expression,
    const struct value *subject, struct value *v);

/* Merging (merge.c, deep.c) */

struct fold {
	struct lookup *lookup;
	const struct strategy *strategy;
	size_t variants;		/* that may contribute */
	size_t merged;			/* found so far */
	bool failed;
	struct value value;
	struct origin at;
	struct value *item;		/* unique: items; hash: hashes */
	size_t n, cap;
};

void fold_init(struct fold *f, struct lookup *l, const struct strategy *s,
    size_t variants);
/* Another found value; false: reported. */
bool fold_add(struct fold *f, const struct value *v);
/* Whether nothing below can matter any more. */
bool fold_done(const struct fold *f);
enum hiera_result fold_end(struct fold *f, struct value *v);

/* The list without repetitions. */
struct value list_unique(struct arena *a, const struct value *list);

/* Whether a value is Puppet's Data, at any depth. */
bool is_data(const struct value *v);
/* n hashes in one, from the highest priority down; the lowest is first. */
struct value hash_sum(struct arena *a, const struct value *all, size_t n);

/* deep_merge!(source -> copy of dest); false: reported. */
bool deep_merge(struct lookup *l, const struct strategy *s,
    const struct value *source, const struct value *dest, struct value *v);

/* A strategy by its name; false: unknown. */
bool strategy_named(struct str name, struct strategy *s);

/* lookup_options (options.c) */

struct options;

/* Compile a merged hash (VALUE_NULL: none); NULL: reported. */
const struct options *options_compile(struct hiera *h,
    const struct value *all);
/* Their own names: those of a module must begin with it. */
bool options_check_module(struct hiera *h, const struct value *all,
    const char *module);

struct key_options {
	bool has_merge;
	struct strategy merge;
	const struct value *convert_to;	/* or NULL */
};

/* What is set for a root key; false: reported. */
bool options_for(struct lookup *l, const struct options *options,
    const struct key *key, struct key_options *found);

/* Look a root key up in one layer (lookup.c). */
enum hiera_result layer_lookup(struct lookup *l, const struct resolved *layer,
    bool fallback, const struct key *key, const struct strategy *strategy,
    const struct chain *chain, struct value *v);
/* lookup_options of one layer, or of its default_hierarchy. */
bool layer_options(struct lookup *l, const struct resolved *layer,
    bool fallback, struct value *v);
/* Hash merge of two, each of which may be null. */
bool options_merge(struct lookup *l, const struct value *over,
    const struct value *under, struct value *v);
/* A module as a scope sees it; made at the first question (module.c). */
struct module_scope *scope_module(struct hiera_scope *scope,
    struct str name);

/* convert_to (convert.c); false: reported. */
bool convert_value(struct lookup *l, struct str key,
    const struct value *convert_to, struct value *v);

/* Regular expressions with Ruby's meaning of ^ and $ (regex.c) */

struct regex;
/* Compiled once a run; NULL: reported at the place of the pattern. */
const struct regex *regex_compile(struct hiera *h, struct str pattern,
    struct origin at);
/* Where it matches first, from offset on. */
bool regex_match(const struct regex *regex, struct str subject, size_t from,
    size_t *start, size_t *end);
void regex_free(struct regex *regex);

/* ENC[...] (eyaml.c) */

struct eyaml;
struct eyaml *eyaml_open(struct hiera *h);
void eyaml_close(struct eyaml *eyaml);
/* Decrypt the strings in v; what cannot be stays, flagged. */
bool eyaml_decrypt(struct lookup *l, struct value *v);

struct hiera {
	struct arena *arena;
	struct diag *diag;
	struct hiera_options options;
	struct config *layer[2];	/* global and environment, or NULL */
	struct map modules;		/* name -> struct config, or none */
	const char **modulepath;
	struct map files;		/* file -> struct data_file */
	struct hiera_file *file;	/* those that were read */
	size_t nfile, file_cap;
	struct map regexes;		/* pattern -> struct regex */
	struct map keys;		/* key text -> struct key */
	struct eyaml *eyaml;
	const char **datadir;
	size_t ndatadir;
	struct hiera_scope *scopes;
	const struct options *last_options;
	bool broken;
};

/* The module of a name with its configuration, or NULL. */
struct config *hiera_module(struct hiera *h, struct str name);

#endif
