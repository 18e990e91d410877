/*
 * The frame of a fuzzer: main() feeds every file named to fuzz_one(), then
 * as many changed copies of them as -n says. Built with sanitizers; what is
 * wrong ends the process.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fuzz_one(struct str input);

static uint64_t fuzz_state = 1;

static uint32_t
fuzz_random(uint32_t below)
{
	fuzz_state = fuzz_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(fuzz_state >> 33) % below;
}

static void
fuzz_change(struct buf *b, struct str other)
{
	static const char *const word[] = {
		"%{", "}", "lookup('a')", "alias(\"b\")", "&x ", "*x", "<<: ",
		"- ", ": ", "\n", "  ", "{", "}", "[", "]", "\xc3\xa9", "\xff",
		"0x", "1:30", "2024-01-01", "|", ">", "'", "\"", "--", "!!",
		"merge: deep", "lookup_options:", "\t", "---\n", "\\u", "\0",
	};
	size_t at = b->len ? fuzz_random((uint32_t)b->len) : 0;
	size_t n = fuzz_random(8) + 1;
	struct buf out = BUF_INIT;
	const char *w = word[fuzz_random(sizeof(word) / sizeof(word[0]))];

	buf_add(&out, b->s, at);
	switch (fuzz_random(5)) {
	case 0:
		buf_addstr(&out, w);
		break;
	case 1:
		at = at + n < b->len ? at + n : b->len;
		break;
	case 2:
		buf_addch(&out, (char)fuzz_random(256));
		at += at < b->len;
		break;
	case 3:
		if (other.len)
			buf_add(&out, other.s + other.len / 2,
			    other.len - other.len / 2);
		break;
	default:
		buf_add(&out, b->s + at / 2, at - at / 2);
	}
	buf_add(&out, b->s + at, b->len - at);
	buf_release(b);
	*b = out;
}

static void
fuzz_changed(struct buf *seed, int nseed, long n)
{
	struct buf b = BUF_INIT;
	long i;
	int changes;

	for (i = 0; i < n && nseed; i++) {
		const struct buf *from = &seed[fuzz_random((uint32_t)nseed)];
		const struct buf *other = &seed[fuzz_random((uint32_t)nseed)];

		buf_clear(&b);
		buf_add(&b, from->s, from->len);
		for (changes = (int)fuzz_random(6); changes >= 0; changes--)
			fuzz_change(&b, (struct str){other->s, other->len});
		if (b.len < 65536)
			fuzz_one((struct str){b.s, b.len});
	}
	buf_release(&b);
}

int
main(int argc, char **argv)
{
	struct buf *seed = calloc((size_t)argc + 1, sizeof(*seed));
	int option, n = 0, i;
	long changed = 0;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == 'n')
			changed = strtol(optarg, NULL, 10);
		else
			fuzz_state = strtoull(optarg, NULL, 10);
	}
	for (; optind < argc; optind++) {
		buf_init(&seed[n]);
		if (file_read(argv[optind], 1 << 24, &seed[n]) != FILE_OK)
			continue;
		fuzz_one((struct str){seed[n].s, seed[n].len});
		n++;
	}
	fuzz_changed(seed, n, changed);
	for (i = 0; i < n; i++)
		buf_release(&seed[i]);
	free(seed);
	printf("%d seeds, %ld changed\n", n, changed);
	return 0;
}

#endif
