# Loket. `make help` lists the targets.
#
# Everything built goes to build/$(BUILD); everything that runs keeps its state in var/ (or LOKET_VAR).
# On a machine that has nothing yet, `make run` first installs the libraries, so their absence is no error here.

BUILD   ?= release
PREFIX  ?= /usr/local
O       := build/$(BUILD)

CC      ?= cc
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
           -Wpointer-arith -Wvla -Wundef -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fPIE -fcf-protection
CPPFLAGS += -D_GNU_SOURCE -I. -Iinclude -I$(O)/gen -DLOKET_PREFIX='"$(PREFIX)"' $(shell pkg-config --cflags libevent openssl libpq libprotobuf-c libsodium liboath ncursesw libcurl pangocairo libqrencode 2>/dev/null)
CFLAGS  += -std=gnu11 -g $(WARN) $(HARDEN) -MMD -MP
LDFLAGS += -pie -Wl,-z,relro,-z,now

ifeq ($(BUILD),fuzz)
CC      := clang
CFLAGS  += -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -Wno-error
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(BUILD),asan)
CFLAGS  += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
else
CFLAGS  += -O2
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

LIB_LIBS    := $(shell pkg-config --libs libevent libevent_openssl openssl libprotobuf-c 2>/dev/null) -lmagic
SERVER_LIBS := $(shell pkg-config --libs libpq libsodium liboath zlib libcurl pangocairo libqrencode libseccomp 2>/dev/null) -lm -linih
TUI_LIBS    := $(shell pkg-config --libs ncursesw panelw libqrencode 2>/dev/null) -linih
TEST_LIBS   := $(shell pkg-config --libs cairo 2>/dev/null) -lcmocka

PROTO_SRC  := $(wildcard proto/*.c)
SERVER_SRC := $(filter-out server/main.c server/audit_tool/main.c server/ticket_tool/main.c,$(wildcard server/*.c server/*/*.c))
AUDIT_SRC  := server/audit_tool/main.c server/audit/tree.c server/audit/note.c
TUI_SRC    := $(filter-out tui/main.c,$(wildcard tui/*.c tui/*/*.c))
UNIT_SRC   := $(wildcard tests/unit/test_*.c)
FUZZ_SRC   := $(wildcard tests/fuzz/fuzz_*.c)

C_FILES := $(shell find include proto server tui tests -name '*.[ch]')

obj = $(patsubst %.c,$(O)/%.o,$(1))
GEN_C := $(O)/gen/proto/loket.pb-c.c
GEN_O := $(O)/gen/proto/loket.pb-c.o
UNIT  := $(patsubst tests/unit/%.c,$(O)/tests/%,$(UNIT_SRC))
FUZZ  := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(FUZZ_SRC))
# libFuzzer's main where it is, else one that replays a corpus
FUZZ_MAIN := $(if $(filter fuzz,$(BUILD)),-fsanitize=fuzzer,tests/fuzz/replay.c)

all: $(O)/loketd $(O)/loket $(O)/loket-audit $(O)/loket-ticket $(O)/locale/id/LC_MESSAGES/loket.mo  ## build everything into build/

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z0-9 -]+:.*## /{printf "  make %-12s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

$(GEN_C): proto/loket.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(O)/gen proto/loket.proto

# The passwords that nobody may have, one C string each.
COMMON := $(O)/gen/server/common-passwords.inc
$(COMMON): server/common-passwords.txt
	@mkdir -p $(@D)
	sed '/^#/d' $< | tr -s ' ' '\n' | sed '/^$$/d; s/.*/"&",/' | LC_ALL=C sort -u >$@
$(O)/server/password_rules.o: $(COMMON)

# Generated code is not ours to warn about.
$(GEN_O): $(GEN_C)
	$(CC) $(CPPFLAGS) -std=gnu11 -g -O2 $(HARDEN) $(filter -fsanitize% -fno-sanitize%,$(CFLAGS)) -c -o $@ $<

$(O)/%.o: %.c | $(GEN_C)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/libloket.a: $(call obj,$(PROTO_SRC)) $(GEN_O)
	rm -f $@; ar rcs $@ $^
$(O)/libserver.a: $(call obj,$(SERVER_SRC))
	rm -f $@; ar rcs $@ $^
$(O)/libtui.a: $(call obj,$(TUI_SRC))
	rm -f $@; ar rcs $@ $^

$(O)/loketd: $(O)/server/main.o $(O)/libserver.a $(O)/libloket.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(SERVER_LIBS)
$(O)/loket: $(O)/tui/main.o $(O)/libtui.a $(O)/libloket.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(TUI_LIBS)
# Stands alone: whoever checks the office needs nothing of it but its public key.
$(O)/loket-audit: $(call obj,$(AUDIT_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ -lcrypto
# On the SSH gateway, set to the group that may read the issuing key: the less in it the better.
$(O)/loket-ticket: $(O)/server/ticket_tool/main.o
	$(CC) $(LDFLAGS) -o $@ $^ -lcrypto

$(O)/tests/%: tests/unit/%.c $(O)/libserver.a $(O)/libtui.a $(O)/libloket.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(O)/libserver.a $(O)/libtui.a $(O)/libloket.a \
	    $(LIB_LIBS) $(SERVER_LIBS) $(TUI_LIBS) $(TEST_LIBS)

$(O)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(O)/libserver.a $(O)/libtui.a $(O)/libloket.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(O)/libserver.a $(O)/libtui.a $(O)/libloket.a \
	    $(LIB_LIBS) $(SERVER_LIBS) $(TUI_LIBS)

# The load of `make bench`.
$(O)/bench/load: $(call obj,$(wildcard tests/bench/*.c)) $(O)/libloket.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) -lsodium -lm

$(O)/locale/id/LC_MESSAGES/loket.mo: tui/po/id.po
	@mkdir -p $(@D)
	msgfmt --check -o $@ $<

unit: $(UNIT)  ## the C tests
	@set -e; for t in $(UNIT); do echo "# $$t"; $$t; done

test-programs: $(UNIT) $(FUZZ)

fuzz-programs: $(FUZZ)

fuzz:  ## libFuzzer on every reader of hostile bytes; FUZZ_SECONDS=30 each, TARGETS=... for some
	@tests/fuzz/run $(TARGETS)

tls:  ## testssl.sh against a server; no finding above LOW
	@tests/tls

fault:  ## faults while people work, then everything is counted; FAULT_ROUNDS=100
	@tests/fault/run

nodes:  ## two nodes, a primary and its standby, and a promotion under load; NODES_STEPS=200
	@tests/nodes/run

bench: packages  ## speed against the best of the machine, one table; BENCH_N=200000 BENCH_SECONDS=2 BENCH_PAIRS=5 PARTS=...
	@$(MAKE) --no-print-directory all $(O)/bench/load
	@BUILD=$(BUILD) tests/bench/run $(PARTS)

soak:  ## an office at work, and whether anything grows; SOAK_MINUTES=5
	@tests/soak/run

run: up-quietly  ## install what is missing, build, start everything, open loket
	@BUILD=$(BUILD) server/dev/client $(ARGS)

up: packages  ## the same without the client; prints the address
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) server/dev/up

up-quietly: packages
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) server/dev/up >/dev/null

down stop:  ## stop what was started (make stop is the same)
	@server/dev/down

packages:
	@server/dev/packages build run

check:  ## every test; ends with 'N passed, N failed'
	@tests/check

e2e: packages  ## the tests in a real terminal; FILES=... for some
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/e2e/run $(FILES)

matrix: $(O)/loketd  ## write down anew which role may call which method
	$(O)/loketd methods >tests/matrix.tsv

lint:  ## clang-tidy, cppcheck, shellcheck, clang-format
	@tests/lint

format:  ## lay out the C files as .clang-format says
	@server/dev/packages lint
	clang-format -i $(C_FILES)

install: all  ## programs, SQL, catalogue, manual pages, systemd unit; DESTDIR is honoured
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/locale/id/LC_MESSAGES \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 0755 $(O)/loket $(DESTDIR)$(PREFIX)/bin/loket
	install -m 0755 $(O)/loketd $(DESTDIR)$(PREFIX)/sbin/loketd
	install -m 0755 $(O)/loket-audit $(DESTDIR)$(PREFIX)/bin/loket-audit
	install -m 0755 $(O)/loket-ticket $(DESTDIR)$(PREFIX)/bin/loket-ticket
	install -m 0644 tui/loket.1 $(DESTDIR)$(PREFIX)/share/man/man1/loket.1
	install -m 0644 server/loketd.8 $(DESTDIR)$(PREFIX)/share/man/man8/loketd.8
	install -m 0644 $(O)/locale/id/LC_MESSAGES/loket.mo $(DESTDIR)$(PREFIX)/share/locale/id/LC_MESSAGES/loket.mo
	sed 's,@PREFIX@,$(PREFIX),g' server/loketd.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/loketd.service
	cd sql && find migrations api catalogue -type f -exec install -D -m 0644 {} \
	    $(DESTDIR)$(abspath $(PREFIX))/share/loket/sql/{} \;

clean:  ## delete what was built (var/ stays)
	rm -rf build

.PHONY: all help unit test-programs fuzz-programs fuzz fault nodes tls bench soak run up up-quietly down stop packages check e2e matrix lint format install clean
-include $(shell find build/$(BUILD) -name '*.d' 2>/dev/null)
