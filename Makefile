# make demo   set up, then harmonize real ultrasound files: the main job, in a few lines
# make test   set up, then ruff, mypy and the tests
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
# Threads of one process; the tests run in JOBS processes.
export OMP_NUM_THREADS ?= 1

# The environment is made anew when what it is made from changes, or when the checkout has moved.
SOURCES := pyproject.toml setup.py constraints.txt Tools/install.sh Tools/install_libraries.sh
STAMP := .venv/.installed-$(shell (cat $(SOURCES); echo "$(CURDIR)") | sha256sum | cut -c 1-16)

.PHONY: demo test test-all lint format benchmarks install constraints clean

demo: install
	$(BIN)/python examples/demo.py demo-output

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --max-worker-restart 0 -m "not slow"

test-all: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --max-worker-restart 0

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: install
	for script in Testing/benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

install: $(STAMP)

$(STAMP):
	PYTHON="$(PYTHON)" sh Tools/install.sh
	rm -f .venv/.installed-*
	touch $@

# Pin what is installed now; delete lines of constraints.txt and `make install` first to move to newer versions.
constraints: install
	(sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable --exclude pip | sed 's/+.*//') > .venv/constraints
	cp .venv/constraints constraints.txt

clean:
	rm -rf .venv build demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
