#!/bin/sh
# The checks that need a GPU, for a machine with one, with PyTorch and with no network.
#   gpu.sh prepare [--python 3.12]    where there is a network and .venv: fill _build/gpu_kit
#                                     with 43 MB, for the Python of that machine
#   gpu.sh [--quick]                  there, in the same folder: at most 8 minutes
#   gpu.sh --device cpu --quick       the same way without a GPU, to try the check itself
# $PYTHON is the Python that has torch, python3 by default. The report goes to $OUT, by
# default _build/gpu: gpu.md, gpu.json, gpu.log, devices.json.
# Exit code: 0 all well, 1 something failed, 2 no GPU, no torch or no kit.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = prepare ]; then
    shift
    exec .venv/bin/python scripts/gpu_kit.py "$@"
fi
exec "${PYTHON:-python3}" scripts/gpu.py "$@"
