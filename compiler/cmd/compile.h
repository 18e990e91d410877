/* The pipeline, for the verbs that need all of it. */
#ifndef CMD_COMPILE_H
#define CMD_COMPILE_H

#include "cmd/cmd.h"
#include "flow/world.h"
#include "render/artifacts.h"

/* A fleet from its files to its artifacts. */
struct compilation {
	struct fleet fleet;
	struct roles roles;
	struct templates *templates;
	struct plan plan;
	struct records records;		/* once compile_world() was called */
};

/*
 * Read, look up, bind, link, check, render, verify; write nothing. The plan
 * holds one node (an fqdn) or all (node NULL). False where the output must
 * not be used: the findings say why.
 */
bool compile_fleet(struct run *run, const char *node,
    struct compilation *c);
void compilation_release(struct compilation *c);

/*
 * Open the hosts of a compilation for questions about mail; its fleet, plan
 * and records must outlive the world.
 */
void compile_world(struct run *run, struct compilation *c,
    struct world *world);

#endif
