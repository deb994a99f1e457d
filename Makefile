# Everything a person or a machine does with this project. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCE ?=
ONCE ?=
AGAIN ?=
# AGAIN=1: only the tests that failed the last time; none recorded is a failure too.
IGNORE ?=
# IGNORE='tests/system …': folders to leave out.
PYTEST_FLAGS := $(if $(AGAIN),--last-failed --last-failed-no-failures none) \
    $(addprefix --ignore=,$(IGNORE))
EDGESERVE_DATA ?= $(CURDIR)/../shared/data
export EDGESERVE_DATA
FAULTS ?= deploy/FAULTS.md
MINUTES ?= 45
SEED ?= 1
EXTRAS ?=
SECONDS ?= 60
# Of `make fuzz`: for each target, and TARGETS='picture heads …' for some of them.
TARGETS ?=
ARM64_ROOT ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The time that is written into wheel and sdist: of the commit, so that it is nobody's build time.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null)
endif
ifneq ($(SOURCE_DATE_EPOCH),)
export SOURCE_DATE_EPOCH
endif

PACKAGE_FILES := $(shell find edgeserve models/bundles -type f -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: $(shell grep -oE '^[a-z0-9-]+:' Makefile | tr -d ':')

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

run: $(VENV)/.package ## Serve, stream frames, show what was found (SOURCE=video|folder, ONCE=1)
	$(BIN)/edgeserve demo $(if $(SOURCE),--source '$(SOURCE)') $(if $(ONCE),--once)

install: $(VENV)/.package ## Install or upgrade the system service (sudo; DESTDIR: an image's root)
	$(BIN)/edgeserve service $(if $(wildcard $(DESTDIR)/opt/edgeserve/current),upgrade,install) \
	    dist/edgeserve-*.whl --lock requirements.lock $(if $(DESTDIR),--root $(DESTDIR))

uninstall: ## Remove the system service (sudo); configuration and data stay
	$(BIN)/edgeserve service remove $(if $(DESTDIR),--root $(DESTDIR))

man: $(VENV)/.package ## Write the manual pages to build/man
	mkdir -p build/man
	$(BIN)/edgeserve man edgeserve.1 > build/man/edgeserve.1
	$(BIN)/edgeserve man edgeserve.toml.5 > build/man/edgeserve.toml.5

test: $(VENV)/.package $(VENV)/.dev ## Run the tests on the built wheel
	$(BIN)/pytest -m 'not long and not foreign' $(PYTEST_FLAGS)

test-long: $(VENV)/.package $(VENV)/.dev ## Run the tests that take minutes
	$(BIN)/pytest -m long $(PYTEST_FLAGS)

test-foreign: $(VENV)/.package $(VENV)/.dev ## Run clients that others wrote against the server (installs them)
	$(BIN)/pytest -m foreign $(PYTEST_FLAGS)

test-models: .venv-train/.ready ## Run the tests of the model zoo and of training (needs PyTorch)
	.venv-train/bin/python -m pytest tests/models $(PYTEST_FLAGS)

check: $(VENV)/.package $(VENV)/.dev .venv-proto/.ready ## Lint, types, imports, drift of generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r edgeserve
	@drift=$$(mktemp -d) && protos/generate.sh .venv-proto/bin/python $$drift/stubs \
	    && diff -r --exclude=__pycache__ $$drift/stubs edgeserve/wire/_generated \
	    && rm -rf $$drift && echo 'generated stubs: no drift'

fuzz: $(VENV)/.package $(VENV)/.dev $(VENV)/.fuzz ## Change inputs at random, SECONDS= for each target, and print what was found
	$(BIN)/python -m tests.fuzz.driver --seconds $(SECONDS) $(addprefix --target ,$(TARGETS))

audit: $(VENV)/.dev ## Look for known vulnerabilities in what the locks name (asks a service on the web)
	$(BIN)/python tests/audit.py requirements-dev.lock

check-models: .venv-train/.ready ## Types of the model zoo and of training (needs PyTorch)
	.venv-train/bin/mypy models $(wildcard tests/models/*.py)

test-systemd: dist ## The service under a real systemd in a container (needs root, debootstrap, nspawn)
	tests/systemd-root.sh

test-clean-root: dist ## From a bare Debian to boxes, timed (TESTS=1: and make test there; needs root, debootstrap)
	tests/clean-root.sh

test-image: $(VENV)/.package .venv-release/.ready ## Build the image `cpu` and use it (needs root, debootstrap, buildah, prometheus)
	tests/image.sh $(BIN)/python

test-arm64: $(VENV)/.package $(VENV)/.dev ## The wheel in an emulated arm64 Debian (needs root, debootstrap, qemu-user-static)
	PYTHON=$(BIN)/python tests/arm64.sh $(ARM64_ROOT)

ci: check check-models audit test test-long test-models ## All that runs on every change

bench: $(VENV)/.package ## Measure the server beside the same work in one process
	$(BIN)/edgeserve bench

faults: $(VENV)/.package $(VENV)/.dev ## Break all that can break around a server; write what was seen (FAULTS=file)
	mkdir -p build && rm -f build/faults.jsonl
	EDGESERVE_FAULT_STOP_S=60 EDGESERVE_FAULT_ROWS=$(CURDIR)/build/faults.jsonl \
	    $(BIN)/pytest tests/faults $(PYTEST_FLAGS)
	$(BIN)/python -m tests.faults.table build/faults.jsonl $(FAULTS)

soak: $(VENV)/.package $(VENV)/.dev ## A server under load and faults (MINUTES=45, SEED=1); report and plot in build/soak
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --seed $(SEED) --out build/soak

peers: $(VENV)/.package $(VENV)/.dev ## The same job on other model servers, beside ours (installs them)
	$(BIN)/python -m tests.benchmarks.peers.compare dist/edgeserve-*.whl

proto: .venv-proto/.ready ## Write the gRPC stubs anew
	protos/generate.sh .venv-proto/bin/python

lock: ## Resolve the lock files anew (needs uv)
	@compile() { uv pip compile --universal --python-version 3.10 --generate-hashes \
	    --no-emit-index-url --no-header --quiet "$$@"; }; \
	compile pyproject.toml --extra server --extra quantize --extra video --extra mqtt --extra oci \
	    --group test --group check \
	    -o requirements-dev.lock && \
	compile pyproject.toml --extra server -c requirements-dev.lock -o requirements.lock && \
	compile pyproject.toml --extra quantize --group test --group train \
	    --group check -c requirements-dev.lock -o requirements-train.lock && \
	compile --group proto -o requirements-proto.lock && \
	compile pyproject.toml --extra server --extra mqtt -c requirements-dev.lock \
	    -o requirements-image.lock && \
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --quiet --group release -o requirements-release.lock

dist: .venv-release/.ready ## Build sdist and wheel, the same bytes from the same commit
	rm -rf dist
	.venv-release/bin/python -m build --no-isolation --outdir dist .
	cd dist && sha256sum edgeserve-* | tee SHA256SUMS

sbom: dist ## SBOM (CycloneDX) and licences of all dependencies; GPL and AGPL are refused
	tests/release/sbom.sh

test-release: dist ## The wheel with each extra alone, each Python, oldest and newest dependencies
	PATH="$(CURDIR)/.venv-release/bin:$$PATH" .venv-release/bin/python -m tests.release.matrix \
	    $(if $(EXTRAS),--extras '$(EXTRAS)')

train-environment: .venv-train/.ready ## Set up the environment that trains models

clean: ## Remove what was built
	rm -rf .venv .venv-* dist build output .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	    .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.server: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install -q --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.server
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	touch $@

# The wheel is what runs and what is tested, not the checkout.
$(VENV)/.package: pyproject.toml README.md $(PACKAGE_FILES) $(VENV)/.server
	rm -rf dist
	$(BIN)/pip wheel -q --no-deps -w dist .
	$(BIN)/pip install -q --no-deps --force-reinstall dist/edgeserve-*.whl
	touch $@

# Atheris stays outside the lock: it has wheels for x86-64 and Python 3.11 to 3.13 only.
$(VENV)/.fuzz: $(VENV)/.dev
	$(BIN)/pip install -q --no-deps 'atheris>=3,<4'
	touch $@

.venv-release/.ready: requirements-release.lock
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install -q --require-hashes -r requirements-release.lock
	touch $@

.venv-proto/.ready: requirements-proto.lock
	$(PYTHON) -m venv .venv-proto
	.venv-proto/bin/pip install -q --require-hashes -r requirements-proto.lock
	touch $@

# PyTorch stays outside the lock: its CPU and CUDA builds go by the same version.
.venv-train/.ready: requirements-train.lock $(VENV)/.package
	$(PYTHON) -m venv .venv-train
	.venv-train/bin/pip install -q torch==2.13.0
	.venv-train/bin/pip install -q --require-hashes -r requirements-train.lock
	.venv-train/bin/pip install -q --no-deps --force-reinstall dist/edgeserve-*.whl
	touch $@
