# The two commands of the README, and the few that a developer needs.
#   make run    open the workbench          make test    everything, on a fresh machine too
#   make check  what `make test` checks, without installing anything first

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := core workbench pages tests benchmarks
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test check test-full format browser bench clean

help:
	@echo "make run        make the environment and open the workbench"
	@echo "make test       make the environment with what tests need, then make check"
	@echo "make check      format, lint, types, import contracts, tests"
	@echo "make test-full  the tests with the large counts"
	@echo "make format     rewrite the sources in the house format"
	@echo "make browser    only the browser tests"
	@echo "make bench      the benchmarks of docs/performance.md"
	@echo "make clean      remove the environment and what was built"

run: $(VENV)/.run
	$(BIN)/workbench run

test: $(VENV)/.dev
	.ci/chromium
	$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Run: make format"; exit 1; }
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q -n $(WORKERS) -m "not browser and not full"
	$(BIN)/pytest -q -m "browser and not full"

test-full: $(VENV)/.dev
	.ci/chromium
	WORKBENCH_TEST_FULL=1 $(BIN)/pytest -q -n $(WORKERS) -m "not browser" --timeout 3600
	WORKBENCH_TEST_FULL=1 $(BIN)/pytest -q -m browser --timeout 3600

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

browser: $(VENV)/.dev
	.ci/chromium
	$(BIN)/pytest -q -m browser

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(if $(DSPY_PYTHON),--dspy-python $(DSPY_PYTHON))

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# An empty environment; made again only when it is gone.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "The workbench needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu it comes with: apt install python3-venv"; exit 1; }

# The stamps hold pip back until pyproject.toml changes.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	@echo "Installing the workbench into $(VENV)."
	$(PIP) install --editable ".[workbench]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing the workbench and its development tools into $(VENV)."
	$(PIP) install --editable ".[dev]"
	@touch $@ $(VENV)/.run
