# The one place to start from; `make` alone lists it. Longer work is in tests/local/.
#
# Needed: rust, cargo-nextest (for test), python3 with venv, make. The rest comes into .venv, to the version.

STAGE ?= dev
ARCH ?= arm64
VENV := .venv/.installed
PYTHON := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0

# The variables that the command line gives, each as one word for an operator's tool, which refuses those it does not
# know. Variables of the environment do not count, because a shell may have a NAME of its own. A recipe has no way to hand
# over a line break.
define line_break


endef
typed = $(foreach it,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(it)))),$(it)))
as_word = $(if $(findstring $(line_break),$(value $(1))),$(error $(1)= has a line break),'$(1)=$(subst ','\'',$(value $(1)))')
given = $(foreach it,$(sort $(filter-out PORT EMULATOR_PORT SOCKET_PORT,$(typed))),$(call as_word,$(it)))

.DEFAULT_GOAL := help
.PHONY: help run test check bench fuzz build deploy deploy-local sam-local client keys account audit webhooks sms lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV) ## serve everything on http://localhost:9000 (PORT, EMULATOR_PORT, SOCKET_PORT), with reload; a demo on 9001/demo (DEMO_PORT)
	@exec $(PYTHON) tests/local/run.py

deploy-local: $(VENV) ## sam deploy into the emulator, served on http://localhost:9100
	@exec $(PYTHON) tests/local/deploy_local.py

sam-local: $(VENV) ## sam local start-api on http://localhost:3000 (PORT, EMULATOR_PORT), in containers
	@exec $(PYTHON) tests/local/sam_local.py

client: $(VENV) ## register a client: ID=... NAME=... [DO=show|list|change|disable|enable|remove|rotate-secret|enroll|unenroll] (docs/operations.md)
	@$(PYTHON) functions/admin/cli/client.py $(given)

webhooks: $(VENV) ## calls that clients' servers did not take: DO=list|replay [CLIENT=...] (docs/operations.md)
	@$(PYTHON) functions/admin/cli/webhooks.py $(given)

sms: $(VENV) ## text messages: [DO=show|on|off|texts] (docs/accounts.md)
	@$(PYTHON) functions/admin/cli/sms.py $(given)

keys: $(VENV) ## the keys that sign tokens: DO=show|make|rotate|drop [KIND=RS256 VERSION=... FORCE=yes YES=yes WAIT=seconds] (docs/operations.md)
	@$(PYTHON) functions/admin/cli/keys.py $(given)

account: $(VENV) ## find an account: ID=..., PHONE=... or CLIENT=... SUBJECT=... [DO=lock|unlock|end-sign-ins|export|delete YES=yes] (docs/operations.md)
	@$(PYTHON) functions/admin/cli/account.py $(given)

audit: $(VENV) ## who did what to which session: [SESSION=...] [ACCOUNT=...] [CLIENT=...] [SINCE=24h] (docs/operations.md)
	@$(PYTHON) functions/admin/cli/audit.py $(given)

test: $(VENV) ## everything: lints, all tests, end to end, a real browser
	@$(PYTHON) tests/local/packages.py
	@exec $(PYTHON) tests/local/suite.py

check: $(VENV) ## format, lints and the template only
	@exec $(PYTHON) tests/local/suite.py check

bench: $(VENV) ## sizes, starts, warm calls, pictures, and a login: its price and pace, with a socket, through our pages, beside a peer
	@exec $(PYTHON) tests/local/bench.py

fuzz: $(VENV) ## mutated events to every release binary: 100,000 each (EVENTS, SEED, FUNCTIONS)
	@exec $(PYTHON) tests/local/fuzz.py $(FUNCTIONS) $(if $(EVENTS),--events $(EVENTS)) $(if $(SEED),--seed $(SEED))

build: $(VENV) ## what is shipped, into target/lambda (ARCH=arm64 or x86_64)
	PATH="$(CURDIR)/.venv/bin:$$PATH" cargo lambda build --release --locked --$(subst _,-,$(ARCH))
	@echo "Architecture: $(ARCH)" > target/lambda/built.yaml

deploy: build ## build and deploy to AWS: STAGE=dev, staging or prod
	.venv/bin/sam deploy --config-env $(STAGE)

lock: ## write tests/local/requirements.lock anew from requirements.txt
	python3 -m venv --clear .venv
	.venv/bin/pip install --quiet --requirement tests/local/requirements.txt
	(echo "# Everything in .venv, to the version. Written by: make lock"; .venv/bin/pip freeze) > tests/local/requirements.lock
	touch $(VENV)

$(VENV): tests/local/requirements.lock
	@echo "Installing the pinned tools into .venv (once, a minute or two) ..."
	@python3 -m venv --clear .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@
