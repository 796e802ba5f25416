# The two commands that matter are `make demo` and `make test`. Each makes its own .venv when there is none.
# uv is used where it is installed, else venv and pip: a machine with only Python and make will do.
PYTHON ?= python3
EXTRAS ?= lab,db,dev
VENV := .venv
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

.PHONY: demo test lint mutate bench lab pictures clean

demo: $(VENV)/core
	$(BIN)/kpikit demo --out out/demo

test: $(VENV)/dev
	$(BIN)/python -m tests.run

lint: $(VENV)/dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/basedpyright --pythonpath $(BIN)/python

# which small wrong changes to the lines of the last commit (or since BASE) would no test notice?
mutate: $(VENV)/dev
	$(BIN)/python -m tests.mutate --lines-of $(or $(BASE),HEAD~1)

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
	rm -rf $(VENV) out dist
