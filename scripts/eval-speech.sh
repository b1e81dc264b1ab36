#!/usr/bin/env bash
# Measures the demonstration speech model and writes target/eval/speech.json. Where Python and espeak-ng are there (or can be
# installed), the held-out recordings are generated first: 60 a language, the same every time. Otherwise the 24 committed ones
# are heard. `eval-speech.sh N` hears N recordings without speech instead of 1,000.
set -euo pipefail
cd "$(dirname "$0")/.."

MODEL=transcriber/demo-model
SET=target/eval/heldout
TOOLS=target/eval/python

say() { echo "eval-speech: $*"; }

generate() {
    command -v espeak-ng >/dev/null || { say "espeak-ng is missing (apt-get install espeak-ng)"; return 1; }
    if [ ! -x "$TOOLS/bin/python" ]; then
        python3 -m venv "$TOOLS" 2>/dev/null || { say "Python's venv is missing (apt-get install python3-venv)"; return 1; }
        "$TOOLS/bin/pip" install --quiet --disable-pip-version-check numpy scipy || {
            rm -rf "$TOOLS"
            say "numpy and scipy cannot be installed"
            return 1
        }
    fi
    say "generating the held-out recordings"
    rm -rf "$SET.part"
    mkdir -p "$SET.part"
    (cd "$MODEL" && "../../$TOOLS/bin/python" heldout.py --out "../../$SET.part") || return 1
    mv "$SET.part" "$SET"
}

mkdir -p target/eval
[ -f "$SET/refs.tsv" ] || generate || say "the 24 committed recordings are heard instead"
cargo run --release --locked -p dauys-transcriber --example eval_speech -- "${1:-1000}"
