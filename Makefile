# The map of this repository's commands; `make` alone prints it.

VENV := .venv
READY := $(VENV)/.ready
BENCH_VENV := .bench/venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# More than the two cores of a small machine: the tests often wait.
PYTEST_WORKERS ?= 4
LONG_WORKERS ?= 2
SHARE ?= 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test test-long conformance-setup conformance bench-setup bench bench-page instructions lint messages docs lock

help: ## print this map
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 | \2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

setup: $(READY) ## make .venv with everything, every version and hash from requirements.txt

# Three steps that a later run skips: a virtual environment that works, the locked packages, this package.
# setuptools and wheel come from the lock, so building this package fetches nothing unlocked.
$(READY): requirements.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'synclead needs Python 3.11 or later. Install it, or name it: make setup PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo 'Python could not make a virtual environment. On Debian and Ubuntu its package is python3-venv.' >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## serve the demo on http://127.0.0.1:8080
	$(BIN)/synclead serve --demo --host 127.0.0.1 --port 8080

# The tests start the program some hundred times; where Python may not keep bytecode, each start would compile it anew.
.PHONY: bytecode
bytecode: setup
	@$(BIN)/python -m compileall -q src

# A file stays with one worker, so that the server of its tests is started once.
test: bytecode ## run the tests, without the long ones; narrow with ARGS='tests/soap -k blank'
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(ARGS)

# SHARE scales kills, histories and minutes, so that a shorter run still does something of everything.
test-long: bytecode ## run the tests that take long; SHARE=0.3 does 30 % of each
	SYNCLEAD_LONG_SHARE=$(SHARE) $(BIN)/python -m pytest -m long -n $(LONG_WORKERS) --dist loadfile --timeout 3600 -ra $(ARGS)

conformance-setup: setup ## install the client stacks; Debian's packages where this is root
	$(BIN)/python tests/conformance/install.py

# A stack stays with one worker, which builds its program once.
conformance: bytecode ## run programs in other languages, each with its own SOAP stack, against the server
	$(BIN)/python -m pytest -m conformance -n $(LONG_WORKERS) --dist loadgroup -ra $(ARGS)
	$(BIN)/python tests/conformance/page.py

bench-setup: setup ## install what the benchmarks need, .bench/venv too; Debian's packages where this is root
	$(BIN)/python -m bench.install

# PART is one of limits, peers, calls, import, sizes, micro; nothing else may run meanwhile. It runs on the system's
# Python, which is optimized like the peers; .venv may have one that somebody compiled without.
bench: bytecode ## measure synclead beside its limits and peers: about an hour; PART=calls a part, ARGS=--quick a try
	@$(BIN)/python -m bench.python
	$(BENCH_VENV)/bin/python -m bench $(addprefix --part ,$(PART)) $(ARGS)

instructions: setup ## count the instructions of a call's steps by valgrind, beside the committed ones
	$(BIN)/python -m bench.instructions

bench-page: setup ## write docs/performance.md anew from the results of the benchmarks
	$(BIN)/python -m bench.page --write

lint: setup ## check style, types, import directions and the lock file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check
	$(BIN)/python -m pytest -q tests/test_repository.py

messages: setup ## write soap/messages.py anew from the WSDL
	$(BIN)/python -m synclead.soap.generate

docs: setup ## write anew what the documents have from the code: docs/cli.md, and two tables
	$(BIN)/python tests/docs/made.py

lock: setup ## write requirements.txt anew from pyproject.toml; needs a package index (UPGRADE=--upgrade for newer versions)
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --extra dev --output-file requirements.txt $(UPGRADE) pyproject.toml
