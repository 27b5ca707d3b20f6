# The same targets for people and for CI. Everything a target needs on the machine it installs itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
# Files of tests side by side: they wait for processes and servers more than they compute.
JOBS ?= 3
LONGEST_FIRST := tests/faults tests/demo tests/browser tests/deploy
UV := scripts/uv
RUN := .venv/bin
# What scripts/install-* put aside, they did because the system has none, or one that is too old.
WITH_TOOLS := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/more/bin:$$PATH"
# Containers like to set it. Here hundreds of processes start, and each would compile pandas and scipy anew: seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup lock demo demo-check test check format bench fuzz soak oracle e2e-evidently senders e2e-senders clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{sub(/:.*/, "", $$1); printf "  %-16s %s\n", $$1, $$2}'

.tools/bin/uv:
	scripts/install-uv $(PYTHON)

.venv/.ready: .tools/bin/uv requirements.lock pyproject.toml sdk/pyproject.toml
	test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv/bin/python requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable . --editable sdk
	touch $@

setup: .venv/.ready  ## the virtual environment, from the lock

lock: .tools/bin/uv  ## resolve the dependencies anew into requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-package inference-collector-sdk --extra demo --group dev pyproject.toml --output-file requirements.lock

demo: setup  ## watch a model of flight delays being monitored; DEMO_ARGS=--exit ends by itself
	$(RUN)/collector demo $(DEMO_ARGS)

demo-check: setup  ## every number that the last demo has delivered, beside plain pandas, scipy and sklearn
	$(RUN)/python -m tests.demo.check demo-data

test: setup  ## all tests but those of other people's packages (see e2e-evidently, e2e-senders); TEST_ARGS goes to pytest
	scripts/install-redis
	$(WITH_TOOLS) $(RUN)/pytest -rs -n $(JOBS) --dist loadfile --no-loadscope-reorder \
	  --ignore=tests/e2e_evidently --ignore=tests/e2e_senders $(LONGEST_FIRST) tests collector sdk/src $(TEST_ARGS)

check: setup  ## lint, format, types, layers
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

format: setup  ## put every file into its one format
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.oracle/.ready: .tools/bin/uv
	test -x .oracle/bin/python || $(UV) venv --quiet --python $(PYTHON) .oracle
	$(UV) pip install --quiet --python .oracle/bin/python 'evidently==0.7.23' 'pandas<3'
	touch $@

bench: setup oracle  ## what it costs, as ratios to peers and floors in the same run, into docs/benchmarks.md; needs wrk
	scripts/install-redis
	$(RUN)/python -m tests.bench.evaluate --full --write docs/benchmarks.md
	$(WITH_TOOLS) $(RUN)/python -m tests.bench.receive --write docs/benchmarks.md

FUZZ_MINUTES ?= 10

fuzz: setup  ## look for inputs that go wrong, at every door; FUZZ_MINUTES=n FUZZ_ARGS="--door rows-arrow"
	$(RUN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES) $(FUZZ_ARGS)

SOAK_MINUTES ?= 10

soak: setup  ## a mixed load with accidents every few seconds, then the books; SOAK_MINUTES=n
	scripts/install-redis
	$(WITH_TOOLS) $(RUN)/python -m tests.soak --minutes $(SOAK_MINUTES)

oracle: .oracle/.ready  ## the peer, in a virtual environment of its own

parity: setup oracle  ## ask the peer for every value, and compare with the golden ones and with ours; PARITY_ARGS=--renew
	$(RUN)/python -m tests.parity.live $(PARITY_ARGS)

e2e-evidently: setup oracle  ## snapshots in a real Evidently service; TEST_ARGS goes to pytest
	scripts/install-redis
	$(WITH_TOOLS) $(RUN)/pytest -rs tests/e2e_evidently $(TEST_ARGS)

.senders/.ready: .tools/bin/uv
	test -x .senders/bin/python || $(UV) venv --quiet --python $(PYTHON) .senders
	$(UV) pip install --quiet --python .senders/bin/python 'bentoml[monitor-otlp]==1.4.39' 'kserve==0.21.0'
	touch $@

senders: .senders/.ready  ## model servers' own packages, in a virtual environment of their own

e2e-senders: setup senders  ## BentoML's monitor and kserve's encoder as senders; TEST_ARGS goes to pytest
	$(WITH_TOOLS) $(RUN)/pytest -rs tests/e2e_senders $(TEST_ARGS)

clean:  ## remove what the targets made; data directories stay
	rm -rf .venv .tools .oracle .senders build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
