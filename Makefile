# Every target sets up what it needs: `.venv` with the locked dependencies, made once.

.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup setup-run run test chaos chaos-hosts fuzz check doctor clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: ## Set up everything for running, testing and checking
	@$(PYTHON) scripts/bootstrap.py --dev

setup-run:
	@$(PYTHON) scripts/bootstrap.py

run: setup-run ## Start the whole service (PORT, FILEMILL_HOME and FILEMILL_ROOTS say where)
	@exec $(BIN)/filemill up --end-with-parent

test: setup ## Run all tests (ARGS="tests/unit -k name" for some of them)
	@$(PYTHON) scripts/test_tools.py
	@exec $(BIN)/python -m pytest $(ARGS)

ACKS ?= false true
chaos: setup ## Strike the running service with every fault, under early and late acks (ACKS=false, ARGS="-k name")
	@$(PYTHON) scripts/test_tools.py
	@for late in $(ACKS); do \
		CELERY_TASK_ACKS_LATE=$$late CHAOS_KEEP_FIGURES=1 \
			$(BIN)/python -m pytest tests/chaos -m "chaos or not chaos" $(ARGS) || exit 1; \
	done
	@$(BIN)/python -m tests.chaos.figures

chaos-hosts: setup ## Cut, slow down and heal the links between several hosts, in network namespaces
	@exec $(BIN)/python -m pytest tests/hosts $(ARGS)

SEED ?= 1
COUNT ?= 20000
fuzz: setup ## Work on thousands of spoilt files in the cage, and tell what came of it (SEED=2, COUNT=5000)
	@exec nice $(BIN)/python -m tests.hostile.fuzz --seed $(SEED) --count $(COUNT) $(ARGS)

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
