# The two commands: `make up` runs the platform, `make test` runs all tests. Each sets up what it needs first.

BUILD ?= build
TEST_BUILD ?= build-test
DATA ?= /var/lib/ttob
LISTEN ?= 127.0.0.1:8080
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help up test build ui bench catalog-check check clean

help:
	@echo 'make up             set up, build, and run the platform on http://$(LISTEN)  (data: $(DATA))'
	@echo 'make test           set up, build with sanitizers, and run all tests'
	@echo 'make build          build ttob, ttob-agent and the pages into $(BUILD)/ and ui/dist/'
	@echo 'make bench          measure (docs/benchmarks.md)'
	@echo 'make catalog-check  build and smoke every first project'
	@echo 'make check          look for bugs with clang-tidy and cppcheck'

up: build
	$(SUDO) $(BUILD)/src/cli/ttob up --data $(DATA) --listen $(LISTEN)

build: ui
	@scripts/setup run
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) --buildtype=release -Dtests=false
	@ninja -C $(BUILD)

ui:
	@scripts/setup run
	@scripts/build-ui

test:
	@scripts/setup test
	@scripts/test $(TEST_BUILD)

bench: build
	@scripts/setup bench
	@bench/run

catalog-check: build
	@$(SUDO) scripts/catalog-check $(BUILD)

check:
	@scripts/setup check
	@scripts/check $(TEST_BUILD)

clean:
	rm -rf $(BUILD) $(TEST_BUILD) ui/dist
