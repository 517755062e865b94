# The book, its tests and its tools. `make` alone lists what there is.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
RUN := $(VENV)/bin/python
PIPELINE := $(RUN) book/pipeline
# The first of these that is Python 3.11 to 3.13 makes the environment.
PYTHON ?= python3.13 python3.12 python3.11 python3
PORT ?= 8000

# Films, face sets and results of the chapters: inside the checkout, so `make clean` removes them.
export FER_HOME ?= $(CURDIR)/_build/fer

# Where Python may not keep what it has compiled, each of hundreds of processes compiles the package and the tests anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env book publish pdf epub status test mutants lint bench serve lab lock links address clean

help:
	@echo "make book              environment, drawn data, chapters, site (TIER=smoke|class|full; default class; JOBS=n chapters at a time)"
	@echo "make status            which chapters a build would run, and why (TIER=...)"
	@echo "make pdf               make book, then the whole book as one PDF (needs Chromium)"
	@echo "make epub              make book, then the whole book as one EPUB for reading devices (needs Chromium)"
	@echo "make serve             show the site on this machine (PORT=$(PORT))"
	@echo "make lab               the chapters in JupyterLab"
	@echo "make test              the whole test suite (JOBS=n workers; default one more than processors, 4 at most)"
	@echo "make mutants           change the package in one place at a time: does a test notice? (MODULES=... SINCE=commit SEED=1 COUNT=5 AT_LEAST=per cent)"
	@echo "make lint              style, the order of the subpackages, types, text files, numbers in the prose, workflows"
	@echo "make bench             how fast actors are drawn, networks trained, faces found, films watched and the page is here, as ratios (CLIPS=folder of RAVDESS clips)"
	@echo "make links             ask every address outside of the book whether it still answers (needs a network)"
	@echo "make address URL=...   set the repository's address: https://github.com/OWNER/NAME"
	@echo "make publish           make book, with the address and the commit in every set-up cell; fails while there is no address"
	@echo "make lock              compile requirements.txt anew from pyproject.toml"
	@echo "make clean             remove what was built (_build); the environment stays"

book: env
	@$(PIPELINE) build $(if $(JOBS),--jobs $(JOBS))

publish: env
	@$(PIPELINE) publish $(if $(JOBS),--jobs $(JOBS))

# The whole book as one PDF, printed by Chromium.
pdf: env
	@$(PIPELINE) pdf $(if $(JOBS),--jobs $(JOBS))

# The same, as one EPUB.
epub: env
	@$(PIPELINE) epub $(if $(JOBS),--jobs $(JOBS))

status: env
	@$(PIPELINE) status

# A worker takes a file at a time, so that what a file's tests share is made once; tests/conftest.py orders the files.
# The C library keeps the memory of large arrays, as in the chapters' kernels (book/pipeline/execute.py says why).
test: env
	@MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TOP_PAD_=268435456 $(RUN) -m pytest -p no:cacheprovider -n $(or $(JOBS),auto) --dist loadfile --no-loadscope-reorder --max-worker-restart=2

# The modules that changed, or MODULES="metrics splits/splitting"; only a copy of the checkout is ever edited.
mutants: env
	@$(RUN) .ci/mutants $(MODULES) $(if $(SINCE),--since $(SINCE)) $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) \
	  $(if $(AT_LEAST),--at-least $(AT_LEAST))

# All checks run, also after one that fails; the status says whether all were clean.
lint: env
	@failed=; \
	check() { echo "== $$1"; shift; "$$@" || failed=yes; }; \
	check "ruff check" $(VENV)/bin/ruff check .; \
	check "ruff format" $(VENV)/bin/ruff format --check .; \
	check "order of the subpackages (import-linter)" $(VENV)/bin/lint-imports --no-logo; \
	check "types (mypy)" $(VENV)/bin/mypy; \
	check "text files" $(RUN) .ci/tidy.py; \
	check "numbers in the prose" $(RUN) .ci/numbers_in_prose.py; \
	if [ -d .github ]; then check "workflows (zizmor)" $(VENV)/bin/zizmor --offline --no-progress --quiet .github; fi; \
	test -z "$$failed"

# The page is measured where playwright and Chromium are.
bench: env
	@$(RUN) -m fer_utils bench $(if $(CLIPS),--root "$(CLIPS)")
	@$(RUN) .ci/page_bench --tfjs

serve: env
	@$(PIPELINE) serve --port $(PORT)

lab: env
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(RUN) -m jupyter lab

# Not part of the tests, which ask no other machine.
links: env
	@$(PIPELINE) links

address: env
	@$(PIPELINE) address $(URL)

# Needs an environment for uv only; the lock that comes out is used by the next `make`.
lock: env
	@$(RUN) -m uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra cpu --extra book --extra cluster --extra engines --extra lint --extra test \
	  -o requirements.txt --custom-compile-command "make lock"

clean:
	@rm -rf _build
	@echo "Removed _build. The environment is in $(VENV); remove that folder to have it made anew."

# The environment is made again when the lock, pyproject.toml or the Python changes, and costs nothing otherwise.
env:
	@set -e; \
	for candidate in $(PYTHON); do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	  echo "No Python 3.11, 3.12 or 3.13 among: $(PYTHON)." >&2; \
	  echo "Install one (https://www.python.org/downloads/), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	version=$$($$python -c 'import sys; print("{}.{}".format(*sys.version_info))'); \
	stamp=$$($$python -c 'import hashlib, sys; print(hashlib.sha256(b"".join(open(f, "rb").read() for f in sys.argv[2:]) + sys.argv[1].encode()).hexdigest())' \
	  "$$version" requirements.txt pyproject.toml); \
	if [ "$$(cat $(VENV)/installed.txt 2>/dev/null)" = "$$stamp" ]; then exit 0; fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make environments: venv or ensurepip is missing." >&2; \
	  echo "Remedy on Debian and Ubuntu: apt-get install python$$version-venv" >&2; \
	  exit 1; \
	fi; \
	echo "Environment: $$python ($$version) into $(VENV), from requirements.txt (about 2.7 GB; some minutes)"; \
	if [ "$$($(RUN) -c 'import sys; print("{}.{}".format(*sys.version_info))' 2>/dev/null)" != "$$version" ]; then \
	  $$python -m venv --clear $(VENV); \
	fi; \
	rm -f $(VENV)/installed.txt; \
	$(RUN) -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.txt; \
	$(RUN) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .; \
	echo "$$stamp" > $(VENV)/installed.txt
