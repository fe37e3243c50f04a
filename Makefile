# make demo: set up and run the main job on real data.  make test: set up and run the tests.
# make test-slow: kills, clusters, and the stored references derived again.
# make docs: build the documentation into out/docs, its tutorials run.  make figures: draw the figures of the paper.  make gallery: write them into the documentation.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo docs figures gallery test test-slow lint types benchmarks clean

demo: $(VENV)/.installed
	mkdir -p out
	$(BIN)/convergen predict digits
	@echo
	$(BIN)/convergen simulate digits --plot out/digits.pdf

figures: $(VENV)/.installed
	$(BIN)/convergen figures make all --workers 2

gallery: $(VENV)/.installed
	$(BIN)/python -m convergen.figures.making.gallery docs

# Two workers, one thread each.
test test-slow: export OPENBLAS_NUM_THREADS = 1
test test-slow: export OMP_NUM_THREADS = 1
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.developed
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.developed
	$(PYTEST) -m slow

docs: $(VENV)/.documented
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs out/docs

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.developed
	$(BIN)/mypy

benchmarks: $(VENV)/.developed
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/startup.py

clean:
	rm -rf $(VENV) out

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/.documented: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@
