# `make reproduce` and `make test` are the two commands; `make help` lists the rest.
# Both make their own environment first. To choose:
#   PRESET   smoke, laptop (default) or gpu; or a real data set, such as dfew
#   DATA     the folder of a real data set, as its archive unpacked (needed once)
#   READ     what its reader must be told, such as '--clips clip_224x224'
#   PYTHON   the Python 3.11-3.13 to make the environment with (default: the first that runs)
#   VENV     where the environment is, or is to be (default: .venv)
#   CORES    how many cores to use (default: all that this process may use)
PRESET ?= laptop
PYTHON ?=
VENV ?= .venv
CORES ?=
DATA ?=
READ ?=

# Names are quoted and no target depends on a path, so that directories may have spaces.
RUN = "$(VENV)/bin/python" -m
GOOD_PYTHON = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.PHONY: help reproduce headline science test lint unit book reference strip clean env

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | tr '|' '\t' | expand -t 20

reproduce: env ## the main results: data, training, ablation, evaluation, figures, book [PRESET=laptop]
	@$(RUN) rdfer reproduce --preset "$(PRESET)" $(if $(DATA),--data "$(DATA)") $(READ) \
	  $(if $(CORES),--cores "$(CORES)")

headline: env ## besides: the noise study, symmetric noise with the first seeds [PRESET=laptop]
	@$(RUN) rdfer reproduce --preset "$(PRESET)" --studies headline $(if $(CORES),--cores "$(CORES)")

science: env ## besides: all studies that the claims rest on, and the verdicts; hours at laptop
	@$(RUN) rdfer reproduce --preset "$(PRESET)" --studies all $(if $(CORES),--cores "$(CORES)")

test: lint unit ## lint, types, tests, and the whole workflow at the smoke preset
	@$(RUN) rdfer reproduce --preset smoke $(if $(CORES),--cores "$(CORES)")

lint: env ## style and types alone
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@"$(VENV)/bin/lint-imports" --no-cache

unit: env ## the tests alone
	@$(RUN) pytest

book: env ## the book of the committed reference results
	@$(RUN) rdfer book

reference: env ## bring the laptop run up to date, then replace results/ and figures/ by its own
	@$(RUN) rdfer reproduce --preset laptop $(if $(CORES),--cores "$(CORES)")
	@$(RUN) rdfer reference --preset laptop

strip: env ## take the outputs out of notebooks/, as they are committed
	@$(RUN) nbstripout notebooks/*.ipynb

clean: ## remove every run, the book and caches (the environment stays)
	rm -rf runs _build .mypy_cache .ruff_cache .pytest_cache .hypothesis .snakemake

# The stamp is the text of the two files that define the environment: it is made again when,
# and only when, one of them says something else.
env: ## the environment alone
	@cat pyproject.toml constraints.txt | cmp -s - "$(VENV)/.rdfer-stamp" && exit 0; \
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
	echo 'installing the packages of constraints.txt (some minutes the first time)'; \
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[all]'; \
	cat pyproject.toml constraints.txt > "$(VENV)/.rdfer-stamp"
