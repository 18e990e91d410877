/*
 * PuppetDB answers in no order that it promises. Here a resource is told
 * apart by certname and title; all of one file have the same type.
 */
#include "fetch/resources.h"

#include "base/die.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 512 * 1024 * 1024 };

static const char *
field(const json_t *resource, const char *name)
{
	const char *s = json_string_value(json_object_get(resource, name));

	return s ? s : "";
}

static int
compare(const json_t *a, const json_t *b)
{
	int order = strcmp(field(a, "certname"), field(b, "certname"));

	return order ? order : strcmp(field(a, "title"), field(b, "title"));
}

static int
by_name(const void *a, const void *b)
{
	return compare(*(json_t *const *)a, *(json_t *const *)b);
}

static int
by_text(const void *a, const void *b)
{
	const char *x = json_string_value(*(json_t *const *)a);
	const char *y = json_string_value(*(json_t *const *)b);

	return strcmp(x ? x : "", y ? y : "");
}

static void
sort_array(json_t *array, int (*order)(const void *, const void *))
{
	size_t n = json_array_size(array), i;
	json_t **all;

	if (n < 2)
		return;
	all = xmalloc(mul_or_die(n, sizeof(json_t *)));
	for (i = 0; i < n; i++)
		all[i] = json_incref(json_array_get(array, i));
	qsort(all, n, sizeof(json_t *), order);
	json_array_clear(array);
	for (i = 0; i < n; i++)
		if (json_array_append_new(array, all[i]))
			die("out of memory (a list of %zu)", n);
	free(all);
}

void
resources_sort(json_t *all)
{
	json_t *resource;
	size_t i;

	json_array_foreach(all, i, resource)
		sort_array(json_object_get(resource, "tags"), by_text);
	sort_array(all, by_name);
}

/* The resources in a file; a missing one is an empty array. NULL: reported. */
static json_t *
read_former(struct diag *d, const struct stored *file)
{
	struct buf b = BUF_INIT;
	enum file_error why = file_read(file->file, FILE_MAX, &b);
	json_error_t error;
	json_t *all = NULL;

	if (why == FILE_MISSING)
		return json_array();
	if (why == FILE_OK)
		all = json_loadb(b.s, b.len, 0, &error);
	buf_release(&b);
	if (json_is_array(all))
		return all;
	json_decref(all);
	diag_add(d, FINDING_LDAP_BRAKE, file->at, "the former file is no list "
	    "of resources, so nobody can tell what would vanish; mend it or "
	    "move it away");
	return NULL;
}

static struct resources_change
count(json_t *former, const json_t *now)
{
	size_t n = json_array_size(former), m = json_array_size(now);
	struct resources_change change = {.resources = m, .former = n};
	size_t i, k = 0;

	resources_sort(former);
	for (i = 0; i < n; i++) {
		const json_t *old = json_array_get(former, i);
		int order = 1;

		while (k < m &&
		    (order = compare(old, json_array_get(now, k))) > 0) {
			change.added++;
			k++;
		}
		if (k == m || order < 0)
			change.gone++;
		else
			change.changed +=
			    !json_equal(old, json_array_get(now, k++));
	}
	change.added += m - k;
	return change;
}

bool
resources_allowed(struct diag *d, const struct stored *file,
    const struct brake_limit *limit, const json_t *now,
    struct resources_change *change)
{
	json_t *former = read_former(d, file);

	*change = (struct resources_change){0};
	if (!former)
		return false;
	*change = count(former, now);
	json_decref(former);
	if (!json_array_size(now)) {
		diag_add(d, FINDING_LDAP_BRAKE, file->at,
		    "PuppetDB answered 0 resources, former %zu; look at the "
		    "type in mail::exports: an empty file is never written",
		    change->former);
		return false;
	}
	return brake_allows(d, limit, file, "resources", change->former,
	    change->gone);
}

void
resources_write(struct buf *b, const json_t *all)
{
	char *s = json_dumps(all, JSON_INDENT(2) | JSON_SORT_KEYS);

	if (!s)
		die("out of memory (a file of JSON)");
	buf_addstr(b, s);
	buf_addch(b, '\n');
	free(s);
}
