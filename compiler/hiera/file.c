/*
 * Data files. Each is read once a run, whoever asks; that a path does not
 * exist is remembered as well. A file that holds no hash counts as empty,
 * with a warning, as in Puppet 7.
 */
#include "hiera/inside.h"

#include "base/die.h"
#include "tree/json.h"
#include "tree/yaml.h"

#include <sys/stat.h>

static void
add_file(struct hiera *h, const struct data_file *file)
{
	if (h->nfile == h->file_cap) {
		h->file_cap = h->file_cap ? h->file_cap * 2 : 64;
		h->file = xrealloc(h->file,
		    mul_or_die(h->file_cap, sizeof(*h->file)));
	}
	h->file[h->nfile++] = (struct hiera_file){file->source, file->root};
}

/* Puppet 8 refuses a list or a scalar, but not an empty file. */
static void
fit_root(struct hiera *h, struct data_file *file, enum backend backend)
{
	struct value *root = &file->root;
	bool is_empty = root->kind == VALUE_NULL ||
	    (root->kind == VALUE_BOOL && !root->u.b);
	struct origin at = value_origin(root);

	if (root->kind == VALUE_HASH)
		return;
	if (backend == BACKEND_JSON || (h->options.strict && !is_empty)) {
		diag_add(h->diag, FINDING_HIERA_VALUE, at, "the file holds %s "
		    "where Puppet wants a hash of keys",
		    value_kind_name(root));
		file->state = DATA_BROKEN;
	} else {
		diag_add(h->diag, FINDING_YAML_NOT_HASH, at, "the file holds "
		    "%s where Puppet wants a hash of keys, and counts as "
		    "empty", is_empty ? "nothing" : value_kind_name(root));
	}
	*root = value_hash(h->arena, NULL, 0, at);
}

struct data_file *
data_file(struct hiera *h, enum backend backend, const char *path,
    const char *file)
{
	bool is_json = backend == BACKEND_JSON;
	struct buf name = BUF_INIT;
	struct data_file *data;
	enum tree_result result;
	struct stat st;
	struct str key;

	buf_printf(&name, "%c%s", is_json ? 'j' : 'y', file);
	key = (struct str){name.s, name.len};
	data = map_get(&h->files, key);
	if (data) {
		buf_release(&name);
		return data;
	}
	data = ARENA_NEW(h->arena, struct data_file);
	key.s = arena_strndup(h->arena, key.s, key.len);
	buf_release(&name);
	map_add(&h->files, key, data);
	/* Ruby's exist?: what cannot be reached is not there. */
	if (stat(file, &st))
		return data;
	result = is_json ? json_read(h->arena, h->diag, path, file,
	    &data->root) : yaml_read(h->arena, h->diag, path, file,
	    YAML_HIERA, &data->root);
	data->source = h->diag->sources->n;
	switch (result) {
	case TREE_MISSING:
		data->state = DATA_MISSING;
		data->source = 0;
		return data;
	case TREE_BROKEN:
		data->state = DATA_BROKEN;
		break;
	case TREE_OK:
		data->state = DATA_READ;
		fit_root(h, data, backend);
		break;
	}
	add_file(h, data);
	return data;
}
