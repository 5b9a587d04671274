# machipika: `make run` to try it, `make test` to prove it. Everything installs into this folder,
# except Debian packages that are missing (see deploy/setup.sh).
SHELL := /bin/bash
PYTHON := .venv/bin/python
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint fmt lock bench evaluate shots messages clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 18

setup: ## install what running needs
	@deploy/setup.sh run

run: setup ## the whole thing with a demo city on http://127.0.0.1:8000 (PORT=, DATABASE_URL=)
	@PORT=$(PORT) exec .venv/bin/machipika serve --demo

demo: setup ## load the demo city only (SCALE=N for N times the data)
	@.venv/bin/machipika demo --scale $(or $(SCALE),1)

test: ## every test: unit, database, HTTP, browser (ARGS= for pytest)
	@deploy/setup.sh test
ifdef ARGS
	@$(PYTHON) -m pytest $(ARGS)
else
	@$(PYTHON) -m pytest -q -n auto --dist loadfile --ignore tests/browser
	@$(PYTHON) -m pytest -q -n auto --dist loadfile tests/browser
endif

lint: ## style, types, import rules
	@deploy/setup.sh test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

fmt: ## put the code into shape
	@.venv/bin/ruff check --fix-only -q . ; .venv/bin/ruff format -q .

bench: ## speed of the main queries on a big city, as ratios
	@deploy/setup.sh test
	@$(PYTHON) -m bench.queries

evaluate: ## is the matching any good: a made-up city's season, docs/matching.md with plots
	@deploy/setup.sh test
	@$(PYTHON) -m bench.matching

shots: ## pictures of every page at phone and desk size, under var/screens
	@deploy/setup.sh test
	@MACHIPIKA_SCREENS=1 $(PYTHON) -m pytest -q tests/browser/test_screens.py

messages: ## collect the words of templates and code for translators
	@.venv/bin/pybabel -q extract -F deploy/babel.cfg --ignore-dirs '.*' -k _l -k N_ -o server/locale/messages.pot .

lock: ## choose exact versions again (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.lock

clean: ## remove everything that can be made again (the demo's database too)
	@-[ -x .venv/bin/machipika ] && .venv/bin/machipika stop
	rm -rf .venv node_modules static/vendor var
