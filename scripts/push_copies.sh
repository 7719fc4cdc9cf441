#!/bin/sh
# Make the branch `copies` anew: the learner's copies, the wheel and .binder, as one commit
# without a past. Colab, Kaggle and Binder open notebooks from a branch alone.
#
#     sh scripts/push_copies.sh FOLDER ADDRESS
#
# FOLDER is _build/html/copies after `make book`, ADDRESS that of the repository.
set -eu
folder=$1 address=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -R "$folder/." "$(dirname "$0")/../.binder" "$place"
cd "$place"
git init --quiet --initial-branch=copies
git add --force .
git -c user.name="The book" -c user.email=book@localhost commit --quiet -m "Learner's copies"
git push --quiet --force "$address" copies
