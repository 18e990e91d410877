/* Spans lead back from rendered bytes; a file that was read is its own place. */
#include "flow/place.h"

static struct origin
line_of(const struct planned_file *file, size_t offset)
{
	struct origin at = file->at;
	size_t i;

	at.line = 1;
	for (i = 0; i < offset && i < file->content.len; i++)
		at.line += file->content.s[i] == '\n';
	return at;
}

struct origin
place_origin(const struct planned_file *file, size_t offset)
{
	const struct span *span = plan_span(file, offset);

	/* In main.cf what is set counts, in a table who it is set for. */
	if (span && span->value_at.source)
		return file->later ? span->first_at : span->value_at;
	if (span)
		return span->template_at;
	/* A role's artifact has a line of its own; a file read has none. */
	return file->at.line || !file->at.source ? file->at :
	    line_of(file, offset);
}

static const struct planned_file *
file_of(const struct setting *s)
{
	return s->file->owner;
}

struct origin
place_value(const struct setting *s, struct str part)
{
	return place_origin(file_of(s), setting_offset(s, part));
}

struct origin
place_setting(const struct setting *s)
{
	return place_origin(file_of(s), s->offset);
}

const struct planned_file *
place_file(const struct planned_node *node, struct str path)
{
	size_t low = 0, high = node->n;

	if (!path.len || path.s[0] != '/')
		return NULL;
	path.s++;
	path.len--;
	/* In byte order, but for the MANIFEST, which stands last. */
	if (high && !strcmp(node->file[high - 1].path, MANIFEST))
		high--;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(str_of(node->file[middle].path), path);

		if (!order)
			return &node->file[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct cf_file
place_cf_file(const struct planned_file *file)
{
	return (struct cf_file){file->path,
	    {file->content.s, file->content.len}, file};
}
