# Two commands for a newcomer: `make run`, `make test`. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
CUDA_VENV := .venv-cuda
TORCH ?= torch==2.13.0
SB3 ?= stable-baselines3>=2.7
POLICIES ?= random,greedy,kanban,market,tuned,planner,mlp,lstm,slstm,fwp

.PHONY: help learn browser dashboard run test test-all test-cuda test-gpu lint format bench bench-gpu evaluate tune picture clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

learn: $(STAMP) ## torch, for training, and stable-baselines3; what is installed is kept
	@$(BIN)/python -c 'import torch, stable_baselines3' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)' '$(SB3)'

browser: $(STAMP) ## a browser for the tests of the dashboard: Debian's Chromium, else Playwright's
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
		|| $(BIN)/playwright install --with-deps chromium

dashboard: $(STAMP) ## look into the societies in runs/, or start one
	$(BIN)/auxon dashboard runs

run: $(STAMP) ## grow the default colony on 24 Themis for decades
	$(BIN)/auxon run themis-seed
	@echo 'next: look at the pictures, or at everything: make dashboard; then docs/tutorial.md, or $(BIN)/auxon --help'

test: $(STAMP) ## the whole default test suite
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-all: $(STAMP) ## the default suite and the slow tests
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not gpu"

# as little as a machine with a GPU may have: numba, numpy, pytest and the extra `gpu`; 1 GB
$(CUDA_VENV)/.ready: pyproject.toml
	@test -x $(CUDA_VENV)/bin/python || $(PYTHON) -m venv $(CUDA_VENV)
	@$(CUDA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check numba numpy pytest \
		$$($(CUDA_VENV)/bin/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', \
		'rb'))['project']['optional-dependencies']['gpu'])")
	@touch $@

test-cuda: $(CUDA_VENV)/.ready ## compile for GPUs and look at what came out; needs none
	$(CUDA_VENV)/bin/python -m pytest -W default -k "not simulator" tests/test_cuda_orbits.py tests/test_cuda_cells.py

# whatever versions a machine with a GPU has may warn
test-gpu: ## what needs a GPU, by PYTHON as it is, with numba, numba-cuda and pytest
	$(PYTHON) -m pytest -W default -m gpu tests/test_cuda_orbits.py tests/test_cuda_cells.py

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff write the layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## speed and memory beside pure Mesa objects; seconds for a bound
	$(BIN)/python -m benchmarks.society_speed
	$(BIN)/python -m benchmarks.growth_speed
	$(BIN)/python -m benchmarks.belt_speed
	$(BIN)/python -m benchmarks.belt_world_speed
	$(BIN)/python -m benchmarks.orbit_speed
	$(BIN)/python -m benchmarks.environment_speed
	$(BIN)/python -m benchmarks.policy_speed
	$(BIN)/python -m benchmarks.dashboard_speed

bench-gpu: ## motion, transfers and networks on a GPU beside the CPU, by PYTHON as it is
	$(PYTHON) -m benchmarks.orbit_gpu_speed
	$(PYTHON) -m benchmarks.policy_gpu_speed

evaluate: $(STAMP) ## compare policies on all scenarios of one body, half an hour. POLICIES chooses them
	$(BIN)/auxon evaluate --policies $(POLICIES) --scenarios full,partial --seeds 32 --years 8 \
		--baseline tuned --out runs/evaluation --resume

tune: $(STAMP) ## search for the numbers of policy tuned; hours, goes on where it was killed
	$(BIN)/auxon tune policies/shipped/tuning.toml --out runs/tuning --resume

picture: $(STAMP) ## draw the pictures of the pages anew
	$(BIN)/auxon run themis-seed --out build/picture
	cp build/picture/pictures/overview.png docs/pictures/themis-seed.png
	$(BIN)/auxon closure closed --out build/picture
	cp build/picture/closure.png docs/pictures/closed-closure.png
	rm -r build/picture

clean: ## remove the environment, caches and build output
	rm -rf $(VENV) $(CUDA_VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
