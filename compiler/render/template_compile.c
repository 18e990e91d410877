/*
 * Tags become a program: every name is looked up here, so that rendering
 * follows offsets and never compares a string. A section over a list, a
 * reference or a struct opens a scope. A partial is compiled in the scope
 * that includes it. After a name that does not exist, what depends on it
 * reports nothing.
 */
#include "render/program.h"

#include "base/die.h"

#include <stdlib.h>

static struct op *
add_op(struct compiler *c, enum op_kind kind, struct origin at)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 32;
		c->op = xrealloc(c->op, mul_or_die(c->cap, sizeof(*c->op)));
	}
	if (c->n == TEMPLATE_OPS && !c->stopped) {
		template_slip(c, FINDING_TEMPLATE_SYNTAX, at,
		    "the template with its partials is too long");
		c->stopped = true;
	}
	c->op[c->n] = (struct op){.kind = kind, .at = at, .end = c->n + 1};
	return &c->op[c->n++];
}

static void
set_found(struct compiler *c, struct op *op, const struct found *found)
{
	const struct field *f = found->field;
	size_t n = found->path.nstep;

	op->path = found->path;
	if (n) {
		size_t *step = ARENA_ARRAY(c->t->arena, size_t, n);

		memcpy(step, found->step, n * sizeof(*step));
		op->path.step = step;
	}
	op->field = f;
	op->value = found->kind;
	op->secret = f && (f->flags & FIELD_SECRET);
	op->text = found->rest;
}

/* Text with the partial's indentation before each line that is not empty. */
static struct str
indent_lines(struct compiler *c, struct str text, bool opens_line)
{
	struct buf b = BUF_INIT;
	struct str done = text;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (opens_line && text.s[i] != '\n' && text.s[i] != '\r')
			buf_add(&b, c->indent.s, c->indent.len);
		buf_addch(&b, text.s[i]);
		opens_line = text.s[i] == '\n';
		if (b.len > TEMPLATE_INDENTED - c->indented)
			break;
	}
	if (i < text.len) {
		template_slip(c, FINDING_TEMPLATE_SYNTAX, c->file->at,
		    "the partials are indented too often");
		c->stopped = true;
	} else {
		c->indented += b.len;
		done = (struct str){arena_strndup(c->t->arena, b.s, b.len),
		    b.len};
	}
	buf_release(&b);
	return done;
}

static void
compile_text(struct compiler *c, const struct tag *tag)
{
	struct str text = tag->text;

	if (c->indent.len)
		text = indent_lines(c, text, tag->opens_line);
	add_op(c, OP_TEXT, tag->at)->text = text;
}

/* A tag that opens a line of a partial is indented like its text. */
static void
indent_tag(struct compiler *c, const struct tag *tag)
{
	if (c->indent.len && tag->opens_line)
		add_op(c, OP_TEXT, tag->at)->text = c->indent;
}

static bool
is_position(struct str name)
{
	return str_eq(name, STR("-first")) || str_eq(name, STR("-last"));
}

static void
only_a_section(struct compiler *c, const struct tag *tag, const char *what)
{
	template_slip(c, FINDING_TEMPLATE_NAME, tag->at,
	    "'%.*s' is %s; write {{#%.*s}}...{{/%.*s}}", STR_SHORT(tag->text),
	    what, STR_SHORT(tag->text), STR_SHORT(tag->text));
}

/* Whether what a name leads to can be printed; false: reported. */
static bool
is_value(struct compiler *c, const struct tag *tag, const struct found *found)
{
	switch (found->kind) {
	case KIND_BOOL:
	case KIND_TEST:
	case KIND_HAS:
		only_a_section(c, tag, "yes or no");
		return false;
	case KIND_LIST:
	case KIND_REFS:
		only_a_section(c, tag, "a list");
		return false;
	case KIND_STRUCT:
	case KIND_REF:
		template_slip(c, FINDING_TEMPLATE_NAME, tag->at,
		    "'%.*s' is a whole %s; name one of its fields",
		    STR_SHORT(tag->text), found->field->type->name);
		return false;
	case KIND_INT:
	case KIND_PORT:
	case KIND_TEXT:
	case KIND_DOMAIN:
	case KIND_HOST:
	case KIND_PATH:
	case KIND_URI:
	case KIND_ENUM:
	case KIND_SETTING:
	case KIND_PUT:
		return true;
	}
	BUG("unknown kind");
}

static void
compile_value(struct compiler *c, const struct tag *tag)
{
	struct found found = {0};

	if (is_position(tag->text)) {
		only_a_section(c, tag, "yes or no");
		return;
	}
	if (!template_find(c, tag->text, tag->at, &found) ||
	    !is_value(c, tag, &found))
		return;
	indent_tag(c, tag);
	add_op(c, OP_VALUE, tag->at);
	set_found(c, &c->op[c->n - 1], &found);
	c->op[c->n - 1].dialect = tag->dialect ? tag->dialect : c->dialect;
}

static void compile_tags(struct compiler *c, const struct tag *tag,
    size_t from, size_t to);

static bool
nest(struct compiler *c, struct origin at)
{
	if (c->nesting == TEMPLATE_NESTING || ++c->entered > TEMPLATE_OPS) {
		template_slip(c, FINDING_TEMPLATE_SYNTAX, at,
		    "sections and partials are nested too deep or too often");
		c->stopped = true;
		return false;
	}
	c->nesting++;
	return true;
}

/* What is inside a section, in a scope of its own unless type is NULL. */
static void
compile_inside(struct compiler *c, const struct tag *tags, size_t section,
    bool scoped, const struct type *type)
{
	if (!nest(c, tags[section].at))
		return;
	if (scoped)
		c->scope[c->nscope++] = type;
	compile_tags(c, tags, section + 1, tags[section].end);
	if (scoped)
		c->nscope--;
	c->nesting--;
}

static void
compile_position(struct compiler *c, const struct tag *tags, size_t i)
{
	bool first = str_eq(tags[i].text, STR("-first"));
	size_t at = c->n;
	struct op *op;

	if (!c->nloop)
		template_slip(c, FINDING_TEMPLATE_NAME, tags[i].at,
		    "'%.*s' stands in no list", STR_ARG(tags[i].text));
	indent_tag(c, &tags[i]);
	at = c->n;
	op = add_op(c, first ? OP_FIRST : OP_LAST, tags[i].at);
	op->negated = tags[i].kind == TAG_INVERTED;
	op->loop = c->nloop - 1;
	compile_inside(c, tags, i, false, NULL);
	c->op[at].end = c->n;
}

static void
compile_section(struct compiler *c, const struct tag *tags, size_t i)
{
	const struct tag *tag = &tags[i];
	bool inverted = tag->kind == TAG_INVERTED;
	struct found found = {0};
	bool loop, with;
	const struct type *type = NULL;
	size_t at;

	if (is_position(tag->text)) {
		compile_position(c, tags, i);
		return;
	}
	if (tag->bad || !template_find(c, tag->text, tag->at, &found)) {
		/* Any name inside may have been meant of it. */
		compile_inside(c, tags, i, !inverted, NULL);
		return;
	}
	if (inverted && found.kind == KIND_STRUCT)
		template_slip(c, FINDING_TEMPLATE_NAME, tag->at,
		    "'%s' is always there; test one of its fields",
		    found.field->name);
	loop = !inverted &&
	    (found.kind == KIND_LIST || found.kind == KIND_REFS);
	with = !inverted &&
	    (found.kind == KIND_STRUCT || found.kind == KIND_REF);
	if (loop || with)
		type = found.field->type;
	indent_tag(c, tag);
	at = c->n;
	add_op(c, loop ? OP_LOOP : with ? OP_WITH : OP_IF, tag->at);
	set_found(c, &c->op[at], &found);
	c->op[at].negated = inverted;
	c->op[at].item = type;
	c->op[at].frame = c->nscope;
	c->op[at].loop = c->nloop;
	c->nloop += loop;
	compile_inside(c, tags, i, loop || with, type);
	c->nloop -= loop;
	c->op[at].end = c->n;
}

static struct str
joined(struct arena *a, struct str x, struct str y)
{
	char *s;

	if (!x.len || !y.len)
		return x.len ? x : y;
	s = arena_bytes(a, x.len + y.len);
	memcpy(s, x.s, x.len);
	memcpy(s + x.len, y.s, y.len);
	return (struct str){s, x.len + y.len};
}

static void
compile_partial(struct compiler *c, const struct tag *tag)
{
	const struct template_file *outer_file = c->file;
	struct template_file *file = templates_file(c->t, tag->text);
	struct str outer_indent = c->indent;

	file->included = file->used = true;
	if (file->unreadable) {
		template_slip(c, FINDING_FILE_UNREADABLE, tag->at,
		    "the template '%s' %s", file->name, file->unreadable);
		return;
	}
	if (file->open) {
		template_slip(c, FINDING_TEMPLATE_SYNTAX, tag->at,
		    "the template '%s' includes itself; break the circle",
		    file->name);
		return;
	}
	if (!nest(c, tag->at))
		return;
	if (!tag->alone)
		indent_tag(c, tag);
	/* Blanks before a tag that shares its line are plain text. */
	c->indent = tag->alone ?
	    joined(c->t->arena, outer_indent, tag->indent) :
	    (struct str){"", 0};
	c->file = file;
	c->slips += file->broken;
	file->open = true;
	compile_tags(c, file->tag, 0, file->ntag);
	file->open = false;
	c->file = outer_file;
	c->indent = outer_indent;
	c->nesting--;
}

static void
compile_tags(struct compiler *c, const struct tag *tag, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to && !c->stopped; i = tag[i].end) {
		switch (tag[i].kind) {
		case TAG_TEXT:
			compile_text(c, &tag[i]);
			break;
		case TAG_VALUE:
			compile_value(c, &tag[i]);
			break;
		case TAG_SECTION:
		case TAG_INVERTED:
			compile_section(c, tag, i);
			break;
		case TAG_PARTIAL:
			compile_partial(c, &tag[i]);
			break;
		}
	}
}

static void
compiler_init(struct compiler *c, struct templates *t)
{
	*c = (struct compiler){.t = t, .nscope = 1, .indent = {"", 0}};
	c->scope[0] = t->root;
}

void
template_compile(struct templates *t, struct template *program,
    const struct dialect *dialect)
{
	struct template_file *file = program->file;
	struct compiler c;

	compiler_init(&c, t);
	c.file = file;
	c.dialect = dialect;
	file->open = true;
	compile_tags(&c, file->tag, 0, file->ntag);
	file->open = false;
	file->used = true;
	program->broken = file->broken || c.slips;
	program->n = c.n;
	program->op = ARENA_ARRAY(t->arena, struct op, c.n);
	if (c.n)
		memcpy(program->op, c.op, c.n * sizeof(*c.op));
	free(c.op);
}

bool
template_compile_test(struct templates *t, struct str name, struct origin at,
    struct op *op)
{
	struct found found = {0};
	struct compiler c;

	compiler_init(&c, t);
	if (!template_find(&c, name, at, &found))
		return false;
	*op = (struct op){.kind = OP_IF, .at = at};
	set_found(&c, op, &found);
	return true;
}
