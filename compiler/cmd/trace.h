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

/* The options; NULL: not said. */
struct asked {
	const char *recipient, *from, *at, *client, *cert, *login, *helo,
	    *header_from, *directory, *srs_secret;
	bool verbose, plain;
};

struct trace {
	struct run *run;
	const char *directory;			/* of a foreign host, or NULL */
	struct compilation compilation;		/* of the fleet, else */
	bool compiled;
	struct plan foreign;
	struct records none;
	struct world world;
	const struct world_host *host;		/* where it starts */
	const struct listener_port *port;	/* NULL: sendmail(1) */
	struct message message;
	const char *certificate;		/* --cert NODE, or NULL */
	struct hop *hop;
	struct tried *tried, **last;		/* NULL without --verbose */
	bool verbose;
};

/*
 * Open the fleet, or a foreign host, for questions; false: reported. To be
 * closed in any case. trace stays where it is.
 */
bool trace_open(struct trace *trace, struct run *run,
    const struct asked *asked);
void trace_close(struct trace *trace);
/* Trace a message into .hop; false: reported. */
bool trace_ask(struct trace *trace, const struct asked *asked);

/* The tree for people, on stdout. */
void trace_print(const struct trace *trace);
/* The same for programs; compiler/cmd/pages/trace.md has the form. */
void trace_print_json(const struct trace *trace);

#endif
