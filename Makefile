# Two commands matter: `make run` and `make test`. Everything they need is installed into .venv and var.

PYTHON_IN_VENV := .venv/bin/python
MANAGE := $(PYTHON_IN_VENV) manage.py
TEMPLATES := $(wildcard templates)

ifdef PORT
export PORT
endif
ifdef HOST
export HOST
endif
ifdef CHILDWELFARE_HOME
export CHILDWELFARE_HOME
endif
ifdef PYTHON
export PYTHON
endif
export SIZES SEEDS NOISE

.DEFAULT_GOAL := help
.PHONY: help run stop test lint format screenshots bench bench-matching demo-reset venv venv-dev venv-bench

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/ /' | awk '{ name = $$1; $$1 = ""; printf "make %-15s%s\n", name, $$0 }'

venv:
	@bin/venv run

venv-dev:
	@bin/venv dev

venv-bench:
	@bin/venv bench

run: venv ## start everything; PORT and CHILDWELFARE_HOME choose port and data folder
	@exec $(PYTHON_IN_VENV) -m childwelfare.supervisor run

stop: venv ## stop what `make run` (or a test) left running
	@exec $(PYTHON_IN_VENV) -m childwelfare.supervisor stop

test: venv-dev ## run all tests, browser journeys included
	@exec bin/run-tests

lint: venv-dev ## style, types and templates
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(if $(TEMPLATES),.venv/bin/djlint --quiet --lint $(TEMPLATES))

format: venv-dev ## put code into shape
	.venv/bin/ruff check --fix --exit-zero .
	.venv/bin/ruff format .

screenshots: venv-dev ## take the pictures of docs/images from the journey
	@CHILDWELFARE_SCREENSHOTS=docs/images exec bin/run-tests -n 0 -m journey

bench: venv-dev ## measure list and child pages, row scope, import and match
	@exec $(PYTHON_IN_VENV) -m bench

bench-matching: venv-bench ## measure the matcher beside its baselines; SIZES="county city province", SEEDS, NOISE
	@exec $(PYTHON_IN_VENV) -m bench.matching

demo-reset: venv ## load the demo county afresh
	@exec $(MANAGE) demo_reset
