#!/usr/bin/env bash
# Checks the licences, duplicates and sources of what dauys is built from, where cargo-deny is installed; and known
# weaknesses (advisories), where it has their list.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
    echo "lint: cargo-deny is not installed: licences, sources and advisories were not checked"
    echo "lint: install it with  cargo install cargo-deny --locked"
    exit 0
fi
cargo deny --offline --log-level error check licenses bans sources
if [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" ]; then
    cargo deny --offline --log-level error check advisories
else
    echo "lint: the list of advisories is not on this machine (cargo deny fetch): they were not checked"
fi
