#ifndef MODEL_RESOLVE_H
#define MODEL_RESOLVE_H

#include "model/read.h"

/*
 * Follow every address of ours to its end: note the loops, and mark what
 * has no way on. An account in a loop, or one that leads nowhere, loses its
 * forward; targets that lead to such an account are TARGET_DEAD.
 */
void resolve_addresses(struct reader *r, struct fleet *fleet);

#endif
