# Every target sets up what it needs: `.venv` with the locked dependencies, made once.

.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup setup-run run test bench bench-peers profile chaos chaos-races chaos-hosts fuzz check doctor clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: ## Set up everything for running, testing and checking
	@$(PYTHON) scripts/bootstrap.py --dev

setup-run:
	@$(PYTHON) scripts/bootstrap.py

run: setup-run ## Start the whole service (PORT, FILEMILL_HOME and FILEMILL_ROOTS say where)
	@exec $(BIN)/filemill up --end-with-parent

# What strikes and times whole services has the machine to itself; the rest shares it, each process with servers of its
# own, and those that start whole services file by file.
JOBS ?= $(shell nproc)
TOGETHER := tests/unit tests/integration tests/hostile examples
# Long tables are made once for all that is proven on them, and each test that commits would empty them.
OF_LONG_TABLES := tests/integration/plans
OF_SERVICES := tests/endtoend tests/browser
# Its tests of one name are many, one for each address, of which xdist would run a single one by file.
OF_SCHEMA := tests/endtoend/test_schema.py
ALONE := $(OF_LONG_TABLES) $(OF_SCHEMA) tests/chaos tests/hosts
test: setup ## Run all tests (ARGS="tests/unit -k name" for some of them)
	@$(PYTHON) scripts/test_tools.py
ifdef ARGS
	@exec $(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TOGETHER) --ignore $(OF_LONG_TABLES)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(OF_SERVICES) --ignore $(OF_SCHEMA)
	@exec $(BIN)/python -m pytest $(ALONE)
endif

RUN ?=
MODES ?= early late early-prefetching late-prefetching
HOSTS_MODES ?= early late
RACES = tests/integration/tasks/test_races.py tests/integration/tasks/test_state_machine.py
chaos: setup ## Strike the running service with every fault, in every mode of Celery (RUN=2 keeps its figures, MODES=late, ARGS="-k name")
	@$(PYTHON) scripts/test_tools.py
	@for mode in $(MODES); do \
		CHAOS_MODE=$$mode CHAOS_KEEP=$(RUN:%=%/$$mode) \
			$(BIN)/python -m pytest tests/chaos -m "chaos or not chaos" $(ARGS) || exit 1; \
	done
	@if [ -n "$(RUN)" ]; then $(BIN)/python -m tests.chaos.bars; fi

chaos-races: setup ## Race and permute the moves of tasks in the database, longer than the tests do (RUN)
	@CHAOS_KEEP=$(RUN:%=%/races) TESTS_PROFILE=long $(BIN)/python -m pytest $(RACES) $(ARGS)
	@if [ -n "$(RUN)" ]; then $(BIN)/python -m tests.chaos.bars; fi

chaos-hosts: setup ## Cut, slow down and heal the links between several hosts, under early and late acks (RUN, HOSTS_MODES)
	@for mode in $(HOSTS_MODES); do \
		CHAOS_MODE=$$mode CHAOS_KEEP=$(RUN:%=%/hosts-$$mode) $(BIN)/python -m pytest tests/hosts $(ARGS) || exit 1; \
	done
	@if [ -n "$(RUN)" ]; then $(BIN)/python -m tests.chaos.bars; fi

SEED ?= 1
COUNT ?= 20000
fuzz: setup ## Work on thousands of spoilt files in the cage, and tell what came of it (SEED=2, COUNT=5000)
	@exec nice $(BIN)/python -m tests.hostile.fuzz --seed $(SEED) --count $(COUNT) $(ARGS)

bench-peers: ## Install the engines of other projects that the benchmarks compare with
	$(PYTHON) -m venv var/peers/thumbor
	var/peers/thumbor/bin/pip install --quiet thumbor==7.8.0
	if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix var/peers/sharp sharp@0.35.5; fi

bench: setup ## Measure what Filemill promises (ONLY=P3 for one benchmark, ROUNDS, SHARE for a short try), on an idle machine
	@exec $(BIN)/python -m benchmarks $(ONLY)

profile: setup ## Show where the time of a bulk run goes (ONLY=photos or ONLY=small for one of them)
	@exec $(BIN)/python -m benchmarks.profiling $(ONLY)

check: setup ## Lint, types, import rules, migrations, requirements
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	SECRET_KEY=check $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(BIN)/python scripts/requirements.py --check

doctor: setup-run ## Say what this installation has, lacks and how to mend it
	@exec $(BIN)/filemill doctor

clean: ## Delete the virtual environment and all caches; var/ (your data) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find config filemill tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
