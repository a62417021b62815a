# `make run` and `make test` do everything; `make help` lists the rest.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Exclusive access is checked at run time in debug builds, by every test; without that check a token costs a tenth less.
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked --product freshet

.PHONY: help run build test soak lint fuzz bench bench-peers profile clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: build ## install what is missing, build, start the gateway (ARGS="--listen 127.0.0.1:9000" and so on)
	@exec .build/release/freshet serve $(ARGS)

build: ## leave the release program at .build/release/freshet
	@scripts/setup run
	@swift build $(RELEASE)

test: ## lint, build, all tests, a short fuzz; at most 10 minutes
	@scripts/test

soak: ## sanitizers, full matrices and a longer fuzz; takes long
	@scripts/soak

lint: ## formatting, documentation comments, import table, source rules
	@scripts/setup run
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests
	@scripts/check-imports
	@scripts/check-source

fuzz: ## fuzz every parser of peers' bytes (SECONDS_EACH=60)
	@scripts/setup run
	@scripts/fuzz $(or $(SECONDS_EACH),60)

bench: ## measure Freshet beside nginx and others; writes docs/performance.md (15 minutes; scripts/bench --help)
	@scripts/setup bench
	@$(MAKE) build
	@scripts/bench

bench-peers: ## install other routers for `make bench` to measure
	@scripts/setup bench
	@scripts/bench-peers

profile: ## instructions and system calls per token and request, beside nginx (scripts/profile --help says more)
	@scripts/setup profile
	@$(MAKE) build
	@scripts/profile instructions
	@scripts/profile calls

clean: ## remove what was built and installed into this folder
	rm -rf .build .venv
