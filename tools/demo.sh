#!/usr/bin/env bash
# The tour of the README: published files → dataset → training → table and report.
set -euo pipefail
cd "$(dirname "$0")/.."
relata=build/release/apps/relata/relata
rm -rf demo
mkdir demo
echo "== relata import data mogonet data/rosmap" >&2
$relata import data mogonet data/rosmap --classes control,AD --out demo/rosmap
echo "== relata data check demo/rosmap" >&2
$relata data check demo/rosmap
echo "== relata train m3col/rosmap (the tour's short recipe: no protocol of the paper)" >&2
$relata train m3col/rosmap --data demo/rosmap --out demo/run
echo "== relata evaluate demo/run/jobs/seed-0 demo/rosmap --subsets" >&2
$relata evaluate demo/run/jobs/seed-0 demo/rosmap --subsets
echo
echo "Open demo/run/report.html"
