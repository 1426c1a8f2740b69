# Kilnwood. `make demo` and `make test` need Python 3.11 or newer and nothing else; `make help` lists the rest.
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
RUN_LOCK := deploy/requirements.lock
TEST_LOCK := deploy/requirements-test.lock
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve bench peers test lint format lock audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.run ## one region's first season on a real PostgreSQL (ARGS="--serve" keeps it up, ARGS=--simulate asks the simulator)
	@$(BIN)/python -m deploy demo $(ARGS)

serve: $(VENV)/.run ## the service, settings from the environment (ARGS=--help lists them)
	@$(BIN)/python -m deploy serve $(ARGS)

bench: $(VENV)/.run ## throughput beside its limits on this machine (ARGS for options)
	@$(BIN)/python -m deploy bench $(ARGS)

peers: $(VENV)/.run ## other order books in Python, for `make bench ARGS=exchange` to compare with
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -e '.[peers]'; \
	else $(BIN)/python -m pip --disable-pip-version-check install --quiet -e '.[peers]'; fi

test: $(VENV)/.test ## all tests, three workers (ARGS="-k retire" to choose)
	@$(BIN)/python -m pytest -n 3 -q $(ARGS)

lint: $(VENV)/.test ## ruff, format, types, import contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

format: $(VENV)/.test ## put the source into the house format
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: ## make the hashed locks again from pyproject.toml (needs uv; no address may enter them)
	@command -v uv >/dev/null || { echo "kilnwood: 'make lock' needs uv on the PATH" >&2; exit 1; }
	@$(call compile,--extra server --extra build,$(RUN_LOCK))
	@$(call compile,--extra server --extra build --extra simulation --extra test,$(TEST_LOCK))

audit: ## known vulnerabilities of what is locked (needs uv and the network)
	@command -v uv >/dev/null || { echo "kilnwood: 'make audit' needs uv on the PATH" >&2; exit 1; }
	@uv tool run pip-audit --strict --disable-pip --require-hashes -r $(TEST_LOCK) $(ARGS)

clean: ## remove the environment and caches; the data in .kilnwood/ stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

compile = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --no-header --quiet --upgrade $(1) --output-file $(2)

# Stamps: when nothing changed, a second run costs make one look at three files. A stamp is written last, so an install
# that was interrupted runs again.
$(VENV)/.run: pyproject.toml $(RUN_LOCK) | $(BIN)/python
	@$(call install,$(RUN_LOCK))
	@touch $@

# The test lock holds the run-time lock and more: both stamps are then true, and `make demo` after `make test` starts at once.
$(VENV)/.test: pyproject.toml $(TEST_LOCK) | $(BIN)/python
	@$(call install,$(TEST_LOCK))
	@touch $@ $(VENV)/.run

# --require-hashes: what was locked is what is installed. The checkout itself goes in editable, built by the locked backend.
define install
set -e; echo "kilnwood: installing $(1) into $(VENV)/" >&2; \
if command -v uv >/dev/null; then \
  uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); \
  uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .; \
else \
  $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $(1); \
  $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-build-isolation --no-deps -e .; \
fi
endef

$(BIN)/python:
	@fail() { echo "kilnwood: $$1" >&2; exit 1; }; \
	version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) \
	  || fail "'$(PYTHON)' does not run; install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3"; \
	[ "$${version%%.*}" -eq 3 ] && [ "$${version#*.}" -ge 11 ] \
	  || fail "Python 3.11 or newer is needed, '$(PYTHON)' is $$version; say where a newer one is: make PYTHON=python3.12"; \
	if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(VENV); exit; fi; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || fail "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; \
	$(PYTHON) -m venv $(VENV)
