# Every target sets up what it needs: a checkout, Python 3.11 or newer and a package registry are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait more than they compute: more workers than cores keep them busy.
WORKERS ?= 4

.PHONY: quickstart test test-fast test-conformance test-node lint bench catalogue-report generate manifests build install run clean

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

quickstart: $(STAMP) ## Set up, then run the tour of the README
	@PATH="$(abspath $(BIN)):$$PATH" bash tools/tour.sh

test: $(STAMP) ## The whole suite, on the embedded cluster and on every control plane that KUBEBUILDER_ASSETS names
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not node and not conformance"

test-fast: $(STAMP) ## The pure tests, under a second of start-up: the part that runs on every supported Python
	$(BIN)/python -m pytest -n $(WORKERS) -m fast -q

test-conformance: $(STAMP) ## The official MCP suite, over the bridge and over the client
	$(BIN)/python -m pytest -m conformance tests/conformance -s

test-node: $(STAMP) ## The tour on a real node (needs root and the envtest folder)
	$(BIN)/python -m pytest -m node tests/e2e -s

lint: $(STAMP) ## Style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict -p mcp_operator.api -p mcp_operator.render -p mcp_operator.catalog -p mcp_operator.protocol
	$(BIN)/mypy -p mcp_operator -p mcp_cli
	$(BIN)/lint-imports

bench: $(STAMP) ## Ratios against a reference, side by side
	$(BIN)/python -m tests.bench

catalogue-report: $(STAMP) ## What becomes of the real registries (RUN=--run also starts 40 servers, 10 to 20 minutes)
	$(BIN)/python tools/catalogue_report.py $(RUN)

generate: $(STAMP) manifests ## Man pages, completions, CRD reference
	$(BIN)/python tools/generate.py
	$(BIN)/python tools/crd_reference.py

manifests: $(STAMP) ## CRDs from mcp_operator.api
	$(BIN)/python tools/manifests.py

build: $(STAMP) ## A wheel in dist/
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --wheel --outdir dist

install: ## Into the environment of PYTHON
	$(PYTHON) -m pip install .

run: $(STAMP) ## The operator in the foreground, on the current kubeconfig
	$(BIN)/mcp-operator run

clean: ## Everything that a target made
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .testenv
