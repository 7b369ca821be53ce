# make run needs Debian or Ubuntu with Python 3.11 or newer, and nothing else beforehand.

VENV := .venv
PYTHON := $(VENV)/bin/python
APT := apt-get update --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends
# Folders of root's programs, where an ordinary user's PATH does not look.
FIND := PATH="$$PATH:/usr/sbin:/usr/local/sbin"
ARGS ?=
# Test files side by side: most tests wait, so more than the cores.
JOBS ?= 4

.PHONY: help run test test-fast fuzz bench growth idle start-up day coherence walk export feed load-million sql soak endurance mirror proofs trials mutants lint site clean setup setup-dev setup-bench setup-docs mariadb chromium faketime haproxy wrk
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## show these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: setup ## install what is missing, then serve; stop with Ctrl-C
	@test -n "$$DATABASE_URL" || $(MAKE) --no-print-directory mariadb
	@exec $(PYTHON) run.py serve

test: setup-dev mariadb chromium faketime haproxy ## run every test; ARGS="-k words" chooses
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(PYTHON) -m pytest --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder --basetemp="$$folder/tests" $(ARGS)

test-fast: setup-dev ## the tests of the pure parts, without a database
	@$(PYTHON) -m pytest --numprocesses=$(JOBS) -m "not database" tests/unit tests/exactness/test_checker.py $(ARGS)

fuzz: setup-dev mariadb ## hold every answer against the description, 100 examples an operation, three roles
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && HERDBOOK_FUZZ_EXAMPLES=$${HERDBOOK_FUZZ_EXAMPLES:-100} \
		$(PYTHON) -m pytest --basetemp="$$folder/tests" tests/contract/test_conformance.py $(ARGS)

bench: setup-bench mariadb wrk ## measure; ARGS="--peers --animals 1000000" (docs/performance.md)
	@$(PYTHON) -m bench $(ARGS)

growth: setup-dev mariadb ## what grows with the table: 10,000, 1,000,000 and 10,000,000 animals (half an hour); ARGS="--sizes 1000,50000"
	@$(PYTHON) -m bench.growth $(ARGS)

idle: setup-dev mariadb ## 10,000 clients that are only connected to one worker: its memory for each (two minutes)
	@$(PYTHON) -m bench.idle $(ARGS)

start-up: setup-dev mariadb ## from start to first answer, and a worker's memory at rest and with a full cache (three minutes)
	@$(PYTHON) -m bench.start_up $(ARGS)

day: setup-dev mariadb ## a day of 200 people against four workers: hits, 304s, times of each request, stale answers (three minutes)
	@$(PYTHON) -m bench.day $(ARGS)

coherence: setup-dev mariadb wrk ## what coherence with the whole database costs, beside that of one host
	@$(PYTHON) -m bench.coherence $(ARGS)

walk: setup-dev mariadb ## walk a million rows by cursor while others write, then compare (two minutes)
	@$(PYTHON) -m bench.cursor_walk $(ARGS)

export: setup-dev mariadb ## a million rows as CSV and NDJSON, and the worker's memory meanwhile
	@$(PYTHON) -m bench.export_memory $(ARGS)

load-million: setup-dev mariadb ## a million animals loaded, exported, loaded again, backed up and restored, and compared
	@$(PYTHON) -m bench.load_million $(ARGS)

feed: setup-dev mariadb ## thousands of listeners on one worker: memory for each, delay of an event (five minutes)
	@$(PYTHON) -m bench.feed $(ARGS)

sql: setup-dev mariadb ## run every statement on the sample farm and print its plan; ARGS="animals/" chooses
	@$(PYTHON) -m bench.statements $(ARGS)

soak: setup-dev mariadb ## the large runs of the proofs; ARGS="--minutes 30 --seed 7" (docs/exactness.md)
	@$(PYTHON) tests/exactness/soak.py $(ARGS)

mirror: setup-dev mariadb ## a copy through 20 kills of workers and 5 of the database, equal to the table after each
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		HERDBOOK_MIRROR_WORKER_KILLS=$${HERDBOOK_MIRROR_WORKER_KILLS:-20} \
		HERDBOOK_MIRROR_DATABASE_KILLS=$${HERDBOOK_MIRROR_DATABASE_KILLS:-5} \
		$(PYTHON) -m pytest --capture=no --basetemp="$$folder/tests" tests/clients/test_mirror_kills.py $(ARGS)

endurance: setup-dev mariadb ## half load with a fault each ten seconds: nothing lost, nothing leaked; ARGS="--minutes 30"
	@$(PYTHON) tests/exactness/endurance.py $(ARGS)

proofs: setup-dev mariadb ## ledger, deltas, migrations and state machine at full size: 450,000 commits, 10,000 writes, every kill, 5,000 x 100 steps (hours)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		HERDBOOK_LEDGER_WRITES=10000 HERDBOOK_DELTA_WRITES=10000 HERDBOOK_MACHINE_RUNS=5000 HERDBOOK_MACHINE_STEPS=100 \
		HERDBOOK_KILL_STEP=1 $(PYTHON) -m pytest --basetemp="$$folder/tests" tests/exactness/test_ledger.py \
		tests/exactness/test_deltas.py tests/integration/test_migration_kills.py tests/exactness/test_state_machine.py $(ARGS)

trials: setup-dev mariadb ## what strangers may try, at full size: 16,000 requests of eight people, 2,000 bodies, 2,000 logins, 100,000 searches
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		HERDBOOK_TRIALS_SEGMENTS=16000 HERDBOOK_TRIALS_BODIES=2000 HERDBOOK_TRIALS_LOGINS=2000 HERDBOOK_TRIALS_SEARCHES=100000 \
		$(PYTHON) -m pytest --numprocesses=$(JOBS) --dist=loadfile --basetemp="$$folder/tests" tests/contract/test_segments.py \
		tests/contract/test_json_values.py tests/contract/test_login_work.py tests/unit/test_shares.py $(ARGS)

mutants: setup-dev ## change cache, conditions and transactions at random: the tests must notice
	@$(PYTHON) tests/mutation.py $(ARGS)

lint: setup-dev ## check style, types and known weaknesses
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	@$(MAKE) --no-print-directory types
	$(PYTHON) -m bandit --quiet --ini setup.cfg --recursive service run.py

# Each folder of tests by itself: it has a conftest.py of its own, and its helpers are modules without a package.
.PHONY: types
types: setup-dev ## check the types of the service, the client, the benchmark and the tests
	$(PYTHON) -m mypy --strict service clients/python bench
	MYPYPATH=tests:tests/clients $(PYTHON) -m mypy --strict tests/unit tests/*.py
	MYPYPATH=tests:tests/contract $(PYTHON) -m mypy --strict tests/contract
	MYPYPATH=tests:tests/exactness $(PYTHON) -m mypy --strict tests/exactness
	MYPYPATH=tests:tests/clients $(PYTHON) -m mypy --strict tests/clients
	MYPYPATH=tests $(PYTHON) -m mypy --strict tests/integration

.PHONY: screenshots
screenshots: setup-dev mariadb chromium ## pictures of the herd page, in docs/screenshots
	@$(PYTHON) tests/screenshots.py $(ARGS)

.PHONY: lock audit
lock: setup-dev ## write requirements*.txt anew from setup.cfg; ARGS=--upgrade renews every version
	@$(PYTHON) tests/lock.py $(ARGS)

audit: setup-dev ## look the dependencies up among known weaknesses; needs the network, so no part of the tests
	@$(VENV)/bin/uv tool run pip-audit --disable-pip --require-hashes --requirement requirements.txt $(ARGS)

site: setup-docs ## the documentation as a site, in build/site; a broken link is an error
	@$(PYTHON) -m sphinx --quiet --fail-on-warning --keep-going -c docs/site . build/site && echo "build/site/index.html"

clean: ## remove what make made; the data in .herdbook stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/installed ## install the dependencies into .venv

setup-dev: $(VENV)/installed-dev ## the same, with what tests and checks need

$(VENV)/installed: requirements.txt static/packages.txt $(VENV)/made
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r static/packages.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt tests/packages.txt $(VENV)/installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/packages.txt
	@touch $@

setup-bench: $(VENV)/installed-bench

$(VENV)/installed-bench: requirements-bench.txt $(VENV)/installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

setup-docs: $(VENV)/installed-docs

$(VENV)/installed-docs: requirements-docs.txt $(VENV)/installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.txt
	@touch $@

# Debian's python3 can make a venv only with python3-venv installed, which holds ensurepip.
$(VENV)/made:
	@for python in python3 python3.14 python3.13 python3.12 python3.11 none; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	if [ "$$python" = none ]; then \
		echo "Herdbook needs Python 3.11 or newer; as root: apt-get install python3" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip' 2>/dev/null; then \
		package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" -eq 0 ]; then $(APT) "$$package"; else \
			echo "$$python cannot make a venv; run: sudo apt-get install --yes $$package" >&2; exit 1; \
		fi; \
	fi && \
	rm -rf $(VENV) && "$$python" -m venv $(VENV) && touch $@

wrk:
	@command -v wrk >/dev/null || \
	if [ "$$(id -u)" -eq 0 ]; then $(APT) wrk; else \
		echo "wrk is missing; run: sudo apt-get update && sudo apt-get install --yes wrk" >&2; exit 1; \
	fi

mariadb:
	@$(FIND) command -v mariadbd >/dev/null || \
	if [ "$$(id -u)" -eq 0 ]; then $(APT) mariadb-server-core; else \
		echo "MariaDB is missing; run: sudo apt-get update && sudo apt-get install --yes mariadb-server-core" >&2; \
		echo "or set DATABASE_URL to a MariaDB of yours (make run only)" >&2; exit 1; \
	fi

# The test of the API page drives it.
chromium:
	@command -v chromium >/dev/null || \
	if [ "$$(id -u)" -eq 0 ]; then $(APT) chromium; else \
		echo "Chromium is missing; run: sudo apt-get update && sudo apt-get install --yes chromium" >&2; exit 1; \
	fi

# With it the clock of a test's own MariaDB is set back and forth.
faketime:
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || \
	if [ "$$(id -u)" -eq 0 ]; then $(APT) libfaketime; else \
		echo "libfaketime is missing; run: sudo apt-get update && sudo apt-get install --yes libfaketime" >&2; exit 1; \
	fi

# A proxy whose connections to the service are shared among clients, as operators put one in front.
haproxy:
	@$(FIND) command -v haproxy >/dev/null || \
	if [ "$$(id -u)" -eq 0 ]; then $(APT) haproxy; else \
		echo "haproxy is missing; run: sudo apt-get update && sudo apt-get install --yes haproxy" >&2; exit 1; \
	fi
