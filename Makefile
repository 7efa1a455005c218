# Every target is one line of help: `make help`.
SHELL := /bin/bash
PYTHON ?= python3
TOOLS := .venv/bin/python -m tools

.DEFAULT_GOAL := help
.PHONY: help up down status preview cost pr-check env check types unit test mutants conformance-pss conformance-packing conformance-llama-server docs golden prices image-size image-check image-reproduce image-sbom image-scan image-cuda bench-engine bench-server gpu-check lock clean venv venv-dev

help: ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: venv ## from nothing to a served model: toolchain, local cluster, `pulumi up`, address
	@$(TOOLS) up

down: venv ## remove all that `make up` started
	@$(TOOLS) down

status: venv ## what runs, and the address
	@$(TOOLS) status

preview: venv ## what a stack would create, without a cluster: make preview stack=prod
	@$(TOOLS) preview $(or $(stack),prod)

cost: venv ## what a stack costs a month, before it is spent: make cost stack=prod
	@.venv/bin/slipway cost --stack $(or $(stack),prod) || test $$? -eq 1

pr-check: venv ## preview, policies and cost of a stack, as a pull request gets them: make pr-check stack=prod
	@$(TOOLS) pr-check $(or $(stack),prod)

env: venv ## shell lines that put pulumi, kubectl and slipway on PATH: eval "$$(make -s env)"
	@$(TOOLS) env

check: venv-dev ## format, lint, types, unit tests: about three minutes on two cores, needs nothing else
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@$(MAKE) --no-print-directory -j2 --output-sync=target types unit

types: venv-dev
	@.venv/bin/mypy .

unit: venv-dev
	@.venv/bin/pytest -q -n logical -m "not engine and not plane and not e2e and not lifecycle and not mutants"

test: check ## everything: `check`, then engine and end-to-end tests on a real cluster
	@.venv/bin/pytest -q -m mutants
	@$(TOOLS) test

mutants: venv-dev ## take every clause of every policy rule away once: a case must notice
	@.venv/bin/python -m tests.mutants

conformance-pss: venv-dev ## the Pod Security rules against the fixtures of Kubernetes: all versions, levels and kinds
	@.venv/bin/python -m tests.conformance.pss

conformance-packing: venv-dev ## packed nodes against those that the real kube-scheduler uses, for 200 random stacks
	@.venv/bin/python -m tests.conformance.packing

conformance-llama-server: venv-dev ## llama.cpp's own tests of its server against ours, beside llama-server on the same models
	@nice .venv/bin/python -m tests.conformance.llama_server

docs: venv ## write docs/policies.md anew from the rules
	@.venv/bin/slipway policy docs --output docs/policies.md

golden: venv-dev ## write the golden object lists anew
	@UPDATE_GOLDEN=1 .venv/bin/pytest -q tests/unit/infra -k golden

image-size: venv ## build the images and measure them in the registry, beside their limits and others
	@$(TOOLS) image size

image-check: venv ## rights, owners, secrets, missing libraries of the images; nothing may be found
	@$(TOOLS) image check

image-reproduce: venv ## build an image twice with nothing kept between: one digest (variant=cpu)
	@$(TOOLS) image reproduce $(or $(variant),cpu)

image-sbom: venv-dev ## what the images are made of, as CycloneDX, attached to each in the registry; and their licences
	@$(TOOLS) image sbom --attach

image-scan: venv-dev ## is every Debian package the newest, and does PyPI know of holes; see docs/image.md for what it misses
	@$(TOOLS) image scan

image-soak: venv-dev ## an hour of load on a model's pod: it writes nowhere but where it may (seconds=3600 per_second=0.5)
	@SLIPWAY_LOAD_S=$(or $(seconds),3600) SLIPWAY_LOAD_PER_S=$(per_second) $(TOOLS) test --log-cli-level=INFO --log-disable=httpx tests/e2e/test_written_files.py

image-cuda: venv ## build the CUDA variants: an hour on two cores, the first time
	@nice $(TOOLS) image build cuda cuda-cublas

prices: venv ## write the price book anew from its pinned sources
	@.venv/bin/python -m tools.prices

bench-engine: venv-dev ## the engine beside llama-server and other peers: 25 minutes, the first time longer (bench/README.md)
	@.venv/bin/python -m bench.engine

bench-server: venv-dev ## health while all slots decode, idle memory, start, recovery: eight minutes (bench/README.md)
	@.venv/bin/python -m bench.server

gpu-check: venv-dev ## prove the CUDA libraries, on a GPU or as far as it goes without: make gpu-check cuda=DIR (docs/gpu.md)
	@PYTHONPATH=image .venv/bin/python -m bench.gpu $(if $(cuda),--cuda $(cuda)) $(if $(cublas),--cublas $(cublas)) $(if $(without_gpu),--without-gpu)

lock: ## pin and hash the requirements anew
	@tools/lock.sh

clean: venv ## remove the cache: the next `make up` is a first run
	@$(TOOLS) clean

# One machine with Docker, without Kubernetes: docs/compose.md. Nothing of it needs the virtual environment.
COMPOSE ?= docker compose
COMPOSE_FAMILIES := gemma phi qwen llama mistral gpt-oss
# Files share one project: what another one has started is no orphan.
compose-file = COMPOSE_IGNORE_ORPHANS=true $(COMPOSE) -f compose/docker-compose.$(1).yml
compose-build = $(call compose-file,build) $(if $(shell sed -n 's/^CA_FILE=//p' compose/.env 2>/dev/null),-f compose/docker-compose.build-ca.yml) build
compose-project = $(COMPOSE) --project-name slipway

.PHONY: setup build-all build-cuda start-chat start-all start-family start-inference stop-all ps logs logs-all health stats clean-compose $(addprefix start-,$(COMPOSE_FAMILIES))

setup: ## Compose: make compose/.env and the files with secrets; shows an API key once
	@$(PYTHON) compose/setup.py

build-all: ## Compose: build the images: server, health monitor, cloudflared
	@$(compose-build)

build-cuda: ## Compose: build the server's image for NVIDIA GPUs: an hour on two cores
	@$(compose-build) serve-cuda

start-chat: ## Compose: start the chat interface, which finds the models that run
	@$(call compose-file,chat-interface) up --detach

start-all: ## Compose: start everything: 29 GB of downloads, 47 GB of memory
	@$(call compose-file,all) up --detach

start-family: ## Compose: start one model: start-gemma, start-phi, start-qwen, start-llama, start-mistral, start-gpt-oss
	@echo "which one? $(addprefix start-,$(COMPOSE_FAMILIES))"; exit 1

$(addprefix start-,$(COMPOSE_FAMILIES)): start-%:
	@$(call compose-file,$*) up --detach

start-inference: ## Compose: start the model that MODEL_* in compose/.env name
	@$(call compose-file,inference) up --detach

stop-all: ## Compose: stop and remove all containers; weights and histories stay
	@$(compose-project) --profile '*' down

ps: ## Compose: what runs, and whether it is well
	@$(compose-project) ps --all

logs: ## Compose: follow one service: make logs service=qwen
	@$(compose-project) logs --follow --tail 100 $(or $(service),chat)

logs-all: ## Compose: follow all services
	@$(compose-project) logs --follow --tail 100

health: ## Compose: ask the chat interface which models answer
	@$(compose-project) exec chat python3 -c "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health').read().decode())"

stats: ## Compose: what each container takes
	@$(compose-project) stats --no-stream

clean-compose: ## Compose: remove containers, networks AND VOLUMES: weights and histories are gone (`make clean` is another cache)
	@$(compose-project) --profile '*' down --volumes

venv:
	@$(PYTHON) tools/bootstrap.py requirements.txt

venv-dev: venv
	@$(PYTHON) tools/bootstrap.py requirements-dev.txt
