# Two commands are enough on a fresh machine: `make demo` and `make test`. Both set up what they need in .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SETUP := .venv/.installed
# TensorFlow greets on standard error; the demo's output should be the tool's own.
export TF_CPP_MIN_LOG_LEVEL ?= 2
# Processes that run tests side by side; each may take a gigabyte and a half.
JOBS ?= 2

.PHONY: help setup demo test test-slow format types contract generated docs bench vscode ci clean

help:
	@echo "make demo       lint, migrate, match, train, evaluate, export on bundled data (about 5 minutes on 2 cores)"
	@echo "make test       the fast tests          make test-slow   the slow ones"
	@echo "make format     rewrite formatting      make types       mypy, strict"
	@echo "make contract   who may import whom     make generated   is everything compiled and generated current?"
	@echo "make docs       the site, into site/    make bench       the benchmarks"
	@echo "make vscode     the VS Code extension   make ci          all that CI runs"

setup: $(SETUP)

$(SETUP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,dev]'
	$(BIN)/python -m compileall -q cfgtool || true
	@touch $@

demo: $(SETUP)
	$(BIN)/python -m tools.demo

test: $(SETUP)
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

test-slow: $(SETUP)
	$(BIN)/python -m pytest -n $(JOBS) -m slow

format: $(SETUP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(SETUP)
	$(BIN)/mypy

contract: $(SETUP)
	$(BIN)/lint-imports

generated: $(SETUP)
	$(BIN)/python -m tools.generated --check

docs: $(SETUP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(SETUP)
	$(BIN)/python -m benchmarks

vscode:
	cd editors/vscode && npm install --no-package-lock --no-audit --no-fund --loglevel=error && npm run package

ci:
	bash .ci/run

clean:
	rm -rf .venv .demo site build dist editors/vscode/dist editors/vscode/node_modules *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
