/*
 * The plan in memory. Names and paths belong to the caller, contents to the
 * plan; after plan_finish() nodes and files are in byte order, each node's
 * MANIFEST last.
 */
#include "render/plan.h"

#include "base/die.h"

#include <openssl/evp.h>
#include <stdlib.h>

void
plan_init(struct plan *plan)
{
	*plan = (struct plan){0};
}

void
plan_release(struct plan *plan)
{
	size_t i, j;

	for (i = 0; i < plan->n; i++) {
		for (j = 0; j < plan->node[i].n; j++) {
			buf_release(&plan->node[i].file[j].content);
			spans_release(&plan->node[i].file[j].spans);
			if (plan->node[i].file[j].later)
				spans_release(
				    &plan->node[i].file[j].later->spans);
		}
		free(plan->node[i].file);
	}
	free(plan->node);
	plan_init(plan);
}

struct planned_node *
plan_add(struct plan *plan, const char *name)
{
	if (plan->n == plan->cap) {
		plan->cap = plan->cap ? plan->cap * 2 : 16;
		plan->node = xrealloc(plan->node,
		    mul_or_die(plan->cap, sizeof(*plan->node)));
	}
	plan->node[plan->n] = (struct planned_node){.name = name};
	return &plan->node[plan->n++];
}

struct planned_file *
plan_add_file(struct planned_node *node, const char *path, unsigned mode)
{
	if (node->n == node->cap) {
		node->cap = node->cap ? node->cap * 2 : 8;
		node->file = xrealloc(node->file,
		    mul_or_die(node->cap, sizeof(*node->file)));
	}
	node->file[node->n] = (struct planned_file){.path = path,
	    .mode = mode, .content = BUF_INIT};
	return &node->file[node->n++];
}

static int
name_of_node(const void *key, const void *element)
{
	return strcmp(key, ((const struct planned_node *)element)->name);
}

const struct planned_node *
plan_node(const struct plan *plan, const char *name)
{
	return plan->n ? bsearch(name, plan->node, plan->n,
	    sizeof(*plan->node), name_of_node) : NULL;
}

const struct planned_file *
plan_file(const struct planned_node *node, const char *path)
{
	size_t i;

	for (i = 0; i < node->n; i++)
		if (!strcmp(node->file[i].path, path))
			return &node->file[i];
	return NULL;
}

const struct span *
plan_span(const struct planned_file *file, size_t offset)
{
	struct later_spans *later = file->later;

	if (!later)
		return spans_at(&file->spans, offset);
	if (!later->done)
		later->render(later, file);
	later->done = true;
	return spans_at(&later->spans, offset);
}

bool
plan_path_ok(const char *path)
{
	const char *part = path;
	unsigned depth = 1;
	size_t i;

	for (i = 0; ; i++) {
		unsigned char c = (unsigned char)path[i];
		size_t len = (size_t)(path + i - part);

		if (c && c != '/') {
			if (c < 0x20 || c == 0x7f)
				return false;
			continue;
		}
		if (!len || len > NAME_LONGEST || (len == 1 && *part == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		if (!c)
			break;
		part = path + i + 1;
		if (++depth > PATH_DEEPEST)
			return false;
	}
	return i < PATH_LONGEST && strcmp(path, MANIFEST);
}

static int
by_name(const void *a, const void *b)
{
	const struct planned_node *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
by_path(const void *a, const void *b)
{
	const struct planned_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void
add_digest(struct buf *b, const struct buf *content, EVP_MD_CTX *context,
    const EVP_MD *sha256)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len, i;

	if (!EVP_DigestInit_ex2(context, sha256, NULL) ||
	    !EVP_DigestUpdate(context, content->s, content->len) ||
	    !EVP_DigestFinal_ex(context, digest, &len))
		die("libcrypto cannot compute SHA-256");
	for (i = 0; i < len; i++) {
		buf_addch(b, hex[digest[i] >> 4]);
		buf_addch(b, hex[digest[i] & 15]);
	}
}

static void
add_manifest(struct planned_node *node, EVP_MD_CTX *context,
    const EVP_MD *sha256)
{
	struct buf b = BUF_INIT;
	size_t i;

	buf_addstr(&b, MANIFEST_HEAD);
	for (i = 0; i < node->n; i++) {
		const struct planned_file *file = &node->file[i];

		buf_printf(&b, "%04o ", file->mode);
		add_digest(&b, &file->content, context, sha256);
		buf_printf(&b, " %zu %s\n", file->content.len, file->path);
	}
	plan_add_file(node, MANIFEST, 0644)->content = b;
}

void
plan_finish(struct plan *plan)
{
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t i;

	if (!sha256 || !context)
		die("libcrypto has no SHA-256");
	if (plan->n)
		qsort(plan->node, plan->n, sizeof(*plan->node), by_name);
	for (i = 0; i < plan->n; i++) {
		struct planned_node *node = &plan->node[i];

		if (node->n)
			qsort(node->file, node->n, sizeof(*node->file),
			    by_path);
		add_manifest(node, context, sha256);
	}
	EVP_MD_CTX_free(context);
	EVP_MD_free(sha256);
}
