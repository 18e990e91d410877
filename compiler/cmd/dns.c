/*
 * The records that the fleet needs, as a zone file (RFC 1035, section 5), in
 * the order in which role/records_fleet.c lists them. Names are absolute, and
 * --zone leaves out those of others.
 */
#include "cmd/compile.h"
#include "role/records.h"

#include <getopt.h>
#include <string.h>

enum { STRING_LONGEST = 255 };	/* of a TXT record */

static const char *const type_name[RECORD_TYPES] = {
	[RECORD_A] = "A", [RECORD_AAAA] = "AAAA", [RECORD_MX] = "MX",
	[RECORD_TXT] = "TXT", [RECORD_SRV] = "SRV", [RECORD_PTR] = "PTR",
	[RECORD_TLSA] = "TLSA",
};

/* Whether owner is the zone's name or below it. */
static bool
is_of_zone(struct str zone, struct str owner)
{
	size_t rest = owner.len - zone.len;

	if (!zone.len)
		return true;
	if (owner.len < zone.len || (rest && owner.s[rest - 1] != '.'))
		return false;
	owner.s += rest;
	owner.len = zone.len;
	return str_eq_fold(owner, zone);
}

/* Quoted strings, none too long. */
static void
print_text(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i % STRING_LONGEST == 0)
			fputs(i ? "\" \"" : "\"", stdout);
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\%03u", c);
		else
			putchar(c);
	}
	puts("\"");
}

static void
print_record(const struct record *record)
{
	if (record->type == RECORD_MISSING) {
		printf("; %s: %s\n", record->owner, record->data);
		return;
	}
	printf("%s.\tIN %s\t", record->owner, type_name[record->type]);
	if (record->type == RECORD_TXT)
		print_text(record->data);
	else if (record->type == RECORD_MX)
		printf("%d %s.\n", record->preference, record->data);
	else if (record->type == RECORD_SRV)
		printf("%d %d %lld %s.\n", record->preference,
		    record->weight, (long long)record->port, record->data);
	else if (record->type == RECORD_PTR)
		printf("%s.\n", record->data);
	else if (record->type == RECORD_TLSA)
		printf("3 1 1 %s\n", record->data);
	else
		puts(record->data);
}

static void
print_zone(struct arena *a, const struct fleet *fleet, struct str zone)
{
	const char *heading = NULL;
	struct records records;
	size_t i;

	records_init(&records, a);
	records_of_fleet(&records, fleet);
	printf("; The mail records of %.*s. SOA and NS are not mailc's.\n"
	    "$TTL 3600\n", STR_ARG(zone.len ? zone :
	    text_str(fleet->domain)));
	for (i = 0; i < records.n; i++) {
		const struct record *record = records.record[i];

		if (!is_of_zone(zone, str_of(record->owner)))
			continue;
		if (record->heading != heading)
			printf("\n; %s\n", record->heading);
		heading = record->heading;
		print_record(record);
	}
	records_release(&records);
}

enum { OPT_ZONE = OPT_VERB };

int
cmd_dns(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"zone", required_argument, NULL, OPT_ZONE},
		{NULL, 0, NULL, 0}
	};
	struct compilation c = {0};
	struct str zone = {0};
	int option, status;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1) {
		if (option == OPT_ZONE)
			zone = str_of(optarg);
		else if (!run_option(run, option, optarg))
			return run_usage(run, "dns", NULL);
	}
	if (optind < argc)
		return run_usage(run, "dns", "'%s' is not expected",
		    argv[optind]);
	/* As a zone file writes it, "example.org." */
	if (zone.len && zone.s[zone.len - 1] == '.')
		zone.len--;
	if (compile_fleet(run, NULL, &c))
		print_zone(&run->arena, &c.fleet, zone);
	status = run_finish(run, true);
	compilation_release(&c);
	return status;
}
