/* JSON (RFC 8259) with a place in every value. */
#ifndef TREE_JSON_H
#define TREE_JSON_H

#include "tree/yaml.h"

enum tree_result json_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct value *v);

#endif
