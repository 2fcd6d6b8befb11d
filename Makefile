.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
READY := $(VENV)/.ready
PY := $(VENV)/bin/python
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help setup demo format lint test test-slow smoke reproduce-tables golden bench kill-resume lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-17s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-build.txt requirements-horovod.txt pyproject.toml scripts/setup.sh
	@scripts/setup.sh

setup: $(READY) ## Make .venv with everything pinned (Horovod too where a C++ compiler is present)

demo: $(READY) ## A real search on the embedded data set beside its random baseline, to a finished report
	@scripts/demo.sh

format: $(READY) ## Format the code
	@$(VENV)/bin/ruff format nas_cli tests scripts
	@$(VENV)/bin/ruff check --fix nas_cli tests scripts

lint: $(READY) ## ruff, mypy (strict), import-linter
	@$(VENV)/bin/ruff format --check nas_cli tests scripts
	@$(VENV)/bin/ruff check nas_cli tests scripts
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

test: $(READY) ## The tests, in two processes
	@$(VENV)/bin/pytest -n 2 --dist loadfile

test-slow: $(READY) ## The slow tests too
	@$(VENV)/bin/pytest -m ""

smoke: $(READY) ## The tour of the README, a few minutes from end to end
	@$(VENV)/bin/pytest -m slow tests/test_readme.py

reproduce-tables: $(READY) ## Every table and figure of the documents (SCALE=smoke|reduced|paper ONLY=codeepneat,… DRY_RUN=1)
	@$(PY) scripts/reproduce_tables.py --scale $(or $(SCALE),reduced) $(if $(ONLY),--only $(ONLY)) $(if $(DRY_RUN),--dry-run)

golden: $(READY) ## Rewrite the golden files (help pages, configurations, CSV headers)
	@NAS_GOLDEN=write $(VENV)/bin/pytest -q tests/test_golden.py

bench: $(READY) ## Training throughput and time per trial, as ratios in one run
	@$(PY) scripts/bench_training.py
	@$(PY) scripts/bench_search_loop.py
	@$(PY) scripts/bench_distillation.py

kill-resume: $(READY) ## Kill a search at 30 random instants and compare what resuming gives
	@$(PY) scripts/kill_and_resume.py

lock: ## Pin requirements.txt anew (needs uv)
	@scripts/lock.sh

clean: ## Remove .venv and caches (not results)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
