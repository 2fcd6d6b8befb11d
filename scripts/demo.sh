#!/usr/bin/env bash
# CoDeepNEAT and random search, with equally many trials, on the embedded data set; then one page that compares them.
set -euo pipefail
cd "$(dirname "$0")/.."
nas=.venv/bin/nas
out="results/runs/demo-$(date +%Y%m%d-%H%M%S)"
"$nas" search --sweep --experiment demo strategy=codeepneat,random --out "$out" "$@"
"$nas" report "$out/00" "$out/01" --out "$out/comparison"
echo
echo "Search report:  $out/00/report.html"
echo "Beside random:  $out/comparison/comparison.html"
