/*
 * batch ENVIRONMENT [ROOT]: mailc trace --format json for each line of standard
 * input, with the fleet (or the foreign host in ROOT) opened once. A line is
 * at, from, client, login, cert, helo, header-from and the address, with tabs;
 * an empty field is an option that is not there. "null" where trace fails.
 */
#include "cmd/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct verb verbs[] = {{0}};	/* main.c's, which is not here */

static const char *
field(char **rest)
{
	char *s = strsep(rest, "\t");

	return s && *s ? s : NULL;
}

static void
answer(struct trace *t, char *line)
{
	struct asked asked = {0};

	line[strcspn(line, "\n")] = '\0';
	asked.at = field(&line);
	asked.from = field(&line);
	asked.client = field(&line);
	asked.login = field(&line);
	asked.cert = field(&line);
	asked.helo = field(&line);
	asked.header_from = field(&line);
	asked.recipient = line;		/* it may hold a tab */
	if (line && trace_ask(t, &asked))
		trace_print_json(t);
	else
		puts("null");
}

int
main(int argc, char **argv)
{
	struct run run = {.format = &diag_formats[0], .quiet = true,
		.today = time(NULL)};
	struct trace t;
	char *line = NULL;
	size_t size = 0;
	bool ok;

	if (argc < 2)
		return EXIT_FAILURE;
	run.environment = argv[1];
	arena_init(&run.arena);
	sources_init(&run.sources, &run.arena);
	diag_init(&run.diag, &run.arena, &run.sources);
	ok = trace_open(&t, &run, &(struct asked){
	    .directory = argc > 2 ? argv[2] : NULL});
	while (ok && getline(&line, &size, stdin) > 0)
		answer(&t, line);
	if (!ok)
		run_finish(&run, true);
	free(line);
	trace_close(&t);
	diag_release(&run.diag);
	sources_release(&run.sources);
	arena_release(&run.arena);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
