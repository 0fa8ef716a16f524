# Needs git, make, Python 3.11 with venv, and PyPI. `make run` is all a newcomer needs.
# The first that works, since a version manager's shim may name a Python it can't run.
PYTHON := $(shell for python in python3.11 python3 /usr/bin/python3.11; do \
  $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' \
    2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
# A copy of what was installed: a touched but unchanged file installs nothing.
INSTALLED := .venv/requirements.txt

.PHONY: run demo test lint bench chaos install
.DEFAULT_GOAL := run

run: install
	@$(BIN)/python manage.py up

demo: install
	@$(BIN)/python manage.py demo

test: install
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python manage.py check

bench: install
	@$(BIN)/python manage.py bench

chaos: install
	@$(BIN)/python -m tests.chaos

install:
	@cmp -s requirements.txt $(INSTALLED) || { \
	  test -n "$(PYTHON)" || { echo "Python 3.11 with venv is needed."; exit 1; }; \
	  test -x $(BIN)/pip || $(PYTHON) -m venv .venv; \
	  echo "Installing requirements.txt into .venv"; \
	  $(BIN)/pip install -qq --disable-pip-version-check -r requirements.txt \
	    && cp requirements.txt $(INSTALLED); \
	}
