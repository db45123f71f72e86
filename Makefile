# usmtpkg: "make run" does the main job on the built-in sample kit, "make test"
# runs the tests. On Windows use the go commands of README.md instead.

SHELL       = bash
.SHELLFLAGS = -o pipefail -c

GO      ?= go
LINT     = build/tools/golangci-lint
DEADCODE = build/tools/deadcode
NFPM     = build/tools/nfpm
SPDXTOOLS  = build/tools/8-jsontotv
ACTIONLINT = build/tools/actionlint
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  = -s -w -X main.buildVersion=$(VERSION)
FUZZTIME ?= 30s

# The folder testdata is not part of ./..., so what is in it is named apart.
PACKAGES = ./... ./testdata/bench ./testdata/dist ./testdata/doccheck ./testdata/recording ./testdata/powershell/site

.PHONY: all run build dist test test-dist test-platform test-scripts lint fuzz golden bench bench-share powershell sarif schema signed browser clean

all: lint test build

# Build, then refresh the sample kit into build/library and say what was done.
run:
	$(GO) build -trimpath -o build/ ./cmd/usmtpkg
	build/usmtpkg refresh --sample --library build/library

build:
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o build/linux-amd64/ ./cmd/usmtpkg
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o build/linux-arm64/ ./cmd/usmtpkg
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o build/windows-amd64/ ./cmd/usmtpkg
	CGO_ENABLED=0 GOOS=windows GOARCH=arm64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o build/windows-arm64/ ./cmd/usmtpkg

# What a release consists of, into build/dist: archives, packages, a container image, bills of materials, sums.
# make dist DIST='-url https://… -key minisign.key -certificate …'; go run ./testdata/dist -h says more.
dist: $(NFPM)
	$(GO) run ./testdata/dist $(DIST)

# A release made twice, installed, run and removed, and looked at by other programs.
test-dist: $(NFPM) $(SPDXTOOLS)
	$(GO) test -count=1 -timeout 30m ./testdata/dist

# The tests make and remove tens of thousands of small files, which can take a disk longer than the
# tests. They go to memory if 1 GiB is free there, programs can run there, and TMPDIR is not set.
IN_MEMORY = if [ -z "$$TMPDIR" ] && [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4}')" -gt 1048576 ] 2>/dev/null && \
	d=$$(mktemp -d /dev/shm/usmtpkg-XXXXXX); then trap 'rm -rf "$$d"' EXIT; \
	if printf '\#!/bin/sh\n' >$$d/x && chmod +x $$d/x && $$d/x 2>/dev/null; then export GOTMPDIR="$${GOTMPDIR:-/tmp}" TMPDIR="$$d"; fi; fi

# The race detector needs a C compiler; without one the tests run without it.
RACE := $(shell CGO_ENABLED=1 $(GO) env CC | xargs -r which >/dev/null 2>&1 && echo -race)
test:
	@$(IN_MEMORY); set -x; $(GO) test $(RACE) -timeout 30m ./...
	GOOS=windows $(GO) vet ./...

# usmtpkg on real file systems, shares and Windows (under Wine). A platform that is missing is
# skipped, aloud; with PLATFORM_TESTS=required, as in CI, it fails.
PLATFORMS ?= ./...
test-platform:
	cd testdata/platform && $(GO) test -count=1 -timeout 40m -v $(PLATFORMS) | awk '/^(=== | *--- PASS)/ {next} /NOT TESTED/ {n++} {print; fflush()} END {if (n) print n " tests were NOT TESTED"}'

# The emitted PowerShell scripts, run against a mock site. A PowerShell that is missing is skipped, aloud;
# with USMTPKG_PWSH=required, as in CI on Windows, it fails.
test-scripts:
	$(GO) test -count=1 -timeout 60m -v ./testdata/powershell/site | awk '/^(=== | *--- PASS)/ {next} /NOT TESTED/ {n++} {print; fflush()} END {if (n) print n " engines were NOT TESTED"}'

# What the code has to keep to: tidy modules, golangci-lint for both systems, which also holds
# the fences between the packages, and no function that the program cannot reach.
lint: $(LINT) $(DEADCODE) $(ACTIONLINT)
	$(GO) mod tidy -diff
	$(ACTIONLINT)
	GOOS=linux $(LINT) run $(PACKAGES)
	GOOS=windows $(LINT) run $(PACKAGES)
	@set -e; for os in linux windows; do \
	  dead=$$(GOOS=$$os $(DEADCODE) -test=false ./cmd/usmtpkg); \
	  if [ -n "$$dead" ]; then echo "no part of the program for $$os:"; echo "$$dead"; exit 1; fi; \
	done

# Built for this machine, so that they can look at the code of either system.
$(LINT): tools.mod tools.sum
	$(GO) build -modfile=tools.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(DEADCODE): tools.mod tools.sum
	$(GO) build -modfile=tools.mod -o $@ golang.org/x/tools/cmd/deadcode
# These need modules in versions that the others do not build with.
$(ACTIONLINT):
	GOBIN=$(CURDIR)/build/tools $(GO) install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
$(NFPM):
	GOBIN=$(CURDIR)/build/tools $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
$(SPDXTOOLS):
	GOBIN=$(CURDIR)/build/tools $(GO) install github.com/spdx/tools-golang/examples/8-jsontotv@v0.5.7

# Every fuzz target for FUZZTIME.
fuzz:
	@set -e; for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$f"; \
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; \
	  done; \
	done

# Write the golden files anew; read the diff before you commit it.
golden:
	$(GO) test ./pkgdef ./cmd/usmtpkg ./cmd/usmtpkg/report -update

# How many times as long as usmtpkg the best other tools take; see testdata/bench/README.md.
bench:
	$(GO) run ./testdata/bench

# The same on a file system as slow as a share.
bench-share:
	$(GO) build -o build/bench-share/bench ./testdata/bench
	cd testdata/platform && $(GO) build -o ../../build/bench-share/mount ./share/mount
	build/bench-share/mount -latency 5ms -- sh -c 'build/bench-share/bench -base build/bench -copies "$$SHARE" -works W1 -jobs J1v -cache warm -checks=false -rounds 3'

# The PowerShell grammar that the tests of pkgdef check the emitted script with.
powershell: testdata/powershell/node_modules
testdata/powershell/node_modules: testdata/powershell/package-lock.json
	cd testdata/powershell && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The JSON schema of SARIF that the tests of cmd check the written documents with.
sarif: testdata/sarif/node_modules
testdata/sarif/node_modules: testdata/sarif/package-lock.json
	cd testdata/sarif && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The judges of documents by their schemas: settings and JSON, which the tests of cmd hold the program against, and
# bills of materials.
schema: testdata/schema/node_modules
testdata/schema/node_modules: testdata/schema/package-lock.json
	cd testdata/schema && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The browser and the checker of accessibility that the tests of cmd open pages with; Chromium itself is a package of the system.
browser: testdata/browser/node_modules
testdata/browser/node_modules: testdata/browser/package-lock.json
	cd testdata/browser && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# Programs that Microsoft signed, which the tests of locate/pe verify.
signed: testdata/signed/node_modules
testdata/signed/node_modules: testdata/signed/package-lock.json
	cd testdata/signed && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

clean:
	rm -rf build
