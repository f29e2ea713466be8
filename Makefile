# make demo [INPUT=file] [TRACE=line]: the file of commands to send, and the line whose tree is shown.
# Needs git, make and a Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUN = .venv/bin/python -m
JOBS ?= auto

.PHONY: demo test faults properties coverage lint format bench wheel

demo: .venv/installed
	$(RUN) examples.meetings.demo $(if $(INPUT),"$(INPUT)") $(if $(TRACE),--trace $(TRACE))

test: .venv/installed
	$(RUN) pytest -q -n $(JOBS) --dist loadfile $(ARGS)

# EXAMPLES=n: how many runs of up to 6 random transactions are compared with the model, n with handlers one after another
# and n with handlers at once. The 2,000 in all take 4 to 5 minutes of processor time: 13 minutes on two busy cores.
EXAMPLES ?= 1000

properties: .venv/installed
	UOW_EVENTS_PROPERTY_EXAMPLES=$(EXAMPLES) $(RUN) pytest -q -n 2 --dist load --show-capture=no tests/properties $(ARGS)

# ROUNDS=n: how many times as long as in `make test`; from 5 on the backlog has 1,000,000 rows.
ROUNDS ?= 5

faults: .venv/installed
	UOW_EVENTS_FAULT_ROUNDS=$(ROUNDS) $(RUN) pytest -q -n 1 tests/faults $(ARGS)

coverage: ARGS = --cov
coverage: test

lint: .venv/installed
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) mypy typing_tests examples
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(RUN) scripts.check_limits

format: .venv/installed
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: .venv/installed
	$(RUN) benchmarks.one_send
	$(RUN) benchmarks.parallel_handlers
	$(RUN) benchmarks.relay_drain

wheel: .venv/installed
	scripts/test_wheel.sh

.venv/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (on Debian: python3-venv); name it with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
