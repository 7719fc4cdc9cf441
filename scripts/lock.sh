#!/bin/sh
# Resolve requirements.txt into one lock for Python 3.11 to 3.13 on every platform, with hashes.
set -eu
uv pip compile requirements.txt --output-file requirements.lock --universal \
    --python-version 3.11 --generate-hashes --no-emit-package aelib --no-emit-index-url \
    --custom-compile-command "make lock" --native-tls --quiet "$@"
echo "requirements.lock: $(grep -c == requirements.lock) packages"
