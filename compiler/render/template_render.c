/*
 * Runs a program for an object. Nothing here can fail but a value that the
 * dialect refuses; the rest is rendered nevertheless, to find the next one.
 * What lies behind a reference that is NULL is empty.
 */
#include "render/program.h"

#include "base/die.h"

#include <stdlib.h>

enum {
	SHOWN = 60,		/* bytes of a refused value in a finding */
	ITEMS_MOST = 50 * 1000 * 1000,
	BYTES_MOST = 1024 * 1024 * 1024,
};

struct loop {
	bool first, last;
};

struct run {
	const struct op *op;
	struct diag *diag;
	struct buf *out;
	struct spans *spans;
	size_t start;		/* where out began */
	struct buf scratch;	/* of KIND_PUT */
	const void *frame[TEMPLATE_NESTING + 1];
	struct loop loop[TEMPLATE_NESTING + 1];
	uint32_t items;		/* that sections went through */
	bool refused;
};

/* The object that holds what a path leads to; NULL behind a NULL. */
static const char *
object_of(const void *const *frame, const struct path *path)
{
	const char *p = frame[path->frame];
	unsigned i;

	for (i = 0; p && i < path->nstep; i++)
		p = *(const char *const *)(const void *)(p + path->step[i]);
	return p ? p + path->offset : NULL;
}

static bool
is_true(const void *const *frame, const struct op *op, struct buf *scratch)
{
	const void *p = object_of(frame, &op->path);
	struct origin at;
	bool known;

	if (!p)
		return false;
	switch (op->value) {
	case KIND_BOOL:
		return *(const bool *)p;
	case KIND_INT:
	case KIND_PORT:
		return *(const int64_t *)p != 0;
	case KIND_TEXT:
	case KIND_DOMAIN:
	case KIND_HOST:
	case KIND_PATH:
	case KIND_URI:
	case KIND_ENUM:
	case KIND_SETTING:
		return ((const struct text *)p)->len != 0;
	case KIND_STRUCT:
		return true;
	case KIND_REF:
		return *(const void *const *)p != NULL;
	case KIND_LIST:
	case KIND_REFS:
		return ((const struct list *)p)->n != 0;
	case KIND_PUT:
		buf_clear(scratch);
		op->field->put(p, scratch, &at);
		return scratch->len != 0;
	case KIND_TEST:
		return op->field->test(p);
	case KIND_HAS:
		return op->field->has(p, op->text, &known);
	}
	BUG("unknown kind");
}

bool
template_holds(const struct op *op, const void *root)
{
	struct buf scratch = BUF_INIT;
	bool holds = is_true(&root, op, &scratch);

	buf_release(&scratch);
	return holds;
}

static void
add_span(struct run *r, struct origin at)
{
	struct spans *all = r->spans;

	/* A value that is empty began the line already. */
	if (all->n && all->span[all->n - 1].offset == r->out->len)
		return;
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->span = xrealloc(all->span,
		    mul_or_die(all->cap, sizeof(*all->span)));
	}
	all->span[all->n++] = (struct span){.offset = r->out->len,
	    .template_at = at};
}

static void
note_value(struct span *span, struct origin at)
{
	span->value_at = at;
	if (!span->first_at.source)
		span->first_at = at;
}

static bool
at_line_start(const struct run *r)
{
	return r->out->len == r->start || r->out->s[r->out->len - 1] == '\n';
}

/* Text line by line: each line of it has its place in the template. */
static void
emit_spanned(struct run *r, const struct op *op)
{
	struct str rest = op->text;
	struct origin at = op->at;

	while (rest.len) {
		size_t len = str_find(rest, '\n');

		len += len < rest.len;
		if (at_line_start(r))
			add_span(r, at);
		buf_add(r->out, rest.s, len);
		rest.s += len;
		rest.len -= len;
		at.line++;
		at.column = 1;
	}
}

static void
refuse(struct run *r, const struct op *op, struct str value,
    struct origin at, const char *why)
{
	struct buf shown = BUF_INIT;
	size_t finding;
	size_t len = value.len;

	r->refused = true;
	/* Cut between characters: the findings are UTF-8. */
	if (len > SHOWN)
		for (len = SHOWN; ((unsigned char)value.s[len] & 0xc0) == 0x80;)
			if (!--len)
				break;
	if (op->secret)
		buf_addstr(&shown, "a secret");
	else
		buf_printf(&shown, "'%.*s%s'", (int)len, value.s,
		    len < value.len ? "..." : "");
	finding = diag_add(r->diag, FINDING_DIALECT_VALUE,
	    at.source ? at : op->at, "%s cannot stand in %s: %s", shown.s,
	    op->dialect->doc, why);
	if (at.source)
		diag_note(r->diag, finding, op->at,
		    "the template writes it here");
	buf_release(&shown);
}

static struct str
decimal(int64_t value, char text[24])
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char *p = text + 24;

	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		*--p = '-';
	return (struct str){p, (size_t)(text + 24 - p)};
}

static struct str
number_of(const struct op *op, const char *p, char digits[24],
    struct origin *at)
{
	bool is_item = !op->field || op->field == &port_type.field[0];

	/* A port of a list knows where it stands; another number does not. */
	if (is_item)
		*at = ((const struct port *)(const void *)p)->at;
	return decimal(*(const int64_t *)(const void *)p, digits);
}

static void
emit_value(struct run *r, const struct op *op)
{
	const char *p = object_of(r->frame, &op->path);
	struct origin at = ORIGIN_NONE;
	struct str value = {"", 0};
	char digits[24];
	const char *why;

	if (!p) {
		/* Empty: the dialect knows whether that can stand. */
	} else if (op->value == KIND_PUT) {
		buf_clear(&r->scratch);
		op->field->put(p, &r->scratch, &at);
		value = (struct str){r->scratch.s, r->scratch.len};
	} else if (op->value == KIND_INT || op->value == KIND_PORT) {
		value = number_of(op, p, digits, &at);
	} else {
		const struct text *text = (const void *)p;

		value = text_str(*text);
		at = text->at;
	}
	if (r->spans && at_line_start(r))
		add_span(r, op->at);
	if (r->spans && at.source)
		note_value(&r->spans->span[r->spans->n - 1], at);
	why = op->dialect->put(r->out, value);
	if (why)
		refuse(r, op, value, at, why);
}

static void run_ops(struct run *r, size_t from, size_t to);

/* Sections inside sections multiply; false: they do so without end. */
static bool
may_go_on(struct run *r, const struct op *op)
{
	if (r->items < ITEMS_MOST && r->out->len - r->start < BYTES_MOST) {
		r->items++;
		return true;
	}
	if (r->items <= ITEMS_MOST)
		diag_add(r->diag, FINDING_TEMPLATE_SYNTAX, op->at,
		    "its sections make more than 50 million rounds or 1 GiB; "
		    "do not go through lists within lists");
	r->items = ITEMS_MOST + 1;
	r->refused = true;
	return false;
}

static void
run_loop(struct run *r, const struct op *op, size_t body)
{
	const char *p = object_of(r->frame, &op->path);
	const struct list *list = (const void *)p;
	struct loop *loop = &r->loop[op->loop];
	size_t i;

	for (i = 0; list && i < list->n && may_go_on(r, op); i++) {
		const void *item = op->value == KIND_REFS ?
		    ((const void *const *)list->item)[i] :
		    list_item(list, op->item, i);

		r->frame[op->frame] = item;
		*loop = (struct loop){.first = !i, .last = i + 1 == list->n};
		run_ops(r, body, op->end);
	}
}

static void
run_with(struct run *r, const struct op *op, size_t body)
{
	const char *p = object_of(r->frame, &op->path);

	if (p && op->value == KIND_REF)
		p = *(const char *const *)(const void *)p;
	if (!p)
		return;
	r->frame[op->frame] = p;
	run_ops(r, body, op->end);
}

static void
run_ops(struct run *r, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i = r->op[i].end) {
		const struct op *op = &r->op[i];

		switch (op->kind) {
		case OP_TEXT:
			if (r->spans)
				emit_spanned(r, op);
			else
				buf_add(r->out, op->text.s, op->text.len);
			break;
		case OP_VALUE:
			emit_value(r, op);
			break;
		case OP_IF:
			if (is_true(r->frame, op, &r->scratch) != op->negated)
				run_ops(r, i + 1, op->end);
			break;
		case OP_WITH:
			run_with(r, op, i + 1);
			break;
		case OP_LOOP:
			run_loop(r, op, i + 1);
			break;
		case OP_FIRST:
			if (r->loop[op->loop].first != op->negated)
				run_ops(r, i + 1, op->end);
			break;
		case OP_LAST:
			if (r->loop[op->loop].last != op->negated)
				run_ops(r, i + 1, op->end);
			break;
		}
	}
}

bool
template_render(const struct template *t, const void *root, struct diag *d,
    struct buf *out, struct spans *spans)
{
	struct run r = {.op = t->op, .diag = d, .out = out, .spans = spans,
	    .start = out->len, .scratch = BUF_INIT};

	r.frame[0] = root;
	run_ops(&r, 0, t->n);
	if (spans && spans->n && spans->span[spans->n - 1].offset == out->len)
		spans->n--;
	buf_release(&r.scratch);
	return !r.refused;
}

void
spans_release(struct spans *spans)
{
	free(spans->span);
	*spans = (struct spans){0};
}

const struct span *
spans_at(const struct spans *spans, size_t offset)
{
	size_t low = 0, high = spans->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->span[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &spans->span[low - 1] : NULL;
}
