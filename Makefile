# The same targets for people and for CI. Everything a target needs on the machine it installs itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin

.PHONY: help setup lock demo test check bench format e2e-evidently clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'

.venv/.ready: $(UV) requirements.lock pyproject.toml sdk/pyproject.toml
	test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv/bin/python requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable . --editable sdk
	touch $@

setup: .venv/.ready  ## the virtual environment, from the lock

lock: $(UV)  ## resolve the dependencies anew into requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-package inference-collector-sdk --extra demo --group dev pyproject.toml --output-file requirements.lock
