/*
 * The syntax of host names and addresses as Postfix judges it
 * (valid_hostname(3), valid_mailhost_addr(3)): neither is looked up.
 */
#include "flow/smtpd_inside.h"

enum { LONGEST_NAME = 255, LONGEST_LABEL = 63 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
all_digits(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!is_digit(text.s[i]))
			return false;
	return text.len != 0;
}

struct str
name_undotted(struct str name)
{
	if (name.len > 1 && name.s[name.len - 1] == '.' &&
	    name.s[name.len - 2] != '.')
		name.len--;
	return name;
}

bool
name_unknown(struct str name)
{
	return str_eq_fold(name, STR("unknown"));
}

bool
name_valid(struct str name)
{
	size_t i, label = 0;
	bool word = false;

	for (i = 0; i < name.len; i++) {
		char c = name.s[i];
		bool last = i + 1 == name.len;
		unsigned char low = ascii_lower((unsigned char)c);

		if (c == '.') {
			if (!label || last)
				return false;
			label = 0;
		} else if (c == '-') {
			word = true;
			if (!label++ || last || name.s[i + 1] == '.')
				return false;
		} else if (is_digit(c) || c == '_' ||
		    (low >= 'a' && low <= 'z')) {
			if (++label > LONGEST_LABEL)
				return false;
			word = word || !is_digit(c);
		} else {
			return false;
		}
	}
	return word && name.len <= LONGEST_NAME;
}

/* Whether it is zeros and dots and nothing else. */
static bool
is_zero(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.s[i] != '0' && text.s[i] != '.')
			return false;
	return true;
}

bool
address_valid_4(struct str text)
{
	unsigned bytes = 0, value = 0;
	bool in_byte = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (is_digit(text.s[i])) {
			if (!in_byte) {
				value = 0;
				bytes++;
			}
			in_byte = true;
			value = value * 10 + (unsigned)(text.s[i] - '0');
			if (value > 255)
				return false;
		} else if (text.s[i] == '.') {
			/* 0.0.0.0 is an address, 0.1.2.3 is none. */
			if (!in_byte || i + 1 == text.len ||
			    (bytes == 1 && !value && !is_zero(text)))
				return false;
			in_byte = false;
		} else {
			return false;
		}
	}
	return bytes == 4;
}

static size_t
hex_digits(struct str text, size_t i)
{
	size_t n = 0;

	while (i + n < text.len && text.s[i + n] &&
	    strchr("0123456789abcdefABCDEF", text.s[i + n]))
		n++;
	return n;
}

static bool
is_word(char c)
{
	unsigned char low = ascii_lower((unsigned char)c);

	return is_digit(c) || (low >= 'a' && low <= 'z');
}

bool
address_valid_6(struct str text)
{
	size_t i = 0, len = 0;
	int field = 0, null_field = 0;

	for (;;) {
		if (i == text.len)
			return field >= 2 &&
			    (len || null_field == field - 1);
		if (text.s[i] == '.')
			return field >= 2 && field <= 6 && address_valid_4(
			    (struct str){text.s + i - len,
			    text.len - i + len});
		if (text.s[i] == ':') {
			if (!field && !len && i + 1 < text.len &&
			    is_word(text.s[i + 1]))
				return false;
			if (++field > 7)
				return false;
			i++;
			len = 0;
			if (i < text.len && text.s[i] == ':') {
				if (null_field)
					return false;
				null_field = field;
			}
			continue;
		}
		len = hex_digits(text, i);
		if (!len || len > 4)
			return false;
		i += len;
	}
}

bool
address_valid(struct str text)
{
	return str_find(text, ':') < text.len ? address_valid_6(text) :
	    text.len && address_valid_4(text);
}

bool
literal_valid(struct str text, struct str *address)
{
	struct str prefix = STR("IPv6:");

	if (text.len < 2 || text.s[0] != '[' || text.s[text.len - 1] != ']')
		return false;
	*address = (struct str){text.s + 1, text.len - 2};
	if (address->len < prefix.len ||
	    !str_eq_fold((struct str){address->s, prefix.len}, prefix))
		return address_valid_4(*address);
	address->s += prefix.len;
	address->len -= prefix.len;
	return address_valid_6(*address);
}
