# The two commands that matter are `make demo` and `make test`. Each makes its own .venv when there is none.
# uv is used where it is installed, else venv and pip: a machine with only Python and make will do.
PYTHON ?= python3
EXTRAS ?= lab,db,dev
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
UV := $(shell command -v uv 2>/dev/null)
ifdef UV
NEW_VENV = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --compile-bytecode --constraint constraints.txt
else
NEW_VENV = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
endif
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test lint mutate explore-examples lowest bench lab pictures clean

demo: $(VENV)/core
	$(BIN)/kpikit demo --out out/demo

test: $(VENV)/dev
	$(BIN)/python -m tests.run

lint: $(VENV)/dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/basedpyright --pythonpath $(BIN)/python

# which small wrong changes to the lines of the last commit (or since BASE) would no test notice?
mutate: $(VENV)/dev
	$(BIN)/python -m tests.mutate --lines-of $(or $(BASE),HEAD~1)

# new examples for everything that must hold for every book, RUNS times over; a find is put into its test by @example
explore-examples: $(VENV)/dev
	for run in $$(seq $(or $(RUNS),5)); do echo "== $$run"; \
	$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile=explore -n auto -p no:nbval || exit 1; done

# the fast suite with the lowest versions that pyproject.toml claims, in an environment of its own
lowest: $(LOWEST)/lowest
	$(LOWEST)/$(notdir $(BIN))/python -m pytest -q -m "not slow" -n auto --dist loadfile -p no:nbval

$(LOWEST)/lowest: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(LOWEST) $(LOWEST)/$(notdir $(BIN))/uv pip install --quiet --resolution lowest-direct \
	  --editable ".[lab,db,dev]"
	touch $@

bench: $(VENV)/dev
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lab: $(VENV)/dev
	$(BIN)/jupyter lab notebooks

pictures: $(VENV)/dev
	$(BIN)/python docs/pictures.py && $(BIN)/python docs/pictures_review.py

$(VENV)/core: pyproject.toml constraints.txt
	$(NEW_VENV)
	$(INSTALL) --editable .
	touch $@

$(VENV)/dev: pyproject.toml constraints.txt
	$(NEW_VENV)
	$(INSTALL) --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) out dist
