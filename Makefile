# mybridge: 'make help' lists the targets.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TOOLS   := $(CURDIR)/build/tools
LINTER  := golangci-lint
LINTER_VERSION := v2.15.0
NFPM        := $(TOOLS)/nfpm-v2.45.2
GO_LICENSES := $(TOOLS)/go-licenses-v1.6.0
GOVULNCHECK := $(TOOLS)/govulncheck-v1.9.0
CYCLONEDX   := $(TOOLS)/cyclonedx-gomod-v1.10.0
# What is released is built by this Go, whatever Go is installed.
RELEASE_GO  := go1.26.8
# The time that packages bear: that of the commit.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)

.PHONY: help build manual install uninstall purge deb libraries release tools vulnerabilities licences plugin plugin-create plugin-enable plugin-push demo test soak bench bench-ipam bench-ports docs lint cover clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

BINARY ?= bin/mybridge
build: ## build bin/mybridge, one static binary
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $(BINARY) .

manual: ## write the man pages and completions to build/manual
	rm -rf build/manual
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) go run ./internal/cli/manual -output build/manual -version '$(VERSION)'

install: ## install below PREFIX=/usr/local: binary, unit, settings, man pages, completions, 'docker mybridge' (as root)
	! command -v go >/dev/null || $(MAKE) build manual
	BINARY=$(BINARY) packaging/install.sh install

uninstall: ## take away what 'make install' put there, but the state (as root)
	packaging/install.sh uninstall

purge: ## uninstall, and remove the state and the settings (as root)
	packaging/install.sh purge

DEB_ARCH ?= $(shell go env GOARCH)
deb: manual libraries $(NFPM) ## build the Debian package in build, for DEB_ARCH=amd64 or arm64
	$(MAKE) build GOARCH=$(DEB_ARCH) BINARY=build/$(DEB_ARCH)/mybridge
	VERSION='$(VERSION)' SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) NFPM=$(NFPM) \
		packaging/deb.sh $(DEB_ARCH) build/$(DEB_ARCH)/mybridge build/mybridge_$(DEB_ARCH).deb

# The texts of the libraries' licences, which want to go with the program.
libraries: $(GO_LICENSES)
	GO_LICENSES=$(GO_LICENSES) packaging/licences.sh save build/libraries

release: export GOTOOLCHAIN := $(RELEASE_GO)
release: manual libraries $(NFPM) $(CYCLONEDX) ## build what is released in build/release, for amd64 and arm64
	VERSION='$(VERSION)' SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) NFPM=$(NFPM) CYCLONEDX=$(CYCLONEDX) \
		packaging/release.sh build/release

DOCKER     ?= docker
PLUGIN_DIR ?= build/plugin
PLUGIN      = $(error PLUGIN names the plugin, as in PLUGIN=registry.example/mybridge:1.0)

plugin: build ## build the managed plugin in build/plugin (BASE names the image for the Dockerfile)
	BASE=$(BASE) DOCKER=$(DOCKER) plugin/build.sh $(PLUGIN_DIR)

# The engine refuses the very content that another plugin has, so a second name for one
# build needs it to differ.
plugin-create: ## make build/plugin a plugin of this machine's engine, called PLUGIN=host/name:tag
	@touch --reference=$(PLUGIN_DIR)/rootfs --date='1 second' $(PLUGIN_DIR)/rootfs
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

docs: ## write docs/firewall from the real rules and docs/reference.md from the code (as root)
	go test -count=1 ./internal/firewall/firewalldoc -update
	go test -count=1 -run 'TestReference$$' ./internal/cli -update

lint: $(TOOLS)/$(LINTER)-$(LINTER_VERSION) vulnerabilities licences ## check form, layers, scripts, licences and known vulnerabilities
	$(TOOLS)/$(LINTER)-$(LINTER_VERSION) run --allow-parallel-runners ./...
	command -v shellcheck >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends shellcheck; }
	shellcheck .ci/run demo/*.sh packaging/*.sh packaging/deb/p* plugin/*.sh test/*.sh

vulnerabilities: $(GOVULNCHECK) ## look for known vulnerabilities, where the database can be reached (VULNERABILITIES=required: or fail)
	GOVULNCHECK=$(GOVULNCHECK) packaging/vulnerabilities.sh

licences: $(GO_LICENSES) ## check that the licences of all libraries fit
	GO_LICENSES=$(GO_LICENSES) packaging/licences.sh check

$(TOOLS)/$(LINTER)-$(LINTER_VERSION):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION)
	mv $(TOOLS)/$(LINTER) $@

tools: $(NFPM) $(GO_LICENSES) $(GOVULNCHECK) $(CYCLONEDX)

# pinned installs a tool, at the version that its file's name ends with.
pinned = GOBIN=$(TOOLS) GOARCH= go install $(1)@$(lastword $(subst -, ,$@)) && mv $(TOOLS)/$(notdir $(1)) $@
$(NFPM):
	$(call pinned,github.com/goreleaser/nfpm/v2/cmd/nfpm)
$(GO_LICENSES):
	$(call pinned,github.com/google/go-licenses)
$(GOVULNCHECK):
	$(call pinned,golang.org/x/vuln/cmd/govulncheck)
$(CYCLONEDX):
	$(call pinned,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

cover: ## coverage of the tests that run in one process (as root)
	mkdir -p build
	go test -count=1 -coverpkg=./driver/...,./ipam/...,./internal/... -coverprofile=build/cover.out ./driver/... ./ipam/... ./internal/...
	go tool cover -func=build/cover.out | tail -n 1

clean: ## remove what was built, and the engines unpacked for the tests
	rm -rf bin build "$${MYBRIDGE_TEST_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/mybridge-test}"
