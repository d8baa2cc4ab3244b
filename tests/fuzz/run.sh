#!/bin/sh
# Runs every fuzz target that is built for SECONDS each, on a copy of its seeds, so that the repository stays as it is.
# Prints one line per target; leaves a crashing input under BUILD/crashes and exits with 1.
#   tests/fuzz/run.sh SECONDS [BUILD]        BUILD defaults to build/fuzz
set -u
if [ $# -lt 1 ]; then
  echo "usage: tests/fuzz/run.sh SECONDS [BUILD]" >&2
  exit 2
fi
seconds=$1
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${2:-$here/../../build/fuzz}" && pwd) || exit 2
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT INT TERM
mkdir -p "$build/crashes"

failed=0
ran=0
for target in "$build"/tests/fuzz/fuzz_*; do
  [ -f "$target" ] && [ -x "$target" ] || continue
  name=$(basename "$target" | sed 's/^fuzz_//')
  ran=$((ran + 1))
  mkdir "$scratch/$name"
  [ -d "$here/seeds/$name" ] && cp "$here/seeds/$name"/* "$scratch/$name/"
  log=$scratch/$name.log
  "$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$build/crashes/$name-" "$scratch/$name" >"$log" 2>&1
  status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  before=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$log" | head -n 1)
  after=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  new=$((${after:-0} - ${before:-0}))
  if [ $status -eq 0 ]; then
    echo "$name: ok, ${runs:-0} executions, $new new edges over the ${before:-0} of the seeds"
  else
    echo "$name: CRASH after ${runs:-?} executions, input in $build/crashes"
    tail -n 40 "$log" >&2
    failed=1
  fi
done
if [ $ran -eq 0 ]; then
  echo "no fuzz target in $build; build them: cmake --preset fuzz && cmake --build --preset fuzz --target fuzz" >&2
  exit 2
fi
exit $failed
