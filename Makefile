# weft: the commands that people type. Everything but python3, make, a C++ compiler and perl comes
# from PyPI into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2
BOARD ?= ulx3s
SEEDS ?= 1

.PHONY: demo setup boards bitstream test regress prove bench lint check-tools clean

demo: setup
	$(BIN)/python -m examples.digits

setup: $(STAMP)

$(STAMP): pyproject.toml tools/check_prerequisites.sh
	@sh tools/check_prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@

boards: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[boards]'

bitstream: boards
	$(BIN)/weft synth $(CONFIG) --board $(BOARD) --seeds $(SEEDS)

test: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests

regress: setup
	$(BIN)/python -m sim.regress $(ARGS)

prove: setup
	$(BIN)/python -m tests.core.formal.prove --jobs $(JOBS) $(ARGS)

bench: setup
	$(BIN)/weft bench

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy arch compiler firmware sim cli examples

clean:
	rm -rf build $(VENV)
