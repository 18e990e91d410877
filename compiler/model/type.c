#include "model/type.h"

const struct field *
type_field(const struct type *type, struct str name)
{
	const struct field *f;

	for (f = type->field; f->name; f++)
		if (str_eq(str_of(f->name), name))
			return f;
	return NULL;
}
