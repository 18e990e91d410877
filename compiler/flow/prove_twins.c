/*
 * Hosts that are the same but for their names. A fleet has thousands of
 * regular nodes and as many domains to write to; what the first of them does
 * with each domain all others do. Of these it is enough to see, with the main
 * domain, that the same hosts are behind them and take their senders.
 */
#include "flow/prove_address.h"

/* A host with larger files is none of many. */
enum { LARGEST = 64 * 1024 };

static bool
is_name_char(char c)
{
	unsigned char low = ascii_lower((unsigned char)c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.';
}

/* A file with a mark for the host's name, where that stands alone. */
static void
add_unnamed(struct buf *b, struct str text, struct str name)
{
	while (text.len) {
		const char *found = memmem(text.s, text.len, name.s,
		    name.len);
		size_t n = found ? (size_t)(found - text.s) : text.len;

		buf_add(b, text.s, n);
		text = (struct str){text.s + n, text.len - n};
		if (!found)
			break;
		if (b->len && is_name_char(b->s[b->len - 1]))
			buf_add(b, name.s, name.len);
		else
			buf_addch(b, '\0');
		text = (struct str){text.s + name.len, text.len - name.len};
	}
}

/* All of a host's files; false: they are too much. */
static bool
add_files(struct buf *b, const struct host *host)
{
	const struct planned_node *files = host->files;
	size_t i, size = 0;

	for (i = 0; i < files->n; i++)
		size += files->file[i].content.len;
	if (size > LARGEST)
		return false;
	for (i = 0; i < files->n; i++) {
		const struct planned_file *file = &files->file[i];

		if (!strcmp(file->path, MANIFEST))
			continue;
		buf_printf(b, "%s\n", file->path);
		add_unnamed(b, (struct str){file->content.s,
		    file->content.len}, str_of(host->name));
	}
	return true;
}

void
twins_find(struct address_prover *ap)
{
	const struct world *world = ap->p->world;
	struct arena *a = &ap->p->scratch;
	struct map first;
	size_t i;

	ap->twin = ARENA_ARRAY(&ap->way.keep, struct twin, world->n);
	map_init(&first);
	for (i = 0; i < world->n; i++) {
		const struct host *host = &world->host[i].host;
		struct buf b = BUF_INIT;
		struct twin *twin = NULL;

		if (host->name && add_files(&b, host)) {
			struct str text = {b.s, b.len};

			twin = map_get(&first, text);
			if (!twin)
				map_add(&first, (struct str){arena_strndup(a,
				    b.s, b.len), b.len}, &ap->twin[i]);
		}
		ap->twin[i].of = twin;
		buf_release(&b);
	}
	map_release(&first);
	arena_clear(a);
}

struct twin *
twin_of_host(const struct address_prover *ap, const struct world_host *host)
{
	return &ap->twin[host - ap->p->world->host];
}

bool
twin_leads_alike(const struct address_prover *ap,
    const struct world_host *host)
{
	const struct twin *twin = twin_of_host(ap, host);
	const struct way_host *own = &ap->way.host[twin - ap->twin];
	const struct way_host *other = &ap->way.host[twin->of - ap->twin];
	size_t i, j;

	if (twin->of->failed)
		return false;
	for (i = 0; i < own->routes.n; i++) {
		const struct way_route *one = own->routes.entry[i].value;
		const struct way_route *two = map_get(&other->routes,
		    own->routes.entry[i].key);

		if (!two || one->fate != two->fate || one->n != two->n ||
		    one->self != two->self)
			return false;
		for (j = 0; j < one->n; j++)
			if (one->door[j] != two->door[j])
				return false;
	}
	return true;
}
