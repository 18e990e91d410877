/*
 * Names in templates: looked up in the descriptors, from the innermost scope
 * outwards, and turned into offsets. A name that does not exist is reported
 * with the nearest one that does.
 */
#include "render/program.h"

void
template_slip(struct compiler *c, enum finding_id id, struct origin at,
    const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(c->t->arena, fmt, ap);
	va_end(ap);
	c->stopped |= ++c->slips >= TEMPLATE_SLIPS;
	diag_add(c->t->diag, id, at, "%s", text);
}

/* "did you mean 'x'", or what there is. */
static void
suggest(struct compiler *c, struct buf *b, const struct type *type,
    struct str part, bool outwards)
{
	const char *name[64];
	const char *near;
	size_t n = 0, i;

	while (n < 64 && type->field[n].name) {
		name[n] = type->field[n].name;
		n++;
	}
	near = str_nearest(part, name, n);
	for (i = outwards ? c->nscope : 0; !near && i-- > 0; ) {
		const struct type *outer = c->scope[i];
		size_t m = 0;

		while (outer && m < 64 && outer->field[m].name) {
			name[m] = outer->field[m].name;
			m++;
		}
		near = str_nearest(part, name, m);
	}
	if (near) {
		buf_printf(b, "; did you mean '%s'", near);
		return;
	}
	for (i = 0; i < n && i < 12; i++)
		buf_printf(b, "%s%s", i ? ", " : "; it has ",
		    type->field[i].name);
	if (i < n)
		buf_addstr(b, ", ...");
}

static void
no_field(struct compiler *c, struct origin at, const struct type *type,
    struct str part, bool outwards)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "no field '%.*s' in %s%s", STR_SHORT(part), type->name,
	    outwards && c->nscope > 1 ? " or around it" : "");
	suggest(c, &b, type, part, outwards);
	template_slip(c, FINDING_TEMPLATE_NAME, at, "%s", b.s);
	buf_release(&b);
}

/* The first part of a dotted name; the rest stays in *name. */
static struct str
next_part(struct str *name)
{
	size_t dot = str_find(*name, '.');
	struct str part = {name->s, dot};

	dot += dot < name->len;
	name->s += dot;
	name->len -= dot;
	return part;
}

/* The field of the first part, innermost scope first; NULL: reported. */
static const struct field *
find_first(struct compiler *c, struct str part, struct origin at,
    unsigned *frame)
{
	unsigned i;

	for (i = c->nscope; i-- > 0; ) {
		const struct field *f;

		if (!c->scope[i])
			return NULL;
		f = type_field(c->scope[i], part);
		if (f) {
			*frame = i;
			return f;
		}
	}
	no_field(c, at, c->scope[c->nscope - 1], part, true);
	return NULL;
}

/* Go into field f towards its fields; false: it has none (reported). */
static bool
enter(struct compiler *c, struct found *found, const struct field *f,
    struct origin at)
{
	if (f->kind == KIND_STRUCT) {
		found->path.offset += f->offset;
		return true;
	}
	if (f->kind == KIND_REF && found->path.nstep < TEMPLATE_STEPS) {
		found->step[found->path.nstep++] =
		    found->path.offset + f->offset;
		found->path.offset = 0;
		return true;
	}
	if (f->kind == KIND_REF)
		template_slip(c, FINDING_TEMPLATE_NAME, at,
		    "the name has too many parts");
	else if (f->kind == KIND_LIST || f->kind == KIND_REFS)
		template_slip(c, FINDING_TEMPLATE_NAME, at,
		    "'%s' is a list; write {{#%s}} and name a field of its "
		    "items there", f->name, f->name);
	else
		template_slip(c, FINDING_TEMPLATE_NAME, at,
		    "'%s' has no fields", f->name);
	return false;
}

static struct origin
shifted(struct origin at, size_t bytes)
{
	at.column += (uint32_t)bytes;
	return at;
}

static bool
find_has(struct compiler *c, struct found *found, const struct field *f,
    struct str rest, struct origin at)
{
	bool known = false;

	if (rest.len)
		f->has(NULL, rest, &known);
	if (!known)
		template_slip(c, FINDING_TEMPLATE_NAME, at,
		    "'%s' tells nothing about '%.*s'; it is %s",
		    f->name, STR_SHORT(rest), f->doc ? f->doc : "another");
	found->rest = rest;
	return known;
}

static bool
find_self(struct compiler *c, struct found *found, struct origin at)
{
	const struct type *type = c->scope[c->nscope - 1];

	found->path.frame = c->nscope - 1;
	if (type == &text_type)
		found->kind = KIND_TEXT;
	else if (type == &port_type)
		found->kind = KIND_PORT;
	else if (type)
		template_slip(c, FINDING_TEMPLATE_NAME, at,
		    "'.' is a whole %s here; name one of its fields",
		    type->name);
	return type == &text_type || type == &port_type;
}

bool
template_find(struct compiler *c, struct str name, struct origin at,
    struct found *found)
{
	const char *start = name.s;
	struct str part;
	const struct field *f;

	found->path = (struct path){0};
	found->field = NULL;
	if (str_eq(name, STR(".")))
		return find_self(c, found, at);
	part = next_part(&name);
	f = find_first(c, part, at, &found->path.frame);
	while (f && name.len && f->kind != KIND_HAS) {
		if (!enter(c, found, f,
		    shifted(at, (size_t)(part.s - start))))
			return false;
		part = next_part(&name);
		if (!type_field(f->type, part))
			no_field(c, shifted(at, (size_t)(part.s - start)),
			    f->type, part, false);
		f = type_field(f->type, part);
	}
	if (!f)
		return false;
	found->field = f;
	found->kind = f->kind;
	if (f->kind == KIND_HAS)
		return find_has(c, found, f, name,
		    shifted(at, (size_t)(name.s - start)));
	if (f->kind != KIND_PUT && f->kind != KIND_TEST)
		found->path.offset += f->offset;
	return true;
}
