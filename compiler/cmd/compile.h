/* The pipeline, for the verbs that need all of it. */
#ifndef CMD_COMPILE_H
#define CMD_COMPILE_H

#include "cmd/cmd.h"
#include "render/artifacts.h"

/* A fleet from its files to its artifacts. */
struct compilation {
	struct fleet fleet;
	struct roles roles;
	struct templates *templates;
	struct plan plan;
};

/*
 * Read, look up, bind, link, check, render, verify; write nothing. The plan
 * holds one node (an fqdn) or all (node NULL). False where the output must
 * not be used: the findings say why.
 */
bool compile_fleet(struct run *run, const char *node,
    struct compilation *c);
void compilation_release(struct compilation *c);

#endif
