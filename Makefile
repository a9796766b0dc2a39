# The commands of projchat. `make run` is all a newcomer needs.
#
# Each step leaves a stamp and runs again only when what it read has changed, so a second
# `make run` starts at once and downloads nothing.

PYTHON ?= python3
BIN := .venv/bin
STAMPS := .venv/stamps
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := --require-hashes --no-deps --only-binary :all:

CATALOGUES := $(wildcard projchat/translations/*/LC_MESSAGES/*.po)
STATIC := $(shell find static -path static/min -prune -o \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -print)
SCRIPT_TESTS := $(wildcard tests/js/*.test.mjs)
NEXT_SOURCES := $(shell find bench/reference/next -name '*.*js' -not -path '*/.next/*')
BIOME = $(firstword $(wildcard node_modules/@biomejs/cli-*/biome))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run dev install test test-services coverage faults faults-brief deploy-check lint lint-python lint-types lint-scripts lint-templates
.PHONY: format catalogue lock clean bench bench-crowd bench-ejabberd bench-browser bench-histories
.PHONY: bench-limits bench-search bench-fairness pictures settings-page inputs-page sbom audit fuzz

help:
	@echo 'make run        serve projchat on this machine, the same way as production'
	@echo 'make dev        the same, starting again when a file changes'
	@echo 'make test       every test this machine can run; make test T=tests/test_house.py for some'
	@echo 'make coverage   the same, and name the lines that no test has run'
	@echo 'make faults     prove by faults that nothing is lost (hours; FORM=short: a quarter of one)'
	@echo 'make fuzz       send what nobody should send (an hour and more)'
	@echo 'make deploy-check   follow docs/deploy.md on a fresh Debian, as root (some minutes)'
	@echo 'make bench      measure beside other servers (10 minutes); make bench W=fanout for a part'
	@echo 'make bench-ejabberd   measure beside ejabberd, in turn (three minutes)'
	@echo 'make bench-fairness BEFORE=<commit>   measure the chat beside files, logins and searches'
	@echo 'make bench-histories  compare a project of a million messages with one of a thousand'
	@echo 'make bench-limits     measure what PostgreSQL and Redis carry'
	@echo 'make bench-search  measure the search among a million messages (half an hour)'
	@echo 'make pictures   take the pictures in docs/pictures/ anew'
	@echo 'make lint       check style and types; make format puts the style right'
	@echo 'make catalogue  collect the words of the interface for translation'
	@echo 'make sbom       write what projchat is made of into sbom/, as CycloneDX'
	@echo 'make audit      look it up among the known vulnerabilities'
	@echo 'make lock       renew the dependency locks; UPGRADE=--upgrade for newer versions'

# --- Run ---

run: install
	@exec $(BIN)/projchat run

dev: install
	@exec $(BIN)/projchat run --reload

install: $(STAMPS)/package static/vendor/.done static/.compressed $(CATALOGUES:.po=.mo)

$(STAMPS)/venv:
	@scripts/make-venv $(PYTHON) .venv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements.txt | $(STAMPS)/venv
	@echo 'Installing the Python packages.'
	@$(PIP) $(LOCKED) -r requirements.txt
	@touch $@

$(STAMPS)/package: setup.cfg pyproject.toml $(STAMPS)/python
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

node_modules/.package-lock.json: package-lock.json | $(STAMPS)/venv
	@echo 'Installing the browser libraries.'
	@scripts/with-node npm ci --omit=optional --loglevel=error >/dev/null
	@touch $@

static/vendor/.done: node_modules/.package-lock.json scripts/vendor scripts/emoji $(STAMPS)/python
	@scripts/vendor

static/.compressed: $(STATIC) static/vendor/.done scripts/minify.mjs scripts/compress.mjs
	@scripts/with-node node scripts/minify.mjs
	@scripts/with-node node scripts/compress.mjs
	@touch $@

%.mo: %.po | $(STAMPS)/python
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# --- Test ---

test: $(STAMPS)/dev node_modules/.complete install
	@scripts/get-chromium
ifdef T
	@$(BIN)/python -m pytest $(T)
else
	@scripts/with-node node --test --test-reporter=spec --test-timeout=60000 $(SCRIPT_TESTS)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m '$(QUICK)'
endif

QUICK := not services and not slow
SERVED := (served or services) and not (slow or browser)
# Each process has a server and a browser of its own; whoever is done takes over from the other.
SIDE_BY_SIDE := -n 2 --dist worksteal

# What talks to a server without a browser, on PostgreSQL and Redis.
test-services: $(STAMPS)/dev node_modules/.complete install
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m '$(SERVED)'

# `make test` with coverage, the server's processes included: it takes twice the time.
coverage: $(STAMPS)/dev node_modules/.complete install
	@scripts/get-chromium
	@$(BIN)/python -m pytest --cov -m '$(QUICK)'

# The proof by faults, and docs/faults.md with its figures: FORM=short takes smaller numbers, T
# chooses rows. The brief part takes some ten minutes.
FORM ?= full
faults: $(STAMPS)/dev install
	@scripts/get-chromium
	@PROJCHAT_FAULTS_FORM=$(FORM) PROJCHAT_FAULTS_PAGE=1 \
		$(BIN)/python -m pytest -m slow $(or $(T),tests/faults)

faults-brief: $(STAMPS)/dev install
	@PROJCHAT_FAULTS_FORM=short $(BIN)/python -m pytest -m brief tests/faults

# What nobody should send, for an hour and more: the whole API as two people, packets, polls, heads
# and framing beside h11, texts and pictures. A short form is part of the tests.
FUZZ_SECONDS ?= 600
FUZZ_EXAMPLES ?= 1000
fuzz: $(STAMPS)/dev install
	@PROJCHAT_FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -s tests/fuzz
	@PROJCHAT_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/test_openapi.py
	@PROJCHAT_FUZZ_EXAMPLES=$$(($(FUZZ_EXAMPLES) * 200)) \
		$(BIN)/python -m pytest tests/worker/test_against_h11.py

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/python
	@echo 'Installing the tools for development.'
	@$(PIP) $(LOCKED) -r requirements-dev.txt
	@touch $@

# Follow docs/deploy.md on a fresh Debian in a folder, as root: some minutes, and registries.
deploy-check: $(STAMPS)/dev
	@PYTHONPATH=tests $(BIN)/python -m deploy.check

# --- Measure ---

# Beside other servers in turn, and docs/performance.md with its figures; W=fanout chooses workloads
# and ROUNDS=1 how often, which prints only. BEFORE=<commit> measures beside that version instead,
# and prints the ratios. PROJCHAT_TEST_DATABASE_URL and PROJCHAT_TEST_REDIS_URL
# add two workers.
bench: $(STAMPS)/bench
	@$(BENCH) $(W) $(if $(BEFORE),--before $(BEFORE)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(MINUTES),--minutes $(MINUTES))

# Ten thousand people in one worker: a storm of them, then ten minutes of silence.
bench-crowd: $(STAMPS)/bench
	@$(BENCH) crowd $(if $(ROUNDS),--rounds $(ROUNDS))

# Beside ejabberd, which speaks XMPP: a few minutes. The package's own service is not asked.
bench-ejabberd: $(STAMPS)/bench
	@scripts/get-debian 'ejabberdctl /usr/sbin/ejabberdctl' ejabberd erlang-p1-sqlite3
	@$(BENCH) ejabberd $(if $(ROUNDS),--rounds $(ROUNDS))

# The chat beside files, logins and searches, in this version and in that of a commit from before:
# ten minutes, or five without BEFORE, which prints only. BEFORE may also be a folder where a version
# is installed.
bench-fairness: $(STAMPS)/bench
	@$(BENCH) fairness $(if $(BEFORE),--before $(BEFORE)) $(if $(ROUNDS),--rounds $(ROUNDS))

BENCH := PYTHONPATH=tests scripts/with-node $(BIN)/python -m bench

$(STAMPS)/bench: requirements-bench.txt bench/reference/package-lock.json $(NEXT_SOURCES) | $(STAMPS)/dev install
	@scripts/get-debian cc gcc libc6-dev
	@echo 'Installing the servers to compare with.'
	@$(PIP) $(LOCKED) -r requirements-bench.txt
	@scripts/with-node npm ci --prefix bench/reference --ignore-scripts --loglevel=error >/dev/null
	@NEXT_TELEMETRY_DISABLED=1 scripts/with-node npm exec --prefix bench/reference -- \
		next build bench/reference/next >/dev/null
	@touch $@

# Does a project with a million messages behave like one with a thousand? A few minutes.
bench-histories: $(STAMPS)/dev install
	@PYTHONPATH=tests $(BIN)/python -m bench.histories

# What the page costs in a browser: docs/performance-browser.md says how to read it.
bench-browser: $(STAMPS)/dev install
	@$(BIN)/python -m bench.browser $(ARGS)

# What PostgreSQL, Redis and the talk between processes take.
bench-limits: $(STAMPS)/dev install
	@PYTHONPATH=tests $(BIN)/python -m bench.limits

# A million messages on SQLite, and on PostgreSQL where PROJCHAT_TEST_DATABASE_URL names a server;
# KEEP=folder keeps them for the next time. It takes half an hour.
bench-search: install
	@PYTHONPATH=tests $(BIN)/python -m bench.search $(if $(KEEP),--keep $(KEEP)) \
		$(if $(PROJCHAT_TEST_DATABASE_URL),--postgresql $(PROJCHAT_TEST_DATABASE_URL))

# --- Lint ---

# `make -k lint` shows what all of them have to say.
lint: lint-python lint-types lint-scripts lint-templates

lint-python: $(STAMPS)/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check

lint-types: $(STAMPS)/dev $(STAMPS)/package
	$(BIN)/mypy

lint-scripts: node_modules/.complete
	$(BIOME) ci --error-on-warnings

lint-templates: $(STAMPS)/dev
	$(BIN)/djlint templates --lint --quiet

format: $(STAMPS)/dev node_modules/.complete
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIOME) check --write

# What only development needs comes as optional packages, so that a server does not download it.
node_modules/.complete: package-lock.json | $(STAMPS)/venv
	@scripts/with-node npm ci --loglevel=error >/dev/null
	@touch node_modules/.package-lock.json $@

# --- Upkeep ---

catalogue: $(STAMPS)/python
	@scripts/catalogue

# docs/settings.md: what each wrong environment gets.
settings-page: $(STAMPS)/dev install
	@PROJCHAT_SETTINGS_PAGE=1 $(BIN)/python -m pytest -q tests/test_environments.py

# What projchat is made of (CycloneDX), and what is known of it: see docs/security.md.
sbom: $(STAMPS)/audit
	@scripts/sbom sbom

audit: $(STAMPS)/audit
	@scripts/audit

$(STAMPS)/audit: requirements-audit.txt $(STAMPS)/python
	@$(PIP) $(LOCKED) -r requirements-audit.txt
	@touch $@

# The table of docs/security.md: every input with its bounds.
inputs-page: $(STAMPS)/dev install
	@PYTHONPATH=tests $(BIN)/python -m support.inputs

# What the pages look like, for the README and docs/features.md; P="search-wide-dark-en" takes one.
pictures: $(STAMPS)/dev install
	@scripts/get-chromium
	@PYTHONPATH=tests $(BIN)/python -m pictures $(P)

lock:
	@scripts/lock $(UPGRADE)

clean:
	rm -rf .venv node_modules static/vendor static/min *.egg-info
	find static -name '*.br' -delete -o -name '*.gz' -delete -o -name .compressed -delete
	rm -rf bench/reference/node_modules bench/reference/next/.next
	rm -rf .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache htmlcov test-results
