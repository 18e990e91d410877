/* Each record stands once, with an absolute name; --zone leaves out others. */
#include "cmd/dns.h"

#include <string.h>

enum { STRING_LONGEST = 255 };	/* of a TXT record */

void
zone_init(struct zone *z, struct run *run, const struct fleet *fleet)
{
	*z = (struct zone){.run = run, .fleet = fleet};
	map_init_fold(&z->printed);
	map_init_fold(&z->spf);
}

void
zone_release(struct zone *z)
{
	map_release(&z->printed);
	map_release(&z->spf);
}

void
zone_heading(struct zone *z, const char *heading)
{
	z->heading = heading;
}

/* Whether owner, without its last dot, is the zone's. */
static bool
zone_has(const struct zone *z, struct str owner)
{
	size_t rest = owner.len - z->name.len;

	if (!z->name.len)
		return true;
	if (owner.len < z->name.len || (rest && owner.s[rest - 1] != '.'))
		return false;
	owner.s += rest;
	owner.len = z->name.len;
	return str_eq_fold(owner, z->name);
}

static void
print_heading(struct zone *z)
{
	if (z->heading)
		printf("\n; %s\n", z->heading);
	z->heading = NULL;
}

void
zone_add(struct zone *z, const char *owner, const char *type,
    const char *fmt, ...)
{
	struct arena *a = &z->run->arena;
	char *data, *line;
	va_list ap;

	if (!zone_has(z, str_of(owner)))
		return;
	va_start(ap, fmt);
	data = arena_vprintf(a, fmt, ap);
	va_end(ap);
	line = arena_printf(a, "%s.\tIN %s\t%s", owner, type, data);
	if (map_add(&z->printed, str_of(line), line) != line)
		return;
	print_heading(z);
	puts(line);
}

void
zone_missing(struct zone *z, const char *owner, const char *why)
{
	if (!zone_has(z, str_of(owner)))
		return;
	print_heading(z);
	printf("; %s: %s\n", owner, why);
}

void
zone_add_txt(struct zone *z, const char *owner, const struct buf *text)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->s[i];

		if (i % STRING_LONGEST == 0)
			buf_addstr(&b, i ? "\" \"" : "\"");
		if (c == '"' || c == '\\')
			buf_printf(&b, "\\%c", c);
		else if (c < ' ' || c > '~')
			buf_printf(&b, "\\%03u", c);
		else
			buf_addch(&b, (char)c);
	}
	buf_addch(&b, '"');
	zone_add(z, owner, "TXT", "%s", b.s);
	buf_release(&b);
}
