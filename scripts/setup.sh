#!/bin/sh
# Make an environment with exactly the packages of requirements.lock.
#   setup.sh [FOLDER]       .venv, or FOLDER, in the checkout
#   setup.sh --find 3.12    print a working Python of that minor version, or fail
#
# $PYTHON chooses the interpreter, and stays chosen: later runs without $PYTHON keep it
# (`make distclean` forgets it). Where nobody chose, it is the newest of 3.13, 3.12, 3.11
# that really works, on PATH or among pyenv's, and when that becomes another minor
# version, as it does when one is installed, the environment is made anew.
set -eu
unset PYTHONDONTWRITEBYTECODE PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { echo "   $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# A name on PATH may be a shim that fails; a Python may lack ensurepip, or have been
# compiled without modules that torchvision or jupyter-cache import.
works() {
    "$1" -c '
import sys, sysconfig
import bz2, ctypes, ensurepip, lzma, sqlite3, ssl, venv
final = sys.version_info.releaselevel == "final"
usual = not sysconfig.get_config_var("Py_GIL_DISABLED")
sys.exit(not (sys.version_info >= (3, 11) and final and usual))' >/dev/null 2>&1
}

# pyenv asks $HOME, which may be another one than that whose shims stand on PATH.
pyenv_root() {
    root=${PYENV_ROOT:-$(echo ":$PATH:" | sed -n 's|.*:\([^:]*\)/shims:.*|\1|p')}
    echo "${root:-$(pyenv root 2>/dev/null || echo "${HOME:-}/.pyenv")}"
}

# A working Python of a minor version: that on PATH, else the newest of pyenv's.
find_python() {
    { command -v "python$1" || true
      ls -d "$(pyenv_root)/versions/$1".*/bin/python 2>/dev/null | sort -rV; } |
        { while read -r candidate; do
              works "$candidate" && { echo "$candidate"; exit 0; }
          done
          exit 1; }
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        works "$PYTHON" || fail "PYTHON=$PYTHON must be a Python >= 3.11 with venv, ensurepip, sqlite3, ssl, lzma, bz2 and ctypes"
        command -v "$PYTHON"
        return
    fi
    if [ -n "$chosen" ] && works "$chosen"; then
        echo "$chosen"
        return
    fi
    for minor in 3.13 3.12 3.11; do
        find_python "$minor" && return
    done
    works python3 && { echo python3; return; }
    fail "no Python >= 3.11 with venv, ensurepip, sqlite3, ssl, lzma, bz2 and ctypes found; install one or set PYTHON=/path/to/python"
}

version_of() { "$1" -c 'import platform; print(platform.python_version())'; }

# Two Pythons are the same for an environment; to the last digit if asked for just now.
same_python() {
    [ "$1" = "$2" ] || { [ -z "${PYTHON:-}" ] && [ "${1%.*}" = "${2%.*}" ]; }
}

if [ "${1:-}" = --find ]; then
    find_python "$2"
    exit
fi

venv=${1:-.venv}
stamp=$venv/.aelib-stamp
# The folder is part of the stamp: a moved checkout has a broken environment.
mark="$(cat requirements.lock pyproject.toml scripts/setup.sh | cksum) $(pwd -P)"
chosen=$(sed -n 2p "$stamp" 2>/dev/null || true) # by $PYTHON, once; else empty
python=$(choose_python)
[ -n "${PYTHON:-}" ] && chosen=$python

# Kernels talk over TCP on this machine alone; their warning about it helps nobody here.
profile=_build/.ipython/profile_default
mkdir -p "$profile"
echo 'c.IPKernelApp.log_level = 40' >"$profile/ipython_kernel_config.py"

if [ -f "$stamp" ] && have=$(version_of "$venv/bin/python" 2>/dev/null) &&
    same_python "$have" "$(version_of "$python")" &&
    [ "$(sed -n 1p "$stamp")" = "$mark" ]; then
    printf '%s\n%s\n' "$mark" "$chosen" >"$stamp"
    say "$venv is up to date (Python $have)"
    exit 0
fi

say "Python $(version_of "$python") ($python); making $venv: a few minutes, 2 to 6 GB"
rm -rf "$venv"
"$python" -m venv "$venv"

# uv downloads and unpacks several times faster than pip; pip is the fall-back.
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
if command -v uv >/dev/null 2>&1; then
    uv=uv
elif [ -x .venv/bin/uv ]; then
    uv=.venv/bin/uv
elif "$venv/bin/python" -m pip install -q uv; then
    uv=$venv/bin/uv
else
    uv=
fi
# The machine's own certificates; the newer uv warns at the older name of this option.
if [ -n "$uv" ] && "$uv" pip install --help 2>/dev/null | grep -q -e --system-certs; then
    export UV_SYSTEM_CERTS=1
else
    export UV_NATIVE_TLS=1
fi
# uv itself would fall back to copies without a word when it is told to be quiet.
if [ -n "$uv" ] && [ "$UV_LINK_MODE" = hardlink ]; then
    cache=$("$uv" cache dir) && mkdir -p "$cache"
    if ! "$python" -c 'import os, sys; a, b = sys.argv[1:]; sys.exit(os.stat(a).st_dev != os.stat(b).st_dev)' "$cache" .; then
        say "uv's cache ($cache) is on another file system: the packages are copied"
        UV_LINK_MODE=copy
    fi
fi
if [ -n "$uv" ]; then
    install() {
        "$uv" pip install -q --compile-bytecode --python "$venv/bin/python" "$@" ||
            "$uv" pip install -q --offline --compile-bytecode --python "$venv/bin/python" "$@"
    }
else
    say "uv could not be installed; using pip, which takes longer"
    install() { "$venv/bin/python" -m pip install -q "$@"; }
fi
install --require-hashes -r requirements.lock ||
    fail "the packages could not be installed; is the package index reachable?"
"$venv/bin/python" -m pip install -q --no-deps --no-build-isolation --no-index -e . ||
    fail "aelib itself could not be installed"

# A CPU-only torch from another source breaks torchvision's operators: say so here, not in chapter 2.
"$venv/bin/python" -W error -c 'import torch, torchvision' ||
    fail "torch and torchvision do not fit together: remove other sources of torch wheels (PIP_FIND_LINKS, extra indexes), delete $venv and run make setup again"
# Live views of a training run need files that only npm's packages bring.
if [ "$venv" = .venv ] && "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
    "$venv/bin/python" -m aelib.trackers --install ||
        say "visdom shows no page yet: .venv/bin/python -m aelib.trackers --install"
fi
printf '%s\n%s\n' "$mark" "$chosen" >"$stamp"
say "installed $("$venv/bin/python" -m pip list --format=freeze | wc -l) packages into $venv"
