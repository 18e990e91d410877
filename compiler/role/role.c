/*
 * Role files are bound by the same descriptors as Hiera's values. Matching
 * is plain: exactly one role by class, else by independent, else the one
 * that says otherwise.
 */
#include "role/role.h"

#include "base/file.h"
#include "model/bind.h"
#include "tree/yaml.h"

#include <string.h>

/* A role's doc may have several lines; everything else has one. */
static void
fold_doc(struct arena *a, struct value *v)
{
	struct pair *pair;
	uint32_t i;

	if (v->kind != VALUE_HASH)
		return;
	pair = ARENA_ARRAY(a, struct pair, v->len);
	memcpy(pair, v->u.hash->pair, v->len * sizeof(*pair));
	for (i = 0; i < v->len; i++) {
		struct str s;
		char *text;
		uint32_t c;

		if (pair[i].value.kind != VALUE_STRING ||
		    pair[i].key.kind != VALUE_STRING ||
		    !str_eq(value_str(&pair[i].key), STR("doc")))
			continue;
		s = str_trim(value_str(&pair[i].value));
		text = arena_strndup(a, s.s, s.len);
		for (c = 0; c < s.len; c++)
			if (text[c] == '\n')
				text[c] = ' ';
		pair[i].value.u.s = text;
		pair[i].value.len = (uint32_t)s.len;
	}
	*v = value_hash(a, pair, v->len, value_origin(v));
}

static bool
mode_ok(struct text mode)
{
	return mode.len == 4 && mode.s[0] == '0' &&
	    strspn(mode.s, "01234567") == 4;
}

static void
check_role(struct diag *d, const struct role *role)
{
	const struct artifact *artifact = role->artifacts.item;
	size_t i, ways = (role->select.class.len > 0) +
	    (size_t)role->select.independent + role->select.otherwise;

	if (ways != 1)
		diag_add(d, FINDING_ROLE_BROKEN, role->at,
		    "role %s: select must say exactly one of class, "
		    "independent and otherwise", role->name.s);
	for (i = 0; i < role->artifacts.n; i++)
		if (!mode_ok(artifact[i].mode))
			diag_add(d, FINDING_ROLE_BROKEN, artifact[i].mode.at,
			    "role %s: the mode of %s must be four octal "
			    "digits such as '0644', not '%s'", role->name.s,
			    artifact[i].path.s, artifact[i].mode.s);
}

static bool
read_role(struct role *role, struct arena *a, struct diag *d,
    const char *dir_path, const char *dir, const char *file)
{
	struct binder b = {.arena = a, .diag = d};
	struct str name = str_of(file);
	struct value v;

	if (file[0] == '.' || !str_ends(name, STR(".yaml")))
		return false;
	name.len -= strlen(".yaml");
	if (yaml_read(a, d, file_join(a, dir_path, file),
	    file_join(a, dir, file), YAML_OURS, &v) != TREE_OK)
		return false;
	b.what = arena_printf(a, "role %.*s", STR_ARG(name));
	fold_doc(a, &v);
	bind_presets(&b, &role_type, role);
	role->at = value_origin(&v);
	role->name = (struct text){arena_strndup(a, name.s, name.len),
		(uint32_t)name.len, role->at};
	if (!bind_struct(&b, &role_type, &v, role))
		return false;
	check_role(d, role);
	return true;
}

void
roles_read(struct roles *roles, struct arena *a, struct diag *d,
    const char *path, const char *dir)
{
	char **file = file_list(a, dir);
	struct role *role;
	size_t i, n = 0;

	for (i = 0; file && file[i]; i++)
		;
	role = ARENA_ARRAY(a, struct role, i + 1);
	for (i = 0; file && file[i]; i++) {
		if (read_role(&role[n], a, d, path, dir, file[i]))
			n++;
		else
			memset(&role[n], 0, sizeof(role[n]));
	}
	roles->role = role;
	roles->n = n;
	if (!n)
		diag_add(d, FINDING_ROLE_BROKEN, ORIGIN_NONE,
		    "there is no usable role in %s", dir);
}

const struct role *
roles_named(const struct roles *roles, struct str name)
{
	size_t i;

	for (i = 0; i < roles->n; i++)
		if (str_eq(text_str(roles->role[i].name), name))
			return &roles->role[i];
	return NULL;
}

int64_t
role_listener_port(const struct fleet *fleet, const struct listener *listener)
{
	if (str_eq(text_str(listener->from), STR("certificate")))
		return fleet->mta.port;
	if (!str_eq(text_str(listener->from), STR("login")))
		return listener->port;
	return str_eq(text_str(listener->tls), STR("wrapper")) ?
	    fleet->submission.tls_port : fleet->submission.port;
}
