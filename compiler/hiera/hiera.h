/*
 * Hiera 5: which value wins for a node, and why. The answers are those of
 * `puppet lookup`; each carries the place that it came from.
 */
#ifndef HIERA_HIERA_H
#define HIERA_HIERA_H

#include "base/buf.h"
#include "diag/diag.h"
#include "tree/value.h"

struct hiera;
struct hiera_scope;

struct hiera_options {
	const char *environment;	/* directory that holds hiera.yaml */
	const char *environment_name;	/* %{environment}; NULL: "production" */
	const char *global_config;	/* --hiera_config, or NULL */
	const char *eyaml_private_key;	/* or NULL: ENC[...] stays as it is */
	const char *eyaml_public_key;
	bool strict;			/* the answers of Puppet 8 */
};

/*
 * Read hiera.yaml (and a global one). Never NULL: where the configuration
 * is broken that was reported, and every lookup answers HIERA_ERROR.
 */
struct hiera *hiera_open(struct arena *a, struct diag *d,
    const struct hiera_options *options);
void hiera_close(struct hiera *h);

/*
 * A scope for one node from its facts (a hash; Puppet's rules for trusted
 * are applied). The files of its hierarchy are read here, each file of the
 * run once; all of them even if an early one has every key, because Puppet
 * does so. hiera_scope_broken() tells that one of them does not parse.
 */
struct hiera_scope *hiera_scope(struct hiera *h, const struct value *facts);
bool hiera_scope_broken(const struct hiera_scope *scope);
/* The same with $trusted as a Puppet server would set it (NULL: offline). */
struct hiera_scope *hiera_scope_trusted(struct hiera *h,
    const struct value *facts, const struct value *trusted);

enum hiera_result {
	HIERA_FOUND,
	HIERA_NOT_FOUND,	/* nothing was reported */
	HIERA_ERROR,		/* reported */
};

enum hiera_merge {
	MERGE_DEFAULT,		/* what lookup_options says, else first */
	MERGE_FIRST,
	MERGE_UNIQUE,
	MERGE_HASH,
	MERGE_DEEP,
};

/*
 * Look key up. fallback is the merge used where neither the caller (merge)
 * nor lookup_options names one. The value is interpolated; its leaves keep
 * the places of the data files.
 */
enum hiera_result hiera_lookup(struct hiera *h, struct hiera_scope *scope,
    const char *key, enum hiera_merge fallback, struct value *v);

/*
 * How a lookup went, as a tree: hiera_ask() fills it where it is asked for.
 * All strings and values live in the arena.
 */
enum hiera_step_kind {
	STEP_LOOKUP,		/* text: the key */
	STEP_OPTIONS,		/* lookup_options name a strategy: text */
	STEP_LAYER,		/* text: "Environment layer" */
	STEP_LEVEL,		/* text: the name of a hierarchy level */
	STEP_LOCATION,		/* text: the path */
	STEP_MERGE,		/* text: the strategy */
	STEP_DEFAULT,		/* text: a module; default_hierarchy */
	STEP_DIG,		/* text: the whole dotted key */
	STEP_CONVERT,		/* text: the type */
};

enum hiera_step_result {
	STEP_OPEN,
	STEP_FOUND,
	STEP_NO_KEY,
	STEP_NO_FILE,
	STEP_NO_MODULE,
	STEP_FAILED,		/* a finding says why */
};

struct hiera_step {
	enum hiera_step_kind kind;
	enum hiera_step_result result;
	const char *text;
	struct value value;	/* where found */
	struct hiera_step *child, *last, *next;
};

/* A lookup with all that the command line can say. */
struct hiera_request {
	enum hiera_merge merge;		/* overrides lookup_options */
	enum hiera_merge fallback;
	const char *knockout_prefix;	/* with MERGE_DEEP; or NULL */
	bool sort_merged_arrays;
	bool merge_hash_arrays;
	bool explain;
	struct hiera_step *steps;	/* filled where explain is set */
};
enum hiera_result hiera_ask(struct hiera *h, struct hiera_scope *scope,
    const char *key, struct hiera_request *request, struct value *v);

/* Whether v has a type, in Puppet's words; reports what is not so. */
bool hiera_check_type(struct hiera *h, const char *type,
    const struct value *v);

/* Append the text that Ruby makes of a value (to_s, inspect inside it). */
void ruby_text(struct buf *b, const struct value *v);

/* Every data file read so far with its root hash, in order of reading. */
struct hiera_file {
	uint32_t source;
	struct value root;		/* VALUE_HASH, or VALUE_BAD */
};
const struct hiera_file *hiera_files(const struct hiera *h, size_t *n);

/*
 * The files among a scope's hierarchy that hold key, as the numbers of their
 * sources in order of priority; ends in 0. Two nodes with the same list get
 * the same value unless it interpolates (VALUE_TOKENS).
 */
const uint32_t *hiera_holders(struct hiera *h, struct hiera_scope *scope,
    const char *key);
/* The name of the hierarchy level that a source has in a scope, or NULL. */
const char *hiera_level(const struct hiera *h, const struct hiera_scope *scope,
    uint32_t source);

/* The datadirs of the environment layer, for finding files nobody reads. */
const char *const *hiera_datadirs(const struct hiera *h, size_t *n);

#endif
