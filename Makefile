# `make book` builds the book, `make test` checks everything; both start from an empty checkout.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
STAGE := sh scripts/stage.sh
NBVAL := $(BIN)/pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=300 \
         -q --dist loadscope notebooks

# One thread a process: with two processes on two cores, two threads each are many times slower.
export OMP_NUM_THREADS ?= 1
export AELIB_PROGRESS := 0
# Kernels of this environment, and nobody's private start-up files.
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/_build/.ipython
export PYDEVD_DISABLE_FILE_VALIDATION := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup book test notebooks lint units browser screens pictures faults mutations seeds full lock clean distclean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with every package of requirements.lock (PYTHON=... chooses the Python)
	@$(STAGE) setup 7 sh scripts/setup.sh

book: setup ## execute every chapter and build the site
	@$(STAGE) build 9 $(BIN)/python scripts/build_book.py
	@sh scripts/stage.sh --summary

test: ## everything CI checks: lint, unit tests, notebooks, strict build, mutations, faults
	@sh scripts/stage.sh --reset
	@$(MAKE) --no-print-directory setup lint units notebooks
	@$(STAGE) build 9 $(BIN)/python scripts/build_book.py
	@$(MAKE) --no-print-directory browser mutations faults
	@sh scripts/stage.sh --summary

lint: setup ## formatting and static checks
	@$(STAGE) lint 1 sh -c '$(BIN)/ruff check . && $(BIN)/ruff format --check .'

units: setup ## unit tests
	@$(STAGE) units 2 $(BIN)/pytest -m "not faults and not site" -n 2 -q

notebooks: setup ## execute every cell of every notebook as a test
	@$(STAGE) nbval 9 $(NBVAL) -n 2

browser: setup ## the built site, in files and in a real browser (after make book)
	@$(STAGE) browser 7 $(BIN)/pytest -m site tests/site -n 2 -q

screens: setup ## pictures of every page, for looking at, in _build/screens (after make book)
	@$(BIN)/python scripts/screens.py

pictures: setup ## the screenshots of README.md (after make book)
	@$(BIN)/python scripts/readme_pictures.py

mutations: setup ## break aelib on purpose, one change at a time, and see tests go red
	@$(STAGE) mutations 5 $(BIN)/python tests/mutations.py -j 2

faults: setup ## kills, damaged files, broken networks
	@$(STAGE) faults 6 $(BIN)/pytest -m faults -n 2 -q

seeds: setup ## every chapter under five seeds
	@for offset in 0 1 2 3 4; do \
	  echo "== seeds: offset $$offset"; \
	  AELIB_SEED_OFFSET=$$offset $(NBVAL) -n 2 || exit 1; \
	done

full: setup ## run chapters in the full profile and write aelib/results (CHAPTER=01_... for one)
	@$(BIN)/python scripts/run_full.py $(CHAPTER)

lock: ## resolve requirements.txt anew into requirements.lock
	@sh scripts/lock.sh

clean: ## remove what was built
	rm -rf _build .pytest_cache .ruff_cache build *.egg-info
	find aelib tests scripts notebooks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove the environment as well
	rm -rf .venv
