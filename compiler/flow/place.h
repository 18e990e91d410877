/*
 * Places in rendered files: which line of data or template a byte of an
 * artifact comes from, or where it stands in a file that was read.
 */
#ifndef FLOW_PLACE_H
#define FLOW_PLACE_H

#include "postfix/cf.h"
#include "render/plan.h"

/*
 * Where the line that holds a byte of a file comes from: its value in the
 * data, else its template; the line itself in a file that nobody rendered.
 */
struct origin place_origin(const struct planned_file *file, size_t offset);
/* Where a part of a setting's value comes from, or the setting's name. */
struct origin place_value(const struct setting *s, struct str part);
struct origin place_setting(const struct setting *s);

/* The planned file of a path on its node ("/etc/postfix/x"), or NULL. */
const struct planned_file *place_file(const struct planned_node *node,
    struct str path);
/* The same as Postfix's floor wants it. */
struct cf_file place_cf_file(const struct planned_file *file);

#endif
