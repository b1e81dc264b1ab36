# What people and CI do with dauys. `make` alone lists it.

# How many calls the demonstration places, and where data is kept. SETTINGS names a settings file.
CALLS ?= 3
DATA ?= data
SETTINGS ?=
CITY ?=

.DEFAULT_GOAL := help
.PHONY: help run build test lint format generate drift load bench eval bench-speech eval-speech

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build dauys, start it, and place CALLS=3 demonstration calls (DATA=folder, SETTINGS=file)
	target/release/dauys run --data "$(DATA)" $(if $(SETTINGS),--settings "$(SETTINGS)") --demo-calls "$(CALLS)"

build: ## install what is missing and build dauys (target/release/dauys)
	@scripts/bootstrap.sh build
	cargo build --release --locked

test: ## install what is missing, start Kafka and PostgreSQL, and run every test (ARGS="-p dauys-bus" for one crate)
	@scripts/bootstrap.sh test
	@scripts/test.sh $(ARGS)

eval: ## measure how well calls are understood, and write target/eval/report.json (CITY=NAME for one city)
	cargo run --release --locked -p dauys-evaluation -- $(CITY)

load: ## let CALLS=5000 callers loose on the line for HOLD=60 s together; report in target/load (ARGS="--loss 1 --reorder 2")
	@scripts/bootstrap.sh build
	cargo build --release --locked -p dauys-standalone -p dauys-loadtest
	target/release/dauys-storm --calls $(if $(filter file,$(origin CALLS)),5000,$(CALLS)) --hold $(or $(HOLD),60) $(ARGS)

bench: ## measure what a call's signalling and a packet cost, and write the table in BENCHMARKS.md anew
	@scripts/bench.sh

lint: ## check formatting, clippy's advice, generated files, and the licences and sources of what dauys is built from
	@scripts/bootstrap.sh build
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --workspace --all-targets --locked --features dauys-standalone/onnx -- -D warnings
	cargo test --workspace --locked --quiet --test schemas --test generated --test web -- committed
	@scripts/deny.sh

format: ## format the code
	cargo fmt --all

generate: ## write the event schemas, the example settings and the API's description anew from the code
	cargo run --locked -p dauys-events --example schemas -- events/schemas
	cargo run --locked -p dauys-router --example openapi >target/openapi.json
	mv target/openapi.json router/openapi.json
	cargo run --locked -p dauys-config --example settings >target/dauys.example.toml
	mv target/dauys.example.toml config/dauys.example.toml

drift: generate ## fail where a generated file is not what the code says
	git diff --exit-code -- events/schemas config/dauys.example.toml router/openapi.json

bench-speech: ## compare with whisper-cli (WHISPER_CLI=path or WHISPER_CPP=folder of its sources): target/bench/speech.json
	@scripts/bench-speech.sh

eval-speech: ## measure what the demonstration model hears and what it invents: target/eval/speech.json
	@scripts/eval-speech.sh
