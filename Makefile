# Two commands for a newcomer: `make run`, `make test`. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
POLICIES ?= random,greedy,kanban,market,planner,tuned

.PHONY: help run test test-all lint format bench evaluate tune picture clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: $(STAMP) ## grow the default colony on 24 Themis for decades
	$(BIN)/auxon run themis-seed
	@echo 'next: look at the pictures; then docs/tutorial.md, or $(BIN)/auxon --help'

test: $(STAMP) ## the whole default test suite
	$(BIN)/python -m pytest -n auto

test-all: $(STAMP) ## the default suite and the slow tests
	$(BIN)/python -m pytest -n auto -m "slow or not slow"

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

evaluate: $(STAMP) ## compare policies on all scenarios of one body; hours. POLICIES chooses them
	$(BIN)/auxon evaluate --policies $(POLICIES) --scenarios full,partial --seeds 20 \
		--out runs/evaluation --resume

tune: $(STAMP) ## search for the numbers of policy tuned; hours, goes on where it was killed
	$(BIN)/auxon tune policies/shipped/tuning.toml --out runs/tuning --resume

picture: $(STAMP) ## draw the pictures of the pages anew
	$(BIN)/auxon run themis-seed --out build/picture
	cp build/picture/pictures/overview.png docs/pictures/themis-seed.png
	$(BIN)/auxon closure closed --out build/picture
	cp build/picture/closure.png docs/pictures/closed-closure.png
	rm -r build/picture

clean: ## remove the environment, caches and build output
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
