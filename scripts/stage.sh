#!/bin/sh
# Run one stage, say how long it took, and keep the figure for the summary.
#   stage.sh NAME A+Bn COMMAND...   A + B * n seconds are its share, n the number of
#                                   chapters; a stage over twice its share fails
#                                   (AELIB_STAGE_LIMITS=0 only reports)
#   stage.sh --reset | --summary
set -u
log=_build/stages.tsv
mkdir -p _build
case "$1" in
--reset) : >"$log"; exit 0 ;;
--summary)
    echo
    echo "stage        seconds   share"
    awk -F '\t' '{ printf "%-10s %9d %6d s\n", $1, $2, $3; all += $2; shares += $3 }
        END { printf "%-10s %9d %6d s\n", "all", all, shares }' "$log"
    exit 0 ;;
esac
name=$1; rule=$2; shift 2
n_chapters=$(find notebooks -name '[0-9][0-9]_*.ipynb' ! -path '*/.*' 2>/dev/null | wc -l)
share=$(echo "$rule" | awk -v n="$n_chapters" -F '[+n]' '
    /^[0-9]+\+[0-9]+n$/ { print $1 + $2 * n }')
if [ -z "$share" ]; then
    echo "stage.sh: the share of $name must be seconds such as 30+2n, got '$rule'" >&2
    exit 2
fi
echo "== $name: started $(date +%H:%M:%S)"
start=$(date +%s)
"$@"
code=$?
seconds=$(($(date +%s) - start))
if [ "$code" -ne 0 ]; then
    echo "== $name: FAILED after $seconds s (exit code $code)" >&2
    exit "$code"
fi
echo "== $name: done in $seconds s (share $share s)"
# A stage that ran twice (setup comes before each) keeps its longest figure.
awk -F '\t' -v n="$name" '$1 != n' "$log" 2>/dev/null >"$log.new"
longest=$(awk -F '\t' -v n="$name" -v s="$seconds" '
    $1 == n && $2 > s { s = $2 } END { print s }' "$log" 2>/dev/null || echo "$seconds")
printf '%s\t%s\t%s\n' "$name" "$longest" "$share" >>"$log.new"
mv "$log.new" "$log"
if [ "$seconds" -gt $((share * 2)) ] && [ "${AELIB_STAGE_LIMITS:-1}" != 0 ]; then
    echo "== $name: FAILED: $seconds s is more than twice its share of $share s" >&2
    exit 1
fi
