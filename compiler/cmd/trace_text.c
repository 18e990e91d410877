/*
 * A trace for people. A line for each host, and below it, shifted to the
 * right, what it does with the message and where that leads; whatever
 * decided stands behind, with the line of data it comes from.
 */
#include "cmd/trace.h"

#include <stdio.h>

enum { SHIFT = 4, DECISION_COLUMN = 2 };

struct printer {
	const struct trace *trace;
	unsigned depth;
	struct buf line;
};

/* Bytes of an address may be anything: control characters are shown. */
static void
put(struct printer *p, struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(&p->line, "\\x%02x", c);
		else
			buf_addch(&p->line, (char)c);
	}
}

static void
end_line(struct printer *p)
{
	printf("%*s%s\n", (int)(p->depth * SHIFT), "", p->line.s);
	buf_clear(&p->line);
}

static void
put_sender(struct printer *p, struct str sender)
{
	buf_addch(&p->line, '<');
	put(p, sender);
	buf_addch(&p->line, '>');
}

/* The table without its directory: maps are known by their names. */
static struct str
short_table(struct str table)
{
	size_t i, colon = str_find(table, ':');

	if (colon + 1 >= table.len || table.s[colon + 1] != '/')
		return table;
	for (i = table.len; table.s[i - 1] != '/'; i--)
		;
	return (struct str){table.s + i, table.len - i};
}

/* "  [alias: key]  data/common/mail.yaml:85:3". */
static void
put_decision(struct printer *p, const struct decision *by)
{
	const struct source *source = sources_get(&p->trace->run->sources,
	    by->at.source);

	buf_printf(&p->line, "%*s[", DECISION_COLUMN, "");
	if (by->table.len)
		put(p, short_table(by->table));
	else
		put(p, str_of(by->what));
	buf_addch(&p->line, ']');
	if (!source)
		return;
	buf_printf(&p->line, " %s", source->path);
	if (by->at.line)
		buf_printf(&p->line, ":%u", by->at.line);
	if (by->at.line && by->at.column)
		buf_printf(&p->line, ":%u", by->at.column);
}

static void
print_step(struct printer *p, const struct step *step)
{
	size_t i;

	buf_printf(&p->line, "%s ", step_names[step->kind]);
	put_sender(p, step->from);
	buf_addstr(&p->line, " becomes");
	for (i = 0; i < step->nto; i++) {
		buf_addstr(&p->line, i ? ", " : " ");
		put_sender(p, step->to[i]);
	}
	put_decision(p, &step->by);
	end_line(p);
}

static void
print_signing(struct printer *p, const struct hop *hop)
{
	const struct sign_verdict *s = &hop->signing;
	size_t i;

	if (s->result == SIGN_SIGNED)
		for (i = 0; i < s->n; i++) {
			buf_addstr(&p->line, "signed by ");
			put(p, s->signature[i].domain);
			buf_addstr(&p->line, ", selector ");
			put(p, s->signature[i].selector);
			end_line(p);
		}
	else if (s->result == SIGN_UNKNOWN || p->trace->verbose) {
		buf_printf(&p->line, "%s: %s", s->result == SIGN_UNKNOWN ?
		    "whether it is signed is not known" : "not signed",
		    s->why ? s->why : "");
		end_line(p);
	}
}

static void print_hop(struct printer *p, const struct hop *hop);

/* What becomes of a delivery that no other host of the fleet gets. */
static void
put_end(struct printer *p, const struct hop *hop, const struct delivery *d)
{
	if (d->fate == FATE_DELIVERED && d->outside)
		buf_printf(&p->line, ": delivered outside by %s",
		    hop->host->host.name);
	else if (d->fate == FATE_DELIVERED)
		buf_printf(&p->line, ": delivered on %s",
		    hop->host->host.name);
	else
		buf_printf(&p->line, ": %s", fate_names[d->fate]);
	if (d->text) {
		buf_addstr(&p->line, ": ");
		put(p, str_of(d->text));
	}
}

static void
print_delivery(struct printer *p, const struct hop *hop,
    const struct delivery *d)
{
	buf_addstr(&p->line, "to ");
	put_sender(p, d->recipient);
	if (d->transport.len && !d->text) {
		buf_addstr(&p->line, " by ");
		put(p, d->transport);
		buf_addch(&p->line, ':');
		put(p, d->nexthop);
	}
	if (d->smtp && d->tls.level)
		buf_printf(&p->line, ", TLS %s", d->tls.level);
	if (!str_eq(d->sender, hop->message.sender)) {
		buf_addstr(&p->line, ", sender ");
		put_sender(p, d->sender);
	}
	if (!d->hop)
		put_end(p, hop, d);
	if (d->by.what)
		put_decision(p, &d->by);
	end_line(p);
	if (d->hop) {
		p->depth++;
		print_hop(p, d->hop);
		p->depth--;
	}
}

static void
put_verdict(struct printer *p, const struct hop *hop)
{
	const struct verdict *v = &hop->verdict;

	if (!hop->port) {
		buf_addstr(&p->line, " sendmail: taken");
		return;
	}
	buf_printf(&p->line, ":%lld", (long long)hop->port->port);
	if (v->kind == VERDICT_UNKNOWN) {
		buf_printf(&p->line, ": undecidable: %s", v->why);
	} else if (v->kind == VERDICT_REFUSE) {
		buf_printf(&p->line, ": %s: %d ", v->code >= 500 ?
		    "refused" : "deferred", v->code);
		put(p, str_of(v->text));
	} else {
		buf_addstr(&p->line, ": taken");
	}
	if (v->by.what && (v->kind != VERDICT_ACCEPT || v->authorised ||
	    p->trace->verbose))
		put_decision(p, &v->by);
	if (v->assumed && p->trace->verbose)
		buf_printf(&p->line, " (assumed: %s)", v->assumed);
}

static void
print_hop(struct printer *p, const struct hop *hop)
{
	const struct step *step;
	size_t i;

	buf_addstr(&p->line, hop->host->host.name);
	put_verdict(p, hop);
	end_line(p);
	p->depth++;
	for (step = hop->cleaned.steps; step; step = step->next)
		print_step(p, step);
	if (hop->n || hop->signing.n)
		print_signing(p, hop);
	if (!hop->n && hop->verdict.kind == VERDICT_ACCEPT && hop->text) {
		buf_printf(&p->line, "%s: %s", fate_names[hop->fate],
		    hop->text);
		end_line(p);
	}
	for (i = 0; i < hop->n; i++)
		print_delivery(p, hop, &hop->delivery[i]);
	p->depth--;
}

static void
print_tried(struct printer *p)
{
	static const char *const answers[] = {
		[TABLE_NONE] = "-", [TABLE_FOUND] = "",
		[TABLE_RETRY] = "try again", [TABLE_UNKNOWN] = "not known",
	};
	const struct tried *tried;

	if (p->trace->tried)
		puts("\nlookups, in order:");
	for (tried = p->trace->tried; tried; tried = tried->next) {
		put(p, tried->table);
		buf_addstr(&p->line, "  ");
		put(p, tried->key);
		buf_printf(&p->line, "  %s", answers[tried->result]);
		put(p, tried->value);
		end_line(p);
	}
}

void
trace_print(const struct trace *trace)
{
	struct printer p = {.trace = trace};

	buf_init(&p.line);
	put_sender(&p, trace->message.sender);
	buf_addstr(&p.line, " to ");
	put_sender(&p, trace->message.recipient);
	buf_printf(&p.line, ": %s", fate_names[trace->hop->fate]);
	end_line(&p);
	print_hop(&p, trace->hop);
	print_tried(&p);
	buf_release(&p.line);
}
