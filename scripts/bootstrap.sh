#!/usr/bin/env bash
# Installs what a bare Debian 12 lacks: `bootstrap.sh build` for building and running dauys, `bootstrap.sh test` for its
# tests as well. It says what it installs and why, and does nothing where everything is there.
set -euo pipefail

# Package, a colon, and what needs it.
BUILD=(
    "build-essential:the C and C++ compilers for SQLite, Opus, Whisper and the Kafka client, which are built from source"
    "cmake:builds Whisper and Opus"
    "pkg-config:finds OpenSSL"
    "libssl-dev:TLS"
    "zlib1g-dev:compression in the Kafka client"
)
TEST=(
    "openjdk-17-jre-headless:runs a real Kafka"
    "maven:fetches Kafka"
    "postgresql:a real database server"
    "sip-tester:SIPp, which calls in from outside"
    "baresip:a telephone that is not ours, over UDP, TCP and TLS"
    "linphone-cli:another telephone that is not ours"
    "kcat:a Kafka client that is not ours"
    "python3-venv:runs OpenAI's client against the transcription service, and fetches ONNX Runtime"
)

say() { echo "bootstrap: $*"; }

missing_of() {
    local entry
    for entry in "$@"; do
        [ "$(dpkg-query --show --showformat='${db:Status-Abbrev}' "${entry%%:*}" 2>/dev/null)" = "ii " ] || echo "$entry"
    done
}

install_missing() {
    local entry names=() entries=()
    mapfile -t entries < <(missing_of "$@")
    [ "${#entries[@]}" -gt 0 ] || return 0
    for entry in "${entries[@]}"; do
        say "needs ${entry%%:*}: ${entry#*:}"
        names+=("${entry%%:*}")
    done
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { say "become root and run: apt-get install ${names[*]}"; exit 1; }
        say "asks sudo to install these packages"
        root=(sudo)
    fi
    local log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    log=$(mktemp)
    say "fetching the lists of packages"
    if ! "${root[@]}" "${apt[@]}" update >"$log" 2>&1; then
        tail -n 5 "$log"
        say "the package lists could not be fetched: is there a network?"
        exit 1
    fi
    say "installing ${names[*]}"
    if ! "${root[@]}" "${apt[@]}" install --yes --no-install-recommends "${names[@]}" </dev/null >"$log" 2>&1; then
        tail -n 15 "$log"
        say "the packages could not be installed: is there a network, and room on the disk?"
        exit 1
    fi
    rm -f "$log"
}

check_rust() {
    command -v cargo >/dev/null || [ ! -x "$HOME/.cargo/bin/cargo" ] || {
        say "Rust is in ~/.cargo/bin, which is not on the PATH: run  . ~/.cargo/env  and try again"
        exit 1
    }
    command -v cargo >/dev/null || {
        say "Rust is missing: install it with rustup (https://rustup.rs), then try again"
        exit 1
    }
    local wanted found
    wanted=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    if ! command -v rustup >/dev/null; then
        found=$(cargo --version | cut -d ' ' -f 2)
        [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] || {
            say "Rust $found is too old, dauys needs $wanted: install it with rustup (https://rustup.rs), then try again"
            exit 1
        }
    fi
}

cd "$(dirname "$0")/.."
case "${1:-}" in
    build) packages=("${BUILD[@]}") ;;
    test) packages=("${BUILD[@]}" "${TEST[@]}") ;;
    *)
        echo "usage: $0 build|test" >&2
        exit 2
        ;;
esac
check_rust
if command -v dpkg-query >/dev/null; then
    install_missing "${packages[@]}"
else
    say "this is no Debian; make sure that you have what these packages hold: ${packages[*]%%:*}"
fi

# OpenAI's client, against which the transcription service is tested. Without it that test is skipped and counted.
CLIENT=${CARGO_TARGET_DIR:-target}/openai-client
if [ "$1" = test ] && [ ! -x "$CLIENT/bin/python" ]; then
    say "needs openai from PyPI: the client of the protocol that the transcription service speaks"
    if ! { python3 -m venv "$CLIENT" && "$CLIENT/bin/pip" install --quiet --disable-pip-version-check 'openai==2.*'; }; then
        rm -rf "$CLIENT"
        say "OpenAI's client cannot be installed: is there a network?"
    fi
fi
