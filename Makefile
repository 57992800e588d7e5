PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check clean

setup: $(VENV)/.ready  ## virtual environment with pinned dependencies and the package

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: setup  ## the whole story: footage -> catalogue -> trained model -> generated video -> report
	$(BIN)/rushes demo

test: setup  ## every test that needs no GPU and no network, two at a time
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

check: setup  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:  ## remove the virtual environment and the demo
	rm -rf $(VENV) demo
