# `make run` and `make test` are all a new machine needs; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MAKING := $(VENV)/.making
CORES ?= 8
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)
# One thread per job: Snakemake and pytest-xdist already fill the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help setup run test lint format report bench lock environment clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make .venv and install the locked packages

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: needs Python 3.11 or newer; name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "error: Python's venv is missing; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@if [ -e $(MAKING) ]; then rm -rf $(VENV); fi # it was interrupted
	@mkdir -p $(VENV) && touch $(MAKING)
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements.lock
	@mv $(MAKING) $@ && touch $@

run: setup ## run config.yaml: all files, then results/report.zip
	@snakemake -j$(CORES)
	@echo "The report is results/report.zip: unpack it and open report.html."
	@echo "All verification rows: results/verification.csv; all numbers: results/summary.csv"

report: setup ## only what results/report.zip needs
	@snakemake -j$(CORES) report
	@echo "The report is results/report.zip: unpack it and open report.html."

test: setup ## run the tests
	@python -m pytest -q -n 2 --dist loadfile

lint: setup ## formatting, style, types, workflow
	@ruff format --check .
	@ruff check .
	@snakefmt --check Snakefile workflow
	@snakemake --lint
	@mypy

format: setup ## put the code in form
	@ruff format . && ruff check --fix . && snakefmt Snakefile workflow

bench: $(VENV)/.benched ## ratios against peers, on one core
	@python benchmarks/nlse.py
	@python benchmarks/entropy.py
	@python benchmarks/chaos.py
	@python benchmarks/forecast.py
	@python benchmarks/active.py
	@python benchmarks/structure.py
	@python benchmarks/production.py

$(VENV)/.benched: requirements-bench.lock $(STAMP)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-bench.lock
	@touch $@

COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet

lock: ## refresh both locks from pyproject.toml (needs uv)
	@$(COMPILE) --extra fast-fft --extra test --extra dev --output-file requirements.lock
	@$(COMPILE) --extra fast-fft --extra bench --constraint requirements.lock \
	  --output-file requirements-bench.lock

environment: setup ## refresh environment.yml from pyproject.toml
	@python docs/environment.py > environment.yml

clean: ## remove what was made, .venv included
	@rm -rf $(VENV) results logs .snakemake .pytest_cache .mypy_cache .ruff_cache
