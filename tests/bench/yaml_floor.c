/*
 * The least that reading a YAML file costs: libyaml's events, each thrown
 * away. yaml_floor FILE prints how many there were.
 */
#include <stdio.h>
#include <yaml.h>

int
main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned long events = 0;
	int done = 0;

	if (!file || !yaml_parser_initialize(&parser)) {
		fprintf(stderr, "usage: yaml_floor FILE\n");
		return 64;
	}
	yaml_parser_set_input_file(&parser, file);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event)) {
			fprintf(stderr, "yaml_floor: %s\n", parser.problem);
			return 1;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		events++;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	printf("%lu events\n", events);
	return 0;
}
