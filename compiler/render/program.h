/*
 * Private to the templates: the three forms that one takes. Its bytes are
 * parsed into tags (once a file), the tags compiled into a program (once a
 * file and dialect), the program run for every node.
 */
#ifndef RENDER_PROGRAM_H
#define RENDER_PROGRAM_H

#include "base/map.h"
#include "render/dialect.h"
#include "render/template.h"

enum {
	TEMPLATE_LARGEST = 1024 * 1024,	/* bytes of a file */
	TEMPLATE_SLIPS = 100,		/* reported of one file */
	TEMPLATE_OPS = 100 * 1000,	/* of a program, partials included */
	TEMPLATE_INDENTED = 16 * 1024 * 1024,	/* bytes copied to indent */
	TEMPLATE_NESTING = 64,		/* sections and partials */
	TEMPLATE_STEPS = 16,		/* references in a name */
};

/* For "%.*s" where a hostile file could name something very long. */
#define STR_SHORT(str) (int)((str).len < 64 ? (str).len : 64), (str).s

enum tag_kind {
	TAG_TEXT,
	TAG_VALUE,
	TAG_SECTION,
	TAG_INVERTED,
	TAG_PARTIAL,
};

/* A piece of a template. Sections hold the tags up to .end. */
struct tag {
	enum tag_kind kind;
	bool opens_line;	/* what it writes begins a line */
	bool bad;		/* its name is none; reported */
	struct str text;	/* TEXT: the bytes; else the name */
	bool alone;		/* PARTIAL: nothing else on its line, */
	struct str indent;	/* but these blanks before it */
	const struct dialect *dialect;	/* VALUE: NULL is the artifact's */
	struct origin at;	/* of .text */
	size_t end;
};

struct template_file {
	const char *name;	/* below the directory */
	struct origin at;	/* source, line 0 */
	struct tag *tag;
	size_t ntag;
	const char *unreadable;	/* why, or NULL */
	bool broken;		/* its syntax; reported */
	bool used;		/* compiled somewhere */
	bool included;		/* a partial of another file */
	bool open;		/* being compiled: a partial of itself */
	struct template *first;	/* one a dialect */
};

/*
 * How a value is reached: from the object of a frame, through pointers.
 * step[0] is the first pointer's offset in that object, step[1] the next
 * one's in what it points to; offset is the value's in the last object.
 */
struct path {
	unsigned frame;
	unsigned nstep;
	const size_t *step;
	size_t offset;
};

enum op_kind {
	OP_TEXT,
	OP_VALUE,
	OP_IF,			/* the context stays */
	OP_WITH,		/* the object becomes the innermost frame */
	OP_LOOP,
	OP_FIRST,
	OP_LAST,
};

struct op {
	enum op_kind kind;
	bool negated;
	bool secret;
	enum field_kind value;	/* what path leads to */
	struct path path;
	struct str text;	/* TEXT: bytes; HAS: the name asked for */
	const struct field *field;	/* NULL: the item itself */
	const struct type *item;	/* LOOP */
	const struct dialect *dialect;
	struct origin at;
	unsigned frame;		/* WITH, LOOP: the one it fills */
	unsigned loop;		/* LOOP, FIRST, LAST: by depth */
	size_t end;		/* the first op behind the section */
};

struct template {
	struct template_file *file;
	struct str dialect;	/* as the role has it */
	struct op *op;
	size_t n;
	bool broken;		/* reported, */
	bool told;		/* and last to the role that */
	struct origin asked;	/* asked here */
	struct template *next;
};

/* A "when:" of a role. */
struct test {
	struct op op;
	bool negated;
	bool broken;
	struct origin asked;
};

struct templates {
	struct arena *arena;
	struct diag *diag;
	const char *path;
	const char *dir;
	const struct type *root;
	struct map files;	/* name -> template_file */
	struct map tests;	/* expression -> test */
};

/* A file on its way into a program. */
struct compiler {
	struct templates *t;
	const struct template_file *file;
	const struct dialect *dialect;
	struct op *op;
	size_t n, cap;
	const struct type *scope[TEMPLATE_NESTING + 1];	/* NULL: reported */
	unsigned nscope;
	unsigned nloop;
	unsigned nesting;
	unsigned entered;	/* sections and partials so far */
	struct str indent;	/* of the partial that is being compiled */
	size_t indented;
	unsigned slips;
	bool stopped;
};

/* What a name leads to. */
struct found {
	struct path path;
	size_t step[TEMPLATE_STEPS];
	const struct field *field;	/* NULL: {{.}} */
	enum field_kind kind;
	struct str rest;		/* HAS */
};

/* Report a slip of the template; after too many the compiler stops. */
void template_slip(struct compiler *c, enum finding_id id, struct origin at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * Follow a name from the innermost scope outwards. False: reported, here or
 * where the scope was opened.
 */
bool template_find(struct compiler *c, struct str name, struct origin at,
    struct found *found);

/* Split a file's bytes (kept) into its tags; false: reported. */
bool template_parse(struct template_file *file, struct str bytes,
    struct arena *a, struct diag *d);
/* A message that ends in the nearest dialect's name. */
void dialect_unknown(struct diag *d, struct origin at, struct str name);

/* The file of a name, read and parsed; its .unreadable may be set. */
struct template_file *templates_file(struct templates *t, struct str name);
/* Whether a name stays below the directory. */
bool template_name_ok(struct str name);

/* Compile a file for its root; sets op, n, broken. */
void template_compile(struct templates *t, struct template *program,
    const struct dialect *dialect);
/* Compile a lone name into an OP_IF; false: reported. */
bool template_compile_test(struct templates *t, struct str name,
    struct origin at, struct op *op);

/* Whether an OP_IF holds for a root object. */
bool template_holds(const struct op *op, const void *root);

#endif
