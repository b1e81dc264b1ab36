#!/usr/bin/env bash
# Runs all tests against a real Kafka and a real PostgreSQL, which it starts and takes down again, and with a real ONNX
# Runtime. Arguments go to `cargo test` (`scripts/test.sh -p dauys-bus`); without any, every crate is tested.
#
# A test whose real part is not there says `SKIPPED <test>: no <part>`; such tests are counted as skipped, and under
# CI=true one is a failure. The whole output is in target/test/output.log; the last line printed is the sum.
set -euo pipefail
cd "$(dirname "$0")/.."

OUT=${CARGO_TARGET_DIR:-target}/test
SERVERS=$(mktemp -d "${TMPDIR:-/tmp}/dauys-test.XXXXXX")
chmod 755 "$SERVERS"
mkdir -p "$OUT"

say() { echo "test: $*"; }

take_down() {
    trap - EXIT
    trap '' INT TERM
    scripts/kafka.sh stop "$SERVERS/kafka" || true
    scripts/postgres.sh stop "$SERVERS/postgres" || true
    rm -rf "$SERVERS"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bring_up() {
    say "starting Kafka and PostgreSQL"
    scripts/kafka.sh start "$SERVERS/kafka" >/dev/null &
    local kafka=$!
    scripts/postgres.sh start "$SERVERS/postgres" >/dev/null &
    local postgres=$!
    if DAUYS_TEST_ONNXRUNTIME=$(scripts/onnxruntime.sh); then
        export DAUYS_TEST_ONNXRUNTIME
    else
        say "there is no ONNX Runtime: what needs it is skipped"
    fi
    if wait "$kafka"; then
        DAUYS_TEST_KAFKA=$(cat "$SERVERS/kafka/address")
        DAUYS_TEST_KAFKA_SASL=$(cat "$SERVERS/kafka/sasl")
        export DAUYS_TEST_KAFKA DAUYS_TEST_KAFKA_SASL
    else
        say "there is no Kafka: what needs it is skipped"
    fi
    if wait "$postgres"; then
        DAUYS_TEST_POSTGRES=$(cat "$SERVERS/postgres/url")
        export DAUYS_TEST_POSTGRES
    else
        say "there is no PostgreSQL: what needs it is skipped"
    fi
}

# One line for each test program, and everything about failures.
progress() {
    awk '
        # A program that ended without its result line (killed, or it aborted) still counts as failed.
        function open_ends() { if (program != "") { printf "  %-44s ended without a result\n", program; broken++; program = "" } }
        /^ +Running / || /^ +Doc-tests / {
            open_ends()
            showing = 0
            program = $1 == "Doc-tests" ? "doc-tests of " $2 : $NF
            gsub(/^\(.*\/|-[0-9a-f]+\)$/, "", program)
        }
        /SKIPPED [^ ]+: no / { skipped++; here++ }
        /^test result: / {
            split($0, part, /[^0-9]+/)
            passed += part[2]; failed += part[3]; ignored += part[4]
            if (part[2] + part[3] + part[4] > 0)
                printf "  %-44s %4d passed, %d failed, %d skipped\n", program, part[2] - here, part[3], part[4] + here
            program = ""; here = 0; showing = 0
        }
        /^failures:$/ || /^error(\[|:)/ { showing = 1 }
        showing { print }
        { fflush() }
        END {
            open_ends()
            printf "%d %d %d\n", passed - skipped, failed + broken, skipped + ignored > sums
        }
    ' sums="$OUT/sums" -
}

ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
selection=("$@")
[ "${#selection[@]}" -gt 0 ] || selection=(--workspace)
# What only a program with a second engine of understanding can show. The same selection, so that nothing else is built anew.
second=(--workspace --features dauys-standalone/onnx --test cli)

run() {
    local failed=0
    cargo test --locked "${selection[@]}" --no-fail-fast || failed=1
    [ "${selection[*]}" != --workspace ] || cargo test --locked "${second[@]}" embeddings || failed=1
    return "$failed"
}

bring_up
say "building the tests"
cargo test --locked "${selection[@]}" --no-run || {
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}
say "running the tests (all output: $OUT/output.log)"
status=0
run </dev/null 2>&1 | tee "$OUT/output.log" | progress || status=$?
read -r passed failed skipped <"$OUT/sums"
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
if [ "$skipped" -gt 0 ]; then
    grep -oE 'SKIPPED [^ ]+: no [A-Za-z ]+' "$OUT/output.log" | sort | sed 's/^/  /' || true
    if [ "${CI:-}" = true ]; then
        say "under CI no test may be skipped"
        status=1
    fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
