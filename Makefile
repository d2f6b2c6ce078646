# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LISTEN ?= 127.0.0.1
PORT   ?= 8000
DATA   ?= var
JOBS   ?= 2
# Databases of tests flush to disk at every commit, as they should; in memory that costs nothing.
MEMORY := $(shell [ -w /dev/shm ] && echo TMPDIR=/dev/shm)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR: # an environment that was made half is made again
.PHONY: help run test test-long test-real test-release check format lock bench sim clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	@echo "Installing what the product needs (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing what the tests need (once, about two minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run

run: $(VENV)/.run  ## the whole product with a demonstration; CONFIG=my.yaml runs your own, PORT=… and DATA=… move it, LISTEN=0.0.0.0 opens it to others (but for the console)
	@echo "Starting; everything is up in a quarter of a minute or so. Ctrl-C stops it at any time."
	@exec $(BIN)/python -m statuspage up --host "$(LISTEN)" --port "$(PORT)" --data "$(DATA)" $(if $(CONFIG),--config "$(CONFIG)",--demo)

test: $(VENV)/.dev  ## all tests but the long ones, and all checks
	@tests/debian-packages
	@$(MAKE) --no-print-directory check
	$(MEMORY) $(BIN)/python -m pytest -n $(JOBS) --dist loadscope -m "not long and not real and not release"

test-long: $(VENV)/.dev  ## kill tests, timing rows, 800 more seeds; what depends on the machine alone and in series
	@tests/debian-packages
	$(MEMORY) $(BIN)/python -m pytest -p no:randomly -n $(JOBS) --dist loadscope -m "beside and $(LONG)"; beside=$$?; \
	$(MEMORY) $(BIN)/python -m pytest -p no:randomly -m "not beside and $(LONG)" && [ $$beside = 0 ]
LONG := long and not real and not release

test-real: $(VENV)/.dev  ## against real counterparts that are installed by hand
	$(BIN)/python -m pytest -p no:randomly -m real

test-release: $(VENV)/.dev  ## 20,000 seeds, a storm of ten minutes and the full counts of the slowest promises, before a release
	$(BIN)/python -m pytest -p no:randomly -m release -o faulthandler_timeout=10800

check: $(VENV)/.dev  ## style, types, import layers, templates, translations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/python -m tests.check_templates
	@$(BIN)/python -m statuspage.words.check
	@$(BIN)/python -m pytest -q -p no:randomly tests/test_layers.py

format: $(VENV)/.dev  ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.dev  ## pin the newest versions with hashes, without any address of an index
	@$(BIN)/pip-compile --quiet --upgrade $(LOCK) -o requirements-dev.lock requirements-dev.in
	@$(BIN)/pip-compile --quiet $(LOCK) -c requirements-dev.lock -o requirements.lock requirements.in
LOCK := --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

bench: $(VENV)/.dev  ## ratios within one run, written to docs/benchmarks.md
	@tests/debian-packages
	@$(BIN)/python -m tests.bench

SEEDS ?= 1-200
sim: $(VENV)/.dev  ## the simulator: SEEDS=1-200, or SEED=7 with its trace; WORLD=flow from probes to the page
	@$(BIN)/python -m tests.simulation $(if $(WORLD),--world $(WORLD)) $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

clean:  ## remove what was built; data in $(DATA) stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
