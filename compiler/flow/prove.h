/*
 * What must hold for every message, proven on the rendered files of all
 * nodes: the laws of mail, each with a finding and a counterexample as a
 * trace. DESIGN: a slip in a template is caught as well as one in the data.
 */
#ifndef FLOW_PROVE_H
#define FLOW_PROVE_H

#include "flow/world.h"
#include "role/role.h"

/*
 * Prove all laws and report what breaks them. The world must hold every node
 * of the fleet; findings keep nothing in it but strings of the arena.
 */
void prove_fleet(struct arena *a, struct diag *d, const struct world *world,
    const struct roles *roles);

#endif
