# Each target explains itself in its '##' comment; 'make help' prints them.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null)
DATE     ?= $(shell git log -1 --format=%cI 2>/dev/null)
STAMP     = github.com/sightline-sec/sightline/internal/cli
LDFLAGS   = -s -w -X $(STAMP).stampVersion=$(VERSION) -X $(STAMP).stampCommit=$(COMMIT) -X $(STAMP).stampDate=$(DATE)
TOOL      = $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 10s

.DEFAULT_GOAL := help
.PHONY: accuracy help setup build demo test race check lint generate-clean tidy-clean bench fuzz clean

help: ## Print this help
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Check for Go and fetch the modules
	@command -v $(GO) >/dev/null || { echo "make: Go is not installed: see https://go.dev/doc/install (the version in go.mod or newer)" >&2; exit 1; }
	@echo "fetching Go modules (once)"
	@$(GO) mod download

build: ## Build the static binary bin/sightline
	@mkdir -p bin
	@echo "building bin/sightline $(VERSION) (the first time takes a minute)"
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/sightline ./cmd/sightline

demo: setup ## Set up, build, and scan a sample image with the starter database
	@$(MAKE) --no-print-directory build
	@$(GO) run ./internal/sample/makeimage bin/demo.tar
	@echo
	@echo '$$ bin/sightline scan bin/demo.tar'
	@bin/sightline scan bin/demo.tar
	@echo
	@echo 'Next: bin/sightline explain CVE-2021-44228, bin/sightline scan alpine:3.20, bin/sightline db update'

test: setup ## Set up and run all tests
	$(GO) test -timeout=20m ./...

race: ## Run the tests with the race detector, without the longest ones
	$(GO) test -race -short -timeout=20m ./...

check: lint race generate-clean tidy-clean ## Lint, race, generated files and go.mod are current

lint: ## Run golangci-lint, at the version pinned in tools/go.mod
	$(TOOL) golangci-lint run ./...

generate-clean: ## Regenerate, and fail when that changes a file
	$(GO) generate ./...
	@git diff --exit-code -- '*_gen.go' docs internal || { echo "make: generated files are not current: commit what 'go generate ./...' changed" >&2; exit 1; }

tidy-clean: ## Fail when go.mod or go.sum are not tidy
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff

accuracy: ## Print precision and recall per ecosystem on labelled pairs; UPDATE=1 writes them into the documentation
	$(GO) test ./internal/accuracy -run='^TestAccuracy$$' -count=1 -v $(if $(UPDATE),-update)

bench: ## Run the benchmarks
	$(GO) test -run='^$$' -bench=. -benchmem ./...

fuzz: ## Run each fuzz test for FUZZTIME (10s)
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run='^$$' -fuzz="^$$f\$$" -fuzztime=$(FUZZTIME) $$pkg; \
	  done; \
	done

clean: ## Remove what was built
	rm -rf bin
