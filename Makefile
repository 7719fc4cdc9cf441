# `make book` builds the book, `make test` checks everything; both start from an empty checkout.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV ?= .venv
BIN := $(VENV)/bin
STAGE := sh scripts/stage.sh
NBVAL := $(BIN)/pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=300 \
         -q --dist loadscope notebooks
BUILD := $(BIN)/python scripts/build_book.py
MUTATIONS := $(BIN)/python tests/mutations.py -j 2
EVIDENCE := $(BIN)/python scripts/evidence.py

# One thread a process: with two processes on two cores, two threads each are many times slower.
export OMP_NUM_THREADS ?= 1
export AELIB_PROGRESS := 0
# Kernels of this environment, and nobody's private start-up files.
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/_build/.ipython
export MPLCONFIGDIR := $(CURDIR)/_build/.matplotlib
export PYDEVD_DISABLE_FILE_VALIDATION := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup book lab live test lint units pythons evidence-smoke evidence restamp notebooks \
        browser copy screens pictures mutations chapter-mutations faults seeds full \
        gpu-kit gpu lock clean distclean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# The second word of a stage is its share, in seconds on two shared cores, n the number of
# chapters: a stage over twice its share fails. Notebooks without a number are in the fixed
# part. The network decides how long setup takes.

setup: ## make .venv with every package of requirements.lock (PYTHON=... chooses the Python)
	@$(STAGE) setup 420+0n sh scripts/setup.sh $(VENV)

# a reader's machine may be slow: for the book alone the share is only reported
book: setup ## execute the chapters that are not in the cache and build the site
	@AELIB_STAGE_LIMITS=0 $(STAGE) build 60+20n $(BUILD)
	@sh scripts/stage.sh --summary

lab: setup ## JupyterLab with the book's packages and settings (OPTIONS=--no-browser)
	@$(BIN)/jupyter lab $(OPTIONS) notebooks

live: setup ## a server that shows training runs, http://127.0.0.1:8097 (OPTIONS="--port 8200")
	@$(BIN)/python -m aelib.trackers $(OPTIONS)

test: ## everything CI checks: lint, units, evidence, notebooks, site, mutations, faults
	@sh scripts/stage.sh --reset
	@$(MAKE) --no-print-directory setup lint units evidence-smoke notebooks
	@$(STAGE) build 30+2n $(BUILD) --cached
	@$(MAKE) --no-print-directory browser
	@$(STAGE) mutations 20+6n $(MUTATIONS) --today
	@$(MAKE) --no-print-directory faults
	@sh scripts/stage.sh --summary

lint: setup ## formatting and static checks
	@$(STAGE) lint 20+0n sh -c '$(BIN)/ruff check . && $(BIN)/ruff format --check .'

units: setup ## unit tests
	@$(STAGE) units 30+3n $(BIN)/pytest -m "not faults and not site" -n 2 -q

pythons: setup ## lint and unit tests on the other Pythons of this machine
	@MAKE="$(MAKE)" sh scripts/pythons.sh

evidence-smoke: setup ## every experiment on its small scale
	@$(STAGE) evidence 20+8n $(EVIDENCE) --smoke

evidence: setup ## compute a chapter's evidence: minutes to an hour (CHAPTER=02_autoencoder)
	@$(EVIDENCE) $(CHAPTER)

restamp: setup ## mark evidence as current where its code computes the same (CHAPTER=...)
	@$(EVIDENCE) --restamp $(CHAPTER)

notebooks: setup ## execute every cell of every notebook as a test
	@$(STAGE) nbval 40+20n $(NBVAL) -n 2

browser: setup ## the built site, in files and in a real browser (after make book)
	@$(STAGE) browser 44+14n $(BIN)/pytest -m site tests/site -n 2 --dist worksteal -q

copy: setup ## a learner's copy in an environment of its own (after make book; CHAPTER=...)
	@$(STAGE) copy 120+0n $(BIN)/python scripts/run_copy.py $(CHAPTER)

screens: setup ## pictures of every page, for looking at, in _build/screens (after make book)
	@$(BIN)/python scripts/screens.py

pictures: setup ## the screenshots of README.md (after make book)
	@$(BIN)/python scripts/readme_pictures.py

mutations: setup ## break the code, one change at a time: all of them (make test: a third a day)
	@$(STAGE) mutations 30+14n $(MUTATIONS)

chapter-mutations: setup ## the same, and the chapters that teach what is broken: hours
	@$(BIN)/python tests/mutations.py --chapters -j 2

# three at a time: kills and broken networks mostly wait
faults: setup ## kills, damaged files, broken networks, bad cells
	@$(STAGE) faults 180+0n $(BIN)/pytest -m faults -n 3 --dist worksteal -q

seeds: setup ## every chapter under five seeds
	@for offset in 0 1 2 3 4; do \
	  echo "== seeds: offset $$offset"; \
	  AELIB_SEED_OFFSET=$$offset $(NBVAL) -n 2 || exit 1; \
	done

full: setup ## the site of the full profile: all images, a GPU where there is one
	@AELIB_PROFILE=full $(BUILD)

gpu-kit: setup ## for make gpu on another machine: wheels and data in _build/gpu_kit (GPU_PYTHON=3.12)
	@sh scripts/gpu.sh prepare --python $(or $(GPU_PYTHON),3.12)

gpu: ## what needs a GPU, beside a kit, without a network: at most 8 minutes (PYTHON=...)
	@sh scripts/gpu.sh

lock: ## resolve requirements.txt anew into requirements.lock
	@sh scripts/lock.sh

clean: ## remove what was built
	rm -rf _build .pytest_cache .ruff_cache build *.egg-info
	find aelib tests scripts notebooks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove the environments as well
	rm -rf .venv .venv-3.*
