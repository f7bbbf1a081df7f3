# `make reproduce` and `make test` are the two commands; `make help` lists the rest.
# Both make their own environment first. To choose:
#   PRESET   smoke, laptop (default) or gpu; or a real data set, such as dfew
#   DATA     the folder of a real data set, as its archive unpacked (needed once)
#   READ     what its reader must be told, such as '--clips clip_224x224'
#   PYTHON   the Python 3.11-3.13 to make the environment with (default: the first that runs)
#   VENV     where the environment is, or is to be (default: .venv)
#   CORES    how many cores to use (default: all that this process may use)
#   TORCH_INDEX  where the environment's torch and torchvision come from (default: where all
#            packages come from, builds for CUDA on Linux). The environment takes about 6.6 GB
#            there, 4 GB of it for CUDA. Without a GPU, give the address of a package index that
#            has CPU builds of both in the versions of constraints.txt. It counts when the
#            environment is made: to change an old one, remove it (VENV) first. These two then come
#            without hashes; everything else is what requirements.lock says, to the byte.
PRESET ?= laptop
PYTHON ?=
VENV ?= .venv
CORES ?=
DATA ?=
READ ?=
TORCH_INDEX ?=

# Names are quoted and no target depends on a path, so that directories may have spaces.
RUN = "$(VENV)/bin/python" -m
INSTALL = $(RUN) pip install --quiet --disable-pip-version-check
# The lock names everything, so nothing else is fetched. pip takes hashes for no editable project:
# that comes after, built by the setuptools of the lock.
LOCKED = $(INSTALL) --no-deps --require-hashes --requirement
LOCK_ALL = $(LOCKED) requirements.lock;
LOCK_REST = $(INSTALL) --no-deps -i "$(TORCH_INDEX)" \
  $$(grep -E '^(torch|torchvision)==' constraints.txt); \
  sed '/^\# torch, torchvision/,$$d' requirements.lock > "$(VENV)/.without-torch"; \
  $(LOCKED) "$(VENV)/.without-torch";
PROJECT = $(INSTALL) --no-deps --no-build-isolation --editable .
DEFINED = pyproject.toml constraints.txt requirements.lock
GOOD_PYTHON = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.PHONY: help reproduce headline science test lint unit book reference strip clean env lock audit-deps

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | tr '|' '\t' | expand -t 20
	@echo 'Variables (PRESET, TORCH_INDEX and others): see the head of Makefile.'

reproduce: env ## the main results: data, training, evaluation, figures, book [PRESET=laptop]
	@$(RUN) rdfer reproduce --preset "$(PRESET)" $(if $(DATA),--data "$(DATA)") $(READ) \
	  $(if $(CORES),--cores "$(CORES)")

headline: env ## adds the noise study: symmetric noise, first seeds; up to an hour at laptop
	@$(RUN) rdfer reproduce --preset "$(PRESET)" --studies headline $(if $(CORES),--cores "$(CORES)")

science: env ## adds all studies that the claims rest on, and the verdicts; hours at laptop
	@$(RUN) rdfer reproduce --preset "$(PRESET)" --studies all $(if $(CORES),--cores "$(CORES)")

test: lint unit ## lint, types, tests, and the whole workflow at the smoke preset
	@$(RUN) rdfer reproduce --preset smoke $(if $(CORES),--cores "$(CORES)")

lint: env ## style and types alone
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@"$(VENV)/bin/lint-imports" --no-cache

unit: env ## the tests alone
	@$(RUN) pytest --numprocesses $(or $(CORES),logical) --dist worksteal

book: env ## the book of the committed reference results
	@$(RUN) rdfer book

reference: env ## bring the laptop run up to date, then replace results/ and figures/ by its own
	@$(RUN) rdfer reproduce --preset laptop $(if $(CORES),--cores "$(CORES)")
	@$(RUN) rdfer reference --preset laptop

strip: env ## take the outputs out of notebooks/, as they are committed
	@$(RUN) nbstripout notebooks/*.ipynb

clean: ## remove every run, the book and caches (the environment stays)
	rm -rf runs _build .mypy_cache .ruff_cache .pytest_cache .hypothesis .snakemake

# To be done after every change of constraints.txt or pyproject.toml; environments of one's own
# take constraints.txt, which has no hashes.
lock: env ## write requirements.lock and book/licences.csv from constraints.txt
	@"$(VENV)/bin/python" scripts/lock.py

# Part of a release. It asks a public database, so it is no test.
audit-deps: ## tell which packages of the lock have known vulnerabilities (before a release)
	@test -x "$(VENV)-audit/bin/pip-audit" || { python3 -m venv "$(VENV)-audit" && \
	  "$(VENV)-audit/bin/pip" install --quiet pip-audit; }
	@"$(VENV)-audit/bin/pip-audit" --requirement requirements.lock --disable-pip

# The stamp is the text of the three files that define the environment: it is made again when,
# and only when, one of them says something else.
env: ## the environment alone: 6.6 GB, some five minutes; without a GPU see TORCH_INDEX
	@cat $(DEFINED) | cmp -s - "$(VENV)/.rdfer-stamp" && exit 0; \
	set -e; \
	if [ ! -x "$(VENV)/bin/python" ]; then \
	  found=; \
	  for p in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
	    if "$$p" -c '$(GOOD_PYTHON)' >/dev/null 2>&1; then found="$$p"; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo 'error: PYTHON = "$(PYTHON)": needs a Python 3.11, 3.12 or 3.13 that runs and has' \
	      'its venv module (Debian, Ubuntu: python3-venv); name one with' \
	      'PYTHON=/path/to/python3.12' >&2; \
	    exit 2; \
	  fi; \
	  echo "making the environment $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv "$(VENV)"; \
	fi; \
	echo 'installing the packages of requirements.lock: some five minutes the first time, and' \
	  '$(if $(TORCH_INDEX),less than 3 GB,about 6.6 GB (less with TORCH_INDEX: see the head of Makefile))'; \
	$(if $(TORCH_INDEX),$(LOCK_REST),$(LOCK_ALL)) \
	$(PROJECT); \
	cat $(DEFINED) > "$(VENV)/.rdfer-stamp"
