# `make help` lists the targets. CI runs the same ones.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := all

LINT_VERSION := v2.15.0
LINT := $(CURDIR)/bin/golangci-lint-$(LINT_VERSION)

FUZZTIME ?= 30s
SOAK ?= 30m
LOGINS ?= 10000
REQUESTS ?= 1000000
USERS ?= 2000
FLOOD ?= 200000
ARGS ?=
REDIS ?= redis-server

# The library, and the modules that bring what a user of the library never downloads.
FRAMEWORKS := $(wildcard examples/frameworks/*)
ADOPTED := $(wildcard examples/adopt/*)
MODULES := . bench clients e2e $(FRAMEWORKS) $(ADOPTED)

# in_modules runs a command in every module and stops at the first fault.
in_modules = for m in $(MODULES); do (cd "$$m" && $(1)) || exit 1; done

.PHONY: all
all: fmt vet lint tidy test ## fmt, vet, lint, tidy, test (the default)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: fmt
fmt: $(LINT) ## format the code and sort the imports; with CI set only say what would change
	@$(call in_modules,$(LINT) fmt $(if $(CI),--diff) ./...)

.PHONY: vet
vet: ## go vet
	@$(call in_modules,go vet ./...)

.PHONY: lint
lint: $(LINT) ## golangci-lint with the rules of .golangci.yml
	@$(call in_modules,$(LINT) run ./...)

# The version is part of the name, so a new one is installed as soon as it is asked for.
$(LINT):
	GOBIN=$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(dir $@)golangci-lint $@

.PHONY: deps
deps: ## install what the tests drive: redis-server, chromium, node and what examples are written for
	@scripts/deps

.PHONY: test
test: deps ## every test with the race detector: the library, other frameworks, the scripts, foreign clients, the browser tests, the benchmarks' own
	WXOAUTH_NO_SKIP=1 go test -race -shuffle=on ./...
	@for m in $(FRAMEWORKS) $(ADOPTED); do (cd "$$m" && go test -shuffle=on ./...) || exit 1; done
	@$(MAKE) --no-print-directory js clients e2e
	cd bench && WXOAUTH_NO_SKIP=1 go test ./...

.PHONY: compat
compat: deps ## build and test with the oldest versions of what go.mod names, and with the newest
	@scripts/compat

.PHONY: redis
redis: ## the tests of what is kept in Redis, with REDIS=/path/to/another/server
	@scripts/redis $(REDIS)

.PHONY: js
js: deps ## the tests of the scripts for pages and mini programs
	node --test web/wxoauth.test.js mini/wxoauth.test.js

.PHONY: e2e
e2e: deps ## the browser tests
	cd e2e && WXOAUTH_NO_SKIP=1 go test -count=1 ./...

# npm installs what the lock file says, only where it changed.
clients/npm/node_modules/.package-lock.json: clients/npm/package-lock.json | deps
	cd clients/npm && npm ci --prefer-offline --no-audit --no-fund
	@touch $@

.PHONY: clients
clients: clients/npm/node_modules/.package-lock.json ## WeChat clients of other people against wxsim; WRITE=1 writes their table into docs/simulator.md
	cd clients && go test -count=1 . $(if $(WRITE),-write)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (30s) each
	@scripts/fuzz $(FUZZTIME)

.PHONY: cover
cover: deps ## coverage of all packages: coverage.html and the total
	WXOAUTH_NO_SKIP=1 go test -coverprofile=coverage.out -coverpkg=./... ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1

.PHONY: bench
bench: deps ## what a signed-in request costs, beside the others: prints tables, writes docs/benchmarks.md
	cd bench && WXOAUTH_NO_SKIP=1 go test -run '^$$' -bench . -benchtime 1x -write $(CURDIR)/docs

.PHONY: soak
soak: deps ## REQUESTS (1,000,000) and LOGINS (10,000) of USERS (2,000) while Redis and replicas die, for SOAK (30m) at most
	cd bench && WXOAUTH_NO_SKIP=1 go test -v -count=1 -timeout 0 -run '^TestSoak$$' . \
		-soak.limit $(SOAK) -soak.requests $(REQUESTS) -soak.logins $(LOGINS) -soak.users $(USERS) -soak.outages 5

.PHONY: flood
flood: deps ## FLOOD (200,000) made-up logins and sessions, a tenth as many callbacks: what they leave behind, what others feel
	WXOAUTH_NO_SKIP=1 go test -v -count=1 -timeout 30m -run '^(TestFloods|TestCopies)' ./internal/fleettest -flood.size $(FLOOD) -flood.latency

.PHONY: sim
sim: ## a WeChat on this machine, with a page to look at (ARGS go to cmd/wxsim)
	go run ./cmd/wxsim $(ARGS)

.PHONY: tidy
tidy: ## fail if a go.mod is not tidy
	@$(call in_modules,go mod tidy -diff)

.PHONY: clean
clean: ## remove what the targets above made
	rm -rf bin coverage.out coverage.html
	go clean -testcache
