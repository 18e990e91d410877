/*
 * The catalogue as a table: findings.def gives every line, the files of
 * pages/ the explanations (pages.awk turns them into build/gen/pages.h). A
 * page that belongs to no finding does not compile; a finding without a page
 * fails tests/unit/diag_catalogue.c.
 */
#include "diag/diag.h"

#include "pages.h"

const struct finding_kind finding_kinds[FINDING_COUNT] = {
#define FINDING(id, id_name, id_level, id_title) [FINDING_##id] = { \
	.name = id_name, \
	.level = id_level, \
	.title = id_title, \
	.page = PAGE_##id, \
},
#include "diag/findings.def"
#undef FINDING
};
