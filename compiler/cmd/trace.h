/* Private to the verb trace: what is asked, and how the answer is shown. */
#ifndef CMD_TRACE_H
#define CMD_TRACE_H

#include "cmd/compile.h"
#include "flow/trace.h"

#include <jansson.h>

/* One lookup that was tried, in order (--verbose). */
struct tried {
	struct str table, key;
	enum table_result result;
	struct str value;
	struct tried *next;
};

struct trace {
	struct run *run;
	struct world world;
	const struct world_host *host;		/* where it starts */
	const struct listener_port *port;	/* NULL: sendmail(1) */
	struct message message;
	const char *certificate;		/* --cert NODE, or NULL */
	struct hop *hop;
	struct tried *tried, **last;		/* NULL without --verbose */
	bool verbose;
};

/* The tree for people, on stdout. */
void trace_print(const struct trace *trace);
/* The same for programs; compiler/cmd/pages/trace.md has the form. */
void trace_print_json(const struct trace *trace);

#endif
