/* The parts of the YAML reader: private to compiler/tree/yaml*.c. */
#ifndef TREE_YAML_READER_H
#define TREE_YAML_READER_H

#include "base/map.h"
#include "tree/yaml.h"
#include "tree/yaml_input.h"

enum {
	DEPTH_LIMIT = 1000,
	EXPANSION_LIMIT = 10000000,
	FINDINGS_A_FILE = 1000,
};

/* Flags that never leave the reader. */
enum {
	FLAG_MERGE = 0x80,	/* on a key: it is << */
	FLAG_ALIAS = 0x40,	/* on a value: it was written as *name */
};

/* What an anchor stands for, from its node's start on. */
struct anchor {
	struct value value;
	uint64_t size;		/* nodes, all aliases expanded */
	uint32_t height;	/* of nested collections */
	bool open;		/* its collection has not ended */
};

/* A collection that has begun. */
struct frame {
	struct value value;	/* its kind and place */
	size_t base;		/* of its children on the stack */
	struct anchor *anchor;
	uint64_t size;
	uint32_t height;
	bool merges;		/* a key of it is << */
	bool omap;		/* !!omap over a list */
};

struct yaml_reader {
	struct arena *arena;
	struct diag *diag;
	uint32_t source;
	enum yaml_dialect dialect;
	yaml_parser_t parser;
	struct yaml_input input;
	struct value *stack;	/* finished children of open collections */
	size_t top, cap;
	struct frame *frame;
	size_t depth, frame_cap;
	struct map anchors;	/* name -> struct anchor ** */
	uint64_t expanded;	/* values that aliases stand for */
	struct value root;
	unsigned said;		/* findings that do not end the reading */
	bool broken;		/* Puppet would refuse the file */
	bool done;
};

struct origin yaml_place(struct yaml_reader *r, const yaml_mark_t *mark);

/* A scalar event as a value, its text copied. */
struct value yaml_scalar(struct yaml_reader *r, const yaml_event_t *event,
    bool is_key);
/* A finding unless the file had its share; false: it had. */
bool yaml_may_say(struct yaml_reader *r);

/*
 * The n pairs in hash, as they stood in the file, become a value: a key that
 * stands twice keeps its first place and its last value, << is applied
 * where it stands.
 */
struct value yaml_hash(struct yaml_reader *r, struct hash *hash, size_t n,
    const struct frame *frame);

/* Whether Psych, as Puppet calls it, refuses a tag on a collection. */
bool yaml_tag_refused(const char *tag, bool is_hash);

#endif
