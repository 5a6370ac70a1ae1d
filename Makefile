# mybridge: 'make help' lists the targets.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TOOLS   := $(CURDIR)/build/tools
LINTER  := golangci-lint
LINTER_VERSION := v2.15.0

.PHONY: help build plugin plugin-create plugin-enable plugin-push demo test soak bench bench-ipam bench-ports docs lint cover clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

build: ## build bin/mybridge, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/mybridge .

DOCKER     ?= docker
PLUGIN_DIR ?= build/plugin
PLUGIN      = $(error PLUGIN names the plugin, as in PLUGIN=registry.example/mybridge:1.0)

plugin: build ## build the managed plugin in build/plugin (BASE names the image for the Dockerfile)
	BASE=$(BASE) DOCKER=$(DOCKER) plugin/build.sh $(PLUGIN_DIR)

plugin-create: ## make build/plugin a plugin of this machine's engine, called PLUGIN=host/name:tag
	$(DOCKER) plugin create $(PLUGIN) $(PLUGIN_DIR)

plugin-enable: ## start the plugin PLUGIN=host/name:tag
	$(DOCKER) plugin enable $(PLUGIN)

plugin-push: ## push the plugin PLUGIN=host/name:tag to its registry
	$(DOCKER) plugin push $(PLUGIN)

demo: build ## show it on this machine's engine (as root; installs docker.io if there is no engine)
	demo/run.sh

test: ## run every test: unit, kernel, end to end on two engines (as root; prepares what it needs)
	test/setup.sh
	MYBRIDGE_TEST_NO_SKIP=1 go test -race -count=1 -timeout 60m ./...

MINUTES ?= 20
soak: ## churn, kill and flush for MINUTES=20 on both engines, then audit (as root; prepares what it needs)
	test/setup.sh
	MYBRIDGE_TEST_NO_SKIP=1 MYBRIDGE_SOAK_MINUTES=$(MINUTES) go test -count=1 -timeout 24h -v -run 'TestSoak$$' ./test/e2e

bench: ## measure mybridge beside the built-in driver on both engines, and write docs/benchmarks.md (as root; a quarter of an hour)
	test/setup.sh
	command -v iperf3 >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iperf3; }
	go run ./test/bench/drivers -output docs

bench-ipam: ## measure the address manager beside the disk and the whole-file design (half a minute)
	go run ./test/bench/ipam
	go test -count=1 -v ./test/crash ./test/scale

bench-ports: ## measure new connections to one of 1 and of 1,000 published ports (as root)
	go run ./test/bench/ports

docs: ## write docs/firewall from the real rules (as root)
	go test -count=1 ./internal/firewall/firewalldoc -update

lint: $(TOOLS)/$(LINTER)-$(LINTER_VERSION) ## check form, layers and scripts
	$(TOOLS)/$(LINTER)-$(LINTER_VERSION) run --allow-parallel-runners ./...
	command -v shellcheck >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends shellcheck; }
	shellcheck .ci/run demo/*.sh plugin/*.sh test/*.sh

$(TOOLS)/$(LINTER)-$(LINTER_VERSION):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION)
	mv $(TOOLS)/$(LINTER) $@

cover: ## coverage of the tests that run in one process (as root)
	mkdir -p build
	go test -count=1 -coverpkg=./driver/...,./ipam/...,./internal/... -coverprofile=build/cover.out ./driver/... ./ipam/... ./internal/...
	go tool cover -func=build/cover.out | tail -n 1

clean: ## remove what was built, and the engines unpacked for the tests
	rm -rf bin build "$${MYBRIDGE_TEST_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/mybridge-test}"
