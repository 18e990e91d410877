/* A trace for programs: the form stands in compiler/cmd/pages/trace.md. */
#include "cmd/trace.h"

#include "base/die.h"

enum { TRACE_VERSION = 1 };

static json_t *
must(json_t *json)
{
	if (!json)
		die("out of memory");
	return json;
}

static void
set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, must(value)))
		die("out of memory");
}

static void
push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, must(value)))
		die("out of memory");
}

/* Bytes that are no UTF-8 are shown as \xNN. */
static json_t *
text(struct str s)
{
	struct buf b = BUF_INIT;
	json_t *json;
	size_t i;

	if (!s.s)
		return must(json_null());
	json = json_stringn(s.s, s.len);
	if (json)
		return json;
	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c >= 0x80)
			buf_printf(&b, "\\x%02x", c);
		else
			buf_addch(&b, (char)c);
	}
	json = must(json_stringn(b.s, b.len));
	buf_release(&b);
	return json;
}

/* The same for what is there or not: an empty string is null. */
static json_t *
some(struct str s)
{
	return text(s.len ? s : (struct str){0});
}

static json_t *
decision(const struct trace *t, const struct decision *by)
{
	const struct source *source = sources_get(&t->run->sources,
	    by->at.source);
	json_t *o = must(json_object());

	set(o, "what", text(str_of(by->what)));
	set(o, "table", some(by->table));
	set(o, "key", text(by->table.len ? by->key : (struct str){0}));
	set(o, "value", text(by->value.s ? by->value : (struct str){0}));
	set(o, "file", source ? text(str_of(source->path)) : json_null());
	set(o, "line", source && by->at.line ? json_integer(by->at.line) :
	    json_null());
	set(o, "column", source && by->at.column ?
	    json_integer(by->at.column) : json_null());
	return o;
}

static json_t *
client(const struct client *c, const char *certificate)
{
	json_t *o = must(json_object());

	set(o, "address", text(c->address));
	set(o, "name", text(c->name));
	set(o, "login", some(c->login));
	set(o, "certificate", text(str_of(certificate)));
	set(o, "tls", json_boolean(c->tls));
	return o;
}

static json_t *
steps(const struct trace *t, const struct hop *hop)
{
	json_t *all = must(json_array()), *o, *to;
	const struct step *step;
	size_t i;

	for (step = hop->cleaned.steps; step; step = step->next) {
		o = must(json_object());
		to = must(json_array());
		for (i = 0; i < step->nto; i++)
			push(to, text(step->to[i]));
		set(o, "kind", text(str_of(step_names[step->kind])));
		set(o, "from", text(step->from));
		set(o, "to", to);
		set(o, "by", decision(t, &step->by));
		push(all, o);
	}
	return all;
}

static json_t *
signatures(const struct hop *hop)
{
	json_t *all = must(json_array()), *o;
	size_t i;

	for (i = 0; i < hop->signing.n; i++) {
		o = must(json_object());
		set(o, "domain", text(hop->signing.signature[i].domain));
		set(o, "selector", text(hop->signing.signature[i].selector));
		push(all, o);
	}
	return all;
}

static json_t *hop_json(const struct trace *t, const struct hop *hop);

static json_t *
delivery(const struct trace *t, const struct hop *hop,
    const struct delivery *d)
{
	json_t *o = must(json_object());

	set(o, "recipient", text(d->recipient));
	set(o, "sender", text(d->sender));
	set(o, "header_from", text(d->header_from));
	set(o, "transport", text(d->transport));
	set(o, "nexthop", text(d->nexthop));
	set(o, "by", decision(t, &d->by));
	set(o, "text", text(str_of(d->text)));
	set(o, "host", d->smtp && d->to.n ?
	    text(str_of(d->to.host[0]->host.name)) : json_null());
	set(o, "tls", d->smtp ? text(str_of(d->tls.level)) : json_null());
	set(o, "tls_by", d->smtp ? decision(t, &d->tls.by) : json_null());
	set(o, "signatures", signatures(hop));
	set(o, "fate", text(str_of(fate_names[d->fate])));
	set(o, "hop", d->hop ? hop_json(t, d->hop) : json_null());
	return o;
}

static json_t *
hop_json(const struct trace *t, const struct hop *hop)
{
	const struct verdict *v = &hop->verdict;
	const struct message *m = &hop->message;
	json_t *o = must(json_object()), *to = must(json_array());
	size_t i;

	set(o, "node", text(str_of(hop->host->host.name)));
	set(o, "service", hop->port ? text(hop->port->service->name) :
	    json_null());
	set(o, "port", hop->port ? json_integer(hop->port->port) :
	    json_null());
	set(o, "client", client(&m->client, m->from &&
	    m->client.fingerprint.len ? m->from->host.name : NULL));
	set(o, "sender", text(m->sender));
	set(o, "recipient", text(m->recipient));
	set(o, "code", !hop->port ? json_integer(0) :
	    v->kind == VERDICT_UNKNOWN ? json_null() :
	    json_integer(v->kind == VERDICT_ACCEPT ? 250 : v->code));
	set(o, "text", text(str_of(v->kind == VERDICT_REFUSE ? v->text :
	    hop->text)));
	set(o, "by", decision(t, &v->by));
	set(o, "assumed", text(str_of(v->assumed)));
	set(o, "fate", text(str_of(fate_names[hop->fate])));
	set(o, "steps", steps(t, hop));
	for (i = 0; i < hop->n; i++)
		push(to, delivery(t, hop, &hop->delivery[i]));
	set(o, "to", to);
	return o;
}

static json_t *
tried_json(const struct trace *t)
{
	static const char *const answers[] = {
		[TABLE_NONE] = "none", [TABLE_FOUND] = "found",
		[TABLE_RETRY] = "retry", [TABLE_UNKNOWN] = "unknown",
	};
	json_t *all = must(json_array()), *o;
	const struct tried *tried;

	for (tried = t->tried; tried; tried = tried->next) {
		o = must(json_object());
		set(o, "table", text(tried->table));
		set(o, "key", text(tried->key));
		set(o, "result", text(str_of(answers[tried->result])));
		set(o, "value", text(tried->value));
		push(all, o);
	}
	return all;
}

void
trace_print_json(const struct trace *t)
{
	const struct message *m = &t->message;
	json_t *o = must(json_object()), *message = must(json_object());

	set(message, "recipient", text(m->recipient));
	set(message, "sender", text(m->sender));
	set(message, "header_from", text(m->header_from));
	set(message, "helo", text(m->helo));
	set(message, "client", client(&m->client, t->certificate));
	set(o, "version", json_integer(TRACE_VERSION));
	set(o, "message", message);
	set(o, "fate", text(str_of(fate_names[t->hop->fate])));
	set(o, "hop", hop_json(t, t->hop));
	if (t->verbose)
		set(o, "lookups", tried_json(t));
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
}
