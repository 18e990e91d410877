/* What each Debian release ships (packages.debian.org). */
#include "model/put.h"
#include "model/read.h"
#include "postfix/postfix.h"

#define TEXT(literal) {literal, sizeof(literal) - 1, {0}}

static const struct target_release releases[] = {
	{
		.name = TEXT("Debian 12"), .major = 12,
		.postfix = TEXT("3.7"), .postsrsd = TEXT("1.10"),
		.dovecot = TEXT("2.3"), .compatibility = TEXT("3.6"),
		.debian_12 = true,
	}, {
		.name = TEXT("Debian 13"), .major = 13,
		.postfix = TEXT("3.10"), .postsrsd = TEXT("2.0"),
		.dovecot = TEXT("2.4"), .compatibility = TEXT("3.6"),
		.debian_13 = true, .postsrsd_2 = true,
	},
};

const struct target_release *
release_named(struct str major)
{
	if (str_eq(major, STR("12")))
		return &releases[0];
	if (str_eq(major, STR("13")))
		return &releases[1];
	return NULL;
}

bool
has_parameter(const void *object, struct str name, bool *known)
{
	const struct target_release *release = object;

	*known = param_named(name) != NULL;
	return *known && release && param_known(name,
	    postfix_release_named(text_str(release->postfix)));
}
