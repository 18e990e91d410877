/* The YAML reader in every dialect, and JSON, on any bytes. */
#include "fuzz.h"

#include "hiera/hiera.h"
#include "tree/json.h"
#include "tree/yaml.h"

static void
parse(struct str input, enum yaml_dialect dialect)
{
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct value v;
	struct buf b = BUF_INIT;

	arena_init(&arena);
	sources_init(&sources, &arena);
	diag_init(&diag, &arena, &sources);
	if (yaml_parse(&arena, &diag, 0, input, dialect, &v) == TREE_OK) {
		ruby_text(&b, &v);
		/* Equal to itself unless a NaN is in it. */
		(void)value_eql(&v, &v);
		(void)value_hash_of(&v);
	}
	diag_finish(&diag);
	buf_release(&b);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&arena);
}

static void
parse_json(struct str input)
{
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct value v;
	char path[] = "/tmp/mailc-fuzz-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, input.s, input.len) != (ssize_t)input.len)
		abort();
	close(fd);
	arena_init(&arena);
	sources_init(&sources, &arena);
	diag_init(&diag, &arena, &sources);
	json_read(&arena, &diag, path, path, &v);
	unlink(path);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&arena);
}

void
fuzz_one(struct str input)
{
	parse(input, YAML_HIERA);
	parse(input, YAML_FACTS);
	parse(input, YAML_OURS);
	parse_json(input);
}
