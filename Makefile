# Everything starts here: `make` lists the targets. The first that needs it makes .venv; nothing else on the
# machine is changed. Written for GNU make 3.81 (macOS) and later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev

# A lock file must not depend on who made it: no index of theirs, no wheel directory of theirs.
LOCK := env -u UV_FIND_LINKS -u UV_EXTRA_INDEX_URL -u UV_INDEX $(BIN)/uv --quiet pip compile \
	--universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	-p 3.11 --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# The tests start hundreds of processes, and each would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check fmt docs lock drill client

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: $(DEV) ## Install everything for work on the project into .venv

demo: $(DEMO) ## Run the demonstration: the service and emulators of the outside world
	$(BIN)/mainspring demo

up: $(DEMO) ## Run the service on this machine (EMULATORS=1: with emulators of the outside)
	$(BIN)/mainspring up $(if $(EMULATORS)$(SANDBOX),--emulators)

test: $(DEV) ## Run the tests
	$(BIN)/pytest

check: $(DEV) ## Run the linters, the type checker and the checks of the build files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/pytest -q -n0 tests/unit/test_lock_files.py

fmt: $(DEV) ## Mend what the linters can mend, and format
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

docs: $(DEV) ## Write docs/jobs.md and docs/api-routes.md from the code
	$(BIN)/python -m mainspring.cli.job_reference > docs/jobs.new && mv docs/jobs.new docs/jobs.md
	$(BIN)/python -m mainspring.api.reference > docs/jobs.new && mv docs/jobs.new docs/api-routes.md

client: $(DEV) ## Write types of the HTTP API for TypeScript into var/client (needs Node)
	mkdir -p var/client && cp examples/node/package.json examples/node/typed-client.ts var/client
	$(BIN)/mainspring api --print-openapi > var/client/openapi.json
	npm --prefix var/client install --silent --no-audit --no-fund --no-package-lock
	npm --prefix var/client run --silent types

drill: $(DEV) ## Run the long fault drills
	$(BIN)/pytest -o addopts="--strict-markers" --hypothesis-profile=drill -m drill -n0

lock: $(BIN)/python ## Lock the dependencies anew (UPGRADE=1 takes newer ones)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) pyproject.toml --group build -o requirements/runtime.txt
	$(LOCK) pyproject.toml --group build --group emulators -o requirements/demo.txt
	$(LOCK) pyproject.toml --group dev -o requirements/dev.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# uv installs in a third of the time; without it pip does the same. Both compile what they install: where Python
# may not keep byte code of its own, each start of a process would take more than twice as long.
$(VENV)/.installed-%: requirements/%.txt requirements/uv.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt || echo "no uv: pip it is"
	@if test -x $(BIN)/uv; then \
		$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $< && \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
		$(BIN)/python -m pip install --quiet --require-hashes -r $< && \
		$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	fi
	@touch $@
