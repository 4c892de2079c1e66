# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup proto demo story test test-fast coverage check format image wheel deb machine chaos fuzz soak bench bench-growth lock baseline clean

BIN := .venv/bin
STAMP := .venv/.installed
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
# Relative DATA, JSON and POLICIES count from the shell's folder: `make -C` changes CURDIR and leaves the shell's PWD.
CALLER = $(or $(PWD),$(CURDIR))
# Databases of fast tests lie in memory where there is room: they are synced at every commit.
IN_MEMORY = $(shell df --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 2000000 {print "PYTEST_DEBUG_TEMPROOT=/dev/shm"}')
# Tests run in many processes: without compiled modules each compiles all of them anew.
unexport PYTHONDONTWRITEBYTECODE
export BUF_CACHE_DIR := $(CURDIR)/.cache/buf

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | column -t -s '|'

setup: $(STAMP) ## Make .venv with everything the project needs, by hash

$(STAMP): requirements-dev.lock pyproject.toml
	@for python in python3 python3.11 python3.12 python3.13; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; test -n "$$found" || { echo 'Python 3.11 or later is needed' >&2; exit 1; }; \
	$$found -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

proto: setup ## Generate the stubs from proto/
	@.ci/generate

demo: setup ## Six cities on this machine (DATA=<folder of csv> JSON=<result file> KEEP=1)
	@cd "$(CALLER)" && exec "$(CURDIR)/$(BIN)/gongzhi" demo \
	  $(if $(DATA),--data "$(DATA)") $(if $(JSON),--json "$(JSON)") $(if $(KEEP),--keep)

story: setup ## One matter through six cities, each held to what it may see (JSON=<result file> POLICIES=<folder> UNTIL=<chapter> KEEP=1)
	@cd "$(CALLER)" && exec "$(CURDIR)/$(BIN)/gongzhi" story \
	  $(if $(POLICIES),--policies "$(POLICIES)") $(if $(JSON),--json "$(JSON)") $(if $(UNTIL),--until "$(UNTIL)") $(if $(KEEP),--keep)

test: setup ## Run every test
	@$(BIN)/python -m pytest -q --numprocesses 2

test-fast: setup ## Run the tests that start no process and need no container (about 3 minutes)
	@$(IN_MEMORY) $(BIN)/python -m pytest -q --numprocesses 3 -m unit

coverage: setup ## Say which share of the lines the fast tests reach, and write .cache/coverage/index.html
	@$(BIN)/coverage erase
	@$(IN_MEMORY) $(BIN)/coverage run -m pytest -q --numprocesses 3 -m unit
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@echo "The fast tests reach $$($(BIN)/coverage report --format=total) % of the lines of node/ and adapters/."

check: setup ## Style, types, layers, wire formats, stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/import_linter
	$(BIN)/buf lint
	$(BIN)/buf breaking --against proto/baseline.binpb
	.ci/generate --check

format: setup ## Put the code into the project's style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

image: ## Build the container image of a node, and its base where none is (TAG=<name:tag> BASE=<image>)
	@BASE="$(BASE)" deploy/compose/image $(TAG)

wheel: setup ## Build the wheel of this project into dist/
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --no-cache-dir --wheel-dir dist .

deb: wheel ## Build the Debian package of a node into dist/
	@deploy/deb/build

machine: ## Build the image of a Debian machine with systemd, on which tests install the package
	@deploy/compose/base-image gongzhi-machine:bookworm systemd-sysv dbus sudo adduser

chaos: setup ## Six containers, and everything that can go wrong, under load (SECONDS=<how long> SEED=<of an earlier run>)
	@$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(SEED),--seed "$(SEED)")

.venv/.fuzz: requirements-fuzz.lock $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-fuzz.lock
	@touch $@

fuzz: .venv/.fuzz ## Fuzz every parser by coverage (SECONDS=<for each target> TARGET=<one of them>)
	@$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(TARGET),--target $(TARGET))

soak: setup ## Real nodes under a steady load: does anything grow? (MINUTES=10 CITIES=2)
	@$(BIN)/python -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(CITIES),--cities $(CITIES))

bench: setup ## Measure, as JSON lines (N=<records> DATA=<folder of csv> AGAINST=<checkout>)
	@$(BIN)/python -m tests.bench $(if $(N),--n "$(N)") $(if $(DATA),--data "$(DATA)") \
	  $(if $(AGAINST),--against "$(AGAINST)")

bench-growth: setup ## Measure sync and lookup at 10k, 100k and 1M records stored (minutes)
	@$(BIN)/python -m tests.bench --only growth

lock: setup ## Pin what pyproject.toml asks for (UPGRADE=1: the newest of it)
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group dev --output-file requirements-dev.lock
	@$(subst pyproject.toml ,,$(LOCK)) --group fuzz --output-file requirements-fuzz.lock
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group build --constraints requirements-dev.lock --output-file requirements.lock

baseline: setup ## Declare today's wire formats the ones that must not break
	@$(BIN)/buf build --exclude-source-info --output proto/baseline.binpb

clean: ## Remove what can be made again
	@rm -rf .venv .cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
