#!/bin/sh
# Make .venv in the checkout with exactly the packages of requirements.lock.
# $PYTHON chooses the interpreter; without it, the newest of 3.13, 3.12, 3.11 that really runs.
set -eu
unset PYTHONDONTWRITEBYTECODE PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1

# Kernels talk over TCP on this machine alone; their warning about it helps nobody here.
profile=_build/.ipython/profile_default
mkdir -p "$profile"
echo 'c.IPKernelApp.log_level = 40' >"$profile/ipython_kernel_config.py"

say() { echo "   $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# A name on PATH may be a shim that fails, and a system Python may lack ensurepip.
works() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        works "$PYTHON" || fail "PYTHON=$PYTHON must be a Python >= 3.11 with venv and ensurepip"
        echo "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3.11; do
        works "$name" && { echo "$name"; return; }
    done
    if command -v pyenv >/dev/null 2>&1; then
        for minor in 13 12 11; do
            for candidate in "$(pyenv root)"/versions/3."$minor".*/bin/python; do
                works "$candidate" && { echo "$candidate"; return; }
            done
        done
    fi
    works python3 && { echo python3; return; }
    fail "no Python >= 3.11 with venv and ensurepip found; install one or set PYTHON=/path/to/python"
}

digest() {
    cat requirements.lock pyproject.toml scripts/setup.sh | cksum
}

version_of() { "$1" -c 'import platform; print(platform.python_version())'; }

stamp=.venv/.aelib-stamp
if [ -f "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
    have=$(version_of .venv/bin/python)
    want=$have
    [ -n "${PYTHON:-}" ] && want=$(version_of "$(choose_python)")
    # The folder is part of the stamp: a moved checkout has a broken environment.
    if [ "$have" = "$want" ] && [ "$(cat "$stamp")" = "$(digest) $(pwd -P)" ]; then
        say ".venv is up to date (Python $have)"
        exit 0
    fi
fi

python=$(choose_python)
say "Python $(version_of "$python") ($python); making .venv: a few minutes, about 5 GB"
rm -rf .venv
"$python" -m venv .venv

# uv downloads and unpacks several times faster than pip; pip is the fall-back.
export UV_NATIVE_TLS=1 UV_LINK_MODE="${UV_LINK_MODE:-copy}"
if command -v uv >/dev/null 2>&1; then
    uv=uv
elif .venv/bin/python -m pip install -q uv; then
    uv=.venv/bin/uv
else
    uv=
fi
if [ -n "$uv" ]; then
    install() {
        "$uv" pip install -q --compile-bytecode --python .venv/bin/python "$@" ||
            "$uv" pip install -q --offline --compile-bytecode --python .venv/bin/python "$@"
    }
else
    say "uv could not be installed; using pip, which takes longer"
    install() { .venv/bin/python -m pip install -q "$@"; }
fi
install --require-hashes -r requirements.lock ||
    fail "the packages could not be installed; is the package index reachable?"
.venv/bin/python -m pip install -q --no-deps --no-build-isolation --no-index -e . ||
    fail "aelib itself could not be installed"

# A CPU-only torch from another source breaks torchvision's operators: say so here, not in chapter 2.
.venv/bin/python -W error -c 'import torch, torchvision' ||
    fail "torch and torchvision do not fit together: remove other sources of torch wheels (PIP_FIND_LINKS, extra indexes), delete .venv and run make setup again"
echo "$(digest) $(pwd -P)" >"$stamp"
say "installed $(.venv/bin/python -m pip list --format=freeze | wc -l) packages into .venv"
