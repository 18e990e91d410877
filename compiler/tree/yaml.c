/*
 * libyaml's events become values. Children wait on one stack until their
 * collection ends; then the slice moves into the arena, exactly sized.
 * Aliases share what they stand for, so a small file stays small in memory;
 * what it would be expanded is counted, because everybody who walks a value
 * walks the expansion.
 */
#include "tree/yaml.h"

#include "base/die.h"
#include "base/file.h"
#include "tree/yaml_reader.h"

#include <errno.h>
#include <stdlib.h>

enum { MOVE_AT_ONCE = 64 * 1024 };	/* values */

struct origin
yaml_place(struct yaml_reader *r, const yaml_mark_t *mark)
{
	return (struct origin){
		.source = r->source,
		.line = (uint32_t)mark->line + 1,
		.column = yaml_input_column(&r->input, mark),
	};
}

bool
yaml_may_say(struct yaml_reader *r)
{
	return r->said++ < FINDINGS_A_FILE;
}

static bool
fail(struct yaml_reader *r, enum finding_id id, struct origin at,
    const char *what)
{
	diag_add(r->diag, id, at, "%s", what);
	r->broken = true;
	return false;
}

static struct frame *
top_frame(struct yaml_reader *r)
{
	return r->depth ? &r->frame[r->depth - 1] : NULL;
}

static bool
expects_key(struct yaml_reader *r)
{
	const struct frame *f = top_frame(r);

	return f && f->value.kind == VALUE_HASH && (r->top - f->base) % 2 == 0;
}

static bool
expects_merge(struct yaml_reader *r)
{
	return r->top && r->depth && !expects_key(r) &&
	    (r->stack[r->top - 1].flags & FLAG_MERGE) &&
	    r->top > top_frame(r)->base;
}

/* Hiera drops the colon of keys, everywhere in the file. */
static void
fit_key(struct yaml_reader *r, struct value *v, bool is_string_tag)
{
	struct frame *f = top_frame(r);

	if (v->kind == VALUE_SYMBOL) {
		v->kind = VALUE_STRING;
		v->flags &= (uint8_t)~(VALUE_ODD | VALUE_DEFAULT);
	} else if (f && !is_string_tag && v->kind == VALUE_STRING &&
	    str_eq(value_str(v), STR("<<"))) {
		v->flags |= FLAG_MERGE;
		f->merges = true;
	}
	if ((v->kind == VALUE_LIST || v->kind == VALUE_HASH) &&
	    r->dialect == YAML_HIERA && yaml_may_say(r))
		diag_add(r->diag, FINDING_YAML_KEY_TYPE, value_origin(v),
		    "%s as a key cannot be looked up", value_kind_name(v));
}

static void
push(struct yaml_reader *r, struct value v, uint64_t size, uint32_t height)
{
	struct frame *f = top_frame(r);

	if (!f) {
		r->root = v;
		return;
	}
	f->size += size;
	if (height >= f->height)
		f->height = height + 1;
	if (r->top == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 256;
		r->stack = xrealloc(r->stack,
		    mul_or_die(r->cap, sizeof(*r->stack)));
	}
	r->stack[r->top++] = v;
}

static struct anchor *
set_anchor(struct yaml_reader *r, const yaml_char_t *name)
{
	struct str key = str_of((const char *)name);
	struct anchor **now, *anchor;

	if (!name)
		return NULL;
	anchor = ARENA_NEW(r->arena, struct anchor);
	now = map_get(&r->anchors, key);
	if (!now) {
		key.s = arena_strndup(r->arena, key.s, key.len);
		now = ARENA_NEW(r->arena, struct anchor *);
		map_add(&r->anchors, key, now);
	}
	*now = anchor;
	return anchor;
}

static void
on_scalar(struct yaml_reader *r, const yaml_event_t *event)
{
	struct anchor *anchor = set_anchor(r, event->data.scalar.anchor);
	const char *tag = (const char *)event->data.scalar.tag;
	bool is_key = expects_key(r);
	struct value v = yaml_scalar(r, event, is_key);

	if (anchor)
		*anchor = (struct anchor){.value = v, .size = 1};
	if (is_key)
		fit_key(r, &v, tag && !strcmp(tag, "tag:yaml.org,2002:str"));
	push(r, v, 1, 0);
}

static bool
check_alias(struct yaml_reader *r, const struct anchor *anchor,
    struct origin at)
{
	if (!anchor)
		return fail(r, FINDING_YAML_SYNTAX, at,
		    "no anchor of this name stands before the alias");
	if (anchor->open)
		return fail(r, FINDING_YAML_LIMIT, at,
		    "the alias stands inside its own anchor; Puppet would "
		    "never come to an end");
	if (r->depth + anchor->height >= DEPTH_LIMIT)
		return fail(r, FINDING_YAML_LIMIT, at,
		    "aliases nest deeper than 1000 levels");
	r->expanded += anchor->size;
	if (r->expanded > EXPANSION_LIMIT)
		return fail(r, FINDING_YAML_LIMIT, at,
		    "the aliases expand to more than 10 million values");
	return true;
}

static bool
on_alias(struct yaml_reader *r, const yaml_event_t *event)
{
	struct str name = str_of((const char *)event->data.alias.anchor);
	struct anchor **now = map_get(&r->anchors, name);
	struct origin at = yaml_place(r, &event->start_mark);
	bool is_key = expects_key(r);
	const struct frame *f = top_frame(r);
	struct value v;

	if (!check_alias(r, now ? *now : NULL, at))
		return false;
	v = (*now)->value;
	if (is_key)
		fit_key(r, &v, false);
	else if (expects_merge(r) || (f && f->omap))
		v.flags |= FLAG_ALIAS;
	push(r, v, (*now)->size, (*now)->height);
	return true;
}

static bool
on_start(struct yaml_reader *r, const yaml_event_t *event,
    enum value_kind kind)
{
	bool is_hash = kind == VALUE_HASH;
	const char *tag = (const char *)(is_hash ?
	    event->data.mapping_start.tag : event->data.sequence_start.tag);
	struct origin at = yaml_place(r, &event->start_mark);
	struct frame *f;

	if (r->depth == DEPTH_LIMIT)
		return fail(r, FINDING_YAML_LIMIT, at,
		    "collections nest deeper than 1000 levels");
	if (yaml_tag_refused(tag, is_hash)) {
		r->broken = true;
		if (yaml_may_say(r))
			diag_add(r->diag, FINDING_YAML_CLASS, at, "the tag %s "
			    "asks for a Ruby class, and Puppet refuses the "
			    "whole file; take the tag out", tag);
	}
	if (r->depth == r->frame_cap) {
		r->frame_cap = r->frame_cap ? r->frame_cap * 2 : 32;
		r->frame = xrealloc(r->frame,
		    mul_or_die(r->frame_cap, sizeof(*r->frame)));
	}
	f = &r->frame[r->depth++];
	*f = (struct frame){.value = value_at(kind, at), .base = r->top,
	    .size = 1, .height = 1};
	f->anchor = set_anchor(r, is_hash ? event->data.mapping_start.anchor :
	    event->data.sequence_start.anchor);
	if (f->anchor)
		f->anchor->open = true;
	f->omap = !is_hash && tag && (!strcmp(tag, "!omap") ||
	    !strcmp(tag, "tag:yaml.org,2002:omap"));
	return true;
}

/*
 * The values from base on leave the stack for to. A large slice goes from
 * its end in pieces and its memory is given back at once, so that a file
 * with a million keys is never in memory twice.
 */
static void
move_out(struct yaml_reader *r, size_t base, struct value *to)
{
	while (r->top - base > MOVE_AT_ONCE) {
		r->top -= MOVE_AT_ONCE;
		memcpy(to + (r->top - base), r->stack + r->top,
		    MOVE_AT_ONCE * sizeof(*to));
		r->cap = r->top;
		r->stack = xrealloc(r->stack, r->cap * sizeof(*r->stack));
	}
	if (r->top > base)
		memcpy(to, r->stack + base, (r->top - base) * sizeof(*to));
	r->top = base;
}

/* !!omap [a: 1, b: 2]: of each item the first key and the last value. */
static bool
finish_omap(struct yaml_reader *r, const struct frame *f, struct value *v)
{
	const struct value *item = r->stack + f->base;
	size_t n = r->top - f->base, i;
	struct hash *hash = value_hash_alloc(r->arena, n);

	for (i = 0; i < n; i++) {
		const struct value *it = &item[i];

		if (!it->len || (it->flags & FLAG_ALIAS) ||
		    (it->kind != VALUE_HASH && it->kind != VALUE_LIST))
			return fail(r, FINDING_YAML_CLASS, value_origin(it),
			    "an item of !!omap is not a pair, and Puppet "
			    "refuses the whole file");
		hash->pair[i] = it->kind == VALUE_LIST ?
		    (struct pair){it->u.item[0], it->u.item[it->len - 1]} :
		    (struct pair){it->u.hash->pair[0].key,
		        it->u.hash->pair[it->len - 1].value};
	}
	r->top = f->base;
	*v = yaml_hash(r, hash, n, f);
	return true;
}

static struct value
finish_list(struct yaml_reader *r, const struct frame *f)
{
	struct value v = f->value, *item;
	size_t n = r->top - f->base;
	uint32_t i;

	v.len = (uint32_t)n;
	item = arena_alloc(r->arena, mul_or_die(n, sizeof(*item)));
	move_out(r, f->base, item);
	v.u.item = item;
	for (i = 0; i < v.len; i++)
		v.flags |= item[i].flags & VALUE_INHERITED;
	return v;
}

static struct value
finish_hash(struct yaml_reader *r, const struct frame *f)
{
	size_t n = (r->top - f->base) / 2;
	struct hash *hash = value_hash_alloc(r->arena, n);

	move_out(r, f->base, &hash->pair[0].key);
	return yaml_hash(r, hash, n, f);
}

static bool
on_end(struct yaml_reader *r)
{
	struct frame f = r->frame[r->depth - 1];
	struct value v;

	if (f.omap) {
		if (!finish_omap(r, &f, &v))
			return false;
	} else {
		v = f.value.kind == VALUE_HASH ? finish_hash(r, &f) :
		    finish_list(r, &f);
	}
	r->depth--;
	if (f.anchor)
		*f.anchor = (struct anchor){v, f.size, f.height, false};
	if (expects_key(r))
		fit_key(r, &v, false);
	push(r, v, f.size, f.height);
	return true;
}

static bool
on_event(struct yaml_reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		on_scalar(r, event);
		break;
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(r, event, VALUE_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_start(r, event, VALUE_HASH);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(r);
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		r->done = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return true;
}

/* The place of a byte, counted from the start: a reader error has no mark. */
static struct origin
place_of_byte(struct yaml_reader *r, const struct str *text, size_t offset)
{
	struct origin at = {r->source, 1, 1};
	size_t i;

	if (r->input.file)
		rewind(r->input.file);
	for (i = 0; i < offset; i++) {
		int c = r->input.file ? getc(r->input.file) :
		    i < text->len ? text->s[i] : EOF;

		if (c == EOF)
			break;
		at.column++;
		if (c == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

static void
say_syntax(struct yaml_reader *r, const struct str *text)
{
	const yaml_parser_t *p = &r->parser;
	struct origin at = yaml_place(r, &p->problem_mark);
	const char *what = p->problem ? p->problem : "it cannot be parsed";
	size_t finding;

	r->broken = true;
	if (r->input.limit) {
		diag_add(r->diag, FINDING_YAML_LIMIT,
		    (struct origin){r->source, 0, 0}, "the file is refused: "
		    "%s", r->input.limit);
		return;
	}
	if (p->error == YAML_MEMORY_ERROR)
		die("out of memory (reading YAML)");
	if (p->error == YAML_READER_ERROR)
		at = place_of_byte(r, text, p->problem_offset);
	finding = diag_add(r->diag, FINDING_YAML_SYNTAX, at, "%s%s%s", what,
	    p->context ? " " : "", p->context ? p->context : "");
	if (p->context && p->context_mark.line != p->problem_mark.line)
		diag_note(r->diag, finding, yaml_place(r, &p->context_mark),
		    "this is where it began");
}

/* Puppet stops after one document; say so where another follows. */
static void
look_behind(struct yaml_reader *r)
{
	yaml_event_t event;
	bool more = true;
	struct origin at = yaml_place(r, &r->parser.mark);

	if (yaml_parser_parse(&r->parser, &event)) {
		more = event.type == YAML_DOCUMENT_START_EVENT;
		at = yaml_place(r, &event.start_mark);
		yaml_event_delete(&event);
	}
	if (more)
		diag_add(r->diag, FINDING_YAML_MORE_DOCUMENTS, at,
		    "only the first document of a file is read; nothing from "
		    "here on has any effect");
}

static void
run(struct yaml_reader *r, const struct str *text)
{
	yaml_event_t event;
	bool document = false;

	while (!r->done) {
		if (!yaml_parser_parse(&r->parser, &event)) {
			say_syntax(r, text);
			return;
		}
		r->input.settled = r->input.total;
		document |= event.type == YAML_DOCUMENT_END_EVENT;
		if (!on_event(r, &event))
			r->done = true;
		yaml_event_delete(&event);
	}
	if (document && !r->broken)
		look_behind(r);
}

static enum tree_result
read_all(struct yaml_reader *r, const struct str *text, struct value *v)
{
	if (!yaml_parser_initialize(&r->parser))
		die("out of memory (reading YAML)");
	r->root = value_at(VALUE_NULL, (struct origin){r->source, 1, 1});
	r->input.skip_mark = r->dialect != YAML_HIERA;
	/* Told so, libyaml does not look for a byte order mark. */
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&r->parser, yaml_input_read, &r->input);
	map_init(&r->anchors);
	run(r, text);
	yaml_parser_delete(&r->parser);
	yaml_input_release(&r->input);
	map_release(&r->anchors);
	free(r->stack);
	free(r->frame);
	if (r->broken)
		r->root = value_at(VALUE_BAD, (struct origin){r->source, 1, 1});
	*v = r->root;
	return r->broken ? TREE_BROKEN : TREE_OK;
}

enum tree_result
yaml_read(struct arena *a, struct diag *d, const char *path, const char *file,
    enum yaml_dialect dialect, struct value *v)
{
	struct yaml_reader r = {.arena = a, .diag = d, .dialect = dialect};
	enum tree_result result;
	enum file_error why;

	*v = value_at(VALUE_BAD, ORIGIN_NONE);
	r.input.file = file_open(file, &why);
	if (why == FILE_MISSING)
		return TREE_MISSING;
	r.source = sources_add(d->sources, path, file);
	if (!r.input.file) {
		diag_add(d, FINDING_FILE_UNREADABLE,
		    (struct origin){r.source, 0, 0}, "the file %s",
		    file_error_text(why));
		return TREE_BROKEN;
	}
	result = read_all(&r, NULL, v);
	fclose(r.input.file);
	return result;
}

enum tree_result
yaml_parse(struct arena *a, struct diag *d, uint32_t source, struct str text,
    enum yaml_dialect dialect, struct value *v)
{
	struct yaml_reader r = {.arena = a, .diag = d, .dialect = dialect,
	    .source = source, .input = {.text = text}};

	return read_all(&r, &text, v);
}
