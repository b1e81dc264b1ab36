#!/usr/bin/env bash
# Compares dauys with whisper-cli and writes target/bench/speech.json. The sources of whisper.cpp that its crate vendors lack
# whisper-cli's own main program, so it is taken from WHISPER_CLI (a path), from the PATH, or built from WHISPER_CPP (a folder
# with the sources of the same version, with the same instructions as dauys); where there is none, the report says so.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "bench-speech: $*"; }

CLI=${WHISPER_CLI:-$(command -v whisper-cli || true)}
if [ -z "$CLI" ] && [ -n "${WHISPER_CPP:-}" ]; then
    build=$PWD/target/bench/whisper.cpp
    say "building whisper-cli from $WHISPER_CPP"
    cmake -S "$WHISPER_CPP" -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DWHISPER_BUILD_TESTS=OFF \
        -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_OPENMP=OFF >/dev/null
    cmake --build "$build" --target whisper-cli -j "$(nproc)" >/dev/null
    CLI=$build/bin/whisper-cli
fi
[ -n "$CLI" ] || say "there is no whisper-cli: set WHISPER_CLI or WHISPER_CPP to compare"
cargo run --release --locked -p dauys-transcriber --example bench_speech -- "$CLI" "${1:-40}"
