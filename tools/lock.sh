#!/usr/bin/env bash
# Pin and hash every requirements file from its .in file; the development set agrees with the two that it contains.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool" && "$tool/bin/pip" install --quiet uv
lock() {
    "$tool/bin/uv" pip compile --quiet --generate-hashes --python-version 3.11 --no-emit-index-url \
        --custom-compile-command "make lock" "${@:2}" "$1.in" -o "$1.txt"
}
lock requirements
lock image/requirements -c requirements.txt --override image/overrides.in
lock image/build-requirements
lock image/cuda/requirements --no-deps
lock image/cuda/cublas-requirements --no-deps
lock image/sidecars/health_monitor/requirements -c requirements.txt -c image/requirements.txt
lock requirements-dev -c requirements.txt -c image/requirements.txt
lock tools/go/requirements
lock bench/engine/python-peers
