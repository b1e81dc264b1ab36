#!/usr/bin/env bash
# ONNX Runtime's shared library for tests: prints its path. Microsoft publishes it within its Python package, from which it is
# taken once and kept in the cache folder; nothing else of the package is used.
#
# Exit codes: 3 where Python cannot make a virtual environment or the processor is another, 4 where the package cannot be had.
set -euo pipefail

VERSION=1.23.2
CACHE=${DAUYS_CACHE:-$HOME/.cache/dauys}
FOLDER=$CACHE/onnxruntime-$VERSION
LIBRARY=$FOLDER/libonnxruntime.so.$VERSION

say() { echo "onnxruntime: $*" >&2; }

# The package's SHA-256 for each processor, as its publisher states it.
case "$(uname -m)" in
    x86_64) sum=da44b99206e77734c5819aa2142c69e64f3b46edc3bd314f6a45a932defc0b3e ;;
    aarch64) sum=bbfd2fca76c855317568c1b36a885ddea2272c13cb0e395002c402f2360429a6 ;;
    *)
        say "there is no ONNX Runtime here for the processor $(uname -m)"
        exit 3
        ;;
esac

fetch() {
    say "fetching ONNX Runtime $VERSION from PyPI into $FOLDER (about 17 MB, once)"
    mkdir -p "$CACHE"
    local work
    work=$(mktemp -d "$CACHE/fetching.XXXXXX")
    # shellcheck disable=SC2064  # the folder of now
    trap "rm -rf '$work'" EXIT
    python3 -m venv "$work/python" >/dev/null || { say "Python is missing: run scripts/bootstrap.sh test"; exit 3; }
    echo "onnxruntime==$VERSION --hash=sha256:$sum" >"$work/wanted.txt"
    local platform
    platform=$(uname -m)
    "$work/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --python-version 3.11 --platform "manylinux_2_27_$platform" --platform "manylinux_2_28_$platform" \
        --dest "$work" --requirement "$work/wanted.txt" >&2 || { say "the package cannot be had: is there a network?"; exit 4; }
    python3 -m zipfile -e "$work"/onnxruntime-*.whl "$work/package"
    mkdir "$work/kept"
    cp "$work/package/onnxruntime/capi/libonnxruntime.so.$VERSION" "$work/package/onnxruntime/LICENSE" "$work/kept/"
    # Another run may have been faster; its library is as good.
    mv -T "$work/kept" "$FOLDER" 2>/dev/null || true
}

[ -e "$LIBRARY" ] || fetch
[ -e "$LIBRARY" ] || exit 4
echo "$LIBRARY"
