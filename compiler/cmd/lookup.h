/* The parts of `mailc lookup`. */
#ifndef CMD_LOOKUP_H
#define CMD_LOOKUP_H

#include "base/buf.h"
#include "cmd/cmd.h"
#include "hiera/hiera.h"

/*
 * Append v as Ruby's JSON writes it; false: JSON cannot show it (a float
 * that is no number, bytes that are no UTF-8).
 */
bool render_json(struct buf *b, const struct value *v);
/* The same as Ruby's Psych writes YAML. */
bool render_yaml(struct buf *b, const struct value *v);

/* How the lookup went, as indented text or as one line of JSON. */
void explain_text(struct buf *b, const struct sources *sources,
    const struct hiera_step *step);
void explain_json(struct buf *b, const struct sources *sources,
    const struct hiera_step *step);

#endif
