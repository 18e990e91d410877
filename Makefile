# mailc: `make` builds ./mailc and ./mailc-full, to which it hands some verbs;
# `make demo` and `make check` do everything.

CC = gcc
PREFIX = /usr/local
DESTDIR =
B = build
BIN = mailc

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wwrite-strings \
	-Wformat=2 -Wswitch-enum -Wconversion -Wundef -Wcast-qual \
	-Wpointer-arith -Wnull-dereference
CFLAGS = -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CPPFLAGS = -std=c11 -D_GNU_SOURCE -Icompiler -I$B/gen
LDLIBS = -lyaml -ljansson -lcrypto -lpcre2-8
FULL_LDLIBS = $(LDLIBS) -lldap -llber -lgit2 -lcurl

SRC := $(sort $(wildcard compiler/*/*.c))
OBJ := $(SRC:compiler/%.c=$B/%.o)
GEN := $B/gen/pages.h $B/gen/verbs.h $B/gen/parameters.h

all: $(BIN) $(BIN)-full

# The verbs in handover.o are not taken from the library, nor what they need.
$(BIN): $B/main.o $B/handover.o $B/libmailc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BIN)-full: $B/main.o $B/libmailc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(FULL_LDLIBS)

$B/libmailc.a: $(OBJ)
	rm -f $@
	ar rcs $@ $(OBJ)

$B/%.o: compiler/%.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

# Pages of explanation and Postfix's parameters, as C.
$B/gen/pages.h: compiler/diag/pages.awk compiler/diag/findings.def \
    $(wildcard compiler/diag/pages/*.md)
$B/gen/verbs.h: compiler/cmd/pages.awk $(wildcard compiler/cmd/pages/*.md)
$B/gen/parameters.h: compiler/postfix/parameters.awk \
    compiler/postfix/parameters.tsv
$(GEN):
	@mkdir -p $(@D)
	LC_ALL=C awk -f $^ > $@.new
	mv $@.new $@

# The two commands of the README.
demo:
	@tests/tools/need build
	@$(MAKE) -s all
	@tests/demo

check:
	@tests/tools/need test
	@$(MAKE) -s all unit
	@tests/check

# Hiera against the real Puppet: make differential SEED=7 N=40000
SEED = 1
N = 20000
differential: all
	@SEED=$(SEED) N=$(N) tests/real/hiera/run

bench: all
	@tests/bench/run

# One cmocka program a file of tests/unit.
UNIT := $(patsubst tests/unit/%.c,$B/unit/%,$(sort $(wildcard tests/unit/*.c)))

$B/unit/%: tests/unit/%.c $B/libmailc.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra -o $@ $< $B/libmailc.a \
	    -lcmocka $(FULL_LDLIBS)

unit: $(UNIT)

# What mailc's smtpd says, for tests/real/smtpd.
$B/real/judge: tests/real/smtpd/judge.c $B/libmailc.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra -o $@ $< $B/libmailc.a \
	    $(LDLIBS)

# Real servers and real mail, in namespaces of this machine.
fleet: all
	@tests/tools/need test
	@tests/fleet/run

# What is broken in one place at a time, and which scenario notices: slow.
fleet-mutants: all
	@tests/tools/need test
	@tests/fleet/run mutants

fleet-up: all
	@tests/tools/need test
	@tests/fleet/run up

fleet-shell:
	@tests/fleet/run shell $(NODE)

fleet-down:
	@tests/fleet/run down

# Each floor includes only lower ones (compiler/README.md).
floors:
	@tests/law/floors

# The ten longest functions and files: the tail is what gets unreadable.
tail:
	@ctags -x --kinds-C=f --_xformat='%{end} %{line} %{input} %{name}' \
	    $(SRC) | awk '{print $$1 - $$2 + 1, $$3, $$4}' | sort -rn | head
	@wc -l $(SRC) | sort -rn | sed 1d | head

# The two programs stand side by side, out of PATH but for the link.
install: all
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/lib/mailc/mailc
	install -m 755 $(BIN)-full $(DESTDIR)$(PREFIX)/lib/mailc/mailc-full
	install -d $(DESTDIR)$(PREFIX)/bin
	ln -sf ../lib/mailc/mailc $(DESTDIR)$(PREFIX)/bin/mailc
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/mailc/roles roles/*
	cd templates && find . -type f -exec install -D -m 644 '{}' \
	    $(DESTDIR)$(PREFIX)/share/mailc/templates/'{}' ';'
	install -D -m 644 man/mailc.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/mailc.1

clean:
	rm -rf $B $(BIN) $(BIN)-full

-include $(OBJ:.o=.d) $B/main.d $B/handover.d

.PHONY: all demo check differential bench unit floors tail install clean \
	fleet fleet-up fleet-mutants fleet-shell fleet-down
