#!/bin/sh
# Run one stage, say how long it took, and keep the figure for the summary.
#   stage.sh NAME SHARE_MINUTES COMMAND...   a stage over twice its share fails
#                                            (AELIB_STAGE_LIMITS=0 only reports)
#   stage.sh --reset | --summary
set -u
log=_build/stages.tsv
mkdir -p _build
case "$1" in
--reset) : >"$log"; exit 0 ;;
--summary)
    echo
    echo "stage        seconds   share"
    awk -F '\t' '{ printf "%-10s %9d %6d s\n", $1, $2, $3 * 60; all += $2 }
        END { printf "%-10s %9d\n", "all", all }' "$log"
    exit 0 ;;
esac
name=$1; share=$2; shift 2
echo "== $name: started $(date +%H:%M:%S)"
start=$(date +%s)
"$@"
code=$?
seconds=$(($(date +%s) - start))
if [ "$code" -ne 0 ]; then
    echo "== $name: FAILED after $seconds s (exit code $code)" >&2
    exit "$code"
fi
echo "== $name: done in $seconds s (share $((share * 60)) s)"
# A stage that ran twice (setup comes before each) keeps its longest figure.
awk -F '\t' -v n="$name" -v s="$seconds" '
    $1 == n { if ($2 > s) s = $2; seen = 1; next } { print } ' "$log" 2>/dev/null >"$log.new"
old=$(awk -F '\t' -v n="$name" '$1 == n { print $2 }' "$log" 2>/dev/null)
[ -n "$old" ] && [ "$old" -gt "$seconds" ] && seconds=$old
printf '%s\t%s\t%s\n' "$name" "$seconds" "$share" >>"$log.new"
mv "$log.new" "$log"
if [ "$seconds" -gt $((share * 120)) ] && [ "${AELIB_STAGE_LIMITS:-1}" != 0 ]; then
    echo "== $name: FAILED: $seconds s is more than twice its share of $((share * 60)) s" >&2
    exit 1
fi
