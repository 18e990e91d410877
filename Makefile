# mailc: `make` builds ./mailc; `make demo` and `make check` do everything.

CC = gcc
PREFIX = /usr/local
DESTDIR =
B = build

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wwrite-strings \
	-Wformat=2 -Wswitch-enum -Wconversion -Wundef -Wcast-qual \
	-Wpointer-arith -Wnull-dereference
CFLAGS = -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CPPFLAGS = -std=c11 -D_GNU_SOURCE -Icompiler -I$B/gen
LDLIBS = -lyaml -lfyaml -ljansson -lldap -llber -lcrypto -lpcre2-8

SRC := $(sort $(wildcard compiler/*/*.c))
OBJ := $(SRC:compiler/%.c=$B/%.o)
GEN := $B/gen/pages.h $B/gen/parameters.h

all: mailc

mailc: $B/main.o $B/libmailc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $B/main.o $B/libmailc.a $(LDLIBS)

$B/libmailc.a: $(OBJ)
	rm -f $@
	ar rcs $@ $(OBJ)

$B/%.o: compiler/%.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

# Pages of explanation and Postfix's parameters, as C.
$B/gen/pages.h: compiler/diag/pages.awk compiler/diag/findings.def \
    $(wildcard compiler/diag/pages/*.md)
	@mkdir -p $(@D)
	LC_ALL=C awk -f $^ > $@.new
	mv $@.new $@

$B/gen/parameters.h: compiler/postfix/parameters.awk compiler/postfix/parameters.tsv
	@mkdir -p $(@D)
	LC_ALL=C awk -f compiler/postfix/parameters.awk compiler/postfix/parameters.tsv > $@.new
	mv $@.new $@

# One cmocka program a file of tests/unit.
UNIT := $(patsubst tests/unit/%.c,$B/unit/%,$(sort $(wildcard tests/unit/*.c)))

$B/unit/%: tests/unit/%.c $B/libmailc.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra -o $@ $< $B/libmailc.a -lcmocka $(LDLIBS)

unit: $(UNIT)

-include $(OBJ:.o=.d) $B/main.d

.PHONY: all unit
