#!/bin/sh
# Lint and unit tests on each supported Python of this machine besides that of .venv, in
# environments of their own, .venv-3.12 and so on. uv's cache lends them torch's files as
# hard links, so that one more takes about 2 GB instead of 6.
#   pythons.sh              (`make pythons`; MAKE names the make to use)
set -eu
own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
red=
for minor in 3.13 3.12 3.11; do
    [ "$minor" != "$own" ] || continue
    if ! python=$(sh scripts/setup.sh --find "$minor"); then
        echo "== Python $minor: none on this machine"
        continue
    fi
    echo "== Python $minor: $python"
    UV_LINK_MODE=${UV_LINK_MODE:-hardlink} "${MAKE:-make}" --no-print-directory \
        lint units VENV=".venv-$minor" PYTHON="$python" || red="$red $minor"
done
[ -z "$red" ] || { echo "== red on Python$red" >&2; exit 1; }
