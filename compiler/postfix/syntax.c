/*
 * What all values share: items that are parted as mystrtokq() does it,
 * logical lines that are joined as readllines() does it, and $names that
 * are found as mac_parse() does it. Nothing here is refused; where a value
 * is broken the walk ends at its end.
 */
#include "postfix/postfix.h"

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
value_item(struct str *rest, struct str *item)
{
	size_t level = 0, i = 0;

	while (rest->len && is_separator(rest->s[0])) {
		rest->s++;
		rest->len--;
	}
	for (; i < rest->len; i++) {
		char c = rest->s[i];

		if (c == '{')
			level++;
		else if (level && c == '}')
			level--;
		else if (!level && is_separator(c))
			break;
	}
	*item = (struct str){rest->s, i};
	rest->s += i;
	rest->len -= i;
	return i != 0;
}

bool
value_has(struct str list, struct str word)
{
	struct str item;

	while (value_item(&list, &item))
		if (str_eq_fold(item, word))
			return true;
	return false;
}

static bool
is_blank_line(struct str line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (!is_space(line.s[i]))
			return line.s[i] == '#';
	return true;
}

struct str
value_join(struct arena *a, struct str value)
{
	struct str out = {NULL, 0};
	bool first = true;
	char *to;

	if (str_find(value, '\n') == value.len)
		return str_trim(value);
	to = arena_bytes(a, value.len + 1);
	out.s = to;
	while (value.len) {
		size_t end = str_find(value, '\n');
		struct str line = {value.s, end};

		if (first || !is_blank_line(line)) {
			memcpy(to, line.s, line.len);
			to += line.len;
			out.len += line.len;
		}
		first = false;
		end += end < value.len;
		value.s += end;
		value.len -= end;
	}
	*to = '\0';
	return str_trim(out);
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/*
 * ${name}, ${name?text} and $(name) as well as $name; what stands inside
 * the braces after a name, or instead of one, is walked through like the
 * rest, so that the names in it are found too.
 */
bool
value_name(struct str value, size_t *at, struct value_name *out)
{
	size_t i = *at;

	while (i + 1 < value.len) {
		bool braced;
		size_t start;

		if (value.s[i] != '$') {
			i++;
			continue;
		}
		out->offset = i++;
		if (value.s[i] == '$') {
			i++;
			continue;
		}
		braced = value.s[i] == '{' || value.s[i] == '(';
		for (i += braced; braced && i < value.len &&
		    is_space(value.s[i]); i++)
			;
		for (start = i; i < value.len && is_name(value.s[i]); i++)
			;
		out->name = (struct str){value.s + start, i - start};
		while (braced && i < value.len && is_space(value.s[i]))
			i++;
		/* ${{text} == …} and ${function{text}} name no parameter. */
		if (!out->name.len ||
		    (braced && i < value.len && value.s[i] == '{'))
			continue;
		out->conditional = braced && i < value.len &&
		    (value.s[i] == '?' || value.s[i] == ':');
		*at = i;
		return true;
	}
	*at = value.len;
	return false;
}
