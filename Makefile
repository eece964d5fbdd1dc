# Every target is idempotent and makes .venv itself; Python 3.11 or newer is all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CASES ?= benchmarks/verdict_cases.json
SECONDS ?= 120
EACH ?= 100
SEED ?= 1
RUNS ?= 5
COMMIT ?= HEAD~1
JOBS ?= 30
ON ?= sqlite,postgresql
PHASES ?= examples,coverage,fuzzing,stateful
TOOLS := .tools
# One more than there are processors, for much of the time is waiting.
TESTERS = $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
PIN := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock"
NODE := PATH="$(CURDIR)/$(TOOLS)/node/bin:$(CURDIR)/openapi/tools/node_modules/.bin:$$PATH"

.DEFAULT_GOAL := help
.PHONY: help run test check house mutation demo demo-grading bench bench-against bench-formulas bench-http bench-page bench-store bench-jobs bench-charts calibration phase-diagram attack chaos fuzz rivals verdicts torch oracle openapi clients consumers contract docs lock sbom audit clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 18

$(BIN)/.runtime: requirements/runtime.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; try make PYTHON=python3.12 …")'
	@echo "· installing the runtime into $(VENV): once, a minute or two"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python requirements/install.py requirements/runtime.lock
	@touch $@

$(BIN)/.dev: requirements/dev.lock $(BIN)/.runtime
	@echo "· installing the development tools into $(VENV)"
	@$(BIN)/python requirements/install.py requirements/dev.lock
	@touch $@

# Tools that nothing else may depend on, each in an environment of its own.
$(TOOLS)/%/.installed: requirements/tools/%.lock
	@echo "· installing $* into $(TOOLS)/$*"
	@$(PYTHON) -m venv --clear $(TOOLS)/$*
	@$(TOOLS)/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Keras computes with the PyTorch of .venv, which is too large to be installed twice.
$(TOOLS)/keras/.installed: requirements/tools/keras.lock | torch
	@echo "· installing keras into $(TOOLS)/keras"
	@$(PYTHON) -m venv --clear $(TOOLS)/keras
	@$(TOOLS)/keras/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > "$$($(TOOLS)/keras/bin/python -c 'import site; print(site.getsitepackages()[0])')/torch_of_venv.pth"
	@touch $@

$(TOOLS)/editors/.installed: requirements/tools/editors/package-lock.json $(TOOLS)/node/.installed
	@echo "· installing the editors of formulas into $(TOOLS)/editors"
	@mkdir -p $(TOOLS)/editors && cp requirements/tools/editors/package*.json $(TOOLS)/editors
	@cd $(TOOLS)/editors && $(NODE) npm ci --silent --ignore-scripts
	@touch $@

$(TOOLS)/generators/.installed: requirements/tools/generators/package-lock.json $(TOOLS)/node/.installed
	@echo "· installing other generators of TypeScript, and Prism, into $(TOOLS)/generators"
	@mkdir -p $(TOOLS)/generators && cp requirements/tools/generators/package*.json $(TOOLS)/generators
	@cd $(TOOLS)/generators && $(NODE) npm ci --silent --ignore-scripts
	@touch $@

openapi/tools/node_modules/.installed: openapi/tools/package-lock.json $(TOOLS)/node/.installed
	@echo "· installing the tools for OpenAPI documents"
	@cd openapi/tools && $(NODE) npm ci --silent --ignore-scripts
	@touch $@

run: $(BIN)/.runtime ## serve on 127.0.0.1:8000
	@$(BIN)/python -m service serve

test: $(BIN)/.dev ## run every test that can run here, but for those of the tools that `make check`, `make docs` and `make consumers` have
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist worksteal --ignore api_tests/test_openapi_check.py --ignore api_tests/docs/test_site.py --ignore api_tests/consumers

check: $(BIN)/.dev openapi/tools/node_modules/.installed ## style, types, OpenAPI documents, the laboratory's types, Dockerfile and compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python openapi/check.py
	$(BIN)/python -m pytest api_tests/test_openapi_check.py
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

demo: $(BIN)/.runtime ## start the service, judge the course's networks, print one table
	$(BIN)/python examples/demo.py

demo-grading: $(BIN)/.runtime ## grade three answer sheets of the course's assignment
	$(BIN)/python examples/demo_grading.py

bench: $(BIN)/.dev ## measure the simulation against its floor, and PyTorch and JAX after `make rivals` (SHAPES=names)
	$(BIN)/python benchmarks/bench.py $(SHAPES)

bench-against: $(BIN)/.dev ## measure the engine in turn with that of another commit (COMMIT=HEAD~1)
	$(BIN)/python benchmarks/against.py $(COMMIT)

bench-http: $(BIN)/.dev ## measure what HTTP adds to a simulation, and answers a second
	$(BIN)/python benchmarks/over_http.py

bench-store: $(BIN)/.dev ## measure reports that are stored: reading one, listing a page, starting with ten thousand
	$(BIN)/python benchmarks/stored_reports.py

bench-jobs: $(BIN)/.dev ## measure jobs: ten thousand points, one executor against two, and what others notice of it
	$(BIN)/python benchmarks/jobs.py
	$(BIN)/python benchmarks/sweep_speed.py
	$(BIN)/python benchmarks/class_of_answers.py

bench-charts: $(BIN)/.dev ## measure charts and report pages, in every format
	$(BIN)/python benchmarks/charts.py

bench-page: $(BIN)/.dev ## measure how fast the laboratory follows, in Chromium
	$(BIN)/python benchmarks/page.py

calibration: $(BIN)/.dev ## print how well the failure risk tells failures apart, from rows that are kept; TRAIN=1 trains some 300 networks anew, half an hour
	$(BIN)/python -m benchmarks.calibration $(if $(TRAIN),train measure)

chaos: $(BIN)/.dev ## kill executors and the service in the middle of their work, and count what is lost (RUNS=5, JOBS=30, ON=sqlite,postgresql)
	$(BIN)/python benchmarks/chaos.py RUNS=$(RUNS) JOBS=$(JOBS) ON=$(ON)

attack: $(BIN)/.dev ## hostile and honest callers together against a service with keys, and what becomes of the honest (SECONDS=120; 1800 before a release)
	$(BIN)/python benchmarks/attack.py SECONDS=$(SECONDS)

house: $(BIN)/.dev ## count what a newcomer must know: files opened, files to write, names, rooms
	$(BIN)/python benchmarks/house.py

mutation: $(BIN)/.dev ## plant single mutations into a copy, and see which of them no test notices (ONLY="theory store/failures", or all of FILES="grading/inequality.py")
	$(BIN)/python benchmarks/mutation.py $(ONLY) $(addprefix --every ,$(FILES))

phase-diagram: $(BIN)/.dev ## draw the phase diagram of tanh and compare it with theory, some minutes
	$(BIN)/python benchmarks/phase_diagram.py

bench-formulas: $(BIN)/.dev ## measure formulas against the activations written by hand, and profiles
	$(BIN)/python benchmarks/formulas.py
	$(BIN)/python benchmarks/profiles.py

fuzz: $(BIN)/.dev ## mutate formulas for two minutes (SECONDS=120); then 10,000 printed and 10,000 changed ones, and 10,000 files of each format that is imported, some 20 minutes
	$(BIN)/python benchmarks/fuzz_formulas.py $(SECONDS)
	$(BIN)/python benchmarks/fuzz_imports.py
	PRINTED_FORMULAS=1250 MUTATED_FORMULAS=10000 $(BIN)/python -m pytest api_tests/formulas/test_printers.py api_tests/formulas/test_mutated.py

rivals: $(BIN)/.dev ## install PyTorch and JAX for `make bench`
	$(BIN)/python -m pip install --disable-pip-version-check 'torch==2.13.0' jax jaxlib

verdicts: $(BIN)/.dev ## judge the labelled networks over HTTP and count what is right (CASES=file)
	$(BIN)/python benchmarks/verdicts.py $(CASES)

torch: $(BIN)/.dev ## install PyTorch 2.13.0, with which gradients are compared in place of autograd
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --disable-pip-version-check 'torch==2.13.0'

oracle: torch ## compare gradients with those of PyTorch, to 1e-10, and truths about depth with what it measures; before a release
	$(BIN)/python -m pytest api_tests/simulation/test_oracle.py api_tests/simulation/test_descent.py api_tests/simulation/test_known_truths.py api_tests/simulation/test_precision.py

openapi: $(BIN)/.runtime ## write the OpenAPI documents and the examples in them
	$(BIN)/python openapi/write.py
	$(BIN)/python -m service openapi > openapi/openapi.new && mv openapi/openapi.new openapi/openapi.json
	$(BIN)/python -m service openapi --contract > openapi/openapi.new && mv openapi/openapi.new openapi/openapi-3.2.json

lock: $(BIN)/.dev $(TOOLS)/node/.installed ## pin the dependencies anew
	$(PIN) pyproject.toml -o requirements/runtime.lock
	$(PIN) --extra dev -c requirements/runtime.lock pyproject.toml -o requirements/dev.lock
	$(PIN) -c requirements/runtime.lock requirements/check.in -o requirements/check.lock
	for tool in requirements/tools/*.in; do $(PIN) $$tool -o $${tool%.in}.lock || exit 1; done
	cd openapi/tools && $(NODE) npm update --save --ignore-scripts
	cd requirements/tools/editors && $(NODE) npm update --save --package-lock-only --ignore-scripts
	cd requirements/tools/generators && $(NODE) npm update --save --package-lock-only --ignore-scripts

clients: $(BIN)/.dev $(TOOLS)/openapi-python-client/.installed $(TOOLS)/openapi-generator/.installed $(TOOLS)/go/.installed openapi/tools/node_modules/.installed ## generate, compile and run a client in every language (CLIENTS=names)
	$(BIN)/python openapi/clients/run.py $(CLIENTS)

consumers: clients $(TOOLS)/consumers/.installed $(TOOLS)/editors/.installed $(TOOLS)/generators/.installed $(TOOLS)/datamodel-code-generator/.installed $(TOOLS)/keras/.installed ## what foreign programs make of this project: generated clients in four languages, ten other generators, Prism, nbgrader, otter-grader, PyLTI1p3, MathLive, MathQuill, Keras; minutes, before a release
	$(BIN)/python -m pytest api_tests/consumers

contract: $(BIN)/.dev $(TOOLS)/schemathesis/.installed ## test the running service against its document (EACH=100 cases an operation, SEED=1, PHASES)
	$(BIN)/python openapi/contract/run.py $(EACH) $(SEED) $(PHASES)

docs: $(BIN)/.dev $(TOOLS)/docs/.installed ## build the pages for readers as a site, and check that it needs no other host
	$(BIN)/python -m pytest api_tests/docs/test_site.py api_tests/docs/test_pages.py
	$(TOOLS)/docs/bin/sphinx-build -q --fail-on-warning --keep-going --nitpicky --conf-dir docs . artefacts/docs
	@echo "· open artefacts/docs/index.html"

sbom: $(TOOLS)/audit/.installed ## write artefacts/sbom.cdx.json: every package of the service with its hashes, by the lock (CycloneDX)
	@mkdir -p artefacts
	$(TOOLS)/audit/bin/python requirements/supply.py sbom > artefacts/sbom.cdx.json
	$(TOOLS)/audit/bin/python requirements/supply.py valid < artefacts/sbom.cdx.json

audit: $(TOOLS)/audit/.installed ## look the locked packages up among known vulnerabilities, as far as data can be reached
	@PATH="$(CURDIR)/$(TOOLS)/audit/bin:$$PATH" $(TOOLS)/audit/bin/python requirements/supply.py audit

clean: ## remove what these targets made
	rm -rf $(VENV) $(TOOLS) artefacts openapi/tools/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
