# relata's commands. `make help` lists them. Each does the set-up it needs and can be repeated at no cost.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CLANG_VERSION := $(shell source tools/versions.env && echo "$$CLANG_VERSION")
export CC := clang-$(CLANG_VERSION)
export CXX := clang++-$(CLANG_VERSION)
PYTHON := .venv/bin/python
FUZZ_SECONDS ?= 10
BENCHES := m3col_step runner startup search retrieval_metrics contrastive_loss encoders decoding clip_training
DATA_BENCHES := images tokenizer_speed captions

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup setup-test setup-full
setup: ## system packages, .venv and torch, where they are missing
	@tools/setup.sh
setup-test:
	@tools/setup.sh test
setup-full:
	@tools/setup.sh test full

.PHONY: build
build: setup ## the program and the Python module, optimised
	@cmake --preset release -DRELATA_TESTS=OFF >/dev/null
	@cmake --build --preset release

.PHONY: demo
demo: build ## trains M3CoL on the ROSMAP data of this repository and shows the result
	@tools/demo.sh

.PHONY: build-test
build-test: setup-test
	@cmake --preset release -DRELATA_TESTS=ON >/dev/null
	@cmake --build --preset release

.PHONY: test
test: build-test fuzz ## unit, parity, system and robustness tests, and each fuzz target for FUZZ_SECONDS (10)
	@ctest --test-dir build/release --output-on-failure -LE full
	@PYTHONPATH=build/release/python $(PYTHON) -m pytest -q -rs tests/parity tests/system -m "not full"

.PHONY: test-full
test-full: FUZZ_SECONDS = 60
test-full: build-test setup-full fuzz ## everything: also the long tests, and a minute of each fuzz target
	@ctest --test-dir build/release --output-on-failure
	@PYTHONPATH=build/release/python $(PYTHON) -m pytest -q -rs tests/parity tests/system

.PHONY: fuzz
fuzz: setup-test
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz --target fuzz
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: asan
asan: setup-test ## the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan
	@ctest --test-dir build/asan --output-on-failure -L unit

.PHONY: mutants
mutants: setup-test ## breaks one formula at a time and shows which test turns red
	@$(PYTHON) tests/mutants/run.py

.PHONY: bench
bench: build setup-test ## each speed claim beside a peer measured in the same run; run it alone
	@$(PYTHON) tools/requirements_met.py bench/requirements.txt || $(PYTHON) -m pip install --quiet --no-deps -r bench/requirements.txt
	@for program in $(BENCHES) $(if $(RELATA_DATA),$(DATA_BENCHES)); do \
	  echo "== $$program"; PYTHONPATH=build/release/python $(PYTHON) bench/$$program.py || exit 1; done

.PHONY: lint
lint: ## clang-format, clang-tidy and the project's own rules
	@tools/setup.sh lint
	@cmake --preset release >/dev/null
	@tools/lint.sh
